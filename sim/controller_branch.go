package sim

import (
	"time"

	"vpcsim/model"
)

// Reasons of the messages that a pod shows.
const (
	reasonAllocation = "BranchAllocationFailed"
	reasonAnnotation = "BranchENIAnnotationFailed"
)

// branchRequest is what the controller has done for a pod so far.
type branchRequest struct {
	lookedAt  model.Instant // first look while its node was not initialised
	parked    bool          // it waits for its node
	failures  int
	last      model.ErrorCode // of the last failure; empty once it is annotated
	fault     *fault          // that the failed call met; nil: none
	subnet    *subnet         // that refused
	dropped   bool            // nothing but an event of the pod brings it back
	drops     int             // how often it was dropped
	droppedAt model.Instant   // the last time
}

// fields are the branch's in events.
func (t *trunk) fields(b *model.Branch) BranchFields {
	return BranchFields{Pod: b.Pod, ENI: b.ENI, Trunk: t.eni.id, VLAN: b.VLAN, Address: b.Address, IPv6Address: b.IPv6Address, Subnet: b.Subnet}
}

// branching is a pod's branch on its way: create, associate, annotate.
type branching struct {
	c      *resourceController
	item   workItem
	p      *pod
	t      *trunk
	ni     *eni
	branch *model.Branch
	done   func(itemResult)
}

// create gives a pod its branch. At the limit the request comes back after one
// cooldown period, on a timer of its own. The limit is asked before the calls
// and nothing is reserved, so that requests in flight together all pass it.
func (c *resourceController) create(item workItem, done func(itemResult)) {
	p := c.e.podNamed[item.pod]
	if p == nil || p.node == nil || p.node.gone || p.phase == podDone || p.branch != nil {
		done(itemOver)
		return
	}
	s := &branching{c: c, item: item, p: p, t: c.trunks[p.node.name], done: done}
	if s.t == nil {
		s.fail(BranchFailed{BranchFields: BranchFields{Pod: p.name}, Error: ErrNoTrunk}, nil)
		return
	}
	of := BranchFields{Pod: p.name, Trunk: s.t.eni.id}
	if !s.t.HasRoom() {
		s.wait(BranchFailed{BranchFields: of, Error: ErrAtCapacity})
		return
	}
	vlan, ok := s.t.TakeVLAN()
	if !ok {
		s.fail(BranchFailed{BranchFields: of, Error: ErrNoVLAN, Reason: reasonAllocation}, nil)
		return
	}
	at, ok := c.place(p.node)
	if !ok {
		s.t.FreeVLAN(vlan)
		s.fail(BranchFailed{BranchFields: of, Error: ErrNoENIConfig, Reason: reasonAllocation}, nil)
		return
	}
	groups := p.spec.BranchGroups
	if len(groups) == 0 {
		groups = at.groups
	}
	life := c.life
	c.paced(func() {
		c.e.ec2.createBranch(s.t.eni, at.subnet, groups, vlan, func(ni *eni, code model.ErrorCode) {
			switch {
			case c.life != life:
			case code != "":
				s.t.FreeVLAN(vlan)
				of.VLAN, of.Subnet = vlan, at.subnet.ID()
				s.fail(BranchFailed{BranchFields: of, Error: code, Reason: reasonAllocation}, at.subnet)
			default:
				s.created(ni)
			}
		})
	})
}

// created goes on with an ENI that exists.
func (s *branching) created(ni *eni) {
	s.ni = ni
	s.branch = &model.Branch{
		ENI: ni.id, VLAN: ni.vlan, Address: ni.primary, IPv6Address: ni.ipv6, Subnet: ni.subnet.ID(),
		Pod: s.p.name, PodID: s.p.seq,
	}
	s.c.paced(func() { s.c.e.ec2.associate(ni, s.c.reply(s.associated)) })
}

// associated annotates the pod, if it is still there.
func (s *branching) associated(code model.ErrorCode) {
	if code != "" {
		s.rollBack(code, reasonAllocation)
		return
	}
	c, p := s.c, s.p
	s.branch.Associated = true
	s.t.Hold(s.branch)
	if c.e.podNamed[p.name] != p || c.failAnnotate != nil && c.failAnnotate(p) {
		s.rollBack(ErrNotAnnotated, reasonAnnotation)
		return
	}
	p.branch = s.branch
	p.request = branchRequest{failures: p.request.failures}
	c.e.log(p.node.name, BranchCreated{s.t.fields(s.branch), s.ni.groups})
	s.done(itemOver)
}

// rollBack puts the ENI that was made in vain to the front of the delete queue:
// until the next round it keeps its address and counts against the limit.
func (s *branching) rollBack(code model.ErrorCode, reason string) {
	s.t.RollBack(s.branch)
	s.c.changed(s.t)
	if s.c.trunks[s.t.node.name] != s.t {
		s.c.watchStray() // the node is gone, and its queue with it
	}
	of := s.t.fields(s.branch)
	again := s.failed(BranchFailed{BranchFields: of, Error: code, Reason: reason}, nil)
	s.c.e.inVain(s.ni.vain, func() { s.c.e.log(s.t.node.name, BranchQueued{of, true}) })
	s.done(again)
}

// wait lets the request come back after one cooldown period.
func (s *branching) wait(f BranchFailed) {
	s.logFailure(f, s.c.cooldown, true)
	s.done(itemAgain(s.c.cooldown))
}

// fail ends an attempt that came to nothing.
func (s *branching) fail(f BranchFailed, refusing *subnet) { s.done(s.failed(f, refusing)) }

// failed logs the failure and says when the request is tried again, if it is.
func (s *branching) failed(f BranchFailed, refusing *subnet) itemResult {
	wait, again := s.c.queue.retry(s.item)
	s.p.request.subnet = refusing
	s.logFailure(f, wait, again)
	if !again {
		s.p.request.drops++
		s.c.drop(s.p)
		return itemOver
	}
	return itemAgain(wait)
}

func (s *branching) logFailure(f BranchFailed, wait time.Duration, again bool) {
	r := &s.p.request
	r.failures++
	r.last, r.dropped, r.fault = f.Error, !again, s.c.e.ec2.answering
	f.Attempt = r.failures
	if again {
		at := s.c.e.now.Add(wait)
		f.RetryMs = &at
	}
	s.c.e.log(s.p.node.name, f)
}

// release queues the branch of a pod that has left.
func (c *resourceController) release(item workItem) {
	if t := c.trunks[item.node]; t != nil {
		c.releaseFrom(t, item.podID)
	}
}

func (c *resourceController) releaseFrom(t *trunk, podID int) {
	if b := t.Release(podID, c.e.now); b != nil {
		c.e.log(t.node.name, BranchQueued{BranchFields: t.fields(b)})
		c.changed(t)
	}
}

// round works the node's delete queue once and asks for the next round; without
// a trunk the rounds end.
func (c *resourceController) round(item workItem, done func(itemResult)) {
	t := c.trunks[item.node]
	if t == nil {
		done(itemOver)
		return
	}
	c.deleteDue(t, func() { done(itemAgain(model.BranchRound)) })
}

// deleteDue deletes from the front what is due. A branch whose deletion fails is
// tried again at once; after the third time it is forgotten.
func (c *resourceController) deleteDue(t *trunk, done func()) {
	b := t.Next(c.e.now, c.cooldown)
	if b == nil {
		done()
		return
	}
	c.deleteBranch(t, b, func(code model.ErrorCode) {
		if code != "" {
			if b.Tries++; b.Tries >= model.BranchDeleteTries {
				c.leak(t, b, code)
			} else {
				t.Requeue(b)
			}
		}
		c.changed(t)
		c.deleteDue(t, done)
	})
}

// deleteBackoff is the wait after each failed call of one try to delete a
// branch, to which up to a tenth is added. Source: observed in the VPC resource
// controller (2026): 100 ms, three times as long each time, no longer than 10 s.
var deleteBackoff = [...]time.Duration{
	100 * time.Millisecond, 300 * time.Millisecond, 900 * time.Millisecond, 2700 * time.Millisecond, 8100 * time.Millisecond,
}

// deleteBranch is one try to delete a branch: it is disassociated, whatever
// comes of that, then EC2 is asked up to five times.
func (c *resourceController) deleteBranch(t *trunk, b *model.Branch, done reply) {
	ni := t.eni.branch(b.ENI)
	if ni == nil {
		c.deleted(t, b, false)
		done("")
		return
	}
	remove := func() { c.remove(t, b, ni, 0, done) }
	if !b.Associated {
		remove()
		return
	}
	c.paced(func() { c.e.ec2.disassociate(ni, c.reply(func(model.ErrorCode) { remove() })) })
}

func (c *resourceController) remove(t *trunk, b *model.Branch, ni *eni, tries int, done reply) {
	if c.failDelete != nil && c.failDelete(b) {
		done(model.InternalError)
		return
	}
	c.paced(func() {
		c.e.ec2.deleteBranch(ni, c.reply(func(code model.ErrorCode) {
			switch {
			case code == model.InvalidNetworkInterfaceIDNotFound && !ni.deleted:
				t.FreeVLAN(b.VLAN) // the controller believes it gone
				c.leak(t, b, code)
				done("")
				return
			case code == "" || code == model.InvalidNetworkInterfaceIDNotFound:
				c.deleted(t, b, ni.vain)
				done("")
				return
			}
			wait := deleteBackoff[tries]
			wait += c.jitter(c.e.now, wait)
			c.e.promise(c.e.now.Add(wait), c.alive(func() {
				if tries+1 == len(deleteBackoff) {
					done(code)
					return
				}
				c.remove(t, b, ni, tries+1, done)
			}))
		}))
	})
}

// deleted frees the VLAN id of a branch that is gone; a call from before a
// restart may have deleted it. If a restart has found the branch again when its id
// was another's already, the id is free while the other has it.
func (c *resourceController) deleted(t *trunk, b *model.Branch, vain bool) {
	t.FreeVLAN(b.VLAN)
	c.e.inVain(vain, func() { c.e.log(t.node.name, BranchDeleted{BranchFields: t.fields(b)}) })
}

// leak forgets a branch that could not be deleted. Its VLAN id stays taken, unless
// a fault let EC2 say that the branch is not there. Its address does, too, unless the
// clean-up has deleted it meanwhile.
func (c *resourceController) leak(t *trunk, b *model.Branch, code model.ErrorCode) {
	ni := t.eni.branch(b.ENI)
	c.e.log(t.node.name, BranchDeleted{BranchFields: t.fields(b), Error: code, Leaked: ni != nil && !ni.deleted})
	c.watchStray()
}
