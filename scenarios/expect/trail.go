package expect

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"vpcsim/model"
	"vpcsim/sim"
)

// trail keeps the events that are worth telling when an expectation fails: the
// last of each kind that says why.
type trail struct {
	exhaustion []sim.Event // the last few
	refused    []sim.Event // calls to EC2 that were refused, the last few
	decision   sim.Event   // the last of a pool
	decisions  map[model.NodeName]sim.Event
	attached   map[model.NodeName]sim.Event
	// pods are those that expressions name, with the last few events of each.
	pods map[model.PodName][]sim.Event
}

// follow keeps the events of the pods that an expression names.
func (t *trail) follow(x *Expression) {
	if t.pods == nil {
		t.pods = map[model.PodName][]sim.Event{}
	}
	for _, names := range x.allNames() {
		for _, pod := range names.pods {
			t.pods[model.PodName(pod)] = nil
		}
	}
}

// allNames are the names of an expression and of the conditions over time in it.
func (x *Expression) allNames() []names {
	all := []names{x.names}
	for _, t := range x.over {
		all = append(all, t.names)
	}
	return all
}

// Of exhaustion, refused calls and each pod so many events are kept.
const keptEvents = 3

func (t *trail) note(e sim.Event) {
	switch b := e.Body.(type) {
	case sim.ExhaustionBegan, sim.ExhaustionEnded:
		t.exhaustion = keep(t.exhaustion, e)
	case sim.EC2Call:
		if b.Error != "" {
			t.refused = keep(t.refused, e)
		}
	case sim.PoolGrow, sim.PoolShrink, sim.PoolFree, sim.PoolSkip:
		if t.decisions == nil {
			t.decisions = map[model.NodeName]sim.Event{}
		}
		t.decision, t.decisions[e.Node] = e, e
	case sim.ENIAttached, sim.ENIDetached:
		if t.attached == nil {
			t.attached = map[model.NodeName]sim.Event{}
		}
		t.attached[e.Node] = e
	case sim.PodCreated, sim.PodBound, sim.PodUnschedulable, sim.PodSetupFailed, sim.PodAddressed, sim.PodDeleted, sim.PodReleased,
		sim.TaskCreated, sim.TaskPlaced, sim.TaskUnplaceable, sim.TaskFailed, sim.TaskAddressed, sim.TaskDeleted, sim.TaskReleased:
		t.notePod(e)
	}
}

// notePod keeps the last events of a pod; what failed the same way before is
// replaced.
func (t *trail) notePod(e sim.Event) {
	v, ok := bodyFieldOf(e.Body, "pod")
	if !ok {
		return
	}
	name := model.PodName(v.String())
	events, followed := t.pods[name]
	if !followed {
		return
	}
	if n := len(events); n > 0 && events[n-1].Body.Type() == e.Body.Type() {
		events[n-1] = e
		return
	}
	t.pods[name] = keep(events, e)
}

func keep(events []sim.Event, e sim.Event) []sim.Event {
	if len(events) == keptEvents {
		copy(events, events[1:])
		events[keptEvents-1] = e
		return events
	}
	return append(events, e)
}

// lines tells what led to a failure of the expression up to here.
func (t *trail) lines(x *Expression) []string {
	events := slices.Clone(t.exhaustion)
	var nodes, pods []string
	for _, names := range x.allNames() {
		nodes, pods = append(nodes, names.nodes...), append(pods, names.pods...)
	}
	reads := x.reads
	for _, o := range x.over {
		reads |= o.reads
	}
	if reads&(topicCalls|topicSubnets) != 0 {
		events = append(events, t.refused...)
	}
	for _, name := range pods {
		events = append(events, t.pods[model.PodName(name)]...)
	}
	if n := len(t.exhaustion); n > 0 && len(nodes) == 0 {
		if b, ok := t.exhaustion[n-1].Body.(sim.ExhaustionBegan); ok && b.Scope == "node" {
			nodes = append(nodes, b.Name)
		}
	}
	for _, name := range nodes {
		for _, of := range []map[model.NodeName]sim.Event{t.attached, t.decisions} {
			if e, ok := of[model.NodeName(name)]; ok {
				events = append(events, e)
			}
		}
	}
	if len(nodes) == 0 && t.decision.Body != nil {
		events = append(events, t.decision)
	}
	slices.SortFunc(events, func(a, b sim.Event) int { return cmp.Compare(a.Seq, b.Seq) })
	events = slices.CompactFunc(events, func(a, b sim.Event) bool { return a.Seq == b.Seq })
	var lines []string
	for _, e := range events {
		lines = append(lines, eventLine(e))
	}
	return lines
}

// toldFields are the fields of events that people are told, in this order.
var toldFields = []string{
	"pod", "kind", "scope", "name", "device", "address", "action", "error", "subnet", "reason", "total", "assigned",
	"available", "cooling", "short", "over", "attempt", "pods",
}

// eventLine writes an event on one line.
func eventLine(e sim.Event) string {
	parts := []string{e.At.String()}
	if e.Node != "" {
		parts = append(parts, string(e.Node))
	}
	parts = append(parts, string(e.Body.Type()))
	for _, name := range toldFields {
		v, ok := bodyFieldOf(e.Body, name)
		counts := name == "total" || name == "assigned" || name == "available"
		if !ok || v.IsZero() && !counts {
			continue
		}
		parts = append(parts, fmt.Sprintf("%s=%v", name, v.Interface()))
	}
	return strings.Join(parts, " ")
}

// valueText writes a value on one line: items with commas between them.
func valueText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		if len(v) == 0 {
			return "none"
		}
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = valueText(item)
		}
		return strings.Join(items, ", ")
	case map[string]any:
		if len(v) == 0 {
			return "none"
		}
		var items []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			items = append(items, key+" "+valueText(v[key]))
		}
		return strings.Join(items, ", ")
	}
	return fmt.Sprint(v)
}
