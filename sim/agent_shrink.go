package sim

import (
	"net/netip"
	"slices"

	"vpcsim/model"
)

// shrink gives back blocks that no pod holds an address in, ENI by ENI, until
// the surplus is gone. Cooling does not protect a block.
func (p *pool) shrink(stats model.PoolStats, why model.Reason, done func()) {
	p.a.log(PoolShrink{p.decision(model.RuleTooHigh, why, stats)})
	p.shrinkFrom(p.store.ShrinkOrder(p.a.pick), model.ShrinkCount(p.store.Stats(), p.settings), done)
}

// shrinkFrom goes through the ENIs; prefixes and single addresses of one ENI go
// by a call each.
func (p *pool) shrinkFrom(enis []*model.StoreENI, count int, done func()) {
	for i, e := range enis {
		blocks := e.FreeableBlocks(p.a.pick)
		blocks = blocks[:min(len(blocks), count)]
		if len(blocks) == 0 {
			continue
		}
		p.a.e.inVain(p.a.keepsBlocks(), func() { p.drop(e, blocks, ByShrink) })
		left := count
		if p.settings.Version.Has(model.FeatureShrinkByNode) {
			left -= len(blocks)
		}
		p.a.giveBack(e, blocks, func() { p.shrinkFrom(enis[i+1:], left, done) })
		return
	}
	done()
}

// giveBack returns blocks of an ENI to EC2: first the prefixes, then the single
// addresses.
func (a *agent) giveBack(e *model.StoreENI, blocks []netip.Prefix, done func()) {
	ni := a.instance().eni(e.ID)
	single := func(b netip.Prefix) bool { return b.IsSingleIP() }
	prefixes := slices.DeleteFunc(slices.Clone(blocks), single)
	addresses := slices.DeleteFunc(slices.Clone(blocks), func(b netip.Prefix) bool { return !single(b) })
	a.unassign(ni, prefixes, func() { a.unassign(ni, addresses, done) })
}

// unassign makes no call for an empty list.
func (a *agent) unassign(ni *eni, blocks []netip.Prefix, done func()) {
	if len(blocks) == 0 {
		done()
		return
	}
	a.e.ec2.unassign(ni, blocks, a.alive(func(code model.ErrorCode) {
		if code != "" {
			a.stale = true // EC2 has them still: a later reconcile takes them back
		}
		done()
	}))
}

// maybeFree frees at most one ENI: it leaves the datastore at once, then it is
// detached, and deleted after a pause.
func (p *pool) maybeFree(l look, done func()) {
	a := p.a
	may, _ := a.mayProvision()
	if !may || !model.MayFreeENI(l.stats, p.settings, a.limits(), l.unused) {
		done()
		return
	}
	e := p.store.FreeableENI(a.e.now, p.settings, a.pick)
	if e == nil {
		done()
		return
	}
	d := p.decision(model.RuleFreeENI, model.ReasonUnusedENI, l.stats)
	d.ENI = e.ID
	a.log(PoolFree{d})
	ni := a.instance().eni(e.ID)
	vain := a.keepsENIs()
	a.e.inVain(vain, func() { p.dropENI(e, ni.primary, ByFree) })
	a.inFlight = ni
	a.e.ec2.describe(a.instance(), DescribeNetworkInterfaces, ni, vain, a.alive(func(code model.ErrorCode) {
		if code != "" {
			a.inFlight, a.stale = nil, true // it stays attached: reconcile takes it back
			done()
			return
		}
		a.detachAndDelete(ni, done)
	}))
}

// keepsENIs reports whether no ENI can be given back: reconcile finds each attached
// still, and it is freed again.
func (a *agent) keepsENIs() bool {
	return a.e.ec2.refusesForGood(a.node.name, DescribeNetworkInterfaces, DetachNetworkInterface)
}

// keepsBlocks reports likewise of the blocks of ENIs.
func (a *agent) keepsBlocks() bool {
	return a.e.ec2.refusesForGood(a.node.name, UnassignPrivateIpAddresses)
}

// detachAndDelete gives an attached ENI back. What is refused leaves it
// attached, for reconcile to find, or not attached, for a clean-up.
func (a *agent) detachAndDelete(ni *eni, done func()) {
	x := a.e.ec2
	x.detach(a.instance(), ni, a.alive(func(code model.ErrorCode) {
		if code != "" {
			a.inFlight, a.stale = nil, true
			done()
			return
		}
		a.pause(a.e.cfg.EC2.DetachPause, ni.vain, func() {
			x.delete(a.instance(), ni, a.alive(func(model.ErrorCode) {
				a.inFlight = nil
				a.watchLeaks()
				done()
			}))
		})
	}))
}
