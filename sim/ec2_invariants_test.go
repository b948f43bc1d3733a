package sim

import (
	"fmt"
	"slices"

	"vpcsim/model"
)

// bucketView judges the token bucket of one action by the accepted calls alone:
// in no window may there be more than the size and what came in within it, and
// a call is refused only where it would be one too many. Tokens come in at
// whole seconds, so that a window is told by the seconds of its ends.
//
// For each accepted call k, from 0, let edge = k − refill × second. A window from
// call i to call k holds k − i + 1 calls; that it is not overfull is
// edge(k) − edge(i) < size.
type bucketView struct {
	accepted int
	least    int // edge, of the accepted calls
}

// checkThrottle judges a call. One that a fault refuses has taken its token.
func (c *checker) checkThrottle(f CallFields) error {
	t := c.e.ec2.throttle
	size, refill, limited := RequestLimit(f.Action)
	if t != nil && t.buckets[f.Action] != nil { // a test may have made it smaller
		size, refill = t.buckets[f.Action].size, t.buckets[f.Action].refill
	}
	throttled := f.Throttled && f.Fault == 0
	if t == nil || !limited {
		if throttled {
			return fmt.Errorf("%s is throttled and nothing limits it", f.Action)
		}
		return nil
	}
	v := c.buckets[f.Action]
	edge := v.accepted - refill*int(c.e.now/1000)
	if v.accepted == 0 {
		v.least = edge
	}
	full := edge-min(v.least, edge) >= size
	switch {
	case f.Throttled != (f.Error == model.RequestLimitExceeded):
		return fmt.Errorf("throttled is %t with error %q", f.Throttled, f.Error)
	case throttled && !full:
		return fmt.Errorf("%s is throttled, and its bucket of %d has tokens after %d calls", f.Action, size, v.accepted)
	case !throttled && full:
		return fmt.Errorf("%s is accepted, and its bucket of %d is empty after %d calls", f.Action, size, v.accepted)
	case !throttled:
		v.least = min(v.least, edge)
		v.accepted++
		c.buckets[f.Action] = v
	}
	return nil
}

// checkBuckets: no bucket is below empty, or above full.
func (c *checker) checkBuckets() error {
	t := c.e.ec2.throttle
	if t == nil {
		return nil
	}
	for action, b := range t.buckets {
		if b.tokens < 0 || b.tokens > b.size {
			return fmt.Errorf("the bucket of %s has %d tokens of %d", action, b.tokens, b.size)
		}
	}
	return nil
}

// poorAccount lets requests be limited so much that small scenarios meet it.
func poorAccount(e *engine, seed uint64) {
	if e.ec2.throttle == nil {
		return
	}
	g := &generator{Rand: newChance(seed, 10)}
	for _, action := range []Action{
		CreateNetworkInterface, DeleteNetworkInterface, AssignPrivateIpAddresses, UnassignPrivateIpAddresses,
		AttachNetworkInterface, DetachNetworkInterface, DescribeInstances, DescribeNetworkInterfaces, AssociateTrunkInterface,
	} {
		if g.chance(2) {
			size := 1 + g.IntN(8)
			e.ec2.throttle.buckets[action] = &tokenBucket{size: size, tokens: size, refill: 1 + g.IntN(2)}
		}
	}
}

// vlanUse is a VLAN id of a trunk.
type vlanUse struct {
	trunk model.ENIID
	vlan  int
}

// checkVLANCall judges the making of a branch by the log alone: its VLAN id is
// one of those that there are, and no other branch of the trunk that exists has
// it, except one that the controller has lost sight of. An id that two had when the
// controller found the lost one again is free once either is deleted.
func (c *checker) checkVLANCall(f CallFields) error {
	if f.Action != CreateNetworkInterface || f.Trunk == "" || f.Error != "" {
		return nil
	}
	use := vlanUse{f.Trunk, f.VLAN}
	other := c.vlans[use]
	switch {
	case f.VLAN < 1 || f.VLAN > model.MaxVLAN:
		return fmt.Errorf("VLAN id %d", f.VLAN)
	case other != "" && !c.outOfSight[other] && !c.shared[use]:
		return fmt.Errorf("VLAN id %d of %s is %s's, which exists", f.VLAN, f.Trunk, other)
	}
	c.vlans[use] = f.ENI
	return nil
}

// vlanFreed takes the branch's id out of those in use: it does not exist any more.
func (c *checker) vlanFreed(branch model.ENIID) {
	for use, ni := range c.vlans {
		if ni == branch {
			delete(c.vlans, use)
		}
	}
}

// checkVLANs: the associated branches of a trunk have ids of their own; the ids
// of those that the controller knows are taken in its memory, and so are those of
// all that exist, until it has deleted them, or has heard from EC2 that a call of
// before its restart does. Shared ids aside, as in checkVLANCall.
func (c *checker) checkVLANs(n *node) error {
	trunk := n.instance.trunk
	if trunk == nil {
		return nil
	}
	associated := map[int]model.ENIID{}
	for _, b := range trunk.branches {
		if !b.associated {
			continue
		}
		if other, taken := associated[b.vlan]; taken {
			return fmt.Errorf("%s and %s are both on VLAN %d", b.id, other, b.vlan)
		}
		associated[b.vlan] = b.id
	}
	t := c.e.controller.trunks[n.name]
	if t == nil || t.eni != trunk {
		return nil
	}
	taken := t.VLANs()
	for _, b := range slices.Concat(t.Held(), t.Queue()) {
		if !c.shared[vlanUse{trunk.id, b.VLAN}] && !slices.Contains(taken, b.VLAN) {
			return fmt.Errorf("VLAN %d of %s counts as free", b.VLAN, b.ENI)
		}
	}
	for _, b := range trunk.branches {
		if !c.outOfSight[b.id] && !c.shared[vlanUse{trunk.id, b.vlan}] && !b.deleted && !slices.Contains(taken, b.vlan) {
			return fmt.Errorf("VLAN %d of %s, which exists, counts as free", b.vlan, b.id)
		}
	}
	return nil
}

// checkCards: the instance has no more ENIs than its type takes on all network
// cards together; the agent's pools are those of the cards that it manages, each
// with the targets that hold there; and no card has more ENIs in its pool than
// are attached to it.
func (c *checker) checkCards(n *node) error {
	kind := n.instance.kind
	all := 0
	for card := range max(kind.NetworkCards, 1) {
		all += n.instance.onCard(card)
	}
	switch most := max(kind.MaxENIsAllCards, kind.MaxENIs); {
	case all != len(n.instance.enis):
		return fmt.Errorf("%d of %d ENIs are on cards that there are", all, len(n.instance.enis))
	case all > most:
		return fmt.Errorf("%d ENIs, of %d on all cards", all, most)
	}
	for card, p := range n.agent.pools {
		if p.card != card || card >= max(kind.NetworkCards, 1) || card > 0 && !n.agent.settings.MultiNIC {
			return fmt.Errorf("a pool for card %d, at place %d of %d cards", p.card, card, kind.NetworkCards)
		}
		if card > 0 && (p.settings.WarmIPTarget != 1 || p.settings.MinimumIPTarget != 1) {
			return fmt.Errorf("card %d has targets %d and %d", card, p.settings.WarmIPTarget, p.settings.MinimumIPTarget)
		}
		if have := n.instance.onCard(card); n.agent.up && len(p.store.ENIs()) > have {
			return fmt.Errorf("card %d has %d ENIs, its pool %d", card, have, len(p.store.ENIs()))
		}
	}
	return nil
}

// checkEachCard: a pod that wants an address of each card was given as many as
// the agent manages.
func (c *checker) checkEachCard(ev Event, b PodAddressed) error {
	n, p := c.e.nodeNamed[ev.Node], c.e.podNamed[b.Pod]
	want := 1
	if n.agent.wantsEveryCard(p) {
		want = len(n.agent.pools)
	}
	if have := 1 + len(b.More); have != want {
		return fmt.Errorf("%d addresses, of %d cards", have, want)
	}
	return nil
}
