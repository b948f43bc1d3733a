package sim

import (
	"net/netip"

	"vpcsim/model"
)

// pool is an agent's warm pool on one network card: a datastore of its own, with
// the settings that hold for the card. An agent has one for each card that it
// manages, and for its whole node the times: of its last shrink, of the back-off,
// of the last pool action. Source: VPC CNI README, ENABLE_MULTI_NIC; observed in
// v1.23.1.
type pool struct {
	a        *agent
	card     int
	settings model.Settings // the agent's, as they hold for the card
	store    *model.Datastore
	refused  *refusal     // the last growth that was; outlives a restart
	skip     PoolDecision // the last pool.skip that was logged
}

// openPools gives each card that the agent manages an empty datastore.
func (a *agent) openPools() {
	before := a.pools
	a.pools = make([]*pool, a.settings.ManagedCards(a.instance().kind))
	for card := range a.pools {
		p := &pool{a: a, card: card, settings: a.settings.ForCard(card)}
		p.store = model.NewDatastore(a.settings.PrefixDelegation, a.settings.Cooldown)
		if card < len(before) {
			p.refused = before[card].refused
		}
		a.pools[card] = p
	}
}

// pool is that of a card; nil where the agent does not manage it.
func (a *agent) pool(card int) *pool {
	if card >= len(a.pools) {
		return nil
	}
	return a.pools[card]
}

// inTurn returns the pools in the order in which the agent goes through its
// decisions about them. The slice is the agent's own where they ascend.
func (a *agent) inTurn() []*pool {
	if len(a.pools) == 1 || a.pick == nil {
		return a.pools
	}
	out := make([]*pool, 0, len(a.pools))
	for _, i := range model.VisitMap(len(a.pools), a.pick) {
		out = append(out, a.pools[i])
	}
	return out
}

// room is how many more ENIs may be attached to the card. The agent takes the
// limit of the default card for that of any, and MAX_ENI likewise. The trunk is
// on card 0.
func (p *pool) room() int {
	return p.store.ENIRoom(p.a.maxENI(), 0, p.card == 0 && p.a.keepsSlot())
}

// hasCandidate reports whether some ENI may take more blocks.
func (p *pool) hasCandidate() bool { return p.store.HasGrowCandidate(p.settings, p.a.limits()) }

// tooLow reports whether the pool needs to grow.
func (p *pool) tooLow(stats model.PoolStats) (bool, model.Reason) {
	return model.TooLow(stats, p.settings, p.a.limits())
}

// drop takes blocks out of the datastore, before the call that gives them back,
// and remembers that they went.
func (p *pool) drop(e *model.StoreENI, blocks []netip.Prefix, by By) {
	for _, b := range blocks {
		p.a.givenBack[b] = p.a.e.now
	}
	p.forget(e, blocks, by)
}

// forget takes blocks out of the datastore.
func (p *pool) forget(e *model.StoreENI, blocks []netip.Prefix, by By) {
	p.store.RemoveBlocks(e, blocks)
	p.removed(e, blocks, by)
}

// removed logs that blocks left the datastore.
func (p *pool) removed(e *model.StoreENI, blocks []netip.Prefix, by By) {
	p.a.node.poolChanged()
	addresses, prefixes := split(blocks)
	p.a.log(AddressesRemoved{ENI: e.ID, Card: e.Card, Device: e.Device, Addresses: addresses, Prefixes: prefixes, By: by})
}

// take puts blocks into the datastore as free.
func (p *pool) take(e *model.StoreENI, blocks []netip.Prefix, by By) {
	p.addBlocks(e, blocks)
	addresses, prefixes := split(blocks)
	p.a.log(AddressesAdded{ENI: e.ID, Card: e.Card, Device: e.Device, Addresses: addresses, Prefixes: prefixes, By: by})
}

// addBlocks adds blocks to the datastore.
func (p *pool) addBlocks(e *model.StoreENI, blocks []netip.Prefix) {
	a := p.a
	p.store.AddBlocks(e, blocks)
	a.node.poolChanged()
	for _, b := range blocks {
		if at, ok := a.givenBack[b]; ok && a.e.now.Sub(at) < model.GivenBackMemory {
			a.stale = true // reconcile will take it for one that is gone
		}
	}
}

// takeENI puts an attached ENI with what EC2 has on it into the datastore, as
// new. Without except all of its blocks are taken.
func (p *pool) takeENI(ni *eni, blocks []netip.Prefix, by By) *model.StoreENI {
	a := p.a
	e := &model.StoreENI{ID: ni.id, Card: ni.card, Device: ni.device, Kind: ni.kind, Subnet: ni.subnet.ID(), Since: a.e.now}
	e.Excluded = ni.kind != model.ENITrunk && a.excluded(ni.subnet)
	p.store.AddENI(e)
	p.addBlocks(e, blocks)
	addresses, prefixes := split(blocks)
	a.log(ENIAttached{
		ENI: ni.id, Kind: ni.kind, Card: ni.card, Device: ni.device, Subnet: ni.subnet.ID(), SecurityGroups: ni.groups,
		PrimaryAddress: ni.primary, Addresses: addresses, Prefixes: prefixes, By: by,
	})
	if e.Excluded {
		a.log(ENIExcluded{ENI: e.ID, Card: e.Card, Device: e.Device})
	}
	return e
}

// dropENI takes an ENI out of the datastore.
func (p *pool) dropENI(e *model.StoreENI, primary netip.Addr, by By) {
	addresses, prefixes := split(e.Blocks())
	p.store.RemoveENI(e)
	p.a.node.poolChanged()
	p.a.log(ENIDetached{
		ENI: e.ID, Kind: e.Kind, Card: e.Card, Device: e.Device, Subnet: e.Subnet,
		PrimaryAddress: primary, Addresses: addresses, Prefixes: prefixes, By: by,
	})
}

// decision is what a pool event says.
func (p *pool) decision(rule model.Rule, reason model.Reason, stats model.PoolStats) PoolDecision {
	return PoolDecision{
		Card: p.card, Rule: rule, Reason: reason,
		Total: stats.Total, Assigned: stats.Assigned, Available: stats.Available(), Cooling: p.store.Cooling(p.a.e.now),
		Short: model.Short(stats, p.settings), Over: model.Over(stats, p.settings),
	}
}

// logSkip logs why a check changed nothing, if that is news.
func (p *pool) logSkip(rule model.Rule, reason model.Reason, stats model.PoolStats) {
	d := p.decision(rule, reason, stats)
	same := d
	same.Cooling = p.skip.Cooling
	if same != p.skip {
		p.a.log(PoolSkip{d})
	}
	p.skip = d
}

// hasFreeable reports whether a shrink would find a block to give back.
func (p *pool) hasFreeable() bool {
	for _, e := range p.store.ENIs() {
		if len(e.FreeableBlocks(nil)) > 0 {
			return true
		}
	}
	return false
}
