package sim

import (
	"fmt"
	"maps"
	"slices"

	"vpcsim/model"
)

// Texts that a real cluster shows. Source: events of EKS clusters with the
// VPC CNI v1.23; the Auto Scaling activity for a launch.
const (
	textSandbox   = `Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox: plugin type="aws-cni" name="aws-cni" failed (add): add cmd: `
	textNoAddress = textSandbox + "failed to assign an IP address to container"
	textAgentDown = textSandbox + "Error received from AddNetwork gRPC call: rpc error: code = Unavailable desc = connection error"
	textLaunch    = "Launching a new EC2 instance. Status Reason: There are not enough free addresses in subnet %q to satisfy the requested number of instances. Launching EC2 instance failed."
)

// verdict is what a failed request or a pod without a node is put down to.
type verdict struct {
	kind     Kind
	scope    string
	name     string
	reason   string
	fault    int // whose refusal it is; 0: of none
	cappedBy string
	message  string
	numbers  func() map[Number]int // asked when an episode begins; nil: none
	remedy   string
}

// place is where an episode is: there is one at a time for each.
type troublePlace struct {
	kind  Kind
	scope string
	name  string
}

// troubles keeps the episodes of exhaustion.
type troubles struct {
	e     *engine
	made  int
	at    map[troublePlace]*episode
	order []*episode // the open ones, by id
	nodes map[model.NodeName]*episode
}

// episode is a spell of one kind of exhaustion at one place. It ends when
// nobody waits for it any more.
type episode struct {
	id       int
	place    troublePlace
	inUse    bool  // that is its reason
	waiting  int   // pods
	launches int   // nodes that cannot be launched, and others that are no pods; they wait, but not in podMs
	pods     int   // that it hit
	podMs    int64 // waited by those that wait no longer
	since    int64 // sum of the instants at which the waiting ones began
}

func newTroubles(e *engine) *troubles {
	return &troubles{e: e, at: map[troublePlace]*episode{}, nodes: map[model.NodeName]*episode{}}
}

// open returns the episodes that have not ended, as they stand now.
func (t *troubles) open() []ExhaustionEnded {
	var out []ExhaustionEnded
	for _, ep := range t.order {
		out = append(out, ep.sum(t.e.now))
	}
	return out
}

func (ep *episode) sum(now model.Instant) ExhaustionEnded {
	waited := ep.podMs + int64(ep.waiting)*int64(now) - ep.since
	return ExhaustionEnded{ID: ep.id, Kind: ep.place.kind, Scope: ep.place.scope, Name: ep.place.name, Pods: ep.pods, PodMs: waited}
}

// enter lets the pod wait for what the verdict says.
func (t *troubles) enter(p *pod, v verdict) {
	at := troublePlace{v.kind, v.scope, v.name}
	if p.wait != nil && p.wait.place == at {
		if p.wait.inUse != inUse(v.reason) {
			t.turn(p, v)
		}
		return
	}
	t.left(p)
	t.wait(p, at, v)
}

// wait lets the pod wait, which waits for nothing else.
func (t *troubles) wait(p *pod, at troublePlace, v verdict) {
	ep := t.episode(at, p.name, v)
	ep.waiting++
	ep.since += int64(t.e.now)
	if !p.hitBy(ep) {
		ep.pods++
	}
	p.wait, p.since = ep, t.e.now
}

// turn ends an episode of cooling branch ENIs as pods hold all that the node may
// have, or the other way round, and begins another for the pods that wait.
func (t *troubles) turn(first *pod, v verdict) {
	ep := first.wait
	others := slices.DeleteFunc(slices.Clone(first.node.pods), func(p *pod) bool { return p.wait != ep || p == first })
	waiting := append([]*pod{first}, others...)
	for _, p := range waiting {
		t.left(p)
	}
	for _, p := range waiting {
		t.wait(p, ep.place, v)
	}
}

// hitBy reports whether the episode has counted the pod before, and notes it.
func (p *pod) hitBy(ep *episode) bool {
	for _, id := range p.hits {
		if id == ep.id {
			return true
		}
	}
	p.hits = append(p.hits, ep.id)
	return false
}

// episode returns the open episode at the place, or opens one.
func (t *troubles) episode(at troublePlace, first model.PodName, v verdict) *episode {
	if ep := t.at[at]; ep != nil {
		return ep
	}
	var numbers map[Number]int
	if v.numbers != nil {
		numbers = v.numbers()
	}
	t.made++
	ep := &episode{id: t.made, place: at, inUse: inUse(v.reason)}
	t.at[at] = ep
	t.order = append(t.order, ep)
	var node model.NodeName
	if at.scope == "node" {
		node = model.NodeName(at.name)
	}
	t.e.log(node, ExhaustionBegan{
		ID: ep.id, Kind: at.kind, Scope: at.scope, Name: at.name, Pod: first,
		Reason: v.reason, Fault: v.fault, CappedBy: v.cappedBy, Message: v.message, Numbers: numbers, Remedy: v.remedy,
	})
	return ep
}

// left says that the pod waits no longer.
func (t *troubles) left(p *pod) {
	ep := p.wait
	if ep == nil {
		return
	}
	p.wait = nil
	ep.podMs += int64(t.e.now - p.since)
	ep.since -= int64(p.since)
	ep.waiting--
	t.endIfOver(ep)
}

// endIfOver ends the episode that nobody waits for any more.
func (t *troubles) endIfOver(ep *episode) {
	if ep.waiting > 0 || ep.launches > 0 {
		return
	}
	delete(t.at, ep.place)
	for i, have := range t.order {
		if have == ep {
			t.order = append(t.order[:i], t.order[i+1:]...)
			break
		}
	}
	var node model.NodeName
	if ep.place.scope == "node" {
		node = model.NodeName(ep.place.name)
	}
	t.e.log(node, ep.sum(t.e.now))
}

// dropped says that the agent has forgotten the address of a pod that lives and
// will hand it out a second time. Nobody waits for it, so its episode is over
// when it begins.
func (t *troubles) dropped(pl *pool, p *pod, l *model.Lease) {
	v := pl.onNode(KindMisconfig, "live-address-dropped", "ENABLE_POD_ENI on a node that gets no trunk makes the agent reconcile every 5 s, and an address that was given back and comes again within 60 s is taken for stale: use an instance type that can have a trunk, or switch ENABLE_POD_ENI off")
	v.message = fmt.Sprintf("the agent dropped %s, which pod %s holds: the address may be given to a second pod", l.Address(), p.name)
	ep := t.episode(troublePlace{v.kind, v.scope, v.name}, p.name, v)
	if !p.hitBy(ep) {
		ep.pods++
	}
	t.endIfOver(ep)
}

// setupFailed classifies a failed request for an address and returns its kind
// and the message that the pod shows.
func (t *troubles) setupFailed(p *pod, why denial) (Kind, string) {
	var v verdict
	switch {
	case p.node.windows != nil:
		v = p.node.windows.diagnose(p)
	case p.node.agent.leavesToBranch(p):
		v = t.e.controller.diagnose(p)
	default:
		v = p.node.agent.diagnose(why)
	}
	if v.kind == "" {
		t.left(p)
	} else {
		t.enter(p, v)
	}
	return v.kind, v.message
}

// unschedulable puts a pending pod down to the kind. An empty kind means that
// nothing is exhausted: no node is ready yet.
func (t *troubles) unschedulable(p *pod, f failure) {
	if f.kind == "" {
		t.left(p)
		return
	}
	numbers := func() map[Number]int {
		out := map[Number]int{NumberNodes: 0}
		for _, k := range slices.Sorted(maps.Keys(f.counts)) {
			out[NumberNodes] += f.counts[k]
			out[outBy[k]] = f.counts[k]
		}
		return out
	}
	v := verdict{
		kind: f.kind, scope: "cluster", name: t.e.cfg.Cluster.Name,
		message: f.message, numbers: numbers, remedy: remedyUnschedulable(f.kind),
	}
	switch {
	case f.reason == reasonAddresses:
		v.reason, v.remedy = f.reason, remedyAddresses(f.kind)
	case f.reason == reasonStartUp:
		v.reason, v.remedy = f.reason, remedyRefused(f.kind, model.RequestLimitExceeded)
		v = t.e.ec2.faultWith(model.RequestLimitExceeded).tell(v)
	case f.kind == KindThrottling && f.reason != reasonStartFailed:
		v.reason, v.remedy = f.reason, remedyBranchRate
	case f.kind == KindMisconfig || f.reason == reasonStartFailed:
		v.reason, v.remedy = t.e.whyNoNode()
	case f.kind == KindNoTrunk && t.at[troublePlace{v.kind, v.scope, v.name}] == nil:
		v.remedy = t.e.whyNoTrunk(v.remedy)
	case t.e.failing != nil: // what is short would not be, with the node that isn't ready
		v.remedy = t.e.failing.agent.remedyFailed() + "; or " + v.remedy
	}
	if p.target == nil && f.kind != KindThrottling {
		v.remedy = t.e.autoscaler.remedy(v.remedy)
	}
	t.enter(p, v)
}

// whyNoNode tells why no node takes a pod although none is full.
func (e *engine) whyNoNode() (reason, remedy string) {
	switch {
	case e.scheduler.living == 0:
		return "no-nodes", "there is no node: add one"
	case e.failing == nil:
		return "no-match", remedyUnschedulable(KindMisconfig)
	}
	return reasonStartFailed, e.failing.agent.remedyFailed()
}

// whyNoTrunk tells of the first node whose trunk EC2 refuses; where there is none the
// ordinary remedy holds.
func (e *engine) whyNoTrunk(ordinary string) string {
	for _, n := range e.nodes {
		if !n.gone && n.trunkSubnet != nil {
			return n.trunkRefused()
		}
	}
	return ordinary
}

// trunkRefused tells that EC2 refuses the node's trunk, and what becomes of it.
func (n *node) trunkRefused() string {
	what := fmt.Sprintf("EC2 refuses the trunk ENI of %s with %s", n.name, n.trunkError)
	if f := n.trunkFault; f != nil {
		what += ": a fault step of the scenario " + f.does()
	}
	return what + "; the resource controller tries again when the node is cordoned or uncordoned, or else when kubelet reports its status, 5 min after the refusal"
}

// outBy names the number of nodes that a kind of reason keeps a pod off.
var outBy = map[Kind]Number{
	KindMaxPods:     NumberAtMaxPods,
	KindCPUMemory:   NumberShortOfCPU,
	KindBranchLimit: NumberAtBranchLimit,
	KindNoTrunk:     NumberWithoutTrunk,
	KindENILimit:    NumberOutOfIPv4,
	KindMisconfig:   NumberNotMatching,
	"":              NumberStarting,
	// Of a scheduler that sees addresses.
	KindSubnetIPs:           NumberInFullSubnets,
	KindPrefixFragmentation: NumberInFragmented,
	KindThrottling:          NumberThrottled,
	KindQuota:               NumberAtQuota,
	KindCooldown:            NumberWithCooling,
	KindWarmPoolLag:         NumberWithGrowingPool,
}

// noSuchNode says that a pod names a node that is not there.
func (t *troubles) noSuchNode(p *pod) {
	message := fmt.Sprintf("node %q not found", p.spec.Node)
	v := verdict{kind: KindMisconfig, scope: "cluster", name: t.e.cfg.Cluster.Name, reason: "no-such-node", message: message,
		remedy: "pin the pod to a node that exists at that instant"}
	t.enter(p, v)
	t.e.log("", PodUnschedulable{p.name, p.workloadName(), KindMisconfig, 1, message})
}

// launchRefused says that the node's instance could not be launched.
func (t *troubles) launchRefused(n *node, code model.ErrorCode) {
	if t.nodes[n.name] != nil {
		return
	}
	v := verdict{
		kind: KindSubnetIPs, scope: "subnet", name: string(n.subnet.ID()), reason: "launch",
		message: fmt.Sprintf(textLaunch, n.subnet.ID()), numbers: n.subnet.numbers,
		remedy: "a larger subnet, or one more in the node group; every node takes an address for itself",
	}
	if kind := kindOf(code); kind != KindSubnetIPs {
		v = verdict{kind: kind, scope: "cluster", name: t.e.cfg.Cluster.Name, reason: "launch", message: string(code), remedy: remedyLaunch(kind, code)}
	}
	ep := t.episode(troublePlace{v.kind, v.scope, v.name}, "", v)
	ep.launches++
	t.nodes[n.name] = ep
}

// launched says that the node's instance was launched at last.
func (t *troubles) launched(n *node) {
	if ep := t.nodes[n.name]; ep != nil {
		delete(t.nodes, n.name)
		ep.launches--
		t.endIfOver(ep)
	}
}
