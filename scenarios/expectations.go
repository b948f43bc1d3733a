package scenarios

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"vpcsim/model"
	"vpcsim/scenarios/expect"
	"vpcsim/scenarios/internal/doc"
)

// maxExpectations bounds what is looked at during a run.
const maxExpectations = 1000

const atEnd = "end"

func (d *decoder) expectation(v value, into *expect.Expectation) {
	if v.Node != nil && d.isBareExpression(v) {
		return
	}
	d.object(v,
		field{"at", d.expectedAt(&into.At)},
		field{"that", d.condition(into)},
		field{"because", d.text(&into.Because)},
	)
	d.require(v, "that")
}

// isBareExpression complains about what YAML makes of an expression that is
// written without that:, or without quotes inside of braces, where it ends at its
// first comma: {that: nodes.exists(n, n.ready)}.
func (d *decoder) isBareExpression(v value) bool {
	if v.Kind == doc.Text {
		d.failAt(v, "must be a mapping, not text: write - that: %s", quote(v.Scalar))
		return true
	}
	that := v.Get("that")
	if that == nil || that.Kind != doc.Text || strings.Count(that.Scalar, "(") <= strings.Count(that.Scalar, ")") {
		return false
	}
	text := that.Scalar
	for _, f := range v.Fields {
		known := f.Name == "that" || f.Name == "at" || f.Name == "because"
		if !known && f.Value.Kind == doc.Null {
			text += ", " + f.Name
		}
	}
	if text == that.Scalar {
		return false
	}
	d.add(that.Pos, v.path+".that", "a comma ends a text inside of braces: put the expression in quotes, "+quote(text))
	return true
}

// expectedAt reads an instant, or end.
func (d *decoder) expectedAt(into **expect.At) reader {
	return func(v value) {
		if d.describesAny(v, d.only(atEnd), d.duration(new(Duration))) {
			return
		}
		if v.Kind == doc.Text && v.Scalar == atEnd {
			at := expect.AtEnd
			*into = &at
			return
		}
		if _, err := time.ParseDuration(v.Scalar); v.Kind == doc.Text && err != nil {
			d.failAt(v, "%s is no instant: write it as 1m30s after the start, or end; leave it out for the whole run%s", quote(v.Scalar), d.didYouMean(v.Scalar, []string{atEnd}))
			return
		}
		mistakes := len(d.errs)
		var length Duration
		d.duration(&length)(v)
		if len(d.errs) == mistakes {
			at := expect.At(time.Duration(length).Milliseconds())
			*into = &at
		}
	}
}

// condition takes the text in. It is compiled when it is known what the scenario
// has.
func (d *decoder) condition(into *expect.Expectation) reader {
	return func(v value) {
		if d.describes(func(s *shape) { *s = *d.describe(d.text(&into.That), v.path) }) {
			return
		}
		if v.Kind == doc.Bool {
			d.failAt(v, "must be an expression over the run, such as pods.pending == 0, and not the constant %s", v.Scalar)
			return
		}
		d.text(&into.That)(v)
		if v.Kind == doc.Text {
			d.that[v.path] = v
		}
	}
}

// checkExpectations compiles the conditions.
func (d *decoder) checkExpectations(s *Scenario, subnets names, nodes map[string]int, pods podNames) {
	if len(s.Expect) > maxExpectations {
		d.fail("expect", "%d expectations; at most %d", len(s.Expect), maxExpectations)
		return
	}
	scope := expectScope(s, subnets, nodes, pods)
	for i := range s.Expect {
		e := &s.Expect[i]
		path := fmt.Sprintf("expect[%d]", i)
		if v, ok := d.that[path+".that"]; ok {
			d.compile(v, e, scope)
		}
		if end := time.Duration(s.Duration); e.At != nil && *e.At != expect.AtEnd && end > 0 && !d.shortened && int64(*e.At) > end.Milliseconds() {
			d.fail(path+".at", "%s is after the end of the run at %s", e.At, end)
		}
	}
}

// expectScope is what expectations may name.
func expectScope(s *Scenario, subnets names, nodes map[string]int, pods podNames) expect.Scope {
	scope := expect.Scope{
		Subnets:   subnets.all,
		Groups:    namesOf(s.NodeGroups, func(g NodeGroup) string { return g.Name }),
		Workloads: namesOf(s.Workloads, func(w Workload) string { return w.Name }),
		Zones:     namesOf(s.VPC.Subnets, func(n Subnet) string { return n.Zone }),
		Cluster:   s.Cluster.Name,
		Name:      s.Name,
		Node:      func(name string) string { return noNode(name, nodes) },
		NodeName:  func(name string) string { return noNodeName(name, nodes) },
		Pod:       func(name string) string { return cmp.Or(pods.noPod(name), noSuchPod(s, name)) },
		PodName:   pods.noPod,
		PodNames:  pods.naming(),
	}
	scope.InstanceTypes = namesOf(s.NodeGroups, func(g NodeGroup) string { return g.InstanceType })
	scope.SecurityGroups = namesOf(securityGroupsOf(s), func(g model.SecurityGroup) string { return string(g) })
	scope.TagKeys = tagKeys(s)
	for _, group := range slices.Sorted(maps.Keys(nodes)) {
		if nodes[group] > 0 && group != "" {
			scope.NodeNames.Stems = append(scope.NodeNames.Stems, group+"-")
		}
	}
	for _, n := range s.VPC.Subnets {
		scope.CIDRs = append(scope.CIDRs, n.CIDR)
		if n.IPv6CIDR.IsValid() {
			scope.CIDRs = append(scope.CIDRs, n.IPv6CIDR)
		}
	}
	return scope
}

// naming is how the pods' names are made.
func (p podNames) naming() expect.Naming {
	out := expect.Naming{Whole: slices.Sorted(maps.Keys(p.created))}
	for _, name := range slices.Sorted(maps.Keys(p.workloads)) {
		out.Stems = append(out.Stems, name+"-")
		if p.churned[name] {
			out.Stems = append(out.Stems, name+"-churn-")
		}
	}
	return out
}

// securityGroupsOf are all that the scenario names.
func securityGroupsOf(s *Scenario) []model.SecurityGroup {
	all := []model.SecurityGroup{}
	for _, g := range s.NodeGroups {
		all = append(all, g.SecurityGroups...)
	}
	for _, c := range s.CNI.ENIConfigs {
		all = append(all, c.SecurityGroups...)
	}
	for _, p := range s.SecurityGroupPolicies {
		all = append(all, p.SecurityGroups...)
	}
	for _, w := range s.Workloads {
		all = append(all, w.SecurityGroups...)
	}
	for _, step := range s.Steps {
		if step.Create != nil {
			all = append(all, step.Create.SecurityGroups...)
		}
	}
	for _, n := range s.State.Nodes {
		for _, e := range n.ENIs {
			all = append(all, e.SecurityGroups...)
			for _, b := range e.Branches {
				all = append(all, b.SecurityGroups...)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// tagKeys are those of the subnets' tags.
func tagKeys(s *Scenario) []string {
	keys := map[string]bool{}
	for _, n := range s.VPC.Subnets {
		for key := range n.Tags {
			keys[key] = true
		}
	}
	for _, step := range s.Steps {
		if step.TagSubnet != nil {
			for key := range step.TagSubnet.Tags {
				keys[key] = true
			}
		}
	}
	all := slices.AppendSeq([]string{}, maps.Keys(keys))
	slices.Sort(all)
	return all
}

func (d *decoder) compile(v value, e *expect.Expectation, scope expect.Scope) {
	compiled, mistakes := expect.Compile(e.That, scope)
	for _, m := range mistakes {
		at, where := d.insideScalar(v, m.Line, m.Column)
		d.add(at, v.path, m.Message+where)
	}
	e.Compiled = compiled
	if v.Pos.Option == "" {
		e.Line, e.Column = v.Pos.Line, v.Pos.Column
	}
}
