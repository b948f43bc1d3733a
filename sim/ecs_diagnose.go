package sim

import (
	"fmt"

	"vpcsim/model"
)

// Texts that ECS shows. Source: Amazon ECS developer guide, "Service event
// messages" and "Stopped tasks error messages".
const (
	textUnplaceable = "(service %s) was unable to place a task because no container instance met all of its requirements. "
	textNoInstances = textUnplaceable + "Reason: No Container Instances were found in your cluster."
	textClosest     = textUnplaceable + "The closest matching (container-instance %s) %s."
	textRun         = "(task %s) was not started: container instance %s: %s"
	textProvision   = "Unexpected EC2 error while attempting to Create Network Interface in subnet '%s': %s"
	textAttach      = "Timeout waiting for network interface provisioning to complete."
	textBlocked     = "(service %s) was unable to stop or start tasks during a deployment because of the service deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try again."
)

// unmet is how a service event says what the closest instance lacks.
var unmet = map[ResourceCode]string{
	ResourceENI:       `encountered error "RESOURCE:ENI"`,
	ResourceCPU:       "has insufficient CPU units available",
	ResourceMemory:    "has insufficient memory available",
	ResourceAttribute: "is missing an attribute required by your task",
}

// unmetVerdict is a verdict with ECS's code for it.
type unmetVerdict struct {
	verdict
	code ResourceCode
}

// whyNot tells why no instance takes the task. Each instance counts by the first
// filter that it fails; the commonest is the kind, in a tie CPU and memory before
// ENIs, ENIs attached before branches. The kind is empty where no instance is
// ACTIVE yet.
func (c *ecs) whyNot(t *task, m misfits) unmetVerdict {
	if m.active == 0 {
		return unmetVerdict{verdict: c.noInstance(t, m)}
	}
	kind, code := m.commonest()
	closest := m.closest[code]
	if kind == KindBranchLimit {
		closest = m.branched
	}
	v := verdict{
		kind: kind, scope: "cluster", name: c.e.cfg.Cluster.Name, reason: string(code),
		message: fmt.Sprintf(textClosest, t.serviceName(), closest.name, unmet[code]),
		numbers: func() map[Number]int { return c.numbers(t, m) },
	}
	if t.spec.Node != "" {
		v.scope, v.name = "node", string(closest.name)
	}
	if t.beside {
		v.message = fmt.Sprintf(textRun, t.name, closest.name, code)
	}
	v.cappedBy, v.remedy = remedyUnplaceable(kind, closest)
	return unmetVerdict{v, code}
}

// noInstance is the verdict where no instance takes tasks at all.
func (c *ecs) noInstance(t *task, m misfits) verdict {
	v := verdict{
		scope: "cluster", name: c.e.cfg.Cluster.Name,
		message: fmt.Sprintf(textNoInstances, t.serviceName()), numbers: func() map[Number]int { return c.numbers(t, m) },
	}
	switch {
	case m.starting > 0:
	case m.others > 0:
		v.kind, v.reason = KindMisconfig, "no-active-instance"
		v.remedy = "all container instances are DRAINING or have failed to register: launch others, or set these ACTIVE again"
	case t.spec.Node != "":
		v.kind, v.reason = KindMisconfig, "no-such-node"
		v.message = fmt.Sprintf("container instance %q not found", t.spec.Node)
		v.remedy = "start the task on a container instance that exists at that instant"
	case len(c.e.nodes) > 0 || !c.e.expectsNodes():
		v.kind, v.reason = KindMisconfig, "no-nodes"
		v.remedy = "there is no container instance: add one"
	}
	return v
}

// commonest is what most instances are short of.
func (m misfits) commonest() (Kind, ResourceCode) {
	code := ResourceCPU
	if m.short[ResourceMemory] > m.short[ResourceCPU] {
		code = ResourceMemory
	}
	kind, most := KindCPUMemory, m.short[ResourceCPU]+m.short[ResourceMemory]
	for _, other := range []struct {
		kind Kind
		code ResourceCode
		n    int
	}{
		{KindENILimit, ResourceENI, m.short[ResourceENI] - m.branches},
		{KindBranchLimit, ResourceENI, m.branches},
		{KindMisconfig, ResourceAttribute, m.short[ResourceAttribute]},
	} {
		// Instances in other zones say only that there are no resources there.
		if other.n > most && (other.kind != KindMisconfig || most == 0) {
			kind, code, most = other.kind, other.code, other.n
		}
	}
	return kind, code
}

// shortBy names the number of instances that are short of something.
var shortBy = map[ResourceCode]Number{
	ResourceCPU:       NumberInstancesCPU,
	ResourceMemory:    NumberInstancesMemory,
	ResourceENI:       NumberInstancesENIs,
	ResourceAttribute: NumberInstancesZone,
}

// numbers are the figures of the instances that take tasks.
func (c *ecs) numbers(t *task, m misfits) map[Number]int {
	out := map[Number]int{NumberInstances: m.active}
	for _, code := range []ResourceCode{ResourceCPU, ResourceMemory, ResourceENI, ResourceAttribute} {
		if n := m.short[code]; n > 0 {
			out[shortBy[code]] = n
		}
	}
	limit, used := 0, 0
	for _, ci := range c.instances {
		if ci.takesTasks() && t.mayBeOn(ci) {
			limit += ci.limit
			used += ci.enis
		}
	}
	out[NumberTaskENIs], out[NumberTaskENIsUsed] = limit, used
	return out
}

func remedyUnplaceable(kind Kind, closest *containerInstance) (cappedBy, remedy string) {
	switch kind {
	case KindCPUMemory:
		return "", "more or larger container instances, or smaller requests"
	case KindMisconfig:
		return "", "container instances in the zones of the tasks' subnets, or subnets in those of the instances: an ENI is in the zone of its instance"
	case KindBranchLimit:
		return "instance type", fmt.Sprintf("more container instances, or larger ones: %s takes %s in awsvpc mode; tasks in bridge mode take no ENI", closest.group.Type.Name, tasks(closest.limit))
	}
	kindOf := closest.group.Type
	if more, trunk := kindOf.TaskENIs(true); trunk {
		return "awsvpcTrunking off", fmt.Sprintf("turn on awsvpcTrunking and launch the container instances anew: %s then takes %s in awsvpc mode instead of %d; one that runs keeps the limit that it was launched with", kindOf.Name, tasks(more), closest.limit)
	}
	return "instance type", fmt.Sprintf("more container instances, or a type that can have a trunk (%s takes %s in awsvpc mode); tasks in bridge mode take no ENI", kindOf.Name, tasks(closest.limit))
}

// tasks counts them in words.
func tasks(n int) string {
	if n == 1 {
		return "1 task"
	}
	return fmt.Sprintf("%d tasks", n)
}

// refused is the verdict on an ENI that EC2 did not make, or not attach.
func (c *ecs) refused(s *subnet, r refusal, message string) verdict {
	return r.fault.tell(c.refusedBy(s, r.code, message))
}

func (c *ecs) refusedBy(s *subnet, code model.ErrorCode, message string) verdict {
	if kind := kindOf(code); kind != KindSubnetIPs {
		v := verdict{kind: kind, scope: "cluster", name: c.e.cfg.Cluster.Name, reason: string(code), message: message, remedy: remedyRefused(kind, code)}
		switch kind {
		case KindMisconfig:
			v.remedy = remedyUnserved(code, "Amazon ECS", "it is the service-linked role AWSServiceRoleForECS, which a policy of the organization may restrict", "the service starts another task, later each time")
		case KindENILimit:
			v.remedy = "the container instance holds no more ENIs: more instances, awsvpcTrunking, or a larger type"
		case KindThrottling:
			v.remedy = "fewer tasks at once, or ask for a higher request rate"
		}
		return v
	}
	return verdict{
		kind: KindSubnetIPs, scope: "subnet", name: string(s.ID()), reason: string(code), message: message,
		numbers: func() map[Number]int {
			out := s.numbers()
			out[NumberWanted] = 1
			return out
		},
		remedy: "a larger subnet for the tasks, or more of them in the zone; every instance takes an address, with trunking two, and every task in awsvpc mode one",
	}
}

// blockedDeployment is the verdict on a deployment whose bounds leave no room.
func (c *ecs) blockedDeployment(s *service) verdict {
	return verdict{
		kind: KindMisconfig, scope: "cluster", name: c.e.cfg.Cluster.Name, reason: "deployment-configuration",
		message: fmt.Sprintf(textBlocked, s.Name),
		numbers: func() map[Number]int {
			return map[Number]int{NumberReplicas: s.replicas, NumberMinimumHealthy: s.MinimumHealthyPercent, NumberMaximumPercent: s.MaximumPercent}
		},
		remedy: "a maximumPercent that lets one more task start, or a minimumHealthyPercent that lets one stop",
	}
}

// hold opens an episode for something that waits and is no pod, or joins it. The
// result is to be called when it waits no longer.
func (t *troubles) hold(v verdict) (over func()) {
	ep := t.episode(troublePlace{v.kind, v.scope, v.name}, "", v)
	ep.launches++
	return func() {
		ep.launches--
		t.endIfOver(ep)
	}
}
