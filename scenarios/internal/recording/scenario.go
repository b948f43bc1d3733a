package recording

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The order in which the agent and EC2 pick; see the orders of package sim.
const (
	Ordered = "ordered"
	Random  = "random"
)

// Scenario writes the input as a scenario file.
//
// A recording's environment is the whole environment: those of defaults, the
// variables that the scenario language sets by itself, that aren't in it are
// unset. EC2 hands out the lowest address; the agent picks by order.
func (in *Input) Scenario(name, order string, defaults []string) []byte {
	var w strings.Builder
	line := func(format string, args ...any) {
		fmt.Fprintf(&w, format+"\n", args...)
	}

	line("name: %s", name)
	line("duration: %s", ms(in.DurationMs))
	line("vpc:")
	line("  cidrs: [%s]", strings.Join(in.vpcCIDRs(), ", "))
	line("  subnets:")
	for _, s := range in.Subnets {
		line("    - {%s}", in.subnet(s))
	}
	if in.isIPv6() {
		line("cluster: {ipFamily: ipv6}")
	}
	line("cni:")
	line("  env: {%s}", env(in.environment(defaults)))
	if in.PodSubnet != "" {
		line("  eniConfigs: [{name: default, subnet: %s}]", in.PodSubnet)
	}
	line("ec2: {addressOrder: lowest, latency: %s}", in.latency())
	line("agent: {order: %s, restart: 0s, exitBackoff: never}", order)
	line("kubelet: {start: 0s, retry: %s}", in.retry())
	if in.TrunkAttachDelayMs != nil {
		// The recorded controller looks at x.500 s, and the agent signals at 0.
		line("controller: {trunkDelay: %s}", ms(*in.TrunkAttachDelayMs+500))
	}
	if in.Limits != nil {
		line("instanceTypes: {%s: {maxENIs: %d, ipv4PerENI: %d}}", in.InstanceType, in.Limits.ENIs, in.Limits.IPv4PerENI)
	}
	line("nodeGroups:")
	for _, n := range in.Nodes {
		line("  - {name: %s, instanceType: %s, count: 1, subnets: [%s], maxPods: %d, agentStart: %s}",
			n.Name, in.InstanceType, in.NodeSubnet, in.MaxPods, ms(n.StartMs))
	}
	line("steps:")
	for _, e := range in.Events {
		for _, s := range in.steps(e) {
			line("  - {%s}", s)
		}
	}
	return []byte(w.String())
}

// NodeName is the name that a recorded node has in the scenario: the only one
// of a group of its own.
func NodeName(recorded string) string { return recorded + "-0" }

func ms(n int64) string { return (time.Duration(n) * time.Millisecond).String() }

// vpcCIDRs covers each subnet by the /16 around it.
func (in *Input) vpcCIDRs() []string {
	var cidrs []string
	for _, s := range in.Subnets {
		around, err := netip.MustParsePrefix(s.CIDR).Addr().Prefix(16)
		if err != nil {
			panic(err) // a recorded subnet is IPv4
		}
		if !slices.Contains(cidrs, around.String()) {
			cidrs = append(cidrs, around.String())
		}
	}
	return cidrs
}

func (in *Input) subnet(s Subnet) string {
	text := fmt.Sprintf("name: %s, zone: us-west-2a, cidr: %s", s.ID, s.CIDR)
	if in.isIPv6() {
		text += `, ipv6Cidr: "2001:db8:0:1::/64"`
	}
	if len(s.Tags) > 0 {
		text += fmt.Sprintf(", tags: {%s}", quoted(s.Tags))
	}
	if len(s.Preoccupied) > 0 {
		text += fmt.Sprintf(", inUse: {addresses: [%s]}", strings.Join(s.Preoccupied, ", "))
	}
	return text
}

func (in *Input) isIPv6() bool { return in.Env["ENABLE_IPv6"] == "true" }

// environment returns what the scenario has to say about each variable; nil
// unsets it.
func (in *Input) environment(defaults []string) map[string]*string {
	on := "true"
	all := map[string]*string{}
	for _, name := range defaults {
		all[name] = nil
	}
	all["ENABLE_IPv4"] = &on
	for name, value := range in.Env {
		all[name] = &value
	}
	return all
}

func env(vars map[string]*string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		value := "null"
		if v := vars[name]; v != nil {
			value = strconv.Quote(*v)
		}
		parts = append(parts, name+": "+value)
	}
	return strings.Join(parts, ", ")
}

func quoted(m map[string]string) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, strconv.Quote(k)+": "+strconv.Quote(m[k]))
	}
	return strings.Join(parts, ", ")
}

// pauseMs is the agent's fixed wait between detaching an ENI and deleting it.
const pauseMs = 2000

// latency spreads the recorded calls over the EC2 actions that they consist
// of. Making an ENI and freeing one are one call each in a recording; all of
// the first is put on creating, what the second takes beyond the agent's pause
// on detaching.
func (in *Input) latency() string {
	if in.EC2LatencyMs == nil {
		return "none"
	}
	unassign := in.EC2LatencyMs["DeallocIPAddresses"]
	if in.EC2LatencyMs["DeallocPrefixAddresses"] != unassign {
		panic("addresses and prefixes are given back by one action, which has one latency")
	}
	detach := in.EC2LatencyMs["FreeENI"] - pauseMs
	if detach < 0 {
		panic("freeing an ENI takes less than the agent's pause in it")
	}
	parts := []string{
		"CreateNetworkInterface: " + ms(in.EC2LatencyMs["AllocENI"]),
		"DescribeInstances: 0s",
		"DescribeNetworkInterfaces: 0s",
		"AttachNetworkInterface: 0s",
		"ModifyNetworkInterfaceAttribute: 0s",
		"AssignPrivateIpAddresses: " + ms(in.EC2LatencyMs["AllocIPAddresses"]),
		"UnassignPrivateIpAddresses: " + ms(unassign),
		"DetachNetworkInterface: " + ms(detach),
		"DeleteNetworkInterface: 0s",
		"refused: 0s",
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func (in *Input) retry() string {
	if in.RetryMs == 0 {
		return "never"
	}
	return fmt.Sprintf("{min: %s, max: %s}", ms(in.RetryMs), ms(in.RetryMs))
}

func (in *Input) steps(e Event) []string {
	node := e.Node
	if node == "" {
		node = in.Nodes[0].Name
	}
	node = NodeName(node)
	at := "at: " + ms(e.AtMs) + ", "
	switch e.Op {
	case "add", "delete":
		return podSteps(e, node)
	case "cordon", "uncordon":
		return []string{fmt.Sprintf("%s%s: {node: %s}", at, e.Op, node)}
	case "restartAgent":
		return []string{fmt.Sprintf("%srestartAgent: {node: %s, gap: %s%s}", at, node, ms(e.GapMs), changes(e.Env))}
	case "tagSubnet":
		return []string{fmt.Sprintf("%stagSubnet: {subnet: %s, tags: {%s}}", at, e.Subnet, quoted(e.Tags))}
	}
	panic(fmt.Sprintf("a recording has the unknown event %q", e.Op))
}

func podSteps(e Event, node string) []string {
	var steps []string
	for i, pod := range e.pods() {
		at := ms(e.AtMs + int64(i)*e.IntervalMs)
		if e.Op == "add" {
			steps = append(steps, fmt.Sprintf("at: %s, create: {pod: %s, node: %s}", at, pod, node))
		} else {
			steps = append(steps, fmt.Sprintf("at: %s, delete: {pod: %s}", at, pod))
		}
	}
	return steps
}

func (e Event) pods() []string {
	if e.Pod != "" {
		return []string{e.Pod}
	}
	pods := make([]string, e.Count)
	for i := range pods {
		pods[i] = e.NamePrefix + strconv.Itoa(e.From+i)
	}
	return pods
}

// changes writes the variables that a restart changes; the empty text unsets.
func changes(vars map[string]string) string {
	if len(vars) == 0 {
		return ""
	}
	set := map[string]*string{}
	for name, value := range vars {
		set[name] = &value
		if value == "" {
			set[name] = nil
		}
	}
	return fmt.Sprintf(", env: {%s}", env(set))
}
