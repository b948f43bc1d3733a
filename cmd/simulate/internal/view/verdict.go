package view

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// writeVerdict writes the last line, and above it what it takes to understand
// it.
func writeVerdict(p *page, s *replay.State) {
	v, lost := verdictOf(s), leaksOf(s).explanation(s)
	st := red
	if v.fits {
		st = green
	}
	p.line("")
	if v.explanation != "" {
		if !v.fits {
			v.explanation += blindTo(s)
		}
		p.paragraph(0, "", v.explanation, plain)
	}
	if lost != "" {
		p.paragraph(0, "", lost, plain)
	}
	p.paragraph(0, "", v.line, st)
}

// Verdict says in one line what stopped the run, or that everything fits.
func Verdict(s *replay.State) string { return verdictOf(s).line }

type verdict struct {
	fits        bool
	explanation string // may be empty
	line        string
}

func verdictOf(s *replay.State) verdict {
	v := outcomeOf(s)
	v.line += leaksOf(s).line()
	if v.fits {
		v.line += refusing(s)
	}
	return v
}

// outcomeOf says it of the pods.
func outcomeOf(s *replay.State) verdict {
	n := s.Pods.Count()
	worst := worstOpen(s)
	causes := causesOf(s)
	cut := s.Ended != nil && s.Ended.EndedBy == "limit"
	switch {
	case worst != nil && n.Waiting() == 0 && worst.first.Reason == "deployment-configuration":
		return verdict{false, explain(s, worst), stopped(worst) + ": a deployment can't go on."}
	case worst != nil && n.Waiting() == 0:
		return verdict{false, explain(s, worst), stopped(worst) + ": " + noNodes(s) + "."}
	case len(causes) > 1:
		return verdict{false, explain(s, worst), fmt.Sprintf("Stopped by %s: %s of %s are waiting.",
			listOf(causes), number(n.Waiting()), count(n.Waiting()+n.Running, wordsOf(s).pod))}
	case worst != nil:
		return verdict{false, explain(s, worst), stopped(worst) + ": " + waiting(n, wordsOf(s)) + "."}
	case cut:
		return verdict{false, "", "Cut short by " + s.Ended.Message + "."}
	case n.Waiting() > 0:
		return verdict{false, "", "Nothing ran out, but " + waiting(n, wordsOf(s)) + " at the end."}
	case n.Gone > 0:
		return verdict{false, pastTrouble(s), goneWithout(s)}
	}
	fits := "Everything fits"
	past := pastTrouble(s)
	if past != "" {
		fits = "Everything fits in the end"
	}
	word := wordsOf(s).pod
	pods := "no " + word + " waits"
	if n.Running > 0 {
		pods = plural(n.Running, word+" runs", word+"s run")
	}
	if onECS(s) {
		limit, free := taskENIs(s)
		return verdict{true, past, fmt.Sprintf("%s: %s, %s of %s task ENIs %s free.", fits, pods, number(free), number(limit), isAre(free))}
	}
	return verdict{true, past, fmt.Sprintf("%s: %s, %s.", fits, pods, left(s))}
}

// goneWithout says how many pods never had an address, and what kept most of them
// from it.
func goneWithout(s *replay.State) string {
	n, w := s.Pods.Count(), wordsOf(s)
	kinds := s.Pods.GoneFor()
	text := fmt.Sprintf("%s of %s %s %s before %s an address", number(n.Gone), count(n.Created, w.pod),
		pick(n.Gone == 1, "was", "were"), w.deleted, pick(n.Gone == 1, "it had", "they had"))
	switch top := kinds[0]; {
	case top.Kind == "":
		return text + "."
	case top.Count == n.Gone:
		return fmt.Sprintf("%s; %s stopped %s.", text, top.Kind, pick(n.Gone == 1, "it", "them"))
	case 2*top.Count > n.Gone:
		return fmt.Sprintf("%s; %s stopped most of them.", text, top.Kind)
	}
	return fmt.Sprintf("%s; %s stopped %s of them.", text, kinds[0].Kind, number(kinds[0].Count))
}

// left says how many addresses are free.
func left(s *replay.State) string {
	if slices.ContainsFunc(s.Nodes, func(n *replay.Node) bool { return n.Config.Settings.IPv6 }) {
		return "no node's /80 can fill up"
	}
	t := s.Totals()
	return fmt.Sprintf("%s of %s addresses %s free", number(t.Free()), number(t.Total), isAre(t.Free()))
}

// noNodes says what waits where no pod does.
func noNodes(s *replay.State) string {
	if onECS(s) {
		return "not all container instances could be launched, or register"
	}
	return "not all nodes could be launched"
}

// worstOpen is what has not ended at the end: real exhaustion before what cures
// itself, then that of most pods.
func worstOpen(s *replay.State) *trouble {
	var worst *trouble
	for _, t := range troubles(s) {
		if !t.open {
			continue
		}
		if worst == nil || t.first.Cures() == worst.first.Cures() && t.pods > worst.pods {
			worst = t
		}
	}
	return worst
}

// causesOf counts the waiting pods by what they wait for, if that has not ended
// and does not cure itself: the commonest first, then by name.
func causesOf(s *replay.State) []string {
	open := map[sim.Kind]bool{}
	for _, ep := range s.Episodes {
		if ep.Open() && !ep.Cures() {
			open[ep.Kind] = true
		}
	}
	if len(open) < 2 {
		return nil
	}
	pods := map[sim.Kind]int{}
	for _, p := range s.Pods.All() {
		if p.Waits() && open[p.Reason] {
			pods[p.Reason]++
		}
	}
	kinds := slices.SortedFunc(maps.Keys(pods), func(a, b sim.Kind) int {
		return cmp.Or(cmp.Compare(pods[b], pods[a]), cmp.Compare(a, b))
	})
	var causes []string
	for _, k := range kinds {
		causes = append(causes, fmt.Sprintf("%s (%s)", k, count(pods[k], wordsOf(s).pod)))
	}
	return causes
}

// listOf writes a, b and c.
func listOf(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// pastTrouble tells of what was over in the end: of what cost pods the longest
// wait, summed, and what EC2 refused meanwhile. A pool that lags is left out: it
// grows as it should.
func pastTrouble(s *replay.State) string {
	for _, t := range troubles(s) {
		if !t.open && t.first.Kind != sim.KindWarmPoolLag {
			return fmt.Sprintf("Until %s, %s kept %s waiting.", instant(t.until), t.first.Kind, count(t.pods, wordsOf(s).pod)) + overcome(s)
		}
	}
	return ""
}

// waiting says how many pods don't run, and how that shows in kubectl.
func waiting(n replay.PodCount, w words) string {
	all := n.Waiting() + n.Running
	what := "Pending"
	switch {
	case n.Pending == 0:
		what = "in " + w.creating
	case n.ContainerCreating > 0:
		what = fmt.Sprintf("waiting (%s Pending, %s in %s)", number(n.Pending), number(n.ContainerCreating), w.creating)
	}
	return fmt.Sprintf("%s of %s %s %s", number(n.Waiting()), plural(all, w.pod, w.pod+"s"), isAre(n.Waiting()), what)
}

// stopped names what was the end.
func stopped(t *trouble) string {
	if t.first.Cures() {
		return fmt.Sprintf("Not over at the end (%s)", t.first.Kind)
	}
	return "Stopped by " + string(t.first.Kind)
}

// explain tells somebody who meets a kind of exhaustion for the first time what
// it is.
func explain(s *replay.State, t *trouble) string {
	at := place(t.first)
	if t.names > 1 {
		at = fmt.Sprintf("%s and %s", at, plural(t.names-1, "other", "others"))
	}
	if t.first.Fault > 0 {
		return "A fault step of the scenario lets EC2 refuse calls; the remedy above says which."
	}
	if text := explainECS(t, at); onECS(s) && text != "" {
		return text
	}
	if t.first.Reason == "start-up-failed" {
		return "No node is ready: the agents fail to start. The remedy above says why."
	}
	switch t.first.Kind {
	case sim.KindMaxPods:
		return "The nodes that the pods may use are full. Addresses are not what is short."
	case sim.KindCPUMemory:
		return "The nodes that the pods may use lack CPU or memory. Addresses are not what is short."
	case sim.KindENILimit:
		if t.first.Scope == "cluster" && !ofPools(t) {
			return "Every Windows node gives out all the addresses that its one ENI can hold."
		}
		if t.first.CappedBy == "leftovers" {
			return "Addresses from before prefix mode was switched hold slots of " + at + " and serve no new pod."
		}
		if t.first.Reason == "slots-held" {
			return "Pods that are older than the switch of the mode hold the slots of the ENI of " + at + "."
		}
		if ofPools(t) {
			return "All ENIs that the nodes may have are there and full."
		}
		if t.first.CappedBy == "trunk reserved" {
			return "One ENI of " + at + " is the trunk, or kept for it; the others are there and full."
		}
		return "All ENIs that " + at + " may have are there and full."
	case sim.KindSubnetIPs:
		if ofPools(t) {
			return "EC2 has too few free addresses in the subnets of the nodes."
		}
		return "EC2 has too few free addresses in " + at + "."
	case sim.KindPrefixFragmentation:
		return "There are free addresses in " + at + ", but no 16 in a row, aligned, for a /28 prefix."
	case sim.KindThrottling:
		if t.first.Reason == "controller-rate" {
			return "The resource controller has more to ask of EC2 than its own rate lets through."
		}
		return "EC2 refuses requests that come too fast."
	case sim.KindQuota:
		return "A quota of the account is used up."
	case sim.KindMisconfig:
		switch t.first.Reason {
		case "no-nodes":
			return "There is no node."
		case "no-match":
			return "No node matches the pods' selectors and tolerations."
		case "no-such-node":
			return "The pods name a node that is not there."
		case string(model.InternalError), string(model.Unavailable):
			return "EC2 fails calls that " + at + " needs."
		case string(model.UnauthorizedOperation):
			return "The node role may not make calls that " + at + " needs."
		}
		return "Nothing is short: the configuration of " + at + " keeps it from taking more addresses."
	case sim.KindBranchLimit:
		return "All branch ENIs that the nodes may have are in use."
	case sim.KindNoTrunk:
		return "No node has a trunk ENI, and so none offers branch ENIs."
	case sim.KindWarmPoolLag:
		return "The pool of " + at + " is still growing."
	case sim.KindCooldown, sim.KindBranchCooldown:
		if !t.first.Cures() {
			return "All branch ENIs of " + at + " are in use; nothing cools down there."
		}
		return "What is free at " + at + " still cools down."
	}
	return ""
}

// ofPools reports whether pods wait for addresses of the nodes' pools without
// having a node, as with a scheduler that sees addresses.
func ofPools(t *trouble) bool { return t.first.Reason == "addresses" }

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + many
}

func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}
