package sim

import (
	"fmt"

	"vpcsim/model"
)

// task is an ECS task from when it is wanted until it is STOPPED. What it has in
// common with a pod it has as one: its phase is podPending without an instance,
// podCreating while PROVISIONING, podStarting until it is RUNNING.
type task struct {
	pod
	service *service // nil for a task of none
	line    *taskLine
	on      *containerInstance
	eni     *eni
	vlan    int // of its branch ENI; 0: none
	// connected: the ENI is attached, or associated with the trunk. addressed: the
	// task has its address from it.
	connected, addressed bool
	// old: of an earlier revision, or on an instance that drains.
	old bool
}

func (t *task) serviceName() model.WorkloadName {
	if t.service == nil {
		return ""
	}
	return t.service.Name
}

// place gives the task its instance, and with it a share of its resources: these
// are taken until the task is STOPPED, with its ENI deleted.
func (c *ecs) place(t *task, ci *containerInstance) {
	t.phase, t.on, t.node, t.boundAt = podCreating, ci, ci.node, c.e.now
	ci.hosts(t)
	if t.wait != nil && t.wait.place.scope != "subnet" {
		c.e.troubles.left(&t.pod) // one that waits for an address still has none
	}
	c.e.log(ci.name, TaskPlaced{t.name, t.serviceName(), t.attempts + 1})
	if !t.spec.Task.awsvpc() {
		c.begin(t)
		return
	}
	s := c.subnetFor(t, ci)
	if ci.trunk != nil {
		t.vlan = ci.vlan()
	}
	c.createENI(ci, s, t.spec.Task.SecurityGroups, t.vlan, c.holdsUp(t, s), func(ni *eni, code model.ErrorCode) {
		if code != "" {
			c.provisioningFailed(t, s, c.refusal(code), fmt.Sprintf(textProvision, s.ID(), code))
			return
		}
		t.eni = ni
		if t.deleting {
			c.takeDown(t)
			return
		}
		c.connect(t)
	})
}

// connect attaches the task's ENI to its instance, or to the trunk.
func (c *ecs) connect(t *task) {
	ci, ni := t.on, t.eni
	done := func(code model.ErrorCode) {
		if code != "" {
			r := c.refusal(code)
			c.delete(ci, ni, func() { c.provisioningFailed(t, ni.subnet, r, textAttach) })
			return
		}
		t.connected = true
		c.attached(ci, ni, t)
		if t.deleting {
			c.takeDown(t)
			return
		}
		t.addressed = true
		c.e.log(ci.name, TaskAddressed{
			Pod: t.name, Workload: t.serviceName(), ENI: ni.id, Kind: ni.kind, Device: ni.device,
			VLAN: t.vlan, Subnet: ni.subnet.ID(), Address: ni.primary, Attempt: t.attempts + 1,
		})
		c.e.troubles.left(&t.pod)
		c.begin(t)
	}
	if t.vlan > 0 {
		ni.kind, ni.device = model.ENIBranch, noDevice
		c.associate(ci, ni, t.vlan, c.holdsUp(t, ni.subnet), done)
		return
	}
	ni.kind = model.ENITask
	c.attach(ci, ni, c.holdsUp(t, ni.subnet), done)
}

// refusal is what the call that is being answered was refused by.
func (c *ecs) refusal(code model.ErrorCode) refusal {
	return refusal{code: code, fault: c.e.ec2.answering}
}

// holdsUp is for a call on whose answer the task waits while ECS's client tries it again.
func (c *ecs) holdsUp(t *task, s *subnet) func(r refusal) (over func()) {
	return func(r refusal) func() {
		if t.deleting || t.phase != podCreating {
			return nil
		}
		c.e.troubles.enter(&t.pod, c.refused(s, r, ""))
		return func() { c.e.troubles.left(&t.pod) }
	}
}

// subnetFor is the subnet of the task's ENI: its own in the instance's zone, in
// turn, or the instance's. ECS does not tell how it chooses among several of a
// zone; it does not look at how full they are.
func (c *ecs) subnetFor(t *task, ci *containerInstance) *subnet {
	var there []*subnet
	for _, id := range t.spec.Task.Subnets {
		if s := c.e.ec2.named[id]; s.zone == ci.subnet.zone {
			there = append(there, s)
		}
	}
	if len(there) == 0 {
		return ci.subnet // the task names no subnet: else it would not be here
	}
	turn := t.seq + t.attempts
	if t.service != nil {
		turn = t.service.turns[ci.subnet.zone]
		t.service.turns[ci.subnet.zone]++
	}
	return there[turn%len(there)]
}

// provisioningFailed stops a task whose ENI was refused. The service starts
// another, later each time that this happens.
func (c *ecs) provisioningFailed(t *task, s *subnet, r refusal, message string) {
	ci, placedAt := t.on, t.boundAt
	c.leaves(t)
	if t.deleting {
		c.e.log(ci.name, t.release(""))
		c.forget(t)
		return
	}
	t.phase, t.on, t.node, t.eni = podPending, nil, nil, nil
	t.attempts++
	v := c.refused(s, r, message)
	c.e.troubles.enter(&t.pod, v)
	retry := t.line.failed(placedAt, c.e.now)
	c.e.log(ci.name, TaskFailed{t.name, t.serviceName(), v.kind, t.attempts, v.message, retry})
	c.queue(t)
}

// begin goes on to RUNNING.
func (c *ecs) begin(t *task) {
	t.phase = podStarting
	running := func() {
		if t.phase != podStarting || t.deleting {
			return
		}
		t.phase = podRunning
		c.e.log(t.on.name, TaskReady{t.name})
		t.line.worked()
		if t.spec.RunFor > 0 {
			c.e.promise(c.e.now.Add(t.spec.RunFor), func() { c.complete(t) })
		}
		if t.service != nil {
			t.service.running(t)
		}
	}
	if t.spec.ReadyAfter <= 0 {
		running()
		return
	}
	c.e.promise(c.e.now.Add(t.spec.ReadyAfter), running)
}

// complete ends a task that has run its time. A service starts another.
func (c *ecs) complete(t *task) {
	if t.phase != podRunning || t.deleting {
		return
	}
	t.phase = podDone
	c.e.log(t.on.name, TaskCompleted{t.name})
	c.halted(t)
	if t.service != nil {
		t.service.leaves(t)
		t.service.act()
	}
}

// stop asks for the task to be stopped. It holds its ENI until its containers
// have stopped and EC2 has taken the ENI away.
func (c *ecs) stop(t *task) {
	if !t.stays() {
		return
	}
	t.deleting = true
	c.e.log(t.nodeName(), TaskDeleted{t.name})
	c.e.troubles.left(&t.pod)
	switch t.phase {
	case podPending:
		t.line.remove(t)
		c.forget(t)
	case podStarting, podRunning:
		if t.spec.StopAfter > 0 {
			c.e.promise(c.e.now.Add(t.spec.StopAfter), func() {
				if t.phase != podGone {
					c.halted(t)
				}
			})
		} else {
			c.halted(t)
		}
	}
	// One that is PROVISIONING goes on when EC2 has answered.
	if t.service != nil {
		t.service.leaves(t)
		t.service.act()
	}
}

// halted is the instant at which the task's containers have stopped.
func (c *ecs) halted(t *task) {
	if t.eni == nil {
		c.released(t)
		return
	}
	c.takeDown(t)
}

// takeDown takes the task's ENI away.
func (c *ecs) takeDown(t *task) {
	ci, ni := t.on, t.eni
	deleteIt := func() { c.delete(ci, ni, func() { c.released(t) }) }
	if !t.connected {
		deleteIt()
		return
	}
	t.connected = false
	c.detached(ci, ni, ByECS)
	if t.vlan > 0 {
		c.disassociate(ci, ni, t.vlan, deleteIt)
		return
	}
	c.detach(ci, ni, deleteIt)
}

// released is the end of a task: it is STOPPED.
func (c *ecs) released(t *task) {
	c.e.log(t.on.name, t.release(""))
	c.leaves(t)
	c.forget(t)
}

// release is what is told of the task when it is STOPPED.
func (t *task) release(reason string) TaskReleased {
	out := TaskReleased{Pod: t.name, Device: noDevice, Reason: reason}
	if t.addressed {
		out.ENI, out.Device, out.Address = t.eni.id, t.eni.device, t.eni.primary
	}
	return out
}

// leaves gives back what the task took of its instance.
func (c *ecs) leaves(t *task) {
	t.on.releases(t)
	if t.vlan > 0 {
		delete(t.on.vlans, t.vlan)
		t.vlan = 0
	}
	c.relieve()
}

// lost is the end of a task whose instance was terminated; the caller forgets
// it.
func (c *ecs) lost(t *task) {
	if !t.deleting && t.phase != podDone {
		t.deleting = true
		c.e.log(t.on.name, TaskDeleted{t.name})
	}
	c.e.troubles.left(&t.pod)
	if t.connected {
		c.detached(t.on, t.eni, ByTerminate)
	}
	c.e.log(t.on.name, t.release("terminated"))
	t.phase = podGone
	if t.service != nil {
		t.service.leaves(t)
	}
}
