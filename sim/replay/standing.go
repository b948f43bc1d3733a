package replay

import (
	"cmp"
	"slices"

	"vpcsim/model"
	"vpcsim/sim"
)

// Standing is an action of which EC2 refused the last calls for a node, without
// carrying one out since.
type Standing struct {
	Node   model.NodeName
	Action sim.Action
	Kind   model.ENIKind // of the ENI that it was about
	Code   model.ErrorCode
	Count  int
	// All: it refused every call of the action for the node.
	All bool
}

// Standing are the refusals that stand, by action, code and node.
func (c *Calls) Standing() []Standing {
	var out []Standing
	for of, codes := range c.standing.refused {
		for code, n := range codes {
			out = append(out, Standing{of.node, of.action, of.kind, code, n, !c.standing.worked[of]})
		}
	}
	slices.SortFunc(out, func(a, b Standing) int {
		return cmp.Or(cmp.Compare(a.Action, b.Action), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Node, b.Node), cmp.Compare(a.Kind, b.Kind))
	})
	return out
}

// standingRefusals counts refusals since the last call that was carried out.
type standingRefusals struct {
	refused map[callsOf]map[model.ErrorCode]int
	worked  map[callsOf]bool
}

// callsOf are calls of an action for a node about ENIs of a kind, which are one
// caller's.
type callsOf struct {
	node   model.NodeName
	action sim.Action
	kind   model.ENIKind
}

func (r *standingRefusals) called(node model.NodeName, kind model.ENIKind, b sim.CallFields) {
	of := callsOf{node, b.Action, kind}
	if b.Error == "" {
		if r.worked == nil {
			r.worked = map[callsOf]bool{}
		}
		r.worked[of] = true
		delete(r.refused, of)
		return
	}
	if r.refused == nil {
		r.refused = map[callsOf]map[model.ErrorCode]int{}
	}
	if r.refused[of] == nil {
		r.refused[of] = map[model.ErrorCode]int{}
	}
	r.refused[of][b.Error]++
}

// ofKind is the kind of the ENI that a call is about, or is to make.
func (s *State) ofKind(b sim.CallFields) model.ENIKind {
	if e := s.ec2ENIs[b.ENI]; e != nil {
		return e.kind
	}
	switch {
	case b.VLAN > 0:
		return model.ENIBranch
	case b.Action == sim.CreateNetworkInterface && b.Want == 0 && s.Started.Platform != sim.PlatformECS:
		return model.ENITrunk
	}
	return model.ENISecondary
}
