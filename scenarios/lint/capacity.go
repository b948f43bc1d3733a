package lint

import (
	"vpcsim/model"
)

// holds is how many addresses a node's ENIs can give to ordinary pods, with the
// arithmetic.
func holds(t model.InstanceType, s model.Settings) (int, model.MaxPods) {
	m := model.RecommendedMaxPods(t, model.MaxPodsModes{
		MaxENI:           s.MaxENI,
		PrefixDelegation: s.PrefixDelegation,
		CustomNetworking: s.CustomNetworking,
		PodENI:           s.PodENI && !s.TrunkServes(),
	})
	n := m.Uncapped - m.HostPods
	if s.PodENI && !t.TrunkingCompatible && !s.Version.Has(model.FeatureTrunkSlotByType) {
		n -= m.SlotsPerENI * m.AddressesPerSlot // the place that is kept in vain
	}
	return max(n, 0), m
}

// usableENIs is the type's limit lowered by MAX_ENI.
func usableENIs(t model.InstanceType, s model.Settings) int {
	if s.MaxENI > 0 {
		return min(s.MaxENI, t.MaxENIs)
	}
	return t.MaxENIs
}

// podENIs is how many ENIs can serve ordinary pods.
func podENIs(t model.InstanceType, s model.Settings) int {
	n := usableENIs(t, s)
	if s.CustomNetworking {
		n--
	}
	if s.PodENI && !s.TrunkServes() && (t.TrunkingCompatible || !s.Version.Has(model.FeatureTrunkSlotByType)) {
		n--
	}
	return max(n, 0)
}

// pool is what the targets make an agent attach.
type pool struct {
	enis      int // that serve pods
	addresses int // for pods, held or idle; the ENIs' own are not in it
}

// taken is how many addresses of a subnet the pool is, the ENIs' own included.
func (p pool) taken() int { return p.enis + p.addresses }

// poolFor is the pool with which the agent is content when a node has so many
// pods, as far as the type lets it. In custom networking none of it is on the
// primary ENI.
func poolFor(t model.InstanceType, s model.Settings, maxPods, pods int) pool {
	slots, size := t.SlotsPerENI(), 1
	if s.PrefixDelegation {
		size = model.PrefixSize
	}
	var want int // addresses
	switch {
	case s.DefinesIPs():
		want = max(pods+s.WarmIPTarget, s.MinimumIPTarget)
	case s.PrefixDelegation:
		want = pods + size*s.WarmPrefixTarget
	default:
		size = slots
		want = pods + slots*s.WarmENITarget
	}
	want = ceilDiv(max(want, 1), size) * size
	if s.Version.Has(model.FeatureMaxPodsStop) {
		want = min(want, ceilDiv(maxPods, size)*size)
	}
	perENI := slots
	if s.PrefixDelegation {
		perENI *= model.PrefixSize
	}
	want = min(want, podENIs(t, s)*perENI)
	enis := ceilDiv(want, perENI)
	if !s.CustomNetworking {
		enis = max(enis, 1) // the primary is there anyway
	}
	return pool{enis: enis, addresses: want}
}
