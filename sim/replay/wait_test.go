package replay_test

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
	"vpcsim/sim/replay/logtest"
)

// asks is a pod web-0 that was bound at once and had no address after 5 s.
func asks() *logtest.Log {
	l := oneNode().Created("web", 0, 1)
	l.Add("n", sim.PodBound{Pod: "web-0", Workload: "web"})
	l.At(5*time.Second).Add("n", sim.PodSetupFailed{Pod: "web-0", Reason: sim.KindCooldown, Attempt: 1, Message: "no address"})
	return l
}

// The pod gets an address at 10 s: one that is deleted a millisecond earlier never
// has any.
func TestAPodDeletedBeforeItsAddressIsGone(t *testing.T) {
	addressed := sim.PodAddressed{Pod: "web-0", ENI: logtest.ENI("n", 0), Address: netip.MustParseAddr("10.0.0.10"), Attempt: 2}

	l := asks()
	l.At(10*time.Second-time.Millisecond).Add("", sim.PodDeleted{Pod: "web-0"})
	s := fold(t, l)
	require.Equal(t, 1, s.Pods.Count().Gone)
	require.Equal(t, []replay.KindCount{{Kind: sim.KindCooldown, Count: 1}}, s.Pods.GoneFor())
	require.Equal(t, 0, s.Pods.StartLatency.Count())
	// It has stopped waiting: the hour that follows isn't its.
	require.Equal(t, 9999*time.Millisecond, s.Pods.Wait.Max(s.Now.Add(time.Hour)))
	require.Equal(t, 9999*time.Millisecond, s.Pods.WaitBound.Max(s.Now.Add(time.Hour)))

	l = asks()
	l.At(10*time.Second).Add("n", addressed)
	l.At(10*time.Second+time.Millisecond).Add("", sim.PodDeleted{Pod: "web-0"})
	l.Add("n", released("web-0", "10.0.0.10", 40_001))
	s = fold(t, l)
	require.Equal(t, 0, s.Pods.Count().Gone)
	require.Empty(t, s.Pods.GoneFor())
	require.Equal(t, 1, s.Pods.StartLatency.Count())
	require.Equal(t, 1, s.Pods.Wait.Count())
	require.Equal(t, 10*time.Second, s.Pods.Wait.Max(s.Now.Add(time.Hour)))
}

// What goes as the run begins is left over from before: an imported cluster is
// asked how it is with fewer replicas.
func TestAPodDeletedAsTheRunBeginsIsNotGone(t *testing.T) {
	for at, gone := range map[time.Duration]int{0: 0, time.Millisecond: 1} {
		l := oneNode().Created("web", 0, 1)
		l.Add("n", sim.PodBound{Pod: "web-0", Workload: "web"}, sim.PodSetupFailed{Pod: "web-0", Reason: sim.KindCooldown, Attempt: 1, Message: "no address"})
		l.At(at).Add("", sim.PodDeleted{Pod: "web-0"})
		require.Equal(t, gone, fold(t, l).Pods.Count().Gone, at)
	}
}

func TestAPodThatWaitsCountsWithItsWaitSoFar(t *testing.T) {
	s := fold(t, asks())
	require.Equal(t, 1, s.Pods.Wait.Open())
	require.Equal(t, 5*time.Second, s.Pods.Wait.Max(s.Now))
	require.Equal(t, 7*time.Second, s.Pods.Wait.Percentile(50, s.Now.Add(2*time.Second)))
	require.Equal(t, 0, s.Pods.Count().Gone)
}

// One without a node, one that asked for nothing yet, one on the host network and
// one that had its address before.
func TestOnlyPodsThatAskedInVainAreGone(t *testing.T) {
	l := oneNode().Created("pending", 0, 1).Created("fresh", 0, 1)
	l.Add("", sim.PodCreated{Pod: "host-0", Workload: "host", HostNetwork: true}, sim.PodCreated{Pod: "old-0", Workload: "old"})
	l.Add("n", sim.PodBound{Pod: "old-0"}, sim.PodAddressed{Pod: "old-0", ENI: logtest.ENI("n", 0), Address: netip.MustParseAddr("10.0.0.10")})
	l.Add("", sim.PodUnschedulable{Pod: "pending-0", Reason: sim.KindMaxPods}, sim.PodUnschedulable{Pod: "host-0", Reason: sim.KindMaxPods})
	l.Add("", sim.PodUnschedulable{Pod: "pending-0"}) // no node was ready: what stopped it before is still what did
	l.At(time.Second).Add("", sim.PodDeleted{Pod: "fresh-0"}, sim.PodDeleted{Pod: "host-0"})
	l.At(2*time.Second).Add("", sim.PodDeleted{Pod: "pending-0"}, sim.PodDeleted{Pod: "old-0"})
	l.Add("n", released("old-0", "10.0.0.10", 32_000))
	s := fold(t, l)
	require.Equal(t, []replay.KindCount{{Kind: sim.KindMaxPods, Count: 1}}, s.Pods.GoneFor())
	require.Equal(t, 1, s.Pods.Count().Gone)
	require.Equal(t, 2, s.Pods.Wait.Count(), "fresh-0 and pending-0")
	require.Equal(t, time.Second, s.Pods.Wait.Percentile(50, s.Now))
	require.Equal(t, 2*time.Second, s.Pods.Wait.Max(s.Now))
	require.Equal(t, 0, s.Pods.WaitBound.Count())
}

// A task that is refused its ENI waits for another place from then on, and one that
// is stopped while it is there still waits no longer.
func TestATaskWaitsFromItsLastPlace(t *testing.T) {
	l := oneNode()
	l.Add("", sim.TaskCreated{Pod: "t", Workload: "s", NetworkMode: sim.NetworkAWSVPC})
	l.At(time.Second).Add("n", sim.TaskPlaced{Pod: "t", Workload: "s"})
	l.At(4*time.Second).Add("n", sim.TaskFailed{Pod: "t", Reason: sim.KindSubnetIPs})
	s := fold(t, l)
	require.Equal(t, 0, s.Pods.WaitBound.Count())
	require.Equal(t, 4*time.Second, s.Pods.Wait.Max(s.Now))

	l.At(10*time.Second).Add("n", sim.TaskPlaced{Pod: "t", Workload: "s"})
	l.At(12*time.Second).Add("n", sim.TaskDeleted{Pod: "t"})
	l.At(20*time.Second).Add("n", sim.TaskReleased{Pod: "t"})
	s = fold(t, l)
	require.Equal(t, 12*time.Second, s.Pods.Wait.Max(s.Now))
	require.Equal(t, 2*time.Second, s.Pods.WaitBound.Max(s.Now))
	require.Equal(t, []replay.KindCount{{Kind: sim.KindSubnetIPs, Count: 1}}, s.Pods.GoneFor())
}

// The slow twin keeps every wait in a list and sorts it.
func TestPercentilesOfWaits(t *testing.T) {
	for seed := range uint64(20) {
		chance := rand.New(rand.NewPCG(seed, 1))
		l := new(logtest.Log)
		l.Start("test", "10.0.0.0/24")
		var s replay.State
		for _, e := range l.Events {
			require.NoError(t, s.Apply(e))
		}
		created := map[int]model.Instant{} // of those that wait
		var ended []int64
		at := time.Duration(0)
		for i := range 200 {
			done := len(l.Events)
			at += time.Duration(chance.IntN(3)) * 7 * time.Millisecond
			l.At(at)
			if open := sortedKeys(created); len(open) > 0 && chance.IntN(2) == 0 {
				k := open[chance.IntN(len(open))]
				l.Add("", sim.PodDeleted{Pod: logtest.Pod("p", k)})
				ended = append(ended, at.Milliseconds()-int64(created[k]))
				delete(created, k)
			} else {
				l.Created("p", i, i+1)
				created[i] = model.Instant(at.Milliseconds())
			}
			for _, e := range l.Events[done:] {
				require.NoError(t, s.Apply(e))
			}
			now := s.Now + model.Instant(chance.IntN(20))
			all := slices.Clone(ended)
			for _, since := range created {
				all = append(all, int64(now-since))
			}
			slices.Sort(all)
			require.Equal(t, len(all), s.Pods.Wait.Count())
			for _, p := range []int{1, 50, 90, 99, 100} {
				want := time.Duration(all[(p*len(all)+99)/100-1]) * time.Millisecond
				require.Equal(t, want, s.Pods.Wait.Percentile(p, now), "seed %d, p%d of %v", seed, p, all)
			}
		}
	}
}

func sortedKeys(m map[int]model.Instant) []int {
	var keys []int
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
