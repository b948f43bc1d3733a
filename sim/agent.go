package sim

import (
	"net/netip"
	"slices"
	"time"

	"vpcsim/model"
)

// The agent's loop: wait, check the pool, wait, reconcile. Source: observed in
// v1.23.1.
const (
	loopPause  = 2500 * time.Millisecond
	loopPeriod = 2 * loopPause
)

// agent is the node agent, ipamd. It owns its datastore and learns of EC2 only
// by calls, and by the instance metadata, which agrees with EC2.
//
//	start ── up ── check ── reconcile ── check ── …
//	           └ busy while a call of its loop runs; requests are served
//
// Its checks lie on a grid: loopBase + n·5 s, reconciles 2.5 s after each. An
// agent for which no check can do anything sleeps: it has no timer, and only
// the phase of its grid is kept.
type agent struct {
	e      *engine
	node   *node
	chance *stream
	pick   model.Pick // nil: ordered

	env      map[string]string
	settings model.Settings
	store    *model.Datastore

	up       bool // start-up done: requests are served
	busy     bool // a check is waiting for a call
	life     int  // grows at each start and kill; a continuation of an older life does nothing
	starts   int
	failures int    // starts in a row that failed
	failure  string // why the last of them did

	loopBase   model.Instant // end of the last check, or what stands for it
	lastCheck  model.Instant // begin of the last check; −1 for none in this life
	nextCheck  model.Instant // of the timer that is set; Never if none
	lastShrink model.Instant // never: long ago
	backoff    model.Instant // when a full subnet was met last; long ago
	lastAction model.Instant // last pool action, reconciles without effect up to loopBase included
	givenBack  map[netip.Prefix]model.Instant
	refused    *refusal
	cleaning   bool // a clean-up of leaks is set
	inFlight   *eni // being attached or freed by the loop: no leak
	stale      bool // the datastore may differ from EC2: reconcile matters

	skip PoolDecision // the last pool.skip that was logged
}

// longAgo is before every instant by more than any of the agent's times.
const longAgo = model.Instant(-1 << 40)

func newAgent(e *engine, n *node) *agent {
	a := &agent{e: e, node: n, env: e.env, nextCheck: model.Never}
	a.chance = newStream(e.cfg.Seed, "agent/"+string(n.name))
	if e.cfg.Agent.Order == OrderRandom {
		a.pick = a.chance.pick
	}
	return a
}

// attached is what the metadata service shows of the instance's ENIs.
func (a *agent) attached() []*eni {
	return slices.DeleteFunc(slices.Clone(a.node.instance.enis), func(ni *eni) bool { return ni.attaching })
}

// instance is the node's.
func (a *agent) instance() *instance { return a.node.instance }

// slots is how many blocks an ENI of the node holds.
func (a *agent) limits() model.PoolLimits {
	return model.PoolLimits{MaxPods: a.node.maxPods, Slots: a.instance().kind.SlotsPerENI()}
}

// maxENI is the type's limit, lowered by MAX_ENI.
func (a *agent) maxENI() int {
	limit := a.instance().kind.MaxENIs
	if a.settings.MaxENI > 0 {
		limit = min(limit, a.settings.MaxENI)
	}
	return limit
}

// room is how many more ENIs may be attached.
func (a *agent) room() int { return a.store.ENIRoom(a.maxENI(), 0, a.keepsSlot()) }

// request gives the pod an address, or nil. The agent does not call EC2 for it.
func (a *agent) request(p *pod) *model.Lease {
	if !a.up {
		return nil
	}
	lease := a.store.Assign(a.e.now, p.name, a.pick)
	if lease != nil {
		a.changed()
	}
	return lease
}

// giveUp takes a pod's address back. The result is the last instant at which
// the address cools; ok is false when it does not: the agent is down and will
// find at its next start that the pod is gone.
func (a *agent) giveUp(l *model.Lease) (coolUntil model.Instant, ok bool) {
	if !a.up {
		return 0, false
	}
	coolUntil, ok = a.store.Release(l, a.e.now)
	if ok {
		a.changed()
	}
	return coolUntil, ok
}

// giveBackLeftover returns a prefix left over from prefix mode to EC2 in the
// instant in which its last pod leaves.
func (a *agent) giveBackLeftover(l *model.Lease) {
	if !a.up || !a.store.Leftover(l) {
		return
	}
	e := l.ENI()
	blocks := []netip.Prefix{l.Prefix()}
	a.drop(e, blocks, ByRelease)
	a.e.ec2.unassign(a.instance().eni(e.ID), blocks, func(model.ErrorCode) {})
}

// drop takes blocks out of the datastore, before the call that gives them back,
// and remembers that they went.
func (a *agent) drop(e *model.StoreENI, blocks []netip.Prefix, by By) {
	a.store.RemoveBlocks(e, blocks)
	a.node.poolChanged()
	for _, b := range blocks {
		a.givenBack[b] = a.e.now
	}
	addresses, prefixes := split(blocks)
	a.e.log(a.node.name, AddressesRemoved{e.ID, e.Device, addresses, prefixes, by})
}

// take puts blocks into the datastore as free.
func (a *agent) take(e *model.StoreENI, blocks []netip.Prefix, by By) {
	a.store.AddBlocks(e, blocks)
	a.node.poolChanged()
	for _, b := range blocks {
		if at, ok := a.givenBack[b]; ok && a.e.now.Sub(at) < model.GivenBackMemory {
			a.stale = true // reconcile will take it for one that is gone
		}
	}
	addresses, prefixes := split(blocks)
	a.e.log(a.node.name, AddressesAdded{e.ID, e.Device, addresses, prefixes, by})
}

// takeENI puts an attached ENI with what EC2 has on it into the datastore, as
// new. Without except all of its blocks are taken.
func (a *agent) takeENI(ni *eni, blocks []netip.Prefix, by By) *model.StoreENI {
	e := &model.StoreENI{ID: ni.id, Device: ni.device, Kind: ni.kind, Subnet: ni.subnet.ID(), Since: a.e.now}
	e.Excluded = ni.kind != model.ENITrunk && a.excluded(ni.subnet)
	a.store.AddENI(e)
	a.store.AddBlocks(e, blocks)
	a.node.poolChanged()
	addresses, prefixes := split(blocks)
	a.e.log(a.node.name, ENIAttached{
		ENI: ni.id, Kind: ni.kind, Device: ni.device, Subnet: ni.subnet.ID(), SecurityGroups: ni.groups,
		PrimaryAddress: ni.primary, Addresses: addresses, Prefixes: prefixes, By: by,
	})
	if e.Excluded {
		a.e.log(a.node.name, ENIExcluded{e.ID, e.Device})
	}
	return e
}

// dropENI takes an ENI out of the datastore.
func (a *agent) dropENI(e *model.StoreENI, primary netip.Addr, by By) {
	addresses, prefixes := split(e.Blocks())
	a.store.RemoveENI(e)
	a.node.poolChanged()
	a.e.log(a.node.name, ENIDetached{e.ID, e.Kind, e.Device, e.Subnet, primary, addresses, prefixes, by})
}

// changed wakes the agent: its next check may have something to do. In IPv6 mode
// there are no checks.
func (a *agent) changed() {
	if a.up && !a.busy && !a.settings.IPv6 {
		a.wakeAt(a.checkFrom(a.e.now))
	}
}

// checkFrom is the first check of the grid at or after t that has not been made.
func (a *agent) checkFrom(t model.Instant) model.Instant {
	return a.onGrid(a.loopBase, max(t, a.lastCheck+1))
}

// onGrid is the first instant base + n·5 s, n at least 1, at or after t.
func (a *agent) onGrid(base, t model.Instant) model.Instant {
	period := model.Instant(loopPeriod.Milliseconds())
	n := max(1, (t-base+period-1)/period)
	return base + n*period
}

// wakeAt makes sure that a check is made at the instant, or earlier.
func (a *agent) wakeAt(at model.Instant) {
	if at >= a.nextCheck || at == model.Never {
		return
	}
	a.nextCheck = at
	life := a.life
	a.e.beat(a.node, at, func() {
		if a.life == life && a.nextCheck == at && !a.busy {
			a.nextCheck = model.Never
			a.check()
		}
	})
}

// alive wraps a continuation, so that it does nothing in a later life.
func (a *agent) alive(next func(code model.ErrorCode)) reply {
	life := a.life
	return func(code model.ErrorCode) {
		if a.life == life {
			next(code)
		}
	}
}

// decision is what a pool event says.
func (a *agent) decision(rule model.Rule, reason model.Reason, p model.PoolStats) PoolDecision {
	return PoolDecision{
		Rule: rule, Reason: reason,
		Total: p.Total, Assigned: p.Assigned, Available: p.Available(), Cooling: a.store.Cooling(a.e.now),
		Short: model.Short(p, a.settings), Over: model.Over(p, a.settings),
	}
}

// logSkip logs why a check changed nothing, if that is news.
func (a *agent) logSkip(rule model.Rule, reason model.Reason, p model.PoolStats) {
	d := a.decision(rule, reason, p)
	same := d
	same.Cooling = a.skip.Cooling
	if same != a.skip {
		a.e.log(a.node.name, PoolSkip{d})
	}
	a.skip = d
}

// mayProvision reports whether the agent may call EC2 for more, and why not.
func (a *agent) mayProvision() (bool, model.Reason) {
	switch {
	case a.settings.NoProvisioning:
		return false, model.ReasonProvisioningDisabled
	case a.node.cordoned && !a.settings.ManageNonSchedulable:
		return false, model.ReasonCordoned
	default:
		return true, ""
	}
}

// mayGrow adds the back-off to mayProvision: exactly its length is still in it.
func (a *agent) mayGrow() (bool, model.Reason) {
	if ok, why := a.mayProvision(); !ok {
		return false, why
	}
	if a.e.now.Sub(a.backoff) <= model.BackoffPeriod {
		return false, model.ReasonBackoff
	}
	return true, ""
}

// attachedBlocks is what EC2 has on the ENI, of which the agent takes nothing
// from a trunk that serves no ordinary pods.
func (a *agent) attachedBlocks(ni *eni) []netip.Prefix {
	if ni.kind == model.ENITrunk && !a.settings.TrunkServes() {
		return nil
	}
	return slices.Clone(ni.blocks)
}

// storedENIs is what the datastore has; nothing before the first start.
func (a *agent) storedENIs() []*model.StoreENI {
	if a.store == nil {
		return nil
	}
	return a.store.ENIs()
}
