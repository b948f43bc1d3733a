package sim

import (
	"slices"
	"time"

	"vpcsim/model"
)

// Fault is a step: from then on EC2 refuses calls of an action, or takes its time for
// them, until so many of them have met it or a while has passed.
type Fault struct {
	Action  Action
	Node    model.NodeName  // whose calls; empty: everybody's
	Error   model.ErrorCode // empty: they are carried out, only slowly
	Count   int             // 0: any number
	For     time.Duration   // 0: to the end of the run
	Latency time.Duration   // how long such a call takes; 0: what it takes otherwise
}

func (Fault) stepAction() {}

// FaultActions are the actions that a fault can meet: all that agents and the
// resource controller call.
var FaultActions = []Action{
	CreateNetworkInterface, AttachNetworkInterface, ModifyNetworkInterfaceAttribute,
	AssignPrivateIpAddresses, AssignIpv6Addresses, UnassignPrivateIpAddresses,
	DetachNetworkInterface, DeleteNetworkInterface, DescribeInstances, DescribeNetworkInterfaces,
	AssociateTrunkInterface, DisassociateTrunkInterface,
}

// FaultCodes are the codes that a fault can have: those that EC2 is known for,
// whether or not it would give them for the action.
var FaultCodes = []model.ErrorCode{
	model.InternalError, model.Unavailable, model.RequestLimitExceeded, model.UnauthorizedOperation,
	model.InsufficientFreeAddressesInSubnet, model.InsufficientCidrBlocks, model.PrivateIpAddressLimitExceeded,
	model.AttachmentLimitExceeded, model.NetworkInterfaceLimitExceeded, model.InvalidParameterValue,
	model.InvalidNetworkInterfaceIDNotFound, model.InvalidAttachmentIDNotFound, model.InvalidAssociationIDNotFound,
}

// fault is one that has begun.
type fault struct {
	Fault
	id  int // from 1
	met int // calls that met it

	over bool

	// only narrows down the calls that meet it; nil: all of the action and the node. A
	// scenario has no words for it.
	only func(f CallFields) bool
}

// beginFault takes the step.
func (x *ec2) beginFault(a Fault) { x.beginFaultOf(a, nil) }

func (x *ec2) beginFaultOf(a Fault, only func(f CallFields) bool) {
	x.faultsMade++
	f := &fault{Fault: a, id: x.faultsMade, only: only}
	x.faults = append(x.faults, f)
	x.e.log(a.Node, FaultBegan{
		Fault: f.id, Action: a.Action, Error: a.Error, Count: a.Count, ForMs: a.For.Milliseconds(), LatencyMs: a.Latency.Milliseconds(),
	})
	if a.For > 0 {
		x.e.step(x.e.now.Add(a.For), func() { x.endFault(f) })
	}
}

func (x *ec2) endFault(f *fault) {
	for i, have := range x.faults {
		if have == f {
			x.faults = append(x.faults[:i:i], x.faults[i+1:]...)
			f.over, x.faultOver = true, x.e.now
			x.e.log(f.Node, FaultEnded{Fault: f.id, Action: f.Action, Error: f.Error, Calls: f.met})
			return
		}
	}
}

// faultOf is what a call about the node's instance meets: the fault that began first, or
// nil.
func (x *ec2) faultOf(node model.NodeName, call CallFields) *fault {
	for _, f := range x.faults {
		if f.Action == call.Action && (f.Node == "" || f.Node == node) && (f.only == nil || f.only(call)) {
			return f
		}
	}
	return nil
}

// meet counts a call that met the fault. Where only so many do, that is a change: a run
// does not settle while calls use the fault up.
func (x *ec2) meet(f *fault) {
	if f.Count > 0 {
		x.e.lastChange = x.e.now
	}
	if f.met++; f.met == f.Count {
		x.endFault(f)
	}
}

// passes reports whether the fault is over one day.
func (f *fault) passes() bool { return f.Count > 0 || f.For > 0 || f.only != nil }

// refusesForGood reports whether EC2 refuses the node's calls of one of the actions to
// the end of the run. What needs such a call comes to nothing however often it is tried
// again, and a run settles over it.
func (x *ec2) refusesForGood(node model.NodeName, actions ...Action) bool {
	return slices.ContainsFunc(actions, func(action Action) bool {
		for _, f := range x.faults {
			if f.Action == action && (f.Node == "" || f.Node == node) {
				return f.Error != "" && !f.passes()
			}
		}
		return false
	})
}

// passesFor reports whether a fault that met calls of the node since the instant has come
// to its end, or has one: what was refused since is worth another try. Without a node it
// is about those of all.
func (x *ec2) passesFor(node model.NodeName, since model.Instant) bool {
	return x.faultOver >= since || slices.ContainsFunc(x.faults, func(f *fault) bool {
		return f.Error != "" && f.passes() && (f.Node == "" || node == "" || f.Node == node)
	})
}

// retryAt is at for something that was tried at the instant before, came to nothing and is
// tried again. A run does not settle before it if a fault passes.
func (x *ec2) retryAt(node model.NodeName, before, at model.Instant, again func()) {
	if x.passesFor(node, before) {
		x.e.promise(at, again)
		return
	}
	x.e.at(at, again)
}

// retries reports whether clients of EC2 try a call again that ended so: one that is
// throttled, or that failed on EC2's side. Source: AWS SDK for Go v2, standard
// retryer (HTTP status 500, 502, 503, 504).
func (f *CallFields) retries() bool {
	return f.Throttled || f.Fault > 0 && (f.Error == model.InternalError || f.Error == model.Unavailable)
}
