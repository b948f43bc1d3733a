package view

import (
	"fmt"

	"vpcsim/cmd/simulate/internal/compare"
	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// writeMaxPodsHint tells whom it concerns that a mode with more addresses starts no
// more pods by itself: where max-pods stops pods in both runs, addresses are free in
// B, and its nodes could take more.
func writeMaxPodsHint(p *page, cmp *compare.Comparison) {
	if !stopsAtMaxPods(cmp.A.State) || !stopsAtMaxPods(cmp.B.State) {
		return
	}
	free := cmp.B.State.Totals().Free()
	n, recommended := raisable(cmp.B.State)
	if n == nil || free == 0 {
		return
	}
	p.line("")
	p.paragraph(0, "note: ", fmt.Sprintf("max-pods %d stops pods in both, and in B %s free: more addresses start no more pods while it stays. The addresses of such a node are enough for max-pods %d. Try B with --set nodeGroups.%s.maxPods=recommended.",
		n.Launched.MaxPods, plural(free, "address is", "addresses are"), recommended, n.Launched.Group), plain)
}

// lengthsApart is how many times as long one run is as the other before it is
// said that sums over them don't compare.
const lengthsApart = 2

// writeLengthsHint tells where the runs are of so different a length that waits and
// calls, which are summed over them, say little: one comes to rest, and the other
// goes on asking.
func writeLengthsHint(p *page, cmp *compare.Comparison) {
	a, b := cmp.A.State.Now, cmp.B.State.Now
	short, long := min(a, b), max(a, b)
	if short == 0 || long <= lengthsApart*short {
		return
	}
	p.line("")
	p.paragraph(0, "note: ", fmt.Sprintf("A ends at %s and B at %s: waits and calls are summed over runs of different lengths. --until %s compares the same time.",
		Instant(a), Instant(b), Instant(short)), plain)
}

// stopsAtMaxPods reports whether pods wait at the end for nodes that take more.
func stopsAtMaxPods(s *replay.State) bool {
	for _, ep := range s.Episodes {
		if ep.Kind == sim.KindMaxPods && ep.Open() {
			return true
		}
	}
	return false
}

// raisable is the first node whose max-pods is below what its addresses are enough
// for, and that number.
func raisable(s *replay.State) (*replay.Node, int) {
	for _, n := range s.Nodes {
		t, ok := model.LookupInstanceType(n.Launched.InstanceType)
		if !ok || n.Gone() || n.Launched.OS != "" {
			continue
		}
		settings := n.Config.Settings
		r := model.RecommendedMaxPods(t, model.MaxPodsModes{
			PrefixDelegation: settings.PrefixDelegation, CustomNetworking: settings.CustomNetworking,
			PodENI: settings.PodENI, MaxENI: settings.MaxENI,
		})
		if r.Result > n.Launched.MaxPods {
			return n, r.Result
		}
	}
	return nil, 0
}
