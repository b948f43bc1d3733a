package sim

import (
	"slices"

	"vpcsim/model"
)

// containerInstance is an EC2 instance that has registered, or will, with the
// cluster of ECS. Its trunk and its limit are those of its launch: turning the
// account setting on later changes nothing for it.
type containerInstance struct {
	*node
	state    instanceState
	draining bool
	limit    int  // tasks in awsvpc mode
	trunked  bool // it gets a trunk
	trunk    *eni
	vlans    map[int]bool // taken, of the trunk's branches

	tasks  []*task // placed and not released, in the order of placing
	enis   int     // of these in awsvpc mode
	counts map[*service]int

	// registered closes the episode of a registration that failed.
	registered func()
}

// instanceState is how far a container instance has come.
type instanceState uint8

const (
	instanceStarting    instanceState = iota // its agent has not started
	instanceActive                           // takes tasks, unless it drains
	instanceRegistering                      // its trunk is being made
	instanceFailed                           // REGISTRATION_FAILED
)

// joins lets the agent of an instance that was launched start.
func (c *ecs) joins(n *node, launched NodeLaunched) {
	ci := &containerInstance{node: n, vlans: map[int]bool{}, counts: map[*service]int{}}
	ci.limit, ci.trunked = n.group.Type.TaskENIs(n.group.AWSVPCTrunking)
	c.instances = append(c.instances, ci)
	c.on[n] = ci
	launched.TaskENIs, launched.AWSVPCTrunking = ci.limit, ci.trunked
	launched.MaxENIs = max(launched.MaxENIs, n.group.Type.MaxENIsAllCards)
	c.e.log(n.name, launched)
	c.relieve() // tasks wait for it, no more for want of any
	c.e.promise(c.e.now.Add(n.agentStart()), func() { c.register(ci) })
}

// register is the start of the ECS agent. An instance that was launched with
// awsvpcTrunking on is REGISTERING while ECS makes its trunk and attaches it: one
// ENI, one address of the instance's own subnet.
func (c *ecs) register(ci *containerInstance) {
	if ci.gone {
		return
	}
	c.e.log(ci.name, AgentStarted{Start: 1})
	c.attached(ci, ci.instance.enis[0], nil)
	if !ci.trunked {
		c.active(ci)
		return
	}
	ci.state = instanceRegistering
	c.createENI(ci, ci.subnet, ci.group.SecurityGroups, 0, nil, func(ni *eni, code model.ErrorCode) {
		if code != "" {
			c.registrationFailed(ci, ci.subnet, c.refusal(code))
			return
		}
		ni.kind = model.ENITrunk
		c.attach(ci, ni, nil, func(code model.ErrorCode) {
			if code != "" {
				c.registrationFailed(ci, ci.subnet, c.refusal(code))
				c.delete(ci, ni, func() {})
				return
			}
			ci.trunk = ni
			c.attached(ci, ni, nil)
			c.active(ci)
		})
	})
}

// active lets the instance take tasks.
func (c *ecs) active(ci *containerInstance) {
	ci.state, ci.ready = instanceActive, true
	c.e.log(ci.name, NodeReady{})
	c.relieve()
}

// registrationFailed leaves the instance without a trunk: it takes no tasks for
// good. Real ones stay REGISTRATION_FAILED, too, until somebody replaces them.
func (c *ecs) registrationFailed(ci *containerInstance, s *subnet, r refusal) {
	ci.state, ci.failed = instanceFailed, true
	message := failedTrunk + string(r.code)
	c.e.log(ci.name, NodeNotReady{Reason: message})
	ci.registered = c.e.troubles.hold(c.refused(s, r, message))
	c.relieve() // tasks that waited for it find out
}

// attached tells of an ENI that ECS has attached; its primary address is the
// task's, if it is for one.
func (c *ecs) attached(ci *containerInstance, ni *eni, t *task) {
	out := ENIAttached{
		ENI: ni.id, Kind: ni.kind, Device: ni.device, Subnet: ni.subnet.ID(),
		SecurityGroups: ni.groups, PrimaryAddress: ni.primary, By: ByECS,
	}
	if t != nil {
		out.Pod = t.name
		if t.vlan > 0 {
			out.Trunk, out.VLAN = ci.trunk.id, t.vlan
		}
	}
	c.e.log(ci.name, out)
}

// detached tells that ECS takes an ENI away.
func (c *ecs) detached(ci *containerInstance, ni *eni, by By) {
	c.e.log(ci.name, ENIDetached{ENI: ni.id, Kind: ni.kind, Device: ni.device, Subnet: ni.subnet.ID(), PrimaryAddress: ni.primary, By: by})
}

// drain sets the instance to DRAINING: it takes no more tasks, those of services
// that do not run yet are stopped, those that run are replaced within the bounds
// of their service's deployment. Tasks of no service stay. Source: Amazon ECS
// developer guide, "Draining Amazon ECS container instances".
func (c *ecs) drain(ci *containerInstance) {
	if ci.draining {
		return
	}
	ci.draining, ci.cordoned = true, true
	c.e.log(ci.name, NodeCordoned{})
	for _, t := range slices.Clone(ci.tasks) {
		switch {
		case t.beside || !t.stays():
		case t.phase != podRunning:
			c.stop(t)
		default:
			t.service.ages(t)
		}
	}
	c.actAll()
}

// undrain sets a DRAINING instance back to ACTIVE.
func (c *ecs) undrain(ci *containerInstance) {
	if !ci.draining {
		return
	}
	ci.draining, ci.cordoned = false, false
	c.e.log(ci.name, NodeUncordoned{})
	for _, t := range ci.tasks {
		if t.service != nil && !t.beside {
			t.service.ages(t)
		}
	}
	c.relieve()
	c.actAll()
}

// actAll lets the services act, in the scenario's order.
func (c *ecs) actAll() {
	for _, s := range c.services {
		s.act()
	}
}

// terminate takes the instance away, all its ENIs and tasks with it. ECS deletes
// branch ENIs then, as EC2 does those that are attached: at once, where the real
// one takes a moment.
func (c *ecs) terminate(ci *containerInstance) {
	ci.gone, ci.ready = true, false
	tasks := ci.tasks
	ci.tasks = nil
	for _, t := range tasks {
		c.lost(t)
	}
	if ci.trunk != nil {
		c.detached(ci, ci.trunk, ByTerminate)
	}
	if ci.state != instanceStarting {
		c.detached(ci, ci.instance.enis[0], ByTerminate)
	}
	c.e.ec2.terminate(ci.instance)
	c.e.log(ci.name, NodeTerminated{})
	if ci.registered != nil {
		ci.registered()
	}
	delete(c.e.nodeNamed, ci.name)
	delete(c.on, ci.node)
	c.instances = slices.DeleteFunc(c.instances, func(have *containerInstance) bool { return have == ci })
	for _, t := range tasks {
		c.forget(t)
	}
	c.relieve() // who waits for it finds out
	c.actAll()
}

// hosts adds a task to what the instance has given away; releases takes it out.
func (ci *containerInstance) hosts(t *task) {
	ci.tasks = append(ci.tasks, t)
	ci.add(t, 1)
}

func (ci *containerInstance) releases(t *task) {
	if at := slices.Index(ci.tasks, t); at >= 0 {
		ci.tasks = slices.Delete(ci.tasks, at, at+1)
		ci.add(t, -1)
	}
}

func (ci *containerInstance) add(t *task, sign int) {
	ci.cpuMilli += sign * t.spec.CPUMilli
	ci.memoryMiB += sign * t.spec.MemoryMiB
	if t.spec.Task.awsvpc() {
		ci.enis += sign
	}
	if t.service != nil {
		ci.counts[t.service] += sign
	}
}

// vlan takes the lowest VLAN id of the trunk that is free.
func (ci *containerInstance) vlan() int {
	id := 1
	for ci.vlans[id] {
		id++
	}
	ci.vlans[id] = true
	return id
}
