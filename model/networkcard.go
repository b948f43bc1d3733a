package model

// CardENIs is the limit of ENIs on one of the type's network cards; 0 for a card
// that it does not have. Card 0 is the default card.
//
// The tables have the limit of the default card and that over all cards. What
// the default card leaves is spread evenly over the others, the lower cards
// taking one more where it doesn't divide. For every type of the table it comes
// to what the VPC CNI's own table (pkg/vpc, v1.23.1) has for each card.
func (t InstanceType) CardENIs(card int) int {
	switch {
	case card == 0:
		return t.MaxENIs
	case card < 0 || card >= t.NetworkCards:
		return 0
	}
	rest, others := max(t.MaxENIsAllCards-t.MaxENIs, 0), t.NetworkCards-1
	n := rest / others
	if card <= rest%others {
		n++
	}
	return n
}

// AnnotationNICs is the annotation of a pod that asks for an address of each
// network card, with the value AnnotationNICsAll. Source: VPC CNI README,
// "Multi Homed Pods".
const (
	AnnotationNICs    = "k8s.amazonaws.com/nicConfig"
	AnnotationNICsAll = "multi-nic-attachment"
)

// ManagedCards is how many network cards of the type the agent manages: card 0,
// and with ENABLE_MULTI_NIC all.
//
// The real agent passes over a card that has nothing attached but an EFA-only
// interface. No node of the simulator has one.
func (s Settings) ManagedCards(t InstanceType) int {
	if !s.MultiNIC {
		return 1
	}
	return max(t.NetworkCards, 1)
}

// ForCard returns the settings as they hold for the pool of a network card.
// Cards above 0 have WARM_IP_TARGET and MINIMUM_IP_TARGET of 1, whatever is set,
// and in prefix mode their surplus is not turned into prefixes: see Over.
//
// Source: VPC CNI README, ENABLE_MULTI_NIC; observed in v1.23.1.
func (s Settings) ForCard(card int) Settings {
	if card > 0 {
		s.WarmIPTarget, s.MinimumIPTarget = 1, 1
		s.overInAddresses = true
	}
	return s
}
