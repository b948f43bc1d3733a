package sim

import (
	"slices"

	"vpcsim/model"
)

// addressRoom is how many addresses a node's pool has for further pods, and
// what it may get. With a scheduler that sees addresses the autoscaler reckons
// with it: pods for which a pool is about to grow need no node.
//
// It is coarse: what the pools of several nodes want of a subnet is taken in
// the order of the nodes, warm addresses beyond what pods need are left out, and
// so are quotas and the request rate. Where it was too hopeful EC2 refuses, and
// the next scan knows.
type addressRoom struct {
	settings model.Settings
	have     int // no pod needs them yet; cooling ones included
	most     int // that may be added, by the targets
	fill     []fillable
	enis     int // that may be attached
	slots    int
	places   []*subnet // of new ENIs, in the order in which they are tried
}

// fillable is slots of ENIs that are attached.
type fillable struct {
	subnet *subnet
	slots  int
}

// subnetLeft is what a subnet has left.
type subnetLeft struct{ addresses, prefixes int }

// addressesLeft is what the subnets have left as the reckoning goes on.
type addressesLeft map[*subnet]*subnetLeft

func (l addressesLeft) of(s *subnet) *subnetLeft {
	if l[s] == nil {
		l[s] = &subnetLeft{s.FreeForAddresses(), s.FreePrefixes()}
	}
	return l[s]
}

// copyOf returns what is left of the subnets, to reckon with on the side.
func (l addressesLeft) copyOf(subnets ...*subnet) addressesLeft {
	out := addressesLeft{}
	for _, s := range subnets {
		left := *l.of(s)
		out[s] = &left
	}
	return out
}

// settingsFor are the settings of an agent that starts on the type.
func (e *engine) settingsFor(t model.InstanceType) model.Settings {
	settings, _ := model.ParseSettings(e.env)
	settings, _ = settings.ForVersion(e.cfg.CNI.Version)
	settings, _ = settings.ForType(t)
	return settings
}

// addressRoom is that of the node: as its pool stands, or as that of a node
// whose agent is to start with the settings.
func (n *node) addressRoom(settings model.Settings) *addressRoom {
	if n.ready && n.agent.up {
		room := n.agent.addressRoom()
		room.have = n.agent.pools[0].store.Stats().Available() - n.unaddressed
		return room
	}
	planned := *n
	planned.instance = &instance{kind: n.group.Type, node: &planned, enis: []*eni{{subnet: n.subnet}}}
	a := &agent{e: n.e, node: &planned, settings: settings, backoff: longAgo}
	p := &pool{a: a, settings: settings, store: model.NewDatastore(settings.PrefixDelegation, settings.Cooldown)}
	a.pools = []*pool{p}
	p.store.AddENI(&model.StoreENI{Kind: model.ENIPrimary, Subnet: n.subnet.ID(), Excluded: a.excluded(n.subnet)})
	room := a.addressRoom()
	room.have = -n.unaddressed
	return room
}

// addressRoom is what the pool may get.
func (a *agent) addressRoom() *addressRoom {
	p := a.pools[0]
	r := &addressRoom{settings: a.settings, most: unlimited, enis: p.room(), slots: a.limits().Slots}
	stats := p.store.Stats()
	if s := a.settings; s.DefinesIPs() && s.WarmIPTarget == 0 {
		r.most = max(0, s.MinimumIPTarget-stats.Total)
	}
	if ok, _ := a.mayProvision(); !ok {
		r.most = 0
	}
	for _, e := range p.store.GrowCandidates(a.settings, a.limits(), nil) {
		r.fill = append(r.fill, fillable{a.e.ec2.named[e.Subnet], r.slots - e.BlockCount()})
	}
	for _, p := range a.places() {
		r.places = append(r.places, p.subnet)
	}
	return r
}

// serves reports whether pods of the spec take an address of the pool. A nil
// room has no end.
func (r *addressRoom) serves(spec *PodSpec) bool {
	return r != nil && !spec.HostNetwork && !(r.settings.PodENI && needsBranch(spec))
}

// hasAddress reports whether a new node would have an address for a pod.
func (p *packing) hasAddress(b *bin, spec *PodSpec) bool {
	if !b.addresses.serves(spec) {
		return true
	}
	left := p.left.copyOf(slices.Concat(b.addresses.places, []*subnet{b.subnet})...)
	left.of(b.subnet).addresses--
	trial := *b.addresses
	trial.fill = slices.Clone(trial.fill)
	return trial.attain(1, left) > 0
}

// attain takes up to want addresses, those that are there first, then of ENIs
// that have free slots, then of new ones, and returns how many it could.
func (r *addressRoom) attain(want int, left addressesLeft) int {
	for r.have < want && r.most > 0 {
		got := r.grow(want-r.have, left)
		if got == 0 {
			break
		}
		got = min(got, r.most)
		r.have += got
		r.most -= got
	}
	got := max(0, min(want, r.have))
	r.have -= got
	return got
}

// grow is one step: as much of want as the first ENI with free slots takes, or a
// new ENI.
func (r *addressRoom) grow(want int, left addressesLeft) int {
	for i := range r.fill {
		f := &r.fill[i]
		if got := r.take(left.of(f.subnet), min(f.slots, r.blocks(want))); got > 0 {
			f.slots -= got
			return got * r.blockSize()
		}
	}
	if r.enis == 0 {
		return 0
	}
	for _, s := range r.places {
		in := left.of(s)
		if in.addresses < 1 {
			continue
		}
		trial := *in
		trial.addresses--
		ask := min(r.slots, max(r.least(), 1))
		if r.take(&trial, ask) < ask {
			continue // a new ENI comes with all that it is asked for, or not at all
		}
		*in = trial
		r.enis--
		r.fill = append(r.fill, fillable{s, r.slots - ask})
		return ask * r.blockSize()
	}
	return 0
}

// least is how many blocks the agent asks for with a new ENI.
func (r *addressRoom) least() int {
	switch s := r.settings; {
	case s.DefinesIPs():
		return 1
	case s.PrefixDelegation:
		return s.WarmPrefixTarget
	default:
		return r.slots
	}
}

// take takes up to so many blocks of a subnet.
func (r *addressRoom) take(of *subnetLeft, blocks int) int {
	from := &of.addresses
	if r.settings.PrefixDelegation {
		from = &of.prefixes
	}
	got := max(0, min(blocks, *from))
	*from -= got
	return got
}

// blocks is how many blocks hold so many addresses.
func (r *addressRoom) blocks(addresses int) int {
	return (addresses + r.blockSize() - 1) / r.blockSize()
}

func (r *addressRoom) blockSize() int {
	if r.settings.PrefixDelegation {
		return model.PrefixSize
	}
	return 1
}

// growing adds the nodes that are ready and whose pools have addresses, which
// pods in their back-off have not seen yet, or will have: they grow, or addresses
// cool.
func (p *packing) growing() {
	e := p.a.e
	if !e.cfg.Scheduler.SeesAddresses {
		return
	}
	for _, n := range e.nodes {
		if n.gone || !n.ready || n.cordoned || n.windows != nil || n.agent.settings.IPv6 {
			continue
		}
		free := n.freeAddresses() > 0
		if !free && !n.shortOf().Cures() {
			continue
		}
		b := p.existing(n)
		if free && n.agent.pools[0].refused != nil {
			b.addresses.most = 0
		}
		p.bins = append(p.bins, b)
	}
}
