package sim

import (
	"net/netip"
	"slices"

	"vpcsim/model"
)

// denial is why the agent gave a pod nothing. The zero denial leaves it to what
// the agent's pools are short of.
type denial struct {
	// lacking is the pool that had no address for a pod that wants one of each.
	lacking *pool
	// gaveBack are the addresses that it was given of the cards before that one,
	// and that were taken back.
	gaveBack []PodAddress
	// multiNICOff: the pod wants an address of each card, and ENABLE_MULTI_NIC is
	// off.
	multiNICOff bool
}

// wantsEveryCard reports whether the agent gives the pod an address of each
// network card, or none: it is annotated so. A pod with a branch ENI has one
// address, whatever its annotation.
func (a *agent) wantsEveryCard(p *pod) bool { return asksEveryCard(p.spec, a.settings) }

func asksEveryCard(spec *PodSpec, settings model.Settings) bool {
	return spec.Annotations[model.AnnotationNICs] == model.AnnotationNICsAll && settings.Version.Has(model.FeatureMultiNIC)
}

// needsEveryCard reports whether pods of the spec are given an address of each of
// several cards.
func (a *agent) needsEveryCard(spec *PodSpec) bool {
	return len(a.pools) > 1 && a.settings.MultiNIC && asksEveryCard(spec, a.settings)
}

// request gives the pod an address of the first pool that has one, or of each
// pool; nothing is left with a pod that cannot have all. The agent does not call
// EC2 for it.
func (a *agent) request(p *pod) (first *model.Lease, more []*model.Lease, why denial) {
	switch {
	case !a.up:
		return nil, nil, denial{}
	case a.wantsEveryCard(p):
		return a.requestEach(p)
	}
	for _, pl := range a.pools {
		if lease := pl.store.Assign(a.e.now, p.name, a.pick); lease != nil {
			a.changed()
			return lease, nil, denial{}
		}
	}
	return nil, nil, denial{}
}

// requestEach goes through the pools card by card. When one has nothing the
// agent's answer is a failure that leaves the addresses of the cards before with
// the sandbox; the container runtime deletes the sandbox at once, and they begin
// to cool. Source: observed in v1.23.1; containerd, which tears down the network
// of a sandbox that could not be set up.
func (a *agent) requestEach(p *pod) (first *model.Lease, more []*model.Lease, why denial) {
	if !a.settings.MultiNIC {
		return nil, nil, denial{multiNICOff: true}
	}
	leases := make([]*model.Lease, 0, len(a.pools))
	for _, pl := range a.pools {
		lease := pl.store.Assign(a.e.now, p.name, a.pick)
		if lease == nil {
			return nil, nil, denial{lacking: pl, gaveBack: a.takeBack(leases)}
		}
		leases = append(leases, lease)
	}
	a.changed()
	return leases[0], leases[1:], denial{}
}

// takeBack gives up what a pod was given in vain.
func (a *agent) takeBack(leases []*model.Lease) []PodAddress {
	var out []PodAddress
	for _, l := range leases {
		out = append(out, a.giveUp(l))
	}
	return out
}

// giveUp takes an address of a pod back and says what becomes of it. It does not
// cool where the agent is down, which will find at its next start that the pod
// is gone, or does not manage the card any more.
func (a *agent) giveUp(l *model.Lease) PodAddress {
	out := addressOf(l)
	if !a.up {
		return out
	}
	if pl := a.pool(l.ENI().Card); pl != nil {
		if until, cooling := pl.store.Release(l, a.e.now); cooling {
			out.CoolUntilMs = &until
			a.node.coolsUntil(until)
			a.changed()
		}
	}
	return out
}

// addressOf is a lease as the log has it.
func addressOf(l *model.Lease) PodAddress {
	e := l.ENI()
	return PodAddress{ENI: e.ID, Card: e.Card, Device: e.Device, Address: l.Address(), Prefix: l.Prefix()}
}

// addressesOf are leases as the log has them.
func addressesOf(leases []*model.Lease) []PodAddress {
	var out []PodAddress
	for _, l := range leases {
		out = append(out, addressOf(l))
	}
	return out
}

// keepLeases hands pods that live the addresses they held before the restart;
// those of pods that are gone are free at once. A pod whose address no ENI of
// the datastores has lives on with it, unknown to the agent.
func (a *agent) keepLeases() {
	for _, p := range a.node.pods {
		if p.lease != nil {
			p.lease = a.keepLease(p, p.lease)
		}
		for i, l := range p.more {
			p.more[i] = a.keepLease(p, l)
		}
	}
}

// keepLease keeps an address. Those of a card that the agent does not manage any
// more stay in that card's file, for the day on which it does again.
func (a *agent) keepLease(p *pod, l *model.Lease) *model.Lease {
	pl := a.pool(l.ENI().Card)
	if l.Dropped() || pl == nil {
		return l
	}
	if kept := pl.store.Hold(l.Address(), p.name); kept != nil {
		return kept
	}
	l.Forget()
	return l
}

// afterRelease is what follows an address that was given up: a prefix left over
// from prefix mode goes back to EC2, a block of an excluded ENI leaves the
// datastore a moment later.
func (a *agent) afterRelease(l *model.Lease) {
	pl := a.pool(l.ENI().Card)
	if !a.up || pl == nil {
		return
	}
	pl.giveBackLeftover(l)
	pl.drainExcluded(l)
}

// giveBackLeftover returns a prefix left over from prefix mode to EC2 in the
// instant in which its last pod leaves. The call is made beside the loop: while
// EC2 has not carried it out a reconcile may take the prefix back.
func (p *pool) giveBackLeftover(l *model.Lease) {
	if !p.store.Leftover(l) {
		return
	}
	a, e, prefix := p.a, l.ENI(), l.Prefix()
	ni := a.instance().eni(e.ID)
	blocks := []netip.Prefix{prefix}
	p.drop(e, blocks, ByRelease)
	r := a.e.ec2.unassigning(ni, blocks, a.alive(func(code model.ErrorCode) {
		if code != "" || e.Has(prefix) {
			a.differs()
		}
	}))
	r.beside = true
	a.e.ec2.send(r)
	if slices.Contains(ni.blocks, prefix) {
		a.differs()
	}
}
