package explain

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
	"vpcsim/sim/rules"
)

// errCut ends a run that has been looked at long enough.
var errCut = errors.New("seen enough")

// story is the log retold as a chain of links, in which the same thing is told
// once.
type story struct {
	x      *view.Explanation
	node   model.NodeName // whose agent is followed; may be empty
	agent  *agent
	queue  *deleteQueue // of the node's branch ENIs
	region region
	// controller is the start of the resource controller, from which its passes over all
	// pods count.
	controller model.Instant
	state      *replay.State // before the event that is being told

	// faults are the numbers of the scenario's faults behind the last refusals of a
	// code, 0 where EC2 refused by itself, by node.
	faults map[model.NodeName]map[model.ErrorCode]int

	links   map[string][]int // by key
	same    []string         // by link: what makes another one the same
	origins map[netip.Prefix]origin
	grows   int // the link of the last check that wanted to grow; −1: none, or it called EC2
	growsOn int // its network card
}

// origin is where a free block, or an address of it, comes from.
type origin struct {
	at   model.Instant
	text string
}

func newStory(s *replay.State, node model.NodeName) *story {
	return &story{
		x: view.NewExplanation(s), node: node, state: s,
		faults: map[model.NodeName]map[model.ErrorCode]int{},
		links:  map[string][]int{}, origins: map[netip.Prefix]origin{},
		queue: &deleteQueue{base: model.Never, cooldown: model.BranchCooldownDefault}, grows: -1,
	}
}

// alike is how many links of a kind are told with their own numbers.
const alike = 3

// add tells a link, or counts it as another one of its kind.
func (st *story) add(key string, l view.Link) { st.addAs(key, l.What+"\n"+l.Why, l) }

// addAs does so, where same says what the link says: one that says the same as
// the last of its kind is counted, and so is any once enough of a kind are told.
func (st *story) addAs(key, same string, l view.Link) {
	l.UntilMs, l.Times = l.AtMs, 1
	have := st.links[key]
	if n := len(have); key != "" && n > 0 {
		last := &st.x.Chain[have[n-1]]
		if n >= alike || st.same[have[n-1]] == same {
			last.Times++
			last.UntilMs = l.AtMs
			return
		}
	}
	st.links[key] = append(have, len(st.x.Chain))
	st.x.Chain = append(st.x.Chain, l)
	st.same = append(st.same, same)
}

// follow folds an event into the agent of the node, after it was told.
func (st *story) follow(e sim.Event) {
	if b, ok := e.Body.(sim.RunStarted); ok {
		st.queue = newDeleteQueue(resolvedOf(b))
	}
	st.region.apply(e)
	st.blame(e)
	if _, ok := e.Body.(sim.ControllerRestarted); ok {
		st.controller = e.At
	}
	if e.Node == st.node || e.Node == "" {
		st.queue.apply(e)
	}
	if b, ok := e.Body.(sim.NodeLaunched); ok && e.Node == st.node && st.node != "" {
		st.agent = newAgent(b)
	}
	if st.agent == nil {
		return
	}
	switch b := e.Body.(type) {
	case sim.PodReleased:
		st.gaveUp(e.At, b.Pod, b.Address, b.CoolUntilMs)
		for _, more := range b.More {
			st.gaveUp(e.At, b.Pod, more.Address, more.CoolUntilMs)
		}
		st.agent.apply(e)
		return
	case sim.PodSetupFailed:
		if e.Node == st.node {
			for _, back := range b.GaveBack {
				st.origins[single(back.Address)] = origin{e.At, cooledUntil(fmt.Sprintf("a failed attempt of %s gave it back at %s", b.Pod, view.Instant(e.At)), back.CoolUntilMs)}
			}
		}
	}
	if e.Node != st.node {
		return
	}
	st.amend(e.At)
	switch b := e.Body.(type) {
	case sim.ENIAttached:
		st.came(e.At, eniName(b.Card, b.Device), blocksOf(b.Addresses, b.Prefixes))
	case sim.AddressesAdded:
		st.came(e.At, eniName(b.Card, b.Device), blocksOf(b.Addresses, b.Prefixes))
	}
	st.agent.apply(e)
}

// gaveUp notes that a pod, maybe of the node, gives an address up.
func (st *story) gaveUp(at model.Instant, pod model.PodName, addr netip.Addr, until *model.Instant) {
	if addr.IsValid() && slices.ContainsFunc(st.agent.holders, func(h *holder) bool { return h.pod == pod && h.addr == addr }) {
		st.origins[single(addr)] = origin{at, cooledUntil(fmt.Sprintf("%s gave it up at %s", pod, view.Instant(at)), until)}
	}
}

func cooledUntil(text string, until *model.Instant) string {
	if until == nil {
		return text
	}
	return fmt.Sprintf("%s, and it cooled until %s", text, view.Instant(*until))
}

func (st *story) came(at model.Instant, eni string, blocks []netip.Prefix) {
	for _, b := range blocks {
		what := "it"
		if !b.IsSingleIP() {
			what = "its prefix " + b.String()
		}
		st.origins[b] = origin{at, fmt.Sprintf("%s came to %s at %s", what, eni, view.Instant(at))}
	}
}

// originOf says where a free address came from.
func (st *story) originOf(addr netip.Addr, prefix netip.Prefix) string {
	own, was := st.origins[single(addr)]
	if !prefix.IsValid() {
		return own.text
	}
	if block := st.origins[prefix]; !was || block.at > own.at {
		return block.text
	}
	return own.text
}

func single(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

// tellNode tells what the node's agent, EC2 and the controller do.
func (st *story) tellNode(e sim.Event) {
	switch b := e.Body.(type) {
	case sim.PoolGrow:
		st.tellDecision(e.At, verdict{grows, b.PoolDecision, model.PoolStats{}})
	case sim.PoolShrink:
		st.tellDecision(e.At, verdict{shrinks, b.PoolDecision, model.PoolStats{}})
	case sim.PoolSkip:
		st.tellDecision(e.At, verdict{skips, b.PoolDecision, model.PoolStats{}})
	case sim.PoolFree:
		st.tellFree(e.At, b)
	case sim.EC2Returned:
		st.tellRefusal(e.At, b.CallFields)
	case sim.ENIAttached:
		switch {
		case b.Pod != "":
		case b.Kind == model.ENIPrimary && b.By == sim.ByECS:
			st.add("", view.Link{AtMs: e.At, What: fmt.Sprintf("%s (%s) is there from the launch", eniName(b.Card, b.Device), b.Kind)})
		default:
			st.tellBlocks(e.At, fmt.Sprintf("%s (%s) comes", eniName(b.Card, b.Device), b.Kind), "with", len(b.Addresses), len(b.Prefixes), b.By)
		}
	case sim.AddressesAdded:
		st.tellBlocks(e.At, eniName(b.Card, b.Device)+" gets", "", len(b.Addresses), len(b.Prefixes), b.By)
	case sim.AddressesRemoved:
		st.tellBlocks(e.At, eniName(b.Card, b.Device)+" gives back", "", len(b.Addresses), len(b.Prefixes), givenBack(b.By))
	case sim.ENIDetached:
		if b.Kind != model.ENITask && b.Kind != model.ENIBranch {
			st.tellBlocks(e.At, eniName(b.Card, b.Device)+" leaves", "with", len(b.Addresses), len(b.Prefixes), b.By)
		}
	case sim.ENIExcluded:
		st.add("excluded", view.Link{AtMs: e.At, What: eniName(b.Card, b.Device) + " is excluded: it serves no new pods", Why: "by the tags of its subnet"}.Bad())
	default:
		st.tellLife(e)
	}
}

// tellLife tells what happens to the node and its agent as a whole.
func (st *story) tellLife(e sim.Event) {
	switch b := e.Body.(type) {
	case sim.AgentExited:
		what := "the node's agent restarts"
		if b.Error != "" {
			what = "the node's agent can't start: " + b.Error
		}
		st.add("exit"+b.Error, view.Link{AtMs: e.At, What: what, Why: "while it is down every request fails", Rule: rules.By(sim.ByStart)}.Bad())
	case sim.AgentStarted:
		what, why := "the node's agent is up", ""
		switch {
		case st.state.Started.Platform == sim.PlatformECS:
			what = "the ECS agent registers the container instance"
		case st.agent != nil && st.agent.windows():
			what = "the resource controller manages the node's pool"
		case b.Start > 1:
			why = "it has forgotten what cooled, how old ENIs are, and its back-off"
		}
		st.add("started", view.Link{AtMs: e.At, What: what, Why: why})
	case sim.PoolConfigured:
		what := "the resource controller keeps the node's pool by other targets"
		if st.agent != nil && st.agent.settings.PrefixDelegation != b.Settings.PrefixDelegation {
			what = "prefix mode is switched " + map[bool]string{true: "on", false: "off"}[b.Settings.PrefixDelegation]
		}
		st.add("", view.Link{AtMs: e.At, What: what, Why: fmt.Sprintf("the ConfigMap amazon-vpc-cni was changed; the node offers %s, and pods keep those that they have", view.Count(b.Capacity, "address"))})
	case sim.NodeCordoned:
		st.add("", view.Link{AtMs: e.At, What: "the node is cordoned"}.Bad())
	case sim.NodeUncordoned:
		st.add("", view.Link{AtMs: e.At, What: "the node is uncordoned"}.Good())
	case sim.NodeTerminated:
		st.add("", view.Link{AtMs: e.At, What: "the node's instance is terminated, with all ENIs that are attached to it"}.Bad())
	case sim.TrunkSignalled:
		st.add("signal", view.Link{AtMs: e.At, What: "the agent asks the resource controller for a trunk ENI"})
	case sim.TrunkFailed:
		why, rule := st.refusal(e.Node, b.Error)
		st.add("trunk"+string(b.Error), view.Link{AtMs: e.At, What: "the node gets no trunk ENI: " + string(b.Error), Why: why, Rule: rule}.Bad())
	}
}

// eniName is what a node's ENI is called: device numbers are a network card's.
func eniName(card, device int) string {
	if card > 0 {
		return fmt.Sprintf("card%d eni%d", card, device)
	}
	return fmt.Sprintf("eni%d", device)
}

// tellDecision tells what a check does and why.
func (st *story) tellDecision(at model.Instant, v verdict) {
	st.amend(at)
	l := view.Link{AtMs: at, Rule: rules.Decision(v.Rule, v.Reason), Pool: poolOf(v.PoolDecision)}
	key := fmt.Sprint("decision/", v.act, l.Rule, "/card", v.Card)
	if p := st.poolOf(v.Card); p != nil {
		who := "a check"
		if !st.agent.up {
			who = "the agent's start"
		}
		v.stats = p.decideNow(at).stats
		l.What, l.Why = who+" "+p.does(v), p.because(v, at)
		_, fills, _ := strings.Cut(l.What, " on ") // what it fills, or nothing: a new ENI
		key += "/" + who + "/" + fills
	} else {
		l.What = map[act]string{grows: "the resource controller asks EC2 for " + st.windowsBlocks(v.Short), shrinks: "the resource controller gives back " + st.windowsBlocks(v.Over), skips: "the pool stays as it is"}[v.act]
		l.Why = st.windowsBecause(v)
		if st.agent != nil {
			key += fmt.Sprint("/", st.agent.settings.PrefixDelegation)
		}
	}
	st.add(key, l)
	if v.act == grows {
		have := st.links[key]
		st.grows, st.growsOn = have[len(have)-1], v.Card
	}
}

// amend says of a check that has wanted to grow and has not called EC2 by an instant
// that it did not.
func (st *story) amend(at model.Instant) {
	if p := st.poolOf(st.growsOn); st.grows >= 0 && st.grows < len(st.x.Chain) && p != nil && p.nowhere(at) {
		st.x.Chain[st.grows].What = p.vain(st.x.Chain[st.grows].What)
		st.grows = -1
	}
}

// poolOf is the pool of a network card, nil where the agent checks none.
func (st *story) poolOf(card int) *pool {
	if st.agent == nil || !st.agent.checks() {
		return nil
	}
	return st.agent.pool(card)
}

func (st *story) tellFree(at model.Instant, b sim.PoolFree) {
	l := view.Link{AtMs: at, What: "a check frees an ENI", Rule: rules.Decision(b.Rule, b.Reason), Pool: poolOf(b.PoolDecision)}
	if p, e := st.agent.eni(b.ENI); e != nil {
		l.What = "a check frees " + eniName(e.Card, e.Device)
		l.Why = p.because(verdict{skips, b.PoolDecision, p.store.Stats()}, at)
	}
	st.add("free", l)
}

// tellRefusal tells that EC2 refuses a call.
func (st *story) tellRefusal(at model.Instant, b sim.CallFields) {
	if b.Error == "" {
		return
	}
	what := fmt.Sprintf("EC2 refuses %s", b.Action)
	if b.Want > 0 && b.Action != sim.UnassignPrivateIpAddresses {
		what += fmt.Sprintf(" with %d", b.Want)
	}
	if b.Subnet != "" {
		what += fmt.Sprintf(" in subnet %s", b.Subnet)
	}
	why := titleOf(rules.Refusal(b.Error))
	if ofQuota(string(b.Error)) && st.region.quota > 0 {
		why = fmt.Sprintf("the Region has %s of %s", view.Number(st.region.enis), view.Count(st.region.quota, "network interface"))
	}
	if sn := st.state.Subnet(b.Subnet); sn != nil && b.Error.SubnetFull() {
		why = st.tooFew(sn.Stats(), b)
	}
	rule := rules.Refusal(b.Error)
	if b.Fault > 0 {
		why, rule = byFault(b.Error), rules.Fault
	}
	if b.Action == sim.UnassignPrivateIpAddresses && st.agent != nil && st.agent.checks() {
		why += "; the agent has dropped them all the same, EC2 has them still, and a reconcile takes them back"
	}
	st.add("refused/"+string(b.Action)+string(b.Error)+string(b.Subnet)+rule, view.Link{
		AtMs: at, What: what + ": " + string(b.Error), Why: why, Rule: rule,
	}.Bad())
}

// tooFew compares what a subnet has with what was asked of it.
func (st *story) tooFew(have replay.SubnetStats, b sim.CallFields) string {
	free := fmt.Sprintf("%s of %s free", view.Number(have.Free), view.Count(have.Usable, "address"))
	if st.agent != nil && st.agent.settings.PrefixDelegation && b.Want > 0 {
		return fmt.Sprintf("%s, but in whole /28s %s, and %s wanted", free, view.Number(have.FreePrefixes), view.Count(b.Want, "prefix"))
	}
	if b.Action == sim.CreateNetworkInterface {
		return fmt.Sprintf("%s, and %s wanted, its own included", free, view.Number(b.Want+1))
	}
	return fmt.Sprintf("%s, and %s wanted", free, view.Number(b.Want))
}

func (st *story) tellBlocks(at model.Instant, what, with string, addresses, prefixes int, by sim.By) {
	amount := view.Blocks(addresses, prefixes)
	switch {
	case amount == "":
		amount = "empty"
	case with != "":
		amount = with + " " + amount
	}
	l := view.Link{AtMs: at, What: what + " " + amount}
	switch by {
	case sim.ByGrow:
		l = l.Good()
	case sim.ByShrink, sim.ByFree:
	default:
		l.Why, l.Rule = st.whyBy(by)
	}
	st.add(what+string(by), l)
}

// byStartGivesBack is what a start gives back, told apart from what it takes over.
const byStartGivesBack sim.By = "start, gives back"

func givenBack(by sim.By) sim.By {
	if by == sim.ByStart {
		return byStartGivesBack
	}
	return by
}

// whyBy says why something changed that no check decided.
func (st *story) whyBy(by sim.By) (why, rule string) {
	if by == byStartGivesBack {
		rule = rules.Decision(model.RuleStart, model.ReasonModeToggled)
		return titleOf(rule), rule
	}
	if st.agent != nil && st.agent.windows() && by == sim.ByStart {
		return "the resource controller takes over what is on the Windows node's ENI", ""
	}
	rule = rules.By(by)
	return titleOf(rule), rule
}

func titleOf(id string) string {
	r, _ := rules.Find(id)
	return r.Title
}
