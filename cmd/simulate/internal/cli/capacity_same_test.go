package cli

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/sim"
)

// A remedy that changes nothing is not offered: max-pods is 110 already. With one
// less it is.
func TestCapacityOffersNoRemedyThatChangesNothing(t *testing.T) {
	for maxPods, offered := range map[string]bool{"110": false, "recommended": false, "109": true} {
		code, out, errs := runCapacity(&App{}, "--vary", "workloads.web.replicas=1..400",
			"--set", "nodeGroups.workers.autoscale=null", "--set", "cni.env.ENABLE_PREFIX_DELEGATION=true", "--set", "nodeGroups.workers.maxPods="+maxPods,
			"--set", "vpc.subnets.private-a.cidr=10.0.0.0/22")
		require.Equal(t, ExitOK, code, errs)
		require.Contains(t, out, "one more node")
		require.Equal(t, offered, strings.Contains(out, "max-pods 110"), "max-pods %s:\n%s", maxPods, out)
	}
}

// The runs that the answer counts are those that were played: no scenario is
// twice.
func TestCapacityRunsNothingTwice(t *testing.T) {
	var runs atomic.Int32
	var seen sync.Map
	app := &App{Simulate: func(cfg sim.Config, sink func(sim.Event) error) error {
		runs.Add(1)
		key := fmt.Sprint(cfg.Digest, " ", cfg.Seed)
		_, again := seen.LoadOrStore(key, true)
		require.False(t, again, "a scenario is run twice")
		return sim.Run(cfg, sink)
	}}
	code, out, errs := runCapacity(app, "--vary", "workloads.web.replicas", "--seeds", "1", "-o", "json")
	require.Equal(t, ExitOK, code, errs)
	require.Contains(t, out, "\"runs\": ")
	var said int
	for _, line := range strings.Split(out, "\n") {
		if n, ok := strings.CutPrefix(strings.TrimSpace(line), "\"runs\": "); ok {
			for _, c := range strings.TrimSuffix(n, ",") {
				said = said*10 + int(c-'0')
			}
		}
	}
	require.EqualValues(t, said, runs.Load())
}

// The estimate is the pace of the last runs times how many are to come.
func TestTheEstimateGoesByTheLastRuns(t *testing.T) {
	at := func(seconds ...int) (ended []time.Time) {
		for _, s := range seconds {
			ended = append(ended, time.Unix(int64(s), 0))
		}
		return ended
	}
	require.Equal(t, ", about 20s left", remaining(10, at(0, 2, 4)))
	require.Equal(t, ", about 1s left", remaining(10, at(0, 0, 0)))
	require.Empty(t, remaining(10, at(5)), "one run has no pace")
	require.Empty(t, remaining(0, at(0, 2)))
}
