package model

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Version is a release of the VPC CNI.
type Version struct {
	Major, Minor, Patch int
}

// The releases whose rules are known, both included.
var (
	OldestVersion = Version{1, 9, 0}
	NewestVersion = Version{1, 23, 2}
	// DefaultVersion is the release that was observed.
	DefaultVersion = Version{1, 23, 1}
)

// ParseVersion reads "v1.23.1", also without the v and with EKS's suffix
// "-eksbuild.N". A release outside of the known range is an error that names
// the range.
func ParseVersion(text string) (Version, error) {
	core, build, hasBuild := strings.Cut(strings.TrimPrefix(text, "v"), "-")
	parts := strings.Split(core, ".")
	if len(parts) != 3 || hasBuild && !strings.HasPrefix(build, "eksbuild.") {
		return Version{}, fmt.Errorf("%q is no release of the VPC CNI: write it as %s", text, DefaultVersion)
	}
	var n [3]int
	for i, p := range parts {
		var err error
		if n[i], err = strconv.Atoi(p); err != nil || strconv.Itoa(n[i]) != p || n[i] < 0 { // no leading zeros, no sign
			return Version{}, fmt.Errorf("%q is no release of the VPC CNI: write it as %s", text, DefaultVersion)
		}
	}
	v := Version{n[0], n[1], n[2]}
	if v.Before(OldestVersion) || NewestVersion.Before(v) {
		return Version{}, fmt.Errorf("the rules of the VPC CNI %s are not known: from %s to %s they are", v, OldestVersion, NewestVersion)
	}
	return v, nil
}

// String writes the version as "v1.23.1".
func (v Version) String() string { return fmt.Sprintf("v%d.%d.%d", v.Major, v.Minor, v.Patch) }

// MarshalText writes the version as String does.
func (v Version) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// Before reports whether v is an older release than w.
func (v Version) Before(w Version) bool {
	return cmp.Or(cmp.Compare(v.Major, w.Major), cmp.Compare(v.Minor, w.Minor), cmp.Compare(v.Patch, w.Patch)) < 0
}

// Feature is a rule of the agent that came in with a release.
type Feature string

// The features that bear on allocation.
const (
	FeatureBackoffPrefixes      Feature = "backoff-prefixes"
	FeatureProvisioningSetting  Feature = "provisioning-setting"
	FeatureIPv6                 Feature = "ipv6"
	FeatureBackoffAddresses     Feature = "backoff-addresses"
	FeatureMetalPrefixes        Feature = "metal-prefixes"
	FeatureEnforcingMode        Feature = "enforcing-mode"
	FeatureRereadLimit          Feature = "reread-limit"
	FeatureCordon               Feature = "cordon"
	FeatureGrowAtStart          Feature = "grow-at-start"
	FeatureShrinkByNode         Feature = "shrink-by-node"
	FeatureLeakSetting          Feature = "leak-setting"
	FeatureCooldownSetting      Feature = "cooldown-setting"
	FeatureIPv6PodENI           Feature = "ipv6-pod-eni"
	FeatureMaxPodsStop          Feature = "max-pods-stop"
	FeatureGrowOn               Feature = "grow-on"
	FeatureTrunkWithoutPods     Feature = "trunk-without-pods"
	FeatureSubnetDiscovery      Feature = "subnet-discovery"
	FeatureDiscoveryFallThrough Feature = "discovery-fall-through"
	FeatureIMDSOnly             Feature = "imds-only"
	FeatureMultiNIC             Feature = "multi-nic"
	FeatureTrunkSlotByType      Feature = "trunk-slot-by-type"
	FeatureSubnetExclusion      Feature = "subnet-exclusion"
)

// VersionRule says what changed with a release.
type VersionRule struct {
	Feature Feature
	Since   Version
	Before  string // how releases before it behave
	After   string // how it and later ones behave
	// Until is the release that took the change back; zero: it holds to this day.
	Until Version
}

// versionRules is in the order of the releases. Source: VPC CNI CHANGELOG.md
// and README.md, read in 2026-11. Where they name a change and not what was
// before it, that is inferred, and says so.
var versionRules = []VersionRule{
	{FeatureBackoffPrefixes, Version{1, 9, 1}, "a subnet without a free /28 is asked again at every check", "after InsufficientCidrBlocks no growth for 120 s", Version{}},
	{FeatureProvisioningSetting, Version{1, 9, 1}, "the pool always grows and shrinks", "DISABLE_NETWORK_RESOURCE_PROVISIONING", Version{}},
	{FeatureIPv6, Version{1, 10, 0}, "IPv4 always", "ENABLE_IPv4 and ENABLE_IPv6, of which exactly one is on", Version{}},
	{FeatureBackoffAddresses, Version{1, 10, 2}, "a subnet without free addresses is asked again at every check", "after InsufficientFreeAddressesInSubnet no growth for 120 s", Version{}},
	{FeatureMetalPrefixes, Version{1, 10, 3}, "prefix mode on Nitro types only", "prefix mode on bare metal, too", Version{}},
	{FeatureEnforcingMode, Version{1, 11, 0}, "security groups for pods are enforced strictly", "POD_SECURITY_GROUP_ENFORCING_MODE, strict or standard, which changes traffic and not addresses", Version{}},
	{FeatureRereadLimit, Version{1, 12, 5}, "PrivateIpAddressLimitExceeded is a refusal like any other", "after PrivateIpAddressLimitExceeded what EC2 has on the ENI is taken over", Version{}},
	{FeatureCordon, Version{1, 12, 6}, "a cordoned node's pool grows and frees ENIs as ever", "a cordoned node neither grows its pool nor frees ENIs (AWS_MANAGE_ENIS_NON_SCHEDULABLE)", Version{}},
	{FeatureGrowAtStart, Version{1, 13, 0}, "the start fills ENIs that are attached, and attaches none: under custom networking a node is ready without an address, and the first ENI comes at the first check, 2.5 s later (inferred)", "one growth step at the start, before the node is ready; under custom networking it is not ready while the pool is empty", Version{}},
	{FeatureShrinkByNode, Version{1, 13, 0}, "with addresses or prefixes to spare each ENI gives back as many as the node has too many, and the pool may grow again (inferred)", "the ENIs together give back as many as the node has too many", Version{}},
	{FeatureLeakSetting, Version{1, 13, 0}, "ENIs that leaked are always cleaned up", "DISABLE_LEAKED_ENI_CLEANUP", Version{}},
	{FeatureCooldownSetting, Version{1, 15, 0}, "released addresses cool for 30 s", "IP_COOLDOWN_PERIOD", Version{}},
	{FeatureIPv6PodENI, Version{1, 16, 0}, "the agent of an IPv6 node refuses to start with ENABLE_POD_ENI, as it does with custom networking (inferred)", "an IPv6 node asks for a trunk at its start (ENABLE_POD_ENI)", Version{}},
	{FeatureMaxPodsStop, Version{1, 16, 3}, "the pool grows beyond max-pods", "growth stops when the pool has max-pods addresses", Version{}},
	{FeatureGrowOn, Version{1, 16, 3}, "a check makes one growth step: it fills one ENI, or attaches one", "a check goes on growing while each step brings something and the pool is still too low, so that it may attach several ENIs (pull request 2744, issue 2807)", Version{1, 16, 4}},
	{FeatureTrunkWithoutPods, Version{1, 16, 4}, "the trunk ENI is filled and serves ordinary pods", "the trunk ENI serves no ordinary pods", Version{}},
	{FeatureSubnetDiscovery, Version{1, 18, 0}, "ENIs go to the node's own subnet", "ENIs go to tagged subnets of the zone, most free addresses first (ENABLE_SUBNET_DISCOVERY)", Version{}},
	{FeatureDiscoveryFallThrough, Version{1, 18, 3}, "a full subnet ends the growth step", "with subnet discovery a full subnet lets the step go on with the next ENI", Version{}},
	{FeatureIMDSOnly, Version{1, 19, 6}, "the agent always has the EC2 API", "ENABLE_IMDS_ONLY_MODE, in which it makes no call", Version{}},
	{FeatureMultiNIC, Version{1, 20, 0}, "network cards above 0 are left alone", "ENABLE_MULTI_NIC", Version{}},
	{FeatureTrunkSlotByType, Version{1, 20, 4}, "ENABLE_POD_ENI keeps a slot for a trunk on every type", "a slot is kept on types that can have a trunk", Version{}},
	{FeatureSubnetExclusion, Version{1, 22, 0}, "the node's own subnet serves whatever its tags, others with the role tag of any value, 0 too; cluster tags mean nothing", "role tag 0 and tags of other clusters exclude a subnet and the ENIs in it", Version{}},
}

// VersionRules returns what changed with which release, oldest first.
func VersionRules() []VersionRule { return append([]VersionRule(nil), versionRules...) }

// Unmodelled is a change of a release that the simulator does not show.
type Unmodelled struct {
	Since Version
	What  string // the change
	Why   string // why it is not shown, and what that means
}

// unmodelled is in the order of the releases, from the same source as
// versionRules.
var unmodelled = []Unmodelled{
	{Version{1, 9, 1}, "MANAGE_UNTAGGED_ENI, and the tag node.k8s.amazonaws.com/no_manage set to false", "there are no ENIs that neither the agent nor the resource controller made"},
	{Version{1, 11, 0}, "an ENIConfig label that is on the node is kept", "labels of nodes do not change in a run"},
	{Version{1, 12, 0}, "the agent keeps its state in a file only, not in the container runtime", "a restart keeps what pods hold in both"},
	{Version{1, 12, 6}, "AWS_MANAGE_ENIS_NON_SCHEDULABLE lets the agent of a cordoned node go on", "the change log names the setting, not the release from which on cordoned nodes were left alone without it: both are taken to be v1.12.6"},
	{Version{1, 13, 0}, "the deletion of a pod succeeds while its node's agent is down", "it does so in all releases; before, kubelet tries again until the agent is up"},
	{Version{1, 15, 0}, "a CNINode resource, not a label of the node, asks for the trunk", "the trunk comes after controller.trunkDelay in both"},
	{Version{1, 16, 3}, "an agent whose pool is too low and cannot grow tries for ever in one check, without a pause (issue 2807; pull request 2810)", "it takes CPU, no addresses: the log has the reason no-pause, and here its check ends, and the next one tries again, as in all others"},
	{Version{1, 16, 4}, "with custom networking and security groups for pods the former is set up first", "the order at the start is that of v1.23.1 in all releases; from which subnet a trunk came before is not documented, here it is the ENIConfig's"},
	{Version{1, 16, 4}, "ENIs on network cards above 0 are ignored", "before v1.20.0 there are none"},
	{Version{1, 19, 4}, "the agent's EC2 client is that of the AWS SDK for Go v2", "all releases try a throttled call ten times, with the waits of v1.23.1"},
	{Version{1, 19, 5}, "the start of nodes with custom networking and security groups for pods was repaired", "it succeeds in all releases; in which ones before it fails is not documented"},
	{Version{1, 22, 0}, "ENIs in tagged subnets get security groups of their own; taken back in v1.22.2", "they get those of the node's primary ENI in all releases"},
	{Version{1, 23, 0}, "the count of ENIs that the agent does not manage was repaired", "there are none"},
	{Version{1, 23, 1}, "each release has a list of instance types with their limits", "all go by that of v1.23.1: to v1.23.0 i7ie.48xlarge and i8ge.48xlarge have one network card with all ENIs, not two"},
}

// VersionsUnmodelled returns the changes that the simulator does not show, oldest
// first: where a scenario depends on one of them, its result holds for some
// releases only.
func VersionsUnmodelled() []Unmodelled { return append([]Unmodelled(nil), unmodelled...) }

// Has reports whether the release has the feature. The rules of the zero Version
// are those of the newest.
func (v Version) Has(f Feature) bool {
	if v == (Version{}) {
		v = NewestVersion
	}
	for _, r := range versionRules {
		if r.Feature == f {
			return !v.Before(r.Since) && (r.Until == (Version{}) || v.Before(r.Until))
		}
	}
	panic("model: no version rule for feature " + string(f))
}

// ForVersion returns the settings as the release understands them. The strings
// say which variables it does not know.
func (s Settings) ForVersion(v Version) (Settings, []string) {
	var notes []string
	unknown := func(f Feature, is bool, reset func(), note string) {
		if !v.Has(f) && is {
			reset()
			notes = append(notes, fmt.Sprintf("%s: not in %s", note, v))
		}
	}
	unknown(FeatureCooldownSetting, s.Cooldown != CooldownDefault, func() { s.Cooldown = CooldownDefault }, "IP_COOLDOWN_PERIOD")
	unknown(FeatureMultiNIC, s.MultiNIC, func() { s.MultiNIC = false }, "ENABLE_MULTI_NIC")
	unknown(FeatureProvisioningSetting, s.NoProvisioning && !s.OnlyIMDS, func() { s.NoProvisioning = false }, "DISABLE_NETWORK_RESOURCE_PROVISIONING")
	unknown(FeatureIMDSOnly, s.OnlyIMDS, func() { s.NoProvisioning, s.OnlyIMDS = false, false }, "ENABLE_IMDS_ONLY_MODE")
	unknown(FeatureLeakSetting, s.KeepLeakedENIs, func() { s.KeepLeakedENIs = false }, "DISABLE_LEAKED_ENI_CLEANUP")
	unknown(FeatureIPv6, s.IPv6, func() { s.IPv6 = false }, "ENABLE_IPv6")
	unknown(FeatureIPv6, !s.IPv4, func() { s.IPv4 = true }, "ENABLE_IPv4=false")
	unknown(FeatureEnforcingMode, s.EnforcingMode != enforcingStrict, func() { s.EnforcingMode = enforcingStrict }, "POD_SECURITY_GROUP_ENFORCING_MODE")
	unknown(FeatureCordon, s.ManageNonSchedulable, func() {}, "AWS_MANAGE_ENIS_NON_SCHEDULABLE")
	if !v.Has(FeatureSubnetDiscovery) { // on by default, so not worth a note
		s.SubnetDiscovery = false
	}
	if !v.Has(FeatureCordon) {
		s.ManageNonSchedulable = true
	}
	s.Version = v
	return s, notes
}

// TrunkServes reports whether ordinary pods get addresses of the trunk ENI.
func (s Settings) TrunkServes() bool { return !s.Version.Has(FeatureTrunkWithoutPods) }

// BacksOff reports whether the release pauses its growth after this refusal.
func (s Settings) BacksOff(code ErrorCode) bool {
	switch code {
	case InsufficientCidrBlocks:
		return s.Version.Has(FeatureBackoffPrefixes)
	case InsufficientFreeAddressesInSubnet:
		return s.Version.Has(FeatureBackoffAddresses)
	default:
		return false
	}
}
