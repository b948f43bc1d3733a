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
// in v1.8.2.

// How long the controller waits until it looks again at a pod that it had no
// address for.
const (
	windowsAgainEmpty    = 600 * time.Millisecond
	windowsAgainCooling  = 20 * time.Second
	windowsAgainNoPrefix = 2 * time.Minute
	// At capacity is an error to the controller: 5 ms, doubling up to 1,000 s.
	// Source: the default rate limiter of Kubernetes' work queues.
	windowsAgainFull    = 5 * time.Millisecond
	windowsAgainFullMax = 1000 * time.Second
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

// windowsPool is what the resource controller has for one Windows node: a pool
// of secondary addresses and one of prefixes, of which the mode says which serves
// new pods. The other one drains.
type windowsPool struct {
	e        *engine
	node     *node
	pick     model.Pick // nil: ordered
	settings model.WindowsSettings
	ignored  []string

	life    int // grows at each start and end; a continuation of an older life does nothing
	managed bool
	sides   [2]*windowsSide // of secondary addresses, of prefixes
	starts  int
	base    model.Instant // of the rounds
	round   model.Instant // of the timer that is set; Never if none
	owed    bool          // that timer holds the run up
	held    []*refusal    // of calls that the controller's client tries again
}

func newWindowsPool(e *engine, n *node) *windowsPool {
	w := &windowsPool{e: e, node: n, round: model.Never}
	for i := range w.sides {
		w.sides[i] = &windowsSide{w: w, prefixes: i == 1}
	}
	w.readSettings()
	if e.cfg.Agent.Order == OrderRandom {
		w.pick = newStream(e.cfg.Seed, "windows/"+string(n.name)).pick
	}
	return w
}

// readSettings takes in what the ConfigMap says, as it counts on the node.
func (w *windowsPool) readSettings() {
	w.settings, w.ignored = w.e.windowsSettings.ForType(w.node.group.Type)
	w.ignored = append(slices.Clone(w.e.windowsIgnored), w.ignored...)
}

func (w *windowsPool) eni() *eni { return w.node.instance.enis[0] }

// active is the side that serves new pods.
func (w *windowsPool) active() *windowsSide {
	if w.settings.PrefixDelegation {
		return w.sides[1]
	}
	return w.sides[0]
}

// sideOf is the side that gave the address, whatever the mode is since.
func (w *windowsPool) sideOf(g model.WindowsGrant) *windowsSide {
	if g.Block.IsSingleIP() {
		return w.sides[0]
	}
	return w.sides[1]
}

// byTurn are the sides, the one that drains first: what it gives back makes room
// on the ENI.
//
// The model is coarser than reality in that the real controller asks EC2 for both
// at once, in either order, and tries again where the room came too late.
func (w *windowsPool) byTurn() [2]*windowsSide {
	if w.settings.PrefixDelegation {
		return w.sides
	}
	return [2]*windowsSide{w.sides[1], w.sides[0]}
}

// start lets the controller take the node over: it sees what is on the ENI, and
// which pods have an address of it already. The node is ready when the first
// request to EC2, if there is one, has been answered.
func (w *windowsPool) start() {
	w.life, w.held = w.life+1, nil
	if !w.settings.IPAM {
		w.node.agentUp()
		return
	}
	w.describe(DescribeInstances, func(model.ErrorCode) { w.begin() })
}

func (w *windowsPool) begin() {
	known := map[netip.Prefix]bool{}
	for _, b := range w.blocks() {
		known[b] = true
	}
	var held []model.WindowsGrant
	for _, p := range w.node.pods {
		if p.grant != nil {
			held = append(held, *p.grant)
		}
	}
	w.manage(known, held)
	w.byTurn()[0].reconcile(nil)
	w.byTurn()[1].reconcile(w.node.agentUp)
	w.setRound()
	for _, p := range slices.Clone(w.node.pods) {
		w.ask(p)
	}
}

// manage makes the pools of what is on the ENI and of what pods hold of it.
func (w *windowsPool) manage(known map[netip.Prefix]bool, held []model.WindowsGrant) {
	w.readSettings()
	for _, s := range w.sides {
		s.begin(held)
	}
	w.managed = true
	w.starts++
	w.base = w.e.now
	w.logStart(known)
	w.node.windowsCapacity = w.active().pool.Capacity()
	w.e.scheduler.nodeChanged(w.node)
}

// takeOver goes on where the controller was before the run: it asks EC2 for
// nothing until its next round, or until a pod needs it.
func (w *windowsPool) takeOver() {
	w.life, w.held = w.life+1, nil
	in := w.e.initial
	if w.settings.IPAM {
		var held []model.WindowsGrant
		for _, i := range in.on[w.node.name] {
			if g, ok := w.grantOf(w.e.cfg.State.Pods[i].Address); ok {
				held = append(held, g)
			}
		}
		w.manage(nil, held)
	}
	in.restorePods(w.node)
	if w.managed {
		w.setRound()
	}
}

// grantOf is the address with the block of the ENI that it is of.
func (w *windowsPool) grantOf(a netip.Addr) (model.WindowsGrant, bool) {
	for _, b := range w.eni().blocks {
		if b.Contains(a) {
			return model.WindowsGrant{Address: a, Block: b}, true
		}
	}
	return model.WindowsGrant{}, false
}

// blocks are those of both pools.
func (w *windowsPool) blocks() []netip.Prefix {
	var out []netip.Prefix
	for _, s := range w.sides {
		if s.pool != nil {
			out = append(out, s.pool.Blocks()...)
		}
	}
	return out
}

// logStart tells what the pool begins with. What it has not known before is
// added: all of the ENI at the first start.
func (w *windowsPool) logStart(known map[netip.Prefix]bool) {
	ni := w.eni()
	w.e.log(w.node.name, AgentConfigured{
		Env: maps.Clone(w.e.windowsKeys), Settings: w.asAgent(),
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

// asAgent are the settings in an agent's words.
func (w *windowsPool) asAgent() model.Settings {
	s := w.settings
	return model.Settings{
		IPv4: true, PrefixDelegation: s.PrefixDelegation, WarmIPTarget: s.WarmIPTarget,
		MinimumIPTarget: s.MinimumIPTarget, WarmPrefixTarget: s.WarmPrefixTarget,
		Cooldown: model.WindowsCooldown,
	}
}

// setWindows changes the ConfigMap's keys about Windows nodes. The controller
// takes them in at once, on each node that it has.
func (e *engine) setWindows(a SetWindows) {
	e.windowsKeys = maps.Clone(e.windowsKeys)
	if e.windowsKeys == nil {
		e.windowsKeys = map[string]string{}
	}
	for _, key := range slices.Sorted(maps.Keys(a.Keys)) {
		if text := a.Keys[key]; text != nil {
			e.windowsKeys[key] = *text
		} else {
			delete(e.windowsKeys, key)
		}
	}
	before := e.windowsSettings
	e.windowsSettings, e.windowsIgnored = model.ParseWindowsSettings(e.windowsKeys)
	e.log("", ControllerConfigured{
		BranchCooldown: e.controller.cooldownText, CooldownMs: e.controller.cooldown.Milliseconds(), Windows: maps.Clone(e.windowsKeys),
	})
	if e.windowsSettings == before {
		return
	}
	for _, n := range e.nodes {
		if n.windows != nil && n.windows.managed {
			n.windows.configure()
		}
	}
}

// configure takes in a change of the ConfigMap. Where it switches the mode, the
// node offers what the other pool can hold at once; pods keep their addresses, and
// what drains goes when it is warm.
func (w *windowsPool) configure() {
	w.readSettings()
	w.node.windowsCapacity = w.active().pool.Capacity()
	w.e.log(w.node.name, PoolConfigured{
		Env: maps.Clone(w.e.windowsKeys), Settings: w.asAgent(), Ignored: w.ignored,
		CooldownMs: model.WindowsCooldown.Milliseconds(), Capacity: w.node.windowsCapacity,
	})
	for _, s := range w.sides {
		s.configure()
	}
	for _, s := range w.byTurn() {
		s.reconcile(nil)
	}
	w.setRound()
	w.e.scheduler.nodeChanged(w.node)
}

// stop ends the pool's life: the controller or the node is gone.
func (w *windowsPool) stop() {
	w.life, w.held = w.life+1, nil
	w.managed = false
	for _, s := range w.sides {
		s.asks, s.deletes = 0, 0
	}
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
	s := w.active()
	grant, refusal := s.pool.Assign(w.pick)
	if refusal == "" {
		p.grant = &grant
		s.reconcile(nil)
		return
	}
	wait := windowsAgainEmpty
	switch refusal {
	case model.WindowsAtCapacity:
		wait = min(windowsAgainFull<<p.atCapacity, windowsAgainFullMax)
		p.atCapacity = min(p.atCapacity+1, 18) // 5 ms << 18 is above 1,000 s
	case model.WindowsCoolingDown:
		wait = windowsAgainCooling
	case model.WindowsNoFreePrefix:
		wait = windowsAgainNoPrefix
	case model.WindowsPoolEmpty:
		s.reconcile(nil)
	}
	if refusal != model.WindowsAtCapacity {
		p.atCapacity = 0
	}
	w.e.after(wait, w.alive(func() { w.ask(p) }))
}

// giveUp takes a pod's address back. It returns the side that goes on with freed,
// nil if there is nothing to do, and the last instant at which the address cools:
// the round that ends it makes it warm.
func (w *windowsPool) giveUp(p *pod) (*windowsSide, model.Instant) {
	g := p.grant
	if g == nil || w.node.gone {
		return nil, 0
	}
	p.grant = nil
	s := w.sideOf(*g)
	setUp := p.phase != podCreating
	if setUp {
		s.set--
	}
	if !w.managed {
		return nil, 0
	}
	if !setUp {
		s.unset = append(s.unset, w.e.now)
	}
	s.pool.Free(*g, w.e.now)
	return s, w.roundFrom(w.e.now.Add(model.WindowsCooldown)) - 1
}

// roundFrom is the first round at or after the instant.
func (w *windowsPool) roundFrom(t model.Instant) model.Instant {
	period := model.Instant(model.WindowsRound.Milliseconds())
	return w.base + max(0, (t-w.base+period-1)/period)*period
}

// setRound sees to it that the next round comes, where it has something to do:
// addresses cool, a pool is off its targets, or the last request was refused,
// which may go on for good and so does not hold the run up.
func (w *windowsPool) setRound() {
	owes, tries := false, false
	for _, s := range w.sides {
		needs, refused := s.pool.Needs(), s.refused != nil || s.kept
		owes = owes || s.pool.Stats().Cooling > 0 || needs && !refused
		tries = tries || needs || s.refused != nil
	}
	if !owes && !tries {
		return
	}
	if w.round == model.Never {
		w.round = w.roundFrom(w.e.now + 1)
		at := w.round
		w.e.at(at, w.alive(func() { w.work() }))
	}
	if owes && !w.owed {
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
	for _, s := range w.sides {
		s.cool()
	}
	for _, s := range w.byTurn() {
		s.reconcile(nil)
	}
	w.setRound()
}

// call makes a call at the pace of the controller's client; vain, if it can change
// nothing. After the end of the pool's life only gone is called, which frees the worker.
func (w *windowsPool) call(f CallFields, vain bool, effect func(f *CallFields), gone func(), done reply) {
	life := w.life
	paced := w.e.controller.paced
	if vain {
		paced = w.e.controller.pacedInVain
	}
	paced(func() {
		if w.life != life {
			gone()
			return
		}
		w.e.ec2.askInVain(w.node.instance, w.eni(), f, vain, effect, func(code model.ErrorCode) {
			if w.life != life {
				gone()
				return
			}
			done(code)
		})
	})
}

// describe sees what EC2 has of the node before its pools begin.
func (w *windowsPool) describe(action Action, done reply) {
	w.call(CallFields{Action: action, ENI: w.eni().id}, false, nil, func() {}, done)
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
	if w.starts == 0 {
		return
	}
	ni := w.eni()
	addresses, prefixes := split(w.blocks())
	w.e.log(w.node.name, ENIDetached{ENI: ni.id, Kind: ni.kind, Device: ni.device, Subnet: ni.subnet.ID(), PrimaryAddress: ni.primary, Addresses: addresses, Prefixes: prefixes, By: ByTerminate})
	w.node.windowsCapacity = 0
}
