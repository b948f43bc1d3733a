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

// clientAttempts is how often the agent's client tries a throttled call. Source:
// VPC CNI v1.23.1, its configuration of the AWS SDK's standard retryer.
const clientAttempts = 10

// longAgo is before every instant by more than any of the agent's times.
const longAgo = model.Instant(-1 << 40)

// agent is a node's agent as the log up to an instant tells it: its datastore,
// and what its loop remembers. It knows what the next check would do without the
// engine, which logs no check that changes nothing.
type agent struct {
	launched sim.NodeLaunched
	settings model.Settings
	store    *model.Datastore // nil before the first start
	holders  []*holder        // living pods with an address of the pool, oldest first
	// unheld: the agent has just started, and its datastore learns of the holders
	// when it has taken over all ENIs.
	unheld bool

	up, cordoned, gone bool
	base               model.Instant // of the grid of checks: the end of the last, or what stands for it
	lastShrink         model.Instant
	backoff            model.Instant
	loop               loop
	refused            *sim.CallFields // the last growth call that EC2 refused, until one succeeds
}

// holder is a pod with its address.
type holder struct {
	pod   model.PodName
	addr  netip.Addr
	lease *model.Lease // nil: the datastore doesn't know it
}

// loop tells the calls of the agent's loop from those of others.
type loop struct {
	calls     map[int64]sim.Action // under way
	at        model.Instant        // when the next one may begin: the decision's instant, or the last one's end
	detached  model.ENIID          // will be deleted after a pause
	throttled sim.CallFields       // will be tried again
	shrinks   bool                 // the check has shrunk
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
	return a.store != nil && a.launched.OS == "" && !a.settings.IPv6 && !a.gone
}

// pools reports whether the node has a pool that fills.
func (a *agent) pools() bool { return a.store != nil && !a.settings.IPv6 }

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

// apply folds an event of the node, or the release of any pod. The pool is that
// of network card 0: what is about others is not followed.
func (a *agent) apply(e sim.Event) {
	if cardOf(e.Body) > 0 {
		return
	}
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
		a.store.SwitchMode(b.Settings.PrefixDelegation)
	case sim.AgentStarted:
		a.up, a.base = true, e.At.Add(-loopPause)
		a.loop.at, a.loop.shrinks = model.Never, false
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
	case sim.PoolShrink:
		a.decided(e.At, true)
		a.lastShrink = e.At
	case sim.PoolFree:
		a.loop.at, a.base = e.At, e.At
		if a.loop.shrinks {
			a.lastShrink = e.At
		}
	case sim.PoolSkip:
		a.decided(e.At, false)
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
		if b.Pod == "" && a.store != nil {
			eni := &model.StoreENI{ID: b.ENI, Device: b.Device, Kind: b.Kind, Subnet: b.Subnet, Since: e.At}
			a.store.AddENI(eni)
			a.store.AddBlocks(eni, blocksOf(b.Addresses, b.Prefixes))
		}
	case sim.ENIExcluded:
		if eni := a.eni(b.ENI); eni != nil {
			blocks := eni.Blocks()
			a.store.RemoveBlocks(eni, blocks)
			eni.Excluded = true
			a.store.AddBlocks(eni, blocks)
		}
	case sim.ENIDetached:
		if eni := a.eni(b.ENI); eni != nil {
			a.store.RemoveENI(eni)
		}
	case sim.AddressesAdded:
		if eni := a.eni(b.ENI); eni != nil {
			a.store.AddBlocks(eni, blocksOf(b.Addresses, b.Prefixes))
		}
	case sim.AddressesRemoved:
		a.removed(b)
	case sim.PodAddressed:
		if b.VLAN == 0 && a.store != nil {
			a.holders = append(a.holders, &holder{b.Pod, b.Address, a.store.Hold(b.Address, b.Pod)})
		}
	case sim.PodReleased:
		a.release(e.At, b)
	}
}

func (a *agent) removed(b sim.AddressesRemoved) {
	eni := a.eni(b.ENI)
	if eni == nil {
		return
	}
	for _, block := range blocksOf(b.Addresses, b.Prefixes) {
		if b.By == sim.ByExcluded {
			a.store.LeaveBlock(eni, block)
		} else {
			a.store.RemoveBlocks(eni, []netip.Prefix{block})
		}
	}
}

func (a *agent) eni(id model.ENIID) *model.StoreENI {
	if a.store == nil {
		return nil
	}
	return a.store.ENI(id)
}

// configure begins a life of the agent, which remembers nothing but who holds
// what.
func (a *agent) configure(b sim.AgentConfigured) {
	a.settings = b.Settings
	a.store = model.NewDatastore(b.Settings.PrefixDelegation, b.Settings.Cooldown)
	a.unheld = true
	a.up, a.lastShrink, a.backoff, a.refused = false, longAgo, longAgo, nil
}

func (a *agent) holdAgain() {
	if !a.unheld {
		return
	}
	a.unheld = false
	for _, h := range a.holders {
		if h.lease != nil && !h.lease.Dropped() {
			h.lease = a.store.Hold(h.addr, h.pod)
		}
	}
}

// release gives up what the pod holds. While the agent is down its datastore
// does not hear of it.
func (a *agent) release(at model.Instant, b sim.PodReleased) {
	i := slices.IndexFunc(a.holders, func(h *holder) bool { return h.pod == b.Pod && h.addr == b.Address })
	if i < 0 {
		return
	}
	h := a.holders[i]
	a.holders = slices.Delete(a.holders, i, i+1)
	if b.CoolUntilMs != nil && h.lease != nil {
		a.store.Release(h.lease, at)
	}
}

// decided begins a check that says what it does.
func (a *agent) decided(at model.Instant, shrinks bool) {
	a.loop.at, a.loop.shrinks, a.base = at, shrinks, at
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
	case b.Throttled && b.Attempt < clientAttempts:
		l.throttled = b
	case b.Action == sim.DetachNetworkInterface && b.Error == "":
		l.detached = b.ENI
	}
	growth := b.Want > 0 && (b.Action == sim.CreateNetworkInterface || b.Action == sim.AssignPrivateIpAddresses)
	if !growth && b.Action != sim.AttachNetworkInterface {
		return
	}
	a.refused = nil
	if b.Error == "" {
		return
	}
	a.refused = &b
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

// room is how many more ENIs may be attached.
func (a *agent) room() int { return a.store.ENIRoom(a.maxENI(), 0, a.keepsSlot()) }

// blocksOf lists addresses and prefixes as blocks.
func blocksOf(addrs []netip.Addr, prefixes []netip.Prefix) []netip.Prefix {
	out := make([]netip.Prefix, 0, len(addrs)+len(prefixes))
	for _, addr := range addrs {
		out = append(out, netip.PrefixFrom(addr, addr.BitLen()))
	}
	return append(out, prefixes...)
}
