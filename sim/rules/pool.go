package rules

const poolVariables = "`total` addresses in the agent's datastore, those of the active mode on ENIs that aren't excluded; `assigned` to pods; `available` = total − assigned, " +
	"**cooling ones included**; `slots` of an ENI (its IPv4 addresses − 1); `freePrefixes` that no pod is in. The variables of `aws-node` have their names. Addresses, but where it says prefixes."

var pool = Group{
	Title: "The pool: too low, too high",
	Intro: "Every 5 s the agent checks its pool. The numbers are " + poolVariables,
	Rules: []Rule{
		{"pool-too-low", "Does the pool need to grow", "max-pods first; then the IP targets where one is set; else WARM_ENI_TARGET, in prefix mode WARM_PREFIX_TARGET", "", observed},
		{"pool-too-low/warm-ip-target", "Fewer addresses are available than WARM_IP_TARGET", "short = max(WARM_IP_TARGET − available, MINIMUM_IP_TARGET − total) > 0; prefix mode: ceil(short ÷ 16) prefixes", "available = WARM_IP_TARGET is enough", warmIPs},
		{"pool-too-low/minimum-ip-target", "The pool holds fewer addresses than MINIMUM_IP_TARGET", "MINIMUM_IP_TARGET − total > 0; prefix mode: ceil(short ÷ 16) prefixes", "total = MINIMUM_IP_TARGET is enough", warmIPs},
		{"pool-too-low/warm-eni-target", "Fewer addresses are available than WARM_ENI_TARGET ENIs hold", "available < WARM_ENI_TARGET × slots", "equal is enough", warmIPs},
		{"pool-too-low/warm-prefix-target", "Fewer addresses are available than WARM_PREFIX_TARGET prefixes hold", "available < WARM_PREFIX_TARGET × 16", "equal is enough", warmPfx},
		{"pool-too-low/pool-empty", "The target is 0 and nothing is available", "WARM_ENI_TARGET = 0 (prefix mode: WARM_PREFIX_TARGET = 0) and available = 0", "one available address is enough", observed},
		{"pool-too-low/enough", "The targets are met: the pool does not grow", "IP targets: short = 0; else available ≥ target × slots (prefix mode: × 16)", "cooling addresses count as available, though none can be handed out", observed},
		{"pool-too-low/max-pods", "The pool has as many addresses as the node takes pods: it grows no further, whatever the targets say", "total ≥ max-pods, from v1.16.3 on", "equal stops it", changes},
		{"pool-too-high", "May addresses or prefixes be given back", "IP targets: over > 0; else in prefix mode freePrefixes > WARM_PREFIX_TARGET; else never", "", observed},
		{"pool-too-high/warm-ip-target", "More addresses are available than the IP targets want", "over = min(available − WARM_IP_TARGET, total − MINIMUM_IP_TARGET) > 0; prefix mode: over = min(freePrefixes, prefixes − ceil((assigned + WARM_IP_TARGET) ÷ 16), prefixes − ceil(MINIMUM_IP_TARGET ÷ 16))", "equal is not too high", warmIPs},
		{"pool-too-high/minimum-ip-target", "The pool holds more than MINIMUM_IP_TARGET, and WARM_IP_TARGET is not set", "over = min(available, total − MINIMUM_IP_TARGET) > 0; prefix mode as with WARM_IP_TARGET = 0", "equal is not too high", warmIPs},
		{"pool-too-high/warm-prefix-target", "More prefixes are free than WARM_PREFIX_TARGET", "freePrefixes > WARM_PREFIX_TARGET", "equal is not too high; with WARM_PREFIX_TARGET = 0 every free prefix is too many", warmPfx},
	},
}

var grow = Group{
	Title: "What may stop a growth",
	Intro: "A check that finds the pool too low makes one growth step: it fills an ENI that has empty slots, or else attaches one. Meanwhile nothing is shrunk.",
	Rules: []Rule{
		{"grow", "What may stop a growth that is needed", "provisioning disabled, cordoned, back-off, no room: in this order", "", observed},
		{"grow/provisioning-disabled", "The agent may not call EC2", "DISABLE_NETWORK_RESOURCE_PROVISIONING or ENABLE_IMDS_ONLY_MODE", "", readme},
		{"grow/cordoned", "The pool of a cordoned node does not grow", "the node is cordoned, AWS_MANAGE_ENIS_NON_SCHEDULABLE is off, from v1.12.6 on", "", readme},
		{"grow/backoff", "A subnet was full a moment ago: the agent does not ask again yet", "now − last back-off ≤ 120 s", "at exactly 120 s it still waits, so on the 5 s grid a check asks 125 s later; addresses that come back meanwhile change nothing", observed},
		{"grow/no-room", "Every ENI is full and no other may be attached", "no ENI with blocks < slots (trunk, excluded ENIs and with custom networking the primary left out), and ENIs in the datastore ≥ min(type, MAX_ENI) − 1 if a slot is kept for a trunk", "excluded ENIs keep their slots", observed},
		{"grow/no-pause", "Every ENI is full and no other may be attached, and the check tries on without a pause", "as no-room, in v1.16.3 alone", "it takes CPU and brings no address; pull request 2810 took it back in v1.16.4", noPause},
		{"grow/refused", "EC2 refused the request", "the refused code decides: see the refusals", "an existing ENI is asked once more for a single address or prefix; for a new ENI there is no \"try fewer\"", observed},
	},
}

var shrink = Group{
	Title: "What may stop giving back",
	Intro: "A check that finds the pool not too low and too high gives addresses (prefixes) back that no pod holds: a call per ENI. Cooling does not protect them.",
	Rules: []Rule{
		{"shrink", "What may stop giving back", "provisioning disabled; the last shrink is too fresh", "", observed},
		{"shrink/shrink-interval", "The last shrink is no more than 30 s ago", "now − end of the last check that shrank ≤ 30 s", "at exactly 30 s it still waits, so on the 5 s grid it is 35 s", observed},
		{"shrink/all-held", "The pool is over its targets, and no block can go: pods are in each", "over > 0 and every block holds a pod's address; of network cards above 0 in prefix mode", "", observed},
		{"shrink/provisioning-disabled", "The agent may not call EC2", "DISABLE_NETWORK_RESOURCE_PROVISIONING or ENABLE_IMDS_ONLY_MODE", "", readme},
	},
}

var free = Group{
	Title: "Freeing an ENI, and why one stays",
	Intro: "After growing or shrinking a check may give back one whole ENI. First the pool must allow it, with the numbers of the check's begin; then the ENI itself must pass every test below. Only `free-eni/unused-eni` is in the log; " +
		"the others follow from the state.",
	Rules: []Rule{
		{"free-eni", "May a whole ENI be given back", "IP targets are set, or available ≥ (target + 1) × an ENI's worth, or in prefix mode some secondary ENI holds no pod", "", observed},
		{"free-eni/unused-eni", "The first ENI that passes every test leaves the datastore at once, then is detached, and deleted at least 2 s later", "no test below keeps it; at most one ENI a check", "", observed},
		{"free-eni/threshold", "No check looks for an ENI to free: too little is available", "IP targets unset and available < (WARM_ENI_TARGET + 1) × slots; prefix mode: available < (WARM_PREFIX_TARGET + 1) × 16 × slots and every secondary ENI holds a pod", "equal is enough to free one", observed},
		{"free-eni/primary", "An instance cannot be without its primary ENI", "", "", enisPerType},
		{"free-eni/trunk", "The trunk ENI stays: branch ENIs hang off it", "", "", sgp},
		{"free-eni/pods", "Pods hold addresses of the ENI", "held > 0; addresses of the inactive mode count", "", observed},
		{"free-eni/min-age", "The ENI came less than 60 s ago", "now − its coming into the datastore < 60 s; an agent's restart makes it new again", "at exactly 60 s it may go", observed},
		{"free-eni/cooling", "Addresses of the ENI cool", "now − release ≤ IP_COOLDOWN_PERIOD (30 s)", "at exactly the cooldown an address still cools", observed},
		{"free-eni/warm-ip-target", "WARM_IP_TARGET needs the ENI: the others have too few available addresses without it", "available of the other ENIs, the primary and cooling ones included, < WARM_IP_TARGET; prefix mode: < 16 × ceil(WARM_IP_TARGET ÷ 16)", "equal is enough for it to go", observed},
		{"free-eni/minimum-ip-target", "MINIMUM_IP_TARGET needs the ENI: the others have too few addresses without it", "total of the other ENIs < MINIMUM_IP_TARGET; prefix mode: < 16 × ceil(MINIMUM_IP_TARGET ÷ 16)", "equal is enough for it to go", observed},
		{"free-eni/warm-prefix-target", "WARM_PREFIX_TARGET needs the ENI: the others have too few free prefixes without it", "prefix mode: free prefixes of the other ENIs < WARM_PREFIX_TARGET, also where IP targets are set", "equal is enough for it to go", observed},
		{"free-eni/cordoned", "A cordoned node frees no ENI", "the node is cordoned and AWS_MANAGE_ENIS_NON_SCHEDULABLE is off", "", readme},
		{"free-eni/provisioning-disabled", "The agent may not call EC2", "DISABLE_NETWORK_RESOURCE_PROVISIONING or ENABLE_IMDS_ONLY_MODE", "", readme},
	},
}

var others = Group{
	Title: "What else changes a pool",
	Intro: "`by` of the `eni.*` events, where it is no check's growing, shrinking or freeing; and the pool that the resource controller keeps for a Windows node.",
	Rules: []Rule{
		{"by/start", "The agent starts: it takes over what is attached and forgets what cooled, how old ENIs are, the back-off and the last shrink", "", "", observed},
		{"start-other-mode", "At its start the agent gives back free blocks that it has no use for", "", "", observed},
		{"start-other-mode/mode-toggled", "Free blocks of the inactive mode, and free blocks on excluded ENIs, go at the start", "no pod holds an address of the block", "", observed},
		{"by/grow", "A growth step: see pool-too-low", "", "", observed},
		{"by/shrink", "A shrink: see pool-too-high", "", "", observed},
		{"by/free", "A freed ENI: see free-eni", "", "", observed},
		{"by/reconcile", "Reconcile makes the datastore agree with what is attached, but for what was given back less than 60 s ago", "now − last pool action > 60 s; every 5 s while ENABLE_POD_ENI is on and there is no trunk", "at exactly 60 s it is skipped", observed},
		{"by/release", "The last pod left a prefix that was left over from prefix mode: it goes at once, without cooldown", "", "", observed},
		{"by/excluded", "Nobody holds an address of the block on an excluded ENI: it leaves the datastore 5 s after its last pod, and stays in EC2", "", "", observed},
		{"by/terminate", "The instance was terminated, with all ENIs that are attached to it", "", "", ec2Errors},
		{"by/ecs", "Amazon ECS attaches an ENI for a task, or a trunk for an instance", "", "", ecsTrunking},
		{"windows-pool", "Is the resource controller's pool of a Windows node short of its targets, or over them", "cooling addresses count in total and not as available", "", windows},
		{"windows-pool/warm-ip-target", "Fewer, or more, addresses are warm than windows-warm-ip-target wants", "warm-ip-target − (warm + on their way); prefix mode: ceil(max(used + warm-ip-target, minimum-ip-target) ÷ 16) − prefixes", "equal is enough", windows},
		{"windows-pool/minimum-ip-target", "The pool holds fewer addresses than windows-minimum-ip-target", "minimum-ip-target − total > 0", "equal is enough", windows},
		{"windows-pool/mode-toggled", "What is left of the mode that was on before goes: warm addresses, prefixes that are wholly warm", "enable-windows-prefix-delegation was switched on the living node; what pods hold stays, and goes when they have left and it has cooled", "", controller},
		{"windows-pool/warm-prefix-target", "Fewer, or more, prefixes are free than windows-warm-prefix-target wants", "warm-prefix-target − free prefixes", "equal is enough", windows},
	},
}
