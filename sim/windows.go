package sim

import (
	"maps"
	"net/netip"
	"slices"
	"time"

	"vpcsim/model"
)

// Windows nodes have no agent. The resource controller keeps a pool of
// addresses on the primary ENI of each, gives a pod one when it is bound and
// writes it into the pod's annotation; kubelet's attempts fail until it is
// there. Source: VPC resource controller, docs/windows; waits and order observed
// in v1.8.0.

// How long the controller waits until it looks again at a pod that it had no
// address for.
const (
	windowsAgainEmpty    = 600 * time.Millisecond
	windowsAgainCooling  = 20 * time.Second
	windowsAgainNoPrefix = 2 * time.Minute
)

// windowsJobs is how many requests of each mode the controller has on the way at
// once, for the whole cluster.
const windowsJobs = 2

// osLabels are the labels of a node that tell its operating system, and the
// keys of a node selector that make a pod a Windows one.
const (
	labelOS     = "kubernetes.io/os"
	labelOSBeta = "beta.kubernetes.io/os"
	osWindows   = "windows"
	osLinux     = "linux"
)

// isWindows reports whether pods of the spec are for Windows nodes: by their
// node selector, as the controller's webhook tells. Those on the host network
// need no address.
func isWindows(spec *PodSpec) bool {
	return !spec.HostNetwork && (spec.NodeSelector[labelOS] == osWindows || spec.NodeSelector[labelOSBeta] == osWindows)
}

// needsWindowsAddress reports whether the webhook gives pods of the spec a
// request for vpc.amazonaws.com/PrivateIPv4Address.
func (e *engine) needsWindowsAddress(spec *PodSpec) bool {
	return e.windowsSettings.IPAM && isWindows(spec)
}

// windowsPool is the resource controller's pool for one Windows node.
type windowsPool struct {
	e        *engine
	node     *node
	pick     model.Pick // nil: ordered
	settings model.WindowsSettings
	ignored  []string

	life    int // grows at each start and end; a continuation of an older life does nothing
	managed bool
	pool    *model.WindowsPool // nil before the first start
	starts  int
	base    model.Instant // of the rounds
	round   model.Instant // of the timer that is set; Never if none
	owed    bool          // that timer holds the run up
	refused *refusal

	// What the log tells differs from the pool while a pod is annotated and not
	// set up yet: set counts the pods that are, unset has the instants at which
	// pods gave up an address that they were never set up with, while it cools.
	set   int
	unset []model.Instant
}

func newWindowsPool(e *engine, n *node) *windowsPool {
	w := &windowsPool{e: e, node: n, round: model.Never}
	w.settings, w.ignored = e.windowsSettings.ForType(n.group.Type)
	w.ignored = append(slices.Clone(e.windowsIgnored), w.ignored...)
	if e.cfg.Agent.Order == OrderRandom {
		w.pick = newStream(e.cfg.Seed, "windows/"+string(n.name)).pick
	}
	return w
}

func (w *windowsPool) eni() *eni { return w.node.instance.enis[0] }

// start lets the controller take the node over: it sees what is on the ENI, and
// which pods have an address of it already. The node is ready when the first
// request to EC2, if there is one, has been answered.
func (w *windowsPool) start() {
	w.life++
	if !w.settings.IPAM {
		w.node.agentUp()
		return
	}
	w.describe(DescribeInstances, func(model.ErrorCode) { w.begin() })
}

func (w *windowsPool) begin() {
	known := map[netip.Prefix]bool{}
	if w.pool != nil {
		for _, b := range w.pool.Blocks() {
			known[b] = true
		}
	}
	var held []model.WindowsGrant
	for _, p := range w.node.pods {
		if p.grant != nil {
			held = append(held, *p.grant)
		}
	}
	ni := w.eni()
	w.pool = model.NewWindowsPool(w.settings, ni.instance.kind, ni.blocks, held)
	w.managed, w.refused, w.unset = true, nil, nil
	w.starts++
	w.base = w.e.now
	w.logStart(known)
	w.node.windowsCapacity = w.pool.Capacity()
	w.e.scheduler.nodeChanged(w.node)
	w.reconcile(w.node.agentUp)
	w.setRound()
	for _, p := range slices.Clone(w.node.pods) {
		w.ask(p)
	}
}

// logStart tells what the pool begins with. What it has not known before is
// added: all of the ENI at the first start.
func (w *windowsPool) logStart(known map[netip.Prefix]bool) {
	ni, s := w.eni(), w.settings
	w.e.log(w.node.name, AgentConfigured{
		Env: maps.Clone(w.e.cfg.CNI.Windows),
		Settings: model.Settings{
			IPv4: true, PrefixDelegation: s.PrefixDelegation, WarmIPTarget: s.WarmIPTarget,
			MinimumIPTarget: s.MinimumIPTarget, WarmPrefixTarget: s.WarmPrefixTarget,
			Cooldown: model.WindowsCooldown,
		},
		Ignored: w.ignored, CooldownMs: model.WindowsCooldown.Milliseconds(),
	})
	if w.starts > 1 {
		w.took(slices.DeleteFunc(slices.Clone(ni.blocks), func(b netip.Prefix) bool { return known[b] }), ByStart)
	} else {
		addresses, prefixes := split(ni.blocks)
		w.e.log(w.node.name, ENIAttached{
			ENI: ni.id, Kind: ni.kind, Device: ni.device, Subnet: ni.subnet.ID(), SecurityGroups: ni.groups,
			PrimaryAddress: ni.primary, Addresses: addresses, Prefixes: prefixes, By: ByStart,
		})
	}
	w.e.log(w.node.name, AgentStarted{Start: w.starts})
}

// stop ends the pool's life: the controller or the node is gone.
func (w *windowsPool) stop() {
	w.life++
	w.managed = false
	w.clearRound()
}

// alive wraps a continuation, so that it does nothing in a later life.
func (w *windowsPool) alive(next func()) func() {
	life := w.life
	return func() {
		if w.life == life {
			next()
		}
	}
}

// ask looks at a bound pod: it gets a warm address, or is looked at again.
func (w *windowsPool) ask(p *pod) {
	if !w.managed || !w.e.needsWindowsAddress(p.spec) || p.grant != nil || p.phase != podCreating || p.deleting {
		return
	}
	grant, refusal := w.pool.Assign(w.pick)
	if refusal == "" {
		p.grant = &grant
		w.reconcile(nil)
		return
	}
	wait := windowsAgainEmpty
	switch refusal {
	case model.WindowsAtCapacity:
		wait = resyncPeriod
	case model.WindowsCoolingDown:
		wait = windowsAgainCooling
	case model.WindowsNoFreePrefix:
		wait = windowsAgainNoPrefix
	case model.WindowsPoolEmpty:
		w.reconcile(nil)
	}
	w.e.after(wait, w.alive(func() { w.ask(p) }))
}

// giveUp takes a pod's address back and returns the last instant at which it
// cools: the round that ends it makes it warm. The caller goes on with freed.
func (w *windowsPool) giveUp(p *pod) (coolUntil model.Instant, ok bool) {
	g := p.grant
	if g == nil || w.node.gone {
		return 0, false
	}
	p.grant = nil
	setUp := p.phase != podCreating
	if setUp {
		w.set--
	}
	if !w.managed {
		return 0, false
	}
	if !setUp {
		w.unset = append(w.unset, w.e.now)
	}
	w.pool.Free(*g, w.e.now)
	return w.roundFrom(w.e.now.Add(model.WindowsCooldown)) - 1, true
}

// freed goes on after an address was given up.
func (w *windowsPool) freed() {
	if w.managed {
		w.reconcile(nil)
		w.setRound()
	}
}

// roundFrom is the first round at or after the instant.
func (w *windowsPool) roundFrom(t model.Instant) model.Instant {
	period := model.Instant(model.WindowsRound.Milliseconds())
	return w.base + max(0, (t-w.base+period-1)/period)*period
}

// setRound sees to it that the next round comes, where it has something to do:
// addresses cool, or the last request was refused.
func (w *windowsPool) setRound() {
	cooling := w.pool.Stats().Cooling > 0
	if !cooling && w.refused == nil {
		return
	}
	if w.round == model.Never {
		w.round = w.roundFrom(w.e.now + 1)
		at := w.round
		w.e.at(at, w.alive(func() { w.work() }))
	}
	if cooling && !w.owed {
		w.owed = true
		w.e.promises++
	}
}

func (w *windowsPool) clearRound() {
	w.round = model.Never
	if w.owed {
		w.owed = false
		w.e.promises--
	}
}

// work is a round: what has cooled is warm again.
func (w *windowsPool) work() {
	w.clearRound()
	w.pool.Cool(w.e.now)
	w.unset = slices.DeleteFunc(w.unset, func(at model.Instant) bool { return w.e.now.Sub(at) >= model.WindowsCooldown })
	if w.pool.Stats().Deviation(w.settings) <= 0 {
		w.refused = nil
	}
	w.reconcile(nil)
	w.setRound()
}

// reconcile asks of EC2 what the pool needs. done, if it is not nil, is called
// when that is over.
func (w *windowsPool) reconcile(done func()) {
	if done == nil {
		done = func() {}
	}
	before := w.pool.Stats()
	switch plan := w.pool.Plan(w.pick); {
	case plan.Empty():
		done()
	case plan.Resync:
		w.submit(func(over func()) { w.sync(over) }, done)
	case plan.Create > 0:
		w.e.log(w.node.name, PoolGrow{w.decision(before)})
		w.submit(func(over func()) { w.create(plan.Create, over) }, done)
	default:
		w.e.log(w.node.name, PoolShrink{w.decision(before)})
		w.dropped(plan.Delete, ByShrink)
		w.submit(func(over func()) { w.delete(plan.Delete, over) }, done)
	}
}

// submit hands a job to the controller's workers of the mode.
func (w *windowsPool) submit(job func(over func()), done func()) {
	jobs := w.e.windowsJobs[0]
	if w.settings.PrefixDelegation {
		jobs = w.e.windowsJobs[1]
	}
	life := w.life
	jobs.add(func(over func()) {
		if w.life != life {
			over()
			return
		}
		job(func() {
			over()
			if w.life == life {
				done()
			}
		})
	})
}

// create asks for addresses or prefixes; EC2 gives all or none.
func (w *windowsPool) create(want int, over func()) {
	ni := w.eni()
	var blocks []netip.Prefix
	f := CallFields{Action: AssignPrivateIpAddresses, ENI: ni.id, Subnet: ni.subnet.ID(), Want: want}
	w.call(f, func(f *CallFields) { blocks = w.e.ec2.addBlocks(ni, want, w.settings.PrefixDelegation, f) }, over, func(code model.ErrorCode) {
		if code != "" {
			w.refused = &refusal{code: code, subnet: ni.subnet, want: want, prefixes: w.settings.PrefixDelegation}
			w.created(want, nil, code)
			over()
			return
		}
		w.call(CallFields{Action: DescribeNetworkInterfaces, ENI: ni.id}, nil, over, func(model.ErrorCode) {
			w.refused = nil
			w.created(want, blocks, "")
			over()
		})
	})
}

func (w *windowsPool) created(want int, blocks []netip.Prefix, code model.ErrorCode) {
	w.pool.Created(want, blocks, code)
	w.took(blocks, ByGrow)
	if code != "" && code != model.InsufficientCidrBlocks {
		w.reconcile(nil)
	}
	w.setRound()
}

// delete gives blocks back that are out of the pool already.
func (w *windowsPool) delete(blocks []netip.Prefix, over func()) {
	ni := w.eni()
	f := CallFields{Action: UnassignPrivateIpAddresses, ENI: ni.id, Subnet: ni.subnet.ID(), Want: len(blocks)}
	w.call(f, func(f *CallFields) { w.e.ec2.removeBlocks(ni, blocks, f) }, over, func(code model.ErrorCode) {
		w.pool.Deleted(blocks, code)
		if code != "" {
			w.took(blocks, ByReconcile)
			w.reconcile(nil)
		}
		over()
	})
}

// sync sees what EC2 has on the ENI after a request that failed.
func (w *windowsPool) sync(over func()) {
	w.describeOr(DescribeInstances, over, func(model.ErrorCode) {
		w.took(w.pool.Synced(w.eni().blocks), ByReconcile)
		w.setRound()
		over()
	})
}

// call makes a call at the pace of the controller's client. After the end of
// the pool's life only gone is called, which frees the worker.
func (w *windowsPool) call(f CallFields, effect func(f *CallFields), gone func(), done reply) {
	life := w.life
	w.e.controller.paced(func() {
		if w.life != life {
			gone()
			return
		}
		w.e.ec2.ask(w.node.instance, w.eni(), f, effect, func(code model.ErrorCode) {
			if w.life != life {
				gone()
				return
			}
			done(code)
		})
	})
}

func (w *windowsPool) describe(action Action, done reply) { w.describeOr(action, func() {}, done) }

func (w *windowsPool) describeOr(action Action, gone func(), done reply) {
	w.call(CallFields{Action: action, ENI: w.eni().id}, nil, gone, done)
}

// took logs blocks that came into the pool.
func (w *windowsPool) took(blocks []netip.Prefix, by By) {
	if len(blocks) > 0 {
		addresses, prefixes := split(blocks)
		w.e.log(w.node.name, AddressesAdded{ENI: w.eni().id, Device: w.eni().device, Addresses: addresses, Prefixes: prefixes, By: by})
	}
}

// dropped logs blocks that left the pool.
func (w *windowsPool) dropped(blocks []netip.Prefix, by By) {
	addresses, prefixes := split(blocks)
	w.e.log(w.node.name, AddressesRemoved{ENI: w.eni().id, Device: w.eni().device, Addresses: addresses, Prefixes: prefixes, By: by})
}

// terminated says that the instance is gone, and the pool with it.
func (w *windowsPool) terminated() {
	w.stop()
	if w.pool == nil {
		return
	}
	ni := w.eni()
	addresses, prefixes := split(w.pool.Blocks())
	w.e.log(w.node.name, ENIDetached{ENI: ni.id, Kind: ni.kind, Device: ni.device, Subnet: ni.subnet.ID(), PrimaryAddress: ni.primary, Addresses: addresses, Prefixes: prefixes, By: ByTerminate})
	w.node.windowsCapacity = 0
}

// decision is what a pool event says. Cooling addresses are available in it, as
// in all pool events, and those of pods that are not set up yet.
func (w *windowsPool) decision(s model.WindowsStats) PoolDecision {
	d := PoolDecision{Rule: model.RuleWindows, Total: s.Warm + s.Used + s.Cooling, Assigned: w.set, Cooling: s.Cooling - len(w.unset)}
	d.Available = d.Total - d.Assigned
	unit := 1
	if w.settings.PrefixDelegation {
		unit = model.PrefixSize
	}
	deviation := s.Deviation(w.settings) / unit
	d.Short, d.Over = max(deviation, 0), max(-deviation, 0)
	switch {
	case w.settings.WarmPrefixTarget > 0:
		d.Reason = model.ReasonWarmPrefixTarget
	case s.Warm+s.PendingCreate < w.settings.WarmIPTarget || deviation < 0:
		d.Reason = model.ReasonWarmIPTarget
	default:
		d.Reason = model.ReasonMinimumIPTarget
	}
	return d
}

// workers do jobs, a few at once, in the order in which they came.
type workers struct {
	busy int
	jobs []func(over func())
}

func (w *workers) add(job func(over func())) {
	w.jobs = append(w.jobs, job)
	w.next()
}

func (w *workers) next() {
	for w.busy < windowsJobs && len(w.jobs) > 0 {
		job := w.jobs[0]
		w.jobs = w.jobs[1:]
		w.busy++
		job(func() {
			w.busy--
			w.next()
		})
	}
}
