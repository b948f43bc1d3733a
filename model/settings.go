package model

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Settings is the node agent's configuration as the agent understands it:
// what was unset or unusable has the value that counts then.
//
// Source: VPC CNI README, "CNI configuration variables"; fallbacks observed in
// v1.23.1.
type Settings struct {
	WarmENITarget        int           `json:"warmENITarget"`
	WarmIPTarget         int           `json:"warmIPTarget"`    // 0 = not defined
	MinimumIPTarget      int           `json:"minimumIPTarget"` // 0 = not defined
	WarmPrefixTarget     int           `json:"warmPrefixTarget"`
	MaxENI               int           `json:"maxENI"` // 0 = no cap
	PrefixDelegation     bool          `json:"prefixDelegation"`
	CustomNetworking     bool          `json:"customNetworking"`
	ENIConfigLabel       string        `json:"eniConfigLabel"`
	ENIConfigAnnotation  string        `json:"eniConfigAnnotation"`
	PodENI               bool          `json:"podENI"`
	EnforcingMode        string        `json:"enforcingMode"` // strict or standard
	SubnetDiscovery      bool          `json:"subnetDiscovery"`
	ClusterName          string        `json:"clusterName,omitempty"`
	IPv4                 bool          `json:"ipv4"`
	IPv6                 bool          `json:"ipv6"`
	Cooldown             time.Duration `json:"-"`
	ManageNonSchedulable bool          `json:"manageNonSchedulable"`
	MultiNIC             bool          `json:"multiNIC"`
	NoProvisioning       bool          `json:"noProvisioning"`
	KeepLeakedENIs       bool          `json:"keepLeakedENIs"`
	// OnlyIMDS: NoProvisioning is on for ENABLE_IMDS_ONLY_MODE alone.
	OnlyIMDS bool `json:"-"`
	// Version is the release whose rules hold; ForVersion sets it.
	Version Version `json:"-"`
	// overInAddresses is of a network card above 0: see ForCard.
	overInAddresses bool
}

// DefinesIPs reports whether an IP target is defined; the pool then follows
// WARM_IP_TARGET and MINIMUM_IP_TARGET alone.
func (s Settings) DefinesIPs() bool {
	return s.WarmIPTarget != 0 || s.MinimumIPTarget != 0
}

// CooldownDefault is how long a released address rests before it may be handed
// out again, where IP_COOLDOWN_PERIOD doesn't say. An address released exactly
// this long ago is still cooling.
//
// Source: VPC CNI README, IP_COOLDOWN_PERIOD; boundary observed in v1.23.1.
const CooldownDefault = 30 * time.Second

// ENIConfigKeyDefault is the key of the node's label, and of its annotation,
// that names the node's ENIConfig.
//
// Source: VPC CNI README, ENI_CONFIG_LABEL_DEF and ENI_CONFIG_ANNOTATION_DEF.
const ENIConfigKeyDefault = "k8s.amazonaws.com/eniConfig"

// ParseSettings reads the environment of aws-node as the agent does. env is the
// whole of it: what isn't in it is unset, and that isn't the same as the
// DaemonSet's default (DaemonSetEnv): without ENABLE_IPv4, for one, the agent
// has no address family and refuses to start. The strings say what was ignored
// or corrected, sorted; each begins with its variable's name. Variables that
// bear on nothing, and unknown ones, are not looked at.
//
// The settings may be ones with which the agent refuses to start: see
// Settings.Validate, after Settings.ForType.
//
// The model is coarser than reality in that it has the agent alone. Some values
// that the agent would put up with never reach it, since the image's entry
// point refuses them: see EntrypointRefusals.
//
// Source: VPC CNI README, "CNI Configuration Variables"; fallbacks observed in
// v1.23.1.
func ParseSettings(env map[string]string) (Settings, []string) {
	r := envReader{env: env}
	imdsOnly := r.boolean("ENABLE_IMDS_ONLY_MODE", false)
	s := Settings{
		WarmENITarget:        r.atLeast(0, "WARM_ENI_TARGET", 1),
		WarmIPTarget:         r.atLeast(0, "WARM_IP_TARGET", 0),
		MinimumIPTarget:      r.atLeast(0, "MINIMUM_IP_TARGET", 0),
		WarmPrefixTarget:     r.atLeast(0, "WARM_PREFIX_TARGET", 0),
		MaxENI:               r.atLeast(1, "MAX_ENI", 0),
		PrefixDelegation:     r.boolean("ENABLE_PREFIX_DELEGATION", false),
		CustomNetworking:     r.boolean("AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG", false),
		ENIConfigLabel:       r.text("ENI_CONFIG_LABEL_DEF", ENIConfigKeyDefault),
		ENIConfigAnnotation:  r.text("ENI_CONFIG_ANNOTATION_DEF", ENIConfigKeyDefault),
		PodENI:               r.boolean("ENABLE_POD_ENI", false),
		EnforcingMode:        r.oneOf("POD_SECURITY_GROUP_ENFORCING_MODE", enforcingStrict, enforcingStandard),
		SubnetDiscovery:      r.boolean("ENABLE_SUBNET_DISCOVERY", true),
		ClusterName:          r.text("CLUSTER_NAME", ""),
		IPv4:                 r.boolean("ENABLE_IPv4", false),
		IPv6:                 r.boolean("ENABLE_IPv6", false),
		Cooldown:             time.Duration(r.atLeast(0, "IP_COOLDOWN_PERIOD", int(CooldownDefault/time.Second))) * time.Second,
		ManageNonSchedulable: r.boolean("AWS_MANAGE_ENIS_NON_SCHEDULABLE", false),
		MultiNIC:             r.boolean("ENABLE_MULTI_NIC", false),
		NoProvisioning:       r.boolean("DISABLE_NETWORK_RESOURCE_PROVISIONING", false) || imdsOnly,
		KeepLeakedENIs:       r.boolean("DISABLE_LEAKED_ENI_CLEANUP", false),
	}
	s.OnlyIMDS = imdsOnly && !r.boolean("DISABLE_NETWORK_RESOURCE_PROVISIONING", false)
	slices.Sort(r.notes)
	return s, slices.Compact(r.notes)
}

// ForType returns the settings as they count on a node of type t: prefix mode
// is off where EC2 gives no prefixes, or where the release takes none (after
// ForVersion). The strings say what was switched off.
//
// Source: VPC CNI README, ENABLE_PREFIX_DELEGATION; warning instead of refusal
// observed in v1.23.1.
func (s Settings) ForType(t InstanceType) (Settings, []string) {
	metal := t.BareMetal && t.Hypervisor != "nitro"
	switch {
	case !s.PrefixDelegation:
		return s, nil
	case metal && !s.Version.Has(FeatureMetalPrefixes):
		s.PrefixDelegation = false
		return s, []string{fmt.Sprintf("ENABLE_PREFIX_DELEGATION: %s is bare metal, for which %s has no prefixes; counts as false", t.Name, s.Version)}
	case t.SupportsPrefixes():
		return s, nil
	}
	s.PrefixDelegation = false
	return s, []string{fmt.Sprintf("ENABLE_PREFIX_DELEGATION: %s is neither Nitro nor bare metal; counts as false", t.Name)}
}

// The values of POD_SECURITY_GROUP_ENFORCING_MODE.
const (
	enforcingStrict   = "strict"
	enforcingStandard = "standard"
)

// Validate tells why the agent refuses to start with these settings, if it
// does: exactly one of IPv4 and IPv6 must be on, and IPv6 needs prefix mode and
// excludes custom networking, before v1.16.0 also security groups for pods. All
// reasons are in the error.
//
// Source: VPC CNI README, ENABLE_IPv6, and CHANGELOG; observed in v1.23.1.
func (s Settings) Validate() error {
	var errs []error
	switch {
	case s.IPv4 && s.IPv6:
		errs = append(errs, errors.New("ENABLE_IPv4 and ENABLE_IPv6 are both true: exactly one must be"))
	case !s.IPv4 && !s.IPv6:
		errs = append(errs, errors.New("neither ENABLE_IPv4 nor ENABLE_IPv6 is true: exactly one must be"))
	}
	if s.IPv6 && !s.PrefixDelegation {
		errs = append(errs, errors.New("ENABLE_IPv6 needs prefix mode (ENABLE_PREFIX_DELEGATION, and an instance type with prefixes)"))
	}
	if s.IPv6 && s.CustomNetworking {
		errs = append(errs, errors.New("ENABLE_IPv6 excludes custom networking (AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG)"))
	}
	if s.IPv6 && s.PodENI && !s.Version.Has(FeatureIPv6PodENI) {
		errs = append(errs, fmt.Errorf("ENABLE_IPv6 excludes security groups for pods (ENABLE_POD_ENI) in %s", s.Version))
	}
	return errors.Join(errs...)
}

// EntrypointRefusals tells for which settings of env the image's entry point
// stops before it starts the agent, so that a real aws-node crashes in a loop.
// The simulation goes on without this check; a user should know. Sorted; nil if
// there is nothing. Only variables that bear on addresses are looked at.
//
// Source: VPC CNI docs, "WARM_PREFIX_TARGET, WARM_IP_TARGET and
// MINIMUM_IP_TARGET", which calls targets of zero in prefix mode unsupported;
// observed in v1.23.1.
func EntrypointRefusals(env map[string]string) []string {
	r := envReader{env: env}
	var refusals []string
	if text, set := env["IP_COOLDOWN_PERIOD"]; set {
		if n, err := strconv.Atoi(text); err != nil || n < 0 {
			refusals = append(refusals, fmt.Sprintf("IP_COOLDOWN_PERIOD: %q is not a whole number of at least 0", text))
		}
	}
	if text, set := env["POD_SECURITY_GROUP_ENFORCING_MODE"]; set && r.boolean("ENABLE_POD_ENI", false) {
		if text != enforcingStrict && text != enforcingStandard {
			refusals = append(refusals, fmt.Sprintf("POD_SECURITY_GROUP_ENFORCING_MODE: %q is neither strict nor standard", text))
		}
	}
	if r.boolean("ENABLE_PREFIX_DELEGATION", false) && !r.definesTarget() {
		refusals = append(refusals, "WARM_PREFIX_TARGET: prefix mode needs one of WARM_PREFIX_TARGET, WARM_IP_TARGET and MINIMUM_IP_TARGET above 0")
	}
	return refusals
}

// envReader reads variables and notes what is unusable. Unset is what counts
// where a variable isn't set or unusable.
type envReader struct {
	env   map[string]string
	notes []string
}

func (r *envReader) note(name, format string, args ...any) {
	r.notes = append(r.notes, name+": "+fmt.Sprintf(format, args...))
}

// largestInt bounds integers: no node is as large, and sums and products of
// such numbers still fit into 64 bits.
const largestInt = 1<<31 - 1

// atLeast reads a decimal integer of at least lowest.
func (r *envReader) atLeast(lowest int, name string, unset int) int {
	text, set := r.env[name]
	if !set {
		return unset
	}
	n, err := strconv.Atoi(text)
	switch {
	case errors.Is(err, strconv.ErrRange):
		r.note(name, "%q is out of range; counts as not set", text)
		return unset
	case err != nil:
		r.note(name, "%q is not a whole number; counts as not set", text)
		return unset
	case n < lowest:
		r.note(name, "%d is below %d; counts as not set", n, lowest)
		return unset
	case n > largestInt:
		r.note(name, "%d is too large; counts as %d", n, largestInt)
		return largestInt
	}
	return n
}

func (r *envReader) boolean(name string, unset bool) bool {
	text, set := r.env[name]
	if !set {
		return unset
	}
	b, err := strconv.ParseBool(text)
	if err != nil {
		r.note(name, "%q is neither true nor false; counts as not set, which is %t", text, unset)
		return unset
	}
	return b
}

// text reads any text; the empty one is as good as unset.
func (r *envReader) text(name, unset string) string {
	if text := r.env[name]; text != "" {
		return text
	}
	return unset
}

// oneOf reads one of some words, of which the first counts where the variable
// is not set.
func (r *envReader) oneOf(name string, words ...string) string {
	text, set := r.env[name]
	if !set {
		return words[0]
	}
	if slices.Contains(words, text) {
		return text
	}
	r.note(name, "%q is not one of %s; counts as not set, which is %s", text, strings.Join(words, ", "), words[0])
	return words[0]
}

// definesTarget reports whether the entry point sees a warm target. It compares
// texts, so that it lets pass what isn't a number but sorts after "0".
func (r *envReader) definesTarget() bool {
	return slices.ContainsFunc([]string{"WARM_IP_TARGET", "WARM_PREFIX_TARGET", "MINIMUM_IP_TARGET"},
		func(name string) bool { return r.env[name] > "0" })
}
