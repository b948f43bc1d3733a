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
	// cards are the pools of the network cards above 0, on that of card 0.
	cards []*addressRoom
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
		room.due(n)
		return room
	}
	planned := *n
	planned.instance = &instance{kind: n.group.Type, node: &planned, enis: []*eni{{subnet: n.subnet}}}
	a := &agent{e: n.e, node: &planned, settings: settings, backoff: longAgo}
	a.openPools()
	a.pools[0].store.AddENI(&model.StoreENI{Kind: model.ENIPrimary, Subnet: n.subnet.ID(), Excluded: a.excluded(n.subnet)})
	room := a.addressRoom()
	room.due(n)
	return room
}

// due takes away what pods need that are on the node and have no address yet:
// those that want one of each card, and the others of card 0 as far as that has
// them.
func (r *addressRoom) due(n *node) {
	each := n.unaddressedEach
	r.have -= each
	for _, c := range r.cards {
		c.have -= each
	}
	others := n.unaddressed - each
	for _, c := range append([]*addressRoom{r}, r.cards...) {
		from := min(others, max(c.have, 0))
		c.have -= from
		others -= from
	}
	r.have -= others
}

// addressRoom is what the pools may get.
func (a *agent) addressRoom() *addressRoom {
	room := a.pools[0].addressRoom()
	for _, p := range a.pools[1:] {
		room.cards = append(room.cards, p.addressRoom())
	}
	return room
}

// addressRoom is what the pool has, and may get.
func (p *pool) addressRoom() *addressRoom {
	a := p.a
	stats := p.store.Stats()
	r := &addressRoom{settings: p.settings, have: stats.Available(), most: unlimited, enis: p.room(), slots: a.limits().Slots}
	if s := p.settings; s.DefinesIPs() && s.WarmIPTarget == 0 {
		r.most = max(0, s.MinimumIPTarget-stats.Total)
	}
	if ok, _ := a.mayProvision(); !ok {
		r.most = 0
	}
	for _, e := range p.store.GrowCandidates(p.settings, a.limits(), nil) {
		r.fill = append(r.fill, fillable{a.e.ec2.named[e.Subnet], r.slots - e.BlockCount()})
	}
	for _, place := range a.places() {
		r.places = append(r.places, place.subnet)
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
	return b.addresses.clone().attainFor(spec, 1, left) > 0
}

func (r *addressRoom) clone() *addressRoom {
	out := *r
	out.fill = slices.Clone(r.fill)
	out.cards = slices.Clone(r.cards)
	for i, c := range out.cards {
		out.cards[i] = c.clone()
	}
	return &out
}

// attainFor takes addresses for up to want pods of the spec, and returns for how
// many it could: one of each card for a pod that wants them all, or one of the
// first card that has it.
func (r *addressRoom) attainFor(spec *PodSpec, want int, left addressesLeft) int {
	if !r.settings.MultiNIC || !asksEveryCard(spec, r.settings) {
		got := r.attain(want, left)
		for _, c := range r.cards {
			got += c.attain(want-got, left)
		}
		return got
	}
	all := append([]*addressRoom{r}, r.cards...)
	for got := range want {
		for i, c := range all {
			if c.attain(1, left) == 0 {
				for _, before := range all[:i] {
					before.have++
				}
				return got
			}
		}
	}
	return want
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
		free := false
		cures := n.shortOf(&PodSpec{}).Cures()
		for _, pl := range n.agent.pools {
			free = free || pl.free() > 0
			cures = cures || pl.diagnose().kind.Cures()
		}
		if !free && !cures {
			continue
		}
		b := p.existing(n)
		for i, room := range append([]*addressRoom{b.addresses}, b.addresses.cards...) {
			due := n.unaddressedEach
			if i == 0 {
				due = n.unaddressed
			}
			if i == len(n.agent.pools) {
				break // the agent is down, and its settings have changed
			}
			if pl := n.agent.pools[i]; pl.free() > due && pl.refused != nil {
				room.most = 0
			}
		}
		p.bins = append(p.bins, b)
	}
}
