// Package logtest writes logs by hand, for tests of what reads them.
package logtest

import (
	"fmt"
	"net/netip"
	"time"

	"vpcsim/model"
	"vpcsim/sim"
)

// Log is a log in the making. The zero Log is empty and stands at instant 0.
type Log struct {
	Events []sim.Event

	now   model.Instant
	calls int64
}

// cooldown is that of the agents.
const cooldown = 30 * time.Second

// At moves to an instant after the start.
func (l *Log) At(after time.Duration) *Log {
	l.now = model.Instant(0).Add(after)
	return l
}

// Add appends events about a node, or about none if its name is empty.
func (l *Log) Add(node model.NodeName, bodies ...sim.Body) *Log {
	for _, b := range bodies {
		l.Events = append(l.Events, sim.Event{
			Seq: int64(len(l.Events)), At: l.now, Node: node, Body: b,
		})
	}
	return l
}

// Start appends the run's first event, with subnets "a", "b", … of these CIDRs.
func (l *Log) Start(name string, cidrs ...string) *Log {
	b := sim.RunStarted{APIVersion: "vpcsim/v1", Name: name, Seed: 1, Digest: "sha256:0"}
	for i, c := range cidrs {
		p := netip.MustParsePrefix(c)
		b.Subnets = append(b.Subnets, sim.SubnetStart{
			Name: model.SubnetID(rune('a' + i)), Zone: "us-west-2" + string(rune('a'+i)), CIDR: p,
			Reserved: []netip.Addr{
				p.Addr(), Nth(p, 1), Nth(p, 2), Nth(p, 3), Nth(p, 1<<(32-p.Bits())-1),
			},
		})
	}
	return l.Add("", b)
}

// Node appends the launch of an instance whose ENIs have this many slots, its
// agent's configuration and the primary ENI's taking over.
func (l *Log) Node(name model.NodeName, primary string, maxENIs, slots int, s model.Settings) *Log {
	s.Cooldown = cooldown
	return l.Add(name,
		sim.NodeLaunched{
			Group: "workers", Instance: "i-0", InstanceType: "m5.large", Subnet: "a", Zone: "us-west-2a",
			MaxPods: maxENIs*slots + 2, SystemPods: 2, MaxENIs: maxENIs, SlotsPerENI: slots,
			ENI: ENI(name, 0), PrimaryAddress: netip.MustParseAddr(primary),
		},
		sim.AgentConfigured{Env: map[string]string{}, Settings: s, CooldownMs: cooldown.Milliseconds()},
		sim.ENIAttached{
			ENI: ENI(name, 0), Kind: model.ENIPrimary, Subnet: "a", By: sim.ByStart,
			PrimaryAddress: netip.MustParseAddr(primary),
		},
	)
}

// Ready appends that the node's agent has started.
func (l *Log) Ready(name model.NodeName) *Log {
	return l.Add(name, sim.AgentStarted{Start: 1}, sim.NodeReady{})
}

// Assign appends a call that adds blocks to an ENI, and their arrival.
func (l *Log) Assign(node model.NodeName, device int, blocks ...string) *Log {
	addrs, prefixes := Blocks(blocks...)
	call := l.call(sim.CallFields{
		Action: sim.AssignPrivateIpAddresses, ENI: ENI(node, device), Subnet: "a",
		Want: len(blocks), Addresses: addrs, Prefixes: prefixes,
	})
	return l.Add(node, sim.EC2Call{CallFields: call}, sim.EC2Returned{CallFields: call}, sim.AddressesAdded{
		ENI: ENI(node, device), Device: device, Addresses: addrs, Prefixes: prefixes, By: sim.ByGrow,
	})
}

// Unassign appends that the agent gives blocks back.
func (l *Log) Unassign(node model.NodeName, device int, blocks ...string) *Log {
	addrs, prefixes := Blocks(blocks...)
	call := l.call(sim.CallFields{
		Action: sim.UnassignPrivateIpAddresses, ENI: ENI(node, device), Subnet: "a",
		Want: len(blocks), Addresses: addrs, Prefixes: prefixes,
	})
	return l.Add(node, sim.AddressesRemoved{
		ENI: ENI(node, device), Device: device, Addresses: addrs, Prefixes: prefixes, By: sim.ByShrink,
	}, sim.EC2Call{CallFields: call}, sim.EC2Returned{CallFields: call})
}

// Attach appends the creation of an ENI with blocks and, after 4.3 s, its
// arrival.
func (l *Log) Attach(node model.NodeName, device int, primary string, blocks ...string) *Log {
	addrs, prefixes := Blocks(blocks...)
	call := l.call(sim.CallFields{
		Action: sim.CreateNetworkInterface, ENI: ENI(node, device), Subnet: "a", LatencyMs: 1000,
		Want: len(blocks), Addresses: addrs, Prefixes: prefixes,
	})
	l.Add(node, sim.EC2Call{CallFields: call}, sim.ENICreated{
		ENI: ENI(node, device), Subnet: "a", PrimaryAddress: netip.MustParseAddr(primary),
		Addresses: addrs, Prefixes: prefixes,
	})
	l.now += 1000
	l.Add(node, sim.EC2Returned{CallFields: call})
	l.now += 3300
	return l.Add(node, sim.ENIAttached{
		ENI: ENI(node, device), Kind: model.ENISecondary, Device: device, Subnet: "a", By: sim.ByGrow,
		PrimaryAddress: netip.MustParseAddr(primary), Addresses: addrs, Prefixes: prefixes,
	})
}

// Refused appends a call that EC2 refuses.
func (l *Log) Refused(node model.NodeName, action sim.Action, code model.ErrorCode) *Log {
	call := l.call(sim.CallFields{Action: action, Subnet: "a", Want: 1, Error: code, LatencyMs: 200})
	return l.Add(node, sim.EC2Call{CallFields: call}, sim.EC2Returned{CallFields: call})
}

// Asked appends a call and its answer.
func (l *Log) Asked(node model.NodeName, c sim.CallFields) *Log {
	call := l.call(c)
	return l.Add(node, sim.EC2Call{CallFields: call}, sim.EC2Returned{CallFields: call})
}

// Detach appends that the agent gives an ENI up and EC2 detaches it.
func (l *Log) Detach(node model.NodeName, device int) *Log {
	l.Add(node, sim.ENIDetached{ENI: ENI(node, device), Kind: model.ENISecondary, Device: device, Subnet: "a", By: sim.ByFree})
	return l.Asked(node, sim.CallFields{Action: sim.DetachNetworkInterface, ENI: ENI(node, device)})
}

// Delete appends a call that deletes an ENI, or with a code is refused.
func (l *Log) Delete(node model.NodeName, device int, code model.ErrorCode) *Log {
	return l.Asked(node, sim.CallFields{Action: sim.DeleteNetworkInterface, ENI: ENI(node, device), Error: code})
}

func (l *Log) call(c sim.CallFields) sim.CallFields {
	l.calls++
	c.Call, c.Attempt = l.calls, max(c.Attempt, 1)
	return c
}

// Created appends that pods WORKLOAD-from … WORKLOAD-(to-1) exist.
func (l *Log) Created(workload model.WorkloadName, from, to int) *Log {
	for i := from; i < to; i++ {
		l.Add("", sim.PodCreated{Pod: Pod(workload, i), Workload: workload})
	}
	return l
}

// Addressed appends that the pods are bound and hold these addresses, one each,
// and are ready.
func (l *Log) Addressed(node model.NodeName, device int, workload model.WorkloadName, from int, addrs ...string) *Log {
	for i, a := range addrs {
		pod := Pod(workload, from+i)
		l.Add(node,
			sim.PodBound{Pod: pod, Workload: workload},
			sim.PodAddressed{
				Pod: pod, Workload: workload, ENI: ENI(node, device), Device: device,
				Address: netip.MustParseAddr(a), Attempt: 1,
			},
			sim.PodReady{Pod: pod},
		)
	}
	return l
}

// Trunk appends that the node has a trunk at a device number, made and attached
// by the controller and taken in by the agent.
func (l *Log) Trunk(node model.NodeName, device int, primary string) *Log {
	address := netip.MustParseAddr(primary)
	made := l.call(sim.CallFields{Action: sim.CreateNetworkInterface, ENI: ENI(node, device), Subnet: "a", Addresses: []netip.Addr{address}})
	attach := l.call(sim.CallFields{Action: sim.AttachNetworkInterface, ENI: ENI(node, device), Subnet: "a"})
	return l.Add(node,
		sim.TrunkSignalled{},
		sim.ENICreated{ENI: ENI(node, device), Kind: model.ENITrunk, Subnet: "a", PrimaryAddress: address},
		sim.EC2Call{CallFields: made}, sim.EC2Returned{CallFields: made},
		sim.EC2Call{CallFields: attach}, sim.EC2Returned{CallFields: attach},
		sim.ENIAttached{ENI: ENI(node, device), Kind: model.ENITrunk, Device: device, Subnet: "a", PrimaryAddress: address, By: sim.ByReconcile},
	)
}

// Branch returns the fields of a pod's branch ENI on the trunk at the device.
func Branch(node model.NodeName, device int, pod model.PodName, vlan int, address string) sim.BranchFields {
	return sim.BranchFields{
		Pod: pod, ENI: model.ENIID("eni-" + string(pod)), Trunk: ENI(node, device),
		VLAN: vlan, Address: netip.MustParseAddr(address), Subnet: "a",
	}
}

// MakeBranch appends that EC2 makes a branch ENI.
func (l *Log) MakeBranch(node model.NodeName, b sim.BranchFields) *Log {
	call := l.call(sim.CallFields{
		Action: sim.CreateNetworkInterface, ENI: b.ENI, Trunk: b.Trunk, VLAN: b.VLAN, Subnet: b.Subnet, Addresses: []netip.Addr{b.Address},
	})
	return l.Add(node,
		sim.ENICreated{ENI: b.ENI, Kind: model.ENIBranch, Subnet: b.Subnet, PrimaryAddress: b.Address},
		sim.EC2Call{CallFields: call}, sim.EC2Returned{CallFields: call},
	)
}

// DeleteBranch appends that EC2 deletes it, and the controller's word of it.
func (l *Log) DeleteBranch(node model.NodeName, b sim.BranchFields) *Log {
	call := l.call(sim.CallFields{Action: sim.DeleteNetworkInterface, ENI: b.ENI, Trunk: b.Trunk, VLAN: b.VLAN, Subnet: b.Subnet})
	return l.Add(node,
		sim.EC2Call{CallFields: call},
		sim.ENIDeleted{ENI: b.ENI, Subnet: b.Subnet, PrimaryAddress: b.Address, Released: 1},
		sim.EC2Returned{CallFields: call}, sim.BranchDeleted{BranchFields: b},
	)
}

// Branched appends that a pod, its branch ENI made, is annotated with it and
// runs.
func (l *Log) Branched(node model.NodeName, b sim.BranchFields) *Log {
	return l.Add(node,
		sim.BranchCreated{BranchFields: b, SecurityGroups: []model.SecurityGroup{"db"}},
		sim.PodAddressed{Pod: b.Pod, ENI: b.ENI, Device: -1, Address: b.Address, VLAN: b.VLAN, Attempt: 1},
		sim.PodReady{Pod: b.Pod},
	)
}

// End appends the run's last event.
func (l *Log) End(by string, open ...sim.ExhaustionEnded) *Log {
	return l.Add("", sim.RunEnded{EndedBy: by, Open: open})
}

// ENI returns the id of the node's ENI at a device number.
func ENI(node model.NodeName, device int) model.ENIID {
	return model.ENIID(fmt.Sprintf("eni-%s-%d", node, device))
}

// Pod returns the name of a workload's pod.
func Pod(workload model.WorkloadName, i int) model.PodName {
	return model.PodName(fmt.Sprintf("%s-%d", workload, i))
}

// Nth returns the prefix's address number n, from 0.
func Nth(p netip.Prefix, n int) netip.Addr {
	b := p.Addr().As4()
	v := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	v += uint32(n)
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
}

// Run returns n addresses from first on, written out.
func Run(first string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = Nth(netip.PrefixFrom(netip.MustParseAddr(first), 32), i).String()
	}
	return out
}

// Blocks parses addresses and prefixes, which are told apart by the slash.
func Blocks(texts ...string) ([]netip.Addr, []netip.Prefix) {
	var addrs []netip.Addr
	var prefixes []netip.Prefix
	for _, t := range texts {
		if p, err := netip.ParsePrefix(t); err == nil {
			prefixes = append(prefixes, p)
		} else {
			addrs = append(addrs, netip.MustParseAddr(t))
		}
	}
	return addrs, prefixes
}
