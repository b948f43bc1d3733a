package sim

import (
	"net/netip"
	"slices"

	"vpcsim/model"
)

// The calls of the resource controller. Its client tries a throttled call
// fewer times than the agent's. Source: VPC resource controller, the SDK's
// standard retryer with 3 attempts (2026).
const controllerAttempts = 3

// highestDevice is the highest free device number of card 0, where trunks go, or
// −1.
func (in *instance) highestDevice() int {
	for device := in.kind.MaxENIs - 1; device >= 0; device-- {
		if !in.takes(device) {
			return device
		}
	}
	return -1
}

// takes reports whether an ENI sits at the device number of card 0.
func (in *instance) takes(device int) bool {
	return slices.ContainsFunc(in.enis, func(ni *eni) bool { return ni.card == 0 && ni.device == device })
}

// ask is a call of the controller about the instance, and about the ENI, if that is
// there already. The caller has waited for the first attempt's place in the
// client's pace; each further attempt waits for one of its own.
func (x *ec2) ask(in *instance, on *eni, f CallFields, effect func(f *CallFields), done reply) {
	x.askInVain(in, on, f, false, effect, done)
}

// askInVain is ask where, if vain, a call after this one is refused for good.
func (x *ec2) askInVain(in *instance, on *eni, f CallFields, vain bool, effect func(f *CallFields), done reply) {
	paced := x.e.controller.paced
	if vain {
		paced = x.e.controller.pacedInVain
	}
	x.send(request{in: in, on: on, vain: vain, by: x.e.controller.life, attempts: controllerAttempts, paced: paced, fields: f, effect: effect, done: done})
}

// createTrunk makes an ENI that can be a trunk, with its primary address only.
func (x *ec2) createTrunk(in *instance, s *subnet, groups []model.SecurityGroup, done func(ni *eni, code model.ErrorCode)) {
	var ni *eni
	vain := !in.inZone(s) || x.refusesForGood(in.node.name, AttachNetworkInterface)
	x.askInVain(in, nil, CallFields{Action: CreateNetworkInterface, Subnet: s.ID()}, vain, func(f *CallFields) {
		if in.node.gone {
			f.Error = model.InvalidParameterValue // coarser than reality: nothing is made for an instance that is gone
			return
		}
		var err error
		if ni, err = x.make(in, s, groups, 0, false, model.ENITrunk); err != nil {
			f.Error = codeOf(err)
			return
		}
		ni.vain = vain
		f.ENI, f.Addresses = ni.id, []netip.Addr{ni.primary}
	}, func(code model.ErrorCode) { done(ni, code) })
}

// attachTrunk attaches it at the device number, which may have been taken since
// the controller looked.
func (x *ec2) attachTrunk(in *instance, ni *eni, device int, done reply) {
	x.ask(in, ni, CallFields{Action: AttachNetworkInterface, ENI: ni.id, Subnet: ni.subnet.ID()}, func(f *CallFields) {
		switch {
		case ni.instance != nil:
			f.Error = model.InvalidParameterValue
		case !in.inZone(ni.subnet):
			f.Error = model.InvalidParameterCombination
		case in.onCard(0) >= in.kind.MaxENIs:
			f.Error = model.AttachmentLimitExceeded
		case in.takes(device):
			f.Error = model.InvalidParameterValue
		default:
			in.attach(ni, 0, device)
			in.trunk, ni.attaching = ni, true
		}
	}, func(code model.ErrorCode) {
		if ni.attaching && !in.node.gone {
			ni.attaching = false
			in.node.agent.attachedByOthers()
		}
		done(code)
	})
}

// deleteTrunk deletes a trunk that could not be attached.
func (x *ec2) deleteTrunk(in *instance, ni *eni, done reply) {
	x.ask(in, ni, CallFields{Action: DeleteNetworkInterface, ENI: ni.id, Subnet: ni.subnet.ID()}, ni.beginDelete, func(code model.ErrorCode) {
		x.endDelete(in, ni, code)
		done(code)
	})
}

// createBranch makes a branch ENI, tagged with its trunk and VLAN id.
func (x *ec2) createBranch(trunk *eni, s *subnet, groups []model.SecurityGroup, vlan int, done func(ni *eni, code model.ErrorCode)) {
	in := trunk.instance
	var ni *eni
	vain := x.refusesForGood(in.node.name, AssociateTrunkInterface)
	x.askInVain(in, nil, CallFields{Action: CreateNetworkInterface, Trunk: trunk.id, VLAN: vlan, Subnet: s.ID()}, vain, func(f *CallFields) {
		if err := x.quotas.admitsENI(counted{ipv6: x.givesIPv6(in, s, model.ENIBranch)}); err != nil {
			f.Error = codeOf(err)
			return
		}
		taken, err := s.TakeENI(0, 0, model.TakeOptions{Pick: s.pick, Fallback: s.fallback})
		if err != nil {
			f.Error = codeOf(err)
			return
		}
		ni = x.newENI(in, s, groups, taken, model.ENIBranch)
		ni.trunk, ni.vlan, ni.vain = trunk, vlan, vain
		trunk.branches = append(trunk.branches, ni)
		f.ENI, f.Addresses = ni.id, []netip.Addr{ni.primary}
	}, func(code model.ErrorCode) { done(ni, code) })
}

// associate connects a branch with its trunk under its VLAN id.
func (x *ec2) associate(ni *eni, done reply) {
	in := ni.trunk.instance
	x.ask(in, ni, CallFields{Action: AssociateTrunkInterface, ENI: ni.id, Trunk: ni.trunk.id, VLAN: ni.vlan}, func(f *CallFields) {
		associated, clash := 0, false
		for _, other := range ni.trunk.branches {
			if other.associated {
				associated++
				clash = clash || other.vlan == ni.vlan
			}
		}
		switch {
		case in.node.gone:
			f.Error = model.InvalidNetworkInterfaceIDNotFound
		case clash:
			f.Error = model.VlanInUse
		case x.e.cfg.EC2.BranchLimit && associated >= in.kind.BranchENIs:
			f.Error = model.BranchLimitExceeded
		default:
			ni.associated = true
		}
	}, done)
}

// disassociate undoes associate.
func (x *ec2) disassociate(ni *eni, done reply) {
	x.ask(ni.trunk.instance, nil, CallFields{Action: DisassociateTrunkInterface, ENI: ni.id, Trunk: ni.trunk.id, VLAN: ni.vlan}, func(f *CallFields) {
		if !ni.associated {
			f.Error = model.InvalidAssociationIDNotFound
		}
		ni.associated = false
	}, done)
}

// deleteBranch deletes a branch, associated or not; its address is free when
// the call ends.
func (x *ec2) deleteBranch(ni *eni, done reply) {
	in := ni.trunk.instance
	x.ask(in, ni, CallFields{Action: DeleteNetworkInterface, ENI: ni.id, Trunk: ni.trunk.id, VLAN: ni.vlan, Subnet: ni.subnet.ID()}, ni.beginDelete, func(code model.ErrorCode) {
		if code == "" {
			ni.trunk.branches = slices.DeleteFunc(ni.trunk.branches, func(have *eni) bool { return have == ni })
			ni.associated = false
			x.release(in, ni)
		} else {
			x.leaves(ni)
		}
		done(code)
	})
}

// branch returns the trunk's branch with this id, or nil.
func (trunk *eni) branch(id model.ENIID) *eni {
	for _, b := range trunk.branches {
		if b.id == id {
			return b
		}
	}
	return nil
}
