package view_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/sim"
	"vpcsim/sim/replay/logtest"
)

// gone is a node on which some pods get an address and others are deleted before
// they had one, of these so many by kind.
func gone(kinds ...sim.Kind) *logtest.Log {
	l := new(logtest.Log).Start("gone", "10.0.0.0/24").Node("workers-0", "10.0.0.4", 3, 9, warmENI)
	l.Assign("workers-0", 0, logtest.Run("10.0.0.5", 9)...).Ready("workers-0")
	l.Created("web", 0, 2).Addressed("workers-0", 0, "web", 0, logtest.Run("10.0.0.5", 2)...)
	l.Created("late", 0, len(kinds))
	for i, kind := range kinds {
		l.Add("workers-0", sim.PodBound{Pod: logtest.Pod("late", i), Workload: "late"})
		l.Add("workers-0", sim.PodSetupFailed{Pod: logtest.Pod("late", i), Reason: kind, Attempt: 1})
	}
	for i := range kinds {
		l.At(time.Duration(i+1)*time.Second).Add("", sim.PodDeleted{Pod: logtest.Pod("late", i)})
	}
	return l.At(time.Minute).End("settled")
}

// One fewer than a majority is not most of them.
func TestTheVerdictSaysWhatPodsAreGoneWithoutAnAddress(t *testing.T) {
	const a, b = sim.KindCooldown, sim.KindSubnetIPs
	for _, c := range []struct {
		kinds []sim.Kind
		want  string
	}{
		{nil, "Everything fits: 2 pods run, 7 of 9 addresses are free."},
		{[]sim.Kind{a}, "1 of 3 pods was deleted before it had an address; cooldown stopped it."},
		{[]sim.Kind{a, a}, "2 of 4 pods were deleted before they had an address; cooldown stopped them."},
		{[]sim.Kind{a, b, a}, "3 of 5 pods were deleted before they had an address; cooldown stopped most of them."},
		{[]sim.Kind{b, a, b, a}, "4 of 6 pods were deleted before they had an address; cooldown stopped 2 of them."},
		{[]sim.Kind{""}, "1 of 3 pods was deleted before it had an address."},
	} {
		require.Equal(t, c.want, view.Verdict(fold(t, gone(c.kinds...))), "%v", c.kinds)
	}
}

func TestThePodsBlockTellsOfPodsThatAreGone(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, view.Table(&out, fold(t, gone(sim.KindCooldown, sim.KindSubnetIPs, sim.KindCooldown)), view.TableOptions{}))
	require.Contains(t, out.String(), `
Pods
  5 created · 2 running · 3 attempts found no free address
  3 deleted before they had an address: cooldown 2, subnet-ips 1
  wait for an address                 median  p90  p99  longest
  from created                            0s   0s   0s       0s
  from bound to a node                    0s   0s   0s       0s
  from created, with 3 that had none      1s   3s   3s       3s

3 of 5 pods were deleted before they had an address; cooldown stopped most of
them.
`)
	out.Reset()
	require.NoError(t, view.Table(&out, fold(t, gone()), view.TableOptions{}))
	require.NotContains(t, out.String(), "had")
}

func TestTheDocumentHasPodsThatAreGone(t *testing.T) {
	pods := view.Document(fold(t, gone(sim.KindCooldown, sim.KindSubnetIPs, sim.KindCooldown))).Summary.Pods
	require.Equal(t, 3, pods.Gone)
	require.Equal(t, int64(0), pods.StartLatencyMs.Max, "of those that got one")
	require.Equal(t, []int64{1000, 3000, 3000, 3000}, []int64{pods.WaitMs.P50, pods.WaitMs.P90, pods.WaitMs.P99, pods.WaitMs.Max})
	none := view.Document(fold(t, new(logtest.Log).Start("none", "10.0.0.0/24").End("settled"))).Summary.Pods
	require.Nil(t, none.WaitMs)
}
