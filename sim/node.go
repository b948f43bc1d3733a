package sim

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"vpcsim/model"
)

// launchRetry is the wait after which an instance that could not be launched,
// for want of addresses or because of the request rate, is tried again, as an
// Auto Scaling group does.
const launchRetry = time.Minute

// nodeGroup is a group of like nodes and how many of it were launched.
type nodeGroup struct {
	*NodeGroup
	subnets []*subnet
	made    int // nodes named so far
	living  int // of them, those that are not terminated
}

// node is a Kubernetes node on its instance.
type node struct {
	e           *engine
	name        model.NodeName
	index       int // position in engine.nodes
	group       *nodeGroup
	subnet      *subnet
	labels      map[string]string
	annotations map[string]string
	maxPods     int
	initial     *NodeState // of a node that is there when the run begins; nil: it is launched
	instance    *instance
	agent       *agent

	kubeletChance *stream

	pods      []*pod // bound and not gone, in the order of binding
	cpuMilli  int    // requested by them
	memoryMiB int
	scoreCPU  int // requested, with what the score counts for pods without requests
	scoreMiB  int

	askedAt model.Instant // when its instance was first asked for
	readyAt model.Instant // when it became ready
	openAt  model.Instant // when it last had more to offer: ready, or with its trunk

	unaddressed int // pods that need an address of its pool and have none
	// unaddressedEach are those of them that need one of each network card.
	unaddressedEach int

	cordoned  bool
	ready     bool
	gone      bool // terminated
	failed    bool // its agent's start-up has failed and it never was ready
	signalled bool // its agent has asked for a trunk

	trunkFault  *fault          // that the failed call met; nil: none
	trunkTries  int             // that failed
	trunkTried  model.Instant   // begin of the last try
	trunkError  model.ErrorCode // of the last that failed; empty once there is a trunk
	trunkSubnet *subnet         // that refused

	kept []*pod // that have completed, and whose branch ENIs the controller keeps

	podENI     int // capacity of vpc.amazonaws.com/pod-eni; 0: not advertised
	podENIUsed int // requested by its pods

	windows         *windowsPool // nil on Linux
	windowsCapacity int          // of vpc.amazonaws.com/PrivateIPv4Address; 0: not advertised
	windowsUsed     int          // requested by its pods
}

func (e *engine) newGroups() error {
	for i := range e.cfg.NodeGroups {
		g := &nodeGroup{NodeGroup: &e.cfg.NodeGroups[i]}
		for _, id := range g.Subnets {
			s := e.ec2.named[id]
			if s == nil {
				return fmt.Errorf("node group %s: no subnet %q", g.Name, id)
			}
			g.subnets = append(g.subnets, s)
		}
		if len(g.subnets) == 0 {
			return fmt.Errorf("node group %s has no subnet", g.Name)
		}
		e.groups = append(e.groups, g)
	}
	return nil
}

// expectsNodes reports whether the scenario has nodes at all.
func (e *engine) expectsNodes() bool {
	return slices.ContainsFunc(e.groups, func(g *nodeGroup) bool { return g.Count > 0 || g.Autoscale.Max > 0 }) ||
		slices.ContainsFunc(e.cfg.Steps, func(s Step) bool { _, adds := s.Action.(AddNodes); return adds })
}

// nodeName is the name of the group's node number i, from 0.
func (g *nodeGroup) nodeName(i int) model.NodeName {
	return model.NodeName(fmt.Sprintf("%s-%d", g.Name, i))
}

func (e *engine) group(name string) *nodeGroup {
	for _, g := range e.groups {
		if g.Name == name {
			return g
		}
	}
	return nil
}

// launchGroups launches the nodes of the scenario: all primary addresses are
// taken before the first agent starts.
func (e *engine) launchGroups() {
	for _, g := range e.groups {
		for i := range g.Count {
			at := model.Instant(0).Add(time.Duration(i) * g.Every)
			if at == 0 || e.initial.nodes[g.nodeName(i)] != nil {
				e.launch(g)
			} else {
				e.promise(at, func() { e.launch(g) })
			}
		}
	}
}

// launch launches the group's next node, in the next of its subnets.
func (e *engine) launch(g *nodeGroup) {
	in := g.subnets[g.made%len(g.subnets)]
	if there := e.initial.nodes[g.nodeName(g.made)]; there != nil {
		in = e.ec2.named[there.ENIs[0].Subnet]
	}
	e.launchIn(g, in)
}

// launchIn launches the group's next node in a subnet of its.
func (e *engine) launchIn(g *nodeGroup, s *subnet) {
	if limit := e.cfg.Limits.Nodes; limit > 0 && len(e.nodes) >= limit {
		e.stop(fmt.Sprintf("limits.nodes: %d nodes", limit))
		return
	}
	n := e.newNode(g, s)
	n.name = g.nodeName(g.made)
	n.initial = e.initial.nodes[n.name]
	n.askedAt = e.now
	g.made++
	g.living++
	e.autoscaler.asked(n)
	e.tryLaunch(n)
}

const labelHostname = "kubernetes.io/hostname"

// newNode makes a node of the group as it will be called next, without an
// instance and without a name.
func (e *engine) newNode(g *nodeGroup, s *subnet) *node {
	n := &node{e: e, group: g, subnet: s, annotations: g.Annotations, maxPods: g.MaxPods}
	n.labels = maps.Clone(g.Labels)
	if n.labels == nil {
		n.labels = map[string]string{}
	}
	n.labels["topology.kubernetes.io/zone"] = s.zone
	n.labels[labelHostname] = string(g.nodeName(g.made))
	n.labels["node.kubernetes.io/instance-type"] = g.Type.Name
	n.labels["eks.amazonaws.com/nodegroup"] = g.Name
	n.labels[labelOS] = g.os()
	return n
}

// tryLaunch asks EC2 for the node's instance, and again while it is refused.
func (e *engine) tryLaunch(n *node) {
	if n.initial != nil {
		e.launched(n, e.ec2.restore(n))
		return
	}
	in, err := e.ec2.launch(n, n.subnet, n.group.SecurityGroups)
	if err != nil {
		e.troubles.launchRefused(n, codeOf(err))
		e.after(launchRetry, func() { e.tryLaunch(n) })
		return
	}
	e.launched(n, in)
}

// launched takes in a node whose instance runs.
func (e *engine) launched(n *node, in *instance) {
	e.troubles.launched(n)
	n.instance = in
	n.index = len(e.nodes)
	e.nodes = append(e.nodes, n)
	e.nodeNamed[n.name] = n
	primary := in.enis[0]
	e.platform.joins(n, NodeLaunched{
		Group: n.group.Name, Instance: in.id, InstanceType: in.kind.Name,
		Subnet: n.subnet.ID(), Zone: n.subnet.zone, Existing: n.initial != nil,
		MaxENIs: in.kind.MaxENIs, SlotsPerENI: in.kind.SlotsPerENI(),
		ENI: primary.id, PrimaryAddress: primary.primary, SecurityGroups: primary.groups,
	})
}

// agentStart is from now, when the instance is launched, to its agent's start.
func (n *node) agentStart() time.Duration {
	if n.e.now > 0 {
		return n.group.AgentStartLater
	}
	return n.group.AgentStart
}

// joins gives a Kubernetes node its agent, or its pool on Windows, and shows it
// to the scheduler.
func (e *engine) joins(n *node, launched NodeLaunched) {
	n.agent = newAgent(e, n)
	launched.MaxPods, launched.SystemPods = n.maxPods, n.systemPods()
	launched.BranchENIs = branchLimit(n.instance.kind)
	if kind := n.instance.kind; kind.NetworkCards > 1 && !n.group.Windows {
		launched.NetworkCards, launched.MaxENIsAll = kind.NetworkCards, kind.MaxENIsAllCards
	}
	if n.group.Windows {
		n.windows = newWindowsPool(e, n)
		launched.OS, launched.MaxENIs = osWindows, 1
	}
	e.log(n.name, launched)
	if n.initial != nil {
		e.scheduler.nodeAdded(n)
		n.takeOver()
		e.bindPinned(n)
		return
	}
	life := n.agent.life
	e.promise(e.now.Add(n.agentStart()), func() {
		switch {
		case n.gone:
		case n.windows != nil:
			n.windows.start()
		case n.agent.life == life:
			n.agent.start()
		}
	})
	e.scheduler.nodeAdded(n)
	e.bindPinned(n)
}

// agentUp is the end of an agent's start-up: the node is ready.
func (n *node) agentUp() {
	n.failed = false
	if n.e.failing == n {
		n.e.failing = nil
	}
	if n.ready {
		return
	}
	n.ready, n.readyAt, n.openAt = true, n.e.now, n.e.now
	n.e.log(n.name, NodeReady{})
	n.e.scheduler.nodeChanged(n)
	n.e.autoscaler.nodeReady()
	n.e.controller.nodeEvent(n)
	n.e.workloads.nodeReady(n)
}

// agentFailed is the end of a start-up that failed. A node that was ready stays
// so: the CNI's configuration is in place.
func (n *node) agentFailed(message string) {
	if n.ready || n.failed {
		return
	}
	n.failed = true
	n.e.failing = n
	n.e.log(n.name, NodeNotReady{Reason: message})
	n.e.scheduler.nodeChanged(n)
}

func (n *node) cordon() {
	if n.cordoned {
		return
	}
	n.cordoned = true
	n.e.log(n.name, NodeCordoned{})
	n.e.scheduler.nodeChanged(n)
	n.e.controller.nodeEvent(n)
	n.agent.changed()
}

func (n *node) uncordon() {
	if !n.cordoned {
		return
	}
	n.cordoned = false
	n.e.log(n.name, NodeUncordoned{})
	n.e.scheduler.nodeChanged(n)
	n.e.controller.nodeEvent(n)
	n.agent.changed()
}

// drain cordons the node and deletes its pods at once; those of DaemonSets and
// of the host network's system pods stay.
func (n *node) drain() {
	n.cordon()
	for _, p := range slices.Clone(n.pods) {
		if !p.daemon() {
			n.e.kubelet.delete(p)
		}
	}
}

// terminate takes the node away: its ENIs return to their subnets at once, but
// for those that are not attached, and its pods are gone.
func (n *node) terminate() {
	if n.gone {
		return
	}
	n.gone, n.ready = true, false
	n.group.living--
	if n.e.failing == n {
		n.e.failing = nil
	}
	n.agent.kill()
	pods := n.pods
	n.pods = nil
	for _, p := range pods {
		n.e.kubelet.lost(p)
	}
	if n.windows != nil {
		n.windows.terminated()
	}
	for _, p := range n.agent.pools {
		for _, have := range slices.Clone(p.store.ENIs()) {
			p.dropENI(have, n.instance.eni(have.ID).primary, ByTerminate)
		}
	}
	n.e.ec2.terminate(n.instance)
	n.e.log(n.name, NodeTerminated{})
	n.e.watchOrphans(n.instance)
	n.e.controller.nodeGone(n)
	delete(n.e.nodeNamed, n.name)
	n.e.scheduler.nodeGone(n)
	n.e.workloads.nodeGone(n)
	for _, p := range pods {
		n.e.workloads.podGone(p)
	}
}

// hosts adds a pod to the node's sums.
func (n *node) hosts(p *pod) {
	n.pods = append(n.pods, p)
	n.count(p, 1)
	if n.poolServes(p.spec) {
		n.awaits(p)
	}
	n.e.scheduler.podAdded(p, n)
	n.e.workloads.podBound(p)
}

// loses takes a pod out of them.
func (n *node) loses(p *pod) {
	at := slices.Index(n.pods, p)
	if at < 0 {
		return // the node is gone
	}
	n.pods = slices.Delete(n.pods, at, at+1)
	n.count(p, -1)
	n.addressed(p)
	n.e.scheduler.podLeft(p, n)
}

// Score counts a pod without requests as 100m of CPU and 200 MB of memory, as
// the real scheduler does.
const (
	scoreCPUMilli  = 100
	scoreMemoryMiB = 200
)

func (n *node) count(p *pod, sign int) {
	n.cpuMilli += sign * p.spec.CPUMilli
	n.memoryMiB += sign * p.spec.MemoryMiB
	cpu, memory := scoreRequests(p.spec)
	n.scoreCPU += sign * cpu
	n.scoreMiB += sign * memory
	if p.needsBranch() {
		n.podENIUsed += sign
	}
	if n.e.needsWindowsAddress(p.spec) {
		n.windowsUsed += sign
	}
}

// scoreRequests is what the score counts for a pod.
func scoreRequests(s *PodSpec) (cpuMilli, memoryMiB int) {
	cpuMilli, memoryMiB = s.CPUMilli, s.MemoryMiB
	if cpuMilli == 0 {
		cpuMilli = scoreCPUMilli
	}
	if memoryMiB == 0 {
		memoryMiB = scoreMemoryMiB
	}
	return cpuMilli, memoryMiB
}

// podCount is what counts towards max-pods.
func (n *node) podCount() int { return len(n.pods) + n.systemPods() }

// systemPods are aws-node and kube-proxy, which are pods on Linux only.
func (n *node) systemPods() int {
	if n.group.Windows {
		return 0
	}
	return n.e.cfg.Cluster.SystemPods
}

// os is the group's operating system as the nodes' label has it.
func (g *nodeGroup) os() string {
	if g.Windows {
		return osWindows
	}
	return osLinux
}

// eniConfigName is the name of the ENIConfig that the node asks for: by the
// label of external controllers, by annotation, by label; else "default".
func (n *node) eniConfigName(s model.Settings) string {
	if name := n.labels["vpc.amazonaws.com/externalEniConfig"]; name != "" {
		return name
	}
	if name := n.annotations[s.ENIConfigAnnotation]; name != "" {
		return name
	}
	if name := n.labels[s.ENIConfigLabel]; name != "" {
		return name
	}
	return "default"
}

// branchLimit is how many branch ENIs a node of the type can have, 0 where it
// cannot have a trunk.
func branchLimit(kind model.InstanceType) int {
	if !kind.TrunkingCompatible {
		return 0
	}
	return kind.BranchENIs
}
