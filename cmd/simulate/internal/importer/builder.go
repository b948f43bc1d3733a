package importer

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"vpcsim/model"
	"vpcsim/scenarios"
)

// builder makes a Document of a Snapshot.
type builder struct {
	s       *Snapshot
	g       *guesses
	doc     *Document
	options Options

	began    time.Time // by the clock of schedules; zero until it is looked at
	cronRuns int       // Jobs of CronJobs

	members   []*member // by age
	member    map[string]*member
	instances map[string]bool // of members
	elsewhere map[string]bool // names of nodes that are left out
	labels    map[string]bool // of nodes, that are looked at
	hasState  bool
	ipv6      bool // the cluster is one of IPv6

	renamed map[string]bool // node groups that are called otherwise, and selected by

	hasWindows  bool // there are Windows nodes
	windowsKeys map[string]string
	held6       map[netip.Prefix]bool // IPv6 blocks and addresses of the state

	allSubnets []*outSubnet
	subnetID   map[string]*outSubnet
	freshIn    map[*outSubnet]int // addresses that nodes and pods will take that begin anew

	found        []*group
	byKey        map[workloadKey]*group
	madeBy       map[workloadKey]owner
	bare         []*pod
	inferred     bool
	policies     []model.SecurityGroupPolicy
	policyLabels map[string]bool
	accounts     map[string]map[string]string // NAMESPACE/NAME → labels
	onNodes      map[*member]*onNode
}

// Options say what the files do not.
type Options struct {
	Name string // of the scenario; empty: the cluster's
	// InstanceType is that of nodes which no file tells, and of those of node
	// pools that leave a choice; empty: a guess.
	InstanceType string
	// Cron is how long schedules of CronJobs are followed; 0: they are not.
	Cron time.Duration
	// From is the instant at which the scenario begins, for these schedules; zero:
	// the latest time in the files.
	From time.Time
}

// Scenario makes a scenario of what was read, and holds it to all that the
// language asks: what it returns can be run.
func (s *Snapshot) Scenario(o Options) (*Document, error) {
	b := &builder{
		s: s, g: s.guesses, options: o, doc: &Document{APIVersion: scenarios.APIVersion, Kind: scenarios.DocumentKind},
		member: map[string]*member{}, instances: map[string]bool{}, elsewhere: map[string]bool{}, labels: map[string]bool{},
		subnetID: map[string]*outSubnet{}, freshIn: map[*outSubnet]int{},
		byKey: map[workloadKey]*group{}, madeBy: map[workloadKey]owner{}, policyLabels: map[string]bool{},
		accounts: map[string]map[string]string{}, onNodes: map[*member]*onNode{}, held6: map[netip.Prefix]bool{}, renamed: map[string]bool{},
	}
	if err := b.build(); err != nil {
		return nil, err
	}
	return b.doc, b.check()
}

func (b *builder) build() error {
	if err := b.s.incomplete(); err != nil {
		return err
	}
	if len(b.s.nodes)+len(b.s.pods)+len(b.s.workloads)+len(b.s.cronJobs)+len(b.s.pools)+len(b.s.subnets) == 0 {
		other := ""
		if kinds := b.unread(); kinds != "" {
			other = " (they have " + kinds + ")"
		}
		return fmt.Errorf("the files have no nodes, pods, workloads or subnets: there is nothing to make a scenario of%s", other)
	}
	b.interfacesOfInstances()
	b.cni()
	b.family()
	if err := b.nodes(); err != nil {
		return err
	}
	b.windowsSettings()
	b.checkPods()
	if err := b.subnets(); err != nil {
		return err
	}
	b.types()
	if err := b.attach(); err != nil {
		return err
	}
	b.guessTypes()
	b.modes()
	b.eniConfigs()
	b.readPolicies()
	b.neededLabels()
	b.fresh()
	b.selectedByClasses()
	b.keepSubnets()
	b.groups()
	if err := b.checkIPv6(); err != nil {
		return err
	}
	b.state()
	b.controllers()
	if err := b.finish(); err != nil {
		return err
	}
	b.pods()
	b.inUse()
	b.rest()
	return nil
}

// checkIPv6 asks of an IPv6 cluster that the subnets of its nodes tell their IPv6
// blocks.
func (b *builder) checkIPv6() error {
	if !b.ipv6 {
		return nil
	}
	for _, s := range b.s.subnets {
		n := b.subnetID[s.SubnetId]
		if n == nil || n.IPv6CIDR.IsValid() {
			continue
		}
		if slices.ContainsFunc(b.doc.NodeGroups, func(g *outGroup) bool { return slices.Contains(g.Subnets, n.Name) }) {
			return fmt.Errorf("%s: subnet %s: has nodes of an IPv6 cluster and no IPv6 block: give all that aws ec2 describe-subnets prints, Ipv6CidrBlockAssociationSet included",
				b.fileOf(s), printable(s.SubnetId, 40))
		}
	}
	return nil
}

// interfacesOfInstances takes the network interfaces from what
// describe-instances prints, where describe-network-interfaces is missing.
// Those of others are not among them.
func (b *builder) interfacesOfInstances() {
	if b.s.have["NetworkInterfaces"] {
		return
	}
	for _, in := range b.s.instances {
		for _, ni := range withoutNil(in.NetworkInterfaces) {
			if ni.Attachment == nil {
				continue
			}
			ni.Attachment.InstanceId = in.InstanceId
			b.s.have["NetworkInterfaces"] = true
			b.s.readFrom[ni] = b.s.readFrom[in]
			b.s.interfaces = append(b.s.interfaces, ni)
		}
	}
	if b.s.have["NetworkInterfaces"] {
		b.g.say("vpc: only the instances tell of network interfaces: which addresses others hold is not known, only how many; add what aws ec2 describe-network-interfaces prints")
	}
}

// settings are what the agent of a node makes of its environment.
func (b *builder) settings(m *member) model.Settings {
	version := model.DefaultVersion
	if b.doc.CNI.Version != "" {
		version, _ = model.ParseVersion(b.doc.CNI.Version)
	}
	env := map[string]string{}
	if on := b.envOf("ENABLE_MULTI_NIC"); on != "" {
		env["ENABLE_MULTI_NIC"] = on
	}
	settings, _ := model.ParseSettings(env)
	settings, _ = settings.ForVersion(version)
	settings, _ = settings.ForType(b.limits(m.kind))
	return settings
}

// fresh marks the subnets of nodes that begin anew, and counts what will be
// taken there anew.
func (b *builder) fresh() {
	for _, m := range b.members {
		if len(m.enis) > 0 {
			continue
		}
		if n := b.subnetWith(m); n != nil {
			n.used = true
			b.freshIn[n]++
		}
	}
	if b.hasState {
		return
	}
	for _, p := range b.s.pods {
		a, err := netip.ParseAddr(p.Status.PodIP)
		if err != nil || p.Spec.HostNetwork || !b.lives(p) {
			continue
		}
		for _, n := range b.allSubnets {
			if n.CIDR.Contains(a) {
				b.freshIn[n]++
			}
		}
	}
}

// subnetWith is the subnet in which the node's own address is, or nil.
func (b *builder) subnetWith(m *member) *outSubnet {
	for _, at := range m.Status.Addresses {
		a, err := netip.ParseAddr(at.Address)
		if err != nil || at.Type != "InternalIP" {
			continue
		}
		for _, n := range b.allSubnets {
			if n.CIDR.Contains(a) || n.ipv6.IsValid() && n.ipv6.Contains(a) {
				return n
			}
		}
	}
	return nil
}

// rest is the name of it all, and what is guessed of every cluster.
func (b *builder) rest() {
	cluster := ""
	if b.s.cluster != nil {
		cluster = b.s.cluster.Name
	}
	for _, m := range b.members {
		if cluster == "" {
			cluster = m.Labels[labelCluster]
		}
	}
	for _, ni := range b.s.interfaces {
		if cluster == "" && ni.Attachment != nil && b.instances[ni.Attachment.InstanceId] {
			cluster = tagOf(ni.TagSet, "cluster.k8s.amazonaws.com/name")
		}
	}
	b.doc.Cluster.Name = printable(cluster, 100)
	b.doc.Name = name(b.options.Name, name(cluster, "imported"))
	if n := b.systemPods(); n < systemPods {
		b.doc.Cluster.SystemPods = &n
	}
	b.doc.Summary = fmt.Sprintf("Imported: %s and %s", counted(b.nodeCount(), "node"), counted(b.podCount(), "pod"))
	if kinds := b.unread(); kinds != "" {
		b.g.say("objects without bearing on addresses are not looked at: %s", kinds)
	}
	if b.hasState {
		b.g.say("state: nothing cools: which addresses were given up in the last 30 s no file tells")
		b.g.say("state: all ENIs count as new, and no agent is in a back-off: how old they are no file tells")
		if !b.s.knowsPods() {
			b.g.say("state: no file tells the pods: all addresses are free; add what kubectl get pods -A -o json prints")
		}
		if !b.ipv6 && slices.ContainsFunc(b.doc.State.Nodes, func(n *outNode) bool {
			return slices.ContainsFunc(n.ENIs, func(e *outENI) bool { return len(e.Prefixes) > 0 })
		}) {
			b.g.say("state: of a prefix those addresses are used that pods have; others are free")
		}
	}
	b.doc.guesses = b.g.lines()
}

// systemPods is how many host-network pods every node has that are of no workload:
// none where the pods of the nodes are told, else those of aws-node and kube-proxy
// whose DaemonSet no file has.
func (b *builder) systemPods() int {
	n := systemPods
	for _, g := range b.found {
		if g.kind != "DaemonSet" || g.name != agentName && g.name != proxyName {
			continue
		}
		if n--; b.hasState && g.name == agentName && len(g.pods) > 0 {
			return 0
		}
	}
	return max(n, 0)
}

func (b *builder) podCount() int {
	if b.doc.State != nil {
		return len(b.doc.State.Pods)
	}
	n := 0
	for _, w := range b.doc.Workloads {
		if w.Replicas != nil {
			n += *w.Replicas
		}
	}
	for _, s := range b.doc.Steps {
		if s.Create != nil {
			n++
		}
	}
	return n
}

// nodeCount is how many nodes the scenario begins with.
func (b *builder) nodeCount() int {
	n := 0
	for _, g := range b.doc.NodeGroups {
		n += g.Count
	}
	return n
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (b *builder) unread() string {
	var out []string
	for kind, n := range b.s.unread {
		out = append(out, fmt.Sprintf("%d × %s", n, printable(kind, 40)))
	}
	slices.Sort(out)
	if len(out) > 8 {
		out = append(out[:8], "…")
	}
	return strings.Join(out, ", ")
}

// fileOf is the file in which an object was.
func (b *builder) fileOf(object any) string {
	if f := b.s.readFrom[object]; f != "" {
		return f
	}
	return "input"
}

// check loads the document. Variables whose values the language refuses are left
// out; any other mistake means that the files contradict each other.
func (b *builder) check() error {
	for range 1 + len(b.doc.CNI.Env) {
		text, err := b.doc.YAML()
		if err != nil {
			return err
		}
		_, err = scenarios.Load(b.doc.Name+".yaml", text, scenarios.Options{})
		if err == nil {
			return nil
		}
		var mistakes scenarios.Errors
		if !errors.As(err, &mistakes) || !b.dropVariables(mistakes) {
			return fmt.Errorf("what the files say together is no cluster that can be simulated:\n%w", err)
		}
	}
	return fmt.Errorf("cni.env: cannot be read")
}

// dropVariables leaves out the variables about which there are mistakes.
func (b *builder) dropVariables(mistakes scenarios.Errors) bool {
	dropped := false
	for _, m := range mistakes {
		name, ok := strings.CutPrefix(m.Path, "cni.env.")
		if _, have := b.doc.CNI.Env[name]; !ok || !have {
			continue
		}
		delete(b.doc.CNI.Env, name)
		b.g.say("cni.env.%s: %s: left out", name, m.Message)
		dropped = true
	}
	b.doc.guesses = b.g.lines()
	return dropped
}
