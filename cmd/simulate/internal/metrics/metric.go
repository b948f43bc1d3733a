package metrics

import (
	"cmp"
	"slices"
	"strings"

	"vpcsim/sim"
)

// Unit is what a value counts.
type Unit string

// The units.
const (
	Count       Unit = ""            // things
	Millis      Unit = "ms"          // milliseconds of virtual time
	Thousandths Unit = "thousandths" // of a thing: means over time
	MicroUSD    Unit = "microUSD"    // millionths of a US dollar
	YesNo       Unit = "yes/no"      // 1 is yes
)

// Better is the direction in which a value is better.
type Better string

// The directions.
const (
	Less    Better = "less"
	More    Better = "more"
	Neither Better = "" // it tells, and doesn't judge
)

// Value is a number of a run. The zero Value is unknown.
type Value struct {
	N     int64
	Known bool
}

// known is a value that is known.
func known[N int | int64](n N) Value { return Value{int64(n), true} }

// Metric is what a number of a run is called and means.
type Metric struct {
	Name  string
	Unit  Unit
	Means string // in one line
	// Title heads its column in a table, in at most 10 letters but for calls of
	// one action.
	Title string
	// Phrase says a value in a sentence, in the place of %s; empty: the title and
	// the value do.
	Phrase string
	Better Better

	index int // among all
}

// Compare returns a negative number if a is better than b, a positive one if b
// is, and 0 if neither is. What is unknown is worse than anything that is known.
func (m Metric) Compare(a, b Value) int {
	switch {
	case a.Known != b.Known:
		if a.Known {
			return -1
		}
		return 1
	case m.Better == More:
		return cmp.Compare(b.N, a.N)
	case m.Better == Less:
		return cmp.Compare(a.N, b.N)
	}
	return 0
}

// All lists the metrics: what matters most first.
func All() []Metric { return slices.Clone(all) }

// Find returns the metric of that name.
func Find(name string) (Metric, bool) {
	for _, m := range all {
		if m.Name == name {
			return m, true
		}
	}
	return Metric{}, false
}

// Names lists the names of all metrics, in their order.
func Names() []string {
	var names []string
	for _, m := range all {
		names = append(names, m.Name)
	}
	return names
}

// callsPrefix begins the names of the counts of one EC2 action's calls.
const callsPrefix = "ec2.calls."

// actions are those whose calls are counted each on its own.
var actions = []sim.Action{
	sim.RunInstances, sim.TerminateInstances,
	sim.CreateNetworkInterface, sim.AttachNetworkInterface, sim.ModifyNetworkInterfaceAttribute,
	sim.DetachNetworkInterface, sim.DeleteNetworkInterface,
	sim.AssignPrivateIpAddresses, sim.UnassignPrivateIpAddresses, sim.AssignIpv6Addresses,
	sim.DescribeInstances, sim.DescribeNetworkInterfaces,
	sim.AssociateTrunkInterface, sim.DisassociateTrunkInterface,
}

var all = list()

func list() []Metric {
	ms := []Metric{
		{Name: "fits", Unit: YesNo, Better: More, Title: "fits", Means: "everything runs at the end: no pod waits, none was deleted before it had an address, nothing is exhausted"},
		{Name: "pods.created", Title: "created", Means: "pods that ever were"},
		{Name: "pods.running", Better: More, Title: "running", Phrase: "%s pods running", Means: "pods that run at the end"},
		{Name: "pods.pending", Better: Less, Title: "waiting", Phrase: "%s pods waiting", Means: "pods without a node, or not ready, at the end"},
		{Name: "pods.gone", Better: Less, Title: "gone", Phrase: "%s pods deleted before they had an address", Means: "pods that were deleted, or ended, before they had an address, though they asked for one"},
		{Name: "pods.failedAttempts", Better: Less, Title: "failed", Phrase: "%s failed attempts", Means: "attempts in which the CNI had no address for a pod"},
		{Name: "pods.waited", Unit: Millis, Better: Less, Title: "waited", Means: "how long pods waited at exhaustion points, summed over the pods"},
		{Name: "latency.startP50", Unit: Millis, Better: Less, Title: "start p50", Means: "wait for an address from created on: what half of the pods don't exceed"},
		{Name: "latency.startP90", Unit: Millis, Better: Less, Title: "start p90", Means: "wait for an address from created on: what 90 % of the pods don't exceed"},
		{Name: "latency.startP99", Unit: Millis, Better: Less, Title: "start p99", Means: "wait for an address from created on: what 99 % of the pods don't exceed"},
		{Name: "latency.startMax", Unit: Millis, Better: Less, Title: "start max", Means: "wait for an address from created on: the longest"},
		{Name: "latency.toIPP50", Unit: Millis, Better: Less, Title: "IP p50", Means: "wait for an address from bound to a node on: what half of the pods don't exceed"},
		{Name: "latency.toIPP90", Unit: Millis, Better: Less, Title: "IP p90", Means: "wait for an address from bound to a node on: what 90 % of the pods don't exceed"},
		{Name: "latency.toIPP99", Unit: Millis, Better: Less, Title: "IP p99", Means: "wait for an address from bound to a node on: what 99 % of the pods don't exceed"},
		{Name: "latency.toIPMax", Unit: Millis, Better: Less, Title: "IP max", Means: "wait for an address from bound to a node on: the longest"},
		{Name: "addresses.total", Title: "attached", Phrase: "%s attached addresses", Means: "addresses attached to nodes for pods, at the end"},
		{Name: "addresses.assigned", Title: "held", Means: "addresses that pods hold, at the end"},
		{Name: "addresses.idle", Better: Less, Title: "idle", Phrase: "%s idle addresses at the end", Means: "attached addresses that no pod holds, cooling ones included, at the end"},
		{Name: "addresses.idleMean", Unit: Thousandths, Better: Less, Title: "idle mean", Phrase: "%s idle addresses on average", Means: "attached addresses that no pod holds, mean over the run"},
		{Name: "addresses.idlePeak", Better: Less, Title: "idle peak", Phrase: "%s idle addresses at the peak", Means: "attached addresses that no pod holds, the most at any instant"},
		{Name: "addresses.totalMean", Unit: Thousandths, Title: "att. mean", Means: "addresses attached to nodes for pods, mean over the run"},
		{Name: "addresses.totalPeak", Title: "att. peak", Phrase: "%s attached addresses at the peak", Means: "addresses attached to nodes for pods, the most at any instant"},
		{Name: "nodes", Better: Less, Title: "nodes", Phrase: "%s nodes", Means: "nodes that exist at the end"},
		{Name: "enis", Better: Less, Title: "ENIs", Phrase: "%s ENIs", Means: "ENIs of the nodes at the end, branches included"},
		{Name: "subnets.used", Better: Less, Title: "used", Phrase: "%s addresses in use", Means: "addresses of all subnets that are in use at the end"},
		{Name: "subnets.free", Better: More, Title: "free", Means: "addresses that are free at the end in the subnet with the fewest"},
		{Name: "subnets.freeMin", Better: More, Title: "free min", Phrase: "%s free addresses in the fullest subnet", Means: "the fewest that were free in any subnet at any instant"},
		{Name: "ec2.calls", Better: Less, Title: "EC2 calls", Phrase: "%s EC2 calls", Means: "calls to EC2"},
		{Name: "ec2.refused", Better: Less, Title: "refused", Phrase: "%s refused calls", Means: "calls that EC2 refused"},
		{Name: "ec2.throttled", Better: Less, Title: "throttled", Phrase: "%s throttled calls", Means: "calls that EC2 refused since they came too fast"},
		{Name: "ec2.busiestSecond", Better: Less, Title: "calls/s", Means: "calls in the second with the most"},
		{Name: "exhaustion.lasting", Better: Less, Title: "never over", Means: "kinds of exhaustion that are not over at the end"},
		{Name: "exhaustion.over", Better: Less, Title: "over", Means: "kinds of exhaustion that occurred and were over in the end"},
		{Name: "cost.perHour", Unit: MicroUSD, Better: Less, Title: "per hour", Phrase: "%s per hour", Means: "on-demand price of the nodes that exist at the end; unknown if that of one is"},
		{Name: "endedAt", Unit: Millis, Title: "ended", Means: "the instant at which the run ended"},
	}
	for _, a := range actions {
		ms = append(ms, Metric{
			Name: callsPrefix + string(a), Better: Less, Title: strings.TrimSuffix(string(a), "es"), Means: "calls of this action",
		})
	}
	for i := range ms {
		ms[i].index = i
	}
	return ms
}
