package sim

import (
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// TestSettledRunsHaveSettled gives random scenarios no duration: each ends five
// minutes after the last change, or goes on for a day because something changes
// at least every five minutes.
func TestSettledRunsHaveSettled(t *testing.T) {
	first, end := seeds(t, 400)
	ends := map[string]int{}
	for seed := first; seed < end; seed++ {
		cfg := generate(seed)
		cfg.Duration = 0
		var changed, last, gap model.Instant
		var ended RunEnded
		var vain vainENIs
		err := Run(cfg, func(ev Event) error {
			last = ev.At
			if body, ok := ev.Body.(RunEnded); ok {
				ended = body
			} else if !vain.has(ev) && changes(ev.Body) {
				gap = max(gap, ev.At-changed)
				changed = ev.At
			}
			return nil
		})
		require.NoError(t, err, "seed %d", seed)
		ends[ended.EndedBy]++
		switch ended.EndedBy {
		case "settled":
			if settled := changed.Add(SettleAfter); last != settled {
				// A step that does nothing holds the run up, too, and so does a
				// clean-up that finds nothing.
				require.Greater(t, last, settled, "seed %d", seed)
				require.LessOrEqual(t, last, model.Instant(0).Add(stepsEnd+2*(leakPeriod+leakDelay)), "seed %d", seed)
			}
		case "duration":
			require.Equal(t, model.Instant(0).Add(MaxUnsettled), last, "seed %d", seed)
			// A clean-up of what has leaked holds it up, too.
			require.LessOrEqual(t, gap, model.Instant(0).Add(SettleAfter+leakPeriod+leakDelay), "seed %d", seed)
		default:
			require.Fail(t, "ended by "+ended.EndedBy, "seed %d", seed)
		}
	}
	require.Positive(t, ends["settled"])
	require.Positive(t, ends["duration"], "some flap")
}

// vainENIs are those that are made in another zone than their instance's: EC2 attaches
// none of them, and each is deleted again.
type vainENIs struct {
	zones map[model.SubnetID]string
	nodes map[model.NodeName]string
	enis  map[model.ENIID]bool
}

// has reports whether the event is about one.
func (v *vainENIs) has(ev Event) bool {
	switch b := ev.Body.(type) {
	case RunStarted:
		*v = vainENIs{map[model.SubnetID]string{}, map[model.NodeName]string{}, map[model.ENIID]bool{}}
		for _, s := range b.Subnets {
			v.zones[s.Name] = s.Zone
		}
	case NodeLaunched:
		v.nodes[ev.Node] = b.Zone
	case ENICreated:
		v.enis[b.ENI] = b.Kind != model.ENIBranch && v.nodes[ev.Node] != "" && v.zones[b.Subnet] != v.nodes[ev.Node]
		return v.enis[b.ENI]
	case ENIDeleted:
		return v.enis[b.ENI]
	}
	return false
}
