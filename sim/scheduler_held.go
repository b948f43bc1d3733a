package sim

import "vpcsim/model"

// Pods that no node takes while nodes are on their way whose start-up EC2's rate
// holds up. Such a node is not ready like any other that starts; but a pod that it
// would take waits for the rate, not for what the ready nodes lack.

// holdsUp reports whether the node would take a pod of the class, were its start-up
// not held up by EC2's rate. Branch ENIs it offers once it is ready.
func (s *scheduler) holdsUp(c *podClass, n *node) bool {
	return (n.agent.heldBy.code == model.RequestLimitExceeded || n.agent.refusedByRate()) && n.windows == nil &&
		matches(c.spec.NodeSelector, n) && resources(c.spec, n)&^outcomePodENI == outcomeFits
}

// roomFor is how many pods of the class the node has room for.
func (n *node) roomFor(spec *PodSpec) int {
	room := n.maxPods - n.podCount()
	for _, r := range []struct{ request, used, allocatable int }{
		{spec.CPUMilli, n.cpuMilli, n.group.CPUMilli}, {spec.MemoryMiB, n.memoryMiB, n.group.MemoryMiB},
	} {
		if r.request > 0 && r.allocatable > 0 {
			room = min(room, (r.allocatable-r.used)/r.request)
		}
	}
	return max(0, room)
}

// startHeldUp says that EC2's rate begins or ceases to hold up a node's start-up.
func (s *scheduler) startHeldUp(n *node) {
	s.changed(n)
	s.doubt()
}

// doubt looks anew whether pods wait for EC2's rate. That is no attempt to place
// them: no node takes more than before.
func (s *scheduler) doubt() {
	s.doubtful = true
	s.wake()
}

// settleDoubt tells the pods of each class that has begun to wait for EC2's rate, or
// ceased to.
func (s *scheduler) settleDoubt() {
	s.doubtful = false
	for _, c := range s.inOrder {
		if c.waiting.at(0) == nil {
			continue
		}
		s.lookUp(c)
		f := s.failureOfClass(c)
		if (f.kind == KindThrottling) == (c.failure.kind == KindThrottling) {
			continue
		}
		c.failure = f
		for _, w := range c.waiting.pods {
			if w != nil && w.pod.waits() {
				s.tell(w.pod, f)
			}
		}
	}
}

// failureOfClass is why no node fits the class, as of its index.
func (s *scheduler) failureOfClass(c *podClass) failure {
	f := s.failureOf(c.index.tally, onTheWay{trunk: s.e.controller.coming > 0, room: c.index.room >= max(1, c.pending)})
	f.seen = c.index.seen
	return f
}

// onTheWay is what will come without anybody's doing.
type onTheWay struct {
	trunk bool // a node is about to have a trunk
	room  bool // nodes that EC2's rate holds up will take all pods that wait
}
