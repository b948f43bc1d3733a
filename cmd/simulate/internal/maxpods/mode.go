package maxpods

import "vpcsim/model"

// Mode is a way to come to a max-pods: who computes it.
type Mode string

// The ways to come to a max-pods.
const (
	Nodeadm     Mode = "nodeadm"     // an AL2023 node by itself
	Managed     Mode = "managed"     // EKS, for a managed node group
	Recommended Mode = "recommended" // what suits the CNI's settings
	Calculator  Mode = "calculator"  // max-pods-calculator.sh
	Karpenter   Mode = "karpenter"
	AutoMode    Mode = "auto-mode" // EKS Auto Mode
	Kubelet     Mode = "kubelet"   // kubelet that nobody told anything
)

// modes is in the order in which they are shown.
var modes = []Mode{Nodeadm, Managed, Recommended, Calculator, Karpenter, AutoMode, Kubelet}

// Modes returns all the ways, in the order in which they are shown.
func Modes() []Mode { return append([]Mode(nil), modes...) }

// About says in words who computes and what counts.
func (m Mode) About() string {
	switch m {
	case Nodeadm:
		return "an AL2023 node by itself: no cap, blind to the CNI"
	case Managed:
		return "EKS for a managed node group set up after the CNI"
	case Recommended:
		return "what the CNI has addresses for, within the advised cap"
	case Calculator:
		return "max-pods-calculator.sh: no prefixes on bare metal"
	case Karpenter:
		return "Karpenter: knows RESERVED_ENIS, blind to the CNI"
	case AutoMode:
		return "EKS Auto Mode, which has a CNI of its own"
	case Kubelet:
		return "kubelet's default where nothing is computed"
	}
	return ""
}

// setting is something that a mode may or may not take into account.
type setting string

const (
	prefixDelegation setting = "--prefix-delegation"
	customNetworking setting = "--custom-networking"
	podENI           setting = "--pod-eni"
	maxENI           setting = "--max-eni"
	reservedENIs     setting = "--reserved-enis"
	kubeletMaxPods   setting = "--kubelet-max-pods"
	expression       setting = "--expression"
	podsPerCore      setting = "--pods-per-core"
	showMaxAllowed   setting = "--show-max-allowed"
)

// heeds are the settings that count in a mode.
var heeds = map[Mode][]setting{
	Nodeadm:     {kubeletMaxPods, expression},
	Managed:     {prefixDelegation, customNetworking, kubeletMaxPods, expression},
	Recommended: {prefixDelegation, customNetworking, podENI, maxENI, reservedENIs},
	Calculator:  {prefixDelegation, customNetworking, maxENI, showMaxAllowed},
	Karpenter:   {reservedENIs, kubeletMaxPods, expression, podsPerCore},
	AutoMode:    nil,
	Kubelet:     nil,
}

// formula is the mode's own number, by the instance type's limits.
func (m Mode) formula(t model.InstanceType, cni model.MaxPodsModes) model.MaxPods {
	switch m {
	case Managed:
		return model.RecommendedMaxPods(t, model.MaxPodsModes{
			PrefixDelegation: cni.PrefixDelegation, CustomNetworking: cni.CustomNetworking,
		})
	case Recommended:
		return model.RecommendedMaxPods(t, cni)
	case Calculator:
		return model.CalculatorMaxPods(t, cni)
	case Karpenter:
		return model.AutoMaxPods(t, cni.ReservedENIs)
	case AutoMode:
		return model.AutoModeMaxPods(t)
	case Kubelet:
		return model.MaxPods{Uncapped: model.MaxPodsUnknownType, Result: model.MaxPodsUnknownType}
	}
	return model.AutoMaxPods(t, 0)
}
