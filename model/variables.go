package model

import (
	"maps"
	"slices"
	"strings"
)

// VariableKind is what an environment variable's text must read as.
type VariableKind string

// The kinds of variables. Booleans read as Go's strconv.ParseBool has it,
// integers are decimal.
const (
	VariableInt  VariableKind = "int"
	VariableBool VariableKind = "bool"
	VariableText VariableKind = "text"
)

// Variable is an environment variable that the aws-node DaemonSet of the VPC
// CNI understands.
type Variable struct {
	Name string
	// Bears: the variable has a bearing on addresses and the simulation heeds
	// it. The others are known, and change nothing here.
	Bears bool
	Kind  VariableKind
	// Default is the value in the released DaemonSet; empty = not set there.
	Default string
	Meaning string // one line
	// Since is the release that brought the variable, for example "v1.6.0";
	// empty = not documented.
	Since string
}

// variables is sorted by name, as strings compare.
//
// Source: VPC CNI README, "CNI Configuration Variables", its change log and the
// DaemonSet released with v1.23.1.
var variables = []Variable{
	{"ADDITIONAL_ENI_TAGS", false, VariableText, "{}", "tags for the ENIs that the agent creates, as JSON", "v1.6.0"},
	{"ANNOTATE_POD_IP", false, VariableBool, "", "writes a pod's address into an annotation of the pod", "v1.9.3"},
	{"AWS_EC2_ENDPOINT", false, VariableText, "", "EC2 endpoint to call instead of the Region's", "v1.13.0"},
	{"AWS_EXTERNAL_SERVICE_CIDRS", false, VariableText, "", "ranges that are routed through the main route table", "v1.12.6"},
	{"AWS_MANAGE_ENIS_NON_SCHEDULABLE", true, VariableBool, "", "grows the pool and frees ENIs on a cordoned node, too", "v1.12.6"},
	{"AWS_VPC_CNI_NODE_PORT_SUPPORT", false, VariableBool, "true", "lets NodePort services reach pods of all ENIs", ""},
	{"AWS_VPC_ENI_MTU", false, VariableInt, "9001", "MTU of the ENIs", "v1.6.0"},
	{"AWS_VPC_K8S_CNI_CONFIGURE_RPFILTER", false, VariableBool, "", "sets the reverse path filter; deprecated since v1.12.1", ""},
	{"AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG", true, VariableBool, "false", "custom networking: pods' ENIs come from the node's ENIConfig, and the primary ENI serves no pods", "v1.2.0"},
	{"AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS", false, VariableText, "", "ranges that traffic reaches without source NAT", "v1.6.0"},
	{"AWS_VPC_K8S_CNI_EXTERNALSNAT", false, VariableBool, "false", "leaves source NAT to a NAT gateway", ""},
	{"AWS_VPC_K8S_CNI_LOGLEVEL", false, VariableText, "DEBUG", "level of the agent's log", ""},
	{"AWS_VPC_K8S_CNI_LOG_FILE", false, VariableText, "/host/var/log/aws-routed-eni/ipamd.log", "file of the agent's log", ""},
	{"AWS_VPC_K8S_CNI_RANDOMIZESNAT", false, VariableText, "prng", "how source NAT picks ports", ""},
	{"AWS_VPC_K8S_CNI_VETHPREFIX", false, VariableText, "eni", "how names of pods' interfaces on the host begin", ""},
	{"AWS_VPC_K8S_PLUGIN_LOG_FILE", false, VariableText, "/var/log/aws-routed-eni/plugin.log", "file of the plugin's log", ""},
	{"AWS_VPC_K8S_PLUGIN_LOG_LEVEL", false, VariableText, "DEBUG", "level of the plugin's log", ""},
	{"CLUSTER_ENDPOINT", false, VariableText, "", "address of the Kubernetes API server", "v1.12.1"},
	{"CLUSTER_NAME", true, VariableText, "", "name that ENIs are tagged with and that cluster tags of subnets are compared with", ""},
	{"DISABLE_INTROSPECTION", false, VariableBool, "false", "turns the agent's introspection endpoint off", ""},
	{"DISABLE_LEAKED_ENI_CLEANUP", true, VariableBool, "", "turns the hourly clean-up of forgotten ENIs off", "v1.13.0"},
	{"DISABLE_METRICS", false, VariableBool, "false", "turns the agent's metrics endpoint off", ""},
	{"DISABLE_NETWORK_RESOURCE_PROVISIONING", true, VariableBool, "false", "never calls EC2 to grow or shrink", "v1.9.1"},
	{"DISABLE_POD_V6", false, VariableBool, "", "turns IPv6 off inside pods", "v1.15.0"},
	{"DISABLE_TCP_EARLY_DEMUX", false, VariableBool, "false", "lets kubelet's probes reach pods with branch ENIs", "v1.7.3"},
	{"ENABLE_BANDWIDTH_PLUGIN", false, VariableBool, "", "chains the bandwidth plugin", "v1.10.0"},
	{"ENABLE_IMDS_ONLY_MODE", true, VariableBool, "false", "relies on instance metadata alone, so never calls EC2 to grow or shrink", "v1.19.6"},
	{"ENABLE_IPv4", true, VariableBool, "true", "gives pods IPv4 addresses; exactly one of IPv4 and IPv6", "v1.10.0"},
	{"ENABLE_IPv6", true, VariableBool, "false", "gives pods IPv6 addresses of one /80; exactly one of IPv4 and IPv6", "v1.10.0"},
	{"ENABLE_MULTI_NIC", true, VariableBool, "false", "manages network cards above 0, too", "v1.20.0"},
	{"ENABLE_NFTABLES", false, VariableBool, "", "uses nftables; deprecated since v1.13.2", "v1.12.1"},
	{"ENABLE_POD_ENI", true, VariableBool, "false", "security groups for pods: keeps a place for a trunk ENI and uses it", "v1.7.0"},
	{"ENABLE_PREFIX_DELEGATION", true, VariableBool, "false", "hands out /28 prefixes instead of single addresses", "v1.9.0"},
	{"ENABLE_SUBNET_DISCOVERY", true, VariableBool, "true", "ENIs may go to other tagged subnets of the node's zone", "v1.18.0"},
	{"ENABLE_V4_EGRESS", false, VariableBool, "", "lets IPv6 pods reach IPv4 destinations", "v1.15.1"},
	{"ENABLE_V6_EGRESS", false, VariableBool, "", "lets IPv4 pods reach IPv6 destinations", "v1.13.0"},
	{"ENI_CONFIG_ANNOTATION_DEF", true, VariableText, "", "node annotation that names the node's ENIConfig", "v1.4.0"},
	{"ENI_CONFIG_LABEL_DEF", true, VariableText, "", "node label that names the node's ENIConfig", "v1.4.0"},
	{"HOST_CNI_BIN_PATH", false, VariableText, "", "where the plugin is installed", ""},
	{"HOST_CNI_CONFDIR_PATH", false, VariableText, "", "where the plugin's configuration is installed", ""},
	{"INTROSPECTION_BIND_ADDRESS", false, VariableText, "", "address of the agent's introspection endpoint", ""},
	{"IP_COOLDOWN_PERIOD", true, VariableInt, "", "seconds for which a released address rests", "v1.15.0"},
	{"MANAGE_UNTAGGED_ENI", false, VariableBool, "", "manages ENIs without the agent's tags, too; the model has none of them", "v1.9.1"},
	{"MAX_ENI", true, VariableInt, "", "caps the instance type's number of ENIs", "v1.4.0"},
	{"MINIMUM_IP_TARGET", true, VariableInt, "", "floor of total addresses on the node", "v1.6.0"},
	{"MY_NODE_NAME", false, VariableText, "", "the node's name, filled in by Kubernetes", ""},
	{"MY_POD_NAME", false, VariableText, "", "the agent's pod's name, filled in by Kubernetes", ""},
	{"NETWORK_POLICY_ENFORCING_MODE", false, VariableText, "standard", "whether pods start before their network policies hold", "v1.17.1"},
	{"POD_MTU", false, VariableInt, "", "MTU of pods' interfaces", "v1.16.4"},
	{"POD_SECURITY_GROUP_ENFORCING_MODE", true, VariableText, "", "strict or standard: which security groups hold for pods with branch ENIs", "v1.11.0"},
	{"VPC_CNI_VERSION", false, VariableText, "v1.23.1", "release of the CNI, for its user agent", ""},
	{"VPC_ID", false, VariableText, "", "the VPC's id, which the EKS add-on fills in", ""},
	{"WARM_ENI_TARGET", true, VariableInt, "1", "spare ENIs' worth of free addresses to keep", "v1.0.0"},
	{"WARM_IP_TARGET", true, VariableInt, "", "free addresses to keep; overrides WARM_ENI_TARGET and WARM_PREFIX_TARGET", "v1.1.0"},
	{"WARM_PREFIX_TARGET", true, VariableInt, "1", "wholly free prefixes to keep in prefix mode", "v1.9.0"},
}

// Variables returns all known variables, sorted by name. The slice is the
// caller's.
func Variables() []Variable { return slices.Clone(variables) }

// LookupVariable returns the variable of that name; names are case-sensitive,
// as they are in a container's environment.
func LookupVariable(name string) (Variable, bool) {
	i, found := slices.BinarySearchFunc(variables, name, func(v Variable, name string) int {
		return strings.Compare(v.Name, name)
	})
	if !found {
		return Variable{}, false
	}
	return variables[i], true
}

// NearVariables returns at most n names of variables that somebody who wrote
// name may have meant, the likeliest first; of equals those that bear on
// addresses. Nothing is near to nonsense.
func NearVariables(name string, n int) []string {
	typed := strings.ToUpper(strings.TrimSpace(name))
	if len(typed) > longestTyped {
		return nil
	}
	var candidates []suggestion
	for _, v := range variables {
		distance := edits(typed, strings.ToUpper(v.Name))
		if distance <= tolerated(typed) {
			candidates = append(candidates, suggestion{v.Name, distance, v.Bears})
		}
	}
	return nearestNames(candidates, n)
}

// DaemonSetEnv returns what the released aws-node DaemonSet sets of the
// variables that bear on addresses. The map is the caller's.
//
// Source: the DaemonSet released with v1.23.1.
func DaemonSetEnv() map[string]string {
	return maps.Collect(func(yield func(string, string) bool) {
		for _, v := range variables {
			if v.Bears && v.Default != "" && !yield(v.Name, v.Default) {
				return
			}
		}
	})
}
