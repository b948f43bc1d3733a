package simtest

import (
	"slices"
	"time"

	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// Summary are the numbers of a run that tests ask for.
type Summary struct {
	// Of the pods: all that ever were, those that exist by phase, and how often
	// the CNI could give none an address.
	Created, Running, Pending, ContainerCreating, FailedAttempts int
	// Nodes that exist, and the ENIs in their datastores, primary ones included.
	Nodes, ENIs int
	// Addresses of the agents' pools. Primary addresses are not among them.
	Addresses replay.Totals
	// Exhaustion are the kinds of exhaustion that there were, and Unresolved
	// those that were not over at the end, both in the order of their first.
	Exhaustion, Unresolved []sim.Kind
	// StartLatency is from created to addressed, TimeToIP from bound to addressed.
	StartLatency, TimeToIP Latency
	// Calls are the calls to EC2 by action, refused ones included.
	Calls map[sim.Action]int
}

// Latency are percentiles by the nearest rank, of all pods that were given an
// address; 0 if none was.
type Latency struct{ P50, P90, P99, Max time.Duration }

// Summary returns the numbers at the end of the run.
func (r *Played) Summary() Summary { return SummaryOf(r.state) }

// SummaryOf returns the numbers up to the instant of a state, such as one of
// Played.At.
func SummaryOf(s *replay.State) Summary {
	p := s.Pods.Count()
	sum := Summary{
		Created: p.Created, Running: p.Running, Pending: p.Pending, ContainerCreating: p.ContainerCreating, FailedAttempts: p.FailedAttempts,
		Addresses:    s.Totals(),
		StartLatency: latencyOf(&s.Pods.StartLatency), TimeToIP: latencyOf(&s.Pods.TimeToIP),
		Calls: map[sim.Action]int{},
	}
	for _, n := range s.Nodes {
		if !n.Gone() {
			sum.Nodes++
			sum.ENIs += len(n.Attached())
		}
	}
	for _, ep := range s.Episodes {
		if !slices.Contains(sum.Exhaustion, ep.Kind) {
			sum.Exhaustion = append(sum.Exhaustion, ep.Kind)
		}
		if ep.Open() && !slices.Contains(sum.Unresolved, ep.Kind) {
			sum.Unresolved = append(sum.Unresolved, ep.Kind)
		}
	}
	for _, c := range s.Calls.ByAction() {
		sum.Calls[c.Action] = c.Count
	}
	return sum
}

func latencyOf(l *replay.Latencies) Latency {
	return Latency{P50: l.Percentile(50), P90: l.Percentile(90), P99: l.Percentile(99), Max: l.Max()}
}
