package sim

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"vpcsim/model"
)

// checker holds a run to what must be true at every instant. It judges in two
// ways: events by the log alone, and the engine's state after every timer by
// recomputing what the engine keeps in sums, from what exists.
type checker struct {
	e *engine

	seq int64
	at  model.Instant
	// cooling is, by node, until when the log says that an address cools.
	cooling map[model.NodeName]map[netip.Addr]model.Instant
	// ghosts are, by node, addresses whose pod left while the agent's start
	// ran: they stay taken in its datastore until the next start.
	ghosts map[model.NodeName]map[netip.Addr]bool
	// dropped are addresses of living pods that reconcile dropped under them.
	dropped map[podAddress]bool
	// miscounted is, by node and card, how many prefixes the agent counts that
	// are not in its datastore any more: model.Datastore.LeaveBlock.
	miscounted map[model.NodeName]map[int]int
	windows    map[model.NodeName]*windowsView
	buckets    map[Action]bucketView
	vlans      map[vlanUse]model.ENIID // of branches that exist
	outOfSight map[model.ENIID]bool    // branches that the controller does not know of
	shared     map[vlanUse]bool        // it has found one again whose id another has got meanwhile
	// branched are pods that were given the address of a branch ENI.
	branched map[model.PodName]bool
	// gaveBack is when something of the subnet was given back last, where a test
	// wants to know.
	gaveBack map[model.SubnetID]model.Instant

	timers   int // of this instant
	timersAt model.Instant

	claims [][]model.AddressUse // by subnet, by address; reused
}

// podAddress is an address of a pod.
type podAddress struct {
	pod     model.PodName
	address netip.Addr
}

// newChecked returns an engine for cfg with a checker on it. Whatever breaks a
// rule ends the run with an error of the sink.
func newChecked(cfg Config, sink func(Event) error) (*engine, *checker, error) {
	c := &checker{
		cooling:  map[model.NodeName]map[netip.Addr]model.Instant{},
		ghosts:   map[model.NodeName]map[netip.Addr]bool{},
		dropped:  map[podAddress]bool{},
		branched: map[model.PodName]bool{},

		miscounted: map[model.NodeName]map[int]int{},
		windows:    map[model.NodeName]*windowsView{},
		buckets:    map[Action]bucketView{},
		vlans:      map[vlanUse]model.ENIID{},
		outOfSight: map[model.ENIID]bool{},
		shared:     map[vlanUse]bool{},
	}
	e, err := newEngine(cfg, func(ev Event) error {
		if err := errors.Join(c.event(ev), unknownWord(ev)); err != nil {
			return fmt.Errorf("event %d, %s at %s on %q %+v: %w", ev.Seq, ev.Body.Type(), ev.At, ev.Node, ev.Body, err)
		}
		return sink(ev)
	})
	if err != nil {
		return nil, nil, err
	}
	c.e = e
	e.afterTimer = func() {
		if c.timers++; e.now != c.timersAt {
			c.timers, c.timersAt = 0, e.now
		}
		if c.timers > 10_000 {
			e.sinkErr = fmt.Errorf("after event %d: an endless loop at %s", e.seq-1, e.now)
			return
		}
		if err := c.state(); err != nil && e.sinkErr == nil {
			e.sinkErr = fmt.Errorf("after event %d at %s: %w", e.seq-1, e.now, err)
		}
	}
	return e, c, nil
}

// event judges by the log alone, but for who lives on a node.
func (c *checker) event(ev Event) error {
	if ev.Seq != c.seq {
		return fmt.Errorf("event %d was expected", c.seq)
	}
	if ev.At < c.at {
		return fmt.Errorf("time goes back from %s", c.at)
	}
	c.seq, c.at = ev.Seq+1, ev.At
	switch b := ev.Body.(type) {
	case NodeLaunched:
		c.cooling[ev.Node] = map[netip.Addr]model.Instant{}
		c.ghosts[ev.Node] = map[netip.Addr]bool{}
	case AgentConfigured:
		clear(c.cooling[ev.Node])
		clear(c.ghosts[ev.Node])
		c.miscounted[ev.Node] = map[int]int{}
	case AddressesRemoved:
		if b.By == ByExcluded {
			c.miscounted[ev.Node][b.Card] += len(b.Prefixes)
		}
		c.forget(ev.Node, b.Addresses, b.Prefixes, b.By)
	case ENIDetached:
		c.forget(ev.Node, b.Addresses, b.Prefixes, b.By)
	case EC2Call:
		return errors.Join(c.checkThrottle(b.CallFields), c.checkVLANCall(b.CallFields))
	case BranchQueued:
		use := vlanUse{b.Trunk, b.VLAN}
		if other := c.vlans[use]; c.outOfSight[b.ENI] && other != "" && other != b.ENI {
			c.shared[use] = true
		}
	case BranchDeleted:
		if b.Leaked {
			c.outOfSight[b.ENI] = true
		} else {
			c.vlanFreed(b.ENI)
		}
	case ENIDeleted:
		c.vlanFreed(b.ENI)
	case PodReleased:
		delete(c.branched, b.Pod)
		for _, a := range b.all() {
			delete(c.dropped, podAddress{b.Pod, a.Address})
			if a.CoolUntilMs != nil {
				c.cooling[ev.Node][a.Address] = *a.CoolUntilMs
			}
			if b.Reason == "agent-down" {
				c.ghosts[ev.Node][a.Address] = true
			}
		}
	case PodAddressed:
		if b.Device == noDevice {
			c.branched[b.Pod] = true
			return nil
		}
		given := b.Attempt == 0 // with the state in which the run begins, which knows card 0 only
		if !given && c.e.nodeNamed[ev.Node].windows == nil {
			if err := c.checkEachCard(ev, b); err != nil {
				return err
			}
		}
		return c.handedOut(ev, append(b.More, PodAddress{Card: b.Card, Address: b.Address}))
	case PodSetupFailed:
		if err := c.handedOut(ev, b.GaveBack); err != nil {
			return err
		}
		for _, a := range b.GaveBack {
			if a.CoolUntilMs == nil {
				return fmt.Errorf("%s was given back and does not cool", a.Address)
			}
			c.cooling[ev.Node][a.Address] = *a.CoolUntilMs
		}
	}
	return nil
}

// all are the addresses that a pod gave up.
func (b PodReleased) all() []PodAddress {
	if !b.Address.IsValid() {
		return nil
	}
	first := PodAddress{ENI: b.ENI, Card: b.Card, Device: b.Device, Address: b.Address, Prefix: b.Prefix, CoolUntilMs: b.CoolUntilMs}
	return append([]PodAddress{first}, b.More...)
}

// handedOut judges addresses that a pod was given at once: none cools, and each
// is of a card of its own.
func (c *checker) handedOut(ev Event, addresses []PodAddress) error {
	cards := map[int]bool{}
	for _, a := range addresses {
		if until, ok := c.cooling[ev.Node][a.Address]; ok && ev.At <= until {
			return fmt.Errorf("%s cools until %s", a.Address, until)
		}
		if cards[a.Card] {
			return fmt.Errorf("two addresses of card %d", a.Card)
		}
		cards[a.Card] = true
		delete(c.cooling[ev.Node], a.Address)
	}
	return nil
}

// forget is what leaves a datastore with its blocks.
func (c *checker) forget(node model.NodeName, addresses []netip.Addr, prefixes []netip.Prefix, by By) {
	blocks := prefixes
	for _, a := range addresses {
		blocks = append(blocks[:len(blocks):len(blocks)], netip.PrefixFrom(a, a.BitLen()))
	}
	for _, b := range blocks {
		for a := b.Addr(); b.Contains(a); a = a.Next() {
			delete(c.cooling[node], a)
			delete(c.ghosts[node], a)
		}
		if n := c.e.nodeNamed[node]; n != nil && by == ByReconcile {
			for _, p := range n.pods {
				for l := range p.leases() {
					if b.Contains(l.Address()) {
						c.dropped[podAddress{p.name, l.Address()}] = true
					}
				}
			}
		}
	}
}

// state judges the engine between two timers.
func (c *checker) state() error {
	errs := []error{c.checkSubnets(), c.checkQuotas(), c.checkPods(), c.checkQueue(), c.checkTroubles(), c.checkBuckets()}
	for _, n := range c.e.nodes {
		if n.gone {
			continue
		}
		checks := []error{c.checkInstance(n.instance), c.checkSums(n), c.checkStore(n), c.checkWindows(n), c.checkVLANs(n), c.checkCards(n)}
		for _, err := range checks {
			if err != nil {
				errs = append(errs, fmt.Errorf("node %s: %w", n.name, err))
			}
		}
	}
	return errors.Join(errs...)
}

// checkSubnets recomputes the state of every address of every subnet: each has
// exactly one, and it is the subnet's.
func (c *checker) checkSubnets() error {
	if c.claims == nil {
		for _, s := range c.e.ec2.subnets {
			c.claims = append(c.claims, make([]model.AddressUse, 1<<(32-s.CIDR().Bits())))
		}
	}
	for i, s := range c.e.ec2.subnets {
		clear(c.claims[i])
		for _, a := range s.Reserved() {
			if err := c.claim(s, a, model.AddressReserved); err != nil {
				return err
			}
		}
		for _, a := range s.start.InUse {
			if err := c.claim(s, a, model.AddressOthers); err != nil {
				return err
			}
		}
		for _, a := range s.start.ControlPlane {
			if err := c.claim(s, a, model.AddressSingle); err != nil {
				return err
			}
		}
	}
	for _, n := range c.e.nodes {
		all := slices.Concat(n.instance.enis, n.instance.loose)
		for _, ni := range all {
			all = append(all, ni.branches...)
		}
		if trunk := n.instance.trunk; trunk != nil && !slices.Contains(all, trunk) {
			all = append(all, trunk.branches...) // of an instance that is gone
		}
		for _, ni := range all {
			if err := c.claimENI(ni); err != nil {
				return fmt.Errorf("%s of %s: %w", ni.id, n.name, err)
			}
		}
	}
	for i, s := range c.e.ec2.subnets {
		used := 0
		base := number(s.CIDR().Addr())
		for k, use := range c.claims[i] {
			if use == "" {
				use = model.AddressFree
			}
			if use != model.AddressFree && use != model.AddressReserved {
				used++
			}
			var b [4]byte
			binary.BigEndian.PutUint32(b[:], base+uint32(k))
			if have := s.State(netip.AddrFrom4(b)).Use; have != use {
				return fmt.Errorf("subnet %s: %s is %s by what exists, and %s to the subnet", s.ID(), netip.AddrFrom4(b), use, have)
			}
		}
		if s.Used() != used {
			return fmt.Errorf("subnet %s: %d addresses are used, it counts %d", s.ID(), used, s.Used())
		}
	}
	return nil
}

func (c *checker) claimENI(ni *eni) error {
	if err := c.claim(ni.subnet, ni.primary, model.AddressSingle); err != nil {
		return err
	}
	for _, b := range ni.blocks {
		use := model.AddressSingle
		if !b.IsSingleIP() {
			use = model.AddressPrefix
			if b.Bits() != 28 || b != b.Masked() {
				return fmt.Errorf("prefix %s is not an aligned /28", b)
			}
		}
		for a := b.Addr(); b.Contains(a); a = a.Next() {
			if err := c.claim(ni.subnet, a, use); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *checker) claim(s *subnet, a netip.Addr, use model.AddressUse) error {
	if !s.CIDR().Contains(a) {
		return fmt.Errorf("%s is outside of %s (%s)", a, s.ID(), s.CIDR())
	}
	at := &c.claims[slices.Index(c.e.ec2.subnets, s)][number(a)-number(s.CIDR().Addr())]
	if *at != "" {
		return fmt.Errorf("%s is %s and %s", a, *at, use)
	}
	*at = use
	return nil
}

func number(a netip.Addr) uint32 {
	b := a.As4()
	return binary.BigEndian.Uint32(b[:])
}

// checkInstance: ENIs and slots are within the type's limits, device numbers
// unique.
func (c *checker) checkInstance(in *instance) error {
	card, last := 0, -1
	for _, ni := range in.enis {
		if ni.card > card {
			card, last = ni.card, -1
		}
		switch {
		case ni.card < card:
			return fmt.Errorf("%s on card %d after card %d", ni.id, ni.card, card)
		case ni.device <= last || ni.device >= in.kind.CardENIs(card):
			return fmt.Errorf("%s at device %d of card %d after %d; the card holds %d", ni.id, ni.device, card, last, in.kind.CardENIs(card))
		case (card == 0 && ni.device == 0) != (ni.kind == model.ENIPrimary) || ni.kind == model.ENIBranch || card > 0 && ni.kind != model.ENISecondary:
			return fmt.Errorf("%s at device %d of card %d is %s", ni.id, ni.device, card, ni.kind)
		case ni.instance != in:
			return fmt.Errorf("%s does not know its instance", ni.id)
		case len(ni.blocks) > in.kind.SlotsPerENI():
			return fmt.Errorf("%s has %d blocks in %d slots", ni.id, len(ni.blocks), in.kind.SlotsPerENI())
		}
		last = ni.device
	}
	return nil
}

// checkSums recomputes what the node keeps in sums over its pods.
func (c *checker) checkSums(n *node) error {
	var cpu, memory, scoreCPU, scoreMiB int
	for _, p := range n.pods {
		cpu += p.spec.CPUMilli
		memory += p.spec.MemoryMiB
		if p.spec.CPUMilli == 0 {
			scoreCPU += scoreCPUMilli
		}
		if p.spec.MemoryMiB == 0 {
			scoreMiB += scoreMemoryMiB
		}
	}
	scoreCPU += cpu
	scoreMiB += memory
	want := [4]int{cpu, memory, scoreCPU, scoreMiB}
	if have := [4]int{n.cpuMilli, n.memoryMiB, n.scoreCPU, n.scoreMiB}; have != want {
		return fmt.Errorf("sums of pods are %v, kept as %v", want, have)
	}
	unaddressed, each := 0, 0
	for _, p := range n.pods {
		if p.unaddressed {
			unaddressed++
		}
		if p.unaddressedEach {
			each++
		}
		if p.unaddressed && p.phase != podCreating {
			return fmt.Errorf("pod %s in phase %d counts as one without address", p.name, p.phase)
		}
	}
	if unaddressed != n.unaddressed || each != n.unaddressedEach || each > unaddressed {
		return fmt.Errorf("%d pods without address, %d of them of every card, counted %d and %d", unaddressed, each, n.unaddressed, n.unaddressedEach)
	}
	return nil
}

// checkStore: the datastore is within EC2's view, and the same while no call is
// in flight; its counters are those of its blocks and of the pods' addresses.
func (c *checker) checkStore(n *node) error {
	a := n.agent
	if !a.up && !a.busy {
		return nil // not started, or killed: the next start reads everything anew
	}
	for _, p := range a.pools {
		if err := c.checkPool(p); err != nil {
			return fmt.Errorf("card %d: %w", p.card, err)
		}
	}
	return nil
}

func (c *checker) checkPool(p *pool) error {
	a, n := p.a, p.a.node
	for _, e := range p.store.ENIs() {
		ni := n.instance.eni(e.ID)
		if ni == nil || ni.card != p.card || e.Card != p.card || ni.device != e.Device || ni.kind != e.Kind || ni.subnet.ID() != e.Subnet {
			return fmt.Errorf("datastore has %s at device %d (%s in %s), which EC2 has as %+v", e.ID, e.Device, e.Kind, e.Subnet, ni)
		}
		for _, b := range e.Blocks() {
			if !slices.Contains(ni.blocks, b) {
				return fmt.Errorf("datastore has %s on %s, EC2 has not", b, e.ID)
			}
		}
	}
	if a.up && !a.busy && !a.stale {
		for _, ni := range n.instance.enis {
			e := p.store.ENI(ni.id)
			if ni.kind == model.ENITrunk || ni.card != p.card {
				continue // attached by others: a reconcile takes it in
			}
			if e == nil || e.BlockCount() != len(ni.blocks) {
				return fmt.Errorf("no call is in flight, EC2 has %s with %v, the datastore not", ni.id, ni.blocks)
			}
		}
	}
	return c.checkCounters(p)
}

func (c *checker) checkCounters(pl *pool) error {
	a, n := pl.a, pl.a.node
	held := map[netip.Addr]bool{}
	for _, p := range n.pods {
		for l := range p.leases() {
			if !c.dropped[podAddress{p.name, l.Address()}] {
				held[l.Address()] = true
			}
		}
	}
	for ghost := range c.ghosts[n.name] {
		held[ghost] = true
	}
	want := model.PoolStats{Prefixes: c.miscounted[n.name][pl.card]}
	cooling := 0
	for _, e := range pl.store.ENIs() {
		heldHere := 0
		for _, b := range e.Blocks() {
			in, size := 0, 0
			for addr := b.Addr(); b.Contains(addr); addr = addr.Next() {
				size++
				if held[addr] {
					in++
				}
				if until, ok := c.cooling[n.name][addr]; ok && until >= c.e.now && b.IsSingleIP() != a.settings.PrefixDelegation && !e.Excluded {
					cooling++
				}
			}
			heldHere += in
			if !b.IsSingleIP() {
				want.Prefixes++
				if in == 0 {
					want.FreePrefixes++
				}
			}
			if b.IsSingleIP() != a.settings.PrefixDelegation && !e.Excluded {
				want.Total += size
				want.Assigned += in
			}
		}
		if e.Held() != heldHere {
			return fmt.Errorf("pods hold %d addresses of %s, the datastore counts %d", heldHere, e.ID, e.Held())
		}
	}
	if have := pl.store.Stats(); have != want {
		return fmt.Errorf("the pool is %+v by its blocks, the datastore counts %+v", want, have)
	}
	if have := pl.store.Cooling(c.e.now); have != cooling {
		return fmt.Errorf("%d addresses are cooling by the log, the datastore counts %d", cooling, have)
	}
	return nil
}

// checkPods: no address with two pods, each on an ENI of the pod's instance;
// a pod is on its node exactly while it is bound and not over.
func (c *checker) checkPods() error {
	holders := map[netip.Addr]model.PodName{}
	for _, n := range c.e.nodes {
		for _, p := range n.pods {
			switch {
			case n.gone || p.node != n:
				return fmt.Errorf("pod %s on node %s, which is gone or not its own", p.name, n.name)
			case p.phase != podCreating && p.phase != podStarting && p.phase != podRunning:
				return fmt.Errorf("pod %s on node %s in phase %d", p.name, n.name, p.phase)
			case (p.lease != nil) != (p.phase != podCreating && !p.spec.HostNetwork && !c.branched[p.name] && n.windows == nil):
				return fmt.Errorf("pod %s in phase %d: lease %v", p.name, p.phase, p.lease)
			case len(p.more) > 0 && p.spec.Annotations[model.AnnotationNICs] != model.AnnotationNICsAll:
				return fmt.Errorf("pod %s holds %d addresses more and did not ask for them", p.name, len(p.more))
			}
			for l := range p.leases() {
				a := l.Address()
				if c.dropped[podAddress{p.name, a}] {
					continue
				}
				if other, taken := holders[a]; taken {
					return fmt.Errorf("pods %s and %s both hold %s", other, p.name, a)
				}
				holders[a] = p.name
				if !attachedTo(n.instance, l.ENI().Card, a) {
					return fmt.Errorf("pod %s holds %s, which no ENI on card %d of %s has", p.name, a, l.ENI().Card, n.name)
				}
			}
		}
	}
	for name, p := range c.e.podNamed {
		bound := p.phase == podCreating || p.phase == podStarting || p.phase == podRunning
		if p.name != name || p.phase == podGone || bound && !slices.Contains(p.node.pods, p) {
			return fmt.Errorf("pod %s in phase %d is not where it should be", name, p.phase)
		}
	}
	return nil
}

func attachedTo(in *instance, card int, a netip.Addr) bool {
	return slices.ContainsFunc(in.enis, func(ni *eni) bool {
		return ni.card == card && slices.ContainsFunc(ni.blocks, func(b netip.Prefix) bool { return b.Contains(a) })
	})
}

// checkQueue: the promises are those of the queue, and nothing in it is past.
func (c *checker) checkQueue() error {
	promises := 0
	for i := range c.e.queue.heap {
		t := &c.e.queue.heap[i]
		if t.promise {
			promises++
		}
		if t.at < c.e.now {
			return fmt.Errorf("a timer for %s is left over at %s", t.at, c.e.now)
		}
	}
	for _, n := range c.e.nodes {
		if t := c.e.controller.trunks[n.name]; t != nil && t.owed {
			promises++ // branches that wait for their deletion
		}
		if w := n.windows; w != nil && w.owed {
			promises++ // addresses that cool
		}
	}
	if a := c.e.autoscaler; a != nil && a.held {
		promises++
	}
	if promises != c.e.promises {
		return fmt.Errorf("%d promises in the queue, counted %d", promises, c.e.promises)
	}
	return nil
}

// checkTroubles: every open episode has somebody waiting, and every pod that
// waits an open episode.
func (c *checker) checkTroubles() error {
	t := c.e.troubles
	waiting, launches, since := map[*episode]int{}, map[*episode]int{}, map[*episode]int64{}
	for _, p := range c.e.podNamed {
		switch {
		case p.wait != nil && (p.deleting || p.phase != podPending && p.phase != podCreating):
			return fmt.Errorf("pod %s in phase %d waits for episode %d", p.name, p.phase, p.wait.id)
		case p.wait == nil && p.phase == podCreating && p.attempts > 0 && !p.deleting && !p.needsBranch():
			return fmt.Errorf("pod %s has failed %d times and waits for nothing", p.name, p.attempts)
		}
		if p.wait != nil {
			waiting[p.wait]++
			since[p.wait] += int64(p.since)
		}
	}
	for _, ep := range t.nodes {
		launches[ep]++
	}
	if len(t.at) != len(t.order) {
		return fmt.Errorf("%d episodes in order, %d by place", len(t.order), len(t.at))
	}
	last := 0
	for _, ep := range t.order {
		switch {
		case ep.id <= last || t.at[ep.place] != ep:
			return fmt.Errorf("episode %d at %v is not where it should be", ep.id, ep.place)
		case ep.waiting != waiting[ep] || ep.launches != launches[ep] || ep.waiting+ep.launches == 0:
			return fmt.Errorf("%d pods and %d launches wait for episode %d at %v, it counts %d and %d",
				waiting[ep], launches[ep], ep.id, ep.place, ep.waiting, ep.launches)
		case ep.since != since[ep]:
			return fmt.Errorf("the begins of those that wait for episode %d sum to %d, kept as %d", ep.id, since[ep], ep.since)
		}
		last = ep.id
		delete(waiting, ep)
		delete(launches, ep)
	}
	if len(waiting)+len(launches) > 0 {
		return fmt.Errorf("%d closed episodes are waited for", len(waiting)+len(launches))
	}
	return nil
}
