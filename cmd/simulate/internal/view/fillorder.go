package view

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"vpcsim/cmd/simulate/internal/picture"
	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

const (
	// fillNodes is up to how many nodes the fill order is told line by line.
	fillNodes = 3
	// fillLines is how many lines it gets per node.
	fillLines = 14
)

// writeFillOrder tells when which ENI came, why, and how it filled.
func writeFillOrder(p *page, s *replay.State) {
	if len(s.Nodes) == 0 {
		return
	}
	if len(s.Nodes) <= fillNodes {
		p.section("Fill order", "")
		for _, n := range s.Nodes {
			writeTimeline(p, n)
		}
		return
	}
	p.section("Fill order", fmt.Sprintf("the busiest of %s, then all", count(len(s.Nodes), p.words.node)))
	busiest := s.Nodes[0]
	for _, n := range s.Nodes {
		if n.History.Count > busiest.History.Count {
			busiest = n
		}
	}
	writeTimeline(p, busiest)
	writeDevices(p, s)
}

// writeTimeline tells one node's history.
func writeTimeline(p *page, n *replay.Node) {
	p.line("  " + string(n.Name))
	g := newGrid("rlll")
	lines := condense(n.History.Changes)
	hidden := len(lines) - fillLines
	if hidden > 1 {
		lines = lines[:fillLines]
	}
	for _, l := range lines {
		why := l.why(n)
		short, _, _ := strings.Cut(why, wants)
		g.add(c(instant(l.At)), c(l.where(n)), l.what(), cell{why, dim, short})
	}
	g.wrapTo(pageWidth - 4)
	g.write(p, 4)
	if hidden > 1 {
		last := n.History.Changes[len(n.History.Changes)-1]
		t := fmt.Sprintf("… and %s more changes until %s", number(hidden), instant(last.At))
		if n.History.Count > len(n.History.Changes) { // the later ones are counted only
			rest := n.History.Count
			for _, l := range lines {
				rest -= l.times
			}
			t = fmt.Sprintf("… and %s more changes", number(rest))
		}
		p.line("    " + p.palette.paint(dim, t))
	}
}

// fillLine is a change, or several of a kind in a row.
type fillLine struct {
	replay.Change
	times int
	until model.Instant
}

// condense joins changes in a row that add to, or take from, the same ENI, and
// starts that fail.
func condense(changes []replay.Change) []fillLine {
	var out []fillLine
	for _, ch := range changes {
		if len(out) > 0 {
			last := &out[len(out)-1]
			same := last.ENI == ch.ENI && last.Kind == ch.Kind && last.By == ch.By
			if last.Of == model.ENIBranch && ch.Of == model.ENIBranch && last.Kind == ch.Kind {
				last.until = ch.At
				last.times++
				continue
			}
			joins := ch.Kind == replay.Added || ch.Kind == replay.Removed || ch.Kind == replay.Failed || ch.Kind == replay.TrunkFailed
			if same && joins && last.Error == ch.Error {
				last.Addresses += ch.Addresses
				last.Prefixes += ch.Prefixes
				last.until = ch.At
				last.times++
				continue
			}
		}
		out = append(out, fillLine{Change: ch, times: 1, until: ch.Until})
	}
	return out
}

// where names the ENI, if the line is about one.
func (l fillLine) where(n *replay.Node) string {
	switch {
	case l.Of == model.ENITrunk && l.Kind != replay.Attached && l.Kind != replay.Detached:
		return "trunk"
	case l.Branches > 0:
		return "branch"
	case l.ENI == "":
		return ""
	case l.Of == model.ENIBranch:
		return "branch"
	case l.Device < 0:
		return "ENI" // it never was the node's
	}
	return picture.ENIName(n, l.Card, l.Device)
}

func (l fillLine) what() cell {
	amount := blocks(l.Addresses, l.Prefixes)
	steps, times := "", ""
	if l.times > 1 {
		steps = fmt.Sprintf(" in %d steps to %s", l.times, instant(l.until))
		times = fmt.Sprintf(", %d times to %s", l.times, instant(l.until))
	}
	switch l.Kind {
	case replay.Attached:
		switch {
		case l.Of == model.ENIPrimary && amount == "":
			return c("primary ENI, empty")
		case l.Of == model.ENIPrimary:
			return c("primary ENI, " + amount)
		case l.Of == model.ENITrunk && l.By == sim.ByECS:
			return c("trunk ENI attached")
		case l.Of == model.ENITrunk && amount == "":
			return c("the agent sees the trunk")
		case l.Of == model.ENITask:
			return c("task ENI attached")
		case l.Of == model.ENIBranch:
			return c("+" + count(l.times, "branch ENI") + l.span())
		case amount == "":
			return c("attached, empty")
		}
		return c("attached, +" + amount)
	case replay.Added:
		return c("+" + amount + steps)
	case replay.Removed:
		return c("−" + amount + steps)
	case replay.Detached:
		if l.Of == model.ENIBranch {
			return c("−" + count(l.times, "branch ENI") + l.span())
		}
		return c("given back")
	case replay.Excluded:
		return styled(yellow, "excluded: serves no new pods")
	case replay.Leaked:
		return styled(red, "leaked, with "+count(l.Addresses, "address"))
	case replay.Cleaned:
		return c("deleted by a clean-up")
	case replay.TrunkSignalled:
		return c("the agent asks for one")
	case replay.TrunkAttached:
		return c("attached: a slot, an address")
	case replay.TrunkFailed:
		return styled(red, "no trunk: "+string(l.Error)+times)
	case replay.BranchesCreated:
		return c("+" + count(l.Branches, "branch ENI") + l.span())
	case replay.BranchesFailed, replay.BranchesUndone:
		return styled(yellow, fmt.Sprintf("%s: %s", count(l.Branches, "request"), l.Error)+l.span())
	case replay.BranchesQueued:
		return styled(cyan, count(l.Branches, "branch ENI")+" without pod"+l.span())
	case replay.BranchesDeleted:
		return c("−" + count(l.Branches, "branch ENI") + l.span())
	case replay.BranchesLeaked:
		return styled(red, count(l.Branches, "branch ENI")+" leaked"+l.span())
	case replay.SubnetTagged:
		return c("subnet " + string(l.Subnet) + ": tags replaced")
	case replay.ControllerConfigured:
		return c("branch cooldown set to " + l.Cooldown.String())
	case replay.PoolConfigured:
		st := l.Settings
		st.SubnetDiscovery = true // of an agent's alone it says that it is off
		return c(settingsLine(st))
	case replay.ControllerRestarted:
		return c("resource controller restarts")
	case replay.FaultBegan:
		if l.Error == "" {
			return styled(yellow, fmt.Sprintf("EC2 is slow: %s", l.Action))
		}
		return styled(red, fmt.Sprintf("EC2 fault: %s", l.Action))
	case replay.FaultEnded:
		return c(fmt.Sprintf("fault over: %s", l.Action))
	case replay.Restarted:
		return c("agent restarts")
	case replay.Failed:
		return styled(red, "agent can't start"+times)
	case replay.Filled:
		return styled(green, "full: "+heldOf(l.Addresses, l.Prefixes))
	}
	return c("node " + string(l.Kind))
}

// fault says what a fault does to calls, and for how long.
func (l fillLine) fault() string {
	words := []string{}
	if l.Error != "" {
		words = append(words, string(l.Error))
	}
	if l.LatencyMs > 0 {
		words = append(words, "takes "+millis(l.LatencyMs))
	}
	switch {
	case l.Calls > 0 && l.Lasts > 0:
		words = append(words, fmt.Sprintf("%s or %s", count(l.Calls, "call"), millis(l.Lasts)))
	case l.Calls > 0:
		words = append(words, count(l.Calls, "call"))
	case l.Lasts > 0:
		words = append(words, "for "+millis(l.Lasts))
	}
	return strings.Join(words, ", ")
}

// span is until when several changes lasted.
func (l fillLine) span() string {
	if l.until <= l.At {
		return ""
	}
	return " to " + instant(l.until)
}

func heldOf(addresses, prefixes int) string {
	if n := addresses + model.PrefixSize*prefixes; n > 0 {
		return fmt.Sprintf("%s of %s held", number(n), number(n))
	}
	return ""
}

// blocks writes what came or went.
func blocks(addresses, prefixes int) string {
	switch {
	case addresses > 0 && prefixes > 0:
		return number(addresses) + " + " + count(prefixes, "prefix")
	case prefixes > 0:
		return count(prefixes, "prefix")
	case addresses == 1:
		return "1 address"
	case addresses > 0:
		return number(addresses) + " addresses"
	}
	return ""
}

// why says in words what made the agent do it.
func (l fillLine) why(n *replay.Node) string {
	switch l.Kind {
	case replay.TrunkAttached:
		if l.Subnet != n.Launched.Subnet {
			return "in subnet " + string(l.Subnet)
		}
		return ""
	case replay.TrunkFailed:
		return trunkFailure(l.Error)
	case replay.Leaked:
		switch {
		case l.Error == "" && n.TerminatedAt == l.At:
			return "it was not attached"
		case l.Error == "":
			return "its owner was killed"
		}
		return string(l.Error)
	case replay.Excluded:
		return "by the tags of subnet " + string(l.Subnet)
	case replay.BranchesUndone:
		return "ENIs go at the next round"
	case replay.BranchesQueued:
		return "their cooldown begins"
	case replay.SubnetTagged:
		return tags(l.Tags)
	case replay.ControllerConfigured:
		return "also for cooling ones"
	case replay.PoolConfigured:
		return fmt.Sprintf("the ConfigMap; it offers %s", count(l.Capacity, "address"))
	case replay.ControllerRestarted:
		return "what cooled cools anew"
	case replay.FaultBegan:
		return l.fault()
	case replay.FaultEnded:
		return count(l.Calls, "call") + " met it"
	}
	switch l.By {
	case sim.ByStart:
		if n.Launched.Existing && l.At == n.LaunchedAt {
			return "there at the beginning"
		}
		if l.Kind == replay.Attached && l.Of == model.ENIPrimary && l.Addresses+l.Prefixes == 0 {
			return "came with the instance"
		}
		return "the agent starts"
	case sim.ByReconcile:
		return "reconcile: as EC2 has it"
	case sim.ByExcluded:
		return "its pod left; EC2 keeps it"
	case sim.ByRelease:
		return "its last pod left"
	case sim.ByTerminate:
		return "the instance is terminated"
	case sim.ByECS:
		switch {
		case l.Of == model.ENIPrimary:
			return "came with the instance"
		case l.Of == model.ENITrunk:
			return "awsvpcTrunking: ACTIVE"
		case l.times == 1:
			return string(l.Pod)
		}
		return "from " + string(l.Pod) + " on"
	}
	if l.Why == nil {
		return ""
	}
	return decision(*l.Why, l.Settings, n.Launched.SlotsPerENI)
}

// tags writes a subnet's tags.
func tags(of map[string]string) string {
	if len(of) == 0 {
		return "none are left"
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(of)) {
		out = append(out, name+"="+of[name])
	}
	return strings.Join(out, ", ")
}

// trunkFailure says in words why there is no trunk.
func trunkFailure(code model.ErrorCode) string {
	switch {
	case code == sim.ErrNoDevice:
		return "all ENI slots are taken"
	case code == sim.ErrUnsupported:
		return "the type cannot have one"
	case code == sim.ErrNoENIConfig:
		return "the node's ENIConfig does not exist"
	case code.SubnetFull():
		return "its subnet is full"
	}
	return ""
}

// wants begins what is left out of a reason where room is short.
const wants = " wants "

// decision says in words what the agent decided on: what the pool had, and what
// the setting of that time wants.
func decision(d sim.PoolDecision, st model.Settings, slots int) string {
	left := number(d.Available) + " left"
	if d.Card > 0 && d.Reason != model.ReasonUnusedENI {
		return left + ", 1 is kept warm"
	}
	switch d.Reason {
	case model.ReasonWarmIPTarget:
		return fmt.Sprintf("%s, WARM_IP_TARGET=%d", left, st.WarmIPTarget)
	case model.ReasonMinimumIPTarget:
		return fmt.Sprintf("%s in all, MINIMUM_IP_TARGET=%d", number(d.Total), st.MinimumIPTarget)
	case model.ReasonWarmENITarget:
		return fmt.Sprintf("%s, WARM_ENI_TARGET=%d", left, st.WarmENITarget) +
			wants + number(st.WarmENITarget*slots)
	case model.ReasonWarmPrefixTarget:
		return fmt.Sprintf("%s, WARM_PREFIX_TARGET=%d", left, st.WarmPrefixTarget) +
			wants + number(st.WarmPrefixTarget*model.PrefixSize)
	case model.ReasonPoolEmpty:
		return "the pool is empty"
	case model.ReasonUnusedENI:
		return "no pod on it, " + left
	}
	return fmt.Sprintf("%s (%s)", left, d.Reason)
}

// writeDevices tells for each device number how many nodes got that far, and
// when.
func writeDevices(p *page, s *replay.State) {
	type device struct {
		card, number     int
		attached, filled []model.Instant
	}
	var devices []*device
	for _, n := range s.Nodes {
		for _, h := range n.History.Devices {
			i, found := slices.BinarySearchFunc(devices, h, func(d *device, h replay.DeviceHistory) int {
				return cmp.Or(cmp.Compare(d.card, h.Card), cmp.Compare(d.number, h.Device))
			})
			if !found {
				devices = slices.Insert(devices, i, &device{card: h.Card, number: h.Device})
			}
			d := devices[i]
			d.attached = append(d.attached, h.AttachedAt)
			if h.FilledAt != model.Never {
				d.filled = append(d.filled, h.FilledAt)
			}
		}
	}
	p.line("  all " + count(len(s.Nodes), p.words.node))
	g := newGrid("lrrrrrr")
	nodes, several := "nodes", manyCards(s)
	if onECS(s) {
		nodes = "instances"
	}
	g.head("", nodes, "from", "to", "full on", "from", "to")
	for _, d := range devices {
		name := fmt.Sprintf("eni%d", d.number)
		if several {
			name = picture.CardENI(d.card, d.card, d.number)
		}
		row := []cell{c(name)}
		for _, at := range [][]model.Instant{d.attached, d.filled} {
			row = append(row, c(number(len(at))))
			if len(at) == 0 {
				row = append(row, c(""), c(""))
				continue
			}
			row = append(row, c(instant(slices.Min(at))), c(instant(slices.Max(at))))
		}
		g.add(row...)
	}
	g.write(p, 4)
}
