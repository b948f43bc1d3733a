package replay

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"vpcsim/model"
	"vpcsim/sim"
)

// ec2ENI is an ENI as EC2 has it.
type ec2ENI struct {
	id      model.ENIID
	subnet  *Subnet
	primary netip.Addr
	blocks  []netip.Prefix // unordered
	use
}

// takePrimary notes the ENI that an instance is launched with. EC2 may have
// told of its creation before.
func (s *State) takePrimary(e sim.Event, b sim.NodeLaunched) error {
	if s.ec2ENIs[b.ENI] == nil {
		if err := s.createENI(e, sim.ENICreated{ENI: b.ENI, Subnet: b.Subnet, PrimaryAddress: b.PrimaryAddress}); err != nil {
			return err
		}
	}
	primary := s.ec2ENIs[b.ENI]
	primary.kind, primary.attached = model.ENIPrimary, true
	s.setLoose(primary, false)
	return nil
}

func (s *State) createENI(ev sim.Event, b sim.ENICreated) error {
	sn := s.subnets[b.Subnet]
	switch {
	case sn == nil:
		return fmt.Errorf("there is no subnet %q", b.Subnet)
	case s.ec2ENIs[b.ENI] != nil:
		return fmt.Errorf("there is an ENI %s already", b.ENI)
	}
	e := &ec2ENI{id: b.ENI, subnet: sn, primary: b.PrimaryAddress}
	e.use = use{node: ev.Node, kind: cmp.Or(b.Kind, model.ENISecondary), madeAt: ev.At, device: -1, leakedAt: model.Never}
	s.ec2ENIs[b.ENI] = e
	s.setLoose(e, true)
	if n := s.nodes[ev.Node]; n != nil {
		n.made(ev.At, b)
	}
	if err := sn.take(b.PrimaryAddress); err != nil {
		return err
	}
	return e.add(blockPrefixes(b.Addresses, b.Prefixes))
}

func (s *State) deleteENI(ev sim.Event, b sim.ENIDeleted) error {
	e := s.ec2ENIs[b.ENI]
	if e == nil {
		return fmt.Errorf("there is no ENI %s", b.ENI)
	}
	delete(s.ec2ENIs, b.ENI)
	if e.told && e.deleting {
		s.tellLeak(ev.At, e, Cleaned)
	}
	s.found(e)
	s.setLoose(e, false)
	if n := s.nodes[ev.Node]; n != nil {
		n.deletedInEC2(b.ENI)
	}
	if err := e.subnet.give(e.primary); err != nil {
		return err
	}
	return e.remove(slices.Clone(e.blocks))
}

// call counts a call that begins, and does to the subnet what it does: a
// refused call does nothing. Creating and deleting have events of their own.
func (s *State) call(ev sim.Event, b sim.CallFields) error {
	s.Calls.called(ev.At, b)
	s.Calls.standing.called(ev.Node, s.ofKind(b), b)
	s.useBegins(b)
	if n := s.nodes[ev.Node]; n != nil {
		n.called(b)
	}
	if b.Error != "" {
		return nil
	}
	switch b.Action {
	case sim.AssignPrivateIpAddresses, sim.AssignIpv6Addresses, sim.UnassignPrivateIpAddresses:
	default:
		return nil
	}
	e := s.ec2ENIs[b.ENI]
	if e == nil {
		return fmt.Errorf("there is no ENI %s", b.ENI)
	}
	blocks := blockPrefixes(b.Addresses, b.Prefixes)
	if b.Action == sim.UnassignPrivateIpAddresses {
		return e.remove(blocks)
	}
	return e.add(blocks)
}

func (e *ec2ENI) add(blocks []netip.Prefix) error {
	for _, p := range blocks {
		if p.Addr().Is6() {
			continue // the subnet's numbers are of IPv4
		}
		for a := p.Addr(); p.Contains(a); a = a.Next() {
			if err := e.subnet.take(a); err != nil {
				return err
			}
		}
	}
	e.blocks = append(e.blocks, blocks...)
	return nil
}

func (e *ec2ENI) remove(blocks []netip.Prefix) error {
	for _, p := range blocks {
		i := slices.Index(e.blocks, p)
		if i < 0 {
			return fmt.Errorf("%s doesn't have %s", e.id, p)
		}
		e.blocks = slices.Delete(e.blocks, i, i+1)
		if p.Addr().Is6() {
			continue
		}
		for a := p.Addr(); p.Contains(a); a = a.Next() {
			if err := e.subnet.give(a); err != nil {
				return err
			}
		}
	}
	return nil
}
