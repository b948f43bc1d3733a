package view

import (
	"fmt"
	"slices"

	"vpcsim/sim/replay"
)

// before are the blocks of an ENI that are of the mode the agent was in before it
// was changed: they keep their slots, and serve no new pod.
type before struct {
	n    int // blocks
	left int // of them, those of which pods hold nothing
	held int // addresses that pods hold of the others
}

func blocksBefore(e *replay.ENI) before {
	var k before
	if e.Excluded {
		return k // another reason why none of them counts
	}
	for _, b := range e.Blocks {
		if !b.LeftOver() {
			continue
		}
		k.n++
		k.held += b.Assigned
		if b.Assigned == 0 {
			k.left++
		}
	}
	return k
}

// words name the blocks and say what became of them; empty where there are none.
func (k before) words(n *replay.Node) string {
	if k.n == 0 {
		return ""
	}
	what, mode := plural(k.n, "prefix", "prefixes"), "single addresses"
	if n.PrefixMode() {
		what, mode = count(k.n, "single address"), "prefix mode"
	}
	state := "×"
	switch {
	case k.left == 0:
		state = number(k.held) + " held"
	case k.held > 0:
		state = fmt.Sprintf("%s held, %s ×", number(k.held), number(k.left))
	}
	return fmt.Sprintf("%s (%s) from before %s", what, state, mode)
}

func hasLeftOvers(n *replay.Node) bool {
	return slices.ContainsFunc(n.ENIs, func(e *replay.ENI) bool { return blocksBefore(e).left > 0 })
}
