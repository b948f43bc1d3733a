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
// Coarser than reality: an agent cleans up after itself only, where the real
// one finds what any node of the cluster leaked.
const (
	leakFirst  = 5 * time.Minute // the first clean-up is within this time of the start
	leakPeriod = time.Hour
	leakMinAge = 5 * time.Minute // a younger ENI may be about to be attached
)

// watchLeaks sets the clean-ups where something has leaked.
func (a *agent) watchLeaks() {
	if a.keepsLeaks() || a.cleaning || !slices.ContainsFunc(a.instance().loose, (*eni).ofAgent) {
		return
	}
	a.cleaning = true
	a.cleanAfter(time.Duration(a.chance.pick(int(leakFirst.Milliseconds())+1)) * time.Millisecond)
}

// ofAgent reports whether a clean-up of the agents would see the ENI while it is not
// attached: one that an agent made. It tells them by a tag of the instance and by the
// beginning of their description, which the resource controller's trunks and branches
// have not.
func (ni *eni) ofAgent() bool { return ni.kind == model.ENISecondary && !ni.deleted }

// keepsLeaks reports whether DISABLE_LEAKED_ENI_CLEANUP is on.
func (a *agent) keepsLeaks() bool { return a.settings.KeepLeakedENIs || a.settings.NoProvisioning }

func (a *agent) cleanAfter(wait time.Duration) {
	life := a.life
	a.e.promise(a.e.now.Add(wait), func() {
		if a.life == life {
			a.cleanLeaks()
		}
	})
}

// cleanLeaks deletes what has leaked and is old enough; what is too young waits
// for the next clean-up. It runs beside the loop.
func (a *agent) cleanLeaks() {
	a.cleaning = false
	again := false
	for _, ni := range slices.Clone(a.instance().loose) {
		switch {
		case a.inFlight == ni || !ni.ofAgent():
		case a.e.now.Sub(ni.madeAt) < leakMinAge:
			again = true
		default:
			a.e.ec2.delete(a.instance(), ni, a.alive(func(model.ErrorCode) {}))
		}
	}
	if again {
		a.cleaning = true
		a.cleanAfter(leakPeriod)
	}
}
