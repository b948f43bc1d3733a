package sim

import (
	"cmp"
	"errors"
	"net/netip"
	"slices"
	"time"

	"vpcsim/model"
)

// reply is what the caller of EC2 gets: the code is empty for success.
type reply func(code model.ErrorCode)

// request is a call on its way. Its effect is carried out when EC2 lets it
// through; it fills in what the call took or gave back, or why it is refused.
type request struct {
	in *instance
	// on is the ENI that the call is about; nil: none, or one that is to be made.
	on *eni
	// life is the agent's when it called: a killed agent's client retries no
	// more. 0: the caller is not the node's agent.
	life int
	// by is the controller's likewise, where it is the caller.
	by int
	// tied: the caller has no use for the call once the instance is gone.
	tied bool
	// attempts of the client at a throttled call; 0: those of the agent's.
	attempts int
	// paced lets a further attempt through when the client's own limit does; nil: it
	// has none.
	paced func(call func())
	// beside: it is a call of the agent's that its loop does not wait for.
	beside bool
	// vain: what the call does comes to nothing, as a call after it is refused for good.
	vain bool
	// held says that the client tries the call again, and returns what to call when that
	// is over; nil: nobody is to be told beside the agent and the resource controller.
	held func(r refusal) (over func())
	// over is called when a call is over that was tried again; nil: it was not, or
	// holds nobody up.
	over   func()
	fields CallFields
	effect func(f *CallFields)
	done   reply
}

// send begins a call. What is throttled, or fails on EC2's side, is tried again by
// the client, after a wait that grows and is drawn; after the last attempt the caller
// gets the code.
func (x *ec2) send(r request) {
	if r.ended() {
		return
	}
	r.fields.Attempt++
	r.fields.Instance = r.in.id
	x.calls++
	f := r.fields
	f.Call = x.calls
	latency := x.e.cfg.EC2.Latency[f.Action]
	if !x.throttle.admits(f.Action, x.e.now) {
		f.Throttled, f.Error = true, model.RequestLimitExceeded
	}
	var met *fault
	if f.Error == "" {
		if met = x.faultOf(r.in.node.name, f); met != nil {
			f.Fault, f.Error, f.Throttled = met.id, met.Error, met.Error == model.RequestLimitExceeded
		}
	}
	if f.Error == "" && r.on != nil && r.on.deleted {
		f.Error = model.InvalidNetworkInterfaceIDNotFound
	}
	r.vain = r.vain || r.on != nil && r.on.vain
	if f.Error == "" && r.effect != nil {
		x.e.inVain(r.vain, func() { r.effect(&f) })
	}
	if f.Error != "" {
		latency = x.e.cfg.EC2.Refused
	}
	if met != nil && met.Latency > 0 {
		latency = Range{met.Latency, met.Latency}
	}
	wait := x.e.draw(latency, r.in.chance)
	changes := f.Error == "" && !r.vain || f.Error != "" && met != nil && met.passes()
	holds := changes || x.mayTellMore(&r)
	f.LatencyMs = wait.Milliseconds()
	x.e.log(r.in.node.name, EC2Call{f})
	if met != nil {
		x.meet(met)
	}
	x.later(wait, holds, func() {
		x.e.log(r.in.node.name, EC2Returned{f})
		if !f.retries() || f.Attempt == cmp.Or(r.attempts, clientAttempts) {
			if r.over != nil {
				r.over()
			}
			if !changes {
				x.told[r.asker()] = x.e.now
			}
			x.answer(&r, f.Error, met)
			return
		}
		x.hold(&r, f.Error, met)
		x.later(x.e.draw(retryDelay(f.Attempt), r.in.chance), holds, func() { x.again(r) })
	})
}

// asker is who makes a call of which kind.
type asker struct {
	node       model.NodeName
	controller bool // the resource controller, or else the node's agent
	action     Action
}

func (r *request) asker() asker { return asker{r.in.node.name, r.by > 0, r.fields.Action} }

// mayTellMore reports whether the answer to a call that changes nothing, a refusal say, may
// be another than that to the last such call: something has changed since, or it is the
// first. A run does not settle before it, however long EC2 takes.
func (x *ec2) mayTellMore(r *request) bool {
	told, is := x.told[r.asker()]
	return !is || x.e.lastChange >= told
}

// answer hands the caller what came of its call. While it takes that in, answering is the
// fault that the call met.
func (x *ec2) answer(r *request, code model.ErrorCode, met *fault) {
	before := x.answering
	x.answering = met
	r.done(code)
	x.answering = before
}

// again is a further attempt of the client.
func (x *ec2) again(r request) {
	if r.paced == nil || r.ended() {
		x.send(r)
		return
	}
	r.paced(func() { x.send(r) })
}

// ended reports whether whoever made the request is no more.
func (r *request) ended() bool {
	switch {
	case r.by > 0:
		return r.by != r.in.node.e.controller.life
	case r.life == 0:
		return r.tied && r.in.node.gone
	}
	return r.in.node.gone || r.life != r.in.node.agent.life
}

// life is that of the instance's agent.
func (in *instance) life() int { return in.node.agent.life }

// later goes on after the wait. Without one it goes on on the spot, so that
// calls in a row that take no time are one step. Only what changes something
// holds a run up that would settle.
func (x *ec2) later(wait time.Duration, changes bool, next func()) {
	switch {
	case wait <= 0:
		next()
	case changes:
		x.e.promise(x.e.now.Add(wait), next)
	default:
		x.e.after(wait, next)
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
	var blocks []netip.Prefix
	x.send(request{
		in:     in,
		on:     ni,
		life:   in.life(),
		fields: CallFields{Action: AssignPrivateIpAddresses, ENI: ni.id, Card: ni.card, Subnet: ni.subnet.ID(), Want: want},
		effect: func(f *CallFields) { blocks = x.addBlocks(ni, want, prefixes, f) },
		done:   func(code model.ErrorCode) { done(blocks, code) },
	})
}

// addBlocks takes want addresses or prefixes for an ENI and returns them, or
// fills in why it does not.
func (x *ec2) addBlocks(ni *eni, want int, prefixes bool, f *CallFields) []netip.Prefix {
	if len(ni.blocks)+want > ni.instance.kind.SlotsPerENI() {
		f.Error = model.PrivateIpAddressLimitExceeded
		return nil
	}
	err := x.quotas.admitsUnits(want)
	if f.Error = codeOf(err); err != nil {
		return nil
	}
	blocks, err := x.take(ni.subnet, want, prefixes)
	f.Error = codeOf(err)
	ni.blocks = append(ni.blocks, blocks...)
	x.quotas.added(len(blocks))
	f.Addresses, f.Prefixes = split(blocks)
	return blocks
}

// unassign gives blocks of one kind back; they are free when the call begins.
func (x *ec2) unassign(ni *eni, blocks []netip.Prefix, done reply) {
	x.send(x.unassigning(ni, blocks, done))
}

func (x *ec2) unassigning(ni *eni, blocks []netip.Prefix, done reply) request {
	return request{
		in:     ni.instance,
		on:     ni,
		life:   ni.instance.life(),
		fields: CallFields{Action: UnassignPrivateIpAddresses, ENI: ni.id, Card: ni.card, Subnet: ni.subnet.ID(), Want: len(blocks)},
		effect: func(f *CallFields) { x.removeBlocks(ni, blocks, f) },
		done:   done,
	}
}

// removeBlocks gives an ENI's blocks back to the subnet, all or, where it has not
// all of them, none.
func (x *ec2) removeBlocks(ni *eni, blocks []netip.Prefix, f *CallFields) {
	for _, b := range blocks {
		if !slices.Contains(ni.blocks, b) {
			f.Error = model.InvalidParameterValue
			return
		}
	}
	f.Addresses, f.Prefixes = split(blocks)
	x.quotas.removed(len(blocks))
	ni.blocks = slices.DeleteFunc(ni.blocks, func(b netip.Prefix) bool { return slices.Contains(blocks, b) })
	for _, a := range f.Addresses {
		ni.subnet.ReleaseAddress(a)
	}
	for _, p := range f.Prefixes {
		ni.subnet.ReleasePrefix(p)
	}
}

// newENI is an ENI that an agent asks for.
type newENI struct {
	subnet   *subnet
	groups   []model.SecurityGroup
	want     int // addresses, or prefixes, besides the primary address
	prefixes bool
	ipv6     bool // with an IPv6 address
}

// create makes an ENI that is not attached yet.
func (x *ec2) create(in *instance, want newENI, done func(ni *eni, code model.ErrorCode)) {
	var ni *eni
	vain := !in.inZone(want.subnet) || x.refusesForGood(in.node.name, DescribeInstances, AttachNetworkInterface, ModifyNetworkInterfaceAttribute)
	x.send(request{
		in:     in,
		life:   in.life(),
		vain:   vain,
		fields: CallFields{Action: CreateNetworkInterface, Subnet: want.subnet.ID(), Want: want.want},
		effect: func(f *CallFields) {
			if want.ipv6 && want.subnet.ipv6 == nil {
				f.Error = model.InvalidParameterValue
				return
			}
			var err error
			ni, err = x.make(in, want.subnet, want.groups, want.want, want.prefixes, model.ENISecondary)
			if f.Error = codeOf(err); err != nil {
				return
			}
			ni.vain = vain
			f.ENI = ni.id
			f.Addresses, f.Prefixes = split(ni.blocks)
			f.Addresses = slices.Insert(f.Addresses, 0, ni.primary)
		},
		done: func(code model.ErrorCode) { done(ni, code) },
	})
}

// attach attaches an ENI to the network card, at its lowest free device number.
func (x *ec2) attach(in *instance, ni *eni, card int, done reply) {
	x.send(request{
		in:     in,
		on:     ni,
		life:   in.life(),
		fields: CallFields{Action: AttachNetworkInterface, ENI: ni.id, Card: card, Subnet: ni.subnet.ID()},
		effect: func(f *CallFields) {
			switch {
			case ni.instance != nil:
				f.Error = model.InvalidParameterValue
			case !in.inZone(ni.subnet):
				f.Error = model.InvalidParameterCombination
			case in.onCard(card) >= in.kind.CardENIs(card):
				f.Error = model.AttachmentLimitExceeded
			default:
				in.attach(ni, card, in.lowestDevice(card))
			}
		},
		done: done,
	})
}

// inZone reports whether the subnet is in the instance's zone: EC2 makes ENIs in others
// for whoever asks, and attaches none. Source: EC2 user guide, Network interface
// attachments.
func (in *instance) inZone(s *subnet) bool { return s.zone == in.node.subnet.zone }

// describe and modify change nothing that bears on addresses. A vain description is
// before a call that is refused for good.
func (x *ec2) describe(in *instance, action Action, ni *eni, vain bool, done reply) {
	x.send(request{in: in, on: ni, life: in.life(), vain: vain, fields: CallFields{Action: action, ENI: ni.id, Card: ni.card}, done: done})
}

func (x *ec2) modify(in *instance, ni *eni, done reply) {
	x.send(request{in: in, on: ni, life: in.life(), fields: CallFields{Action: ModifyNetworkInterfaceAttribute, ENI: ni.id, Card: ni.card}, done: done})
}

// detach takes an ENI off its instance when the call begins, as an agent that
// is restarted meanwhile must not take it in again; its addresses stay taken
// until it is deleted, and so does its device number, unless the agent is
// killed before.
func (x *ec2) detach(in *instance, ni *eni, done reply) {
	x.send(request{
		in:     in,
		on:     ni,
		life:   in.life(),
		fields: CallFields{Action: DetachNetworkInterface, ENI: ni.id, Card: ni.card, Subnet: ni.subnet.ID()},
		effect: func(f *CallFields) {
			if ni.instance == nil {
				f.Error = model.InvalidAttachmentIDNotFound
				return
			}
			in.detach(ni)
		},
		done: done,
	})
}

// delete deletes an ENI that is not attached. Where that is refused its device number
// is free all the same, as nobody is about to delete it. Other calls find it no longer when
// the call has begun; its addresses are free when it ends.
func (x *ec2) delete(in *instance, ni *eni, done reply) {
	x.send(x.deletion(in, ni, done))
}

func (x *ec2) deletion(in *instance, ni *eni, done reply) request {
	return request{
		in:     in,
		on:     ni,
		life:   in.life(),
		fields: CallFields{Action: DeleteNetworkInterface, ENI: ni.id, Card: ni.card, Subnet: ni.subnet.ID()},
		effect: ni.beginDelete,
		done: func(code model.ErrorCode) {
			if code != "" {
				ni.leaving = false
			}
			x.endDelete(in, ni, code)
			done(code)
		},
	}
}

// beginDelete is what a call to delete the ENI does when it begins: one that is
// attached is refused.
func (ni *eni) beginDelete(f *CallFields) {
	if ni.instance != nil {
		f.Error = model.InvalidParameterValue
		return
	}
	ni.deleted = true
}

// endDelete is what such a call does when it ends. An instance that was
// terminated meanwhile has taken the ENI along, but for an orphan.
func (x *ec2) endDelete(in *instance, ni *eni, code model.ErrorCode) {
	switch {
	case code != "":
		x.leaves(ni)
		return
	case ni.orphanOf != nil:
		in = ni.orphanOf
		x.orphans = slices.DeleteFunc(x.orphans, func(have *eni) bool { return have == ni })
	case in.node.gone:
		return
	}
	in.loose = slices.DeleteFunc(in.loose, func(have *eni) bool { return have == ni })
	x.release(in, ni)
}

// leaves notes that an ENI could not be deleted. One that was made in vain has changed
// something after all: what it takes of its subnet is lost.
func (x *ec2) leaves(ni *eni) {
	if ni.vain {
		ni.vain = false
		x.e.lastChange = x.e.now
	}
}
