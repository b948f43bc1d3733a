package sim

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// TestWindowsJobsAreTakenInTurn: two at once, first come first served, and those that
// take no time one after the other.
func TestWindowsJobsAreTakenInTurn(t *testing.T) {
	var w workers
	var overs []func()
	var order []int
	slow := func(i int) windowsJob {
		return func(over func()) { order, overs = append(order, i), append(overs, over) }
	}
	for i := range 3 {
		w.add(slow(i))
	}
	require.Equal(t, []int{0, 1}, order)

	depth := 0
	for i := range 4 {
		w.add(func(over func()) {
			depth++
			order = append(order, 10+i)
			over()
			require.Equal(t, 1, depth, "one within the other")
			depth--
		})
	}
	overs[1]()
	require.Equal(t, []int{0, 1, 2}, order)
	overs[0]()
	require.Equal(t, []int{0, 1, 2, 10, 11, 12, 13}, order)
	require.Equal(t, 1, w.busy)
}

// crowdedWindows are nodes in a subnet that has one free address for each, and so many
// pods on each.
func crowdedWindows(nodes, pods int) Config {
	cfg := windowsCluster(nil)
	usualLatency(&cfg)
	cfg.NodeGroups[0].Count = nodes
	cfg.Subnets[0].CIDR = netip.MustParsePrefix("10.0.0.0/27")
	cfg.Subnets[0].InUseCount = 27 - 2*nodes
	for i := range nodes {
		cfg.Steps = append(cfg.Steps, windowsPods(time.Minute, model.NodeName(fmt.Sprintf("n-%d", i)), pods*i, pods)...)
	}
	return cfg
}

// TestLooksAtEC2PileUp: the workers see to the pods of two nodes, not to those of five.
// The run settles over what waits, as it would change nothing.
func TestLooksAtEC2PileUp(t *testing.T) {
	for nodes, jam := range map[int]bool{2: false, 5: true} {
		cfg := crowdedWindows(nodes, 5)
		end := RunEnded{}
		at := model.Instant(0)
		most := 0
		var e *engine
		e, err := newEngine(cfg, func(ev Event) error {
			most = max(most, len(e.windowsJobs[0].jobs))
			if b, is := ev.Body.(RunEnded); is {
				end, at = b, ev.At
			}
			return nil
		})
		require.NoError(t, err)
		e.start()
		e.loop()
		e.end()
		require.Equal(t, "settled", end.EndedBy)
		require.Less(t, at, model.Instant(0).Add(7*time.Minute))
		if jam {
			require.Greater(t, most, 1000)
		} else {
			require.Less(t, most, 10)
		}
	}
}

// TestJamHoldsUpWhatCouldGoOn: addresses that come free wait for the jobs before, for
// longer than a run goes on without a change; and the run waits for them.
func TestJamHoldsUpWhatCouldGoOn(t *testing.T) {
	for _, c := range []struct {
		nodes, pods int
		jam         bool
	}{{2, 5, false}, {5, 20, true}} {
		cfg := crowdedWindows(c.nodes, c.pods)
		cfg.Steps = append(cfg.Steps, Step{At: 10 * time.Minute, Action: Terminate{Node: "n-0"}})
		var last, gap model.Instant // of the pods that get an address after that
		e, err := newEngine(cfg, func(ev Event) error {
			switch ev.Body.(type) {
			case NodeTerminated:
				last = ev.At
			case PodAddressed:
				if last > 0 {
					last, gap = ev.At, max(gap, ev.At-last)
				}
			}
			return nil
		})
		require.NoError(t, err)
		e.start()
		e.loop()
		require.Equal(t, "settled", e.endedBy)
		require.Zero(t, e.ec2.subnets[0].FreeForAddresses(), "%d nodes: pods wait, and there is room", c.nodes)
		require.Equal(t, c.jam, gap > model.Instant(SettleAfter.Milliseconds()), "%d nodes: %s", c.nodes, gap)
	}
}

// TestWindowsPoolLooksAgain: where the look at what EC2 has fails, too, the pool does
// not take it for done. It looks again at the next round and asks then.
func TestWindowsPoolLooksAgain(t *testing.T) {
	for refused, at := range map[int]time.Duration{0: 30 * time.Second, 1: 60 * time.Second} {
		cfg := windowsCluster(nil)
		cfg.Duration = 5 * time.Minute
		cfg.Steps = []Step{{At: 20 * time.Second, Action: Fault{Action: AssignPrivateIpAddresses, Error: model.UnauthorizedOperation, Count: 1}}}
		if refused > 0 {
			cfg.Steps = append(cfg.Steps, Step{At: 20 * time.Second, Action: Fault{Action: DescribeInstances, Error: model.UnauthorizedOperation, Count: refused}})
		}
		cfg.Steps = append(cfg.Steps, windowsPods(25*time.Second, "n-0", 0, 1)...)
		log := playAll(t, cfg)
		var grown []model.Instant
		for _, ev := range log {
			if c, is := ev.Body.(EC2Call); is && c.Action == AssignPrivateIpAddresses && c.Error == "" && ev.At > 25000 {
				grown = append(grown, ev.At)
			}
		}
		require.Equal(t, []model.Instant{model.Instant(0).Add(at)}, grown, "%d looks refused", refused)
	}
}

// TestRefusalIsRememberedWhileTheNextRequestWaits: a round that comes meanwhile does not
// forget why the pool is short.
func TestRefusalIsRememberedWhileTheNextRequestWaits(t *testing.T) {
	cfg := crowdedWindows(5, 5)
	cfg.Duration = 10 * time.Minute
	e, err := newEngine(cfg, func(Event) error { return nil })
	require.NoError(t, err)
	refused := 0
	e.afterTimer = func() {
		now := 0
		for _, n := range e.nodes {
			if n.windows.managed && n.windows.sides[0].refused != nil {
				now++
			}
		}
		require.GreaterOrEqual(t, now, refused, "at %s", e.now)
		refused = now
	}
	e.start()
	e.loop()
	require.Equal(t, 5, refused)
}
