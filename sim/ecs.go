package sim

import (
	"fmt"
	"time"

	"vpcsim/model"
)

// ecs is Amazon ECS: it keeps the services' tasks running on the container
// instances, and gives tasks in awsvpc mode their ENIs. The ECS agent on an
// instance has no part in that but to register it.
//
// It is coarser than the real one: it acts at once, where the service scheduler
// works in rounds; ports and placement constraints are not looked at; a task
// that was wanted has a name before it is placed.
type ecs struct {
	e         *engine
	instances []*containerInstance // in the order of their launch, terminated ones excluded
	on        map[*node]*containerInstance
	services  []*service // in the scenario's order
	named     map[model.WorkloadName]*service
	tasks     map[model.PodName]*task // those that are not gone
	lines     []*taskLine             // of tasks to place
	fitting   []*containerInstance    // room for those that fit the task to place
	chance    *stream                 // of placement
	awake     bool                    // a round of placing is set for this instant
	made      int                     // tasks
}

func newECS(e *engine) (platform, error) {
	c := &ecs{
		e:      e,
		on:     map[*node]*containerInstance{},
		named:  map[model.WorkloadName]*service{},
		tasks:  map[model.PodName]*task{},
		chance: newStream(e.cfg.Seed, "ecs/placement"),
	}
	for i := range e.cfg.Workloads {
		cfg := &e.cfg.Workloads[i]
		switch {
		case c.named[cfg.Name] != nil:
			return nil, fmt.Errorf("two services %q", cfg.Name)
		case cfg.Kind != Service:
			return nil, fmt.Errorf("workload %s: ECS has no %s", cfg.Name, cfg.Kind)
		}
		s, err := newService(c, cfg)
		if err != nil {
			return nil, err
		}
		c.services = append(c.services, s)
		c.named[cfg.Name] = s
	}
	return c, nil
}

func (c *ecs) start() {
	for _, s := range c.services {
		c.e.promise(model.Instant(0).Add(s.At), func() {
			s.appeared = true
			s.act()
		})
	}
}

func (c *ecs) check(s *Step) error {
	name := model.WorkloadName("")
	switch a := s.Action.(type) {
	case AddNodes:
		if c.e.group(a.Group) == nil {
			return fmt.Errorf("no node group %q", a.Group)
		}
	case Scale:
		name = a.Workload
	case Rollout:
		name = a.Workload
	case Churn:
		name = a.Workload
	case Create:
		name = a.Workload
		for _, id := range a.Spec.Task.Subnets {
			if c.e.ec2.named[id] == nil {
				return fmt.Errorf("no subnet %q", id)
			}
		}
	case Delete:
		name = a.Workload
	case Uncordon, Drain, Terminate, Fault:
	default:
		return fmt.Errorf("ECS has no step %T", a)
	}
	if name != "" && c.named[name] == nil {
		return fmt.Errorf("no service %q", name)
	}
	return nil
}

// take carries a step out. What names an instance or a task that is not there at
// this instant does nothing.
func (c *ecs) take(s *Step) {
	switch a := s.Action.(type) {
	case Scale:
		c.named[a.Workload].scale(a.Replicas, s.Over)
	case Rollout:
		c.named[a.Workload].rollout(s.Over)
	case Churn:
		c.named[a.Workload].churn(a)
	case Create:
		c.create(a)
	case Delete:
		c.deleteTasks(a, s.Over)
	case AddNodes:
		g := c.e.group(a.Group)
		c.e.spread(a.Count, s.Over, func(int) { c.e.launch(g) })
	case Uncordon:
		c.withInstance(a.Node, c.undrain)
	case Drain:
		c.withInstance(a.Node, c.drain)
	case Terminate:
		c.withInstance(a.Node, c.terminate)
	case Fault:
		c.e.ec2.beginFault(a)
	default:
		panic(fmt.Sprintf("ecs: unknown step %T", a))
	}
}

func (c *ecs) withInstance(name model.NodeName, do func(*containerInstance)) {
	if n := c.e.nodeNamed[name]; n != nil {
		do(c.on[n])
	}
}

// create runs a task outside of any service, as RunTask does, or StartTask
// where the instance is named. A task whose name is taken is not made.
//
// The real calls give up at once where no instance has room; here the task
// waits, as if its caller tried again.
func (c *ecs) create(a Create) {
	if c.tasks[a.Pod] != nil {
		return
	}
	spec := a.Spec
	s := c.named[a.Workload]
	if s != nil {
		spec = overlayTask(s.Pod, a.Spec)
	}
	t := &task{pod: pod{name: a.Pod, spec: &spec, beside: true}, service: s, line: &taskLine{}}
	if s != nil {
		s.tasks = append(s.tasks, t)
	}
	c.add(t)
}

// overlayTask is overlay with what only tasks have.
func overlayTask(base, set PodSpec) PodSpec {
	out := overlay(base, set)
	if set.Task.NetworkMode != "" {
		out.Task.NetworkMode = set.Task.NetworkMode
	}
	if set.Task.SecurityGroups != nil {
		out.Task.SecurityGroups = set.Task.SecurityGroups
	}
	if set.Task.Subnets != nil {
		out.Task.Subnets = set.Task.Subnets
	}
	return out
}

// add makes a task: it waits for a place from now on.
func (c *ecs) add(t *task) {
	t.seq = c.made
	c.made++
	if limit := c.e.cfg.Limits.Pods; limit > 0 && c.made > limit {
		c.e.stop(fmt.Sprintf("limits.pods: %d tasks", limit))
		return
	}
	c.tasks[t.name] = t
	mode := t.spec.Task.NetworkMode
	if mode == "" {
		mode = NetworkAWSVPC
	}
	c.e.log("", TaskCreated{t.name, t.serviceName(), mode})
	c.queue(t)
}

// deleteTasks stops one task, or the oldest of a service.
func (c *ecs) deleteTasks(a Delete, over time.Duration) {
	if a.Pod != "" {
		if t := c.tasks[a.Pod]; t != nil {
			c.stop(t)
		}
		return
	}
	oldest := c.named[a.Workload].oldest(a.Count)
	c.e.spread(len(oldest), over, func(i int) { c.stop(oldest[i]) })
}

// forget frees the task's name.
func (c *ecs) forget(t *task) {
	t.phase = podGone
	if c.tasks[t.name] == t {
		delete(c.tasks, t.name)
	}
	if t.service != nil {
		t.service.gone(t)
	}
}
