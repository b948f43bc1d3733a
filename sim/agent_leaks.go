package sim

import (
	"slices"
	"time"

	"vpcsim/model"
)

// An agent that is killed between creating an ENI and attaching it, or between
// detaching and deleting it, leaks the ENI: its addresses stay taken until a
// clean-up finds it. Source: VPC CNI source comments and changelog 1.6.0,
// 1.13.0; observed in v1.23.1.
//
// Coarser than reality: an agent cleans up after itself and after nodes that
// are gone, where the real one finds what any node of the cluster leaked.
const (
	leakDelay  = 300 * time.Second // each clean-up waits for up to this, in whole seconds
	leakPeriod = time.Hour         // from one to the wait before the next
	leakMinAge = 5 * time.Minute   // a younger ENI may be about to be attached
)

// watchLeaks sets the clean-ups where something has leaked.
func (a *agent) watchLeaks() {
	if a.keepsLeaks() || a.cleaning || !slices.ContainsFunc(a.leaked(), (*eni).ofAgent) {
		return
	}
	a.cleanNext()
}

// leaked are the ENIs that a clean-up of the agent looks at.
func (a *agent) leaked() []*eni { return slices.Concat(a.instance().loose, a.e.ec2.orphans) }

// watchOrphans sets the clean-ups of all agents, where the instance has left
// ENIs behind.
func (e *engine) watchOrphans(in *instance) {
	if len(in.loose) == 0 {
		return
	}
	for _, n := range e.nodes {
		if !n.gone && n.agent.up {
			n.agent.watchLeaks()
		}
	}
}

// ofAgent reports whether a clean-up of the agents would see the ENI while it is not
// attached: one that an agent made. It tells them by a tag of the instance and by the
// beginning of their description, which the resource controller's trunks and branches
// have not.
func (ni *eni) ofAgent() bool { return ni.kind == model.ENISecondary && !ni.deleted }

// keepsLeaks reports whether DISABLE_LEAKED_ENI_CLEANUP is on.
func (a *agent) keepsLeaks() bool { return a.settings.KeepLeakedENIs || a.settings.NoProvisioning }

// cleanNext sets the next clean-up. They run from the agent's start on; those that
// had nothing to find are not played, and only their times are drawn. A run does not
// settle before one, unless EC2 refuses deletions for good.
func (a *agent) cleanNext() {
	if a.cleaning {
		return
	}
	a.cleaning = true
	delay := func() time.Duration {
		return time.Duration(a.chance.pick(int(leakDelay/time.Second))) * time.Second
	}
	if a.cleanAt == model.Never {
		a.cleanAt = a.startedAt.Add(delay())
	}
	for a.cleanAt <= a.e.now {
		a.cleanAt = a.cleanAt.Add(leakPeriod + delay())
	}
	life := a.life
	clean := func() {
		if a.life == life {
			a.cleanLeaks()
		}
	}
	if a.e.ec2.refusesForGood(a.node.name, DeleteNetworkInterface) {
		a.e.at(a.cleanAt, clean)
	} else {
		a.e.promise(a.cleanAt, clean)
	}
}

// cleanLeaks deletes what has leaked and is old enough; what is too young, or can't be
// deleted, waits for the next clean-up. It runs beside the loop.
func (a *agent) cleanLeaks() {
	a.cleaning = false
	young := false
	for _, ni := range a.leaked() {
		switch {
		case a.inFlight == ni || !ni.ofAgent():
		case a.e.now.Sub(ni.madeAt) < leakMinAge:
			young = true
		default:
			r := a.e.ec2.deletion(a.instance(), ni, a.alive(func(code model.ErrorCode) {
				if code != "" {
					a.cleanNext()
				}
			}))
			r.beside = true
			a.e.ec2.send(r)
		}
	}
	if young {
		a.cleanNext()
	}
}
