package replay_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
	"vpcsim/sim/replay/logtest"
)

// Of several episodes together a pod counts once, also where the log doesn't tell
// which subnet it waits for, and a new pod of an old name by itself.
func TestAPodCountsOnceInSeveralEpisodes(t *testing.T) {
	began := func(l *logtest.Log, id int, kind sim.Kind, scope, name string, pod model.PodName) {
		l.Add("", sim.ExhaustionBegan{ID: id, Kind: kind, Scope: scope, Name: name, Pod: pod})
	}
	ended := func(l *logtest.Log, id, pods int, kind sim.Kind, scope, name string) {
		l.Add("", sim.ExhaustionEnded{ID: id, Kind: kind, Scope: scope, Name: name, Pods: pods, PodMs: 1000})
	}
	failed := func(l *logtest.Log, pod model.PodName, kind sim.Kind) {
		l.Add("n", sim.PodSetupFailed{Pod: pod, Reason: kind, Attempt: 1})
	}
	l := oneNode().Created("web", 0, 3)
	for _, pod := range []model.PodName{"web-0", "web-1", "web-2"} {
		l.Add("n", sim.PodBound{Pod: pod, Workload: "web"})
	}
	began(l, 1, sim.KindCooldown, "node", "n", "web-0")
	failed(l, "web-0", sim.KindCooldown)
	failed(l, "web-1", sim.KindCooldown)
	began(l, 2, sim.KindCooldown, "node", "m", "x-0") // a pod that is on no node of this log
	ended(l.At(time.Second), 1, 2, sim.KindCooldown, "node", "n")
	began(l, 3, sim.KindCooldown, "node", "n", "web-1")
	failed(l, "web-1", sim.KindCooldown)
	failed(l, "web-2", sim.KindCooldown)
	ended(l.At(2*time.Second), 3, 2, sim.KindCooldown, "node", "n")
	began(l, 4, sim.KindSubnetIPs, "subnet", "a", "web-0")
	began(l, 5, sim.KindSubnetIPs, "subnet", "b", "web-1")
	for _, pod := range []model.PodName{"web-0", "web-1", "web-2"} {
		failed(l, pod, sim.KindSubnetIPs)
	}
	ended(l.At(3*time.Second), 4, 1, sim.KindSubnetIPs, "subnet", "a")
	ended(l, 5, 3, sim.KindSubnetIPs, "subnet", "b")
	s := fold(t, l)
	require.Len(t, s.Episodes, 5)
	require.Equal(t, 2, replay.PodsHit(s.Episodes[:1]))
	require.Equal(t, 3, replay.PodsHit([]*replay.Episode{s.Episodes[0], s.Episodes[2]}), "not 4")
	require.Equal(t, 1, replay.PodsHit(s.Episodes[3:4]), "no more than the log says")
	require.Equal(t, 3, replay.PodsHit(s.Episodes[3:]))
	require.Equal(t, 0, replay.PodsHit(nil))
}
