package expect

import (
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// variables are what an expression can begin with.
var variables = []variable{
	{"now", cel.DurationType, topicTime, func(w *view) ref.Val { return instant(w.at) }},
	{"pods", podsType.cel, 0, func(w *view) ref.Val { return w.pods }},
	{"nodes", cel.ListType(nodeType.cel), topicNodes, func(w *view) ref.Val { return w.nodes() }},
	{"enis", cel.IntType, topicAddresses | topicNodes, func(w *view) ref.Val { return number(w.enis()) }},
	{"addresses", addressesType.cel, 0, func(w *view) ref.Val { return w.addresses }},
	{"subnets", cel.ListType(subnetType.cel), 0, func(w *view) ref.Val { return w.subnets() }},
	{"ec2Calls", callsType, topicCalls, func(w *view) ref.Val { return w.calls(func(a replay.ActionCalls) int { return a.Count }) }},
	{"ec2Refused", callsType, topicCalls, func(w *view) ref.Val { return w.calls(replay.ActionCalls.Refusals) }},
	{"ec2Throttled", cel.IntType, topicCalls, func(w *view) ref.Val { return number(w.s.Calls.Throttled) }},
	{"exhaustion", cel.ListType(exhaustionType.cel), topicExhaustion, func(w *view) ref.Val { return listOf(w, exhaustionType, w.s.Episodes) }},
	{"log", cel.ListType(eventType.cel), topicLog, func(w *view) ref.Val { return w.log.list(w) }},
}

var callsType = cel.MapType(cel.StringType, cel.IntType)

// never is the instant of what has not happened, as a duration: longer than any
// other.
const neverAt = time.Duration(1<<63 - 1)

// instant is an instant as a duration since the start.
func instant(t model.Instant) ref.Val {
	if t == model.Never {
		return types.Duration{Duration: neverAt}
	}
	return length(int64(t))
}

// length is a length of time, given in milliseconds.
func length(ms int64) ref.Val {
	return types.Duration{Duration: time.Duration(ms) * time.Millisecond}
}

// instants makes the two fields of an instant: as a duration, which is named
// like addressedAt, and in milliseconds as run -o json has it, addressedMs.
func instants[T any](name string, reads topics, get func(T) model.Instant) []field {
	isSet := func(v any) bool { return get(v.(T)) != model.Never }
	at := of(name+"At", cel.DurationType, reads, func(_ *view, v T) ref.Val { return instant(get(v)) })
	ms := of(name+"Ms", cel.IntType, reads, func(_ *view, v T) ref.Val { return number(get(v)) })
	at.isSet, ms.isSet = isSet, isSet
	return []field{at, ms}
}

func fieldsOf(groups ...[]field) []field {
	var all []field
	for _, g := range groups {
		all = append(all, g...)
	}
	return all
}

type podsOf struct{} // the only value of podsType

// podsType are all pods together.
var podsType = newObjectType("Pods", nil,
	podCount("created", func(c replay.PodCount) int { return c.Created }),
	podCount("running", func(c replay.PodCount) int { return c.Running }),
	podCount("pending", replay.PodCount.Waiting),
	podCount("containerCreating", func(c replay.PodCount) int { return c.ContainerCreating }),
	podCount("terminating", func(c replay.PodCount) int { return c.Terminating }),
	podCount("succeeded", func(c replay.PodCount) int { return c.Succeeded }),
	podCount("failedAttempts", func(c replay.PodCount) int { return c.FailedAttempts }),
	podCount("gone", func(c replay.PodCount) int { return c.Gone }),
	waits("startLatency", latencyType, fromCreated),
	waits("timeToIP", latencyType, fromBound),
	waits("startLatencyMs", latencyMsType, fromCreated),
	waits("timeToIPMs", latencyMsType, fromBound),
	of("list", cel.ListType(podType.cel), topicPods, func(w *view, _ podsOf) ref.Val { return w.podList() }),
)

func podCount(name string, get func(replay.PodCount) int) field {
	return of(name, cel.IntType, topicPods, func(w *view, _ podsOf) ref.Val { return number(get(w.s.Pods.Count())) })
}

type whichWaits func(*view) *replay.Waits

func fromCreated(w *view) *replay.Waits { return &w.s.Pods.Wait }
func fromBound(w *view) *replay.Waits   { return &w.s.Pods.WaitBound }

func waits(name string, t *objectType, which whichWaits) field {
	return of(name, t.cel, 0, func(w *view, _ podsOf) ref.Val { return t.val(w, which(w)) })
}

// latencyType is how long pods waited for their address, those included that never
// got one; the other is the same in milliseconds.
var latencyType = newObjectType("Latency", nil, percentiles(cel.DurationType, func(d time.Duration) ref.Val {
	return types.Duration{Duration: d}
})...)

var latencyMsType = newObjectType("LatencyMs", nil, percentiles(cel.IntType, func(d time.Duration) ref.Val {
	if d == neverAt {
		return number(model.Never)
	}
	return number(d.Milliseconds())
})...)

func percentiles(t *cel.Type, val func(time.Duration) ref.Val) []field {
	percentile := func(name string, p int) field {
		return of(name, t, topicPods|topicWaiting, func(w *view, l *replay.Waits) ref.Val {
			if l.Count() == 0 {
				return types.WrapErr(nothingError{bound: l == &w.s.Pods.WaitBound})
			}
			return val(w.wait(l, p))
		})
	}
	return []field{
		percentile("p50", 50), percentile("p90", 90), percentile("p99", 99), percentile("max", 100),
		of("count", cel.IntType, topicPods, func(_ *view, l *replay.Waits) ref.Val { return number(l.Count()) }),
	}
}

// podType is one pod, or one task of ECS.
var podType = newObjectType("Pod", func(v any) string { return string(v.(*replay.Pod).Name) }, fieldsOf(
	[]field{
		of("name", cel.StringType, 0, func(_ *view, p *replay.Pod) ref.Val { return text(p.Name) }).named(podName).madeOf(podNaming),
		of("workload", cel.StringType, 0, func(_ *view, p *replay.Pod) ref.Val { return text(p.Workload) }).oneOf(workloads),
		of("node", cel.StringType, topicPods, func(_ *view, p *replay.Pod) ref.Val { return text(p.Node) }).named(nodeName).madeOf(nodeNaming),
		of("phase", cel.StringType, topicPods, func(_ *view, p *replay.Pod) ref.Val { return text(phaseOf(p)) }).oneOf(phases),
		of("hostNetwork", cel.BoolType, 0, func(_ *view, p *replay.Pod) ref.Val { return types.Bool(p.HostNetwork) }),
		of("address", cel.StringType, topicPods, func(_ *view, p *replay.Pod) ref.Val { return text(addressOf(p)) }).named(address),
		of("device", cel.IntType, topicPods, func(_ *view, p *replay.Pod) ref.Val { return number(p.Device) }),
		of("failedAttempts", cel.IntType, topicPods, func(_ *view, p *replay.Pod) ref.Val { return number(p.FailedAttempts) }),
		of("reason", cel.StringType, topicPods, func(_ *view, p *replay.Pod) ref.Val { return text(p.Reason) }).oneOf(kindsOrNone),
		of("message", cel.StringType, topicPods, func(_ *view, p *replay.Pod) ref.Val { return text(p.Message) }),
	},
	instants("created", 0, func(p *replay.Pod) model.Instant { return p.CreatedAt }),
	instants("bound", topicPods, func(p *replay.Pod) model.Instant { return p.BoundAt }),
	instants("addressed", topicPods, func(p *replay.Pod) model.Instant { return p.AddressedAt }),
	instants("ready", topicPods, func(p *replay.Pod) model.Instant { return p.ReadyAt }),
	instants("deleted", topicPods, func(p *replay.Pod) model.Instant { return p.DeletedAt }),
)...)

// phaseGone is the phase of a pod that is no longer there.
const phaseGone replay.Phase = "Gone"

func phaseOf(p *replay.Pod) replay.Phase {
	if p.Phase == "" {
		return phaseGone
	}
	return p.Phase
}

func phases(Scope) []string {
	return texts(replay.Pending, replay.ContainerCreating, replay.Running, replay.Terminating, replay.Succeeded, phaseGone)
}

func addressOf(p *replay.Pod) string {
	if !p.Address.IsValid() {
		return ""
	}
	return p.Address.String()
}

type allAddresses struct{} // the only value of addressesType

// addressesType are the pools of all nodes together.
var addressesType = newObjectType("Addresses", nil,
	pooled("total", topicAddresses, func(t replay.Totals) int { return t.Total }),
	pooled("assigned", topicAddresses, func(t replay.Totals) int { return t.Assigned }),
	pooled("cooling", topicAddresses|topicCooling, func(t replay.Totals) int { return t.Cooling }),
	pooled("free", topicAddresses|topicCooling, replay.Totals.Free),
)

func pooled(name string, reads topics, get func(replay.Totals) int) field {
	return of(name, cel.IntType, reads|topicNodes, func(w *view, _ allAddresses) ref.Val { return number(get(w.totals())) })
}

// exhaustionType is an exhaustion point.
var exhaustionType = newObjectType("Exhaustion", func(v any) string { return episodeTitle(v.(*replay.Episode)) }, fieldsOf(
	[]field{
		of("kind", cel.StringType, 0, func(_ *view, e *replay.Episode) ref.Val { return text(e.Kind) }).oneOf(kinds),
		of("scope", cel.StringType, 0, func(_ *view, e *replay.Episode) ref.Val { return text(e.Scope) }).oneOf(scopes),
		of("name", cel.StringType, 0, func(_ *view, e *replay.Episode) ref.Val { return text(e.Name) }).named(placeName).madeOf(placeNaming),
		of("firstPod", cel.StringType, 0, func(_ *view, e *replay.Episode) ref.Val { return text(e.Pod) }).named(podName).madeOf(podNaming),
		of("pods", cel.IntType, topicExhaustion, func(_ *view, e *replay.Episode) ref.Val { return number(e.Pods) }),
		of("podTime", cel.DurationType, topicExhaustion, func(_ *view, e *replay.Episode) ref.Val { return length(e.PodMs) }),
		of("podMs", cel.IntType, topicExhaustion, func(_ *view, e *replay.Episode) ref.Val { return number(e.PodMs) }),
		of("over", cel.BoolType, topicExhaustion, func(_ *view, e *replay.Episode) ref.Val { return types.Bool(!e.Open()) }),
		of("reason", cel.StringType, 0, func(_ *view, e *replay.Episode) ref.Val { return text(e.Reason) }).oneOf(reasons),
		of("cappedBy", cel.StringType, 0, func(_ *view, e *replay.Episode) ref.Val { return text(e.CappedBy) }).oneOf(list(sim.CappedBy...)),
		of("message", cel.StringType, 0, func(_ *view, e *replay.Episode) ref.Val { return text(e.Message) }),
		of("remedy", cel.StringType, 0, func(_ *view, e *replay.Episode) ref.Val { return text(e.Remedy) }),
		of("numbers", callsType, 0, func(_ *view, e *replay.Episode) ref.Val { return numbers(e.Numbers) }),
	},
	instants("first", 0, func(e *replay.Episode) model.Instant { return e.BeganAt }),
	instants("last", topicExhaustion, func(e *replay.Episode) model.Instant { return e.EndedAt }),
)...)

func episodeTitle(e *replay.Episode) string {
	title := string(e.Kind) + " " + e.Name + " from " + e.BeganAt.String()
	if e.Open() {
		return title
	}
	return title + " to " + e.EndedAt.String()
}

func numbers[K ~string](m map[K]int) ref.Val {
	all := make(map[string]int, len(m))
	for name, n := range m {
		all[string(name)] = n
	}
	return sortedMap{types.NewDynamicMap(types.DefaultTypeAdapter, all)}
}

func kinds(Scope) []string { return texts(sim.Kinds...) }

// kindsOrNone are the kinds, and the empty text where there is none.
func kindsOrNone(s Scope) []string { return append(kinds(s), "") }

func texts[T ~string](words ...T) []string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = string(w)
	}
	return all
}

// actions are the calls to EC2 that there are.
var actions = texts(sim.Actions...)
