package view

import (
	"fmt"
	"maps"
	"slices"

	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// standing tells of the actions of which EC2 refused the last calls, and which
// nobody has got through since. What wants room is told by refusing, deletions of
// what has leaked with the leaks; an ENI that is full already, or gone, is no loss.
func standing(s *replay.State) string {
	deletes := slices.ContainsFunc(s.Leaks(), func(l replay.Leak) bool { return l.Error != "" })
	var parts []string
	for _, of := range standingByAction(s, deletes) {
		which := fmt.Sprintf("all %s", count(of.n, "call"))
		switch {
		case of.all && of.n == 1:
			which = "the only call"
		case of.all && of.n == 2:
			which = "both calls"
		case !of.all && of.n == 1:
			which = "the last call"
		case !of.all:
			which = fmt.Sprintf("the last %s", count(of.n, "call"))
		}
		where := ""
		switch {
		case len(of.nodes) == 1 && len(s.Nodes) > 1:
			where = fmt.Sprintf(" of %s", of.nodes[0])
		case len(of.nodes) > 1:
			where = fmt.Sprintf(" of %s", count(len(of.nodes), "node"))
		}
		parts = append(parts, fmt.Sprintf("%s%s to %s (%s)", which, where, of.action, of.code))
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf(" But EC2 refused %s.", listOf(parts))
}

// standingAction sums refusals that stand over nodes.
type standingAction struct {
	action sim.Action
	code   model.ErrorCode
	n      int
	nodes  []model.NodeName
	all    bool
}

func standingByAction(s *replay.State, leaked bool) []*standingAction {
	var out []*standingAction
	for _, r := range s.Calls.Standing() {
		n := s.Node(r.Node)
		switch {
		case n != nil && n.Gone(), harmless(r.Action, r.Code), leaked && takesAway(r.Action):
			continue
		}
		last := len(out) - 1
		if last < 0 || out[last].action != r.Action || out[last].code != r.Code {
			out = append(out, &standingAction{action: r.Action, code: r.Code, all: true})
			last++
		}
		of := out[last]
		of.n += r.Count
		of.all = of.all && r.All
		if !slices.Contains(of.nodes, r.Node) {
			of.nodes = append(of.nodes, r.Node)
		}
	}
	return out
}

func takesAway(a sim.Action) bool {
	return a == sim.DeleteNetworkInterface || a == sim.DetachNetworkInterface || a == sim.DisassociateTrunkInterface
}

// harmless reports whether nobody loses anything by a refusal, or other words tell
// of it.
func harmless(action sim.Action, code model.ErrorCode) bool {
	switch code {
	case model.InvalidNetworkInterfaceIDNotFound, model.InvalidAttachmentIDNotFound, model.InvalidAssociationIDNotFound:
		return takesAway(action)
	case model.PrivateIpAddressLimitExceeded:
		return action == sim.AssignPrivateIpAddresses
	}
	return code.SubnetFull()
}

// overcome tells, where pods waited, what EC2 refused that is not harmless: it may
// have cost them time. The request rate is told by a kind of its own.
func overcome(s *replay.State) string {
	var parts []string
	for _, a := range s.Calls.ByAction() {
		for _, code := range slices.Sorted(maps.Keys(a.Refused)) {
			if !harmless(a.Action, code) && code != model.RequestLimitExceeded {
				parts = append(parts, fmt.Sprintf("%s to %s (%s)", count(a.Refused[code], "call"), a.Action, code))
			}
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf(" EC2 refused %s.", listOf(parts))
}
