package scenarios

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"vpcsim/model"
	"vpcsim/scenarios/internal/doc"
	"vpcsim/sim"
)

// maxSecurityGroups is how many security groups an ENI holds. Source: Amazon VPC
// user guide, "Amazon VPC quotas" (security groups per network interface).
const maxSecurityGroups = 5

// SecurityGroupPolicy gives the pods that it selects a branch ENI with its
// security groups. Source: EKS user guide, "Use a security group policy for a
// Pod".
type SecurityGroupPolicy struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	// PodSelector selects by the pods' labels, ServiceAccountSelector by those of
	// their service accounts. One of them is not nil; with both, both must match.
	PodSelector            *LabelSelector        `json:"podSelector,omitempty"`
	ServiceAccountSelector *LabelSelector        `json:"serviceAccountSelector,omitempty"`
	SecurityGroups         []model.SecurityGroup `json:"securityGroups"` // 1 to 5
}

// LabelSelector is Kubernetes' selector over labels: all of it must hold. The
// zero LabelSelector matches everything.
type LabelSelector struct {
	MatchLabels      map[string]string `json:"matchLabels,omitempty"`
	MatchExpressions []LabelExpression `json:"matchExpressions,omitempty"`
}

// LabelExpression is one requirement of a LabelSelector.
type LabelExpression struct {
	Key      string              `json:"key"`
	Operator model.LabelOperator `json:"operator"`
	Values   []string            `json:"values,omitempty"` // of In and NotIn
}

func (d *decoder) policy(v value, into *SecurityGroupPolicy) {
	into.Namespace = defaultNamespace
	d.object(v,
		field{"name", d.name(&into.Name)},
		field{"namespace", d.name(&into.Namespace)},
		field{"podSelector", optional(&into.PodSelector, d.selector)},
		field{"serviceAccountSelector", optional(&into.ServiceAccountSelector, d.selector)},
		field{"securityGroups", d.securityGroups(&into.SecurityGroups)},
	)
	d.require(v, "name", "securityGroups")
	if d.describes(func(s *shape) { s.atLeastOne = []string{"podSelector", "serviceAccountSelector"} }) {
		return
	}
	if v.Kind != doc.Map {
		return
	}
	if v.given("securityGroups") && v.Get("securityGroups").Kind == doc.List && len(into.SecurityGroups) == 0 {
		d.fail(v.path+".securityGroups", "names no security group: the policy would select nothing")
	}
	if !v.given("podSelector") && !v.given("serviceAccountSelector") && !d.meant[v.path+".podSelector"] && !d.meant[v.path+".serviceAccountSelector"] {
		d.failAt(v, "needs a podSelector or a serviceAccountSelector; podSelector: {} selects all pods of the namespace")
	}
}

// labelOperators are the operators of a LabelExpression.
var labelOperators = []model.LabelOperator{model.LabelIn, model.LabelNotIn, model.LabelExists, model.LabelDoesNotExist}

func (d *decoder) selector(into *LabelSelector) reader {
	return func(v value) {
		d.object(v,
			field{"matchLabels", d.words(&into.MatchLabels)},
			field{"matchExpressions", list(d, &into.MatchExpressions, d.labelExpression)},
		)
	}
}

func (d *decoder) labelExpression(v value, into *LabelExpression) {
	d.object(v,
		field{"key", d.label(&into.Key)},
		field{"operator", oneOf(d, &into.Operator, labelOperators)},
		field{"values", list(d, &into.Values, each(d.text))},
	)
	d.require(v, "key", "operator")
	switch into.Operator {
	case model.LabelIn, model.LabelNotIn:
		if len(into.Values) == 0 {
			d.failAt(v, "the operator %s needs values", into.Operator)
		}
	case model.LabelExists, model.LabelDoesNotExist:
		if len(into.Values) > 0 {
			d.fail(v.path+".values", "the operator %s takes no values", into.Operator)
		}
	}
}

// securityGroups reads the security groups of an ENI.
func (d *decoder) securityGroups(into *[]model.SecurityGroup) reader {
	return func(v value) {
		list(d, into, d.securityGroup)(v)
		if d.describes(func(s *shape) { s.mostItems, s.uniqueItem = maxSecurityGroups, true }) {
			return
		}
		for i, g := range *into {
			if g != "" && slices.Contains((*into)[:i], g) {
				d.fail(fmt.Sprintf("%s[%d]", v.path, i), "%s stands twice", g)
			}
		}
		if n := len(*into); n > maxSecurityGroups {
			d.failAt(v, "%d security groups; an ENI holds %d", n, maxSecurityGroups)
		}
	}
}

// checkPolicies checks that no two policies of a namespace have one name, and
// that a service account has the same labels wherever they are given.
func (d *decoder) checkPolicies(s *Scenario) {
	type named struct{ namespace, name string }
	first := map[named]int{}
	for i, p := range s.SecurityGroupPolicies {
		key := named{p.Namespace, p.Name}
		if j, ok := first[key]; ok && p.Name != "" {
			d.fail(fmt.Sprintf("securityGroupPolicies[%d].name", i), "%s is the name of securityGroupPolicies[%d], too", p.Name, j)
			continue
		}
		first[key] = i
	}
	accounts := map[named]int{}
	for i, w := range s.Workloads {
		if w.ServiceAccountLabels == nil {
			continue
		}
		key := named{w.Namespace, w.ServiceAccount}
		j, ok := accounts[key]
		if !ok {
			accounts[key] = i
			continue
		}
		if !maps.Equal(s.Workloads[j].ServiceAccountLabels, w.ServiceAccountLabels) {
			d.fail(fmt.Sprintf("workloads[%d].serviceAccountLabels", i), "the service account %s has other labels in workloads[%d]", w.ServiceAccount, j)
		}
	}
}

// branches resolves which pods get a branch ENI with which security groups: those
// that a workload or a create step names, then those of the policies that select
// the pod.
type branches struct {
	*decoder
	policies []model.SecurityGroupPolicy
	used     []bool                       // by policy: it selected something
	accounts map[string]map[string]string // NAMESPACE/NAME → labels
	any      bool                         // some pod needs a branch ENI
}

func (d *decoder) newBranches(s *Scenario) *branches {
	b := &branches{decoder: d, accounts: map[string]map[string]string{}, used: make([]bool, len(s.SecurityGroupPolicies))}
	for _, p := range s.SecurityGroupPolicies {
		b.policies = append(b.policies, model.SecurityGroupPolicy{
			Name: p.Name, Namespace: p.Namespace, Groups: p.SecurityGroups,
			Pods: p.PodSelector.model(), ServiceAccounts: p.ServiceAccountSelector.model(),
		})
	}
	for _, w := range s.Workloads {
		if w.ServiceAccountLabels != nil {
			b.accounts[w.Namespace+"/"+w.ServiceAccount] = w.ServiceAccountLabels
		}
	}
	return b
}

func (s *LabelSelector) model() *model.LabelSelector {
	if s == nil {
		return nil
	}
	out := &model.LabelSelector{MatchLabels: s.MatchLabels}
	for _, e := range s.MatchExpressions {
		out.MatchExpressions = append(out.MatchExpressions, model.LabelExpression(e))
	}
	return out
}

// of returns the security groups of the spec's branch ENI, its own included. The
// path is for what is wrong with them.
func (b *branches) of(path string, spec sim.PodSpec) []model.SecurityGroup {
	namespace, account := cmp.Or(spec.Namespace, defaultNamespace), cmp.Or(spec.ServiceAccount, defaultServiceAccount)
	pod := model.PodIdentity{
		Namespace: namespace, Labels: spec.Labels, HostNetwork: spec.HostNetwork,
		ServiceAccountLabels: b.accounts[namespace+"/"+account],
	}
	for i, p := range b.policies {
		b.used[i] = b.used[i] || p.Selects(pod)
	}
	groups := slices.Clone(spec.BranchGroups)
	for _, g := range model.SelectSecurityGroups(b.policies, pod) {
		if !slices.Contains(groups, g) {
			groups = append(groups, g)
		}
	}
	if len(groups) > maxSecurityGroups && len(spec.BranchGroups) <= maxSecurityGroups {
		b.fail(path, "its own security groups and those of the policies that select it are %d together; an ENI holds %d", len(groups), maxSecurityGroups)
	}
	switch {
	case !spec.HostNetwork:
		b.any = b.any || len(groups) > 0 || spec.PodENI
	case len(groups) > 0 || spec.PodENI:
		b.note("%s: pods on the host network get no branch ENI", path)
	}
	return groups
}

// workloads fills in the groups of all workloads.
func (b *branches) workloads(all []sim.Workload) {
	for i := range all {
		all[i].Pod.BranchGroups = b.of(fmt.Sprintf("workloads[%d]", i), all[i].Pod)
	}
}

// steps fills in the groups of the pods that steps make. The workloads are those
// of the file, and the same with their groups filled in.
func (b *branches) steps(steps []sim.Step, workloads []Workload, filled []sim.Workload) {
	for i := range steps {
		path := fmt.Sprintf("steps[%d]", i)
		switch a := steps[i].Action.(type) {
		case sim.Create:
			a.Spec.BranchGroups = b.created(path+".create", a, workloads, filled)
			steps[i].Action = a
		case sim.Replay:
			for k := range a.Pods {
				a.Pods[k].Spec.BranchGroups = b.of(path+".replay", a.Pods[k].Spec)
			}
		}
	}
}

// created returns the groups of a create step's pod, which replace the
// workload's: where the workload has some and the pod none, the result is empty
// and not nil.
func (b *branches) created(path string, a sim.Create, workloads []Workload, filled []sim.Workload) []model.SecurityGroup {
	i := slices.IndexFunc(workloads, func(w Workload) bool { return w.Name == string(a.Workload) })
	if a.Workload == "" || i < 0 {
		return b.of(path, a.Spec)
	}
	spec, base := a.Spec, simPod(workloads[i])
	spec.Namespace, spec.ServiceAccount, spec.HostNetwork = base.Namespace, base.ServiceAccount, base.HostNetwork
	spec.PodENI = spec.PodENI || base.PodENI
	if spec.Labels == nil {
		spec.Labels = base.Labels
	}
	if spec.BranchGroups == nil {
		spec.BranchGroups = base.BranchGroups
	}
	groups := b.of(path, spec)
	if groups == nil && filled[i].Pod.BranchGroups != nil {
		groups = []model.SecurityGroup{}
	}
	return groups
}

// notes says what its author may not have meant: policies that select nothing,
// and branch ENIs on agents that don't ask for a trunk.
func (b *branches) notes(s *Scenario, settings model.Settings) {
	for i, used := range b.used {
		if !used {
			b.note("securityGroupPolicies[%d]: %s selects no pod of the scenario", i, s.SecurityGroupPolicies[i].Name)
		}
	}
	if b.any && !settings.PodENI && !switchedOn(s, podENI) {
		b.note("cni.env.%s is off: pods with security groups find no node that offers a branch ENI", podENI)
	}
}

// podENI is the variable that turns security groups for pods on.
const podENI = "ENABLE_POD_ENI"
