package view

import (
	"vpcsim/model"
	"vpcsim/sim/replay"
)

// HistoryLine is one change of a node, in the words of the fill order.
type HistoryLine struct {
	At        model.Instant
	ENI       string // empty: it is about the whole node
	What, Why string
	Tone      string // good or bad; empty: neither
}

// History tells the changes of a node one by one.
func History(n *replay.Node) []HistoryLine { return history(n, n.History.Changes) }

func history(n *replay.Node, changes []replay.Change) []HistoryLine {
	out := make([]HistoryLine, 0, len(changes))
	for _, ch := range changes {
		l := fillLine{Change: ch, times: 1, until: ch.Until}
		what := l.what()
		h := HistoryLine{At: ch.At, ENI: l.where(n), What: what.text, Why: l.why(n)}
		switch what.style {
		case green:
			h.Tone = "good"
		case red, yellow:
			h.Tone = "bad"
		}
		out = append(out, h)
	}
	return out
}
