package sim

import (
	"cmp"
	"slices"
)

// stopOrder chooses the n tasks that a service stops first: those without an
// instance, without an address, not RUNNING, each time the youngest first; then
// from the zone with most of them, from the instance there with most, the
// youngest. The tasks are in the order of their making.
//
// Source: Amazon ECS developer guide, "Amazon ECS services", scaling in. For a
// service with a binpack strategy the real one looks at that, too.
func stopOrder(tasks []*task, n int) []*task {
	n = min(n, len(tasks))
	var out []*task
	for _, phase := range []podPhase{podPending, podCreating, podStarting} {
		for _, t := range slices.Backward(tasks) {
			if len(out) == n {
				return out
			}
			if t.phase == phase {
				out = append(out, t)
			}
		}
	}
	zones := zonesOf(tasks)
	for len(out) < n {
		z := slices.MaxFunc(zones, func(a, b *zoneTasks) int { return cmp.Compare(a.running, b.running) })
		i := slices.MaxFunc(z.instances, func(a, b *instanceTasks) int { return cmp.Compare(len(a.tasks), len(b.tasks)) })
		z.running--
		last := len(i.tasks) - 1
		out = append(out, i.tasks[last])
		i.tasks = i.tasks[:last]
	}
	return out
}

// zoneTasks are the tasks that run in a zone, instanceTasks those on an
// instance. Both are listed by their first task, so that the older wins a tie.
type zoneTasks struct {
	running   int
	instances []*instanceTasks
}

type instanceTasks struct{ tasks []*task }

func zonesOf(tasks []*task) []*zoneTasks {
	zones := map[string]*zoneTasks{}
	instances := map[*containerInstance]*instanceTasks{}
	var order []*zoneTasks
	for _, t := range tasks {
		if t.phase != podRunning {
			continue
		}
		name := t.on.subnet.zone
		z := zones[name]
		if z == nil {
			z = &zoneTasks{}
			zones[name] = z
			order = append(order, z)
		}
		i := instances[t.on]
		if i == nil {
			i = &instanceTasks{}
			instances[t.on] = i
			z.instances = append(z.instances, i)
		}
		z.running++
		i.tasks = append(i.tasks, t)
	}
	return order
}
