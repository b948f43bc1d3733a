package sim

import (
	"fmt"
	"iter"

	"vpcsim/model"
)

// pod is a pod from its creation until it is gone.
type pod struct {
	name    model.PodName
	spec    *PodSpec
	owner   *workload // nil for a pod that no controller made
	ordinal int       // of a StatefulSet's pod
	seq     int       // order of creation in the run
	// revision is the owner's when the pod was made; a roll-out replaces older
	// ones.
	revision int
	target   *node // of a DaemonSet's pod: the node it is for

	// What is small stands together, as there are many pods. Beside counts pods of
	// churn and create: not in the replicas. counted and countedReady say in which
	// of its controller's counts it is.
	beside, counted, countedReady bool
	deleting                      bool  // deletion was asked for
	atCapacity                    uint8 // looks of the resource controller in a row at a full Windows node
	phase                         podPhase

	node     *node
	lease    *model.Lease   // the first; nil: none
	more     []*model.Lease // of the other network cards
	attempts int            // of kubelet, failed ones
	tries    int            // of the scheduler, failed ones

	queued      *podClass // where it waits for a node
	unaddressed bool      // its node counts it as one that needs an address
	// unaddressedEach: likewise, of each network card.
	unaddressedEach bool

	grant   *model.WindowsGrant // its annotation on a Windows node; nil: none
	branch  *model.Branch       // its annotation; nil: none
	request branchRequest

	boundAt model.Instant
	wait    *episode // the exhaustion that it waits for
	since   model.Instant
	hits    []int // ids of the episodes that counted it
}

// podPhase is how far a pod has come.
type podPhase uint8

const (
	podPending  podPhase = iota // without a node
	podCreating                 // bound, without an address
	podStarting                 // addressed, or on the host network
	podRunning                  // ready
	podDone                     // completed
	podGone
)

// daemon reports whether a DaemonSet made the pod.
func (p *pod) daemon() bool { return p.owner != nil && p.owner.Kind == DaemonSet }

// needsBranch reports whether the pod asks for a branch ENI.
func (p *pod) needsBranch() bool { return needsBranch(p.spec) }

// needsBranch reports whether pods of the spec ask for one: neither those on the
// host network do nor those for Windows nodes.
func needsBranch(spec *PodSpec) bool {
	return (spec.PodENI || len(spec.BranchGroups) > 0) && !spec.HostNetwork && !isWindows(spec)
}

// leases are all addresses that the pod has of its node's agent.
func (p *pod) leases() iter.Seq[*model.Lease] {
	return func(yield func(*model.Lease) bool) {
		if p.lease == nil || !yield(p.lease) {
			return
		}
		for _, l := range p.more {
			if !yield(l) {
				return
			}
		}
	}
}

// workloadName is the name of the controller, or empty.
func (p *pod) workloadName() model.WorkloadName {
	if p.owner == nil {
		return ""
	}
	return p.owner.Name
}

// createPod makes a pod and hands it on: to its node if it names one, else to
// the scheduler.
func (e *engine) createPod(p *pod) {
	if !e.register(p) {
		return
	}
	if p.spec.Node == "" {
		e.scheduler.add(p)
		return
	}
	n := e.nodeNamed[p.spec.Node]
	if n == nil {
		e.pinned[p.spec.Node] = append(e.pinned[p.spec.Node], p)
		e.troubles.noSuchNode(p)
		return
	}
	e.kubelet.bind(p, n, true)
}

// register notes that the pod exists; false: there are too many.
func (e *engine) register(p *pod) bool {
	p.seq = e.podsMade
	e.podsMade++
	if limit := e.cfg.Limits.Pods; limit > 0 && e.podsMade > limit {
		e.stop(fmt.Sprintf("limits.pods: %d pods", limit))
		return false
	}
	e.podNamed[p.name] = p
	e.log("", PodCreated{p.name, p.workloadName(), p.spec.HostNetwork})
	return true
}

// bindPinned binds the pods that named the node before it was there.
func (e *engine) bindPinned(n *node) {
	pods := e.pinned[n.name]
	delete(e.pinned, n.name)
	for _, p := range pods {
		if p.waits() {
			e.kubelet.bind(p, n, true)
		}
	}
}
