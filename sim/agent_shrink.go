package sim

import (
	"net/netip"
	"slices"

	"vpcsim/model"
)

// shrink gives back blocks that no pod holds an address in, ENI by ENI, until
// the surplus is gone. Cooling does not protect a block.
func (a *agent) shrink(stats model.PoolStats, why model.Reason, done func()) {
	a.e.log(a.node.name, PoolShrink{a.decision(model.RuleTooHigh, why, stats)})
	a.shrinkFrom(a.store.ShrinkOrder(a.pick), model.ShrinkCount(stats, a.settings), done)
}

// shrinkFrom goes through the ENIs; prefixes and single addresses of one ENI go
// by a call each.
func (a *agent) shrinkFrom(enis []*model.StoreENI, count int, done func()) {
	for i, e := range enis {
		blocks := e.FreeableBlocks(a.pick)
		blocks = blocks[:min(len(blocks), count)]
		if len(blocks) == 0 {
			continue
		}
		a.drop(e, blocks, ByShrink)
		a.giveBack(e, blocks, func() { a.shrinkFrom(enis[i+1:], count-len(blocks), done) })
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
	a.e.ec2.unassign(ni, blocks, a.alive(func(model.ErrorCode) { done() }))
}

// maybeFree frees at most one ENI: it leaves the datastore at once, then it is
// detached, and deleted after a pause.
func (a *agent) maybeFree(stats model.PoolStats, unused bool, done func()) {
	may, _ := a.mayProvision()
	if !may || !model.MayFreeENI(stats, a.settings, a.limits(), unused) {
		done()
		return
	}
	e := a.store.FreeableENI(a.e.now, a.settings, a.pick)
	if e == nil {
		done()
		return
	}
	d := a.decision(model.RuleFreeENI, model.ReasonUnusedENI, stats)
	d.ENI = e.ID
	a.e.log(a.node.name, PoolFree{d})
	ni := a.instance().eni(e.ID)
	a.dropENI(e, ni.primary, ByFree)
	a.inFlight = ni
	x := a.e.ec2
	x.describe(a.instance(), DescribeNetworkInterfaces, ni, a.alive(func(model.ErrorCode) {
		x.detach(a.instance(), ni, a.alive(func(model.ErrorCode) {
			a.pause(a.e.cfg.EC2.DetachPause, func() {
				x.delete(a.instance(), ni, a.alive(func(model.ErrorCode) {
					a.inFlight = nil
					done()
				}))
			})
		}))
	}))
}
