package scenarios

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"vpcsim/model"
	"vpcsim/scenarios/internal/doc"
	"vpcsim/sim"
)

func (d *decoder) step(v value, into *Step, restart Duration) {
	actions := []field{
		{"scale", act(&into.Scale, d.scale)},
		{"rollout", act(&into.Rollout, d.rollout)},
		{"create", act(&into.Create, d.create)},
		{"delete", act(&into.Delete, d.delete)},
		d.eksOnly("setEnv", d.env(&into.SetEnv)),
		{"addNodes", act(&into.AddNodes, d.addNodes)},
		d.eksOnlyBut("cordon", ": drain sets an instance to DRAINING, uncordon back to ACTIVE", act(&into.Cordon, d.oneNode)),
		{"uncordon", act(&into.Uncordon, d.oneNode)},
		{"drain", act(&into.Drain, d.oneNode)},
		{"terminate", act(&into.Terminate, d.oneNode)},
		d.eksOnly("restartAgent", act(&into.RestartAgent, func(v value, a *RestartAgent) { d.restartAgent(v, a, restart) })),
		d.eksOnly("tagSubnet", act(&into.TagSubnet, d.tagSubnet)),
		d.eksOnly("setBranchCooldown", act(&into.SetBranchCooldown, d.setBranchCooldown)),
		d.eksOnly("setWindows", d.setWindows(&into.SetWindows)),
		d.eksOnly("restartController", act(&into.RestartController, d.restartController)),
		{"churn", act(&into.Churn, d.churn)},
		d.eksOnly("replay", act(&into.Replay, d.replay)),
		{"fault", act(&into.Fault, d.fault)},
	}
	fields := append([]field{{"at", d.duration(&into.At)}, {"over", d.duration(&into.Over)}}, actions...)
	d.object(v, fields...)
	if d.describes(func(s *shape) {
		s.noNull = true
		for _, a := range actions {
			s.exactlyOne = append(s.exactlyOne, a.name)
		}
	}) || v.Kind != doc.Map {
		return
	}
	var given []string
	for _, a := range actions {
		if v.Get(a.name) != nil {
			given = append(given, a.name)
		}
	}
	switch len(given) {
	case 0:
		if d.meantAny(v, actions) {
			return // said already
		}
		d.failAt(v, "a step needs an action, such as scale, create or addNodes")
	case 1:
		if v.given("over") && !slices.Contains(spreads, given[0]) {
			d.fail(v.path+".over", "%s cannot be spread; %s can", given[0], strings.Join(spreads, ", "))
		}
		if v.Get(given[0]).Kind == doc.Null {
			d.failAt(v, "%s says nothing", given[0])
		}
		if into.SetEnv != nil && len(into.SetEnv) == 0 && len(v.Get("setEnv").Fields) == 0 {
			d.fail(v.path+".setEnv", "names no variable")
		}
		d.checkSetWindows(v, into)
	default:
		d.failAt(v, "a step has one action, not %d: %s", len(given), strings.Join(given, ", "))
	}
}

// meantAny reports whether an unknown field of v was probably meant for one of
// the fields.
func (d *decoder) meantAny(v value, fields []field) bool {
	return slices.ContainsFunc(fields, func(f field) bool { return d.meant[v.child(f.name, nil).path] })
}

// act reads an action into a place of its own.
func act[T any](into **T, read func(value, *T)) reader {
	return func(v value) {
		*into = new(T)
		read(v, *into)
	}
}

func (d *decoder) scale(v value, into *Scale) {
	d.object(v, field{"workload", d.reference(&into.Workload)}, field{"replicas", d.integer(&into.Replicas, 0, most)})
	d.require(v, "workload", "replicas")
}

func (d *decoder) rollout(v value, into *Rollout) {
	d.object(v, field{"workload", d.reference(&into.Workload)})
	d.require(v, "workload")
}

func (d *decoder) create(v value, into *Create) {
	d.object(v,
		field{"pod", d.name(&into.Pod)},
		field{"node", d.text(&into.Node)},
		field{"workload", d.text(&into.Workload)},
		field{"requests", d.requests(&into.Requests)},
		d.eksOnly("labels", d.words(&into.Labels)),
		d.taskGroups(&into.SecurityGroups),
		d.ecsOnly("networkMode", oneOf(d, &into.NetworkMode, networkModes)),
		d.ecsOnly("subnets", list(d, &into.Subnets, each(d.reference))),
	)
	d.taskNetwork(v, into.NetworkMode)
	d.require(v, "pod")
}

func (d *decoder) delete(v value, into *Delete) {
	d.object(v,
		field{"pod", d.reference(&into.Pod)},
		field{"workload", d.reference(&into.Workload)},
		field{"count", d.integer(&into.Count, 1, most)},
	)
	switch {
	case d.describes(func(s *shape) { s.exactlyOne = []string{"pod", "workload"} }):
	case v.Kind != doc.Map:
	case v.given("pod") == v.given("workload"):
		d.failAt(v, "needs either a pod or a workload")
	case v.given("pod") && v.given("count"):
		d.fail(v.path+".count", "counts pods of a workload; this deletes one pod by name")
	case v.given("workload") && !v.given("count"):
		into.Count = 1
	}
}

func (d *decoder) addNodes(v value, into *AddNodes) {
	into.Count = 1
	d.object(v, field{"group", d.reference(&into.Group)}, field{"count", d.integer(&into.Count, 1, most)})
	d.require(v, "group")
}

func (d *decoder) oneNode(v value, into *OneNode) {
	d.object(v, field{"node", d.reference(&into.Node)})
	d.require(v, "node")
}

func (d *decoder) restartAgent(v value, into *RestartAgent, gap Duration) {
	into.Gap = gap
	d.object(v,
		field{"node", d.reference(&into.Node)},
		field{"gap", d.duration(&into.Gap)},
		field{"env", d.env(&into.Env)},
	)
	d.require(v, "node")
}

func (d *decoder) tagSubnet(v value, into *TagSubnet) {
	d.object(v, field{"subnet", d.reference(&into.Subnet)}, field{"tags", d.words(&into.Tags)})
	d.require(v, "subnet", "tags")
}

func (d *decoder) setBranchCooldown(v value, into *SetBranchCooldown) {
	d.object(v, field{"seconds", d.branchCooldown(&into.Seconds)})
	d.require(v, "seconds")
}

// checkSetWindows refuses what a living cluster is not switched to.
func (d *decoder) checkSetWindows(v value, into *Step) {
	keys := into.SetWindows
	if keys == nil {
		return
	}
	if len(keys) == 0 && len(v.Get("setWindows").Fields) == 0 {
		d.fail(v.path+".setWindows", "names no key")
	}
	if _, ok := keys[model.WindowsIPAMKey]; ok {
		d.fail(v.path+".setWindows."+model.WindowsIPAMKey, "is not switched in a run; set it in cni.windows")
	}
}

func (d *decoder) restartController(v value, _ *RestartController) { d.object(v) }

// fault reads which calls meet what, and how often or how long; without either, to
// the end.
func (d *decoder) fault(v value, into *Fault) {
	d.object(v,
		field{"action", oneOf(d, &into.Action, sim.FaultActions)},
		field{"node", d.text(&into.Node)},
		field{"error", oneOf(d, &into.Error, sim.FaultCodes)},
		field{"count", d.integer(&into.Count, 1, most)},
		field{"for", d.positive(&into.For)},
		field{"latency", d.positive(&into.Latency)},
	)
	d.require(v, "action")
	if !d.describes(func(*shape) {}) && v.Kind == doc.Map && !v.given("error") && !v.given("latency") {
		d.failAt(v, "needs an error, such as InternalError, or a latency")
	}
}

// positive reads a duration that is longer than 0.
func (d *decoder) positive(into *Duration) reader {
	return func(v value) {
		read := Duration(-1)
		d.duration(&read)(v)
		if read == 0 {
			d.failAt(v, "must be longer than 0")
		}
		*into = max(read, 0)
	}
}

// branchCooldown reads branch-eni-cooldown: the ConfigMap's text, a number of
// seconds, or a duration, which stands for its seconds.
func (d *decoder) branchCooldown(into *string) reader {
	return func(v value) {
		if d.describes(func(s *shape) { s.types = []string{"string", "number"} }) {
			return
		}
		if v.Kind != doc.Number && v.Kind != doc.Text {
			d.failAt(v, "must be a number of seconds, not %s", v.Kind)
			return
		}
		text := v.Scalar
		if length, err := time.ParseDuration(text); err == nil && text != "0" && length%time.Second == 0 {
			text = strconv.FormatInt(int64(length/time.Second), 10)
			d.note("%s: %s stands for %s; in the ConfigMap itself only a whole number of seconds counts", v.path, v.Scalar, text)
		}
		if seconds, err := strconv.ParseInt(text, 10, 64); err == nil && seconds > int64(maxDuration/time.Second) {
			d.failAt(v, "must be at most 400 days (%d)", int64(maxDuration/time.Second))
			return
		}
		if _, note := model.BranchCooldown(text); note != "" {
			d.note("%s: %s", v.path, note)
		}
		*into = text
	}
}

// podENI reads how many branch ENIs a pod asks for: none or one. Kubernetes
// takes the number with quotes, too.
func (d *decoder) podENI(into *int) reader {
	return func(v value) {
		if d.describesAny(v, d.integer(new(int), 0, 1), oneOf(d, new(string), []string{"0", "1"})) {
			return
		}
		if v.Kind == doc.Text && (v.Scalar == "0" || v.Scalar == "1") {
			*into = int(v.Scalar[0] - '0')
			return
		}
		d.integer(into, 0, 1)(v)
	}
}

func (d *decoder) churn(v value, into *Churn) {
	d.object(v,
		field{"workload", d.reference(&into.Workload)},
		field{"perMinute", d.integer(&into.PerMinute, 1, 60_000)},
		field{"lifetime", d.span(&into.Lifetime)},
		field{"for", d.duration(&into.For)},
	)
	d.require(v, "workload", "perMinute", "lifetime", "for")
}

func (d *decoder) replay(v value, into *Replay) {
	into.Speed = 1000
	d.object(v, field{"trace", d.label(&into.Trace)}, field{"speed", d.decimal(&into.Speed)})
	d.require(v, "trace")
}
