package replay

import (
	"fmt"
	"net/netip"
	"slices"

	"vpcsim/model"
	"vpcsim/sim"
)

// Tasks of ECS are kept as pods: what happens to them is the same but for where
// their address is from, and that a task which was placed is there until it is
// released.

func (ps *Pods) createTask(at model.Instant, b sim.TaskCreated) error {
	return ps.create(at, sim.PodCreated{Pod: b.Pod, Workload: b.Workload, HostNetwork: b.NetworkMode != sim.NetworkAWSVPC})
}

// attachTask takes the ENI of a task in.
func (n *Node) attachTask(at model.Instant, e *ENI, b sim.ENIAttached) error {
	if n.ENI(e.ID) != nil || n.TaskBranch(e.ID) != nil {
		return fmt.Errorf("%s is attached already", e.ID)
	}
	if n.tasks++; n.tasks > n.Launched.TaskENIs {
		return fmt.Errorf("%s takes %d tasks with an ENI, and this is one more", n.Name, n.Launched.TaskENIs)
	}
	n.History.attached(at, e, b)
	if e.Kind == model.ENIBranch {
		n.TaskBranches = append(n.TaskBranches, e)
	} else {
		n.list(e)
	}
	return nil
}

// detachTask drops the ENI if it is a task's, and reports whether it is.
func (n *Node) detachTask(at model.Instant, b sim.ENIDetached) bool {
	for _, list := range []*[]*ENI{&n.ENIs, &n.TaskBranches} {
		i := slices.IndexFunc(*list, func(e *ENI) bool { return e.ID == b.ENI && e.Pod != "" })
		if i < 0 {
			continue
		}
		n.History.detached(at, (*list)[i], b)
		*list = slices.Delete(*list, i, i+1)
		n.tasks--
		return true
	}
	return false
}

// TaskBranch returns the node's branch ENI of a task, nil if it has none of that id.
func (n *Node) TaskBranch(id model.ENIID) *ENI {
	for _, e := range n.TaskBranches {
		if e.ID == id {
			return e
		}
	}
	return nil
}

// addressTask gives a task the primary address of its ENI.
func (s *State) addressTask(n *Node, at model.Instant, b sim.TaskAddressed) error {
	p, err := s.Pods.get(b.Pod)
	if err != nil {
		return err
	}
	e := n.ENI(b.ENI)
	if b.Kind == model.ENIBranch {
		e = n.TaskBranch(b.ENI)
	}
	switch {
	case p.Node != n.Name:
		return fmt.Errorf("task %s is not on %s", p.Name, n.Name)
	case p.Address.IsValid():
		return fmt.Errorf("task %s holds %s already", p.Name, p.Address)
	case e == nil:
		return fmt.Errorf("%s is not attached to %s", b.ENI, n.Name)
	case e.Pod != p.Name || e.PrimaryAddress != b.Address:
		return fmt.Errorf("%s is %s of %s, and given to %s as %s", e.ID, e.PrimaryAddress, e.Pod, p.Name, b.Address)
	}
	n.waitsNoMore(p)
	p.Address, p.ENI, p.Device = b.Address, b.ENI, b.Device
	p.AddressedAt = at
	p.Reason, p.Message = "", ""
	s.Pods.addressed(at, p, true)
	return nil
}

// failTask takes a task whose ENI was refused off its instance: it waits for
// another place.
func (s *State) failTask(b sim.TaskFailed) error {
	p, err := s.Pods.get(b.Pod)
	if err != nil {
		return err
	}
	s.unbind(p)
	p.Node, p.BoundAt = "", model.Never
	s.Pods.WaitBound.drop(p.sinceBound)
	p.sinceBound = nil
	p.FailedAttempts++
	p.Reason, p.Message = b.Reason, b.Message
	p.asked(b.Reason)
	s.Pods.count.FailedAttempts++
	s.Pods.set(p, Pending)
	return nil
}

// deleteTask notes that the task is to stop. One without an instance is gone.
func (s *State) deleteTask(at model.Instant, name model.PodName) error {
	p, err := s.Pods.get(name)
	if err != nil {
		return err
	}
	p.DeletedAt = at
	s.Pods.waitEnds(at, p)
	s.Pods.set(p, Terminating)
	if !p.bound {
		s.Pods.remove(p)
	}
	return nil
}

// releaseTask takes the task away.
func (s *State) releaseTask(b sim.TaskReleased) error {
	p, err := s.Pods.get(b.Pod)
	if err != nil {
		return err
	}
	if p.Address != b.Address {
		return fmt.Errorf("task %s gives up %s and holds %s", p.Name, b.Address, p.Address)
	}
	p.Address = netip.Addr{}
	s.remove(p)
	return nil
}
