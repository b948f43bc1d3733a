package scenarios

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"vpcsim/model"
	"vpcsim/sim"
)

// resolve fills in what depends on several parts of the scenario, and builds
// the Config. It runs after the checks, with mistakes, too: those it finds are
// reported with the others.
func (d *decoder) resolve(s *Scenario) {
	var env map[string]string
	var settings model.Settings
	if s.Platform == PlatformECS {
		s.CNI, s.Agent, s.Scheduler, s.Kubelet, s.Controller = CNI{}, Agent{}, Scheduler{}, Kubelet{}, Controller{}
		s.Cluster.SystemPods = 0
	} else {
		env, s.CNI.Env = wholeEnv(s.Cluster.IPFamily, s.CNI.Env)
		settings = d.envNotes(env, s.CNI.Version)
	}
	if len(s.NodeGroups) > maxGroups {
		d.fail("nodeGroups", "%d node groups; at most %d", len(s.NodeGroups), maxGroups)
		return
	}
	windows := d.windows(s)
	groups := make([]sim.NodeGroup, 0, len(s.NodeGroups))
	for i := range s.NodeGroups {
		g := &s.NodeGroups[i]
		if g.Subnets == nil {
			g.Subnets = namesOf(s.VPC.Subnets, func(n Subnet) string { return n.Name })
		}
		path := fmt.Sprintf("nodeGroups[%d]", i)
		if s.Platform == PlatformECS {
			groups = append(groups, d.instances(path, g, s.InstanceTypes))
		} else {
			groups = append(groups, d.group(path, g, s.InstanceTypes, settings, windows))
		}
	}
	workloads := simWorkloads(s.Workloads)
	b := d.newBranches(s)
	if s.Platform != PlatformECS {
		b.workloads(workloads)
	}
	state := d.simState(s, groups, workloads, settings, windows)
	if len(d.errs) > 0 {
		return
	}
	steps := simSteps(s.Platform, s.Steps)
	if s.Platform != PlatformECS {
		b.steps(steps, s.Workloads, workloads)
		b.notes(s, settings)
		s.used = b.used
		d.cardNotes(s, settings, groups)
	}
	if len(d.errs) > 0 {
		return
	}
	slices.Sort(d.notes)
	s.config = sim.Config{
		Name:       s.Name,
		Seed:       s.Seed,
		Platform:   simPlatform(s.Platform),
		Duration:   time.Duration(s.Duration),
		Notes:      slices.Compact(d.notes),
		State:      state,
		Subnets:    simSubnets(s.VPC.Subnets),
		Cluster:    sim.ClusterConfig{Name: s.Cluster.Name, SystemPods: s.Cluster.SystemPods, ControlPlaneENIs: s.Cluster.ControlPlaneENIs},
		CNI:        sim.CNIConfig{Version: s.CNI.Version, Env: env, ENIConfigs: simENIConfigs(s.CNI.ENIConfigs), BranchCooldown: s.CNI.BranchCooldown, Windows: s.CNI.Windows},
		EC2:        simEC2(s.EC2),
		Agent:      sim.AgentConfig{Order: s.Agent.Order, Restart: time.Duration(s.Agent.Restart), Exit: simBackoff(s.Agent.ExitBackoff)},
		Scheduler:  sim.SchedulerConfig{Strategy: s.Scheduler.Strategy, Delay: time.Duration(s.Scheduler.Delay), SeesAddresses: s.Scheduler.SeesAddresses},
		Kubelet:    sim.KubeletConfig{Start: time.Duration(s.Kubelet.Start), NeverRetry: s.Kubelet.Retry.Never, Retry: s.Kubelet.Retry.sim()},
		Controller: sim.ControllerConfig{TrunkDelay: time.Duration(s.Controller.TrunkDelay), BranchDelay: time.Duration(s.Controller.BranchDelay), KeepsCompleted: s.Controller.KeepsCompleted},
		NodeGroups: groups,
		Workloads:  workloads,
		Steps:      steps,
		Limits:     sim.Limits{Events: s.Limits.Events, Pods: s.Limits.Pods, Nodes: s.Limits.Nodes, LogBytes: s.Limits.LogSize},
	}
	d.seal(s)
}

// seal writes the canonical form and its digest: the first 16 hex digits of
// the SHA-256 of it and, where the scenario replays traces, of the SHA-256 of
// each. Expectations are not in it: they are about the run, and changing one
// must not change it.
func (d *decoder) seal(s *Scenario) {
	played := *s
	played.Expect = nil
	canonical, err := json.Marshal(&played)
	if err != nil {
		panic(fmt.Sprintf("writing the resolved scenario %s: %v", s.Name, err))
	}
	sum := sha256.New()
	sum.Write(canonical)
	for _, step := range s.Steps {
		if step.Replay != nil {
			sum.Write([]byte(step.Replay.digest))
		}
	}
	s.config.Scenario = canonical
	s.config.Digest = hex.EncodeToString(sum.Sum(nil))[:16]
}

// typeOf finds an instance type and applies the scenario's changes to it.
func (d *decoder) typeOf(path, name string, overrides map[string]InstanceTypeOverride) (model.InstanceType, bool) {
	t, known := model.LookupInstanceType(name)
	o, changed := overrides[name]
	if !known && !changed {
		message := fmt.Sprintf("unknown instance type %s", name)
		if nearest := cmp.Or(first(model.NearInstanceTypes(name, 1)), d.near(name, slices.Sorted(maps.Keys(overrides)))); nearest != "" {
			message += fmt.Sprintf(" (did you mean %s?)", nearest)
		}
		d.fail(path, "%s", message)
		return t, false
	}
	if !known {
		// What EC2 launches today has one network card or more and is Nitro.
		t = model.InstanceType{Name: name, NetworkCards: 1, Hypervisor: "nitro"}
	}
	replace(&t.MaxENIs, o.MaxENIs)
	replace(&t.IPv4PerENI, o.IPv4PerENI)
	replace(&t.VCPU, o.VCPU)
	replace(&t.MemoryMiB, o.MemoryMiB)
	replace(&t.NetworkCards, o.NetworkCards)
	replace(&t.BranchENIs, o.BranchENIs)
	replace(&t.ECSTasksTrunking, o.ECSTasksTrunking)
	if o.MaxENIs != nil || o.MaxENIsAllCards != nil {
		t.ECSTasks = 0 // published for the number that was replaced
	}
	replace(&t.TrunkingCompatible, o.Trunking)
	replace(&t.Hypervisor, o.Hypervisor)
	replace(&t.BareMetal, o.BareMetal)
	// Nearly every type of the table has as many on each card as on the default one.
	if !known || o.MaxENIs != nil || o.NetworkCards != nil {
		t.MaxENIsAllCards = t.MaxENIs * t.NetworkCards
	}
	replace(&t.MaxENIsAllCards, o.MaxENIsAllCards)
	if err := checkCards(t); err != nil {
		d.fail(fmt.Sprintf("instanceTypes.%s.maxENIsAllCards", name), "%v", err)
		return t, false
	}
	return t, true
}

func replace[T any](into *T, with *T) {
	if with != nil {
		*into = *with
	}
}

func first(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return names[0]
}

// group resolves a node group: its type's limits, max-pods, what pods may
// request.
func (d *decoder) group(path string, g *NodeGroup, overrides map[string]InstanceTypeOverride, settings model.Settings, windows model.WindowsSettings) sim.NodeGroup {
	if g.InstanceType == "" {
		return sim.NodeGroup{}
	}
	t, ok := d.typeOf(path+".instanceType", g.InstanceType, overrides)
	if !ok {
		return sim.NodeGroup{}
	}
	capacity := d.podCapacity(path, g, t, settings)
	allocatable, err := t.Allocatable(capacity)
	if err != nil {
		d.fail(path+".maxPods", "%v", err)
	}
	if g.OS == osWindows {
		d.windowsTypeNotes(path, t, windows)
	} else {
		d.typeNotes(path, t, settings)
	}
	start, later := d.agentStart(g)
	return sim.NodeGroup{
		Name:            g.Name,
		Type:            t,
		Windows:         g.OS == osWindows,
		Count:           g.Count,
		Subnets:         subnetIDs(g.Subnets),
		MaxPods:         capacity,
		Labels:          g.Labels,
		Annotations:     g.Annotations,
		Taints:          simTaints(g.Taints),
		SecurityGroups:  g.SecurityGroups,
		Every:           time.Duration(g.Every),
		AgentStart:      start,
		AgentStartLater: later,
		Autoscale:       simAutoscale(g.Autoscale),
		CPUMilli:        allocatable.CPUMilli,
		MemoryMiB:       allocatable.MemoryMiB,
	}
}

func simAutoscale(a *Autoscale) sim.AutoscaleConfig {
	if a == nil {
		return sim.AutoscaleConfig{}
	}
	return sim.AutoscaleConfig{Max: a.Max, Delay: time.Duration(a.Delay)}
}

func (d *decoder) sizeNotes(path string, t model.InstanceType) {
	if t.VCPU == 0 {
		d.note("%s: the vCPUs of %s are unknown; CPU limits nothing", path, t.Name)
	}
	if t.MemoryMiB == 0 {
		d.note("%s: the memory of %s is unknown; memory limits nothing", path, t.Name)
	}
}

func (d *decoder) typeNotes(path string, t model.InstanceType, settings model.Settings) {
	d.sizeNotes(path, t)
	_, ignored := settings.ForType(t)
	for _, line := range ignored {
		d.note("%s: %s", path, line)
	}
}

// agentStart is from launch to the agent's start: what the group says, or at
// once for the nodes of the beginning and 45 s for those that join later.
func (d *decoder) agentStart(g *NodeGroup) (start, later time.Duration) {
	if g.AgentStart != nil {
		return time.Duration(*g.AgentStart), time.Duration(*g.AgentStart)
	}
	return 0, time.Duration(d.delay(Duration(defaultJoinStart)))
}

func simSubnets(subnets []Subnet) []sim.SubnetConfig {
	configs := make([]sim.SubnetConfig, 0, len(subnets))
	for _, n := range subnets {
		c := sim.SubnetConfig{
			Name:        model.SubnetID(n.Name),
			Zone:        n.Zone,
			CIDR:        n.CIDR,
			Tags:        n.Tags,
			IPv6CIDR:    n.IPv6CIDR,
			InUse:       n.InUse.Addresses,
			InUseCount:  n.InUse.Count,
			InUsePacked: n.InUse.Placement == PlacementPacked,
		}
		for _, r := range n.Reservations {
			c.Reservations = append(c.Reservations, model.Reservation{CIDR: r.CIDR, Type: r.Type})
		}
		configs = append(configs, c)
	}
	return configs
}

func subnetIDs(names []string) []model.SubnetID {
	ids := make([]model.SubnetID, len(names))
	for i, name := range names {
		ids[i] = model.SubnetID(name)
	}
	return ids
}

func simENIConfigs(configs []ENIConfig) []sim.ENIConfig {
	var all []sim.ENIConfig
	for _, c := range configs {
		all = append(all, sim.ENIConfig{Name: c.Name, Subnet: model.SubnetID(c.Subnet), SecurityGroups: c.SecurityGroups})
	}
	return all
}

func simEC2(e EC2) sim.EC2Config {
	c := sim.EC2Config{Order: e.AddressOrder, Latency: map[sim.Action]sim.Range{}, Throttling: e.Throttling, BranchLimit: !e.BranchOverflow, Quotas: sim.Quotas{ENIs: e.Quotas.NetworkInterfaces, Units: e.Quotas.NetworkAddressUnits}, ReservationFallback: e.ReservationFallback}
	if e.Latency.None {
		return c
	}
	c.DetachPause = defaultDetachPause
	for _, name := range slices.Sorted(maps.Keys(e.Latency.Actions)) {
		c.Latency[sim.Action(name)] = e.Latency.Actions[name].sim()
	}
	c.Refused = c.Latency[latencyRefused]
	delete(c.Latency, latencyRefused)
	return c
}

func simBackoff(r Repeat) sim.Backoff {
	return sim.Backoff{Never: r.Never, Min: time.Duration(r.Min), Max: time.Duration(r.Max)}
}

func simTaints(taints []Taint) []sim.Taint {
	var all []sim.Taint
	for _, t := range taints {
		all = append(all, sim.Taint{Key: t.Key, Value: t.Value, Effect: t.Effect})
	}
	return all
}

func simWorkloads(workloads []Workload) []sim.Workload {
	all := make([]sim.Workload, 0, len(workloads))
	for _, w := range workloads {
		c := sim.Workload{
			Name:        model.WorkloadName(w.Name),
			Kind:        w.Kind,
			At:          time.Duration(w.At),
			Completions: w.Completions,
			Pod:         simPod(w),
		}
		if w.Replicas != nil {
			c.Replicas = *w.Replicas
		}
		if s := w.Strategy; w.Kind == sim.Service {
			c.MinimumHealthyPercent, c.MaximumPercent = *s.MinimumHealthyPercent, *s.MaximumPercent
		} else {
			c.MaxSurge, c.MaxUnavailable = sim.IntOrPercent(*s.MaxSurge), sim.IntOrPercent(*s.MaxUnavailable)
		}
		all = append(all, c)
	}
	return all
}

func simPod(w Workload) sim.PodSpec {
	p := sim.PodSpec{
		Namespace:      w.Namespace,
		Labels:         w.Labels,
		ServiceAccount: w.ServiceAccount,
		Annotations:    w.Annotations,
		NodeSelector:   w.NodeSelector,
		CPUMilli:       int(w.Requests.CPU),
		MemoryMiB:      int(w.Requests.Memory),
		PodENI:         w.Requests.PodENI > 0,
		HostNetwork:    w.HostNetwork,
		Node:           model.NodeName(w.Node),
		ReadyAfter:     time.Duration(w.ReadyAfter),
		StopAfter:      time.Duration(w.StopAfter),
		RunFor:         time.Duration(w.RunFor),
	}
	if w.Kind == sim.Service {
		p.Task = simTask(w)
	} else {
		p.BranchGroups = w.SecurityGroups
	}
	for _, t := range w.Tolerations {
		p.Tolerations = append(p.Tolerations, sim.Toleration{Key: t.Key, Operator: t.Operator, Value: t.Value, Effect: t.Effect})
	}
	return p
}

func simTask(w Workload) sim.TaskSpec {
	t := sim.TaskSpec{NetworkMode: w.NetworkMode, Subnets: taskSubnets(w.Subnets), SecurityGroups: w.SecurityGroups}
	for _, p := range w.Placement {
		t.Placement = append(t.Placement, sim.Placement(p))
	}
	return t
}

// taskSubnets are none where none is named.
func taskSubnets(names []string) []model.SubnetID {
	if len(names) == 0 {
		return nil
	}
	return subnetIDs(names)
}

// simPlatform is empty for EKS, as the log has it.
func simPlatform(p Platform) sim.Platform {
	if p == PlatformECS {
		return sim.PlatformECS
	}
	return ""
}

func simSteps(platform Platform, steps []Step) []sim.Step {
	all := make([]sim.Step, 0, len(steps))
	for _, step := range steps {
		all = append(all, sim.Step{At: time.Duration(step.At), Over: time.Duration(step.Over), Action: simAction(platform, step)})
	}
	return all
}

func simAction(platform Platform, s Step) sim.StepAction {
	switch {
	case s.Scale != nil:
		return sim.Scale{Workload: model.WorkloadName(s.Scale.Workload), Replicas: s.Scale.Replicas}
	case s.Rollout != nil:
		return sim.Rollout{Workload: model.WorkloadName(s.Rollout.Workload)}
	case s.Create != nil:
		return simCreate(platform, *s.Create)
	case s.Delete != nil:
		return sim.Delete{Pod: model.PodName(s.Delete.Pod), Workload: model.WorkloadName(s.Delete.Workload), Count: s.Delete.Count}
	case s.SetEnv != nil:
		return sim.SetEnv{Env: s.SetEnv}
	case s.AddNodes != nil:
		return sim.AddNodes{Group: s.AddNodes.Group, Count: s.AddNodes.Count}
	case s.Cordon != nil:
		return sim.Cordon{Node: model.NodeName(s.Cordon.Node)}
	case s.Uncordon != nil:
		return sim.Uncordon{Node: model.NodeName(s.Uncordon.Node)}
	case s.Drain != nil:
		return sim.Drain{Node: model.NodeName(s.Drain.Node)}
	case s.Terminate != nil:
		return sim.Terminate{Node: model.NodeName(s.Terminate.Node)}
	case s.RestartAgent != nil:
		return sim.RestartAgent{Node: model.NodeName(s.RestartAgent.Node), Gap: time.Duration(s.RestartAgent.Gap), Env: s.RestartAgent.Env}
	case s.TagSubnet != nil:
		return sim.TagSubnet{Subnet: model.SubnetID(s.TagSubnet.Subnet), Tags: s.TagSubnet.Tags}
	case s.SetBranchCooldown != nil:
		return sim.SetBranchCooldown{Seconds: s.SetBranchCooldown.Seconds}
	case s.SetWindows != nil:
		return sim.SetWindows{Keys: s.SetWindows}
	case s.RestartController != nil:
		return sim.RestartController{}
	case s.Fault != nil:
		return sim.Fault{
			Action: s.Fault.Action, Node: model.NodeName(s.Fault.Node), Error: s.Fault.Error,
			Count: s.Fault.Count, For: time.Duration(s.Fault.For), Latency: time.Duration(s.Fault.Latency),
		}
	case s.Churn != nil:
		return sim.Churn{
			Workload:  model.WorkloadName(s.Churn.Workload),
			PerMinute: s.Churn.PerMinute,
			Lifetime:  s.Churn.Lifetime.sim(),
			For:       time.Duration(s.Churn.For),
		}
	case s.Replay != nil:
		return sim.Replay{Pods: s.Replay.pods}
	}
	panic(fmt.Sprintf("a step at %s without an action passed the checks", s.At))
}

func simCreate(platform Platform, c Create) sim.Create {
	spec := sim.PodSpec{
		Labels:    c.Labels,
		CPUMilli:  int(c.Requests.CPU),
		MemoryMiB: int(c.Requests.Memory),
		PodENI:    c.Requests.PodENI > 0,
		Node:      model.NodeName(c.Node),
	}
	if platform == PlatformECS {
		spec.Task = sim.TaskSpec{NetworkMode: c.NetworkMode, Subnets: taskSubnets(c.Subnets), SecurityGroups: c.SecurityGroups}
	} else {
		spec.BranchGroups = c.SecurityGroups
	}
	return sim.Create{Pod: model.PodName(c.Pod), Workload: model.WorkloadName(c.Workload), Spec: spec}
}
