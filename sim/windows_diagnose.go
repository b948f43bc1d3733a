package sim

import (
	"fmt"

	"vpcsim/model"
)

// Texts that the pods of Windows nodes show. Source: events of the VPC resource
// controller and of kubelet on Windows nodes.
const textNoAnnotation = `Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox: plugin type="vpc-bridge" name="vpc" failed (add): failed to parse Kubernetes args: pod does not have label vpc.amazonaws.com/PrivateIPv4Address`

// diagnose tells why a pod on the node has no address yet: first row that fits.
//
//	the controller does not serve the pod, or is not there yet   misconfig
//	pods hold all that the node can have                         eni-limit
//	pods of before a switch of the mode hold the ENI's slots     eni-limit
//	EC2 refuses, or the client tries a call again                subnet-ips, prefix-fragmentation, throttling, …
//	the pool wants no more, and addresses cool                   cooldown
//	the pool wants no more                                       misconfig
//	else                                                         warm-pool-lag
func (w *windowsPool) diagnose(p *pod) verdict {
	if !w.settings.IPAM {
		return w.onNode(KindMisconfig, "windows-ipam-off", "set enable-windows-ipam to true in the ConfigMap amazon-vpc-cni: without it nobody gives pods of Windows nodes addresses")
	}
	if !isWindows(p.spec) {
		return w.onNode(KindMisconfig, "no-windows-selector", "give the pod the nodeSelector kubernetes.io/os: windows, or keep it off Windows nodes: only with it a pod asks for an address there")
	}
	if !w.managed {
		return w.onNode(KindMisconfig, "not-managed", "the resource controller has not taken the node over yet; the pod gets its address when it has")
	}
	active := w.active()
	s := active.pool.Stats()
	wantsMore := s.PendingCreate > 0 || s.Deviation(w.settings) > 0
	switch {
	case s.Used >= s.Capacity:
		v := w.onNode(KindENILimit, string(model.WindowsAtCapacity), remedyWindowsFull)
		v.cappedBy = "instance type"
		return v
	case active.refused != nil && active.refused.code == model.PrivateIpAddressLimitExceeded:
		return w.onNode(KindENILimit, "slots-held", remedyWindowsSwitched)
	case active.refused != nil && active.refused.stands():
		return w.diagnoseRefusal(active.refused)
	case len(w.held) > 0 && wantsMore:
		return w.diagnoseRefusal(w.held[0])
	case s.Cooling > 0 && (!wantsMore || s.Used+s.Cooling == s.Capacity):
		return w.onNode(KindCooldown, string(model.WindowsCoolingDown), fmt.Sprintf("an address of a Windows node rests %s to %s after its pod has gone: keep more warm (windows-warm-ip-target), or replace pods more slowly", model.WindowsCooldown, model.WindowsCooldown+model.WindowsRound))
	case !wantsMore && s.Warm == 0:
		return w.onNode(KindMisconfig, string(model.ReasonMinimumIPTarget), "windows-minimum-ip-target without windows-warm-ip-target is a hard cap: set both")
	default:
		return w.onNode(KindWarmPoolLag, string(model.WindowsPoolEmpty), "the resource controller is fetching more addresses, and kubelet tries again: keep more warm (windows-warm-ip-target), or start pods more slowly")
	}
}

const remedyWindowsFull = "a Windows node serves its pods from one ENI: prefix mode (enable-windows-prefix-delegation), a type with more addresses an ENI, or more nodes"

const remedyWindowsSwitched = "pods that are older than the switch of enable-windows-prefix-delegation hold slots of the node's one ENI, each address or prefix one: delete those pods (a roll-out waits for others to be ready first), whose addresses go back 30 to 60 s later, or replace the node"

// A Windows node has one ENI, in its own subnet: there is no other for its pods.
const (
	remedyWindowsSubnet = "a larger subnet for the nodes; or fewer warm addresses (windows-warm-ip-target, windows-minimum-ip-target)"
	remedyWindowsPrefix = "a range of the subnet that is kept for prefixes (subnet CIDR reservation of type prefix), or a larger subnet for the nodes; without prefix mode single free addresses would do, up to the ENI's slots"
)

// onNode is a verdict about this node, with the numbers of its pool.
func (w *windowsPool) onNode(kind Kind, reason, remedy string) verdict {
	return verdict{kind: kind, scope: "node", name: string(w.node.name), reason: reason, message: textNoAnnotation, numbers: w.numbers, remedy: remedy}
}

// numbers are the figures of the node's pool.
func (w *windowsPool) numbers() map[Number]int {
	numbers := map[Number]int{NumberMaxPods: w.node.maxPods}
	if pool := w.active().pool; pool != nil {
		s := pool.Stats()
		numbers[NumberCapacity] = s.Capacity
		numbers[NumberTotal] = s.Warm + s.Used + s.Cooling
		numbers[NumberAssigned] = s.Used
		numbers[NumberAvailable] = s.Warm + s.Cooling
		numbers[NumberCooling] = s.Cooling
		if left := w.leftBehind(); left > 0 {
			numbers[NumberSlotsHeld] = left
		}
	}
	return numbers
}

// leftBehind is how many slots of the ENI the mode that is off still has.
func (w *windowsPool) leftBehind() int {
	n := 0
	for _, s := range w.sides {
		if s.draining() && s.pool != nil {
			n += len(s.pool.Blocks())
		}
	}
	return n
}

func (w *windowsPool) diagnoseRefusal(r *refusal) verdict { return r.fault.tell(w.refusedBy(r)) }

func (w *windowsPool) refusedBy(r *refusal) verdict {
	kind := kindOf(r.code)
	if kind == KindSubnetIPs {
		v := r.ofSubnet()
		v.message = textNoAnnotation
		v.remedy = remedyWindowsSubnet
		if r.prefixes {
			v.remedy = remedyWindowsPrefix
		}
		return v
	}
	v := w.onNode(kind, string(r.code), remedyRefused(kind, r.code))
	if kind == KindMisconfig {
		v.remedy = remedyController(r.code, "it tries again at the next round of the node's pool, every 30 s")
	}
	if kind == KindThrottling || kind == KindQuota {
		v.scope, v.name = "cluster", w.e.cfg.Cluster.Name
	}
	return v
}
