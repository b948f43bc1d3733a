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

// agent is the node agent, ipamd. It owns its pools and learns of EC2 only
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
	pools    []*pool // by network card; none before the first start

	up   bool // start-up done: requests are served
	busy bool // a check is waiting for a call
	// heldBy is what refused a call that the client tries again and that holds up its
	// loop, or has held up its start-up; without a code: there is none.
	heldBy   refusal
	pace     pace // of the last check
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
	startedAt  model.Instant // begin of the last start
	cleanAt    model.Instant // the last clean-up of leaks whose time is drawn; Never if none
	cleaning   bool          // it is set
	inFlight   *eni          // being attached or freed by the loop: no leak
	stale      bool          // the datastore may differ from EC2: reconcile matters
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

// attached is what the metadata service shows of the instance's ENIs on the cards
// that the agent manages, card by card.
func (a *agent) attached() []*eni {
	return slices.DeleteFunc(slices.Clone(a.node.instance.enis), func(ni *eni) bool { return ni.attaching || ni.card >= len(a.pools) })
}

// instance is the node's.
func (a *agent) instance() *instance { return a.node.instance }

// slots is how many blocks an ENI of the node holds.
func (a *agent) limits() model.PoolLimits {
	return model.PoolLimits{MaxPods: a.node.maxPods, Slots: a.instance().kind.SlotsPerENI()}
}

// maxENI is the limit of the type's default card, lowered by MAX_ENI.
func (a *agent) maxENI() int {
	limit := a.instance().kind.MaxENIs
	if a.settings.MaxENI > 0 {
		limit = min(limit, a.settings.MaxENI)
	}
	return limit
}

// log logs an event of the agent's node.
func (a *agent) log(body Body) { a.e.log(a.node.name, body) }

// changed wakes the agent: its next check may have something to do. In IPv6 mode
// there are no checks.
func (a *agent) changed() {
	if a.up && !a.busy && !a.settings.IPv6 {
		a.wakeAt(a.checkFrom(a.e.now))
	}
}

// checkFrom is the first check of the grid at or after t that is still to come.
func (a *agent) checkFrom(t model.Instant) model.Instant {
	return a.onGrid(a.loopBase, max(t, a.lastCheck+1, a.e.beatsFrom(a.node)))
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
