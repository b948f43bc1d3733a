package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// outcome is what the filters say of a node for a class of pods: that it fits,
// or the first filter that it fails. Of resources all that are short are told,
// as the real filter does.
type outcome int

// The outcomes. Those of resources are bits; a taint's is outcomeTaint plus its
// number in scheduler.taints.
const (
	outcomeFits   outcome = 0
	outcomePods   outcome = 1
	outcomeCPU    outcome = 2
	outcomeMemory outcome = 4
	outcomePodENI outcome = 8
	outcomeIPv4   outcome = 16 // of a Windows node
)

const (
	outcomeCordoned    outcome = 32 + iota
	outcomeNotReady            // its agent's start-up is going on
	outcomeHeldUp              // likewise, and it takes longer since EC2 throttles calls
	outcomeStartFailed         // its agent's start-up has failed
	outcomeSelector
	outcomeAddresses // the first of several, one for each of addressKinds
	outcomeTaint     = outcomeAddresses + outcome(len(addressKinds))
)

// addressKinds are why a node's pool has no address for a pod, where the
// scheduler sees that.
var addressKinds = [...]Kind{
	KindSubnetIPs, KindPrefixFragmentation, KindENILimit, KindThrottling, KindQuota, KindMisconfig, KindCooldown, KindWarmPoolLag,
}

// resource reports whether only pods, CPU, memory, pod-eni or a Windows node's
// addresses are short: were other pods to leave, the node could serve.
func (v outcome) resource() bool { return v > outcomeFits && v < outcomeCordoned || v.addresses() }

// lacks reports whether a resource among those is short.
func (v outcome) lacks(resources outcome) bool { return v < outcomeCordoned && v&resources != 0 }

// addresses reports whether only an address of the node's pool is short.
func (v outcome) addresses() bool { return v >= outcomeAddresses && v < outcomeTaint }

// suits runs the filters that are neither about resources nor about the node's
// present state.
func (n *node) suits(spec *PodSpec) bool {
	return matches(spec.NodeSelector, n) && !slices.ContainsFunc(n.group.Taints, func(t Taint) bool {
		return t.repels() && !tolerates(spec.Tolerations, t)
	})
}

// Taints that the node controller sets and that are no node group's.
var (
	taintNotReady      = Taint{Key: "node.kubernetes.io/not-ready", Effect: "NoSchedule"}
	taintUnschedulable = Taint{Key: "node.kubernetes.io/unschedulable", Effect: "NoSchedule"}
)

// judge runs the filters in the order of the real scheduler: cordon, taints,
// node selector, resources. It reads nothing but the node's sums.
func (s *scheduler) judge(c *podClass, n *node) outcome {
	if n.cordoned && !c.daemon && !tolerates(c.spec.Tolerations, taintUnschedulable) {
		return outcomeCordoned
	}
	for _, t := range n.group.Taints {
		if t.repels() && !tolerates(c.spec.Tolerations, t) {
			return s.taintOutcome(t)
		}
	}
	if !n.ready && !c.daemon && !tolerates(c.spec.Tolerations, taintNotReady) {
		switch {
		case s.holdsUp(c, n):
			return outcomeHeldUp
		case n.failed:
			return outcomeStartFailed
		}
		return outcomeNotReady
	}
	if !matches(c.spec.NodeSelector, n) {
		return outcomeSelector
	}
	v := resources(c.spec, n)
	if v == outcomeFits && s.e.cfg.Scheduler.SeesAddresses && n.poolServes(c.spec) {
		v = n.addressOutcome(c.spec)
	}
	return v
}

// resources compares the pod's requests with what the node has left. A request
// of nothing fits everywhere, on an overcommitted node too. Source: the
// NodeResourcesFit plugin of kube-scheduler.
func resources(spec *PodSpec, n *node) outcome {
	v := outcomeFits
	if n.podCount() >= n.maxPods {
		v |= outcomePods
	}
	if short(spec.CPUMilli, n.cpuMilli, n.group.CPUMilli) {
		v |= outcomeCPU
	}
	if short(spec.MemoryMiB, n.memoryMiB, n.group.MemoryMiB) {
		v |= outcomeMemory
	}
	if needsBranch(spec) && n.podENIUsed >= n.podENI {
		v |= outcomePodENI
	}
	if n.windowsUsed >= n.windowsCapacity && n.e.needsWindowsAddress(spec) {
		v |= outcomeIPv4
	}
	return v
}

// short reports whether a request does not fit; an allocatable of 0 is unknown
// and does not limit.
func short(request, used, allocatable int) bool {
	return request > 0 && allocatable > 0 && used+request > allocatable
}

// repels reports whether the taint keeps pods off: PreferNoSchedule does not.
func (t Taint) repels() bool { return t.Effect == "NoSchedule" || t.Effect == "NoExecute" }

func tolerates(tolerations []Toleration, t Taint) bool {
	return slices.ContainsFunc(tolerations, func(o Toleration) bool { return o.tolerates(t) })
}

func (o Toleration) tolerates(t Taint) bool {
	switch {
	case o.Effect != "" && o.Effect != t.Effect:
		return false
	case o.Key == "" && o.Operator == "Exists":
		return true
	case o.Key != t.Key:
		return false
	default:
		return o.Operator == "Exists" || o.Value == t.Value
	}
}

// matches reports whether the node has all labels of the selector.
func matches(selector map[string]string, n *node) bool {
	for _, key := range slices.Sorted(maps.Keys(selector)) {
		if have, ok := n.labels[key]; !ok || have != selector[key] {
			return false
		}
	}
	return true
}

// taintOutcome numbers the distinct taints that kept a pod off.
func (s *scheduler) taintOutcome(t Taint) outcome {
	t.Effect = "" // the message does not tell it
	i := slices.Index(s.taints, t)
	if i < 0 {
		i = len(s.taints)
		s.taints = append(s.taints, t)
	}
	return outcomeTaint + outcome(i)
}

// tally counts nodes by outcome; outcomeFits is not counted.
type tally []int

func (t *tally) count(v outcome, by int) {
	if v == outcomeFits {
		return
	}
	for len(*t) <= int(v) {
		*t = append(*t, 0)
	}
	(*t)[v] += by
}

// of sums the nodes with a outcome that suits.
func (t tally) of(suits func(outcome) bool) int {
	sum := 0
	for v, n := range t {
		if n > 0 && suits(outcome(v)) {
			sum += n
		}
	}
	return sum
}

// reasons are the texts of a outcome, as the real filters have them.
func (s *scheduler) reasons(v outcome) []string {
	switch v {
	case outcomeCordoned:
		return []string{"node(s) were unschedulable"}
	case outcomeNotReady, outcomeHeldUp, outcomeStartFailed:
		return []string{taintReason(taintNotReady)}
	case outcomeSelector:
		return []string{"node(s) didn't match Pod's node affinity/selector"}
	}
	if v.addresses() {
		return []string{"Insufficient " + resourceAddresses}
	}
	if v >= outcomeTaint {
		return []string{taintReason(s.taints[v-outcomeTaint])}
	}
	var out []string
	if v&outcomePods != 0 {
		out = append(out, "Too many pods")
	}
	if v&outcomeCPU != 0 {
		out = append(out, "Insufficient cpu")
	}
	if v&outcomeMemory != 0 {
		out = append(out, "Insufficient memory")
	}
	if v&outcomePodENI != 0 {
		out = append(out, "Insufficient vpc.amazonaws.com/pod-eni")
	}
	if v&outcomeIPv4 != 0 {
		out = append(out, "Insufficient vpc.amazonaws.com/PrivateIPv4Address")
	}
	return out
}

func taintReason(t Taint) string {
	return fmt.Sprintf("node(s) had untolerated taint {%s: %s}", t.Key, t.Value)
}

// message is what FailedScheduling says where none of the nodes fits.
func (s *scheduler) message(t tally, nodes int) string {
	if nodes == 0 {
		return "no nodes available to schedule pods"
	}
	filtered, preempted := histogram{}, histogram{}
	for v, n := range t {
		if n == 0 {
			continue
		}
		for _, reason := range s.reasons(outcome(v)) {
			filtered[reason] += n
		}
		if outcome(v).resource() {
			preempted["No preemption victims found for incoming pod"] += n
		} else {
			preempted["Preemption is not helpful for scheduling"] += n
		}
	}
	return fmt.Sprintf("0/%[1]d nodes are available: %[2]s. preemption: 0/%[1]d nodes are available: %[3]s.", nodes, filtered, preempted)
}

// histogram counts nodes by text.
type histogram map[string]int

// String lists the entries as the real scheduler does: sorted as text, the
// number included, so that "10 …" comes before "2 …".
func (h histogram) String() string {
	var out []string
	for _, reason := range slices.Sorted(maps.Keys(h)) {
		out = append(out, fmt.Sprintf("%d %s", h[reason], reason))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// kind says which exhaustion it is that no node fits, how many nodes stand
// behind each kind, and the reason, where the kind does not say all. A node
// counts by its first failing filter; max-pods comes before CPU and memory,
// those before pod-eni, that before the addresses of Windows nodes and those
// before pools. The commonest resource reason is the kind.
//
// Where no node is left, or none ever comes, that is a misconfiguration. It is
// none, the empty Kind, while it may only be a matter of waiting: no node
// is ready or has failed to become so, or no resource is short anywhere and a
// node is still starting. So it is for pod-eni while a trunk is on its way.
//
// Where EC2's rate holds that up it is throttling: for pod-eni, and where the nodes
// that start so are more than those short of any one resource, or have room for all
// the pods. Where no start-up succeeds it is what the last one failed for.
func (s *scheduler) kind(t tally, coming onTheWay) (kind Kind, counts map[Kind]int, reason string) {
	pods := t.of(func(v outcome) bool { return v.lacks(outcomePods) })
	cpuMemory := t.of(func(v outcome) bool { return v.lacks(outcomeCPU|outcomeMemory) && !v.lacks(outcomePods) })
	branches := t.of(func(v outcome) bool { return v == outcomePodENI })
	windows := t.of(func(v outcome) bool { return v.lacks(outcomeIPv4) && !v.lacks(outcomePods|outcomeCPU|outcomeMemory) })
	pooled, pools := t.pools()
	starting := t.of(func(v outcome) bool { return v == outcomeNotReady })
	heldUp := t.of(func(v outcome) bool { return v == outcomeHeldUp })
	failed := t.of(func(v outcome) bool { return v == outcomeStartFailed })
	out := t.of(func(v outcome) bool { return !v.resource() && v != outcomeNotReady && v != outcomeHeldUp })

	failedFor := KindMisconfig
	if failed > 0 && s.e.failing != nil {
		failedFor = s.e.failing.agent.diagnoseDown().kind
	}
	counts = map[Kind]int{}
	if failedFor != KindMisconfig {
		out -= failed
		counts[failedFor] = failed
	}
	for _, c := range []struct {
		kind  Kind
		nodes int
	}{{KindMaxPods, pods}, {KindCPUMemory, cpuMemory}, {s.branchKind(), branches}, {KindENILimit, windows}, {KindThrottling, heldUp}, {KindMisconfig, out}} {
		if c.nodes > 0 {
			counts[c.kind] += c.nodes
		}
	}
	if heldUp > 0 && starting > 0 {
		counts[""] = starting
	}
	for i, kind := range addressKinds {
		if n := t.of(func(v outcome) bool { return v == outcomeAddresses+outcome(i) }); n > 0 {
			counts[kind] += n
		}
	}
	switch {
	case s.living == 0 && (len(s.e.nodes) > 0 || !s.e.expectsNodes()):
		return KindMisconfig, counts, ""
	case heldUp > 0 && (coming.room || heldUp > max(pods, cpuMemory, branches, windows, pools)):
		return KindThrottling, counts, reasonStartUp
	case s.decided == 0:
		return "", counts, ""
	case pods > 0 && pods >= max(cpuMemory, branches, windows, pools):
		return KindMaxPods, counts, ""
	case cpuMemory > 0 && cpuMemory >= max(branches, windows, pools):
		return KindCPUMemory, counts, ""
	case windows > max(branches, pools):
		return KindENILimit, counts, ""
	case pools > branches:
		return pooled, counts, reasonAddresses
	case branches > 0 && coming.trunk:
		if why, is := s.e.controller.behind(); is {
			return KindThrottling, counts, why
		}
		return "", counts, ""
	case branches > 0:
		return s.branchKind(), counts, ""
	case starting > 0:
		return "", counts, ""
	case failed > 0 && s.e.failing != nil:
		return failedFor, counts, reasonStartFailed
	default:
		return KindMisconfig, counts, ""
	}
}

// Reasons why no node takes a pod.
const (
	reasonAddresses   = "addresses"       // of the nodes' pools are short
	reasonStartUp     = "start-up"        // EC2's rate holds up the agents' start-up
	reasonStartFailed = "start-up-failed" // it fails
)

// pools counts the nodes whose pools have no address, and says why most have
// none. What cures itself counts only where nothing else is in the way.
func (t tally) pools() (Kind, int) {
	var kind Kind
	best, sum := 0, 0
	for i, k := range addressKinds {
		n := t.of(func(v outcome) bool { return v == outcomeAddresses+outcome(i) })
		sum += n
		if n > best && (best == 0 || !k.Cures()) || n > best && kind.Cures() {
			kind, best = k, n
		}
	}
	return kind, sum
}

// branchKind is the kind of a shortage of pod-eni: no node has any, or those
// that have are full.
func (s *scheduler) branchKind() Kind {
	if s.e.controller.advertised == 0 {
		return KindNoTrunk
	}
	return KindBranchLimit
}
