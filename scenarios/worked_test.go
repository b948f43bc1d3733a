package scenarios_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/scenarios"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// worked is an example of testdata/worked-examples: see the README there.
type worked struct {
	ID, Topic, Source string
	Given             given
	Expect            map[string]any
	Stated            map[string]any
	Note              string
}

// given is what an example starts from, in the documents' terms. A field that is
// not there is zero.
type given struct {
	InstanceType string
	OS           string
	Env          map[string]any
	ConfigMap    map[string]any
	Pods         int
	MaxPods      int
	Nodes        json.RawMessage // a number, or nodes with their pods
	CNIVersion   string

	CustomNetworking, PrefixDelegation, ManagedNodeGroup, CustomAMI bool
	PrefixDelegationBeforeNodes, SecondaryIPMode, AllENIsAttached   bool
	ReservedENIs, VCPUGreaterThan, VCPULessThan                     int
	Formula                                                         string

	TotalIPs, AssignedIPs, TotalPrefixes, MaxIPsPerENI, MaxENI int

	PodsWithSecurityGroups, DeploymentReplicas, RunningPodsWithSecondaryIP int

	VPCCIDR, AddCIDR, Subnet, RequestedCIDR string

	Action      string
	CallsAtOnce int
	StartFull   bool

	Instances, Tasks    int
	AWSVPCTrunking      bool
	PeeredVPCs, NAUEach int
	EgressRange         string
}

// answers are what the simulator says, under the names of the documents.
type answers map[string]any

// runners answer the topics.
var runners = map[string]func(*testing.T, given) answers{
	"secondary-ip warm pool":                      linuxPool,
	"prefix delegation warm pool":                 linuxPool,
	"secondary-ip warm pool, cluster":             linuxPool,
	"subnet consumption":                          linuxPool,
	"custom networking without lowering max-pods": linuxPool,
	"security groups for pods":                    branches,
	"Windows secondary-IP warm pool":              windowsPool,
	"Windows prefix delegation warm pool":         windowsPool,
	"Windows node capacity":                       windowsCapacity,
	"Windows node capacity, mode switch":          windowsCapacity,
	"pool-too-low decision":                       decisions,
	"warm target short/over":                      decisions,
	"warm target short/over (prefixes)":           decisions,
	"instance limits":                             limits,
	"prefix delegation limits":                    limits,
	"ECS task limits":                             limits,
	"max pods":                                    maxPods,
	"max pods expression":                         maxPods,
	"secondary CIDR rules":                        addressSpace,
	"subnet size":                                 addressSpace,
	"API throttling":                              throttling,
}

// notCovered are the examples that the simulator cannot answer, and why.
var notCovered = map[string]string{
	"bpg-ipv6-egress": "the node-local IPv4 range for the egress of IPv6 pods takes nothing from the VPC and is not modelled",
	"bpg-xeni":        "advice about the control plane's subnets; a scenario says how many ENIs the control plane has (cluster.controlPlaneENIs)",
	"ecs-bpg-2ips":    "needs an ECS cluster (platform: ecs)",
	"nau-02":          "network address units are counted for one VPC; peered VPCs are not modelled",
}

// Every number of the documents either comes out of the simulator or is listed
// with the reason why it doesn't.
func TestWorkedExamples(t *testing.T) {
	data, err := os.ReadFile("testdata/worked-examples/examples.json")
	require.NoError(t, err)
	var examples []worked
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&examples))
	there := map[string]bool{}
	for _, e := range examples {
		there[e.ID] = true
		t.Run(e.ID, func(t *testing.T) {
			if notCovered[e.ID] != "" {
				return
			}
			run := runners[e.Topic]
			require.NotNil(t, run, "no runner for %q; list the example in notCovered, with the reason", e.Topic)
			have := run(t, e.Given)
			for _, name := range slices.Sorted(maps.Keys(e.Expect)) {
				got, ok := have[name]
				require.True(t, ok, "nothing says %s; there is %v", name, slices.Sorted(maps.Keys(have)))
				require.Equal(t, normal(name, e.Expect[name]), normal(name, got), "%s, of %s", name, e.Source)
			}
			for name, stated := range e.Stated {
				require.NotEqual(t, normal(name, stated), normal(name, have[name]), "%s is as stated after all", name)
			}
		})
	}
	for id := range notCovered {
		require.True(t, there[id], "%s is no example", id)
	}
}

// normal makes what a document and the simulator say comparable: numbers, lists
// without order, and without zeros where these say nothing. "More than" a number
// is written with a sign.
func normal(name string, v any) any {
	switch v := v.(type) {
	case int:
		return float64(v)
	case []any:
		list := []int{}
		for _, n := range v {
			list = append(list, int(n.(float64)))
		}
		return normal(name, list)
	case []int:
		list := slices.Clone(v)
		if strings.HasPrefix(name, "podsPer") {
			list = slices.DeleteFunc(list, func(n int) bool { return n == 0 })
		}
		if !strings.HasPrefix(name, "perNode") {
			slices.Sort(list)
		}
		return fmt.Sprint(list)
	default:
		return v
	}
}

// nodes are the nodes of an example with the pods on each.
func (g given) nodes(t *testing.T) []nodeWithPods {
	var count int
	if len(g.Nodes) == 0 || json.Unmarshal(g.Nodes, &count) == nil {
		return []nodeWithPods{{g.InstanceType, g.Pods}}
	}
	var nodes []nodeWithPods
	require.NoError(t, json.Unmarshal(g.Nodes, &nodes))
	return nodes
}

type nodeWithPods struct {
	InstanceType string
	Pods         int
}

// cluster is an example as a scenario: the nodes get warm, then the pods come,
// each bound to its node.
func (g given) cluster(t *testing.T, nodes []nodeWithPods) *scenarios.Scenario {
	var b strings.Builder
	b.WriteString("vpc:\n  cidrs: [10.0.0.0/16]\n  subnets: [{name: a, cidr: 10.0.0.0/17}, {name: b, cidr: 10.0.128.0/17}]\n")
	b.WriteString("ec2: {addressOrder: lowest, throttling: false}\nagent: {order: ordered}\ncni:\n")
	if g.CNIVersion != "" {
		fmt.Fprintf(&b, "  version: v%s\n", strings.TrimPrefix(g.CNIVersion, "v"))
	}
	env := maps.Clone(g.Env)
	if env == nil {
		env = map[string]any{}
	}
	if g.CustomNetworking {
		env["AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG"] = true
		b.WriteString("  eniConfigs: [{name: default, subnet: b}]\n")
	}
	if g.AllENIsAttached {
		env["WARM_ENI_TARGET"] = 100
	}
	fmt.Fprintf(&b, "  env: %s\n  windows: %s\n", asJSON(t, env), asJSON(t, g.ConfigMap))
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
	s, err := scenarios.Load("example.yaml", []byte(b.String()), scenarios.Options{})
	require.NoError(t, err, b.String())
	return s
}

// config is the scenario's run. Where max-pods is not what the example is about
// it is more than any needs, for it limits the pool, too.
func (g given) config(t *testing.T, nodes []nodeWithPods) sim.Config {
	cfg := g.cluster(t, nodes).Config()
	for i := range cfg.NodeGroups {
		n := &cfg.NodeGroups[i]
		switch {
		case g.MaxPods > 0:
			n.MaxPods = g.MaxPods
		case !g.CustomNetworking && !g.SecondaryIPMode:
			n.MaxPods = max(n.MaxPods, 250)
		}
	}
	return cfg
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func asJSON(t *testing.T, v any) string {
	out, err := json.Marshal(v)
	require.NoError(t, err)
	return string(out)
}

// play runs to the end and returns the state then, and the total of the pools
// before the first pod came.
func play(t *testing.T, cfg sim.Config) (end *replay.State, before int) {
	var s replay.State
	require.NoError(t, sim.Run(cfg, func(e sim.Event) error {
		if _, ok := e.Body.(sim.PodCreated); ok && s.Pods.Count().Created == 0 {
			before = s.Totals().Total
		}
		return s.Apply(e)
	}))
	require.Equal(t, "settled", s.Ended.EndedBy)
	return &s, before
}

// linuxPool lets a cluster settle.
func linuxPool(t *testing.T, g given) answers {
	nodes := g.nodes(t)
	if g.DeploymentReplicas > 0 {
		nodes[0].Pods = 0
	}
	cfg := g.config(t, nodes)
	if g.DeploymentReplicas > 0 {
		cfg.Workloads[0].Replicas = g.DeploymentReplicas
		cfg.Workloads[0].Pod.Node = "" // let the scheduler count
	}
	s, before := play(t, cfg)
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
	return out
}

// windowsPool is linuxPool for one Windows node, with the controller's words.
func windowsPool(t *testing.T, g given) answers {
	out := linuxPool(t, g)
	out["totalAllocatedIPs"] = out["totalIPs"]
	return out
}

// branches lets pods with security groups look for places.
func branches(t *testing.T, g given) answers {
	var count int
	require.NoError(t, json.Unmarshal(g.Nodes, &count))
	g.Env = map[string]any{"ENABLE_POD_ENI": true}
	cfg := g.config(t, []nodeWithPods{{g.InstanceType, 0}})
	cfg.NodeGroups[0].Count = count
	cfg.Controller = sim.ControllerConfig{TrunkDelay: 8 * time.Second, BranchDelay: time.Second}
	w := &cfg.Workloads[0]
	w.Replicas, w.Pod.Node, w.Pod.BranchGroups = g.PodsWithSecurityGroups, "", []model.SecurityGroup{"db"}
	created, running, made := 0, 0, 0
	require.NoError(t, sim.Run(cfg, func(e sim.Event) error {
		switch e.Body.(type) {
		case sim.PodCreated:
			made++
		case sim.BranchCreated:
			created++
		case sim.PodReady:
			running++
		}
		return nil
	}))
	return answers{"branchENIs": created, "runningPods": running, "pendingPods": made - running}
}

func lookUp(t *testing.T, name string) model.InstanceType {
	kind, ok := model.LookupInstanceType(name)
	require.True(t, ok, name)
	return kind
}

func windowsCapacity(t *testing.T, g given) answers {
	kind := lookUp(t, g.InstanceType)
	return answers{
		"podIPs":         model.WindowsCapacity(kind, g.PrefixDelegation),
		"advertisedIPs":  model.WindowsCapacity(kind, g.PrefixDelegation),
		"slots":          kind.SlotsPerENI(),
		"remainingSlots": kind.SlotsPerENI() - g.RunningPodsWithSecondaryIP,
		"usableIPsNow":   model.WindowsCapacityAfterSwitch(kind, g.RunningPodsWithSecondaryIP),
	}
}

// limits are what the table of instance types says.
func limits(t *testing.T, g given) answers {
	kind := lookUp(t, g.InstanceType)
	return answers{
		"maxENIs": kind.MaxENIs, "ipv4PerENI": kind.IPv4PerENI,
		"maxPrefixesPerENI": kind.SlotsPerENI(), "maxIPsPerENI": kind.SlotsPerENI() * model.PrefixSize,
		"tasksWithoutTrunking": kind.ECSTasks, "tasksWithTrunking": kind.ECSTasksTrunking,
	}
}

// decisions are single ones of the agent.
func decisions(t *testing.T, g given) answers {
	env := map[string]string{"ENABLE_IPv4": "true"}
	for name, value := range g.Env {
		env[name] = fmt.Sprint(value)
	}
	settings, _ := model.ParseSettings(env)
	stats := model.PoolStats{Total: g.TotalIPs, Assigned: g.AssignedIPs}
	slots := g.MaxIPsPerENI
	if settings.PrefixDelegation {
		slots /= model.PrefixSize
		stats.Prefixes = g.TotalPrefixes
		if g.TotalIPs == 0 {
			stats.Total = g.TotalPrefixes * model.PrefixSize
		}
		stats.FreePrefixes = g.TotalPrefixes - (g.AssignedIPs+model.PrefixSize-1)/model.PrefixSize
	}
	low, _ := model.TooLow(stats, settings, model.PoolLimits{MaxPods: g.MaxPods, Slots: slots})
	short, over := model.Short(stats, settings), model.Over(stats, settings)
	return answers{"poolTooLow": low, "short": short, "over": over, "shortPrefixes": short, "overPrefixes": over}
}

// maxPods answers what the calculators say. An example with reserved ENIs is
// Karpenter's and one with a version of the CNI the script's; those have
// their own caps.
func maxPods(t *testing.T, g given) answers {
	if g.InstanceType == "" {
		vcpu := max(g.VCPUGreaterThan+1, 2)
		if g.VCPULessThan > 0 {
			vcpu = g.VCPULessThan - 1
		}
		return answers{"cap": model.ManagedMaxPods(model.InstanceType{VCPU: vcpu, MaxENIs: 15, IPv4PerENI: 50}, 0).Cap}
	}
	kind := lookUp(t, g.InstanceType)
	auto := model.AutoMaxPods(kind, g.ReservedENIs).Result
	out := answers{
		"defaultMaxPods": auto, "maxPods": auto, "podIPsPerENI": kind.SlotsPerENI(), "podENI": kind.BranchENIs, "vcpu": kind.VCPU,
		"maxPodsIfCNINotConfiguredFirst": model.ManagedMaxPods(kind, 0).Result,
	}
	modes := model.MaxPodsModes{
		CustomNetworking: g.CustomNetworking,
		PrefixDelegation: g.PrefixDelegation || g.PrefixDelegationBeforeNodes,
	}
	switch {
	case g.Formula != "":
		cel := strings.NewReplacer("enis", "default_enis", "ips", "ips_per_eni").Replace(g.Formula)
		text := fmt.Sprintf("vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/24}]}\nnodeGroups: [{name: n, instanceType: %s, maxPods: %q}]\n", g.InstanceType, cel)
		s, err := scenarios.Load("formula.yaml", []byte(text), scenarios.Options{})
		require.NoError(t, err)
		out["maxPods"] = s.Config().NodeGroups[0].MaxPods
	case g.CNIVersion != "" || g.ManagedNodeGroup || modes != model.MaxPodsModes{}:
		out["maxPods"] = model.RecommendedMaxPods(kind, modes).Result
	}
	return out
}

func addressSpace(t *testing.T, g given) answers {
	out := answers{}
	if g.VPCCIDR != "" {
		vpc, err := model.NewVPC(netip.MustParsePrefix(g.VPCCIDR))
		require.NoError(t, err)
		out["allowed"] = vpc.AddCIDR(netip.MustParsePrefix(g.AddCIDR)) == nil
	}
	cidr := g.RequestedCIDR
	if strings.HasPrefix(g.Subnet, "/") {
		cidr = "10.0.0.0" + g.Subnet
	} else if g.Subnet != "" {
		cidr = g.Subnet
	}
	if cidr != "" {
		// EC2 clears host bits; the simulator refuses them and names the network.
		asked := netip.MustParsePrefix(cidr)
		if _, err := model.NewSubnet("a", asked); asked != asked.Masked() {
			require.ErrorContains(t, err, "its network is "+asked.Masked().String())
		}
		subnet, err := model.NewSubnet("a", asked.Masked())
		require.NoError(t, err)
		out["usableAddresses"], out["createdCIDR"] = subnet.Usable(), subnet.CIDR().String()
		out["usableAddressesMoreThan"] = subnet.Usable() / 1000 * 1000 // the documents round
	}
	return out
}

func throttling(t *testing.T, g given) answers {
	bucket, refill, ok := sim.RequestLimit(sim.Action(g.Action))
	require.True(t, ok, "%s is not limited", g.Action)
	return answers{"bucket": bucket, "refillPerSecond": refill, "accepted": min(bucket, g.CallsAtOnce)}
}
