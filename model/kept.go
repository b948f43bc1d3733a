package model

// Kept is a test that keeps an ENI from being freed, with its numbers.
type Kept struct {
	Reason Reason
	// Have and Want are the two sides of the test: pods that hold addresses,
	// cooling addresses; or of a target what the other ENIs have, and what it
	// wants of them. They are 0 of the primary ENI, the trunk and the age.
	Have, Want int
	// Until is the last instant at which the test keeps the ENI if nothing else
	// changes; Never if waiting does not help.
	Until Instant
}

// ENIKept returns the tests on the single ENI that keep it at now, in the order
// in which they are explained; none if a check that looks for an ENI to free may
// take it.
//
// Boundaries: at exactly ENIMinAge it may go; at exactly the cooldown an address
// still cools; others that reach a target exactly are enough.
func (d *Datastore) ENIKept(e *StoreENI, now Instant, s Settings) []Kept {
	switch e.Kind {
	case ENIPrimary:
		return []Kept{{Reason: ReasonPrimary, Until: Never}}
	case ENITrunk:
		return []Kept{{Reason: ReasonTrunk, Until: Never}}
	}
	var kept []Kept
	if e.held > 0 {
		kept = append(kept, Kept{Reason: ReasonPods, Have: e.held, Until: Never})
	}
	if old := e.Since.Add(ENIMinAge); now < old {
		kept = append(kept, Kept{Reason: ReasonMinAge, Until: old - 1})
	}
	if until, cooling := d.coolUntil(e, now); cooling {
		kept = append(kept, Kept{Reason: ReasonCooling, Have: d.coolingOn(e, now), Until: until})
	}
	for _, k := range d.wantedOfOthers(e, s) {
		if k.Have < k.Want {
			kept = append(kept, k)
		}
	}
	return kept
}

// coolingOn counts the cooling addresses of the ENI, of either kind.
func (d *Datastore) coolingOn(e *StoreENI, now Instant) int {
	n := 0
	for _, c := range e.cooling {
		if d.cools(c.at, now) {
			n++
		}
	}
	return n
}

// wantedOfOthers are the targets, what the other ENIs have of them, and what is
// wanted. Excluded ENIs are no help. Single addresses left over from the other
// mode are: each that no pod holds passes for a free prefix.
func (d *Datastore) wantedOfOthers(e *StoreENI, s Settings) [3]Kept {
	total, available, free := 0, 0, 0
	for _, other := range d.enis {
		if other == e || other.Excluded {
			continue
		}
		total += other.usable
		available += other.usable - other.active
		if s.PrefixDelegation {
			free += other.idleBlocks()
		}
	}
	warm, minimum, prefixes := s.WarmIPTarget, s.MinimumIPTarget, 0
	if s.PrefixDelegation {
		warm = PrefixSize * ceilDiv(warm, PrefixSize)
		minimum = PrefixSize * ceilDiv(minimum, PrefixSize)
		prefixes = s.WarmPrefixTarget
	}
	return [3]Kept{
		{ReasonWarmIPTarget, available, warm, Never},
		{ReasonMinimumIPTarget, total, minimum, Never},
		{ReasonWarmPrefixTarget, free, prefixes, Never},
	}
}
