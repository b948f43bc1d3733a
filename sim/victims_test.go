package sim

import (
	"cmp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// slowFirst is the first victim by sorting all pods.
func slowFirst(pods []*pod) *pod {
	on := map[*node]int{}
	var left []*pod
	for _, p := range pods {
		if p.stays() {
			left = append(left, p)
			on[p.node]++
		}
	}
	if len(left) == 0 {
		return nil
	}
	rank := func(p *pod) [3]int {
		if p.node == nil {
			return [3]int{-1, 0, -p.seq}
		}
		return [3]int{p.state(), -on[p.node], -p.seq}
	}
	return slices.MinFunc(left, func(a, b *pod) int {
		x, y := rank(a), rank(b)
		return cmp.Or(cmp.Compare(x[0], y[0]), cmp.Compare(x[1], y[1]), cmp.Compare(x[2], y[2]))
	})
}

// TestVictimIsTheFirstOfASortedList makes, binds, readies and deletes pods at
// random and compares the victim with that of sorting all of them.
func TestVictimIsTheFirstOfASortedList(t *testing.T) {
	first, end := seeds(t, 20)
	for seed := first; seed < end; seed++ {
		chance := newStream(seed, "victims")
		nodes := make([]*node, 5)
		for i := range nodes {
			nodes[i] = &node{index: i}
		}
		v := newVictims()
		var pods []*pod
		for i := range 600 {
			switch op := chance.pick(10); {
			case op < 3:
				p := &pod{seq: i}
				pods = append(pods, p)
				v.made(p)
			case op < 7 && len(pods) > 0:
				p := pods[chance.pick(len(pods))]
				switch {
				case !p.stays() || p.phase == podRunning:
				case p.node == nil:
					p.node, p.phase = nodes[chance.pick(len(nodes))], podCreating
					v.bound(p)
				default:
					p.phase++
				}
			case op == 7 && len(pods) > 0:
				pods[chance.pick(len(pods))].phase = podGone
			case op == 8:
				want, got := slowFirst(pods), v.first()
				require.Same(t, want, got, "seed %d, operation %d", seed, i)
				if got != nil {
					got.deleting = true
				}
			}
		}
	}
}
