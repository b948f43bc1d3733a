package expect

import (
	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"vpcsim/model"
	"vpcsim/sim/replay"
)

// nodeType is a node with its agent's pool, or a container instance of ECS.
var nodeType = newObjectType("Node", func(v any) string { return string(v.(*replay.Node).Name) }, fieldsOf(
	[]field{
		of("name", cel.StringType, 0, func(_ *view, n *replay.Node) ref.Val { return text(n.Name) }).named(nodeName).madeOf(nodeNaming),
		of("group", cel.StringType, 0, func(_ *view, n *replay.Node) ref.Val { return text(n.Launched.Group) }).oneOf(groups),
		of("instanceType", cel.StringType, 0, func(_ *view, n *replay.Node) ref.Val { return text(n.Launched.InstanceType) }).oneOf(instanceTypes),
		of("subnet", cel.StringType, 0, func(_ *view, n *replay.Node) ref.Val { return text(n.Launched.Subnet) }).oneOf(subnetNames),
		of("zone", cel.StringType, 0, func(_ *view, n *replay.Node) ref.Val { return text(n.Launched.Zone) }).oneOf(zones),
		of("maxPods", cel.IntType, 0, func(_ *view, n *replay.Node) ref.Val { return number(n.Launched.MaxPods) }),
		of("ready", cel.BoolType, topicNodes, func(_ *view, n *replay.Node) ref.Val { return types.Bool(n.Ready) }),
		of("cordoned", cel.BoolType, topicNodes, func(_ *view, n *replay.Node) ref.Val { return types.Bool(n.Cordoned) }),
		of("pods", cel.IntType, topicPods, func(_ *view, n *replay.Node) ref.Val { return number(n.Bound()) }),
		of("waiting", cel.IntType, topicPods, func(_ *view, n *replay.Node) ref.Val { return number(n.Waiting()) }),
		of("totals", totalsType.cel, 0, func(w *view, n *replay.Node) ref.Val { return totalsType.val(w, n) }),
		of("enis", cel.ListType(eniType.cel), topicAddresses, func(w *view, n *replay.Node) ref.Val { return listOf(w, eniType, n.Attached()) }),
		of("branches", cel.ListType(branchType.cel), topicAddresses, func(w *view, n *replay.Node) ref.Val { return listOf(w, branchType, branchesOf(n)) }),
	},
	instants("launched", 0, func(n *replay.Node) model.Instant { return n.LaunchedAt }),
	instants("ready", topicNodes, func(n *replay.Node) model.Instant { return n.ReadyAt }),
	instants("terminated", topicNodes, func(n *replay.Node) model.Instant { return n.TerminatedAt }),
)...)

func subnetNames(s Scope) []string { return s.Subnets }

// totalsType are the numbers of a node's pool.
var totalsType = newObjectType("Totals", nil,
	ofPool("total", topicAddresses, func(t replay.Totals) int { return t.Total }),
	ofPool("assigned", topicAddresses, func(t replay.Totals) int { return t.Assigned }),
	ofPool("available", topicAddresses, replay.Totals.Available),
	ofPool("cooling", topicAddresses|topicCooling, func(t replay.Totals) int { return t.Cooling }),
	ofPool("free", topicAddresses|topicCooling, replay.Totals.Free),
)

func ofPool(name string, reads topics, get func(replay.Totals) int) field {
	return of(name, cel.IntType, reads, func(w *view, n *replay.Node) ref.Val { return number(get(n.Totals(w.at))) })
}

// eniType is an ENI of a node's datastore.
var eniType = newObjectType("ENI", func(v any) string { return string(v.(*replay.ENI).ID) },
	of("eni", cel.StringType, 0, func(_ *view, e *replay.ENI) ref.Val { return text(e.ID) }).named(idOf("eni-")),
	of("device", cel.IntType, 0, func(_ *view, e *replay.ENI) ref.Val { return number(e.Device) }),
	of("kind", cel.StringType, 0, func(_ *view, e *replay.ENI) ref.Val { return text(e.Kind) }).oneOf(eniKinds),
	of("subnet", cel.StringType, 0, func(_ *view, e *replay.ENI) ref.Val { return text(e.Subnet) }).oneOf(subnetNames),
	of("primaryAddress", cel.StringType, 0, func(_ *view, e *replay.ENI) ref.Val { return text(e.PrimaryAddress.String()) }).named(address),
	of("excluded", cel.BoolType, topicAddresses, func(_ *view, e *replay.ENI) ref.Val { return types.Bool(e.Excluded) }),
	of("total", cel.IntType, topicAddresses, func(_ *view, e *replay.ENI) ref.Val { return number(e.Total()) }),
	of("assigned", cel.IntType, topicAddresses, func(_ *view, e *replay.ENI) ref.Val { return number(e.Assigned()) }),
	of("addresses", cel.ListType(addressType.cel), topicAddresses|topicCooling, func(w *view, e *replay.ENI) ref.Val { return listOf(w, addressType, singles(w, e)) }),
	of("prefixes", cel.ListType(prefixType.cel), topicAddresses, func(w *view, e *replay.ENI) ref.Val { return listOf(w, prefixType, prefixes(e)) }),
)

func eniKinds(Scope) []string {
	return texts(model.ENIPrimary, model.ENISecondary, model.ENITrunk, model.ENIBranch, model.ENITask)
}

// singles are the addresses of an ENI that are of no prefix. The ENI of a task
// has one, which is its primary.
func singles(w *view, e *replay.ENI) []replay.Address {
	var all []replay.Address
	if e.Pod != "" {
		all = append(all, replay.Address{Addr: e.PrimaryAddress, State: replay.Assigned, Pod: e.Pod})
	}
	for _, b := range e.Blocks {
		if !b.IsPrefix() {
			all = append(all, b.Addresses(w.at)...)
		}
	}
	return all
}

func prefixes(e *replay.ENI) []*replay.Block {
	var all []*replay.Block
	for _, b := range e.Blocks {
		if b.IsPrefix() {
			all = append(all, b)
		}
	}
	return all
}

// addressType is an address of an ENI.
var addressType = newObjectType("Address", func(v any) string { return v.(replay.Address).Addr.String() },
	of("address", cel.StringType, 0, func(_ *view, a replay.Address) ref.Val { return text(a.Addr.String()) }).named(address),
	of("state", cel.StringType, 0, func(_ *view, a replay.Address) ref.Val { return text(a.State) }).oneOf(func(Scope) []string {
		return texts(replay.Free, replay.Assigned, replay.Cooling)
	}),
	of("pod", cel.StringType, 0, func(_ *view, a replay.Address) ref.Val { return text(a.Pod) }).named(podName).madeOf(podNaming),
)

// prefixType is a delegated prefix.
var prefixType = newObjectType("Prefix", func(v any) string { return v.(*replay.Block).Prefix.String() },
	of("prefix", cel.StringType, 0, func(_ *view, b *replay.Block) ref.Val { return text(b.Prefix.String()) }).named(block),
	of("assigned", cel.IntType, topicAddresses, func(_ *view, b *replay.Block) ref.Val { return number(b.Assigned) }),
	of("addresses", cel.ListType(addressType.cel), topicAddresses|topicCooling, func(w *view, b *replay.Block) ref.Val {
		return listOf(w, addressType, b.Addresses(w.at))
	}),
)

// branchType is a branch ENI.
var branchType = newObjectType("Branch", func(v any) string { return string(v.(*replay.Branch).ENI) },
	of("eni", cel.StringType, 0, func(_ *view, b *replay.Branch) ref.Val { return text(b.ENI) }).named(idOf("eni-")),
	of("pod", cel.StringType, topicAddresses, func(_ *view, b *replay.Branch) ref.Val { return text(b.Pod) }).named(podName).madeOf(podNaming),
	of("vlan", cel.IntType, topicAddresses, func(_ *view, b *replay.Branch) ref.Val { return number(b.VLAN) }),
	of("address", cel.StringType, 0, func(_ *view, b *replay.Branch) ref.Val { return text(b.Address.String()) }).named(address),
	of("subnet", cel.StringType, 0, func(_ *view, b *replay.Branch) ref.Val { return text(b.Subnet) }).oneOf(subnetNames),
	of("state", cel.StringType, topicAddresses, func(_ *view, b *replay.Branch) ref.Val { return text(b.State) }).oneOf(func(Scope) []string {
		return texts(replay.BranchCreating, replay.BranchInUse, replay.BranchCooling, replay.BranchQueued, replay.BranchLeaked)
	}),
)

// branchesOf are the branch ENIs of a node; those of tasks are in use.
func branchesOf(n *replay.Node) []*replay.Branch {
	if len(n.TaskBranches) == 0 {
		return n.Branches
	}
	var all []*replay.Branch
	for _, e := range n.TaskBranches {
		all = append(all, &replay.Branch{
			ENI: e.ID, Pod: e.Pod, VLAN: e.VLAN, Address: e.PrimaryAddress, Subnet: e.Subnet,
			SecurityGroups: e.SecurityGroups, State: replay.BranchInUse, Since: e.AttachedAt,
		})
	}
	return all
}

// subnetType is a subnet as EC2 sees it.
var subnetType = newObjectType("Subnet", func(v any) string { return string(v.(*replay.Subnet).Name) },
	of("name", cel.StringType, 0, func(_ *view, n *replay.Subnet) ref.Val { return text(n.Name) }).oneOf(subnetNames),
	of("cidr", cel.StringType, 0, func(_ *view, n *replay.Subnet) ref.Val { return text(n.CIDR.String()) }).oneOf(cidrs),
	of("zone", cel.StringType, 0, func(_ *view, n *replay.Subnet) ref.Val { return text(n.Zone) }).oneOf(zones),
	ofSubnet("usable", func(s replay.SubnetStats) int { return s.Usable }),
	ofSubnet("used", func(s replay.SubnetStats) int { return s.Used }),
	ofSubnet("free", func(s replay.SubnetStats) int { return s.Free }),
	ofSubnet("reservedFree", func(s replay.SubnetStats) int { return s.ReservedFree }),
	ofSubnet("freePrefixes", func(s replay.SubnetStats) int { return s.FreePrefixes }),
	ofSubnet("largestFree", func(s replay.SubnetStats) int { return s.LargestFree }),
	of("leaked", cel.IntType, topicSubnets, func(_ *view, n *replay.Subnet) ref.Val { return number(n.Leaked()) }),
)

func ofSubnet(name string, get func(replay.SubnetStats) int) field {
	return of(name, cel.IntType, topicSubnets, func(_ *view, n *replay.Subnet) ref.Val { return number(get(n.Stats())) })
}
