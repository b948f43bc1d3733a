package view

import (
	"io"

	"vpcsim/scenarios/expect"
	"vpcsim/sim/replay"
)

// TableOptions say how much a table shows.
type TableOptions struct {
	Palette Palette
	// Wide adds a row a pod and, if Calls is set, a row a call to EC2.
	Wide  bool
	Calls *CallLog
	// Expectations are what came of those of the scenario.
	Expectations []expect.Result
	// Changed: the scenario was changed for the run, and its expectations were
	// not.
	Changed bool
}

// Table writes what a person wants to know of a run: what was run, how the
// ENIs filled, where it ended, what ran out and what that cost. Its last line
// says in words what stopped it.
func Table(w io.Writer, s *replay.State, o TableOptions) error {
	p := newPage(w, o.Palette)
	p.words = wordsOf(s)
	writeHeader(p, s)
	writeFillOrder(p, s)
	writeAutoscaler(p, s)
	writeNodes(p, s)
	writeSubnets(p, s)
	writeExhaustion(p, s)
	writeCalls(p, s)
	writePodSummary(p, s)
	if o.Wide {
		writePods(p, s)
		o.Calls.write(p)
	}
	writeExpectations(p, o)
	writeNotes(p, s)
	writeVerdict(p, s)
	return p.w.Flush()
}
