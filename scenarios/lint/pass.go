package lint

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"vpcsim/model"
	"vpcsim/scenarios"
	"vpcsim/sim"
)

// pass is one scenario on its way through the rules.
type pass struct {
	*scenarios.Scenario
	cfg      sim.Config
	groups   []group
	envs     []environment
	spaces   []*model.Subnet // by the subnets of cfg
	rule     Rule
	findings []Finding
}

// group is a node group with what the rules ask of it.
type group struct {
	sim.NodeGroup
	path  string // nodeGroups[0]
	nodes int    // launched by the end, those of addNodes included
}

// environment is the environment of aws-node from an instant on: at the
// beginning, and after each setEnv.
type environment struct {
	env      map[string]string
	settings model.Settings // of the release, not yet of a type
	ignored  []string       // what the agent makes nothing of
	unknown  []string       // what the release doesn't know
	paths    map[string]string
}

// path is where a variable was set last.
func (e environment) path(name string) string { return cmp.Or(e.paths[name], "cni.env."+name) }

// changed reports whether the scenario itself sets the variable.
func (e environment) changed(name string) bool { return e.paths[name] != "" }

func newPass(s *scenarios.Scenario) *pass {
	p := &pass{Scenario: s, cfg: s.Config()}
	added := map[string]int{}
	for _, step := range s.Steps {
		if step.AddNodes != nil {
			added[step.AddNodes.Group] += step.AddNodes.Count
		}
	}
	for i, g := range p.cfg.NodeGroups {
		p.groups = append(p.groups, group{g, fmt.Sprintf("nodeGroups[%d]", i), g.Count + added[g.Name]})
	}
	for _, c := range p.cfg.Subnets {
		p.spaces = append(p.spaces, space(c))
	}
	if !p.onECS() {
		p.environments()
	}
	return p
}

func (p *pass) onECS() bool { return p.Platform == scenarios.PlatformECS }

func (p *pass) ipv6() bool { return p.Cluster.IPFamily == "ipv6" }

// environments reads the environment of the beginning and those that steps make
// of it, in the order of their instants.
func (p *pass) environments() {
	paths := map[string]string{}
	for name := range p.cfg.CNI.Env {
		if path := "cni.env." + name; p.Given(path) {
			paths[name] = path
		}
	}
	p.envs = []environment{p.environment(maps.Clone(p.cfg.CNI.Env), paths)}
	steps := make([]int, 0, len(p.Steps))
	for i, step := range p.Steps {
		if step.SetEnv != nil {
			steps = append(steps, i)
		}
	}
	slices.SortStableFunc(steps, func(a, b int) int { return cmp.Compare(p.Steps[a].At, p.Steps[b].At) })
	for _, i := range steps {
		last := p.envs[len(p.envs)-1]
		env, paths := maps.Clone(last.env), maps.Clone(last.paths)
		for name, text := range p.Steps[i].SetEnv {
			paths[name] = fmt.Sprintf("steps[%d].setEnv.%s", i, name)
			if text == nil {
				delete(env, name)
				continue
			}
			env[name] = *text
		}
		p.envs = append(p.envs, p.environment(env, paths))
	}
}

func (p *pass) environment(env map[string]string, paths map[string]string) environment {
	settings, ignored := model.ParseSettings(env)
	settings, unknown := settings.ForVersion(p.CNI.Version)
	return environment{env: env, settings: settings, ignored: ignored, unknown: unknown, paths: paths}
}

// report notes a finding at a path. The same one at the same place counts once:
// an environment that a step changes elsewhere has it again.
func (p *pass) report(path, message, remedy string) {
	f := Finding{Rule: p.rule, Place: p.Place(path), Message: message, Remedy: remedy}
	same := func(other Finding) bool {
		return other.Rule.ID == f.Rule.ID && other.Place == f.Place && other.Message == f.Message
	}
	if !slices.ContainsFunc(p.findings, same) {
		p.findings = append(p.findings, f)
	}
}

// linux yields each Linux group that has nodes, with each environment and the
// settings that count on its type.
func (p *pass) linux(yield func(group, environment, model.Settings)) {
	for _, g := range p.groups {
		if g.Windows || g.nodes == 0 || g.Type.MaxENIs == 0 || g.Type.IPv4PerENI == 0 {
			continue
		}
		for _, e := range p.envs {
			s, _ := e.settings.ForType(g.Type)
			yield(g, e, s)
		}
	}
}

// nodeCount is how many nodes all groups have by the end.
func (p *pass) nodeCount() int {
	n := 0
	for _, g := range p.groups {
		n += g.nodes
	}
	return n
}

// zones are the zones of the group's subnets, sorted.
func (p *pass) zones(g group) []string {
	var zones []string
	for _, name := range g.Subnets {
		zones = append(zones, p.zone(name))
	}
	slices.Sort(zones)
	return slices.Compact(zones)
}

func (p *pass) zone(subnet model.SubnetID) string {
	if i := p.subnetIndex(subnet); i >= 0 {
		return p.cfg.Subnets[i].Zone
	}
	return ""
}

func (p *pass) subnetIndex(name model.SubnetID) int {
	return slices.IndexFunc(p.cfg.Subnets, func(s sim.SubnetConfig) bool { return s.Name == name })
}

// labels are those of the group's nodes in a zone, without the node's own name.
func (g group) labels(zone string) map[string]string {
	labels := maps.Clone(g.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	labels["topology.kubernetes.io/zone"] = zone
	labels["node.kubernetes.io/instance-type"] = g.Type.Name
	labels["eks.amazonaws.com/nodegroup"] = g.Name
	labels["kubernetes.io/os"] = "linux"
	if g.Windows {
		labels["kubernetes.io/os"] = "windows"
	}
	return labels
}

// takes reports whether the group's nodes are open to pods of the kind: by
// nodeSelector and taints. One that names a single node is taken for open.
func (p *pass) takes(g group, pod sim.PodSpec) bool {
	if pod.Node != "" {
		name := string(pod.Node)
		return strings.HasPrefix(name, g.Name+"-") && !strings.Contains(name[len(g.Name)+1:], "-")
	}
	for _, t := range g.Taints {
		if t.Effect != "PreferNoSchedule" && !slices.ContainsFunc(pod.Tolerations, func(o sim.Toleration) bool { return tolerates(o, t) }) {
			return false
		}
	}
	return slices.ContainsFunc(p.zones(g), func(zone string) bool {
		labels := g.labels(zone)
		for key, value := range pod.NodeSelector {
			if key != "kubernetes.io/hostname" && labels[key] != value {
				return false
			}
		}
		return true
	})
}

func tolerates(o sim.Toleration, t sim.Taint) bool {
	return (o.Effect == "" || o.Effect == t.Effect) &&
		(o.Key == "" && o.Operator == "Exists" || o.Key == t.Key && (o.Operator == "Exists" || o.Value == t.Value))
}

// branch reports whether such pods get a branch ENI.
func branch(pod sim.PodSpec) bool {
	return !pod.HostNetwork && (len(pod.BranchGroups) > 0 || pod.PodENI)
}

// hostPods is how many pods of a node take a place and no address: the system's,
// and those of DaemonSets on the host network.
func (p *pass) hostPods(g group) int {
	n := p.cfg.Cluster.SystemPods
	for _, w := range p.cfg.Workloads {
		if w.Kind == sim.DaemonSet && w.Pod.HostNetwork && p.takes(g, w.Pod) {
			n++
		}
	}
	return n
}

// daemonPods is how many pods of DaemonSets a node has, those that take an
// address.
func (p *pass) daemonPods(g group) int {
	n := 0
	for _, w := range p.cfg.Workloads {
		if w.Kind == sim.DaemonSet && !w.Pod.HostNetwork && p.takes(g, w.Pod) {
			n++
		}
	}
	return n
}

// most is how many pods at once a workload has at its height. DaemonSets have
// none of their own here.
func (p *pass) most(w sim.Workload) int {
	if w.Kind == sim.DaemonSet {
		return 0
	}
	n := w.Replicas
	for _, step := range p.Steps {
		if step.Scale != nil && step.Scale.Workload == string(w.Name) {
			n = max(n, step.Scale.Replicas)
		}
	}
	return n
}

// demand is how many pods the workloads that count have at their height, and the
// index of the largest, -1 if there is none.
func (p *pass) demand(counts func(sim.Workload) bool) (pods, largest int) {
	largest = -1
	for i, w := range p.cfg.Workloads {
		if !counts(w) {
			continue
		}
		pods += p.most(w)
		if largest < 0 || p.most(w) > p.most(p.cfg.Workloads[largest]) {
			largest = i
		}
	}
	return pods, largest
}

// fromPool reports whether the workload's pods take addresses of the nodes'
// pools.
func fromPool(w sim.Workload) bool { return !w.Pod.HostNetwork && !branch(w.Pod) }

// workloadPath is where the workload that is i-th in the file stands.
func workloadPath(i int) string { return fmt.Sprintf("workloads[%d]", i) }

// verb is what one or several do.
func verb(n int, several string) string {
	if n == 1 {
		return several + "s"
	}
	return several
}

// plural writes a number with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "ss") {
		return fmt.Sprintf("%d %ses", n, noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func ceilDiv(n, by int) int { return (n + by - 1) / by }
