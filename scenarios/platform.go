package scenarios

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"vpcsim/model"
	"vpcsim/scenarios/internal/doc"
	"vpcsim/sim"
)

// A field of the language that only one platform has is refused on the other:
// nothing is ever ignored. What is 0 says nothing and passes.

// platforms reads the platform, on which the meaning of much else depends.
func (d *decoder) platforms(into *Platform) reader {
	return func(v value) {
		oneOf(d, into, []Platform{PlatformEKS, PlatformECS})(v)
		d.platform = *into
	}
}

func (d *decoder) onECS() bool { return d.platform == PlatformECS }

// eksOnly is a field that has no meaning on ECS. Without a reader it is not
// supported yet on EKS.
func (d *decoder) eksOnly(name string, read reader) field {
	return d.eksOnlyBut(name, "", read)
}

// eksOnlyBut is eksOnly with what to use on ECS.
func (d *decoder) eksOnlyBut(name, instead string, read reader) field {
	return d.fieldUnless(name, read, func(v value) string {
		if !d.onECS() || v.Kind == doc.Number && v.Scalar == "0" {
			return ""
		}
		return "is Kubernetes' and has no meaning with platform ecs" + instead
	})
}

// ecsOnly is a field that has no meaning on EKS.
func (d *decoder) ecsOnly(name string, read reader) field {
	return d.fieldUnless(name, read, func(value) string {
		if d.onECS() {
			return ""
		}
		return "is of ECS and has no meaning with platform eks"
	})
}

// fieldUnless is a field that may not be there if there is a reason.
func (d *decoder) fieldUnless(name string, read reader, refused func(value) string) field {
	return field{name, func(v value) {
		message := refused(v)
		if d.describes(func(s *shape) {
			if read != nil {
				*s = *d.describe(read, v.path)
			}
			s.refused = message != ""
			s.notYet = message == "" && read == nil
			s.zero = message != "" && refused(value{&doc.Node{Kind: doc.Number, Scalar: "0"}, v.path}) == ""
		}) {
			return
		}
		if message == "" && read == nil {
			message = notYet
		}
		if message != "" {
			d.add(d.field, v.path, message)
			return
		}
		read(v)
	}}
}

// taskGroups are the security groups of the tasks' ENIs, and on EKS those of the
// pods' branch ENIs.
func (d *decoder) taskGroups(into *[]model.SecurityGroup) field {
	read := d.securityGroups(into)
	return field{"securityGroups", func(v value) {
		mistakes := len(d.errs)
		read(v)
		if n := len(*into); d.onECS() && len(d.errs) == mistakes && n > sim.MaxTaskSecurityGroups {
			d.failAt(v, "%d security groups; a task's network configuration has at most %d", n, sim.MaxTaskSecurityGroups)
		}
	}}
}

// ipFamily reads the addresses of pods. Tasks have IPv4 ones.
func (d *decoder) ipFamily(into *string) reader {
	return func(v value) {
		if d.onECS() {
			oneOf(d, into, []string{familyIPv4}, familyIPv6)(v)
			return
		}
		oneOf(d, into, []string{familyIPv4, familyIPv6})(v)
	}
}

// os reads the operating system of a node group. On ECS all are Linux.
func (d *decoder) os(into *string) reader {
	return func(v value) {
		if d.onECS() {
			oneOf(d, into, []string{osLinux}, osWindows)(v)
			return
		}
		oneOf(d, into, []string{osLinux, osWindows})(v)
	}
}

// kind reads the kind of a workload: on ECS there are only services.
// kindHints say what to write for kinds of Kubernetes that a scenario has not.
var kindHints = map[string]string{
	"CronJob":               "there are no CronJobs: write the Jobs that it makes, each with kind: Job, at and runFor; or a churn step for pods that come and go all the time. simulate import makes the Jobs of a manifest's CronJob",
	"ReplicaSet":            "there are no ReplicaSets: write the Deployment that makes them",
	"ReplicationController": "there are no ReplicationControllers: a Deployment does what they do",
	"Pod":                   "a pod is no workload: a create step makes one, or a Deployment several",
}

// cronFields are those that a CronJob has and a Job has not: of these the hint says
// enough.
var cronFields = []string{
	"schedule", "timeZone", "suspend", "concurrencyPolicy", "jobTemplate", "startingDeadlineSeconds",
	"successfulJobsHistoryLimit", "failedJobsHistoryLimit", "parallelism", "backoffLimit", "activeDeadlineSeconds",
}

func (d *decoder) kind(into *sim.WorkloadKind) reader {
	kubernetes := []sim.WorkloadKind{sim.Deployment, sim.DaemonSet, sim.StatefulSet, sim.Job}
	return func(v value) {
		if d.describes(func(s *shape) {
			s.types, s.words = []string{"string"}, texts(kubernetes)
			if d.onECS() {
				s.words = []string{string(sim.Service)}
			}
		}) {
			return
		}
		kind := sim.WorkloadKind(v.Scalar)
		switch {
		case d.onECS() && slices.Contains(kubernetes, kind):
			d.failAt(v, "%s is Kubernetes'; on ECS a workload is a service", kind)
		case d.onECS():
			oneOf(d, into, []sim.WorkloadKind{sim.Service})(v)
		case kind == sim.Service:
			d.failAt(v, "a service is of ECS (platform: ecs)")
		case kindHints[v.Scalar] != "":
			d.failAt(v, "%s", kindHints[v.Scalar])
		default:
			oneOf(d, into, kubernetes)(v)
		}
	}
}

var networkModes = []sim.NetworkMode{sim.NetworkAWSVPC, sim.NetworkBridge, sim.NetworkHost}

// taskNetwork complains about the parts of a network configuration that a task
// without an ENI of its own has no use for.
func (d *decoder) taskNetwork(v value, mode sim.NetworkMode) {
	if !d.onECS() || mode == "" || mode == sim.NetworkAWSVPC {
		return
	}
	for _, name := range []string{"subnets", "securityGroups"} {
		if v.given(name) {
			d.fail(v.path+"."+name, "are of the tasks' ENIs, and in %s mode tasks have none", mode)
		}
	}
}

// serviceDefaults fills in what a service leaves out: its tasks are spread over
// zones and, in awsvpc mode, have the VPC's default security group. Source:
// Amazon ECS API reference, CreateService and AwsVpcConfiguration.
func serviceDefaults(w *Workload) {
	if len(w.Placement) == 0 {
		w.Placement = []Placement{{Type: sim.PlaceSpread, Field: sim.FieldZone}}
	}
	if w.NetworkMode == sim.NetworkAWSVPC && len(w.SecurityGroups) == 0 {
		w.SecurityGroups = []model.SecurityGroup{defaultTaskGroup}
	}
}

// defaultTaskGroup stands for the default security group of the VPC.
const defaultTaskGroup = "default"

// maxPlacements is how many strategies a service may have. Source: Amazon ECS
// service quotas.
const maxPlacements = 5

// placement reads task placement strategies: one, or a list of them. One is a
// word, or a mapping of type and field.
func (d *decoder) placement(into *[]Placement) reader {
	return func(v value) {
		if d.describesAny(v, func(v value) { d.onePlacement(v, new(Placement)) }, list(d, into, d.onePlacement)) {
			return
		}
		if v.Kind != doc.List {
			*into = make([]Placement, 1)
			d.onePlacement(v, &(*into)[0])
			return
		}
		if len(v.Items) > maxPlacements {
			d.failAt(v, "%d strategies; at most %d", len(v.Items), maxPlacements)
			return
		}
		list(d, into, d.onePlacement)(v)
	}
}

// ecsFields are the fields of placement strategies by the names that ECS has
// for them.
var ecsFields = map[string]sim.PlacementField{
	"attribute:ecs.availability-zone": sim.FieldZone,
	"instanceId":                      sim.FieldInstance,
	"host":                            sim.FieldInstance,
	"CPU":                             sim.FieldCPU,
	"MEMORY":                          sim.FieldMemory,
}

func (d *decoder) onePlacement(v value, into *Placement) {
	types := []sim.PlacementType{sim.PlaceSpread, sim.PlaceBinpack, sim.PlaceRandom}
	read := oneOf(d, &into.Type, types)
	if d.describesAny(v, read, func(v value) {
		d.object(v, field{"type", read}, field{"field", d.placementField(into)})
		d.require(v, "type")
	}) {
		return
	}
	if v.Kind != doc.Map {
		read(v)
	} else {
		d.object(v, field{"type", read}, field{"field", d.placementField(into)})
		d.require(v, "type")
	}
	if into.Field == "" {
		switch into.Type {
		case sim.PlaceSpread:
			into.Field = sim.FieldZone
		case sim.PlaceBinpack:
			into.Field = sim.FieldMemory
		}
	}
}

// placementField reads the field of a strategy whose type is known.
func (d *decoder) placementField(into *Placement) reader {
	return func(v value) {
		if d.describes(func(s *shape) {
			s.types = []string{"string"}
			s.words = append(texts([]sim.PlacementField{sim.FieldZone, sim.FieldInstance, sim.FieldCPU, sim.FieldMemory}), slices.Sorted(maps.Keys(ecsFields))...)
		}) {
			return
		}
		if known, ok := ecsFields[v.Scalar]; ok && v.Kind == doc.Text {
			v.Node = &doc.Node{Kind: doc.Text, Pos: v.Pos, Scalar: string(known)}
		}
		switch into.Type {
		case sim.PlaceSpread:
			oneOf(d, &into.Field, []sim.PlacementField{sim.FieldZone, sim.FieldInstance})(v)
		case sim.PlaceBinpack:
			oneOf(d, &into.Field, []sim.PlacementField{sim.FieldCPU, sim.FieldMemory})(v)
		case sim.PlaceRandom:
			d.failAt(v, "random takes no field")
		}
	}
}

// The bounds of a deployment that a service of ECS has by default. Source: Amazon
// ECS developer guide, "Amazon ECS service definition parameters",
// deploymentConfiguration.
const (
	defaultMinimumHealthy = 100
	defaultMaximum        = 200
)

// serviceStrategy reads the bounds of a service's deployments.
func (d *decoder) serviceStrategy(v value, into *Strategy) {
	*into = defaultServiceStrategy()
	d.object(v,
		field{"minimumHealthyPercent", d.integer(into.MinimumHealthyPercent, 0, 100)},
		field{"maximumPercent", d.integer(into.MaximumPercent, 100, 200)},
		d.eksOnlyBut("maxSurge", ": use maximumPercent", nil),
		d.eksOnlyBut("maxUnavailable", ": use minimumHealthyPercent", nil),
	)
}

func defaultServiceStrategy() Strategy {
	minimum, maximum := defaultMinimumHealthy, defaultMaximum
	return Strategy{MinimumHealthyPercent: &minimum, MaximumPercent: &maximum}
}

// checkTaskNetwork checks the network configuration of tasks.
func (d *decoder) checkTaskNetwork(path string, subnets []string, there names) {
	for i, name := range subnets {
		d.refers(fmt.Sprintf("%s.subnets[%d]", path, i), "subnet", name, there)
	}
	if len(subnets) > sim.MaxTaskSubnets {
		d.fail(path+".subnets", "%d subnets; a task's network configuration has at most %d", len(subnets), sim.MaxTaskSubnets)
	}
}

// instances resolves a node group of ECS: instances whose agent registers all
// of their CPU and memory. Real ones register some per cent less memory, which
// is what the kernel keeps.
func (d *decoder) instances(path string, g *NodeGroup, overrides map[string]InstanceTypeOverride) sim.NodeGroup {
	g.MaxPods = MaxPods{}
	if g.InstanceType == "" {
		return sim.NodeGroup{}
	}
	t, ok := d.typeOf(path+".instanceType", g.InstanceType, overrides)
	if !ok {
		return sim.NodeGroup{}
	}
	d.sizeNotes(path, t)
	if _, trunk := t.TaskENIs(true); g.AWSVPCTrunking && !trunk {
		limit, _ := t.TaskENIs(true)
		d.note("%s.awsvpcTrunking: ECS does not list %s for ENI trunking; its instances take %d tasks in awsvpc mode, as without", path, t.Name, limit)
	}
	start, later := d.agentStart(g)
	return sim.NodeGroup{
		Name:            g.Name,
		Type:            t,
		Count:           g.Count,
		Subnets:         subnetIDs(g.Subnets),
		SecurityGroups:  g.SecurityGroups,
		Every:           time.Duration(g.Every),
		AgentStart:      start,
		AgentStartLater: later,
		CPUMilli:        1000 * t.VCPU,
		MemoryMiB:       t.MemoryMiB,
		AWSVPCTrunking:  g.AWSVPCTrunking,
	}
}
