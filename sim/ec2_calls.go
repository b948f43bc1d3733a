package sim

import (
	"errors"
	"net/netip"
	"slices"

	"vpcsim/model"
)

// reply is what the caller of EC2 gets: the code is empty for success.
type reply func(code model.ErrorCode)

// call logs the begin of a call whose effect is decided already, and answers
// when its latency is over. A call without latency is answered on the spot, so
// that calls in a row are one step.
func (x *ec2) call(in *instance, f CallFields, done reply) {
	x.calls++
	f.Call, f.Attempt, f.Instance = x.calls, 1, in.id
	latency := x.e.cfg.EC2.Latency[f.Action]
	if f.Error != "" {
		latency = x.e.cfg.EC2.Refused
	}
	wait := x.e.draw(latency, in.chance)
	f.LatencyMs = wait.Milliseconds()
	x.e.log(in.node.name, EC2Call{f})
	answer := func() {
		x.e.log(in.node.name, EC2Returned{f})
		done(f.Error)
	}
	switch {
	case wait <= 0:
		answer()
	case f.Error != "":
		x.e.after(wait, answer) // a refusal changes nothing
	default:
		x.e.promise(x.e.now.Add(wait), answer)
	}
}

// codeOf is the code of a refusal by a subnet.
func codeOf(err error) model.ErrorCode {
	var code model.ErrorCode
	if err != nil && !errors.As(err, &code) {
		panic("ec2: a subnet refused without a code: " + err.Error())
	}
	return code
}

// assign adds want addresses or prefixes to an attached ENI.
func (x *ec2) assign(ni *eni, want int, prefixes bool, done func(blocks []netip.Prefix, code model.ErrorCode)) {
	in := ni.instance
	f := CallFields{Action: AssignPrivateIpAddresses, ENI: ni.id, Subnet: ni.subnet.ID(), Want: want}
	var blocks []netip.Prefix
	if len(ni.blocks)+want > in.kind.SlotsPerENI() {
		f.Error = model.PrivateIpAddressLimitExceeded
	} else {
		var err error
		blocks, err = x.take(ni.subnet, want, prefixes)
		f.Error = codeOf(err)
		ni.blocks = append(ni.blocks, blocks...)
		f.Addresses, f.Prefixes = split(blocks)
	}
	x.call(in, f, func(code model.ErrorCode) { done(blocks, code) })
}

// unassign gives blocks of one kind back; they are free when the call begins.
func (x *ec2) unassign(ni *eni, blocks []netip.Prefix, done reply) {
	f := CallFields{Action: UnassignPrivateIpAddresses, ENI: ni.id, Subnet: ni.subnet.ID(), Want: len(blocks)}
	f.Addresses, f.Prefixes = split(blocks)
	ni.blocks = slices.DeleteFunc(ni.blocks, func(b netip.Prefix) bool { return slices.Contains(blocks, b) })
	for _, a := range f.Addresses {
		ni.subnet.ReleaseAddress(a)
	}
	for _, p := range f.Prefixes {
		ni.subnet.ReleasePrefix(p)
	}
	x.call(ni.instance, f, done)
}

// create makes an ENI that is not attached yet.
func (x *ec2) create(in *instance, s *subnet, groups []model.SecurityGroup, want int, prefixes bool, done func(ni *eni, code model.ErrorCode)) {
	f := CallFields{Action: CreateNetworkInterface, Subnet: s.ID(), Want: want}
	ni, err := x.make(in, s, groups, want, prefixes)
	f.Error = codeOf(err)
	if ni != nil {
		f.ENI = ni.id
		f.Addresses, f.Prefixes = split(ni.blocks)
		f.Addresses = slices.Insert(f.Addresses, 0, ni.primary)
	}
	x.call(in, f, func(code model.ErrorCode) { done(ni, code) })
}

// attach attaches an ENI at the lowest free device number.
func (x *ec2) attach(in *instance, ni *eni, done reply) {
	f := CallFields{Action: AttachNetworkInterface, ENI: ni.id, Subnet: ni.subnet.ID()}
	if len(in.enis) >= in.kind.MaxENIs {
		f.Error = model.AttachmentLimitExceeded
	} else {
		in.attach(ni, in.lowestDevice())
	}
	x.call(in, f, done)
}

// describe and modify change nothing that bears on addresses.
func (x *ec2) describe(in *instance, action Action, ni *eni, done reply) {
	x.call(in, CallFields{Action: action, ENI: ni.id}, done)
}

func (x *ec2) modify(in *instance, ni *eni, done reply) {
	x.call(in, CallFields{Action: ModifyNetworkInterfaceAttribute, ENI: ni.id}, done)
}

// detach takes an ENI off its instance when the call begins, as an agent that
// is restarted meanwhile must not take it in again; its addresses stay taken
// until it is deleted, and so does its device number, unless the agent is
// killed before.
func (x *ec2) detach(in *instance, ni *eni, done reply) {
	in.detach(ni)
	x.call(in, CallFields{Action: DetachNetworkInterface, ENI: ni.id, Subnet: ni.subnet.ID()}, done)
}

// delete deletes an ENI that is not attached; its addresses are free when the
// call ends. An instance that was terminated meanwhile has taken it along.
func (x *ec2) delete(in *instance, ni *eni, done reply) {
	x.call(in, CallFields{Action: DeleteNetworkInterface, ENI: ni.id, Subnet: ni.subnet.ID()}, func(code model.ErrorCode) {
		if in.node.gone {
			return
		}
		// The agent's clean-up may have deleted it meanwhile, or the call of
		// the agent before it.
		if i := slices.Index(in.loose, ni); i >= 0 {
			in.loose = slices.Delete(in.loose, i, i+1)
			x.release(in, ni)
		}
		done(code)
	})
}
