package model

// Rule is the id of a rule of the agent, as it stands in the log's pool
// events. It names the question; the Reason is the answer.
type Rule string

// The rules.
const (
	RuleTooLow  Rule = "pool-too-low"     // does the pool need to grow
	RuleTooHigh Rule = "pool-too-high"    // may blocks be given back
	RuleFreeENI Rule = "free-eni"         // may a whole ENI be given back
	RuleGrow    Rule = "grow"             // what may stop a growth that is needed
	RuleShrink  Rule = "shrink"           // what may stop giving back
	RuleStart   Rule = "start-other-mode" // at start, free blocks of the other mode go
	// RuleWindows: is the resource controller's pool of a Windows node short of
	// its targets, or over them.
	RuleWindows Rule = "windows-pool"
)

// Reason is why a rule decided as it did.
type Reason string

// Why the pool grows, or would have to.
const (
	ReasonWarmIPTarget     Reason = "warm-ip-target"     // available below WARM_IP_TARGET
	ReasonMinimumIPTarget  Reason = "minimum-ip-target"  // total below MINIMUM_IP_TARGET
	ReasonWarmENITarget    Reason = "warm-eni-target"    // available below WARM_ENI_TARGET ENIs' worth
	ReasonWarmPrefixTarget Reason = "warm-prefix-target" // available below, or free prefixes above, WARM_PREFIX_TARGET
	ReasonPoolEmpty        Reason = "pool-empty"         // the target is 0 and nothing is available
	ReasonUnusedENI        Reason = "unused-eni"         // an ENI that no pod and no target needs
)

// Why nothing happens.
const (
	ReasonEnough               Reason = "enough"                // the targets are met
	ReasonMaxPods              Reason = "max-pods"              // total has reached the node's max-pods
	ReasonCordoned             Reason = "cordoned"              // AWS_MANAGE_ENIS_NON_SCHEDULABLE is off
	ReasonBackoff              Reason = "backoff"               // a subnet was full less than 120 s ago
	ReasonNoRoom               Reason = "no-room"               // every ENI is full and no other may be attached
	ReasonNoPause              Reason = "no-pause"              // the same, in the release whose check then tries on without a pause
	ReasonShrinkInterval       Reason = "shrink-interval"       // the last shrink is no more than 30 s ago
	ReasonProvisioningDisabled Reason = "provisioning-disabled" // DISABLE_NETWORK_RESOURCE_PROVISIONING
	ReasonRefused              Reason = "refused"               // EC2 refused every request
	ReasonAllHeld              Reason = "all-held"              // the pool is over its targets, and pods are in every block
	ReasonModeToggled          Reason = "mode-toggled"          // free blocks of the inactive mode
)

// Why an ENI stays, besides the targets above that need it. The log does not
// have them: they follow from the state. See Datastore.ENIKept.
const (
	ReasonPrimary   Reason = "primary"   // an instance cannot be without it
	ReasonTrunk     Reason = "trunk"     // branch ENIs hang off it
	ReasonPods      Reason = "pods"      // pods hold addresses of it
	ReasonMinAge    Reason = "min-age"   // it came less than ENIMinAge ago
	ReasonCooling   Reason = "cooling"   // addresses of it cool
	ReasonThreshold Reason = "threshold" // no check looks for an ENI: see FreeThreshold
)

// NoRoom is why a pool that has no room does not grow: ReasonNoRoom, or
// ReasonNoPause in the release that FeatureGrowOn is of.
func NoRoom(v Version) Reason {
	if v.Has(FeatureGrowOn) {
		return ReasonNoPause
	}
	return ReasonNoRoom
}
