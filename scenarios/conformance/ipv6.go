package conformance

import (
	"fmt"
	"vpcsim/scenarios"
)

// ipv6Node lets a node of an IPv6 cluster settle.
func ipv6Node(g Given) (answers, error) {
	if g.EgressRange != "" {
		return nil, uncovered("the node-local IPv4 range for the egress of IPv6 pods takes nothing from the VPC and is not modelled")
	}
	kind, err := lookUp(g.InstanceType)
	if err != nil {
		return nil, err
	}
	version := ""
	if text := g.version(); text != "" {
		version = ", version: " + text
	}
	text := fmt.Sprintf(`vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/17, ipv6Cidr: "2001:db8:0:1::/64"}]}
cluster: {ipFamily: ipv6}
ec2: {addressOrder: lowest, throttling: false}
agent: {order: ordered}
cni: {env: %s%s}
nodeGroups: [{name: n, instanceType: %s}]
workloads: [{name: w, replicas: %d, at: 10m}]
`, asJSON(g.ipv6Env()), version, kind.Name, g.Pods)
	s, err := scenarios.Load("example.yaml", []byte(text), scenarios.Options{})
	if err != nil {
		return nil, err
	}
	cfg := s.Config()
	if g.MaxPods > 0 {
		cfg.NodeGroups[0].MaxPods = g.MaxPods
	}
	end, _, err := play(cfg)
	if err != nil {
		return nil, err
	}
	enis, prefixes := 0, 0
	for _, n := range end.Nodes {
		for _, e := range n.ENIs {
			enis, prefixes = enis+1, prefixes+len(e.Blocks)
		}
	}
	pods := end.Pods.Count()
	return answers{
		"attachedENIs": enis, "attachedPrefixes": prefixes, "subnetIPs": end.Subnets[0].Stats().Used,
		"runningPods": pods.Running, "podsPending": pods.Pending,
	}, nil
}

// ipv6Env is the environment without the switches that the family sets.
func (g Given) ipv6Env() map[string]any {
	env := map[string]any{}
	for name, value := range g.Env {
		if name != "ENABLE_IPv4" && name != "ENABLE_IPv6" {
			env[name] = value
		}
	}
	return env
}
