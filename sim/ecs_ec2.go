package sim

import (
	"net/netip"
	"time"

	"vpcsim/model"
)

// The calls of ECS to EC2. It makes them with its own role, in the account of the
// user: an ENI is created and attached, or associated with a trunk; later it is
// detached, or disassociated, and deleted. A branch ENI is deleted as soon as its
// task has stopped: the cooldown and the delete queue of EKS's resource
// controller have no counterpart.
//
// None of the callers below is called back once the instance is gone: everything
// that was made for it went with it.

// ask is a call about an instance. Its effect fills in what the call took or
// gave back, or why it is refused. How often ECS tries a throttled call again is
// not documented; it is taken to be as patient as the agent of EKS.
func (c *ecs) ask(ci *containerInstance, on *eni, f CallFields, effect func(f *CallFields), done reply) {
	c.e.ec2.send(c.asking(ci, on, f, effect, done))
}

func (c *ecs) asking(ci *containerInstance, on *eni, f CallFields, effect func(f *CallFields), done reply) request {
	return request{in: ci.instance, on: on, tied: true, fields: f, effect: effect, done: func(code model.ErrorCode) {
		if !ci.gone {
			done(code)
		}
	}}
}

// insistAfter is the wait after which ECS asks again to take an ENI away.
const insistAfter = 10 * time.Second

// insist is a call that is made again until EC2 lets it through.
func (c *ecs) insist(ci *containerInstance, on *eni, f CallFields, effect func(f *CallFields), done func()) {
	c.ask(ci, on, f, effect, func(code model.ErrorCode) {
		if code == "" {
			done()
			return
		}
		x := c.e.ec2
		if on.vain {
			x.leaves(on)
		}
		x.later(insistAfter, !x.refusesForGood(ci.name, f.Action), func() {
			if !ci.gone {
				c.insist(ci, on, f, effect, done)
			}
		})
	})
}

// createENI makes an ENI with its primary address only. With a VLAN id it is to
// be a branch of the instance's trunk.
func (c *ecs) createENI(ci *containerInstance, s *subnet, groups []model.SecurityGroup, vlan int, held func(refusal) func(), done func(ni *eni, code model.ErrorCode)) {
	f := CallFields{Action: CreateNetworkInterface, Subnet: s.ID()}
	next := AttachNetworkInterface
	if vlan > 0 {
		f.Trunk, f.VLAN = ci.trunk.id, vlan
		next = AssociateTrunkInterface
	}
	var ni *eni
	vain := c.e.ec2.refusesForGood(ci.name, next)
	r := c.asking(ci, nil, f, func(f *CallFields) {
		made, err := c.e.ec2.make(ci.instance, s, groups, 0, false, model.ENISecondary)
		if err != nil {
			f.Error = codeOf(err)
			return
		}
		ni = made
		ni.vain = vain
		f.ENI, f.Addresses = ni.id, []netip.Addr{ni.primary}
	}, func(code model.ErrorCode) { done(ni, code) })
	r.vain, r.held = vain, held
	c.e.ec2.send(r)
}

// attach attaches an ENI at the lowest free device number.
func (c *ecs) attach(ci *containerInstance, ni *eni, held func(refusal) func(), done reply) {
	in := ci.instance
	r := c.asking(ci, ni, CallFields{Action: AttachNetworkInterface, ENI: ni.id, Subnet: ni.subnet.ID()}, func(f *CallFields) {
		if len(in.enis) >= max(in.kind.MaxENIs, in.kind.MaxENIsAllCards) {
			f.Error = model.AttachmentLimitExceeded
			return
		}
		in.attach(ni, 0, in.lowestDevice(0))
	}, done)
	r.held = held
	c.e.ec2.send(r)
}

// detach takes an ENI off the instance; its device number is free when it is
// deleted.
func (c *ecs) detach(ci *containerInstance, ni *eni, done func()) {
	in := ci.instance
	c.insist(ci, ni, CallFields{Action: DetachNetworkInterface, ENI: ni.id, Subnet: ni.subnet.ID()}, nil, func() {
		in.detach(ni)
		done()
	})
}

// associate hangs a branch onto the trunk, disassociate takes it off. A branch
// is loose to EC2: made for the instance and not attached to it.
func (c *ecs) associate(ci *containerInstance, ni *eni, vlan int, held func(refusal) func(), done reply) {
	r := c.asking(ci, ni, CallFields{Action: AssociateTrunkInterface, ENI: ni.id, Trunk: ci.trunk.id, VLAN: vlan, Subnet: ni.subnet.ID()}, nil, done)
	r.held = held
	c.e.ec2.send(r)
}

func (c *ecs) disassociate(ci *containerInstance, ni *eni, vlan int, done func()) {
	c.insist(ci, ni, CallFields{Action: DisassociateTrunkInterface, ENI: ni.id, Trunk: ci.trunk.id, VLAN: vlan, Subnet: ni.subnet.ID()}, nil, done)
}

// delete deletes an ENI that is not attached. Its address is free when the call
// ends.
func (c *ecs) delete(ci *containerInstance, ni *eni, done func()) {
	in := ci.instance
	c.insist(ci, ni, CallFields{Action: DeleteNetworkInterface, ENI: ni.id, Subnet: ni.subnet.ID()}, ni.beginDelete, func() {
		c.e.ec2.endDelete(in, ni, "")
		done()
	})
}
