package conformance

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"
	"vpcsim/model"
	"vpcsim/scenarios"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// maxNodes is as many nodes as a scenario has groups: each is one of its own.
const maxNodes = 1000

// nodes are the nodes of an example with the pods on each.
func (g Given) nodes() ([]nodeWithPods, error) {
	count := 1
	if len(g.Nodes) > 0 && json.Unmarshal(g.Nodes, &count) != nil {
		var nodes []nodeWithPods
		return nodes, json.Unmarshal(g.Nodes, &nodes)
	}
	if count < 1 || count > maxNodes {
		return nil, fmt.Errorf("nodes is %d: an example has 1 to %d", count, maxNodes)
	}
	nodes := make([]nodeWithPods, count)
	for i := range nodes {
		nodes[i] = nodeWithPods{g.InstanceType, (g.Pods + count - 1 - i) / count} // evenly; the first have one more
	}
	return nodes, nil
}

type nodeWithPods struct {
	InstanceType string
	Pods         int
}

// cluster is an example as a scenario: the nodes get warm, then the pods come,
// each bound to its node.
func (g Given) cluster(nodes []nodeWithPods) (*scenarios.Scenario, error) {
	var b strings.Builder
	b.WriteString("vpc:\n  cidrs: [10.0.0.0/16]\n  subnets: [{name: a, cidr: 10.0.0.0/17}, {name: b, cidr: 10.0.128.0/17}]\n")
	b.WriteString("ec2: {addressOrder: lowest, throttling: false}\nagent: {order: ordered}\ncni:\n")
	if text := g.version(); text != "" {
		if _, err := model.ParseVersion(text); err != nil {
			return nil, uncovered(err.Error())
		}
		fmt.Fprintf(&b, "  version: %s\n", text)
	}
	env := maps.Clone(g.Env)
	if env == nil {
		env = map[string]any{}
	}
	if g.CustomNetworking {
		b.WriteString("  eniConfigs: [{name: default, subnet: b}]\n")
	}
	if g.AllENIsAttached {
		env["WARM_ENI_TARGET"], env["WARM_PREFIX_TARGET"] = 100, 10_000
	}
	fmt.Fprintf(&b, "  env: %s\n  windows: %s\n", asJSON(env), asJSON(g.ConfigMap))
	b.WriteString("nodeGroups:\n")
	for i, n := range nodes {
		fmt.Fprintf(&b, "  - {name: n%d, instanceType: %s, subnets: [a], os: %s}\n",
			i, or(n.InstanceType, "m5.4xlarge"), or(g.OS, "linux"))
	}
	b.WriteString("workloads:\n")
	for i, n := range nodes {
		selector := ""
		if g.OS == "windows" {
			selector = ", nodeSelector: {kubernetes.io/os: windows}"
		}
		fmt.Fprintf(&b, "  - {name: w%d, replicas: %d, at: 10m, node: n%d-0%s}\n", i, n.Pods, i, selector)
	}
	return scenarios.Load("example.yaml", []byte(b.String()), scenarios.Options{})
}

// config is the scenario's run. Where max-pods is not what the example is about
// it is more than any needs, for it limits the pool, too.
func (g Given) config(nodes []nodeWithPods) (sim.Config, error) {
	scenario, err := g.cluster(nodes)
	if err != nil {
		return sim.Config{}, err
	}
	cfg := scenario.Config()
	for i := range cfg.NodeGroups {
		n := &cfg.NodeGroups[i]
		switch {
		case g.MaxPods > 0:
			n.MaxPods = g.MaxPods
		case g.AllENIsAttached:
			n.MaxPods = 100_000
		case !g.CustomNetworking && !g.SecondaryIPMode:
			n.MaxPods = max(n.MaxPods, 250)
		}
	}
	return cfg, nil
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// asJSON writes a value that was read as JSON.
func asJSON(v any) string {
	out, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("conformance: %v", err))
	}
	return string(out)
}

// play runs to the end and returns the state then, and the total of the pools
// before the first pod came.
func play(cfg sim.Config) (end *replay.State, before int, err error) {
	var s replay.State
	err = sim.Run(cfg, func(e sim.Event) error {
		if _, ok := e.Body.(sim.PodCreated); ok && s.Pods.Count().Created == 0 {
			before = s.Totals().Total
		}
		return s.Apply(e)
	})
	if err == nil && s.Ended.EndedBy != "settled" {
		err = fmt.Errorf("the run ended by %s", s.Ended.EndedBy)
	}
	return &s, before, err
}

// linuxPool lets a cluster settle.
func linuxPool(g Given) (answers, error) {
	nodes, err := g.nodes()
	if err != nil {
		return nil, err
	}
	if g.DeploymentReplicas > 0 {
		for i := range nodes {
			nodes[i].Pods = 0
		}
	}
	cfg, err := g.config(nodes)
	if err != nil {
		return nil, err
	}
	if g.DeploymentReplicas > 0 {
		cfg.Workloads[0].Replicas = g.DeploymentReplicas
		cfg.Workloads[0].Pod.Node = "" // let the scheduler count
	}
	s, before, err := play(cfg)
	if err != nil {
		return nil, err
	}
	total := s.Totals()
	out := answers{
		"totalIPs": total.Total, "attachedSecondaryIPs": total.Total, "unusedIPs": total.Available(), "warmIPs": total.Available(),
		"extraIPsAllocatedAfterPods": total.Total - before,
		"podsStuckContainerCreating": s.Pods.Count().ContainerCreating, "podsPending": s.Pods.Count().Pending,
	}
	enis, used := 0, 0
	var perENI, podsPerENI, prefixesPerENI, podsPerPrefix, ips, interfaces, warm []int
	unused := 0
	for _, n := range s.Nodes {
		all := 0
		for _, e := range n.ENIs {
			enis++
			size, prefixes := 0, 0
			for _, b := range e.Blocks {
				size += b.Size()
				if !b.IsPrefix() {
					continue
				}
				prefixes++
				podsPerPrefix = append(podsPerPrefix, b.Assigned)
				if b.Assigned == 0 {
					unused++
				}
			}
			all += 1 + size
			perENI, podsPerENI, prefixesPerENI = append(perENI, size), append(podsPerENI, e.Assigned()), append(prefixesPerENI, prefixes)
		}
		ips, interfaces, warm = append(ips, all), append(interfaces, len(n.ENIs)), append(warm, n.Totals(s.Now).Available())
	}
	for _, sn := range s.Subnets {
		used += sn.Stats().Used
	}
	maps.Copy(out, answers{
		"attachedENIs": enis, "ipsPerENI": perENI, "podsPerENI": podsPerENI,
		"attachedPrefixes": len(podsPerPrefix), "prefixesPerENI": prefixesPerENI, "podsPerPrefix": podsPerPrefix, "unusedPrefixes": unused,
		"perNodeIPs": ips, "perNodeENIs": interfaces, "perNodeWarm": warm, "subnetIPsConsumed": used, "subnetIPs": used,
	})
	return out, nil
}

// windowsPool is linuxPool for one Windows node, with the controller's words.
func windowsPool(g Given) (answers, error) {
	out, err := linuxPool(g)
	if err != nil {
		return nil, err
	}
	out["totalAllocatedIPs"] = out["totalIPs"]
	return out, nil
}

// branches lets pods with security groups look for places.
func branches(g Given) (answers, error) {
	kind, err := lookUp(g.InstanceType)
	if err != nil {
		return nil, err
	}
	g.Env, g.Pods = with(g.Env, "ENABLE_POD_ENI", true), 0
	nodes, err := g.nodes()
	if err != nil {
		return nil, err
	}
	cfg, err := g.config(nodes)
	if err != nil {
		return nil, err
	}
	cfg.Controller = sim.ControllerConfig{TrunkDelay: 8 * time.Second, BranchDelay: time.Second}
	w := &cfg.Workloads[0]
	w.Replicas, w.Pod.Node, w.Pod.BranchGroups = g.PodsWithSecurityGroups, "", []model.SecurityGroup{"db"}
	created, running, made := 0, 0, 0
	err = sim.Run(cfg, func(e sim.Event) error {
		switch e.Body.(type) {
		case sim.PodCreated:
			made++
		case sim.BranchCreated:
			created++
		case sim.PodReady:
			running++
		}
		return nil
	})
	return answers{"branchENIs": created, "runningPods": running, "pendingPods": made - running, "podENI": kind.BranchENIs}, err
}

// ecsAddresses launches container instances, with their tasks, and counts what
// is taken from the subnet.
func ecsAddresses(g Given) (answers, error) {
	text := fmt.Sprintf(`platform: ecs
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/17}]}
nodeGroups: [{name: instances, instanceType: %s, count: %d, subnets: [a], awsvpcTrunking: %t}]
workloads: [{name: web, replicas: %d, at: 1m}]
`, or(g.InstanceType, "c5.large"), max(g.Instances, 1), g.AWSVPCTrunking, g.Tasks)
	s, err := scenarios.Load("example.yaml", []byte(text), scenarios.Options{})
	if err != nil {
		return nil, err
	}
	end, _, err := play(s.Config())
	if err != nil {
		return nil, err
	}
	tasks := end.Pods.Count()
	return answers{"subnetIPs": end.Subnets[0].Stats().Used, "runningTasks": tasks.Running, "pendingTasks": tasks.Pending}, nil
}
