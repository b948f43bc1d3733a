package scenarios

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"vpcsim/model"
	"vpcsim/scenarios/internal/near"
	"vpcsim/sim"
)

// What follows checks what no single value shows: names that refer to others,
// address space, sums. A value that could not be read is empty here and skipped,
// so that one mistake is reported once.

func (d *decoder) check(s *Scenario) {
	d.holdState(&s.State)
	d.checkVPC(&s.VPC, s.Cluster.ControlPlaneENIs)
	subnets := d.unique("vpc.subnets", namesOf(s.VPC.Subnets, func(n Subnet) string { return n.Name }))
	groups := d.unique("nodeGroups", namesOf(s.NodeGroups, func(g NodeGroup) string { return g.Name }))
	workloads := d.unique("workloads", namesOf(s.Workloads, func(w Workload) string { return w.Name }))
	d.unique("cni.eniConfigs", namesOf(s.CNI.ENIConfigs, func(c ENIConfig) string { return c.Name }))

	for i, c := range s.CNI.ENIConfigs {
		d.refers(fmt.Sprintf("cni.eniConfigs[%d].subnet", i), "subnet", c.Subnet, subnets)
	}
	for i := range s.NodeGroups {
		d.checkGroup(fmt.Sprintf("nodeGroups[%d]", i), &s.NodeGroups[i], subnets)
	}
	d.checkIPv6(s)
	d.checkWindows(s)
	d.checkPolicies(s)
	d.checkNodeLimit(s)
	nodes := possibleNodes(s)
	for i, w := range s.Workloads {
		path := fmt.Sprintf("workloads[%d]", i)
		d.checkWorkload(path, w, nodes, s.Limits)
		d.checkTaskNetwork(path, w.Subnets, subnets)
	}
	pods := newPodNames(s)
	d.checkState(s, subnets, workloads, pods)
	for i, step := range s.Steps {
		path := fmt.Sprintf("steps[%d]", i)
		d.checkStep(path, step, subnets, groups, workloads, nodes, s.Limits)
		d.checkPods(path, step, pods)
		if a := step.Create; a != nil {
			d.checkTaskNetwork(path+".create", a.Subnets, subnets)
		}
		d.checkInTime(path, step, s.Duration)
	}
	d.checkExpectations(s, subnets, nodes, pods)
}

func namesOf[T any](items []T, name func(T) string) []string {
	names := make([]string, len(items))
	for i, item := range items {
		names[i] = name(item)
	}
	return names
}

// names are the names of a list's members.
type names struct {
	all   []string
	first map[string]int // name → index of the first that has it
}

func (n names) has(name string) bool {
	_, ok := n.first[name]
	return ok
}

// unique checks that no name is given twice.
func (d *decoder) unique(path string, all []string) names {
	n := names{all, make(map[string]int, len(all))}
	for i, name := range all {
		if name == "" {
			continue
		}
		if j, ok := n.first[name]; ok {
			d.fail(fmt.Sprintf("%s[%d].name", path, i), "%s is the name of %s[%d], too", name, path, j)
			continue
		}
		n.first[name] = i
	}
	return n
}

// refers checks that a name is one of those there are.
func (d *decoder) refers(path, kind, name string, there names) {
	if name == "" || there.has(name) {
		return
	}
	d.fail(path, "there is no %s %s%s", kind, name, d.didYouMean(name, there.all))
}

// maxSubnets, maxReservations and maxGroups bound the checks, which compare
// each with each. A VPC has 200 subnets and a cluster 30 managed node groups
// unless its owner had the quotas raised; a /16 has 4,096 blocks of /28.
const (
	maxSubnets      = 1000
	maxReservations = 4096
	maxGroups       = 1000
)

func (d *decoder) checkVPC(v *VPC, controlPlaneENIs int) {
	vpc := d.checkBlocks(v)
	if v.Subnets != nil && len(v.Subnets) == 0 {
		d.fail("vpc.subnets", "a VPC needs at least one subnet")
	}
	if len(v.Subnets) > maxSubnets {
		d.fail("vpc.subnets", "%d subnets; at most %d", len(v.Subnets), maxSubnets)
		return
	}
	for i := range v.Subnets {
		path := fmt.Sprintf("vpc.subnets[%d]", i)
		n := &v.Subnets[i]
		if !n.CIDR.IsValid() {
			continue
		}
		// The VPC's complaint covers what makes a CIDR no subnet's at all.
		if vpc != nil {
			if err := vpc.AddSubnet(model.SubnetID(n.Name), n.CIDR); err != nil {
				d.failOf(RuleSubnetBlock, path+".cidr", "%s", subnetMessage(n.Name, err))
				continue
			}
		}
		turns := share(controlPlaneENIs, i, len(v.Subnets))
		d.checkSubnet(path, n, turns)
	}
}

// share is how many of total, handed out in turn, the i-th of n gets.
func share(total, i, n int) int { return (total + n - 1 - i) / n }

// maxVPCBlocks is how many blocks a VPC may have once its quota was raised.
// Source: Amazon VPC user guide, "Amazon VPC quotas".
const maxVPCBlocks = 50

// checkBlocks returns the VPC of the CIDR blocks, nil if one of them is wrong:
// then nothing can be said about the subnets.
func (d *decoder) checkBlocks(v *VPC) *model.VPC {
	if v.CIDRs != nil && len(v.CIDRs) == 0 {
		d.fail("vpc.cidrs", "a VPC needs at least one CIDR block")
		return nil
	}
	var vpc *model.VPC
	ok := len(v.CIDRs) > 0
	for i, cidr := range v.CIDRs {
		if !cidr.IsValid() {
			ok = false
			continue
		}
		var err error
		if vpc == nil {
			vpc, err = model.NewVPC(cidr)
		} else {
			err = vpc.AddCIDR(cidr)
		}
		if err != nil {
			d.failOf(RuleVPCBlock, fmt.Sprintf("vpc.cidrs[%d]", i), "%s", strings.TrimPrefix(err.Error(), "VPC block: "))
			ok = false
		}
		if vpc != nil {
			vpc.MaxBlocks = maxVPCBlocks
		}
	}
	if len(v.CIDRs) > model.MaxVPCBlocksDefault {
		d.note("vpc.cidrs: %d blocks need a raised quota; without it a VPC has %d", len(v.CIDRs), model.MaxVPCBlocksDefault)
	}
	if !ok {
		return nil
	}
	return vpc
}

// subnetMessage is an error about a subnet without its name, which the path
// has, and without EC2's code.
func subnetMessage(name string, err error) string {
	message := strings.TrimPrefix(err.Error(), "subnet "+name+": ")
	for _, code := range []model.ErrorCode{model.InvalidSubnetRange, model.InvalidSubnetConflict} {
		if errors.Is(err, code) {
			message = strings.TrimPrefix(message, string(code)+": ")
		}
	}
	return message
}

// checkSubnet checks that what others hold of a subnet fits into it.
func (d *decoder) checkSubnet(path string, n *Subnet, controlPlane int) {
	space, err := model.NewSubnet(model.SubnetID(n.Name), n.CIDR)
	if err != nil {
		d.failOf(RuleSubnetBlock, path+".cidr", "%s", subnetMessage(n.Name, err))
		return
	}
	if len(n.Reservations) > maxReservations {
		d.fail(path+".reservations", "%d reservations; at most %d", len(n.Reservations), maxReservations)
		return
	}
	for i, r := range n.Reservations {
		if !r.CIDR.IsValid() || r.Type == "" {
			continue
		}
		if err := space.Reserve(model.Reservation{CIDR: r.CIDR, Type: r.Type}); err != nil {
			message := strings.TrimPrefix(subnetMessage(n.Name, err), fmt.Sprintf("reservation %s: ", r.CIDR))
			d.fail(fmt.Sprintf("%s.reservations[%d].cidr", path, i), "%s", message)
		}
	}
	for i, a := range n.InUse.Addresses {
		if !a.IsValid() {
			continue
		}
		if err := space.Occupy(a); err != nil {
			d.fail(fmt.Sprintf("%s.inUse.addresses[%d]", path, i), "%s", subnetMessage(n.Name, err))
		}
	}
	d.claimState(space)
	free := space.FreeForAddresses()
	if n.InUse.Count > free {
		d.fail(path+".inUse.count", "%d addresses, but %d of %d are free outside of reservations", n.InUse.Count, free, space.Usable())
		return
	}
	if free -= n.InUse.Count; controlPlane > free {
		d.fail("cluster.controlPlaneENIs", "%d of them are in subnet %s, which has room for %d", controlPlane, n.Name, free)
	}
}

// ownLabels are on every node; a group cannot set them.
var ownLabels = []string{
	"topology.kubernetes.io/zone",
	"kubernetes.io/hostname",
	"node.kubernetes.io/instance-type",
	"eks.amazonaws.com/nodegroup",
	labelOS,
}

func (d *decoder) checkGroup(path string, g *NodeGroup, subnets names) {
	if g.Subnets != nil && len(g.Subnets) == 0 {
		d.fail(path+".subnets", "needs at least one subnet; leave it out for all of them")
	}
	for i, name := range g.Subnets {
		d.refers(fmt.Sprintf("%s.subnets[%d]", path, i), "subnet", name, subnets)
	}
	if a := g.Autoscale; a != nil && a.Max > 0 && a.Max < g.Count {
		d.fail(path+".autoscale.max", "the group begins with %d nodes, and may have no more than %d", g.Count, a.Max)
	}
	for _, label := range ownLabels {
		if _, ok := g.Labels[label]; ok {
			d.fail(path+".labels."+label, "every node has this label already")
		}
	}
}

// checkIPv6 asks of an IPv6 cluster that every subnet with nodes has an IPv6
// CIDR, and of all subnets that their IPv6 CIDRs don't overlap.
func (d *decoder) checkIPv6(s *Scenario) {
	for i, n := range s.VPC.Subnets {
		path := fmt.Sprintf("vpc.subnets[%d].ipv6Cidr", i)
		for _, other := range s.VPC.Subnets[:i] {
			if n.IPv6CIDR.IsValid() && other.IPv6CIDR.IsValid() && n.IPv6CIDR.Overlaps(other.IPv6CIDR) {
				d.fail(path, "%s overlaps %s of subnet %s", n.IPv6CIDR, other.IPv6CIDR, other.Name)
				break
			}
		}
	}
	if s.Cluster.IPFamily != familyIPv6 {
		return
	}
	if !s.CNI.Version.Has(model.FeatureIPv6) {
		d.fail("cni.version", "an IPv6 cluster needs a release that has IPv6 mode, v1.10.0 or later")
	}
	for i, n := range s.VPC.Subnets {
		hasNodes := func(g NodeGroup) bool { return g.Subnets == nil || slices.Contains(g.Subnets, n.Name) }
		if !n.IPv6CIDR.IsValid() && slices.ContainsFunc(s.NodeGroups, hasNodes) {
			d.fail(fmt.Sprintf("vpc.subnets[%d]", i), "nodes of an IPv6 cluster need an ipv6Cidr in their subnet, for example 2001:db8:0:%d::/64", i+1)
		}
	}
}

// possibleNodes is how many nodes each group can have had by the end.
func possibleNodes(s *Scenario) map[string]int {
	possible := make(map[string]int, len(s.NodeGroups))
	for _, g := range s.NodeGroups {
		possible[g.Name] += g.Count
	}
	terminated := 0
	for _, step := range s.Steps {
		if step.AddNodes != nil {
			possible[step.AddNodes.Group] += step.AddNodes.Count
		}
		if step.Terminate != nil {
			terminated++
		}
	}
	for _, g := range s.NodeGroups {
		if g.Autoscale != nil { // a node that was terminated leaves room for another
			possible[g.Name] = max(possible[g.Name], g.Autoscale.Max) + terminated
		}
	}
	return possible
}

// checkNodeLimit complains where the nodes become too many.
func (d *decoder) checkNodeLimit(s *Scenario) {
	total := 0
	add := func(path string, count int) {
		total += count
		if total > s.Limits.Nodes && total-count <= s.Limits.Nodes {
			d.fail(path+".count", "%d nodes together; limits.nodes is %d", total, s.Limits.Nodes)
		}
	}
	for i, g := range s.NodeGroups {
		add(fmt.Sprintf("nodeGroups[%d]", i), g.Count)
	}
	for i, step := range s.Steps {
		if step.AddNodes != nil {
			add(fmt.Sprintf("steps[%d].addNodes", i), step.AddNodes.Count)
		}
	}
}

// refersNode checks that a name is that of a node which the run can have:
// GROUP-N.
func (d *decoder) refersNode(path, name string, possible map[string]int) {
	if name == "" {
		return
	}
	if why := noNode(name, possible); why != "" {
		d.fail(path, "%s", why)
	}
}

// noNode says why there can be no node of that name; empty if there can.
func noNode(name string, possible map[string]int) string {
	if isNode(name, possible) {
		return ""
	}
	var examples []string
	for group, count := range possible {
		if count > 0 && group != "" {
			examples = append(examples, fmt.Sprintf("%s-%d", group, count-1))
		}
	}
	slices.Sort(examples)
	if cut := strings.LastIndexByte(name, '-'); cut > 0 && possible[name[:cut]] > 0 {
		return fmt.Sprintf("there is no node %s: the last of %s is %s-%d", name, name[:cut], name[:cut], possible[name[:cut]]-1)
	}
	return fmt.Sprintf("there is no node %s%s; nodes are called GROUP-N", name, didYouMean(near.Name(name, examples)))
}

// noNodeName is noNode but for the number.
func noNodeName(name string, possible map[string]int) string {
	if cut := strings.LastIndexByte(name, '-'); cut > 0 && possible[name[:cut]] > 0 && isDecimal(name[cut+1:]) {
		return ""
	}
	return noNode(name, possible)
}

func isNode(name string, possible map[string]int) bool {
	cut := strings.LastIndexByte(name, '-')
	if cut < 1 || !isDecimal(name[cut+1:]) {
		return false
	}
	n, err := strconv.Atoi(name[cut+1:])
	return err == nil && n < possible[name[:cut]]
}

func (d *decoder) checkWorkload(path string, w Workload, nodes map[string]int, limits Limits) {
	d.refersNode(path+".node", w.Node, nodes)
	if w.Node != "" && w.Kind == sim.DaemonSet {
		d.fail(path+".node", "a DaemonSet has a pod on every node: use nodeSelector")
	}
	d.annotationNotes(path, w)
	if w.Replicas != nil && *w.Replicas > limits.Pods {
		d.fail(path+".replicas", "%d pods; limits.pods is %d", *w.Replicas, limits.Pods)
	}
	if w.Completions > limits.Pods {
		d.fail(path+".completions", "%d pods; limits.pods is %d", w.Completions, limits.Pods)
	}
}

func (d *decoder) checkStep(path string, step Step, subnets, groups, workloads names, nodes map[string]int, limits Limits) {
	if a := step.Scale; a != nil {
		d.refers(path+".scale.workload", "workload", a.Workload, workloads)
		if a.Replicas > limits.Pods {
			d.fail(path+".scale.replicas", "%d pods; limits.pods is %d", a.Replicas, limits.Pods)
		}
	}
	if a := step.Rollout; a != nil {
		d.refers(path+".rollout.workload", "workload", a.Workload, workloads)
	}
	if a := step.Create; a != nil {
		d.refers(path+".create.workload", "workload", a.Workload, workloads)
		d.refersNode(path+".create.node", a.Node, nodes)
	}
	if a := step.Delete; a != nil {
		d.refers(path+".delete.workload", "workload", a.Workload, workloads)
	}
	if a := step.AddNodes; a != nil {
		d.refers(path+".addNodes.group", "node group", a.Group, groups)
	}
	if a := step.TagSubnet; a != nil {
		d.refers(path+".tagSubnet.subnet", "subnet", a.Subnet, subnets)
	}
	if a := step.Churn; a != nil {
		d.refers(path+".churn.workload", "workload", a.Workload, workloads)
	}
	if a := step.Fault; a != nil {
		d.refersNode(path+".fault.node", a.Node, nodes)
	}
	if a := step.RestartAgent; a != nil {
		d.refersNode(path+".restartAgent.node", a.Node, nodes)
	}
	for name, a := range map[string]*OneNode{"cordon": step.Cordon, "uncordon": step.Uncordon, "drain": step.Drain, "terminate": step.Terminate} {
		if a != nil {
			d.refersNode(path+"."+name+".node", a.Node, nodes)
		}
	}
}

// checkInTime notes what would happen after the end. It is no mistake: --until
// shortens a run.
func (d *decoder) checkInTime(path string, step Step, duration Duration) {
	end := time.Duration(duration)
	if end == 0 {
		end = settlesWithin
	}
	if time.Duration(step.At) > end {
		d.note("%s: at %s is after the end of the run at %s", path, step.At, end)
	}
}

// podNames knows which pods a scenario can make.
type podNames struct {
	workloads map[string]sim.WorkloadKind
	churned   map[string]bool // workloads that churn
	created   map[string]bool // by create steps and traces
	all       []string        // examples of each, for suggestions
}

func newPodNames(s *Scenario) podNames {
	p := podNames{
		workloads: make(map[string]sim.WorkloadKind, len(s.Workloads)),
		churned:   map[string]bool{},
		created:   map[string]bool{},
	}
	for _, w := range s.Workloads {
		p.workloads[w.Name] = w.Kind
		p.all = append(p.all, w.Name+"-0")
	}
	for _, pod := range s.State.Pods {
		p.created[pod.Name] = true
		p.all = append(p.all, pod.Name)
	}
	for _, step := range s.Steps {
		if step.Churn != nil {
			p.churned[step.Churn.Workload] = true
		}
		if step.Create != nil {
			p.created[step.Create.Pod] = true
			p.all = append(p.all, step.Create.Pod)
		}
		if step.Replay != nil {
			for _, pod := range step.Replay.pods {
				p.created[string(pod.Pod)] = true
			}
		}
	}
	return p
}

// owner is the workload that gives its pods such names, "" if none does:
// WORKLOAD-N, or WORKLOAD-churn-N for those of a churn.
func (p podNames) owner(pod string) string {
	cut := strings.LastIndexByte(pod, '-')
	if cut < 1 || !isDecimal(pod[cut+1:]) {
		return ""
	}
	name := pod[:cut]
	if _, ok := p.workloads[name]; ok {
		return name
	}
	if churn, ok := strings.CutSuffix(name, "-churn"); ok && p.churned[churn] {
		return churn
	}
	return ""
}

// noPod says why there can be no pod of that name; empty if there can.
func (p podNames) noPod(name string) string {
	if p.created[name] || p.owner(name) != "" {
		return ""
	}
	return fmt.Sprintf("nothing makes a pod %s%s", name, didYouMean(near.Name(name, p.all)))
}

// checkPods checks the names of pods that a step makes or deletes. How many
// pods a workload will have made isn't known here: any number will do.
func (d *decoder) checkPods(path string, step Step, pods podNames) {
	if a := step.Create; a != nil {
		if owner := pods.owner(a.Pod); owner != "" {
			d.fail(path+".create.pod", "workload %s names its own pods so", owner)
		}
	}
	if a := step.Delete; a != nil && a.Pod != "" {
		if why := pods.noPod(a.Pod); why != "" {
			d.fail(path+".delete.pod", "%s", why)
		}
	}
	if a := step.Churn; a != nil {
		if _, ok := pods.workloads[a.Workload+"-churn"]; ok {
			d.fail(path+".churn.workload", "its pods would have the names of those of workload %s-churn", a.Workload)
		}
	}
	if a := step.Replay; a != nil {
		for _, pod := range a.pods {
			if owner := pods.owner(string(pod.Pod)); owner != "" {
				d.fail(path+".replay.trace", "the trace has a pod %s, and workload %s names its own pods so", pod.Pod, owner)
				break
			}
		}
	}
}
