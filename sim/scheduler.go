package sim

// scheduler places pods on nodes.
type scheduler struct {
	e *engine
}

func newScheduler(e *engine) *scheduler { return &scheduler{e: e} }

// add takes a new pod without a node.
func (s *scheduler) add(p *pod) {}

// withdraw forgets a pending pod that is deleted.
func (s *scheduler) withdraw(p *pod) {}

// nodeAdded, nodeChanged and nodeGone say that a node's state that bears on
// placement is another: pods, cordon, readiness.
func (s *scheduler) nodeAdded(n *node)   {}
func (s *scheduler) nodeChanged(n *node) {}
func (s *scheduler) nodeGone(n *node)    {}
