package importer

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"vpcsim/model"
	"vpcsim/scenarios"
)

// workloadKey is a controller of pods.
type workloadKey struct{ namespace, kind, name string }

// group is the pods of a controller, and what the files tell of it.
type group struct {
	workloadKey
	object *workload // nil: only its pods were given
	cron   *cronJob
	pods   []*pod
	spec   podSpec
	labels map[string]string // of its pods
	branch bool              // its pods need a branch ENI
	alone  bool              // its pods are no controller's
	out    *outWorkload
}

// controllers collects the pods of each controller. Pods without one are bare.
func (b *builder) controllers() {
	for _, w := range b.s.workloads {
		if key, ok := b.keyOf(w); ok {
			b.groupFor(key).object = w
		}
	}
	for _, c := range b.s.cronJobs {
		if c.Spec.Suspend {
			b.g.add("is suspended: left out", "CronJob "+c.id())
			continue
		}
		b.groupFor(workloadKey{namespaceOf(&c.meta), "Job", c.Name}).cron = c
	}
	for _, p := range b.s.pods {
		key, ok := b.ownerOf(p)
		if !ok {
			b.bare = append(b.bare, p)
			continue
		}
		g := b.groupFor(key)
		g.pods = append(g.pods, p)
	}
	for _, g := range b.found {
		b.describe(g)
	}
}

func namespaceOf(m *meta) string { return cmp.Or(m.Namespace, "default") }

func (b *builder) groupFor(key workloadKey) *group {
	if g := b.byKey[key]; g != nil {
		return g
	}
	g := &group{workloadKey: key}
	b.byKey[key] = g
	b.found = append(b.found, g)
	return g
}

// keyOf is the controller that an object stands for; ok is false for one that
// another made.
func (b *builder) keyOf(w *workload) (workloadKey, bool) {
	switch o := w.controller(); {
	case w.kind == "ReplicaSet" && o.Kind == "Deployment", w.kind == "Job" && o.Kind == "CronJob":
		b.madeBy[workloadKey{namespaceOf(&w.meta), w.kind, w.Name}] = o
		return workloadKey{}, false
	case w.kind == "ReplicaSet" && w.Spec.Replicas != nil && *w.Spec.Replicas == 0:
		return workloadKey{}, false
	}
	return workloadKey{namespaceOf(&w.meta), scenarioKind(w.kind), w.Name}, true
}

// scenarioKind is what the scenario calls a kind.
func scenarioKind(kind string) string {
	if kind == "ReplicaSet" || kind == "ReplicationController" {
		return "Deployment"
	}
	return kind
}

// ofCron is the name of a Job that a CronJob made: the schedule's minutes since
// 1970 at its end.
var ofCron = regexp.MustCompile(`^(.+)-\d{8,10}$`)

// ownerOf is the controller of a pod.
func (b *builder) ownerOf(p *pod) (workloadKey, bool) {
	o := p.controller()
	namespace := namespaceOf(&p.meta)
	made, known := b.madeBy[workloadKey{namespace, o.Kind, o.Name}]
	switch o.Kind {
	case "ReplicaSet":
		if known {
			return workloadKey{namespace, "Deployment", made.Name}, true
		}
		name := o.Name
		if hash := p.Labels["pod-template-hash"]; hash != "" {
			name = strings.TrimSuffix(name, "-"+hash)
		}
		if name = strings.TrimSuffix(name, "-"+p.Labels["rollouts-pod-template-hash"]); name == "" {
			name = o.Name
		}
		return workloadKey{namespace, "Deployment", name}, true
	case "ReplicationController":
		return workloadKey{namespace, "Deployment", o.Name}, true
	case "DaemonSet", "StatefulSet":
		return workloadKey{namespace, o.Kind, o.Name}, true
	case "Job":
		name := o.Name
		if known {
			name = made.Name
		} else if m := ofCron.FindStringSubmatch(name); m != nil {
			name = m[1]
		}
		return workloadKey{namespace, "Job", name}, true
	case "", "Node":
		return workloadKey{}, false
	}
	b.g.add("is a controller that is not simulated: when its pods go nothing replaces them", o.Kind+" "+namespace+"/"+o.Name)
	return workloadKey{}, false
}

// describe makes a workload of a controller. Its pods tell what its template
// does not: what admission added.
func (b *builder) describe(g *group) {
	slices.SortFunc(g.pods, func(a, c *pod) int {
		return cmp.Or(cmp.Compare(a.CreationTimestamp, c.CreationTimestamp), cmp.Compare(a.Name, c.Name))
	})
	var annotations map[string]string
	switch {
	case len(g.pods) > 0:
		last := g.pods[len(g.pods)-1]
		g.spec, g.labels, annotations = last.Spec, last.Labels, last.Annotations
		if g.object == nil && g.cron == nil {
			b.inferred = true
		}
	case g.object != nil:
		template := g.object.Spec.Template
		g.spec, g.labels, annotations = template.Spec, template.Labels, template.Annotations
	default:
		template := g.cron.Spec.JobTemplate.Spec.Template
		g.spec, g.labels, annotations = template.Spec, template.Labels, template.Annotations
	}
	g.branch = b.needsBranch(g.namespace, g.labels, &g.spec)
	w := &outWorkload{HostNetwork: g.spec.HostNetwork}
	if g.kind != "Deployment" {
		w.Kind = g.kind
	}
	if value := annotations[model.AnnotationNICs]; value != "" && !w.HostNetwork {
		w.Annotations = with(nil, model.AnnotationNICs, value)
	}
	w.Requests = b.requests(&g.spec, g.kind+" "+g.namespace+"/"+g.name)
	if g.namespace != "default" {
		w.comment = "namespace " + g.namespace
	}
	if len(b.policies) > 0 {
		b.selected(w, g)
	}
	g.out = w
}

// selected adds what policies look at.
func (b *builder) selected(w *outWorkload, g *group) {
	if g.namespace != "default" {
		w.Namespace = g.namespace
	}
	for key, value := range g.labels {
		if b.policyLabels[key] {
			w.Labels = with(w.Labels, key, value)
		}
	}
	if account := cmp.Or(g.spec.ServiceAccountName, "default"); b.accounts[g.namespace+"/"+account] != nil {
		if account != "default" {
			w.ServiceAccount = account
		}
		w.ServiceAccountLabels = b.accounts[g.namespace+"/"+account]
	}
}

// finish fills in how many pods the workloads have, and what of their placement
// the scenario can say. The node groups are known.
func (b *builder) finish() error {
	taken := map[string]bool{}
	byName := map[string]int{}
	for _, g := range b.found {
		byName[name(g.name, "workload")]++
	}
	slices.SortStableFunc(b.found, func(a, c *group) int {
		return cmp.Or(cmp.Compare(a.namespace, c.namespace), cmp.Compare(a.name, c.name), cmp.Compare(a.kind, c.kind))
	})
	for _, g := range b.found {
		if isWindows(&g.spec) && !b.hasWindows {
			b.g.add("is for Windows nodes, of which there is none: left out", g.kind+" "+g.namespace+"/"+g.name)
			continue
		}
		base := name(g.name, "workload")
		if byName[base] > 1 && g.namespace != "default" {
			base = name(base+"-"+g.namespace, "workload")
		}
		g.out.Name = unique(taken, base)
		b.place(g)
		if g.cron != nil && b.options.Cron > 0 {
			if err := b.follow(g, taken); err != nil {
				return err
			}
		}
		if !b.count(g) {
			continue
		}
		b.doc.Workloads = append(b.doc.Workloads, g.out)
	}
	if b.inferred {
		b.g.say("workloads: their pods tell most of them: a Deployment's name is its ReplicaSet's without the hash, its replicas are the pods that there are; add what kubectl get deployments,statefulsets,daemonsets -A -o json prints")
	}
	return nil
}

// place is where the pods of a workload may go.
func (b *builder) place(g *group) {
	object := g.kind + " " + g.namespace + "/" + g.name
	want := maps.Clone(g.spec.NodeSelector)
	for key, value := range affinity(&g.spec) {
		switch {
		case value == "":
			b.g.add("has a required node affinity that no nodeSelector can say: not followed, its new pods may go to nodes that it rules out", object)
		default:
			want = with(want, key, value)
		}
	}
	if os := cmp.Or(want[labelOSBeta], want[labelOS]); os != "" && b.hasWindows {
		want[labelOS] = os
	} else {
		delete(want, labelOS)
	}
	delete(want, labelOSBeta)
	for _, key := range slices.Sorted(maps.Keys(want)) {
		value := want[key]
		if key == labelGroup && b.renamed[value] {
			key = labelImported
		}
		switch {
		case key == labelHost:
			b.g.add("selects a node by its host name: not followed, its new pods go to any node; those that are there stay where they are", object)
		case !b.someNodeHas(key, value) && g.kind != "DaemonSet":
			b.g.add(fmt.Sprintf("selects nodes with %s=%s, which none of the groups has: its new pods stay Pending", key, value), object)
			fallthrough
		default:
			g.out.NodeSelector = with(g.out.NodeSelector, key, value)
		}
	}
	for _, t := range g.spec.Tolerations {
		if b.meetsTaint(t) && !slices.Contains(g.out.Tolerations, t) {
			g.out.Tolerations = append(g.out.Tolerations, t)
		}
	}
	b.notFollowed(&g.spec, object)
	if g.object != nil {
		g.out.Strategy = b.strategy(g, object)
	}
}

// notFollowed says which rules of placement the scenario has not, and what that
// changes.
func (b *builder) notFollowed(spec *podSpec, object string) {
	a := &spec.Affinity
	if len(a.PodAffinity.Required) > 0 {
		b.g.add("has a required affinity of pods: not followed, its new pods go where there is room, and not beside the pods that it names", object)
	}
	if len(a.PodAntiAffinity.Required) > 0 {
		b.g.add("has a required anti-affinity of pods: not followed, its new pods may share a node and none stays Pending for want of one of its own", object)
	}
	for _, c := range spec.TopologySpread {
		if c.WhenUnsatisfiable != "ScheduleAnyway" {
			b.g.add(fmt.Sprintf("has topologySpreadConstraints over %s that hold: not followed, pods go to the emptiest node and none stays Pending for that", printable(c.TopologyKey, 80)), object)
		}
	}
	preferred := len(a.NodeAffinity.Preferred) + len(a.PodAffinity.Preferred) + len(a.PodAntiAffinity.Preferred)
	if preferred > 0 || slices.ContainsFunc(spec.TopologySpread, func(c topologySpread) bool { return c.WhenUnsatisfiable == "ScheduleAnyway" }) {
		b.g.add("has preferences of placement: not followed, its new pods go to the emptiest node", object)
	}
}

// strategy is how a workload's pods are replaced, where it is not the default.
func (b *builder) strategy(g *group, object string) *rolling {
	is := func(v *intOrPercent, words ...intOrPercent) bool { return v == nil || slices.Contains(words, *v) }
	update := g.object.Spec.UpdateStrategy
	r := update.RollingUpdate.rolling
	none, all := intOrPercent("0"), intOrPercent("100%")
	if update.Type == "OnDelete" && (g.kind == "DaemonSet" || g.kind == "StatefulSet") {
		b.g.add("has updateStrategy OnDelete: not followed, a rollout step replaces its pods one after the other", object)
		return nil
	}
	switch g.kind {
	case "Deployment":
		if g.object.Spec.Strategy.Type == "Recreate" {
			b.g.add("has the strategy Recreate: as maxUnavailable 100%, where a new pod may begin before all old ones are gone", object)
			return &rolling{MaxSurge: &none, MaxUnavailable: &all}
		}
		if r = g.object.Spec.Strategy.RollingUpdate.rolling; is(r.MaxSurge, "25%") && is(r.MaxUnavailable, "25%") {
			return nil
		}
		return &r
	case "DaemonSet":
		if is(r.MaxSurge, "0", "0%") && is(r.MaxUnavailable, "1") {
			return nil
		}
		if !is(r.MaxSurge, "0", "0%") && r.MaxUnavailable == nil {
			b.g.add("has maxSurge and no maxUnavailable, which Kubernetes refuses: 0", object)
			r.MaxUnavailable = &none
		}
		return &r
	case "StatefulSet":
		if !is(r.MaxUnavailable, "1") {
			b.g.add("has a maxUnavailable other than 1: not followed, its pods are replaced one after the other", object)
		}
		if update.RollingUpdate.Partition > 0 {
			b.g.add("has an updateStrategy with a partition: not followed, a rollout step replaces all its pods", object)
		}
	}
	return nil
}

// affinity is what a spec's required node affinity says by labels that must
// have one value; a key that says more has none.
func affinity(spec *podSpec) map[string]string {
	terms := spec.Affinity.NodeAffinity.Required.Terms
	if len(terms) == 0 {
		return nil
	}
	out := map[string]string{}
	for _, term := range terms {
		for _, e := range term.Expressions {
			switch {
			case e.Key == labelOS && len(terms) == 1 && e.Operator == "In" && len(e.Values) == 1:
				out[e.Key] = e.Values[0]
			case e.Key == labelCompute || e.Key == labelOS || e.Key == labelArch && len(e.Values) > 1:
				// Nodes of Linux on EC2 are all there are.
			case len(terms) == 1 && e.Operator == "In" && len(e.Values) == 1:
				out[e.Key] = e.Values[0]
			default:
				out[e.Key] = ""
			}
		}
	}
	return out
}

// someNodeHas reports whether a group's nodes have the label.
func (b *builder) someNodeHas(key, value string) bool {
	for _, g := range b.doc.NodeGroups {
		switch key {
		case labelType:
			if g.InstanceType == value {
				return true
			}
		case labelGroup:
			if g.Name == value {
				return true
			}
		case labelZone:
			if slices.ContainsFunc(b.doc.VPC.Subnets, func(n *outSubnet) bool { return n.Zone == value }) {
				return true
			}
		case labelOS:
			if cmp.Or(g.OS, "linux") == value {
				return true
			}
		default:
			if g.Labels[key] == value {
				return true
			}
		}
	}
	return false
}

// meetsTaint reports whether a toleration lets onto a node of some group.
func (b *builder) meetsTaint(t toleration) bool {
	for _, g := range b.doc.NodeGroups {
		for _, has := range g.Taints {
			if tolerates(t, has) {
				return true
			}
		}
	}
	return false
}

func tolerates(t toleration, has taint) bool {
	return (t.Effect == "" || t.Effect == has.Effect) && (t.Key == "" && t.Operator == "Exists" || t.Key == has.Key && (t.Operator == "Exists" || t.Value == has.Value))
}

// maxReplicas bounds what a workload asks for.
const maxReplicas = 1_000_000

// count sets the replicas. It reports whether the workload has anything to do.
func (b *builder) count(g *group) bool {
	there := 0
	away := 0
	for _, p := range g.pods {
		switch {
		case b.lives(p):
			there++
		case b.away(p) && !ended(p) && p.DeletionTimestamp == "":
			away++
		}
	}
	if away > 0 {
		b.g.add(fmt.Sprintf("has %s on nodes that are left out: they are not among its replicas", counted(away, "pod")), g.kind+" "+g.namespace+"/"+g.name)
	}
	replicas := there
	switch g.kind {
	case "DaemonSet":
		return b.daemons(g)
	case "Job":
		return b.runs(g, there)
	case "StatefulSet":
		for _, p := range g.pods {
			if !b.away(p) {
				replicas = max(replicas, number(p.Name, g.name)+1)
			}
		}
	}
	if g.object != nil {
		wanted := 1
		if g.object.Spec.Replicas != nil {
			wanted = *g.object.Spec.Replicas
		}
		if wanted < 0 || wanted > maxReplicas {
			b.g.add(fmt.Sprintf("asks for %d replicas, which cannot be: it has none", wanted), g.kind+" "+g.namespace+"/"+g.name)
			wanted = 0
		}
		wanted = max(0, wanted-away)
		if there > wanted {
			b.g.add(fmt.Sprintf("has more pods than replicas (%d), as in a roll-out: all of them are replicas", wanted+away), g.kind+" "+g.namespace+"/"+g.name)
		}
		replicas = max(replicas, wanted)
	}
	if replicas > maxReplicas {
		replicas = 0 // a StatefulSet's, by the name of a pod
	}
	g.out.Replicas = &replicas
	return true
}

// runs says how many pods of a Job run: those that are there, else what its
// template asks for. They run for ever where nothing tells how long.
func (b *builder) runs(g *group, there int) bool {
	object := "Job " + g.namespace + "/" + g.name
	if there == 0 && b.s.knowsPods() && g.cron == nil {
		if g.object != nil && len(g.pods) == 0 && g.object.Status.CompletionTime == "" {
			b.g.add("has no pod at this instant: left out, as one that has run, or that waits for its next try", object)
		}
		return false
	}
	replicas := there
	if there == 0 {
		template := g.object
		if g.cron != nil {
			object = "CronJob " + g.namespace + "/" + g.name
			template = &g.cron.Spec.JobTemplate
			switch {
			case b.options.Cron > 0:
				return false // its runs are Jobs of their own
			case b.s.knowsPods():
				b.g.add("has no pod at this instant: left out, its schedule is not followed; --cron DURATION follows it", object)
				return false
			}
			b.g.add("is one run of its Job, which begins at once; its schedule is not followed; --cron DURATION follows it", object)
		}
		if template.Spec.Suspend {
			b.g.add("is suspended: left out", object)
			return false
		}
		replicas, _ = parallelism(template)
	}
	g.out.Replicas = &replicas
	if take := b.takes(g); take > 0 {
		b.g.add(fmt.Sprintf("runs for %s more, as long as its last run took", span(take)), object)
		g.out.RunFor = span(take)
		return true
	}
	b.g.add("runs for ever and keeps its addresses: nothing tells how long its pods run; set runFor", object)
	return true
}

// requests are a pod's: the sum of its containers, or what its start needs if
// that is more. Source: Kubernetes documentation, "Init Containers" and "Sidecar
// Containers" (resource sharing).
func (b *builder) requests(spec *podSpec, object string) map[string]any {
	cpu, memory := b.sums(spec, object)
	out := map[string]any{}
	if cpu > 0 {
		out["cpu"] = fmt.Sprintf("%dm", cpu)
	}
	if memory > 0 {
		out["memory"] = fmt.Sprintf("%dMi", memory)
	}
	if asksPodENI(spec) && !spec.HostNetwork {
		out[podENI] = 1
	}
	return out
}

// sums are a pod's CPU in thousandths of a vCPU and its memory in MiB. What
// cannot be read is said of the object; empty: it is not said.
func (b *builder) sums(spec *podSpec, object string) (cpu, memory int) {
	cpu = b.total(spec, "cpu", object, func(q quantity) (int, error) {
		n, err := scenarios.ParseCPU(string(q))
		return int(n), err
	})
	memory = b.total(spec, "memory", object, func(q quantity) (int, error) {
		n, err := scenarios.ParseMemory(string(q))
		return int(n), err
	})
	return cpu, memory
}

const podENI = "vpc.amazonaws.com/pod-eni"

func (b *builder) total(spec *podSpec, resource, object string, parse func(quantity) (int, error)) int {
	of := func(from map[string]quantity) int {
		q, ok := from[resource]
		if !ok {
			return 0
		}
		n, err := parse(q)
		if err != nil && object == "" {
			return 0
		}
		if err != nil {
			b.g.add(fmt.Sprintf("requests %s of %q, which cannot be read: counts as none", resource, printable(string(q), 40)), object)
			return 0
		}
		return n
	}
	sidecars, start, sum := 0, 0, 0
	for _, c := range spec.InitContainers {
		if c.RestartPolicy == "Always" {
			sidecars += of(c.Resources.Requests)
			start = max(start, sidecars)
		} else {
			start = max(start, sidecars+of(c.Resources.Requests))
		}
	}
	for _, c := range spec.Containers {
		sum += of(c.Resources.Requests)
	}
	return min(max(sum+sidecars, start)+of(spec.Overhead), 1_000_000_000)
}

// asksPodENI reports whether a container requests a branch ENI: the webhook of
// the resource controller adds that.
func asksPodENI(spec *podSpec) bool {
	return slices.ContainsFunc(spec.Containers, func(c container) bool {
		q := c.Resources.Requests[podENI]
		return q != "" && q != "0"
	})
}

// needsBranch reports whether pods like this need a branch ENI in the scenario.
func (b *builder) needsBranch(namespace string, labels map[string]string, spec *podSpec) bool {
	if spec.HostNetwork || isWindows(spec) {
		return false
	}
	account := b.accounts[namespace+"/"+cmp.Or(spec.ServiceAccountName, "default")]
	selected := model.SelectSecurityGroups(b.policies, model.PodIdentity{Namespace: namespace, Labels: labels, ServiceAccountLabels: account})
	return asksPodENI(spec) || len(selected) > 0
}

// readPolicies makes the SecurityGroupPolicies the scenario's.
func (b *builder) readPolicies() {
	for _, a := range b.s.accounts {
		if len(a.Labels) > 0 {
			b.accounts[namespaceOf(&a.meta)+"/"+a.Name] = a.Labels
		}
	}
	for _, p := range b.s.policies {
		groups := firstGroups(p.Spec.SecurityGroups.GroupIDs)
		if len(groups) == 0 || p.Spec.PodSelector == nil && p.Spec.ServiceAccountSelector == nil {
			b.g.add("selects nothing, or names no security group: left out", "SecurityGroupPolicy "+p.id())
			continue
		}
		if operator := badOperator(p.Spec.PodSelector, p.Spec.ServiceAccountSelector); operator != "" {
			b.g.add(fmt.Sprintf("selects by the operator %q, which there is not: left out", printable(operator, 40)), "SecurityGroupPolicy "+p.id())
			continue
		}
		one := model.SecurityGroupPolicy{Name: p.Name, Namespace: namespaceOf(&p.meta), Pods: b.selector(p.Spec.PodSelector, true), ServiceAccounts: b.selector(p.Spec.ServiceAccountSelector, false)}
		for _, g := range groups {
			one.Groups = append(one.Groups, model.SecurityGroup(g))
		}
		if p.Spec.ServiceAccountSelector != nil && !b.s.have["ServiceAccount"] {
			b.g.add("selects service accounts by their labels, and no file tells these: add what kubectl get serviceaccounts -A -o json prints", "SecurityGroupPolicy "+p.id())
		}
		b.policies = append(b.policies, one)
		b.doc.Policies = append(b.doc.Policies, outPolicy{p.Name, one.Namespace, p.Spec.PodSelector, p.Spec.ServiceAccountSelector, groups})
	}
}

// badOperator is an operator of the selectors that there is not.
func badOperator(all ...*selector) string {
	for _, s := range all {
		if s == nil {
			continue
		}
		for _, e := range s.MatchExpressions {
			if !slices.Contains([]string{"In", "NotIn", "Exists", "DoesNotExist"}, e.Operator) {
				return cmp.Or(e.Operator, "none")
			}
		}
	}
	return ""
}

func (b *builder) selector(s *selector, ofPods bool) *model.LabelSelector {
	if s == nil {
		return nil
	}
	out := &model.LabelSelector{MatchLabels: s.MatchLabels}
	for _, e := range s.MatchExpressions {
		out.MatchExpressions = append(out.MatchExpressions, model.LabelExpression{Key: e.Key, Operator: model.LabelOperator(e.Operator), Values: e.Values})
		b.policyLabels[e.Key] = b.policyLabels[e.Key] || ofPods
	}
	for key := range s.MatchLabels {
		b.policyLabels[key] = b.policyLabels[key] || ofPods
	}
	return out
}
