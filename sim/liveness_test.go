package sim

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"testing"
	"time"

	"vpcsim/model"
)

// TestWhatCanStartDoesStart plays random scenarios to the end of their steps
// and then takes the obstacles away: kubelet's and the agents' patience is
// endless, nodes are uncordoned, agents may call EC2, surplus pods go. After
// enough time in which no pod has left either every pod that still waits must have a reason that holds:
// judged by the state, not by what the engine says. Then, where no controller
// replaces them, all pods go, and one that comes to each node must start if the
// node has any free address at all.
func TestWhatCanStartDoesStart(t *testing.T) {
	first, end := seeds(t, 100)
	for seed := first; seed < end; seed++ {
		cfg := generate(seed)
		if err := playLive(cfg); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		if cfg.Scheduler.SeesAddresses {
			continue
		}
		cfg.Scheduler.SeesAddresses = true
		if err := playLive(cfg); err != nil {
			t.Errorf("seed %d, with a scheduler that sees addresses: %v", seed, err)
		}
	}
}

func playLive(cfg Config) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	cfg.Kubelet.NeverRetry, cfg.Agent.Exit.Never = false, false
	released := model.Instant(0) // when a pod gave up its address last
	gaveBack := map[model.SubnetID]model.Instant{}
	e, c, err := newChecked(cfg, func(ev Event) error {
		switch b := ev.Body.(type) {
		case PodReleased:
			released = ev.At
		case EC2Call:
			if b.Action == UnassignPrivateIpAddresses && b.Error == "" {
				gaveBack[b.Subnet] = ev.At
			}
		case ENIDeleted:
			gaveBack[b.Subnet] = ev.At
		}
		return nil
	})
	if err != nil {
		return err
	}
	c.gaveBack = gaveBack
	e.start()
	e.loop()
	g := &generator{Rand: newChance(cfg.Seed, 2)}
	for i, n := range e.nodes {
		if n.gone {
			continue
		}
		e.step(e.now, n.uncordon)
		e.step(e.now, func() { n.agent.restart(time.Duration(i)*time.Second, liveEnv()) })
		for _, p := range n.pods {
			if g.chance(2) {
				e.step(e.now, func() { e.kubelet.delete(p) })
			}
		}
	}
	playOn(e, 20*time.Minute)
	for range 12 { // a Job may go on: its next pod waits for the address of its last to cool
		if e.now.Sub(released) > 5*time.Minute {
			break
		}
		playOn(e, 10*time.Minute)
	}
	if err := errors.Join(e.sinkErr, c.waitingHaveReasons()); err != nil {
		return fmt.Errorf("after the obstacles went: %w", err)
	}

	if len(cfg.Workloads) > 0 {
		return nil // controllers would fill the nodes again
	}
	for _, p := range e.podNamed {
		e.step(e.now, func() { e.kubelet.delete(p) })
	}
	playOn(e, 10*time.Minute)
	var last []*pod
	for _, n := range e.nodes {
		if n.gone || !n.agent.up || !slices.ContainsFunc(n.agent.pools, func(pl *pool) bool { return c.freeAddress(pl).IsValid() }) {
			continue
		}
		p := &pod{name: model.PodName("last-" + n.name), spec: &PodSpec{Node: n.name}, beside: true}
		last = append(last, p)
		e.step(e.now.Add(time.Second), func() { e.createPod(p) })
	}
	playOn(e, 5*time.Minute)
	for _, p := range last {
		if p.phase != podRunning && !c.outbid(p) {
			err = errors.Join(err, fmt.Errorf("pod %s does not run: phase %d, %d attempts", p.name, p.phase, p.attempts))
		}
	}
	return errors.Join(e.sinkErr, err)
}

// outbid reports whether other nodes have taken all of the subnet that the
// pod's node gave back meanwhile.
func (c *checker) outbid(p *pod) bool {
	if p.wait == nil {
		return false
	}
	kind := p.wait.place.kind
	return (kind == KindSubnetIPs || kind == KindPrefixFragmentation) && p.node.agent.total() == 0 && c.refuted(p) == ""
}

// total is the addresses of all pools.
func (a *agent) total() int {
	n := 0
	for _, p := range a.pools {
		n += p.store.Stats().Total
	}
	return n
}

// liveEnv lets the agent call EC2, and start.
func liveEnv() map[string]*string {
	on := "true"
	return map[string]*string{"ENABLE_MULTI_NIC": &on, "DISABLE_NETWORK_RESOURCE_PROVISIONING": nil, "ENABLE_IPv4": &on, "IP_COOLDOWN_PERIOD": nil}
}

// playOn lets the run go on for d.
func playOn(e *engine, d time.Duration) {
	e.cfg.Duration += d
	e.endedBy = ""
	e.loop()
}

// waitingHaveReasons judges each pod that waits: what keeps it must be there.
func (c *checker) waitingHaveReasons() error {
	var errs []error
	for _, p := range c.e.podNamed {
		if p.deleting || p.phase != podPending && p.phase != podCreating {
			continue
		}
		if p.wait == nil && len(c.e.nodeNamed) == 0 {
			continue // nothing is exhausted where nothing is
		}
		if p.wait == nil {
			errs = append(errs, fmt.Errorf("pod %s waits without an exhaustion", p.name))
		} else if why := c.refuted(p); why != "" {
			errs = append(errs, fmt.Errorf("pod %s on %s waits for %s at %s %s, but %s", p.name, p.nodeName(), p.wait.place.kind, p.wait.place.scope, p.wait.place.name, why))
		}
	}
	return errors.Join(errs...)
}

// refuted says what is wrong with the reason for which the pod waits; empty if
// nothing.
func (c *checker) refuted(p *pod) string {
	kind := p.wait.place.kind
	switch {
	case p.needsBranch():
		return "" // waits for the resource controller
	case kind.Cures():
		return "that cures itself, and there was time enough"
	case p.phase == podPending:
		return ""
	}
	a := p.node.agent
	if !a.up {
		r := a.lastRefusal() // goes before that it is down
		if kind != KindSubnetIPs && kind != KindPrefixFragmentation && kind != KindMisconfig && (r == nil || kind != kindOf(r.code)) {
			return "the agent is down"
		}
		return ""
	}
	if a.wantsEveryCard(p) && !a.settings.MultiNIC && kind == KindMisconfig {
		return "" // a node that came after the agents were told otherwise
	}
	if !a.wantsEveryCard(p) {
		for _, pl := range a.pools {
			if free := c.freeAddress(pl); free.IsValid() {
				return fmt.Sprintf("%s is free", free)
			}
		}
		return c.refutedAt(p, a.pools[0])
	}
	// One card that keeps it waiting is enough.
	why := "every card has a free address"
	for _, pl := range a.pools {
		if c.freeAddress(pl).IsValid() {
			continue
		}
		if why = c.refutedAt(p, pl); why == "" {
			break
		}
	}
	return why
}

// refutedAt says what is wrong with it as for one pool, which has no address.
func (c *checker) refutedAt(p *pod, pl *pool) string {
	a, kind := pl.a, p.wait.place.kind
	full, capped := pl.shape()
	switch kind {
	case KindENILimit:
		if !full || !capped {
			return "the node has room"
		}
	case KindSubnetIPs, KindPrefixFragmentation:
		s := p.node.e.ec2.named[model.SubnetID(p.wait.place.name)]
		if full && capped {
			return "the node has no room"
		}
		if at, is := c.gaveBack[s.ID()]; is && at >= a.backoff && a.e.now.Sub(a.backoff) <= model.BackoffPeriod {
			return "" // with WARM_PREFIX_TARGET 0 another agent takes a prefix and gives it back for ever
		}
		if !a.settings.PrefixDelegation && full && s.FreeForAddresses() > a.limits().Slots || !full && s.FreeForAddresses() > 0 && !a.settings.PrefixDelegation {
			return fmt.Sprintf("the subnet has %d addresses", s.FreeForAddresses())
		}
		if a.settings.PrefixDelegation && s.PrefixFits(a.limits().Slots, s.fallback) && s.FreeForAddresses() > 0 {
			return fmt.Sprintf("the subnet has %d free prefixes", s.FreePrefixes())
		}
	case KindMisconfig:
		stats := pl.store.Stats()
		if stats.Total < p.node.maxPods && !(pl.settings.MinimumIPTarget > 0 && pl.settings.WarmIPTarget == 0) && !a.settings.CustomNetworking && !a.settings.NoProvisioning && a.hasPlace() {
			return "nothing is misconfigured"
		}
	}
	return ""
}

// freeAddress returns an address that the pool could hand out, if there is one.
func (c *checker) freeAddress(pl *pool) netip.Addr {
	a := pl.a
	held := maps.Clone(c.ghosts[a.node.name])
	for _, p := range a.node.pods {
		for l := range p.leases() {
			held[l.Address()] = true
		}
	}
	if pl.store.Cooling(a.e.now) > 0 {
		return netip.Addr{}
	}
	for _, e := range pl.store.ENIs() {
		for _, b := range e.Blocks() {
			if e.Excluded || b.IsSingleIP() == a.settings.PrefixDelegation {
				continue
			}
			for addr := b.Addr(); b.Contains(addr); addr = addr.Next() {
				if !held[addr] {
					return addr
				}
			}
		}
	}
	return netip.Addr{}
}

// shape reports whether every ENI of the pool that may take blocks is full, and
// whether no ENI may be attached to its card.
func (pl *pool) shape() (full, capped bool) {
	a := pl.a
	full = true
	for _, e := range pl.store.ENIs() {
		if e.Excluded || e.Kind == model.ENITrunk {
			continue
		}
		if a.settings.CustomNetworking && e.Kind == model.ENIPrimary {
			continue
		}
		full = full && e.BlockCount() >= a.limits().Slots
	}
	most := a.instance().kind.MaxENIs
	if a.settings.MaxENI > 0 {
		most = min(most, a.settings.MaxENI)
	}
	if pl.card == 0 && a.keepsSlot() && !pl.store.HasTrunk() {
		most--
	}
	most = min(most, a.instance().kind.CardENIs(pl.card)) // by EC2, where not by the agent
	return full, len(pl.store.ENIs()) >= most
}
