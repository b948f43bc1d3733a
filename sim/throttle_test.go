package sim

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// TestRequestLimits are those of the EC2 developer guide, "Request throttling for
// the Amazon EC2 API".
func TestRequestLimits(t *testing.T) {
	want := map[Action]requestLimit{
		"CreateNetworkInterface": {100, 5}, "DeleteNetworkInterface": {100, 5},
		"AssignPrivateIpAddresses": {100, 5}, "UnassignPrivateIpAddresses": {100, 5}, "AssignIpv6Addresses": {100, 5},
		"ModifyNetworkInterfaceAttribute": {100, 5},
		"AttachNetworkInterface":          {50, 5}, "DetachNetworkInterface": {50, 5},
		"AssociateTrunkInterface": {50, 5}, "DisassociateTrunkInterface": {50, 5},
		"DescribeNetworkInterfaces": {50, 10}, "DescribeInstances": {50, 10}, "DescribeSubnets": {100, 20},
		"CreateTags": {100, 10}, "DeleteTags": {100, 10},
		"CreateSubnetCidrReservation": {5, 1}, "DeleteSubnetCidrReservation": {5, 1},
		"RunInstances": {5, 2}, "TerminateInstances": {100, 5},
	}
	require.Equal(t, want, requestLimits)
	require.Equal(t, map[Action]requestLimit{
		"RunInstances": {1000, 2}, "TerminateInstances": {1000, 20}, "StartInstances": {1000, 2}, "StopInstances": {1000, 20},
	}, instanceLimits)
	_, _, ok := RequestLimit("NoSuchAction")
	require.False(t, ok)
	_, _, ok = InstanceLimit(AssignPrivateIpAddresses)
	require.False(t, ok, "fifty addresses are one token")
	bucket, refill, ok := InstanceLimit(RunInstances)
	require.Equal(t, []any{1000, 2, true}, []any{bucket, refill, ok})
}

// TestBucketsEmptyAndFill: on both sides of its size, of a second, and of what
// fits.
func TestBucketsEmptyAndFill(t *testing.T) {
	for action, limit := range requestLimits {
		if action == RunInstances {
			continue // launches take tokens by the instance
		}
		th := newThrottle(true)
		const begin = 12_300 // the bucket's first use
		for i := range limit.size {
			require.True(t, th.admits(action, begin), "%s %d", action, i)
		}
		require.False(t, th.admits(action, begin), "%s", action)
		require.False(t, th.admits(action, 12_999), "%s", action)
		for i := range limit.refill {
			require.True(t, th.admits(action, 13_000), "%s %d", action, i)
		}
		require.False(t, th.admits(action, 13_999), "%s", action)
		// Once it is full the surplus is lost.
		full := model.Instant(13_000 + 1000*((limit.size+limit.refill-1)/limit.refill+1))
		for range limit.size {
			require.True(t, th.admits(action, full), "%s", action)
		}
		require.False(t, th.admits(action, full), "%s", action)
		// An action's bucket is its own.
		require.True(t, th.admits("NoSuchAction", full))
	}
	th := newThrottle(true)
	for range 50 {
		require.True(t, th.admits(AttachNetworkInterface, 0))
	}
	require.False(t, th.admits(AttachNetworkInterface, 0))
	require.True(t, th.admits(DetachNetworkInterface, 0), "an action's bucket is its own")
	require.True(t, newThrottle(false).admits(AttachNetworkInterface, 0))
	require.True(t, newThrottle(false).admitsLaunch(0))
}

// TestRetryDelays of the SDK: drawn up to 16 s, then 20 s sharp.
func TestRetryDelays(t *testing.T) {
	for attempt, want := range map[int]Range{
		1: {Max: 2 * time.Second}, 2: {Max: 4 * time.Second}, 3: {Max: 8 * time.Second}, 4: {Max: 16 * time.Second},
		5: {Min: 20 * time.Second, Max: 20 * time.Second}, 9: {Min: 20 * time.Second, Max: 20 * time.Second},
	} {
		require.Equal(t, want, retryDelay(attempt), "%d", attempt)
	}
}

// TestClientsGiveUp: the agent's client after ten attempts, the resource
// controller's after three.
func TestClientsGiveUp(t *testing.T) {
	for _, c := range []struct{ attempts, want int }{{0, 10}, {controllerAttempts, 3}} {
		cfg := baseConfig("a")
		cfg.NodeGroups = []NodeGroup{baseGroup(cfg, "n", 1)}
		cfg.CNI.Env["DISABLE_NETWORK_RESOURCE_PROVISIONING"] = "true"
		cfg.EC2.Throttling = true
		cfg.Duration = 10 * time.Minute
		var log []Event
		e, err := newEngine(cfg, func(ev Event) error {
			log = append(log, ev)
			return nil
		})
		require.NoError(t, err)
		e.start()
		e.ec2.throttle.buckets[DetachNetworkInterface] = &tokenBucket{} // nothing ever comes in
		var got model.ErrorCode
		e.ec2.send(request{in: e.nodes[0].instance, attempts: c.attempts, fields: CallFields{Action: DetachNetworkInterface}, done: func(code model.ErrorCode) { got = code }})
		e.loop()
		require.Equal(t, model.RequestLimitExceeded, got)
		made := find(log, func(b EC2Call) bool { return b.Action == DetachNetworkInterface && b.Throttled })
		require.Len(t, made, c.want)
		for i := 5; i < len(made); i++ {
			require.Equal(t, 20*time.Second, made[i].At.Sub(made[i-1].At), "from the fifth wait on")
		}
	}
}

// TestTheControllerKeepsItsPace: in no stretch of time does it send more than its
// burst and what its rate allows, further attempts at throttled calls included.
func TestTheControllerKeepsItsPace(t *testing.T) {
	cfg := baseConfig("a")
	cfg.Subnets[0].CIDR = netip.MustParsePrefix("10.0.0.0/19")
	cfg.EC2.Throttling = true
	cfg.CNI.Env["ENABLE_POD_ENI"] = "true"
	cfg.NodeGroups = []NodeGroup{baseGroup(cfg, "n", 40)}
	cfg.NodeGroups[0].Type.TrunkingCompatible, cfg.NodeGroups[0].Type.BranchENIs = true, 9
	cfg.Workloads = []Workload{{Name: "sg", Kind: Deployment, Replicas: 360, At: time.Minute, Pod: PodSpec{BranchGroups: []model.SecurityGroup{"sg"}}}}
	cfg.Steps = []Step{{At: 5 * time.Minute, Action: Scale{Workload: "sg"}}}
	cfg.Duration = 15 * time.Minute
	sent := find(playAll(t, cfg), func(b EC2Call) bool { return b.Trunk != "" })
	again := 0
	for i, last := range sent {
		if last.Body.(EC2Call).Attempt > 1 {
			again++
		}
		for j, first := range sent[:i] {
			within := last.At.Sub(first.At).Milliseconds()
			require.LessOrEqual(t, int64(i-j+1), clientBurst+(clientRate*within+999)/1000, "from %s to %s", first.At, last.At)
		}
	}
	require.Greater(t, again, 50, "EC2 has throttled")
}

// TestLaunchesAreLimitedByInstance: a thousand at once, and two more each second.
// Those of the run's first instant are there already.
func TestLaunchesAreLimitedByInstance(t *testing.T) {
	for _, c := range []struct {
		at         time.Duration
		count      int
		throttling bool
		refused    int
	}{
		{time.Minute, 1000, true, 0}, {time.Minute, 1001, true, 1}, {time.Minute, 1001, false, 0}, {0, 1001, true, 0},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			cfg := baseConfig("a")
			cfg.Subnets[0].CIDR = netip.MustParsePrefix("10.0.0.0/16")
			cfg.EC2.Throttling = c.throttling
			cfg.CNI.Env["DISABLE_NETWORK_RESOURCE_PROVISIONING"] = "true"
			cfg.NodeGroups = []NodeGroup{baseGroup(cfg, "n", 0)}
			if c.at == 0 {
				cfg.NodeGroups[0].Count = c.count
			} else {
				cfg.Steps = []Step{{At: c.at, Action: AddNodes{Group: "n", Count: c.count}}}
			}
			cfg.Duration = c.at + 2*time.Minute
			log := playAll(t, cfg)
			launched := find[NodeLaunched](log, nil)
			require.Len(t, launched, c.count, "in the end all")
			require.Len(t, find(log, func(b EC2Call) bool { return b.Action == RunInstances && b.Throttled }), c.refused)
			began := find[ExhaustionBegan](log, nil)
			if c.refused == 0 {
				require.Empty(t, began)
				return
			}
			require.Equal(t, launchRetry, launched[1000].At.Sub(launched[999].At))
			require.Len(t, began, 1)
			b := began[0].Body.(ExhaustionBegan)
			require.Equal(t, []any{KindThrottling, "launch", "cluster"}, []any{b.Kind, b.Reason, b.Scope})
			require.Contains(t, b.Remedy, "fewer nodes at once")
			require.Len(t, find[ExhaustionEnded](log, nil), 1)
		})
	}
}
