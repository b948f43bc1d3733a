package sim

import (
	"net/netip"
	"slices"

	"vpcsim/model"
)

// windowsSide is the pool of one kind, secondary addresses or prefixes, that the
// resource controller has for a Windows node. The one whose mode is off drains:
// it keeps what pods hold, lets it cool when they go, and gives it back then.
//
// Source: VPC resource controller, pkg/provider/ip, pkg/provider/prefix and
// pkg/pool (SetToDraining, SetToActive), v1.8.2.
type windowsSide struct {
	w        *windowsPool
	prefixes bool
	settings model.WindowsSettings
	pool     *model.WindowsPool // nil before the first start
	refused  *refusal
	kept     bool // EC2 refused to take back what was given up last
	// asks and deletes count the jobs that wait or are being done: to add addresses or to
	// see what EC2 has, and to give some back.
	asks, deletes int

	// What the log tells differs from the pool while a pod is annotated and not
	// set up yet: set counts the pods that are, unset has the instants at which
	// pods gave up an address that they were never set up with, while it cools.
	set   int
	unset []model.Instant
}

// draining reports whether the other side serves new pods.
func (s *windowsSide) draining() bool { return s.prefixes != s.w.settings.PrefixDelegation }

func (s *windowsSide) readSettings() {
	s.settings = s.w.settings
	if s.draining() {
		s.settings = s.w.settings.Draining()
	}
}

// begin makes the pool anew from what is on the ENI and what pods hold.
func (s *windowsSide) begin(held []model.WindowsGrant) {
	s.readSettings()
	ni := s.w.eni()
	s.pool = model.NewWindowsPool(s.settings, ni.instance.kind, ni.blocks, held)
	s.refused, s.kept, s.unset = nil, false, nil
}

// configure takes in other targets, or that the mode is another.
func (s *windowsSide) configure() {
	s.readSettings()
	s.pool.Configure(s.settings)
	if s.draining() {
		s.refused = nil
	}
}

// freed goes on after an address was given up.
func (s *windowsSide) freed() {
	if s != nil && s.w.managed {
		s.reconcile(nil)
		s.w.setRound()
	}
}

// cool makes warm what has cooled.
func (s *windowsSide) cool() {
	now := s.w.e.now
	s.pool.Cool(now)
	s.unset = slices.DeleteFunc(s.unset, func(at model.Instant) bool { return now.Sub(at) >= model.WindowsCooldown })
	if s.pool.Wants() == 0 {
		s.refused = nil
	}
}

// reconcile asks of EC2 what the pool needs. done, if it is not nil, is called
// when that is over.
func (s *windowsSide) reconcile(done func()) {
	if done == nil {
		done = func() {}
	}
	w := s.w
	before := s.pool.Stats()
	switch plan := s.pool.Plan(w.pick); {
	case plan.Empty():
		done()
	case plan.Resync:
		s.submit(&s.asks, s.sync, done)
	case plan.Create > 0:
		w.e.log(w.node.name, PoolGrow{s.decision(before)})
		s.submit(&s.asks, func(over func()) { s.create(plan.Create, over) }, done)
	default:
		w.e.log(w.node.name, PoolShrink{s.decision(before)})
		w.e.inVain(s.kept, func() { w.dropped(plan.Delete, ByShrink) })
		s.submit(&s.deletes, func(over func()) { s.delete(plan.Delete, over) }, done)
	}
}

// submit hands a job to the controller's workers of the mode. count counts it until it is
// over.
func (s *windowsSide) submit(count *int, job windowsJob, done func()) {
	w := s.w
	jobs := w.e.windowsJobs[0]
	if s.prefixes {
		jobs = w.e.windowsJobs[1]
	}
	life := w.life
	*count++
	jobs.add(func(over func()) {
		if w.life != life {
			over()
			return
		}
		job(func() {
			if w.life == life {
				*count--
			}
			over()
			if w.life == life {
				done()
			}
		})
	})
}

// asksInVain reports whether to ask EC2 for addresses, or to see first what it has, can
// change nothing: it refuses for good, or would refuse what it refused last. What takes
// the reason away is a change itself.
func (s *windowsSide) asksInVain() bool {
	e := s.w.e
	if e.ec2.refusesForGood(s.w.node.name, AssignPrivateIpAddresses) {
		return true
	}
	if s.refused == nil || s.refused.fault != nil { // one that ends, or is over
		return false
	}
	r := *s.refused
	want := s.pool.Wants()
	switch r.kind() {
	case KindThrottling:
		return want == 0
	case KindSubnetIPs:
		r.want = min(r.want, want)
		return want == 0 || r.stands()
	}
	return want == 0 || want >= r.want
}

// create asks for addresses or prefixes; EC2 gives all or none.
//
// The model is coarser than reality in that the real controller counts the slots
// that both modes have at its start, and asks then for no more than are left.
func (s *windowsSide) create(want int, over func()) {
	w := s.w
	ni := w.eni()
	var blocks []netip.Prefix
	f := CallFields{Action: AssignPrivateIpAddresses, ENI: ni.id, Subnet: ni.subnet.ID(), Want: want}
	vain := w.e.ec2.refusesForGood(w.node.name, AssignPrivateIpAddresses)
	w.call(f, vain, func(f *CallFields) { blocks = w.e.ec2.addBlocks(ni, want, s.prefixes, f) }, over, func(code model.ErrorCode) {
		if code != "" {
			s.refused = &refusal{code: code, fault: w.e.ec2.answering, subnet: ni.subnet, want: want, prefixes: s.prefixes}
			s.created(want, nil, code)
			over()
			return
		}
		w.call(CallFields{Action: DescribeNetworkInterfaces, ENI: ni.id}, false, nil, over, func(model.ErrorCode) {
			s.refused = nil
			s.created(want, blocks, "")
			over()
		})
	})
}

func (s *windowsSide) created(want int, blocks []netip.Prefix, code model.ErrorCode) {
	s.pool.Created(want, blocks, code)
	s.w.took(blocks, ByGrow)
	if code != "" && code != model.InsufficientCidrBlocks {
		s.reconcile(nil)
	}
	s.w.setRound()
}

// delete gives blocks back that are out of the pool already.
func (s *windowsSide) delete(blocks []netip.Prefix, over func()) {
	w := s.w
	ni := w.eni()
	f := CallFields{Action: UnassignPrivateIpAddresses, ENI: ni.id, Subnet: ni.subnet.ID(), Want: len(blocks)}
	w.call(f, false, func(f *CallFields) { w.e.ec2.removeBlocks(ni, blocks, f) }, over, func(code model.ErrorCode) {
		s.pool.Deleted(blocks, code)
		if code != "" {
			w.e.inVain(s.kept, func() { w.took(blocks, ByReconcile) })
			s.kept = true
			s.reconcile(nil)
		} else if s.kept {
			s.kept = false
			w.e.lastChange = w.e.now
		}
		w.setRound()
		over()
	})
}

// sync sees what EC2 has on the ENI after a request that failed.
func (s *windowsSide) sync(over func()) {
	w := s.w
	w.call(CallFields{Action: DescribeInstances, ENI: w.eni().id}, s.asksInVain(), nil, over, func(code model.ErrorCode) {
		if code == "" {
			w.took(s.pool.Synced(w.eni().blocks), ByReconcile)
		}
		w.setRound()
		over()
	})
}

// decision is what a pool event says of what the pool was. Cooling addresses are
// available in it, as in all pool events, and those of pods that are not set up
// yet. The numbers are those of the node's active pool, also where the other one
// drains: blocks of the other mode count for nothing.
func (s *windowsSide) decision(own model.WindowsStats) PoolDecision {
	active, stats := s, own
	if s.draining() {
		active = s.w.active()
		stats = active.pool.Stats()
	}
	d := PoolDecision{Rule: model.RuleWindows, Total: stats.Warm + stats.Used + stats.Cooling, Assigned: active.set, Cooling: stats.Cooling - len(active.unset)}
	d.Available = d.Total - d.Assigned
	unit := 1
	if s.prefixes {
		unit = model.PrefixSize
	}
	deviation := own.Deviation(s.settings) / unit
	d.Short, d.Over = max(deviation, 0), max(-deviation, 0)
	switch {
	case s.draining():
		d.Reason = model.ReasonModeToggled
	case s.settings.WarmPrefixTarget > 0:
		d.Reason = model.ReasonWarmPrefixTarget
	case stats.Warm+stats.PendingCreate < s.settings.WarmIPTarget || deviation < 0:
		d.Reason = model.ReasonWarmIPTarget
	default:
		d.Reason = model.ReasonMinimumIPTarget
	}
	return d
}
