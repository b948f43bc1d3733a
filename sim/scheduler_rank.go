package sim

// rank orders the nodes that fit; the least is the best. Nodes of equal rank
// are drawn among.
type rank uint64

// rank is the node's rank by the strategy.
//
//	kube       pods of the workload on the node, then least allocated
//	binpack    most allocated, then the order of the nodes
//	first-fit  the order of the nodes
//	random     all alike
//
// Pods of the workload in the zone, which come first for kube, are not in it:
// they change for all nodes of the zone at once, so an index has a part for
// each zone.
func (s *scheduler) rank(c *podClass, n *node) rank {
	switch s.e.cfg.Scheduler.Strategy {
	case StrategyBinpack:
		return rank(perMille-allocated(c.spec, n))<<32 | rank(n.index)
	case StrategyFirstFit:
		return rank(n.index)
	case StrategyRandom:
		return 0
	default:
		return rank(c.spread.on(n))<<32 | rank(allocated(c.spec, n))
	}
}

const perMille = 1000

// allocated is how much of the node is requested with the pod on it: per mille
// of the mean of CPU and memory, 0 … 1000. Capacity that is not known counts 0.
//
// Source: the NodeResourcesFit plugin of kube-scheduler scores so by default,
// coarser (per cent).
func allocated(spec *PodSpec, n *node) int {
	cpu, memory := scoreRequests(spec)
	return (share(n.scoreCPU+cpu, n.group.CPUMilli) + share(n.scoreMiB+memory, n.group.MemoryMiB)) / 2
}

func share(used, allocatable int) int {
	if allocatable == 0 {
		return 0
	}
	return min(used*perMille/allocatable, perMille)
}

// spread counts a workload's pods by node and by zone. A nil spread is that of
// pods without a workload: they are not spread.
type spread struct {
	node []int // by node.index
	zone []int // by number of the zone
}

func (p *spread) on(n *node) int {
	if p == nil || n.index >= len(p.node) {
		return 0
	}
	return p.node[n.index]
}

func (p *spread) in(zone int) int {
	if p == nil || zone >= len(p.zone) {
		return 0
	}
	return p.zone[zone]
}

func (p *spread) add(n *node, zone, by int) {
	for len(p.node) <= n.index {
		p.node = append(p.node, 0)
	}
	for len(p.zone) <= zone {
		p.zone = append(p.zone, 0)
	}
	p.node[n.index] += by
	p.zone[zone] += by
}
