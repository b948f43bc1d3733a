package sim

import (
	"fmt"

	"vpcsim/model"
)

// diagnose tells why a bound pod has no branch ENI yet. The empty kind says that
// nothing is exhausted: it is being made.
func (c *resourceController) diagnose(p *pod) verdict {
	r := &p.request
	t := c.trunks[p.node.name]
	switch {
	case t == nil:
		return c.diagnoseNoTrunk(p)
	case r.last == ErrAtCapacity || r.last == model.BranchLimitExceeded || r.last == "" && !t.HasRoom():
		v := c.onTrunk(p, t, KindBranchCooldown, "cooling")
		v.remedy = fmt.Sprintf("a branch ENI counts against the type's limit for %s to %s after its pod has gone: replace pods more slowly or with less surge, lower branch-eni-cooldown (30 s at least), or use a type with more branch ENIs", c.cooldown, c.cooldown+model.BranchRound)
		if held := len(t.Held()); held >= t.Limit() { // what is queued beside them makes no room
			v.reason = "in-use"
			v.remedy = fmt.Sprintf("pods on the node use all %d of its branch ENIs: more nodes, or an instance type with more branch ENIs; pods that name their node bypass the scheduler, which would not have put more there", held)
			if len(p.node.kept) > 0 {
				v.remedy = "this controller keeps the branch ENIs of completed pods until the pods are deleted, while the scheduler takes them for free: delete completed pods (ttlSecondsAfterFinished of a Job), or run a controller that releases them"
			}
		}
		return v
	case r.last == "":
		if reason, is := c.heldUpFor(p); is {
			return c.throttledVerdict(reason)
		}
		return verdict{message: textNoAddress}
	default:
		return c.diagnoseFailure(p, t)
	}
}

// diagnoseFailure is a request that EC2 refused, or whose pod could not be
// annotated.
func (c *resourceController) diagnoseFailure(p *pod, t *trunk) verdict {
	return p.request.fault.tell(c.diagnoseCode(p, t))
}

func (c *resourceController) diagnoseCode(p *pod, t *trunk) verdict {
	r := &p.request
	switch {
	case r.subnet != nil && r.last.SubnetFull():
		return branchSubnetFull(r.subnet, r.last)
	case ofAccount(r.last):
		return c.accountRefuses(r.last)
	case r.last == ErrNoVLAN:
		v := c.onTrunk(p, t, KindBranchLimit, string(r.last))
		v.remedy = "all VLAN ids of the trunk are taken, some by branch ENIs that leaked: restart the resource controller, or recycle the node"
		return v
	default:
		v := c.onTrunk(p, t, KindMisconfig, string(r.last))
		v.remedy = remedyController(r.last, looksAgain)
		return v
	}
}

// looksAgain says when a pod gets its branch ENI after all. Source: observed in the VPC
// resource controller (2026).
const looksAgain = "after six refusals, which take less than a second, the resource controller looks at a pod again when its object changes (a label, an annotation), or else in its pass over all pods, every 30 min since its start"

// remedyController is about a call of the resource controller's that is refused for another
// reason than a limit. Source: Amazon EKS user guide, "Security groups for pods" (the
// cluster's role needs AmazonEKSVPCResourceController).
func remedyController(code model.ErrorCode, again string) string {
	return remedyUnserved(code, "the VPC resource controller", "attach AmazonEKSVPCResourceController to the cluster's role", again)
}

// ofAccount reports whether the code is about a limit of the account.
func ofAccount(code model.ErrorCode) bool {
	kind := kindOf(code)
	return kind == KindThrottling || kind == KindQuota
}

// accountRefuses is a limit of the account that a trunk or a branch met.
func (c *resourceController) accountRefuses(code model.ErrorCode) verdict {
	kind := kindOf(code)
	return verdict{
		kind: kind, scope: "cluster", name: c.e.cfg.Cluster.Name, reason: string(code),
		message: textNoAddress, remedy: remedyRefused(kind, code),
	}
}

// diagnoseNoTrunk is a pod on a node without a trunk.
func (c *resourceController) diagnoseNoTrunk(p *pod) verdict {
	n := p.node
	switch {
	case n.trunkSubnet != nil && n.trunkError.SubnetFull():
		return n.trunkFault.tell(branchSubnetFull(n.trunkSubnet, n.trunkError))
	case ofAccount(n.trunkError):
		return n.trunkFault.tell(c.accountRefuses(n.trunkError))
	case c.nodes[n] == nodeComing:
		if reason, is := c.behind(); is {
			return c.throttledVerdict(reason)
		}
		return verdict{message: textNoAddress}
	default:
		remedy, by := remedyUnschedulable(KindNoTrunk), 0
		if n.trunkSubnet != nil {
			remedy = n.trunkRefused()
		}
		if n.trunkFault != nil {
			by = n.trunkFault.id
		}
		return verdict{
			fault: by,
			kind:  KindNoTrunk, scope: "node", name: string(n.name), reason: string(n.trunkError), message: textNoAddress,
			numbers: func() map[Number]int {
				return map[Number]int{NumberMaxENI: n.instance.kind.MaxENIs, NumberENIs: n.instance.onCard(0), NumberBranchLimit: n.instance.kind.BranchENIs}
			},
			remedy: remedy,
		}
	}
}

// branchSubnetFull is a subnet without an address for a trunk or a branch.
func branchSubnetFull(s *subnet, code model.ErrorCode) verdict {
	return verdict{
		kind: KindSubnetIPs, scope: "subnet", name: string(s.ID()), reason: string(code), message: textNoAddress,
		numbers: (&refusal{subnet: s, want: 1}).numbers,
		remedy:  "a larger subnet, or another one for pods (custom networking); " + looksAgain + ": once there are addresses, making the pods anew is quicker",
	}
}

// onTrunk is a verdict about the pod's node, with the numbers of its trunk.
func (c *resourceController) onTrunk(p *pod, t *trunk, kind Kind, reason string) verdict {
	return verdict{
		kind: kind, scope: "node", name: string(p.node.name), reason: reason, message: textNoAddress,
		numbers: func() map[Number]int {
			return map[Number]int{
				NumberBranchLimit: t.Limit(),
				NumberBranches:    len(t.Held()),
				NumberQueued:      len(t.Queue()),
				NumberVLANs:       len(t.VLANs()),
			}
		},
	}
}
