package model

// CalculatorMaxPods is what max-pods-calculator.sh of the EKS AMI prints. Of
// the modes it knows prefix delegation, custom networking and MAX_ENI (its
// --cni-max-eni): ReservedENIs and PodENI count for nothing. Uncapped is what
// its --show-max-allowed prints.
//
// It gives prefixes where the hypervisor is Nitro. Bare metal reports no
// hypervisor, so that the script counts single addresses there, although the
// CNI has given prefixes to bare metal since v1.11.
//
// Source: max-pods-calculator.sh of the EKS AMI, for the CNI from v1.9 on.
func CalculatorMaxPods(t InstanceType, modes MaxPodsModes) MaxPods {
	return maxPods(t, MaxPodsModes{
		MaxENI:           modes.MaxENI,
		PrefixDelegation: modes.PrefixDelegation && t.Hypervisor == "nitro",
		CustomNetworking: modes.CustomNetworking,
	}, maxPodsCap(t))
}

// autoModeCap is the most pods on a node of EKS Auto Mode, however large.
const autoModeCap = 110

// AutoModeMaxPods is what EKS Auto Mode allows: the addresses of secondary-IP
// mode, without the two of other nodes, and at most 110. An unknown type gives
// 110.
//
// Source: EKS user guide, "Choose an optimal Amazon EC2 node instance type".
func AutoModeMaxPods(t InstanceType) MaxPods {
	m := maxPods(t, MaxPodsModes{}, autoModeCap)
	if m.ENIs > 0 {
		m.HostPods = 0
		m.Uncapped = m.Addresses()
		m.Result = min(m.Uncapped, m.Cap)
	}
	return m
}
