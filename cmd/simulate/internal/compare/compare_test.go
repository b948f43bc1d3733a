package compare

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/scenarios"
	"vpcsim/sim"
)

// engine plays a scenario of the library.
func engine(t *testing.T, name string, o scenarios.Options) Engine {
	entry, ok := scenarios.Find(name)
	require.True(t, ok, name)
	s, err := entry.Load(o)
	require.NoError(t, err)
	return func(sink func(sim.Event) error) error { return sim.Run(s.Config(), sink) }
}

// log is what an engine logs.
func log(t *testing.T, e Engine) []sim.Event {
	var all []sim.Event
	require.NoError(t, e(func(ev sim.Event) error { all = append(all, ev); return nil }))
	return all
}

func TestARunIsTheSameAsItself(t *testing.T) {
	c, err := Play(engine(t, "churn-and-cooldown", scenarios.Options{}), engine(t, "churn-and-cooldown", scenarios.Options{}))
	require.NoError(t, err)
	require.Nil(t, c.Parting)
	require.Empty(t, c.Changes)
	require.Equal(t, c.A.Numbers, c.B.Numbers)
	require.NotNil(t, c.B.State.Ended)
}

// The parting is the first event that differs, found by keeping both logs.
func TestPartingIsTheFirstDifference(t *testing.T) {
	for _, o := range []scenarios.Options{
		{Env: []string{"WARM_IP_TARGET=5"}},
		{Set: []string{"steps.0.at=2m"}},
		{Set: []string{"nodeGroups.workers.count=2"}},
		{Set: []string{"cni.version=v1.16.2", "nodeGroups.workers.maxPods=12"}},
	} {
		a, b := engine(t, "default-secondary-ip", scenarios.Options{}), engine(t, "default-secondary-ip", o)
		c, err := Play(a, b)
		require.NoError(t, err)
		require.NotNil(t, c.Parting, o)
		x, y := compared(log(t, a)), compared(log(t, b))
		i := 0
		for same(&x[i], &y[i]) {
			i++
		}
		require.Equal(t, &x[i], c.Parting.A)
		require.Equal(t, &y[i], c.Parting.B)
		require.EqualValues(t, i, c.Parting.Same)
		require.Equal(t, min(x[i].At, y[i].At), c.Parting.At())
		require.NotEmpty(t, c.Changes)
		// Both go on to their ends.
		require.EqualValues(t, len(log(t, a)), c.A.State.Events)
		require.EqualValues(t, len(log(t, b)), c.B.State.Events)
	}
}

func compared(log []sim.Event) []sim.Event {
	var all []sim.Event
	for _, e := range log {
		if !ofInput(e.Body) {
			all = append(all, e)
		}
	}
	return all
}

// A run that ends parts from one that goes on.
func TestTheEndIsADifference(t *testing.T) {
	until := 2 * time.Minute
	c, err := Play(engine(t, "default-secondary-ip", scenarios.Options{Until: &until}), engine(t, "default-secondary-ip", scenarios.Options{}))
	require.NoError(t, err)
	require.NotNil(t, c.Parting)
	require.IsType(t, sim.RunEnded{}, c.Parting.A.Body)
}

func TestAnErrorOfEitherEndsBoth(t *testing.T) {
	broken := errors.New("broken")
	good := engine(t, "default-secondary-ip", scenarios.Options{})
	bad := func(sink func(sim.Event) error) error {
		n := 0
		return good(func(e sim.Event) error {
			if n++; n == 10 {
				return broken
			}
			return sink(e)
		})
	}
	_, err := Play(good, bad)
	require.ErrorIs(t, err, broken)
	_, err = Play(bad, good)
	require.ErrorIs(t, err, broken)
}

func TestChangesAreToldByPath(t *testing.T) {
	a := `{"name":"x","seed":1,"cni":{"env":{"A":"1","B":null}},"nodeGroups":[{"name":"w","count":1}],"steps":[{"at":"1m"}]}`
	b := `{"name":"y","seed":1,"cni":{"env":{"A":"2"}},"nodeGroups":[{"name":"w","count":2},{"name":"v"}],"steps":[{"at":"2m"}]}`
	require.Equal(t, []Change{
		{"cni.env.A", "1", "2"},
		{"nodeGroups.v", nil, map[string]any{"name": "v"}},
		{"nodeGroups.w.count", json.Number("1"), json.Number("2")},
		{"steps.0.at", "1m", "2m"},
	}, changes(json.RawMessage(a), json.RawMessage(b)))
	require.Empty(t, changes(nil, nil))
}

func TestTellNamesWhatDiffers(t *testing.T) {
	grow := func(reason model.Reason, short int) *sim.Event {
		return &sim.Event{At: 2500, Node: "n-0", Body: sim.PoolGrow{PoolDecision: sim.PoolDecision{Rule: "pool-too-low", Reason: reason, Total: 9, Short: short}}}
	}
	a, b := Tell(grow("warm-eni-target", 0), grow("warm-ip-target", 5))
	require.Equal(t, "2.5s  pool.grow n-0, rule pool-too-low, reason warm-eni-target, short 0", a)
	require.Equal(t, "2.5s  pool.grow n-0, rule pool-too-low, reason warm-ip-target, short 5", b)

	began := func(n map[sim.Number]int) *sim.Event {
		return &sim.Event{At: 1000, Node: "n-0", Body: sim.ExhaustionBegan{Kind: sim.KindCooldown, Numbers: n}}
	}
	a, b = Tell(began(map[sim.Number]int{"slots": 9, "total": 9}), began(map[sim.Number]int{"slots": 9, "total": 0, "free": 1}))
	require.Equal(t, "1s  exhaustion.began n-0, numbers total=9", a)
	require.Equal(t, "1s  exhaustion.began n-0, numbers free=1 total=0", b)
	a, _ = Tell(began(map[sim.Number]int{"slots": 9}), began(map[sim.Number]int{"slots": 9, "free": 1}))
	require.Equal(t, "1s  exhaustion.began n-0", a)

	a, b = Tell(nil, &sim.Event{At: 1000, Body: sim.PodReady{Pod: "p-1"}})
	require.Equal(t, "has ended", a)
	require.Equal(t, "1s  pod.ready, pod p-1", b)
}

// Means of parts are those of looking at every millisecond.
func TestMeansAreOverTime(t *testing.T) {
	u := Usage{Steps: []Step{{0, 1, 0}, {10, 4, 2}, {25, 2, 2}}, End: 30}
	for _, n := range []int{1, 2, 3, 7, 40, 60} {
		total, held := u.Means(n, 40)
		for i := range n {
			from, to := 40*i/n, max(40*(i+1)/n, 40*i/n+1)
			sum := [2]int{}
			for ms := from; ms < to; ms++ {
				switch {
				case ms >= 25:
					sum[0] += 2
					sum[1] += 2
				case ms >= 10:
					sum[0] += 4
					sum[1] += 2
				default:
					sum[0]++
				}
			}
			require.Equal(t, []int{sum[0] / (to - from), sum[1] / (to - from)}, []int{total[i], held[i]}, fmt.Sprint(n, " ", i))
		}
	}
	require.Equal(t, 4, u.Peak())
	total, _ := u.Means(3, 0)
	require.Equal(t, []int{0, 0, 0}, total)
}

// However often addresses come and go, the steps that are kept are bounded, and
// the last state is not lost by more than one step.
func TestStepsAreBounded(t *testing.T) {
	var r recorder
	for i := range 3 * maxSteps {
		r.add(Step{model.Instant(i), i, 0})
		require.Less(t, len(r.steps), maxSteps)
	}
	require.Greater(t, len(r.steps), maxSteps/8)
}
