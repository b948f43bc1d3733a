package model

import (
	"fmt"
	"net/netip"
	"slices"
)

// WindowsPool is the resource controller's pool of a Windows node's addresses:
// a state machine that decides nothing by itself and calls nobody. Plan says
// what to ask of EC2; the answer is given to Created, Deleted or Synced.
//
//	warm ──Assign──► used ──Free──► cooling ──Cool──► warm
//
// Instants given to it must not go back.
type WindowsPool struct {
	settings WindowsSettings
	capacity int

	groups  []*windowsGroup // by address; one stays when all of its addresses are out
	used    int
	cooling []windowsCooling // oldest first

	pendingCreate, pendingDelete int // addresses
	// noPrefix: the last request found no free /28, or none has been answered
	// yet, which the controller does not tell apart (observed in v1.8.0).
	noPrefix bool
	resync   bool
}

// windowsGroup is what EC2 adds at once: an address, or a prefix of 16.
type windowsGroup struct {
	cidr netip.Prefix
	warm []netip.Addr // first freed, first used
	// unlisted: pods held all of it when the pool began, and none has come back
	// since. The controller does not see it then when it asks whether it has any.
	unlisted bool
}

type windowsCooling struct {
	grant WindowsGrant
	at    Instant
}

// WindowsGrant is an address that the pool has given to a pod.
type WindowsGrant struct {
	Address netip.Addr
	Block   netip.Prefix // the /32 or the /28 that it is of
}

// Prefix is the delegated prefix of the address, or the zero Prefix for a
// secondary one.
func (g WindowsGrant) Prefix() netip.Prefix {
	if g.Block.IsSingleIP() {
		return netip.Prefix{}
	}
	return g.Block
}

// WindowsRefusal is why the pool has no address for a pod.
type WindowsRefusal string

// Why the pool has no address. How long the controller waits until it looks at
// the pod again depends on it.
const (
	WindowsAtCapacity   WindowsRefusal = "at-capacity"     // pods hold all that the node can have
	WindowsCoolingDown  WindowsRefusal = "cooling-down"    // pods and cooling together are at capacity: 20 s
	WindowsBeingCreated WindowsRefusal = "being-created"   // with what is on its way at capacity: 600 ms
	WindowsPoolEmpty    WindowsRefusal = "warm-pool-empty" // 600 ms
	WindowsNoFreePrefix WindowsRefusal = "no-prefix"       // the subnet has no free /28: 2 min
)

// WindowsStats are the numbers on which the pool decides; all count addresses.
type WindowsStats struct {
	Warm, Used, Cooling          int
	PendingCreate, PendingDelete int
	FreePrefixes                 int // prefixes, all 16 addresses warm
	Capacity                     int
}

// Created is all that the node has, what is on its way in either direction
// included.
func (s WindowsStats) Created() int {
	return s.Warm + s.Used + s.Cooling + s.PendingCreate + s.PendingDelete
}

// Deviation is how many addresses the pool is short of its targets, or over
// them if negative; in prefix mode a multiple of 16. Cooling addresses count as
// there in the total, but not as warm ones.
//
//	secondary  short: max(warm target − warm, minimum − total); over: warm − warm target, but not below the minimum
//	prefixes   ceil(max(used + warm target, minimum) / 16) − ceil(total / 16); a prefix in use is not given back
func (s WindowsStats) Deviation(t WindowsSettings) int {
	total := s.Warm + s.Used + s.Cooling + s.PendingCreate
	if !t.PrefixDelegation {
		available := s.Warm + s.PendingCreate
		short := max(t.WarmIPTarget-available, t.MinimumIPTarget-total, 0)
		over := max(min(max(available-t.WarmIPTarget, 0), total-t.MinimumIPTarget), 0)
		return short - over
	}
	if t.WarmPrefixTarget > 0 && t.WarmIPTarget == 0 && t.MinimumIPTarget == 0 {
		return (t.WarmPrefixTarget - s.FreePrefixes - ceilDiv(s.PendingCreate, PrefixSize)) * PrefixSize
	}
	prefixes := max(ceilDiv(s.Used+t.WarmIPTarget, PrefixSize), ceilDiv(t.MinimumIPTarget, PrefixSize)) - ceilDiv(total, PrefixSize)
	if prefixes < 0 && s.FreePrefixes == 0 {
		return 0
	}
	return prefixes * PrefixSize
}

// NewWindowsPool is the pool of a node of type t that has these blocks on its
// primary ENI and these addresses of them with pods. What no pod holds is warm.
// It is of the mode of the settings for good; blocks of the other mode are not
// looked at, since they are another pool's.
func NewWindowsPool(s WindowsSettings, t InstanceType, blocks []netip.Prefix, held []WindowsGrant) *WindowsPool {
	p := &WindowsPool{settings: s, capacity: WindowsCapacity(t, s.PrefixDelegation), noPrefix: true}
	for _, b := range blocks {
		if b.IsSingleIP() != s.PrefixDelegation {
			p.add(b)
		}
	}
	for _, g := range held {
		group := p.group(g.Block)
		if group == nil {
			continue
		}
		group.warm = slices.DeleteFunc(group.warm, func(a netip.Addr) bool { return a == g.Address })
		group.unlisted = len(group.warm) == 0
		p.used++
	}
	return p
}

// Configure gives the pool other targets of its mode.
func (p *WindowsPool) Configure(s WindowsSettings) {
	if s.PrefixDelegation != p.settings.PrefixDelegation {
		panic("windows pool: the mode of a pool does not change")
	}
	p.settings = s
}

// Deviation is how many addresses the pool is short of its targets, or over
// them if negative. See WindowsStats.Deviation.
func (p *WindowsPool) Deviation() int { return p.Stats().Deviation(p.settings) }

// Capacity is the most addresses that the node can have.
func (p *WindowsPool) Capacity() int { return p.capacity }

// Blocks returns what the pool has, by address.
func (p *WindowsPool) Blocks() []netip.Prefix {
	out := make([]netip.Prefix, len(p.groups))
	for i, g := range p.groups {
		out[i] = g.cidr
	}
	return out
}

// Stats returns the pool's numbers.
func (p *WindowsPool) Stats() WindowsStats {
	s := WindowsStats{
		Used: p.used, Cooling: len(p.cooling), Capacity: p.capacity,
		PendingCreate: p.pendingCreate, PendingDelete: p.pendingDelete,
	}
	for _, g := range p.groups {
		s.Warm += len(g.warm)
		if !g.cidr.IsSingleIP() && len(g.warm) == PrefixSize {
			s.FreePrefixes++
		}
	}
	return s
}

// Assign takes a warm address: in prefix mode of the prefix with the fewest
// warm ones, there the one that has been warm longest. With a nil pick the
// lowest block wins among equals; the real controller walks a hash map. The
// refusal is empty where there is an address.
func (p *WindowsPool) Assign(pick Pick) (WindowsGrant, WindowsRefusal) {
	switch out := p.used + len(p.cooling); {
	case p.used >= p.capacity:
		return WindowsGrant{}, WindowsAtCapacity
	case out == p.capacity:
		return WindowsGrant{}, WindowsCoolingDown
	case out+p.pendingCreate+p.pendingDelete == p.capacity:
		return WindowsGrant{}, WindowsBeingCreated
	case p.settings.PrefixDelegation && p.noPrefix && !slices.ContainsFunc(p.groups, func(g *windowsGroup) bool { return !g.unlisted }):
		return WindowsGrant{}, WindowsNoFreePrefix
	}
	g := p.fullest(pick)
	if g == nil {
		return WindowsGrant{}, WindowsPoolEmpty
	}
	a := g.warm[0]
	g.warm = g.warm[1:]
	p.used++
	return WindowsGrant{a, g.cidr}, ""
}

// fullest is the group with the fewest warm addresses that has any.
func (p *WindowsPool) fullest(pick Pick) *windowsGroup {
	var best []*windowsGroup
	for _, g := range p.groups {
		switch {
		case len(g.warm) == 0:
		case len(best) == 0 || len(g.warm) < len(best[0].warm):
			best = append(best[:0], g)
		case len(g.warm) == len(best[0].warm):
			best = append(best, g)
		}
	}
	switch {
	case len(best) == 0:
		return nil
	case pick == nil || len(best) == 1:
		return best[0]
	default:
		return best[pick(len(best))]
	}
}

// Free puts a pod's address into the queue of those that cool.
func (p *WindowsPool) Free(g WindowsGrant, now Instant) {
	if p.used == 0 {
		panic(fmt.Sprintf("windows pool: %s is freed and no address is in use", g.Address))
	}
	p.used--
	p.cooling = append(p.cooling, windowsCooling{g, now})
}

// Cool makes warm what has cooled for WindowsCooldown or longer.
func (p *WindowsPool) Cool(now Instant) {
	for len(p.cooling) > 0 && now.Sub(p.cooling[0].at) >= WindowsCooldown {
		c := p.cooling[0]
		p.cooling = p.cooling[1:]
		if g := p.group(c.grant.Block); g != nil {
			g.warm, g.unlisted = append(g.warm, c.grant.Address), false
		}
	}
}

// WindowsPlan is what the pool needs of EC2: at most one of the three.
type WindowsPlan struct {
	Create int            // addresses or prefixes
	Delete []netip.Prefix // given up already
	Resync bool           // the last request failed: see what EC2 has
}

// Empty reports whether nothing is needed.
func (w WindowsPlan) Empty() bool { return w.Create == 0 && len(w.Delete) == 0 && !w.Resync }

// Plan says what the pool needs, and counts on it from then on.
func (p *WindowsPool) Plan(pick Pick) WindowsPlan {
	switch n, resync := p.need(); {
	case resync:
		return WindowsPlan{Resync: true}
	case n > 0:
		p.pendingCreate += n
		return WindowsPlan{Create: n / p.unit()}
	case n < 0:
		return WindowsPlan{Delete: p.giveUp(-n, pick)}
	default:
		return WindowsPlan{}
	}
}

// Needs reports whether Plan would ask something of EC2. It is so also where
// nobody looks at the pool: it did nothing while what pods hold, what cools and
// what is on its way were its capacity, and the answer alone is no reason for
// the controller to look again.
func (p *WindowsPool) Needs() bool {
	n, resync := p.need()
	return n != 0 || resync
}

// Wants is how many blocks the pool asks for, or will once it has seen what EC2 has.
func (p *WindowsPool) Wants() int {
	return max(p.pendingCreate, p.Deviation(), 0) / p.unit()
}

// need is how many addresses to ask for, or to give back if negative; or that
// the pool has to see what EC2 has.
func (p *WindowsPool) need() (addresses int, resync bool) {
	s := p.Stats()
	if p.resync {
		return 0, p.pendingCreate == 0 && p.pendingDelete == 0
	}
	if s.Used+s.PendingCreate+s.PendingDelete+s.Cooling == p.capacity {
		return 0, false
	}
	free := s.Warm
	if p.settings.PrefixDelegation {
		free = s.FreePrefixes * PrefixSize
	}
	return max(min(s.Deviation(p.settings), p.capacity-s.Created()), -free), false
}

// giveUp takes whole groups without a pod, and without a cooling address, out
// of the pool.
func (p *WindowsPool) giveUp(addresses int, pick Pick) []netip.Prefix {
	var free []*windowsGroup
	for _, g := range p.groups {
		if len(g.warm) == p.unit() {
			free = append(free, g)
		}
	}
	var out []netip.Prefix
	for addresses > 0 && len(free) > 0 {
		i := 0
		if pick != nil && len(free) > 1 {
			i = pick(len(free))
		}
		g := free[i]
		free = slices.Delete(free, i, i+1)
		out = append(out, g.cidr)
		addresses -= p.unit()
		p.pendingDelete += p.unit()
		p.groups = slices.DeleteFunc(p.groups, func(have *windowsGroup) bool { return have == g })
	}
	slices.SortFunc(out, compareBlocks)
	return out
}

// Created is the answer to a plan that asked for want blocks. After a refusal
// the pool sees what EC2 has before it asks again, but not for want of a free
// /28.
func (p *WindowsPool) Created(want int, blocks []netip.Prefix, refused ErrorCode) {
	p.pendingCreate -= want * p.unit()
	p.noPrefix = refused == InsufficientCidrBlocks
	if refused != "" && !p.noPrefix {
		p.resync = true
	}
	for _, b := range blocks {
		p.add(b)
	}
}

// Deleted is the answer to a plan that gave blocks up. What EC2 refused to take
// back is in the pool again.
func (p *WindowsPool) Deleted(blocks []netip.Prefix, refused ErrorCode) {
	p.pendingDelete -= len(blocks) * p.unit()
	p.noPrefix = false // whatever the answer (observed in v1.8.2)
	if refused == "" {
		return
	}
	p.resync = true
	for _, b := range blocks {
		p.add(b)
	}
}

// Synced is the answer to a plan that asked to see what EC2 has. It returns
// what was missing in the pool and is warm there then. An answer that comes
// while something is on its way in either direction is ignored, a second one
// too: the pool may have given up since what EC2 has still.
//
// The model is coarser than reality in that the real pool takes such an answer
// in once in a while, and finds out by the next refusal.
func (p *WindowsPool) Synced(has []netip.Prefix) []netip.Prefix {
	if !p.resync || p.pendingCreate != 0 || p.pendingDelete != 0 {
		return nil
	}
	p.resync = false
	var missing []netip.Prefix
	for _, b := range has {
		if b.IsSingleIP() != p.settings.PrefixDelegation && p.group(b) == nil {
			p.add(b)
			missing = append(missing, b)
		}
	}
	return missing
}

// unit is how many addresses a block has.
func (p *WindowsPool) unit() int {
	if p.settings.PrefixDelegation {
		return PrefixSize
	}
	return 1
}

func (p *WindowsPool) group(cidr netip.Prefix) *windowsGroup {
	at, found := p.find(cidr)
	if !found {
		return nil
	}
	return p.groups[at]
}

func (p *WindowsPool) find(cidr netip.Prefix) (int, bool) {
	return slices.BinarySearchFunc(p.groups, cidr, func(g *windowsGroup, c netip.Prefix) int {
		return compareBlocks(g.cidr, c)
	})
}

// add puts a block into the pool, all of its addresses warm.
func (p *WindowsPool) add(cidr netip.Prefix) {
	at, found := p.find(cidr)
	if found {
		panic(fmt.Sprintf("windows pool: block %s added twice", cidr))
	}
	g := &windowsGroup{cidr: cidr}
	for i, a := 0, cidr.Addr(); i < p.unit(); i, a = i+1, a.Next() {
		g.warm = append(g.warm, a)
	}
	p.groups = slices.Insert(p.groups, at, g)
}
