package capacity

import (
	"fmt"
	"time"

	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// Demands are what a run has to meet beside that everything runs in the end.
type Demands struct {
	// MaxWait is the longest that a pod may wait for its address from its
	// creation on, also one that never gets it; 0: as long as it likes.
	MaxWait time.Duration
}

// Kind is what stops a value: a kind of exhaustion, or one of these.
type Kind string

// What stops a value beside exhaustion.
const (
	KindWaiting  Kind = "waiting"  // pods wait at the end, though nothing ran out
	KindGone     Kind = "gone"     // pods were deleted before they had an address, though nothing ran out
	KindMaxWait  Kind = "max-wait" // a pod waited longer than was demanded
	KindHeadroom Kind = "headroom" // less was left than was demanded
	KindInvalid  Kind = "invalid"  // the scenario makes no sense with it
	KindLimit    Kind = "limit"    // a limit of the scenario ended the run
	// KindExpectation: an expectation of the scenario doesn't hold.
	KindExpectation Kind = "expectation"
)

// Stop is what stops a value.
type Stop struct {
	Kind     Kind
	Scope    string // node, subnet, cluster; empty where it is no exhaustion
	Name     string
	Reason   string
	CappedBy string
	Message  string
	Numbers  map[sim.Number]int
	Remedy   string
	// Pending and Creating are the pods that wait at the end, Running those that
	// run.
	Pending, Creating, Running int
	// Gone of the Created pods were deleted before they had an address.
	Gone, Created int
	// Expectation is the one that doesn't hold; of KindExpectation only.
	Expectation *Unmet
}

// Waiting counts the pods that wait.
func (s *Stop) Waiting() int { return s.Pending + s.Creating }

// Judge returns what stopped a run that has ended, nil if it fits: no pod waits,
// none was deleted before it had an address, every node was launched, and what is
// demanded is met.
func Judge(s *replay.State, d Demands) *Stop {
	n := s.Pods.Count()
	stop := &Stop{Pending: n.Pending, Creating: n.ContainerCreating, Running: n.Running, Gone: n.Gone, Created: n.Created}
	if ep := worst(s); ep != nil {
		return stop.by(ep)
	}
	if n.Waiting() > 0 {
		stop.Kind, stop.Message = KindWaiting, "nothing ran out, but not all pods run when the run ends"
		return stop
	}
	if n.Gone > 0 {
		if ep := hinderedMost(s); ep != nil {
			return stop.by(ep)
		}
		stop.Kind, stop.Message = KindGone, "nothing ran out, but not all pods had an address before they were deleted"
		return stop
	}
	if longest := s.Pods.Wait.Max(s.Now); d.MaxWait > 0 && longest > d.MaxWait {
		stop.Kind = KindMaxWait
		stop.Message = fmt.Sprintf("a pod waited %s for its address, and may wait %s", longest, d.MaxWait)
		return stop
	}
	return nil
}

// by says that an exhaustion stops it.
func (s *Stop) by(ep *replay.Episode) *Stop {
	s.Kind, s.Scope, s.Name = Kind(ep.Kind), ep.Scope, ep.Name
	s.Reason, s.CappedBy, s.Message = ep.Reason, ep.CappedBy, ep.Message
	s.Numbers, s.Remedy = ep.Numbers, ep.Remedy
	return s
}

// hinderedMost is, of the exhaustion that kept most of the pods that are gone from
// an address, the episode that hit most pods, then the first.
func hinderedMost(s *replay.State) *replay.Episode {
	var out *replay.Episode
	kind := s.Pods.GoneFor()[0].Kind
	for _, ep := range s.Episodes {
		if ep.Kind == kind && (out == nil || ep.Pods > out.Pods) {
			out = ep
		}
	}
	return out
}

// worst is the exhaustion that has not ended: real one before what cures itself,
// then that of most pods, then the first.
func worst(s *replay.State) *replay.Episode {
	var out *replay.Episode
	for _, ep := range s.Episodes {
		switch {
		case !ep.Open():
		case out == nil,
			out.Cures() && !ep.Cures(),
			out.Cures() == ep.Cures() && ep.Pods > out.Pods:
			out = ep
		}
	}
	return out
}

// Use is how much of what there is was used.
type Use struct {
	Pods   int // that run at the end
	Nodes  int
	Places int // max-pods of all nodes; 0 on ECS
	Taken  int // of them, system pods included
	System int
	// Addresses are attached to the nodes, Held by pods at the end.
	Addresses, Held int
	Subnets         []SubnetUse
	// LeastPlaces of LeastOf pod places were free at the peak, where that was
	// measured for a headroom; LeastOf 0: it was not.
	LeastPlaces, LeastOf int
	LongestWait          time.Duration
}

// SubnetUse is how much of a subnet is used at the end.
type SubnetUse struct {
	Name         string
	Used, Usable int
}

// UseOf sums what a run uses at its end.
func UseOf(s *replay.State) Use {
	u := Use{Pods: s.Pods.Count().Running, LongestWait: s.Pods.Wait.Max(s.Now)}
	for _, n := range s.Nodes {
		if n.Gone() {
			continue
		}
		u.Nodes++
		u.Places += n.Launched.MaxPods
		u.System += n.Launched.SystemPods
		u.Taken += n.Bound() + n.Launched.SystemPods
	}
	t := s.Totals()
	u.Addresses, u.Held = t.Total, t.Assigned
	for _, sn := range s.Subnets {
		st := sn.Stats()
		u.Subnets = append(u.Subnets, SubnetUse{string(sn.Name), st.Used, st.Usable})
	}
	return u
}

// Exhausted reports whether the stop is one of the simulation's kinds.
func (s *Stop) Exhausted() bool { return s.Scope != "" }

// is compares with a kind of exhaustion.
func (s *Stop) is(k sim.Kind) bool { return s.Kind == Kind(k) }
