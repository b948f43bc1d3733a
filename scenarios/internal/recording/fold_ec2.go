package recording

import (
	"net/netip"
	"slices"

	"vpcsim/sim"
)

// created is EC2's instant of a new ENI, be it the agent's or the controller's.
func (f *Fold) created(n *node, b sim.ENICreated) {
	f.take(b.PrimaryAddress)
	f.take(b.Addresses...)
	f.takePrefixes(b.Prefixes)
	if n == nil {
		return // a branch
	}
	if f.enis[b.ENI] == nil {
		f.enis[b.ENI] = &ec2ENI{node: n, device: f.freeDevice(n), created: f.now}
	}
	e := f.enis[b.ENI]
	e.primary, e.addresses, e.prefixes = b.PrimaryAddress, b.Addresses, b.Prefixes
	for _, c := range f.calls {
		if c.eni == b.ENI && c.Call.Call == allocENI {
			c.CIDRs = e.cidrs()
		}
	}
}

// cidrs are those of a new ENI, the primary address first.
func (e *ec2ENI) cidrs() []string {
	list := runs(append([]netip.Addr{e.primary}, e.addresses...))
	for _, p := range e.prefixes {
		list = append(list, p.String())
	}
	return list
}

// freeDevice is the lowest device number that no ENI of the node has.
func (f *Fold) freeDevice(n *node) int {
	taken := map[int]bool{}
	for _, e := range f.enis {
		taken[e.device] = taken[e.device] || e.node == n
	}
	device := 0
	for taken[device] {
		device++
	}
	return device
}

// called is the begin of a call.
func (f *Fold) called(n *node, b sim.CallFields) {
	c := &call{eni: b.ENI, Call: Call{AtMs: int64(f.now), Want: b.Want, Err: string(b.Error)}}
	switch b.Action {
	case sim.CreateNetworkInterface:
		// An ENI without addresses for pods is the controller's: a trunk, which
		// a recording has when it is attached, or a branch.
		if b.Want > 0 {
			f.creating(n, b, c)
		}
		return
	case sim.AssignPrivateIpAddresses:
		c.Call.Call = allocIPs
		if b.Error == "" {
			f.take(b.Addresses...)
			f.takePrefixes(b.Prefixes)
			c.CIDRs = cidrs(b)
		}
	case sim.AssignIpv6Addresses:
		c.Call.Call, c.CIDRs = allocIPv6, cidrs(b)
	case sim.UnassignPrivateIpAddresses:
		c.Call.Call = deallocIPs
		if len(b.Prefixes) > 0 {
			c.Call.Call = deallocBlocks
		}
		if b.Error == "" {
			f.release(b.Addresses...)
			f.releasePrefixes(b.Prefixes)
			c.CIDRs = cidrs(b)
		}
	case sim.DetachNetworkInterface:
		c.Call.Call = freeENI
		c.Want = 0
	default:
		return // a part of a call, or not the agent's
	}
	if e := f.enis[b.ENI]; e != nil {
		c.Device = e.device
	}
	f.log(n, c)
}

// creating is the begin of AllocENI, or its going on in another subnet.
func (f *Fold) creating(n *node, b sim.CallFields, c *call) {
	c.Call.Call = allocENI
	c.Device = -1
	if b.Error == "" {
		c.Device = f.freeDevice(n)
		if e := f.enis[b.ENI]; e != nil {
			c.Device, c.CIDRs = e.device, e.cidrs()
		}
	}
	a := n.attempt
	n.attempt = nil
	if a != nil && a.at == f.now && !slices.Contains(a.tried, b.Subnet) {
		n.errors[allocENI]--
		n.calls[allocENI]--
		f.calls = slices.DeleteFunc(f.calls, func(other *call) bool { return other == a.call })
	} else {
		a = &attempt{}
	}
	f.log(n, c)
	if b.Error != "" {
		n.attempt = &attempt{call: c, at: f.now, tried: append(a.tried, b.Subnet)}
	}
}

func (f *Fold) log(n *node, c *call) {
	f.changed = true
	c.Node = n.name
	f.calls = append(f.calls, c)
	n.calls[c.Call.Call]++
	if c.Err != "" {
		n.errors[c.Call.Call]++
	}
	if n.errors[c.Call.Call] == 0 {
		delete(n.errors, c.Call.Call)
	}
}

// returned is the end of an action; the ends of those that make up one
// recorded call, but for the last, are none of a call.
func (f *Fold) returned(b sim.CallFields) {
	switch b.Action {
	case sim.AssignPrivateIpAddresses, sim.AssignIpv6Addresses, sim.UnassignPrivateIpAddresses, sim.DeleteNetworkInterface:
		f.changed = true
	}
}
