package simtest

import (
	"slices"
	"time"

	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// Summary are the numbers of a run that tests ask for.
type Summary struct {
	// Of the pods: all that ever were, those that run, those that have no node or
	// are not ready, as pods.pending in CEL, those of these that have a node, and
	// how often the CNI could give none an address.
	Created, Running, Pending, ContainerCreating, FailedAttempts int
	// Gone are pods that were deleted, or ran to their end, without ever having had
	// an address although they asked for one.
	Gone int
	// Nodes that exist, and the ENIs in their datastores, primary ones included.
	Nodes, ENIs int
	// Addresses of the agents' pools. Primary addresses are not among them.
	Addresses replay.Totals
	// Exhaustion are the kinds of exhaustion that there were, and Unresolved
	// those that were not over at the end, both in the order of their first.
	Exhaustion, Unresolved []sim.Kind
	// StartLatency is the wait for an address from created on, TimeToIP from bound
	// on.
	StartLatency, TimeToIP Latency
	// Calls are the calls to EC2 by action, refused ones included.
	Calls map[sim.Action]int
}

// Latency are percentiles by the nearest rank, of all pods that need an address. One
// that has had none counts with its wait until it was deleted, or so far. 0 if there
// are none.
type Latency struct{ P50, P90, P99, Max time.Duration }

// Summary returns the numbers at the end of the run.
func (r *Played) Summary() Summary { return SummaryOf(r.state) }

// SummaryOf returns the numbers up to the instant of a state, such as one of
// Played.At.
func SummaryOf(s *replay.State) Summary {
	p := s.Pods.Count()
	sum := Summary{
		Created: p.Created, Running: p.Running, Pending: p.Waiting(), ContainerCreating: p.ContainerCreating, FailedAttempts: p.FailedAttempts, Gone: p.Gone,
		Addresses:    s.Totals(),
		StartLatency: latencyOf(&s.Pods.Wait, s.Now), TimeToIP: latencyOf(&s.Pods.WaitBound, s.Now),
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

func latencyOf(l *replay.Waits, now model.Instant) Latency {
	return Latency{P50: l.Percentile(50, now), P90: l.Percentile(90, now), P99: l.Percentile(99, now), Max: l.Max(now)}
}
