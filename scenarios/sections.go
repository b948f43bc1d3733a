package scenarios

import (
	"strconv"
	"strings"

	"vpcsim/model"
	"vpcsim/scenarios/internal/doc"
	"vpcsim/sim"
)

// APIVersion and DocumentKind say of a file that it is a scenario. Both may be
// left out.
const (
	APIVersion   = "vpcsim/v1"
	DocumentKind = "Scenario"
)

// scenario reads the whole file. Sections that others take defaults from come
// first.
func (d *decoder) scenario(v value, s *Scenario) {
	var version, kind string // checked, and not kept
	d.object(v,
		field{"apiVersion", oneOf(d, &version, []string{APIVersion})},
		field{"kind", oneOf(d, &kind, []string{DocumentKind})},
		field{"name", d.name(&s.Name)},
		field{"summary", d.text(&s.Summary)},
		field{"platform", d.platforms(&s.Platform)},
		field{"seed", d.seed(&s.Seed)},
		field{"duration", d.runTime(&s.Duration)},
		field{"limits", d.limits(&s.Limits)},
		field{"vpc", d.vpc(&s.VPC)},
		field{"cluster", d.cluster(&s.Cluster)},
		d.eksOnly("cni", d.cni(&s.CNI)),
		field{"ec2", d.ec2(&s.EC2)},
		d.eksOnly("agent", d.agent(&s.Agent)),
		d.eksOnly("scheduler", d.scheduler(&s.Scheduler)),
		d.eksOnly("kubelet", d.kubelet(&s.Kubelet)),
		d.eksOnly("controller", d.controller(&s.Controller)),
		field{"instanceTypes", d.instanceTypes(&s.InstanceTypes)},
		field{"nodeGroups", list(d, &s.NodeGroups, d.nodeGroup)},
		field{"workloads", list(d, &s.Workloads, d.workload)},
		d.eksOnly("securityGroupPolicies", list(d, &s.SecurityGroupPolicies, d.policy)),
		d.eksOnly("state", d.state(&s.State)),
		field{"steps", list(d, &s.Steps, func(v value, step *Step) { d.step(v, step, s.Agent.Restart) })},
		field{"expect", list(d, &s.Expect, d.expectation)},
	)
	d.require(v, "vpc")
}

func (d *decoder) seed(into *uint64) reader {
	return func(v value) {
		if d.describes(func(s *shape) { s.types, s.bounded = []string{"integer"}, true }) {
			return
		}
		if v.Kind == doc.Number && isDecimal(v.Scalar) {
			if n, err := strconv.ParseUint(v.Scalar, 10, 64); err == nil {
				*into = n
				return
			}
		}
		if n, ok := d.wholeNumber(v); ok && n < 0 {
			d.failAt(v, "must be at least 0")
		}
	}
}

func (d *decoder) runTime(into *Duration) reader {
	return func(v value) {
		mistakes := len(d.errs)
		d.duration(into)(v)
		if len(d.errs) == mistakes && *into == 0 {
			d.failAt(v, "must be more than 0: leave it out to run until nothing changes any more")
		}
	}
}

func (d *decoder) limits(into *Limits) reader {
	return func(v value) {
		d.object(v,
			field{"events", d.integer(&into.Events, 1, most)},
			field{"pods", d.integer(&into.Pods, 1, most)},
			field{"nodes", d.integer(&into.Nodes, 1, most)},
			field{"logSize", d.bytes(&into.LogSize)},
		)
	}
}

func (d *decoder) vpc(into *VPC) reader {
	return func(v value) {
		d.object(v,
			field{"cidrs", list(d, &into.CIDRs, each(d.prefix))},
			field{"subnets", list(d, &into.Subnets, d.subnet)},
		)
		d.require(v, "cidrs", "subnets")
	}
}

func (d *decoder) subnet(v value, into *Subnet) {
	into.Zone = defaultZone
	d.object(v,
		field{"name", d.label(&into.Name)},
		field{"zone", d.label(&into.Zone)},
		field{"cidr", d.prefix(&into.CIDR)},
		field{"ipv6Cidr", d.prefix6(&into.IPv6CIDR)},
		field{"tags", d.words(&into.Tags)},
		field{"inUse", d.inUse(&into.InUse)},
		field{"reservations", list(d, &into.Reservations, d.reservation)},
	)
	d.require(v, "name", "cidr")
}

// label reads text that isn't empty: a name outside of Kubernetes.
func (d *decoder) label(into *string) reader {
	return func(v value) {
		d.text(into)(v)
		if d.describes(func(s *shape) { s.pattern = `\S` }) {
			return
		}
		if v.Kind == doc.Text && strings.TrimSpace(v.Scalar) == "" {
			d.failAt(v, "must not be empty")
		}
	}
}

func (d *decoder) inUse(into *InUse) reader {
	return func(v value) {
		d.object(v,
			field{"count", d.integer(&into.Count, 0, most)},
			field{"placement", oneOf(d, &into.Placement, []string{PlacementScattered, PlacementPacked})},
			field{"addresses", list(d, &into.Addresses, each(d.address))},
		)
		if into.Count > 0 && into.Placement == "" {
			into.Placement = PlacementScattered
		}
		if v.given("placement") && !v.given("count") {
			d.fail(v.path+".placement", "places count addresses, and there is no count")
		}
	}
}

func (d *decoder) reservation(v value, into *Reservation) {
	d.object(v,
		field{"cidr", d.prefix(&into.CIDR)},
		field{"type", oneOf(d, &into.Type, []model.ReservationType{model.ReservationPrefix, model.ReservationExplicit})},
	)
	d.require(v, "cidr", "type")
}

func (d *decoder) cluster(into *Cluster) reader {
	return func(v value) {
		d.object(v,
			field{"name", d.label(&into.Name)},
			field{"ipFamily", d.ipFamily(&into.IPFamily)},
			d.eksOnly("systemPods", d.integer(&into.SystemPods, 0, 1000)),
			d.eksOnly("controlPlaneENIs", d.integer(&into.ControlPlaneENIs, 0, 1000)),
		)
	}
}

func (d *decoder) cni(into *CNI) reader {
	return func(v value) {
		d.object(v,
			field{"version", d.cniVersion(&into.Version)},
			field{"env", d.env(&into.Env)},
			field{"eniConfigs", list(d, &into.ENIConfigs, d.eniConfig)},
			field{"branchCooldown", d.branchCooldown(&into.BranchCooldown)},
			field{"windows", d.windowsKeys(&into.Windows)},
		)
	}
}

const versionPattern = `^v?[0-9]+\.[0-9]+\.[0-9]+(-eksbuild\.[0-9]+)?$`

func (d *decoder) cniVersion(into *model.Version) reader {
	return func(v value) {
		if d.describes(func(s *shape) { s.types, s.pattern = []string{"string"}, versionPattern }) {
			return
		}
		var text string
		d.text(&text)(v)
		if v.Kind != doc.Text {
			return
		}
		version, err := model.ParseVersion(text)
		if err != nil {
			d.failAt(v, "%v", err)
			return
		}
		*into = version
	}
}

func (d *decoder) eniConfig(v value, into *ENIConfig) {
	d.object(v,
		field{"name", d.name(&into.Name)},
		field{"subnet", d.reference(&into.Subnet)},
		field{"securityGroups", d.securityGroups(&into.SecurityGroups)},
	)
	d.require(v, "name", "subnet")
}

func (d *decoder) securityGroup(v value, into *model.SecurityGroup) {
	d.label((*string)(into))(v)
}

func (d *decoder) ec2(into *EC2) reader {
	return func(v value) {
		d.object(v,
			field{"addressOrder", oneOf(d, &into.AddressOrder, []sim.Order{sim.OrderLowest, sim.OrderRandom})},
			field{"latency", d.latency(&into.Latency)},
			field{"throttling", d.boolean(&into.Throttling)},
			field{"branchOverflow", d.boolean(&into.BranchOverflow)},
			field{"quotas", d.quotas(&into.Quotas)},
			field{"reservationFallback", d.boolean(&into.ReservationFallback)},
		)
	}
}

func (d *decoder) quotas(into *Quotas) reader {
	return func(v value) {
		d.object(v,
			field{"networkInterfaces", d.integer(&into.NetworkInterfaces, 0, most)},
			field{"networkAddressUnits", d.integer(&into.NetworkAddressUnits, 0, most)},
		)
	}
}

func (d *decoder) latency(into *Latency) reader {
	return func(v value) {
		if d.describesAny(v, d.only(latencyNone), func(v value) { d.latencies(v, into) }) {
			return
		}
		if v.Kind == doc.Text && v.Scalar == latencyNone {
			*into = Latency{None: true}
			return
		}
		if v.Kind != doc.Map {
			d.failAt(v, "must be none, or a mapping from actions to durations")
			return
		}
		d.latencies(v, into)
	}
}

// latencies reads latencies by action.
func (d *decoder) latencies(v value, into *Latency) {
	fields := make([]field, 0, len(actions)+len(laterActions))
	read := make([]Range, len(actions))
	for i, a := range actions {
		read[i] = into.Actions[a.name]
		fields = append(fields, field{a.name, d.span(&read[i])})
	}
	for _, name := range laterActions {
		fields = append(fields, later(name))
	}
	d.object(v, fields...)
	for i, a := range actions {
		into.Actions[a.name] = read[i]
	}
	d.describes(func(s *shape) { s.name = "latencies" })
}

func (d *decoder) agent(into *Agent) reader {
	return func(v value) {
		d.object(v,
			field{"order", oneOf(d, &into.Order, []sim.Order{sim.OrderOrdered, sim.OrderRandom})},
			field{"restart", d.duration(&into.Restart)},
			field{"exitBackoff", d.repeat(&into.ExitBackoff)},
		)
	}
}

func (d *decoder) scheduler(into *Scheduler) reader {
	return func(v value) {
		d.object(v,
			field{"strategy", oneOf(d, &into.Strategy, []sim.Strategy{sim.StrategyKube, sim.StrategyBinpack, sim.StrategyFirstFit, sim.StrategyRandom})},
			field{"delay", d.duration(&into.Delay)},
			field{"seesAddresses", d.boolean(&into.SeesAddresses)},
		)
	}
}

func (d *decoder) controller(into *Controller) reader {
	return func(v value) {
		d.object(v,
			field{"trunkDelay", d.duration(&into.TrunkDelay)},
			field{"branchDelay", d.duration(&into.BranchDelay)},
			field{"keepsCompleted", d.boolean(&into.KeepsCompleted)},
		)
	}
}

func (d *decoder) kubelet(into *Kubelet) reader {
	return func(v value) {
		d.object(v,
			field{"retry", d.repeat(&into.Retry)},
			field{"start", d.duration(&into.Start)},
		)
	}
}

func (d *decoder) instanceTypes(into *map[string]InstanceTypeOverride) reader {
	return func(v value) {
		if d.describes(func(s *shape) {
			s.types = []string{"object"}
			// A type that is built in: of another two fields are required.
			s.others = d.describe(func(v value) { d.instanceType(v, "m5.large", new(InstanceTypeOverride)) }, v.path+".*")
		}) {
			return
		}
		if !d.is(v, doc.Map) {
			return
		}
		*into = make(map[string]InstanceTypeOverride, len(v.Fields))
		for _, f := range v.Fields {
			var t InstanceTypeOverride
			d.instanceType(v.child(f.Name, f.Value), f.Name, &t)
			(*into)[f.Name] = t
		}
	}
}

// The bounds of an instance type are far above any that exists.
const (
	maxENIs      = 1000
	maxAddresses = 1000
	maxVCPU      = 100_000
	maxMemoryMiB = 1 << 30
)

func (d *decoder) instanceType(v value, name string, into *InstanceTypeOverride) {
	number := func(into **int, least, most int) reader {
		return optional(into, func(n *int) reader { return d.integer(n, least, most) })
	}
	d.object(v,
		field{"maxENIs", number(&into.MaxENIs, 1, maxENIs)},
		field{"ipv4PerENI", number(&into.IPv4PerENI, 2, maxAddresses)},
		field{"vcpu", number(&into.VCPU, 1, maxVCPU)},
		field{"memoryMiB", number(&into.MemoryMiB, 1, maxMemoryMiB)},
		field{"networkCards", number(&into.NetworkCards, 1, maxENIs)},
		field{"maxENIsAllCards", number(&into.MaxENIsAllCards, 1, maxENIs)},
		field{"branchENIs", number(&into.BranchENIs, 0, maxENIs)},
		field{"trunkingCompatible", optional(&into.Trunking, d.boolean)},
		field{"hypervisor", optional(&into.Hypervisor, func(h *string) reader { return oneOf(d, h, []string{"nitro", "xen"}) })},
		field{"bareMetal", optional(&into.BareMetal, d.boolean)},
		field{"ecsTasksTrunking", number(&into.ECSTasksTrunking, 0, maxENIs)},
	)
	if _, known := model.LookupInstanceType(name); !known {
		d.require(v, "maxENIs", "ipv4PerENI")
	}
}

func (d *decoder) nodeGroup(v value, into *NodeGroup) {
	into.OS = osLinux
	into.MaxPods = MaxPods{Expression: maxPodsAuto}
	into.Count = 1
	d.object(v,
		field{"name", d.name(&into.Name)},
		field{"instanceType", d.reference(&into.InstanceType)},
		field{"count", d.integer(&into.Count, 0, most)},
		field{"subnets", list(d, &into.Subnets, each(d.reference))},
		d.eksOnly("maxPods", d.maxPods(&into.MaxPods)),
		d.eksOnly("reservedENIs", d.integer(&into.ReservedENIs, 0, maxENIs)),
		d.eksOnly("labels", d.words(&into.Labels)),
		d.eksOnly("annotations", d.words(&into.Annotations)),
		d.eksOnly("taints", list(d, &into.Taints, d.taint)),
		field{"securityGroups", d.securityGroups(&into.SecurityGroups)},
		field{"every", d.duration(&into.Every)},
		field{"agentStart", optional(&into.AgentStart, d.duration)},
		field{"os", d.os(&into.OS)},
		d.ecsOnly("awsvpcTrunking", d.boolean(&into.AWSVPCTrunking)),
		d.eksOnlyBut("autoscale", ": capacity providers are not supported yet; add instances with addNodes", d.autoscale(&into.Autoscale)),
	)
	d.require(v, "name", "instanceType")
	if len(into.SecurityGroups) == 0 {
		into.SecurityGroups = []model.SecurityGroup{model.SecurityGroup(into.Name)}
	}
}

// autoscale reads how far a group grows.
func (d *decoder) autoscale(into **Autoscale) reader {
	return optional(into, func(a *Autoscale) reader {
		return func(v value) {
			a.Delay = d.delay(defaultAutoscaleDelay)
			d.object(v,
				field{"max", d.integer(&a.Max, 1, most)},
				field{"delay", d.duration(&a.Delay)},
			)
			d.require(v, "max")
		}
	})
}

// effects are what a taint can do. Source: Kubernetes documentation, "Taints
// and Tolerations".
var effects = []string{"NoSchedule", "PreferNoSchedule", "NoExecute"}

func (d *decoder) taint(v value, into *Taint) {
	d.object(v,
		field{"key", d.label(&into.Key)},
		field{"value", d.text(&into.Value)},
		field{"effect", oneOf(d, &into.Effect, effects)},
	)
	d.require(v, "key", "effect")
}

func (d *decoder) toleration(v value, into *Toleration) {
	into.Operator = "Equal"
	d.object(v,
		field{"key", d.text(&into.Key)},
		field{"operator", oneOf(d, &into.Operator, []string{"Equal", "Exists"})},
		field{"value", d.text(&into.Value)},
		field{"effect", oneOf(d, &into.Effect, effects)},
	)
	if into.Key == "" && into.Operator != "Exists" {
		d.failAt(v, "without a key the operator must be Exists")
	}
	if into.Operator == "Exists" && into.Value != "" {
		d.fail(v.path+".value", "the operator Exists takes no value")
	}
}

func (d *decoder) requests(into *Requests) reader {
	return func(v value) {
		d.object(v,
			field{"cpu", d.cpu(&into.CPU)},
			field{"memory", d.memory(&into.Memory)},
			d.eksOnly("vpc.amazonaws.com/pod-eni", d.podENI(&into.PodENI)),
		)
	}
}

func (d *decoder) workload(v value, into *Workload) {
	*into = Workload{
		Kind:           sim.Deployment,
		Namespace:      defaultNamespace,
		ServiceAccount: defaultServiceAccount,
		ReadyAfter:     d.delay(defaultReadyAfter),
		StopAfter:      d.delay(defaultStopAfter),
	}
	if d.onECS() {
		into.Kind, into.Namespace, into.ServiceAccount = sim.Service, "", ""
		into.NetworkMode = sim.NetworkAWSVPC
	}
	replicas := 1
	var more []field // that the mistake about the kind tells of
	asked := ""      // the kind, as it is written
	if v.given("kind") {
		if asked = v.Get("kind").Scalar; asked == "CronJob" {
			for _, name := range cronFields {
				more = append(more, field{name, func(value) {}})
			}
		}
	}
	d.object(v, append(more,
		field{"name", d.name(&into.Name)},
		field{"kind", d.kind(&into.Kind)},
		field{"replicas", d.integer(&replicas, 0, most)},
		field{"at", d.duration(&into.At)},
		field{"requests", d.requests(&into.Requests)},
		d.taskGroups(&into.SecurityGroups),
		d.eksOnlyBut("hostNetwork", ": use networkMode", d.boolean(&into.HostNetwork)),
		d.eksOnly("namespace", d.name(&into.Namespace)),
		d.eksOnly("labels", d.words(&into.Labels)),
		d.eksOnly("serviceAccount", d.name(&into.ServiceAccount)),
		d.eksOnly("serviceAccountLabels", d.words(&into.ServiceAccountLabels)),
		d.eksOnly("annotations", d.words(&into.Annotations)),
		d.eksOnly("nodeSelector", d.words(&into.NodeSelector)),
		d.eksOnly("tolerations", list(d, &into.Tolerations, d.toleration)),
		d.eksOnly("node", d.text(&into.Node)),
		d.eksOnly("completions", d.integer(&into.Completions, 1, most)),
		field{"runFor", d.duration(&into.RunFor)},
		field{"readyAfter", d.duration(&into.ReadyAfter)},
		field{"stopAfter", d.duration(&into.StopAfter)},
		d.ecsOnly("networkMode", oneOf(d, &into.NetworkMode, networkModes)),
		d.ecsOnly("subnets", list(d, &into.Subnets, each(d.reference))),
		d.ecsOnly("placement", d.placement(&into.Placement)),
		// After kind, on which its default depends.
		field{"strategy", func(v value) { d.strategy(v, &into.Strategy, into.Kind) }},
	)...)
	d.require(v, "name")
	if !v.given("strategy") {
		into.Strategy = defaultStrategy(into.Kind)
	}
	if into.Kind != sim.DaemonSet {
		into.Replicas = &replicas
	}
	if asked == "" || asked == string(into.Kind) { // else the fields may be right for what is meant
		d.kindFields(v, into.Kind)
	}
	if d.onECS() {
		d.taskNetwork(v, into.NetworkMode)
		serviceDefaults(into)
	}
}

// kindFields complains about fields that a workload of the kind has not.
func (d *decoder) kindFields(v value, kind sim.WorkloadKind) {
	refuse := func(name, message string) {
		if v.given(name) {
			d.fail(v.path+"."+name, "%s", message)
		}
	}
	if kind == sim.DaemonSet {
		refuse("replicas", "a DaemonSet has a pod on every node, and no replicas")
	}
	if kind != sim.Job && kind != sim.Service {
		refuse("completions", "only the pods of a Job complete; this is a "+string(kind))
		refuse("runFor", "only the pods of a Job complete; this is a "+string(kind))
	}
}

// defaultStrategy: a Deployment replaces a quarter of its pods at a time, the
// others one. Source: Kubernetes API reference, Deployment, DaemonSet and
// StatefulSet.
func defaultStrategy(kind sim.WorkloadKind) Strategy {
	if kind == sim.Service {
		return defaultServiceStrategy()
	}
	if kind == sim.DaemonSet || kind == sim.StatefulSet {
		return Strategy{MaxSurge: &IntOrPercent{}, MaxUnavailable: &IntOrPercent{Value: 1}}
	}
	quarter := func() *IntOrPercent { return &IntOrPercent{Value: defaultSurgePercent, Percent: true} }
	return Strategy{MaxSurge: quarter(), MaxUnavailable: quarter()}
}

func (d *decoder) strategy(v value, into *Strategy, kind sim.WorkloadKind) {
	if kind == sim.Service {
		d.serviceStrategy(v, into)
		return
	}
	*into = defaultStrategy(kind)
	d.object(v,
		field{"maxSurge", d.intOrPercent(into.MaxSurge)},
		field{"maxUnavailable", d.intOrPercent(into.MaxUnavailable)},
		d.ecsOnly("minimumHealthyPercent", nil),
		d.ecsOnly("maximumPercent", nil),
	)
	switch surges := into.MaxSurge.Value != 0; {
	case kind == sim.DaemonSet && surges && into.MaxUnavailable.Value != 0:
		d.failAt(v, "a DaemonSet has either maxSurge or maxUnavailable, which is 1 if it is left out: set maxUnavailable: 0 beside maxSurge, as Kubernetes asks for")
	case kind == sim.StatefulSet && surges:
		d.failAt(v, "a StatefulSet has no maxSurge: its pods have their names for ever")
	case kind == sim.StatefulSet && (into.MaxUnavailable.Value != 1 || into.MaxUnavailable.Percent):
		d.failAt(v, "maxUnavailable of a StatefulSet is not supported yet, but for 1")
	}
	if into.MaxSurge.Value == 0 && into.MaxUnavailable.Value == 0 {
		d.failAt(v, "maxSurge and maxUnavailable are both 0: nothing could ever be replaced")
	}
}

func (d *decoder) intOrPercent(into *IntOrPercent) reader {
	return func(v value) {
		if d.describesAny(v, d.integer(new(int), 0, most), func(value) {
			d.describes(func(s *shape) { s.types, s.pattern = []string{"string"}, `^(100|[1-9]?[0-9])%$` })
		}) {
			return
		}
		digits, percent := strings.CutSuffix(v.Scalar, "%")
		if v.Kind != doc.Text || !percent || !isDecimal(digits) {
			into.Percent = false
			d.integer(&into.Value, 0, most)(v)
			return
		}
		n, err := strconv.Atoi(digits)
		if err != nil || n < 0 || n > 100 {
			d.failAt(v, "%s is not from 0%% to 100%%", quote(v.Scalar))
			return
		}
		*into = IntOrPercent{Value: n, Percent: true}
	}
}

// spreads are the actions that over can spread.
var spreads = []string{"scale", "rollout", "setEnv", "addNodes", "delete"}
