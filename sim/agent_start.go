package sim

import (
	"maps"
	"net/netip"
	"slices"
	"time"

	"vpcsim/model"
)

// start runs the agent's start-up: take over what is attached, give back free
// blocks of the other mode, one growth step; then the loop. A start remembers
// nothing but which pods hold which addresses.
func (a *agent) start() {
	a.life++
	a.starts++
	a.up, a.busy = false, true
	a.lastCheck, a.nextCheck = -1, model.Never
	a.lastShrink, a.backoff, a.lastAction = longAgo, longAgo, longAgo
	a.givenBack = map[netip.Prefix]model.Instant{}
	a.stale, a.cleaning, a.inFlight = false, false, nil
	a.startedAt, a.cleanAt = a.e.now, model.Never

	if err := a.configure(); err != nil {
		a.exit(err.Error())
		return
	}
	a.openPools()
	var enis []*model.StoreENI
	for _, ni := range a.attached() {
		enis = append(enis, a.pools[ni.card].takeENI(ni, a.attachedBlocks(ni), ByStart))
	}
	a.keepLeases()
	if a.takesOver() {
		a.takeOver()
		return
	}
	if a.settings.IPv6 {
		a.startIPv6()
		return
	}
	a.startGiveBack(enis)
}

// configure parses the environment and says what it makes of it.
func (a *agent) configure() error {
	settings, ignored := model.ParseSettings(a.env)
	settings, unknown := settings.ForVersion(a.e.cfg.CNI.Version)
	settings, more := settings.ForType(a.instance().kind)
	more = append(more, unknown...)
	a.settings = settings
	a.e.log(a.node.name, AgentConfigured{
		Env: maps.Clone(a.env), Settings: settings, Ignored: append(ignored, more...),
		CooldownMs: settings.Cooldown.Milliseconds(),
	})
	return settings.Validate()
}

// startGiveBack gives back, ENI by ENI, free blocks of the inactive mode, and
// those of the active mode on ENIs that are excluded; of these only on card 0, in
// whose datastore the agent looks for the others in vain (observed in v1.23.1).
func (a *agent) startGiveBack(enis []*model.StoreENI) {
	if a.settings.NoProvisioning {
		enis = nil
	}
	for i, e := range enis {
		blocks := slices.DeleteFunc(e.FreeableBlocks(nil), func(b netip.Prefix) bool {
			return !(e.Excluded && e.Card == 0) && b.IsSingleIP() != a.settings.PrefixDelegation
		})
		if len(blocks) == 0 {
			continue
		}
		a.pools[e.Card].drop(e, blocks, ByStart)
		a.giveBack(e, blocks, func() { a.startGiveBack(enis[i+1:]) })
		return
	}
	a.signalTrunk()
	a.startGrow()
}

// starting reports whether the start-up is under way.
func (a *agent) starting() bool { return !a.up && a.busy }

// startGrow makes one growth step for each pool that is too low.
func (a *agent) startGrow() { a.startGrowing(a.newRound().left) }

// startGrowing goes through the pools. In custom networking one that is empty
// after its step makes the agent exit, in releases whose start attaches ENIs.
func (a *agent) startGrowing(left []look) {
	if len(left) == 0 {
		a.started()
		return
	}
	p, stats := left[0].pool, left[0].stats
	next := func() {
		if a.settings.CustomNetworking && p.store.Stats().Total == 0 && a.settings.Version.Has(model.FeatureGrowAtStart) {
			a.exit(exitNoENI)
			return
		}
		a.startGrowing(left[1:])
	}
	low, why := p.tooLow(stats)
	if !low {
		p.logSkip(model.RuleTooLow, why, stats)
		next()
		return
	}
	p.grow(stats, why, next)
}

// started ends the start-up: the agent serves requests and its loop begins.
func (a *agent) started() {
	a.up, a.busy, a.heldBy = true, false, refusal{}
	a.pace.end(a.e.now.Sub(a.startedAt))
	a.failures, a.failure = 0, ""
	a.loopBase = a.e.now.Add(-loopPause)
	a.e.log(a.node.name, AgentStarted{Start: a.starts})
	a.node.recountUnaddressed()
	a.node.agentUp()
	a.node.poolChanged()
	a.watchLeaks()
	a.changed()
}

// exit ends an agent whose start failed; kubelet starts it again after a wait
// that doubles.
func (a *agent) exit(message string) {
	a.kill()
	a.failure = message
	a.e.log(a.node.name, AgentExited{Error: message, Reason: "failed"})
	a.node.agentFailed(message)
	again := a.e.cfg.Agent.Exit
	if again.Never {
		return
	}
	wait := again.Min
	for range a.failures {
		wait = min(2*wait, again.Max)
	}
	a.failures++
	a.startAfter(wait, a.e.ec2.passesFor(a.node.name, a.startedAt))
}

// restart kills the agent and starts it again after the gap, with the changes
// to its environment; a nil value unsets.
func (a *agent) restart(gap time.Duration, env map[string]*string) {
	a.env = maps.Clone(a.env)
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if value := env[name]; value != nil {
			a.env[name] = *value
		} else {
			delete(a.env, name)
		}
	}
	if a.starts == 0 {
		return // it will start with the changed environment
	}
	a.kill()
	a.failures, a.failure = 0, ""
	a.e.log(a.node.name, AgentExited{Reason: "restart"})
	a.startAfter(gap, true)
}

// startAfter starts the agent after a wait; without one, on the spot.
func (a *agent) startAfter(wait time.Duration, promise bool) {
	life := a.life
	begin := func() {
		if a.life == life {
			a.start()
		}
	}
	switch {
	case wait <= 0:
		begin()
	case promise:
		a.e.promise(a.e.now.Add(wait), begin)
	default:
		a.e.after(wait, begin)
	}
}

// kill ends the agent's life: no timer and no reply of it acts any more.
func (a *agent) kill() {
	a.life++
	a.up, a.busy = false, false
	a.setHeldBy(refusal{})
	a.pace = pace{}
	a.nextCheck = model.Never
	a.node.poolChanged()
	if a.inFlight != nil {
		a.inFlight.leaving = false // nobody will delete it soon
	}
}
