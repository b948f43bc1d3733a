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
		if n[i], err = strconv.Atoi(p); err != nil || n[i] < 0 {
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
	FeatureRereadLimit          Feature = "reread-limit"
	FeatureCordon               Feature = "cordon"
	FeatureGrowAtStart          Feature = "grow-at-start"
	FeatureLeakSetting          Feature = "leak-setting"
	FeatureCooldownSetting      Feature = "cooldown-setting"
	FeatureIPv6PodENI           Feature = "ipv6-pod-eni"
	FeatureMaxPodsStop          Feature = "max-pods-stop"
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
}

// versionRules is in the order of the releases. Source: VPC CNI CHANGELOG.md
// and README.md, read in 2026-11.
var versionRules = []VersionRule{
	{FeatureBackoffPrefixes, Version{1, 9, 1}, "a subnet without a free /28 is asked again at every check", "after InsufficientCidrBlocks no growth for 120 s"},
	{FeatureProvisioningSetting, Version{1, 9, 1}, "the pool always grows and shrinks", "DISABLE_NETWORK_RESOURCE_PROVISIONING"},
	{FeatureIPv6, Version{1, 10, 0}, "IPv4 always", "ENABLE_IPv4 and ENABLE_IPv6, of which exactly one is on"},
	{FeatureBackoffAddresses, Version{1, 10, 2}, "a subnet without free addresses is asked again at every check", "after InsufficientFreeAddressesInSubnet no growth for 120 s"},
	{FeatureMetalPrefixes, Version{1, 10, 3}, "prefix mode on Nitro types only", "prefix mode on bare metal, too"},
	{FeatureRereadLimit, Version{1, 12, 5}, "PrivateIpAddressLimitExceeded is a refusal like any other", "after PrivateIpAddressLimitExceeded what EC2 has on the ENI is taken over"},
	{FeatureCordon, Version{1, 12, 6}, "a cordoned node's pool grows and frees ENIs as ever", "a cordoned node neither grows its pool nor frees ENIs (AWS_MANAGE_ENIS_NON_SCHEDULABLE)"},
	{FeatureGrowAtStart, Version{1, 13, 0}, "the pool grows at the first check, 2.5 s after the start", "one growth step at the start, before the node is ready"},
	{FeatureLeakSetting, Version{1, 13, 0}, "ENIs that leaked are always cleaned up", "DISABLE_LEAKED_ENI_CLEANUP"},
	{FeatureCooldownSetting, Version{1, 15, 0}, "released addresses cool for 30 s", "IP_COOLDOWN_PERIOD"},
	{FeatureIPv6PodENI, Version{1, 16, 0}, "an IPv6 node asks for no trunk", "an IPv6 node asks for a trunk at its start (ENABLE_POD_ENI)"},
	{FeatureMaxPodsStop, Version{1, 16, 3}, "the pool grows beyond max-pods", "growth stops when the pool has max-pods addresses"},
	{FeatureTrunkWithoutPods, Version{1, 16, 4}, "the trunk ENI is filled and serves ordinary pods", "the trunk ENI serves no ordinary pods"},
	{FeatureSubnetDiscovery, Version{1, 18, 0}, "ENIs go to the node's own subnet", "ENIs go to tagged subnets of the zone, most free addresses first (ENABLE_SUBNET_DISCOVERY)"},
	{FeatureDiscoveryFallThrough, Version{1, 18, 3}, "a full subnet ends the growth step", "with subnet discovery a full subnet lets the step go on with the next ENI"},
	{FeatureIMDSOnly, Version{1, 19, 6}, "the agent always has the EC2 API", "ENABLE_IMDS_ONLY_MODE, in which it makes no call"},
	{FeatureMultiNIC, Version{1, 20, 0}, "network cards above 0 are left alone", "ENABLE_MULTI_NIC"},
	{FeatureTrunkSlotByType, Version{1, 20, 4}, "ENABLE_POD_ENI keeps a slot for a trunk on every type", "a slot is kept on types that can have a trunk"},
	{FeatureSubnetExclusion, Version{1, 22, 0}, "a role tag of 0 means nothing for the node's own subnet and for ENIs that are there; cluster tags mean nothing", "role tag 0 and tags of other clusters exclude a subnet and the ENIs in it"},
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
	{Version{1, 11, 0}, "POD_SECURITY_GROUP_ENFORCING_MODE=standard", "it changes traffic, not addresses; accepted and without effect"},
	{Version{1, 11, 0}, "an ENIConfig label that is on the node is kept", "labels of nodes do not change in a run"},
	{Version{1, 12, 0}, "the agent keeps its state in a file only, not in the container runtime", "a restart keeps what pods hold in both"},
	{Version{1, 13, 0}, "before an ENI is freed, warm addresses of all other ENIs count", "how releases before decided is not known; all free as v1.13.0 does"},
	{Version{1, 15, 0}, "a CNINode resource, not a label of the node, asks for the trunk", "the trunk comes after controller.trunkDelay in both"},
	{Version{1, 16, 3}, "ENIs are attached faster, several to a check; taken back in v1.16.4", "v1.16.3 attaches one a check, as all others do"},
	{Version{1, 16, 4}, "with custom networking and security groups for pods the former is set up first", "the order at the start is that of v1.23.1 in all releases"},
	{Version{1, 19, 5}, "the start of nodes with custom networking and security groups for pods was repaired", "it succeeds in all releases"},
	{Version{1, 22, 0}, "ENIs in tagged subnets get security groups of their own; taken back in v1.22.2", "they get those of the node's primary ENI in all releases"},
	{Version{1, 23, 0}, "the count of ENIs that the agent does not manage was repaired", "there are none"},
}

// VersionsUnmodelled returns the changes that the simulator does not show, oldest
// first: where a scenario depends on one of them, its result holds for some
// releases only.
func VersionsUnmodelled() []Unmodelled { return append([]Unmodelled(nil), unmodelled...) }

// Has reports whether the release has the feature. The zero Version has all: the
// rules are those of the newest.
func (v Version) Has(f Feature) bool {
	if v == (Version{}) {
		return true
	}
	for _, r := range versionRules {
		if r.Feature == f {
			return !v.Before(r.Since)
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
	if !v.Has(FeatureIPv6) {
		s.IPv4 = true
	}
	unknown(FeatureIPv6PodENI, s.IPv6 && s.PodENI, func() { s.PodENI = false }, "ENABLE_POD_ENI in an IPv6 cluster")
	if !v.Has(FeatureSubnetDiscovery) {
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
