package model

import "time"

// The times of the agent's pool management. Source: observed in v1.23.1.
const (
	// ShrinkInterval: a check gives blocks back only if the last one that did
	// ended more than this long ago.
	ShrinkInterval = 30 * time.Second
	// BackoffPeriod: no growth while a full subnet was met no more than this
	// long ago.
	BackoffPeriod = 120 * time.Second
	// ENIMinAge: an ENI that is younger is not freed; one of exactly this age
	// may be.
	ENIMinAge = 60 * time.Second
	// ReconcileInterval: reconcile is skipped while the last pool action is no
	// more than this long ago.
	ReconcileInterval = 60 * time.Second
	// ExcludedBlockLeaves: when a pod has left a block of an excluded ENI, the
	// block drops out of the datastore this much later, if it is empty then. See
	// Datastore.LeaveBlock.
	ExcludedBlockLeaves = 5 * time.Second
	// GivenBackMemory: a block that was given back less than this long ago
	// counts as not attached when the agent reconciles.
	GivenBackMemory = 60 * time.Second
)

// PoolLimits are the node's limits on its pool.
type PoolLimits struct {
	// MaxPods is the node's pod capacity. Once the pool has as many addresses
	// it does not grow, whatever the targets say.
	MaxPods int
	// Slots is how many blocks an ENI holds.
	Slots int
}

// addressesPerENI is what a full ENI holds in the mode.
func addressesPerENI(s Settings, l PoolLimits) int {
	if s.PrefixDelegation {
		return PrefixSize * l.Slots
	}
	return l.Slots
}

// warmTarget is the target that counts where no IP target is defined, and how
// many available addresses one unit of it asks for.
func warmTarget(s Settings, l PoolLimits) (target, unit int) {
	if s.PrefixDelegation {
		return s.WarmPrefixTarget, PrefixSize
	}
	return s.WarmENITarget, l.Slots
}

// Short is by how much the pool misses the IP targets, in addresses; in prefix
// mode in prefixes, rounded up. It is 0 where no IP target is defined.
func Short(p PoolStats, s Settings) int {
	if !s.DefinesIPs() {
		return 0
	}
	short := max(s.WarmIPTarget-p.Available(), s.MinimumIPTarget-p.Total, 0)
	if s.PrefixDelegation {
		return ceilDiv(short, PrefixSize)
	}
	return short
}

// Over is by how much the pool exceeds the IP targets, in addresses; in prefix
// mode in prefixes. It is 0 where no IP target is defined.
//
// Of a network card above 0 it is addresses in prefix mode, too: a prefix has 16
// and 1 is wanted, so that the pool is always over, and gives back each prefix
// that no pod is in. Source: observed in v1.23.1.
func Over(p PoolStats, s Settings) int {
	if !s.DefinesIPs() {
		return 0
	}
	if s.PrefixDelegation && !s.overInAddresses {
		forWarm := ceilDiv(p.Assigned+s.WarmIPTarget, PrefixSize)
		forMinimum := ceilDiv(s.MinimumIPTarget, PrefixSize)
		return max(min(p.FreePrefixes, p.Prefixes-forWarm, p.Prefixes-forMinimum), 0)
	}
	return max(min(max(p.Available()-s.WarmIPTarget, 0), p.Total-s.MinimumIPTarget), 0)
}

// TooLow reports whether the pool needs to grow, and why or why not.
//
// Boundaries: at total == max-pods it never grows; available equal to what is
// wanted is enough.
func TooLow(p PoolStats, s Settings, l PoolLimits) (bool, Reason) {
	if p.Total >= l.MaxPods && s.Version.Has(FeatureMaxPodsStop) {
		return false, ReasonMaxPods
	}
	if s.DefinesIPs() {
		switch {
		case Short(p, s) == 0:
			return false, ReasonEnough
		case s.WarmIPTarget > p.Available():
			return true, ReasonWarmIPTarget
		default:
			return true, ReasonMinimumIPTarget
		}
	}
	target, unit := warmTarget(s, l)
	switch {
	case target == 0 && p.Available() == 0:
		return true, ReasonPoolEmpty
	case p.Available() >= unit*target:
		return false, ReasonEnough
	case s.PrefixDelegation:
		return true, ReasonWarmPrefixTarget
	default:
		return true, ReasonWarmENITarget
	}
}

// TooHigh reports whether blocks may be given back, and why.
func TooHigh(p PoolStats, s Settings) (bool, Reason) {
	switch {
	case s.DefinesIPs():
		if Over(p, s) == 0 {
			return false, ReasonEnough
		}
		if s.WarmIPTarget == 0 {
			return true, ReasonMinimumIPTarget
		}
		return true, ReasonWarmIPTarget
	case s.PrefixDelegation && p.FreePrefixes > s.WarmPrefixTarget:
		return true, ReasonWarmPrefixTarget
	default:
		return false, ReasonEnough
	}
}

// ShrinkCount is how many blocks a shrink gives back.
func ShrinkCount(p PoolStats, s Settings) int {
	if s.DefinesIPs() {
		return Over(p, s)
	}
	if !s.PrefixDelegation {
		return 0
	}
	return max(p.FreePrefixes-s.WarmPrefixTarget, 0)
}

// GrowCount is how many blocks a growth asks for at most, before it is cut to
// the slots of one ENI. It is not cut at max-pods. 0: nothing to ask for.
func GrowCount(p PoolStats, s Settings, l PoolLimits) int {
	switch {
	case s.PrefixDelegation && s.DefinesIPs():
		return max(1, Short(p, s))
	case s.PrefixDelegation:
		return max(1, s.WarmPrefixTarget-p.FreePrefixes)
	case s.DefinesIPs():
		return Short(p, s)
	default:
		return l.Slots
	}
}

// MayFreeENI reports whether a check looks for an ENI to free, on the numbers
// with which the check began. unused says that some secondary ENI, the trunk
// excepted, holds no pod.
func MayFreeENI(p PoolStats, s Settings, l PoolLimits, unused bool) bool {
	if s.DefinesIPs() {
		return true
	}
	return p.Available() >= FreeThreshold(s, l) || s.PrefixDelegation && unused
}

// FreeThreshold is how many available addresses make a check look for an ENI to
// free where no IP target is defined: one ENI's worth more than the target asks
// for.
func FreeThreshold(s Settings, l PoolLimits) int {
	target, _ := warmTarget(s, l)
	return (target + 1) * addressesPerENI(s, l)
}

// HasUnusedENI reports whether some secondary ENI, the trunk excepted, holds no
// pod.
func (d *Datastore) HasUnusedENI() bool {
	for _, e := range d.enis {
		if e.Kind == ENISecondary && e.held == 0 {
			return true
		}
	}
	return false
}

// GrowCandidates returns the ENIs that may take more blocks, in the order in
// which the agent tries them: not the trunk, not excluded, not the primary in
// custom networking, with fewer blocks than slots.
func (d *Datastore) GrowCandidates(s Settings, l PoolLimits, pick Pick) []*StoreENI {
	var out []*StoreENI
	for _, i := range d.visit(pick) {
		e := d.enis[i]
		if e.takesBlocks(s) && len(e.blocks) < l.Slots {
			out = append(out, e)
		}
	}
	return out
}

func (e *StoreENI) takesBlocks(s Settings) bool {
	return (e.Kind != ENITrunk || s.TrunkServes()) && !e.Excluded && (e.Kind != ENIPrimary || !s.CustomNetworking)
}

// HasGrowCandidate reports whether some ENI may take more blocks.
func (d *Datastore) HasGrowCandidate(s Settings, l PoolLimits) bool {
	for _, e := range d.enis {
		if e.takesBlocks(s) && len(e.blocks) < l.Slots {
			return true
		}
	}
	return false
}

// LeftOver are blocks of the mode that was on before: each keeps a slot, and
// serves no new pod.
type LeftOver struct {
	Blocks int
	Held   int // of them, those in which a pod is
}

// LeftOver counts the left-over blocks on ENIs that may take blocks.
func (d *Datastore) LeftOver(s Settings) LeftOver {
	var out LeftOver
	for _, e := range d.enis {
		if !e.takesBlocks(s) {
			continue
		}
		for _, b := range e.blocks {
			if d.serves(b) {
				continue
			}
			out.Blocks++
			if b.assigned > 0 {
				out.Held++
			}
		}
	}
	return out
}

// ShrinkOrder returns the ENIs in the order in which a shrink walks them, the
// primary too. The agent walks a copy of its map of ENIs that was filled in the
// order of the map, so two orders are chained.
func (d *Datastore) ShrinkOrder(pick Pick) []*StoreENI {
	first := d.visit(pick)
	out := make([]*StoreENI, 0, len(first))
	for _, i := range visitCopy(len(first), pick) {
		out = append(out, d.enis[first[i]])
	}
	return out
}

// FreeableENI returns the first ENI in the agent's order that may be freed at
// now, or nil: not primary, not the trunk, old enough, without pods, without a
// cooling address, and not needed by the others to meet the targets.
func (d *Datastore) FreeableENI(now Instant, s Settings, pick Pick) *StoreENI {
	for _, i := range d.visit(pick) {
		if e := d.enis[i]; d.freeableFrom(e, now, s) <= now {
			return e
		}
	}
	return nil
}

// FreeableFrom is the first instant, now or later, at which some ENI may be
// freed if nothing else changes; Never if none.
func (d *Datastore) FreeableFrom(now Instant, s Settings) Instant {
	first := Never
	for _, e := range d.enis {
		first = min(first, d.freeableFrom(e, now, s))
	}
	return first
}

func (d *Datastore) freeableFrom(e *StoreENI, now Instant, s Settings) Instant {
	if e.Kind != ENISecondary || e.held > 0 || d.needed(e, s) {
		return Never
	}
	at := max(now, e.Since.Add(ENIMinAge))
	if until, cooling := d.coolUntil(e, now); cooling {
		at = max(at, until+1)
	}
	return at
}

// needed reports whether the others, cooling addresses and the primary ENI
// included, miss a target without this ENI.
//
// WARM_ENI_TARGET is not asked here: the threshold of MayFreeENI alone protects
// it. Source: observed in v1.23.1.
func (d *Datastore) needed(e *StoreENI, s Settings) bool {
	for _, k := range d.wantedOfOthers(e, s) {
		if k.Have < k.Want {
			return true
		}
	}
	return false
}

// idleBlocks is the number of blocks, of either kind, that no pod is in.
func (e *StoreENI) idleBlocks() int {
	n := 0
	for _, b := range e.blocks {
		if b.assigned == 0 {
			n++
		}
	}
	return n
}

// ENIRoom is how many more ENIs the agent may attach.
//
// max is the type's limit lowered by MAX_ENI, unmanaged the ENIs that are not
// the agent's. Excluded ENIs keep their slots but are left out of both sides.
// One slot is kept for a trunk that is wanted and not there yet.
func (d *Datastore) ENIRoom(maxENI, unmanaged int, keepForTrunk bool) int {
	counted, excluded, trunk := 0, 0, false
	for _, e := range d.enis {
		if e.Excluded {
			excluded++
			continue
		}
		counted++
		trunk = trunk || e.Kind == ENITrunk
	}
	room := maxENI - unmanaged - excluded - counted
	if keepForTrunk && !trunk {
		room--
	}
	return max(room, 0)
}

// ceilDiv divides rounding up; n is not negative.
func ceilDiv(n, by int) int { return (n + by - 1) / by }
