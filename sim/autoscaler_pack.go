package sim

import (
	"math"

	"vpcsim/model"
)

// packing is a reckoning of which pods which nodes will take: those to come, and
// new ones.
type packing struct {
	a     *autoscaler
	bins  []*bin
	fresh map[*nodeGroup]int // bins of nodes that are to be launched
	left  addressesLeft
}

// bin is what a node has left for pods.
type bin struct {
	n      *node // with labels and group; of a fresh bin a node that does not exist
	group  *nodeGroup
	subnet *subnet
	fresh  bool

	pods, cpuMilli, memoryMiB int // CPU and memory that are unknown have no end
	podENI, windows           int
	addresses                 *addressRoom // nil: without end

	placed int // pods
	first  model.PodName
}

// unlimited is more of anything than pods ever need.
const unlimited = math.MaxInt32

func (a *autoscaler) newPacking() *packing {
	p := &packing{a: a, fresh: map[*nodeGroup]int{}, left: addressesLeft{}}
	p.growing()
	for _, n := range a.coming {
		p.bins = append(p.bins, p.existing(n))
	}
	return p
}

// place packs the pods of a class that wait, opening bins as they are needed.
func (p *packing) place(c *podClass) {
	left := c.pending
	first := c.waiting.at(0).pod.name
	put := func(b *bin) bool {
		got := p.put(b, c.spec, left)
		if got > 0 && b.first == "" {
			b.first = first
		}
		left -= got
		return got > 0
	}
	for _, b := range p.bins {
		if left == 0 {
			break
		}
		if b.n.suits(c.spec) {
			put(b)
		}
	}
	for left > 0 {
		b, why := p.open(c.spec)
		if b == nil {
			p.a.cannot(c, left, why)
			return
		}
		p.bins = append(p.bins, b)
		p.fresh[b.group]++
		p.left.of(b.subnet).addresses--
		if !put(b) {
			panic("autoscaler: a node that was chosen for a pod has no room for it")
		}
	}
	c.unhelped = unhelped{}
}

// open returns a bin for a new node that takes a pod of the spec: of the first
// group that has one, in the next of its subnets that suits. Subnets without an
// address for the node come last: EC2 will refuse.
func (p *packing) open(spec *PodSpec) (*bin, ScaleReason) {
	why := ScaleNoFit
	for _, g := range p.a.groups {
		full := g.living+p.fresh[g] >= g.Autoscale.Max
		var refused *bin
		for i := range g.subnets {
			s := g.subnets[(g.made+p.fresh[g]+i)%len(g.subnets)]
			n := p.a.e.newNode(g, s)
			if !n.suits(spec) {
				continue
			}
			b := p.template(n)
			if b.room(spec) == 0 {
				continue
			}
			if full {
				why = ScaleMaxReached
				break
			}
			empty := p.left.of(s).addresses <= 0
			switch {
			case p.a.e.cfg.Scheduler.SeesAddresses && (empty || !p.hasAddress(b, spec)):
				if why == ScaleNoFit {
					why = ScaleNoAddresses
				}
			case !empty:
				return b, ""
			case refused == nil:
				refused = b
			}
		}
		if refused != nil {
			return refused, ""
		}
	}
	return nil, why
}

// existing is the bin of a node that was asked for.
func (p *packing) existing(n *node) *bin {
	b := p.template(n)
	b.take(&PodSpec{}, len(n.pods))
	b.cpuMilli -= n.cpuMilli
	b.memoryMiB -= n.memoryMiB
	if n.ready && p.a.e.controller.nodes[n] != nodeComing {
		b.podENI = n.podENI
	}
	b.podENI -= n.podENIUsed
	b.windows -= n.windowsUsed
	return b
}

// template is what a node has to offer when it is ready, its trunk and its
// DaemonSets' pods there.
func (p *packing) template(n *node) *bin {
	g := n.group
	b := &bin{
		n: n, group: g, subnet: n.subnet, fresh: n.name == "",
		pods: g.MaxPods - n.systemPods(), cpuMilli: g.CPUMilli, memoryMiB: g.MemoryMiB,
	}
	if b.cpuMilli == 0 {
		b.cpuMilli = unlimited
	}
	if b.memoryMiB == 0 {
		b.memoryMiB = unlimited
	}
	settings := p.a.e.settingsFor(g.Type)
	if settings.PodENI && !g.Windows {
		b.podENI = branchLimit(g.Type)
	}
	if g.Windows {
		windows, _ := p.a.e.windowsSettings.ForType(g.Type)
		b.windows = model.WindowsCapacity(g.Type, windows.PrefixDelegation)
	} else if p.a.e.cfg.Scheduler.SeesAddresses && !settings.IPv6 {
		b.addresses = n.addressRoom(settings)
	}
	if !n.ready {
		p.daemons(b)
	}
	return b
}

// daemons takes what the pods of the DaemonSets will.
func (p *packing) daemons(b *bin) {
	for _, w := range p.a.e.workloads.all {
		if w.Kind == DaemonSet && w.appeared && b.n.suits(&w.Pod) {
			b.take(&w.Pod, 1)
		}
	}
}

// put packs up to count pods into the bin and returns how many.
func (p *packing) put(b *bin, spec *PodSpec, count int) int {
	count = min(count, b.room(spec))
	if count > 0 && b.addresses.serves(spec) {
		count = b.addresses.attainFor(spec, count, p.left)
	}
	if count > 0 {
		b.take(spec, count)
		b.placed += count
	}
	return count
}

// room is how many pods of the spec fit, addresses of the pool aside.
func (b *bin) room(spec *PodSpec) int {
	k := b.pods
	if spec.CPUMilli > 0 {
		k = min(k, b.cpuMilli/spec.CPUMilli)
	}
	if spec.MemoryMiB > 0 {
		k = min(k, b.memoryMiB/spec.MemoryMiB)
	}
	if needsBranch(spec) {
		k = min(k, b.podENI)
	}
	if b.n.e.needsWindowsAddress(spec) {
		k = min(k, b.windows)
	}
	return max(k, 0)
}

func (b *bin) take(spec *PodSpec, count int) {
	b.pods -= count
	b.cpuMilli -= count * spec.CPUMilli
	b.memoryMiB -= count * spec.MemoryMiB
	if needsBranch(spec) {
		b.podENI -= count
	}
	if b.n.e.needsWindowsAddress(spec) {
		b.windows -= count
	}
}
