package sim

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"vpcsim/model"
)

// scheduleSteps puts the scenario's steps into the queue in file order, so that
// steps of the same instant happen in that order, before the actors' work.
func (e *engine) scheduleSteps() error {
	for i := range e.cfg.Steps {
		s := &e.cfg.Steps[i]
		if err := e.platform.check(s); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
		e.step(model.Instant(0).Add(s.At), func() { e.platform.take(s) })
	}
	return nil
}

// checkStep finds names that nothing will ever have.
func (e *engine) checkStep(s *Step) error {
	switch a := s.Action.(type) {
	case TagSubnet:
		if e.ec2.named[a.Subnet] == nil {
			return fmt.Errorf("no subnet %q", a.Subnet)
		}
	case AddNodes:
		if e.group(a.Group) == nil {
			return fmt.Errorf("no node group %q", a.Group)
		}
	case Scale:
		return e.workloads.check(a.Workload)
	case Rollout:
		return e.workloads.check(a.Workload)
	case Churn:
		return e.workloads.check(a.Workload)
	case Create:
		if a.Workload != "" {
			return e.workloads.check(a.Workload)
		}
	case Delete:
		if a.Workload != "" {
			return e.workloads.check(a.Workload)
		}
	}
	return nil
}

// takeStep carries a step out. What names a node or a pod that is not there at
// this instant does nothing.
func (e *engine) takeStep(s *Step) {
	switch a := s.Action.(type) {
	case Scale:
		e.workloads.scale(a, s.Over)
	case Rollout:
		e.workloads.rollout(a, s.Over)
	case Churn:
		e.workloads.churn(a)
	case Replay:
		e.workloads.replay(a)
	case Create:
		e.workloads.create(a)
	case Delete:
		e.deletePods(a, s.Over)
	case SetEnv:
		e.setEnv(a, s.Over)
	case AddNodes:
		g := e.group(a.Group)
		e.spread(a.Count, s.Over, func(int) { e.launch(g) })
	case Cordon:
		e.withNode(a.Node, (*node).cordon)
	case Uncordon:
		e.withNode(a.Node, (*node).uncordon)
	case Drain:
		e.withNode(a.Node, (*node).drain)
	case Terminate:
		e.withNode(a.Node, (*node).terminate)
	case TagSubnet:
		e.log("", SubnetTagged(a))
		e.ec2.tagSubnet(a.Subnet, a.Tags)
	case SetBranchCooldown:
		e.controller.setCooldown(a.Seconds)
		e.log("", ControllerConfigured{BranchCooldown: a.Seconds, CooldownMs: e.controller.cooldown.Milliseconds()})
	case SetWindows:
		e.setWindows(a)
	case Fault:
		e.ec2.beginFault(a)
	case RestartController:
		e.log("", ControllerRestarted{})
		e.controller.restart()
	case RestartAgent:
		e.withNode(a.Node, func(n *node) {
			if n.windows == nil {
				n.agent.restart(a.Gap, a.Env)
			}
		})
	default:
		panic(fmt.Sprintf("sim: unknown step %T", a))
	}
}

func (e *engine) withNode(name model.NodeName, do func(*node)) {
	if n := e.nodeNamed[name]; n != nil {
		do(n)
	}
}

// spread does item i of n at over·i/n from now; those of this instant at once.
func (e *engine) spread(n int, over time.Duration, item func(i int)) {
	for i := range n {
		wait := time.Duration(int64(over) / int64(time.Millisecond) * int64(i) / int64(n) * int64(time.Millisecond))
		if wait == 0 {
			item(i)
			continue
		}
		e.step(e.now.Add(wait), func() { item(i) })
	}
}

// setEnv changes the environment of all agents, of nodes to come as well, and
// restarts those that run.
func (e *engine) setEnv(a SetEnv, over time.Duration) {
	e.env = maps.Clone(e.env)
	for _, name := range slices.Sorted(maps.Keys(a.Env)) {
		if value := a.Env[name]; value != nil {
			e.env[name] = *value
		} else {
			delete(e.env, name)
		}
	}
	var living []*node
	for _, n := range e.nodes {
		if !n.gone && n.windows == nil {
			living = append(living, n)
		}
	}
	e.spread(len(living), over, func(i int) {
		if n := living[i]; !n.gone {
			n.agent.restart(e.cfg.Agent.Restart, a.Env)
		}
	})
}

// deletePods deletes one pod, or the oldest of a workload.
func (e *engine) deletePods(a Delete, over time.Duration) {
	if a.Pod != "" {
		if p := e.podNamed[a.Pod]; p != nil {
			e.kubelet.delete(p)
		}
		return
	}
	oldest := e.workloads.oldest(a.Workload, a.Count)
	e.spread(len(oldest), over, func(i int) { e.kubelet.delete(oldest[i]) })
}
