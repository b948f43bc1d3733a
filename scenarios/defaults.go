package scenarios

import (
	"time"

	"vpcsim/model"
	"vpcsim/sim"
)

// The defaults are what a real cluster has where it has something to copy, and
// what protects a laptop where it has not.
const (
	defaultNamespace      = "default"
	defaultServiceAccount = "default"
	defaultSeed           = 1
	defaultZone           = "us-west-2a"
	defaultSystemPods     = 2 // aws-node and kube-proxy
	defaultRestart        = Duration(5 * time.Second)
	defaultRetryMin       = Duration(10 * time.Second)
	defaultRetryMax       = Duration(15 * time.Second)
	defaultExitMin        = Duration(10 * time.Second)
	defaultExitMax        = Duration(5 * time.Minute)
	defaultTrunkDelay     = Duration(8 * time.Second)
	defaultBranchDelay    = Duration(time.Second)
	defaultReadyAfter     = Duration(time.Second)
	defaultStopAfter      = Duration(time.Second)
	defaultJoinStart      = 45 * time.Second // from launch to the agent's start, of a node that joins later
	defaultDetachPause    = 2 * time.Second
	defaultAutoscaleDelay = Duration(10 * time.Second) // Cluster Autoscaler, --scan-interval
	defaultSurgePercent   = 25
	defaultLimitEvents    = 20_000_000
	defaultLimitPods      = 500_000
	defaultLimitNodes     = 20_000
	defaultLimitLogBytes  = 8 << 30
)

// settlesWithin is how long a run without a duration takes at most.
const settlesWithin = 24 * time.Hour

// action is an EC2 action whose latency can be set.
type action struct {
	name    string
	latency time.Duration
}

// actions are those that have a latency, and at the end any call that fails.
var actions = []action{
	{string(sim.CreateNetworkInterface), time.Second},
	{string(sim.AttachNetworkInterface), 3 * time.Second},
	{string(sim.ModifyNetworkInterfaceAttribute), 200 * time.Millisecond},
	{string(sim.AssignPrivateIpAddresses), 500 * time.Millisecond},
	{string(sim.AssignIpv6Addresses), 500 * time.Millisecond},
	{string(sim.UnassignPrivateIpAddresses), 500 * time.Millisecond},
	{string(sim.DetachNetworkInterface), time.Second},
	{string(sim.DeleteNetworkInterface), 500 * time.Millisecond},
	{string(sim.DescribeInstances), 100 * time.Millisecond},
	{string(sim.DescribeNetworkInterfaces), 100 * time.Millisecond},
	{string(sim.AssociateTrunkInterface), 500 * time.Millisecond},
	{string(sim.DisassociateTrunkInterface), 500 * time.Millisecond},
	{latencyRefused, 200 * time.Millisecond},
}

// laterActions have a latency once the simulator makes these calls.
var laterActions = []string{"DescribeSubnets"}

func defaultLatency() Latency {
	l := Latency{Actions: make(map[string]Range, len(actions))}
	for _, a := range actions {
		l.Actions[a.name] = Range{Duration(a.latency), Duration(a.latency)}
	}
	return l
}

// delay is a default delay: d, or 0 where everything happens at once.
func (d *decoder) delay(length Duration) Duration {
	if d.immediate {
		return 0
	}
	return length
}

// newScenario has the defaults that depend on nothing else.
func newScenario() *Scenario {
	return &Scenario{
		Platform: PlatformEKS,
		Seed:     defaultSeed,
		Limits: Limits{
			Events:  defaultLimitEvents,
			Pods:    defaultLimitPods,
			Nodes:   defaultLimitNodes,
			LogSize: defaultLimitLogBytes,
		},
		Cluster: Cluster{Name: "cluster", IPFamily: familyIPv4, SystemPods: defaultSystemPods},
		CNI:     CNI{Version: model.DefaultVersion},
		EC2: EC2{
			AddressOrder:        sim.OrderRandom,
			Latency:             defaultLatency(),
			Throttling:          true,
			Quotas:              Quotas{NetworkInterfaces: sim.DefaultENIQuota, NetworkAddressUnits: sim.DefaultUnitQuota},
			ReservationFallback: true,
		},
		Agent: Agent{
			Order:       sim.OrderRandom,
			ExitBackoff: Repeat{Range: Range{defaultExitMin, defaultExitMax}},
		},
		Scheduler: Scheduler{Strategy: sim.StrategyKube},
		Kubelet:   Kubelet{Retry: Repeat{Range: Range{defaultRetryMin, defaultRetryMax}}},
		// Empty rather than nil, so that the canonical form has lists.
		NodeGroups: []NodeGroup{},
		Workloads:  []Workload{},
		Steps:      []Step{},
	}
}
