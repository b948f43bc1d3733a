package explain

import (
	"net/netip"
	"slices"
	"time"

	"vpcsim/model"
	"vpcsim/sim"
)

// loopPause is how long the agent's loop waits before a check and before a
// reconcile. Source: observed in v1.23.1.
const (
	loopPause  = 2500 * time.Millisecond
	loopPeriod = 2 * loopPause
)

// longAgo is before every instant by more than any of the agent's times.
const longAgo = model.Instant(-1 << 40)

// agent is a node's agent as the log up to an instant tells it: its datastore,
// and what its loop remembers. It knows what the next check would do without the
// engine, which logs no check that changes nothing.
type agent struct {
	launched sim.NodeLaunched
	settings model.Settings
	pools    []*pool   // by network card; none before the first start
	holders  []*holder // living pods with their addresses of the pools, oldest first
	// unheld: the agent has just started, and its datastore learns of the holders
	// when it has taken over all ENIs.
	unheld bool

	up, cordoned, gone bool
	base               model.Instant // of the grid of checks: the end of the last, or what stands for it
	lastShrink         model.Instant
	backoff            model.Instant
	loop               loop
}

// pool is an agent's warm pool on a network card: a datastore of its own, with
// the settings that hold for the card.
type pool struct {
	a        *agent
	card     int
	settings model.Settings
	store    *model.Datastore
	refused  *sim.CallFields // the last growth call that EC2 refused, until one succeeds
	grewAt   model.Instant   // the last check that wanted to grow; Never: none has
	asked    bool            // it called EC2
}

// holder is a pod with an address.
type holder struct {
	pod   model.PodName
	addr  netip.Addr
	card  int
	lease *model.Lease // nil: the datastore doesn't know it
}

// loop tells the calls of the agent's loop from those of others.
type loop struct {
	calls     map[int64]sim.Action // under way
	at        model.Instant        // when the next one may begin: the decision's instant, or the last one's end
	detached  model.ENIID          // will be deleted after a pause
	throttled sim.CallFields       // will be tried again
	shrinks   bool                 // the check has shrunk a pool
	looks     []model.PoolStats    // the pools' numbers at its begin, by which it decides
	shrunk    model.Instant        // the last shrink of the checks before it
	before    model.Instant        // the back-off before the refusal at this instant
	trunks    map[model.ENIID]bool
}

func newAgent(b sim.NodeLaunched) *agent {
	return &agent{
		launched: b, base: model.Never, lastShrink: longAgo, backoff: longAgo,
		loop: loop{calls: map[int64]sim.Action{}, trunks: map[model.ENIID]bool{}, at: model.Never},
	}
}

// checks reports whether the node's agent checks a pool at all: in IPv6 mode
// there is none, and a Windows node's belongs to the resource controller.
func (a *agent) checks() bool {
	return a.started() && a.launched.OS == "" && !a.settings.IPv6 && !a.gone
}

// started reports whether the agent has begun a life.
func (a *agent) started() bool { return len(a.pools) > 0 }

// fills reports whether the node has a pool that fills.
func (a *agent) fills() bool { return a.started() && !a.settings.IPv6 }

// pool is that of a network card, nil if the agent does not manage it.
func (a *agent) pool(card int) *pool {
	if card < 0 || card >= len(a.pools) {
		return nil
	}
	return a.pools[card]
}

// cardOf is the network card that an event is about.
func cardOf(b sim.Body) int {
	switch b := b.(type) {
	case sim.ENIAttached:
		return b.Card
	case sim.ENIDetached:
		return b.Card
	case sim.ENIExcluded:
		return b.Card
	case sim.AddressesAdded:
		return b.Card
	case sim.AddressesRemoved:
		return b.Card
	case sim.PoolGrow:
		return b.Card
	case sim.PoolShrink:
		return b.Card
	case sim.PoolFree:
		return b.Card
	case sim.PoolSkip:
		return b.Card
	case sim.EC2Call:
		return b.Card
	case sim.EC2Returned:
		return b.Card
	case sim.PodAddressed:
		return b.Card
	}
	return 0
}

// apply folds an event of the node, or the release of any pod.
func (a *agent) apply(e sim.Event) {
	a.catchUp(e.At)
	switch e.Body.(type) {
	case sim.ENIAttached, sim.ENIExcluded, sim.AgentConfigured:
	default:
		a.holdAgain()
	}
	switch b := e.Body.(type) {
	case sim.AgentConfigured:
		a.configure(b)
	case sim.PoolConfigured:
		a.settings = b.Settings
		a.pools[0].store.SwitchMode(b.Settings.PrefixDelegation)
	case sim.AgentStarted:
		a.up, a.base = true, e.At.Add(-loopPause)
		a.loop.at = model.Never
	case sim.AgentExited:
		a.up = false
		a.loop.calls, a.loop.detached, a.loop.throttled = map[int64]sim.Action{}, "", sim.CallFields{}
	case sim.NodeCordoned:
		a.cordoned = true
	case sim.NodeUncordoned:
		a.cordoned = false
	case sim.NodeTerminated:
		a.gone, a.up = true, false
	case sim.ENICreated:
		if b.Kind == model.ENITrunk {
			a.loop.trunks[b.ENI] = true
		}
	case sim.PoolGrow:
		a.decided(e.At, false)
		if p := a.pool(b.Card); p != nil {
			p.grewAt, p.asked = e.At, false
		}
	case sim.PoolFree:
		a.decided(e.At, false)
	case sim.PoolShrink:
		a.decided(e.At, true)
	case sim.PoolSkip:
		a.decided(e.At, b.Reason == model.ReasonAllHeld) // it found nothing to give back: a shrink in vain
	case sim.EC2Call:
		a.called(e.At, b.CallFields)
	case sim.EC2Returned:
		a.returned(e.At, b.CallFields)
	default:
		a.applyStore(e)
	}
}

// applyStore folds what changes the datastore.
func (a *agent) applyStore(e sim.Event) {
	switch b := e.Body.(type) {
	case sim.ENIAttached:
		if p := a.pool(b.Card); p != nil && b.Pod == "" {
			eni := &model.StoreENI{ID: b.ENI, Card: b.Card, Device: b.Device, Kind: b.Kind, Subnet: b.Subnet, Since: e.At}
			p.store.AddENI(eni)
			p.store.AddBlocks(eni, blocksOf(b.Addresses, b.Prefixes))
		}
	case sim.ENIExcluded:
		if p, eni := a.eni(b.ENI); eni != nil {
			blocks := eni.Blocks()
			p.store.RemoveBlocks(eni, blocks)
			eni.Excluded = true
			p.store.AddBlocks(eni, blocks)
		}
	case sim.ENIDetached:
		if p, eni := a.eni(b.ENI); eni != nil {
			p.store.RemoveENI(eni)
		}
	case sim.AddressesAdded:
		if p, eni := a.eni(b.ENI); eni != nil {
			p.store.AddBlocks(eni, blocksOf(b.Addresses, b.Prefixes))
		}
	case sim.AddressesRemoved:
		a.removed(b)
	case sim.PodAddressed:
		if b.VLAN == 0 {
			a.hold(b.Pod, b.Card, b.Address)
			for _, more := range b.More {
				a.hold(b.Pod, more.Card, more.Address)
			}
		}
	case sim.PodSetupFailed:
		for _, back := range b.GaveBack {
			a.hold(b.Pod, back.Card, back.Address)
			a.release(e.At, b.Pod, back.Address, back.CoolUntilMs != nil)
		}
	case sim.PodReleased:
		a.releaseAll(e.At, b)
	}
}

// hold gives a pod an address.
func (a *agent) hold(pod model.PodName, card int, addr netip.Addr) {
	h := &holder{pod: pod, card: card, addr: addr}
	if p := a.pool(card); p != nil {
		h.lease = p.store.Hold(addr, pod)
	}
	a.holders = append(a.holders, h)
}

func (a *agent) removed(b sim.AddressesRemoved) {
	p, eni := a.eni(b.ENI)
	if eni == nil {
		return
	}
	for _, block := range blocksOf(b.Addresses, b.Prefixes) {
		if b.By == sim.ByExcluded {
			p.store.LeaveBlock(eni, block)
		} else {
			p.store.RemoveBlocks(eni, []netip.Prefix{block})
		}
	}
}

// eni is an ENI of the datastores, with the pool that has it; nil if none has.
func (a *agent) eni(id model.ENIID) (*pool, *model.StoreENI) {
	for _, p := range a.pools {
		if e := p.store.ENI(id); e != nil {
			return p, e
		}
	}
	return nil, nil
}

// configure begins a life of the agent, which remembers nothing but who holds
// what.
func (a *agent) configure(b sim.AgentConfigured) {
	a.settings = b.Settings
	a.pools = make([]*pool, b.Settings.ManagedCards(model.InstanceType{NetworkCards: a.launched.NetworkCards}))
	for card := range a.pools {
		store := model.NewDatastore(b.Settings.PrefixDelegation, b.Settings.Cooldown)
		a.pools[card] = &pool{a: a, card: card, settings: b.Settings.ForCard(card), store: store, grewAt: model.Never}
	}
	a.unheld = true
	a.up, a.lastShrink, a.backoff = false, longAgo, longAgo
}

func (a *agent) holdAgain() {
	if !a.unheld {
		return
	}
	a.unheld = false
	for _, h := range a.holders {
		if p := a.pool(h.card); p != nil && h.lease != nil && !h.lease.Dropped() {
			h.lease = p.store.Hold(h.addr, h.pod)
		}
	}
}

// releaseAll gives up what the pod held. While the agent is down its datastores
// do not hear of it.
func (a *agent) releaseAll(at model.Instant, b sim.PodReleased) {
	a.catchUp(at)
	a.release(at, b.Pod, b.Address, b.CoolUntilMs != nil)
	for _, more := range b.More {
		a.release(at, b.Pod, more.Address, more.CoolUntilMs != nil)
	}
}

// release gives up an address of a pod.
func (a *agent) release(at model.Instant, pod model.PodName, addr netip.Addr, cools bool) {
	i := slices.IndexFunc(a.holders, func(h *holder) bool { return h.pod == pod && h.addr == addr })
	if i < 0 {
		return
	}
	h := a.holders[i]
	a.holders = slices.Delete(a.holders, i, i+1)
	if p := a.pool(h.card); p != nil && cools && h.lease != nil {
		p.store.Release(h.lease, at)
	}
}

// decided notes that a check says what it does about a pool. The first of a check
// comes when nothing before it has just ended.
func (a *agent) decided(at model.Instant, shrinks bool) {
	l := &a.loop
	if at != l.at {
		l.shrinks, l.looks, l.shrunk = false, a.looks(), a.lastShrink
	}
	l.shrinks = l.shrinks || shrinks
	l.at, a.base = at, at
	if l.shrinks {
		a.lastShrink = at
	}
}

// looks are the numbers of the pools.
func (a *agent) looks() []model.PoolStats {
	out := make([]model.PoolStats, len(a.pools))
	for card, p := range a.pools {
		out[card] = p.store.Stats()
	}
	return out
}

// called takes a call for one of the loop's if it begins where the one before it
// ended.
func (a *agent) called(at model.Instant, b sim.CallFields) {
	l := &a.loop
	growth := b.Want > 0 && (b.Action == sim.CreateNetworkInterface || b.Action == sim.AssignPrivateIpAddresses)
	assigns := b.Action == sim.AssignPrivateIpAddresses || b.Action == sim.UnassignPrivateIpAddresses
	others := b.Trunk != "" || l.trunks[b.ENI] && !assigns || b.Action == sim.CreateNetworkInterface && !growth
	follows := at == l.at || b.Action == sim.DeleteNetworkInterface && b.ENI == l.detached && b.ENI != "" ||
		b.Attempt > 1 && b.Action == l.throttled.Action && b.Attempt == l.throttled.Attempt+1
	if others || !follows {
		return
	}
	l.calls[b.Call] = b.Action
	for _, p := range a.pools {
		p.asked = p.asked || growth
	}
	if b.ENI == l.detached {
		l.detached = ""
	}
	if growth && at == a.backoff {
		a.backoff = l.before // there is more to ask: that refusal was not the last
	}
}

func (a *agent) returned(at model.Instant, b sim.CallFields) {
	l := &a.loop
	if l.calls[b.Call] == "" {
		return
	}
	delete(l.calls, b.Call)
	l.at, a.base, l.throttled = at, at, sim.CallFields{}
	if l.shrinks {
		a.lastShrink = at
	}
	switch {
	case b.Throttled && b.Attempt < sim.AgentAttempts:
		l.throttled = b
	case b.Action == sim.DetachNetworkInterface && b.Error == "":
		l.detached = b.ENI
	}
	growth := b.Want > 0 && (b.Action == sim.CreateNetworkInterface || b.Action == sim.AssignPrivateIpAddresses)
	if !growth && b.Action != sim.AttachNetworkInterface {
		return
	}
	p := a.pool(b.Card)
	if p == nil {
		return
	}
	p.refused = nil
	if b.Error == "" {
		return
	}
	p.refused = &b
	if b.Action == sim.AttachNetworkInterface || !a.settings.BacksOff(b.Error) {
		return
	}
	if b.Action == sim.AssignPrivateIpAddresses && a.fallsThrough() {
		return
	}
	l.before, a.backoff = a.backoff, at
}

// fallsThrough reports whether a full subnet lets a growth step go on with the
// next ENI.
func (a *agent) fallsThrough() bool {
	return a.settings.SubnetDiscovery && a.settings.Version.Has(model.FeatureDiscoveryFallThrough)
}

// busy is the call to EC2 that the check under way waits for, or waits to make;
// empty between checks.
func (a *agent) busy() sim.Action {
	l := &a.loop
	for _, action := range l.calls {
		return action // there is one at a time
	}
	if l.detached != "" {
		return sim.DeleteNetworkInterface
	}
	return l.throttled.Action
}

// nextCheck is the first check of the grid after an instant; while one is under
// way, the earliest that may follow.
func (a *agent) nextCheck(after model.Instant) model.Instant {
	period := model.Instant(loopPeriod.Milliseconds())
	return a.base + max(1, (after-a.base)/period+1)*period
}

func (a *agent) limits() model.PoolLimits {
	return model.PoolLimits{MaxPods: a.launched.MaxPods, Slots: a.launched.SlotsPerENI}
}

// maxENI is the type's limit, lowered by MAX_ENI.
func (a *agent) maxENI() int {
	if a.settings.MaxENI > 0 {
		return min(a.launched.MaxENIs, a.settings.MaxENI)
	}
	return a.launched.MaxENIs
}

// keepsSlot reports whether a slot is to be kept for a trunk.
func (a *agent) keepsSlot() bool {
	any := !a.settings.Version.Has(model.FeatureTrunkSlotByType)
	return a.settings.PodENI && (any || a.launched.BranchENIs > 0)
}

// room is how many more ENIs may be attached to the pool's card: the agent takes
// the limit of the default card for that of any. The trunk is on card 0.
func (p *pool) room() int {
	return p.store.ENIRoom(p.a.maxENI(), 0, p.card == 0 && p.a.keepsSlot())
}

// blocksOf lists addresses and prefixes as blocks.
func blocksOf(addrs []netip.Addr, prefixes []netip.Prefix) []netip.Prefix {
	out := make([]netip.Prefix, 0, len(addrs)+len(prefixes))
	for _, addr := range addrs {
		out = append(out, netip.PrefixFrom(addr, addr.BitLen()))
	}
	return append(out, prefixes...)
}
