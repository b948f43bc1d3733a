package model

import (
	"fmt"
	"strings"
)

const (
	// HostPods are the two pods on every EKS node that run on the host network
	// (aws-node and kube-proxy): they count towards max-pods and take no address.
	HostPods = 2
	// MaxPodsUnknownType is the max-pods of a node whose instance type's limits
	// are unknown; it is also kubelet's own default.
	MaxPodsUnknownType = 110
	// addressesPerPrefix is the size of a delegated IPv4 prefix, a /28.
	addressesPerPrefix = 16
)

// MaxPods is a node's capacity of pods with the arithmetic that leads to it:
//
//	((ENIs − withheld) × SlotsPerENI × AddressesPerSlot) + HostPods, at most Cap
//
// where withheld is Reserved + Primary + Trunk and ENIs is MaxENI where that is
// lower.
type MaxPods struct {
	// ENIs is the limit of the type's default network card; 0 = unknown, and
	// then nothing is computed.
	ENIs int
	// MaxENI is the MAX_ENI that lowers ENIs; 0 = none, or none that is lower.
	MaxENI int
	// Reserved is how many ENIs the node group keeps away from pods.
	Reserved int
	// Primary is 1 where custom networking takes the primary ENI from the pods.
	Primary int
	// Trunk is 1 where a trunk takes an ENI's place.
	Trunk int
	// SlotsPerENI is the IPv4 addresses of an ENI without the primary one.
	SlotsPerENI int
	// AddressesPerSlot is 1, or 16 with prefixes.
	AddressesPerSlot int
	// HostPods is added for pods without an address. It is 0 where Reserved
	// leaves no ENI, and in EKS Auto Mode.
	HostPods int
	// Uncapped is the sum before the cap.
	Uncapped int
	// Cap bounds Result; 0 = no cap.
	Cap int
	// Result is the max-pods.
	Result int
}

// MaxPodsModes is what a mode-aware max-pods depends on besides the type. The
// zero value is secondary-IP mode with nothing reserved.
type MaxPodsModes struct {
	ReservedENIs     int // at least 0; on top of what the modes below take
	MaxENI           int // MAX_ENI; 0 = no cap
	PrefixDelegation bool
	CustomNetworking bool
	PodENI           bool
}

// listedENIs are the types for which the published max-pods list counts the ENIs
// of both network cards: it is older than the knowledge that there are two.
// Source: VPC CNI, misc/eni-max-pods.txt and pkg/vpc of v1.23.0, one card;
// pkg/vpc of v1.23.1, two.
var listedENIs = map[string]struct{ card, listed int }{
	"i7ie.48xlarge":   {8, 15},
	"i7ie.metal-48xl": {8, 15},
	"i8ge.48xlarge":   {12, 24},
	"i8ge.metal-48xl": {12, 24},
}

// ListedENIs is how many ENIs the published max-pods list counts: those of the
// default network card, or more where the list is outdated.
func (t InstanceType) ListedENIs() int {
	if l := listedENIs[t.Name]; l.card > 0 && l.card == t.MaxENIs {
		return l.listed
	}
	return t.MaxENIs
}

// AutoMaxPods is what an AL2023 node computes for itself: ENIs of the default
// network card, less reservedENIs, times slots, plus 2. It has no cap and is
// blind to custom networking, prefix mode and MAX_ENI. An unknown type gives
// 110; reserved ENIs that leave none give 0.
//
// Source: EKS user guide, "Choose an optimal Amazon EC2 node instance type";
// the max-pods list of the VPC CNI. The reservation is Karpenter's
// RESERVED_ENIS (settings reference).
func AutoMaxPods(t InstanceType, reservedENIs int) MaxPods {
	t.MaxENIs = t.ListedENIs()
	return maxPods(t, MaxPodsModes{ReservedENIs: reservedENIs}, 0)
}

// ManagedMaxPods is AutoMaxPods with the cap of a managed node group.
//
// Source: EKS user guide, "Choose an optimal Amazon EC2 node instance type".
func ManagedMaxPods(t InstanceType, reservedENIs int) MaxPods {
	t.MaxENIs = t.ListedENIs()
	return maxPods(t, MaxPodsModes{ReservedENIs: reservedENIs}, maxPodsCap(t))
}

// RecommendedMaxPods is as many pods as the node has addresses for, plus 2, at
// most the cap of a managed node group. Prefixes count 16 addresses a slot, on
// types that can have them; custom networking takes away the primary ENI; with
// security groups for pods the trunk takes an ENI, on types that can have one.
//
// Pods with a branch ENI need none of these addresses, so a node of nothing
// but such pods could take more; a max-pods that counted on it would let
// ordinary pods wait for addresses.
//
// Source: EKS best practices guide, "Custom networking" and "Prefix mode for
// Linux"; the calculator script of the EKS AMI, --cni-max-eni included. Unlike
// the script it gives prefixes to bare metal, as the CNI has since v1.11. The
// trunk's ENI: VPC CNI README, ENABLE_POD_ENI; no addresses on it since
// v1.16.4.
func RecommendedMaxPods(t InstanceType, modes MaxPodsModes) MaxPods {
	return maxPods(t, modes, maxPodsCap(t))
}

// maxPodsCap is 250 above 30 vCPUs and 110 otherwise, the vCPUs being unknown
// included.
func maxPodsCap(t InstanceType) int {
	if t.VCPU > 30 {
		return 250
	}
	return 110
}

func maxPods(t InstanceType, modes MaxPodsModes, limit int) MaxPods {
	m := MaxPods{Cap: limit}
	if t.MaxENIs == 0 || t.IPv4PerENI == 0 {
		m.Uncapped = MaxPodsUnknownType
	} else {
		m.count(t, modes)
	}
	m.Result = m.Uncapped
	if m.Cap > 0 {
		m.Result = min(m.Uncapped, m.Cap)
	}
	return m
}

// count fills in the parts and Uncapped for a type with known limits.
func (m *MaxPods) count(t InstanceType, modes MaxPodsModes) {
	m.ENIs = t.MaxENIs
	m.Reserved = modes.ReservedENIs
	m.SlotsPerENI = t.SlotsPerENI()
	m.AddressesPerSlot = 1
	if 0 < modes.MaxENI && modes.MaxENI < t.MaxENIs {
		m.MaxENI = modes.MaxENI
	}
	if modes.PrefixDelegation && t.SupportsPrefixes() {
		m.AddressesPerSlot = addressesPerPrefix
	}
	if modes.CustomNetworking {
		m.Primary = 1
	}
	if modes.PodENI && t.TrunkingCompatible {
		m.Trunk = 1
	}
	if m.usable()-m.Reserved > 0 {
		m.HostPods = HostPods
	}
	m.Uncapped = m.Addresses() + m.HostPods
}

// Addresses is how many addresses the ENIs hold for pods, whatever the cap; 0
// where the type's limits are unknown.
func (m MaxPods) Addresses() int {
	return max(m.serving(), 0) * m.SlotsPerENI * m.AddressesPerSlot
}

// usable is how many ENIs the node may have.
func (m MaxPods) usable() int {
	if m.MaxENI > 0 {
		return m.MaxENI
	}
	return m.ENIs
}

// serving is how many ENIs give addresses to pods. It is negative where more
// are withheld than there are.
func (m MaxPods) serving() int {
	return m.usable() - m.Reserved - m.Primary - m.Trunk
}

// String writes the arithmetic, for example "(3 − 1) × 9 × 16 + 2 = 290, capped
// at 110".
func (m MaxPods) String() string {
	if m.ENIs == 0 {
		return m.capped("limits unknown: " + fmt.Sprint(m.Uncapped))
	}
	if m.usable() <= m.Reserved {
		return fmt.Sprintf("%s leaves no ENI: 0", m.difference())
	}
	product := fmt.Sprintf("%s × %d", m.difference(), m.SlotsPerENI)
	if m.AddressesPerSlot != 1 {
		product += fmt.Sprintf(" × %d", m.AddressesPerSlot)
	}
	if m.HostPods != 0 {
		product += fmt.Sprintf(" + %d", m.HostPods)
	}
	return m.capped(fmt.Sprintf("%s = %d", product, m.Uncapped))
}

// difference writes the ENIs and what is taken from them.
func (m MaxPods) difference() string {
	terms := []string{fmt.Sprint(m.usable())}
	for _, withheld := range []int{m.Reserved, m.Primary, m.Trunk} {
		if withheld > 0 {
			terms = append(terms, fmt.Sprint(withheld))
		}
	}
	if len(terms) == 1 {
		return terms[0]
	}
	if m.serving() < 0 {
		return fmt.Sprintf("max(%s, 0)", strings.Join(terms, " − "))
	}
	return fmt.Sprintf("(%s)", strings.Join(terms, " − "))
}

func (m MaxPods) capped(sum string) string {
	if m.Result < m.Uncapped {
		return fmt.Sprintf("%s, capped at %d", sum, m.Cap)
	}
	return sum
}
