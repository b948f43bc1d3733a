package sim

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// beganBy are the episodes that the fault is told to be behind.
func beganBy(log []Event, fault int) []ExhaustionBegan {
	var out []ExhaustionBegan
	for _, ev := range find(log, func(b ExhaustionBegan) bool { return b.Fault == fault }) {
		out = append(out, ev.Body.(ExhaustionBegan))
	}
	return out
}

// TestFaultsAreToldOf whatever they let EC2 answer, to whatever call of whomever: the
// remedy begins with the fault.
func TestFaultsAreToldOf(t *testing.T) {
	told := map[string]bool{}
	for _, cluster := range faultClusters {
		for _, action := range FaultActions {
			for _, code := range FaultCodes {
				cfg := cluster.make(t, true)
				cfg.Steps = append([]Step{{Action: Fault{Action: action, Error: code}}}, cfg.Steps...)
				log := playAll(t, cfg)
				name := fmt.Sprintf("%s, %s, %s", cluster.name, action, code)
				for _, b := range beganBy(log, 1) {
					told[cluster.name+"/"+string(action)] = true
					require.Contains(t, b.Remedy, fmt.Sprintf("a fault step of the scenario lets EC2 refuse %s with %s", action, code), name)
					require.NotContains(t, b.Remedy, "room again", name)
					require.NotContains(t, b.Remedy, "restart the agent, which", name)
				}
				for _, ev := range find(log, func(b ExhaustionBegan) bool { return b.Fault == 0 }) {
					require.Contains(t, []Kind{KindWarmPoolLag, KindCooldown, KindNoTrunk, KindMisconfig, KindBranchCooldown, KindENILimit, KindThrottling}, ev.Body.(ExhaustionBegan).Kind, name)
					if code != model.AttachmentLimitExceeded { // an ENI that stays is one too many for EC2 itself
						require.NotEqual(t, string(code), ev.Body.(ExhaustionBegan).Reason, name)
					}
				}
			}
		}
	}
	for _, want := range []string{
		"addresses/CreateNetworkInterface", "addresses/AttachNetworkInterface", "addresses/DescribeInstances", "addresses/ModifyNetworkInterfaceAttribute",
		"addresses/AssignPrivateIpAddresses", "prefixes/AssignPrivateIpAddresses", "branches/CreateNetworkInterface", "branches/AssociateTrunkInterface",
		"Windows/AssignPrivateIpAddresses", "ECS/CreateNetworkInterface", "ECS/AttachNetworkInterface", "ECS trunks/AssociateTrunkInterface",
	} {
		require.True(t, told[want], want)
	}
}

// TestFaultsThatEndAreToldOf with what ends them, and afterwards with that they are over:
// an agent asks a subnet that was full no earlier than 120 s later.
func TestFaultsThatEndAreToldOf(t *testing.T) {
	refused := func(f Fault) []ExhaustionBegan {
		f.Action, f.Error = CreateNetworkInterface, model.InsufficientFreeAddressesInSubnet
		cfg := wavesOfPods(true, 20, PodSpec{}, nil)
		cfg.NodeGroups[0].Count = 1
		cfg.Steps = append([]Step{{Action: f}}, cfg.Steps...)
		return beganBy(playAll(t, cfg), 1)
	}
	for _, test := range []struct {
		f    Fault
		want string
	}{
		{Fault{}, "lets EC2 refuse CreateNetworkInterface with InsufficientFreeAddressesInSubnet to the end of the run; where EC2 does so by itself: a larger subnet"},
		{Fault{For: time.Hour, Node: "n-0"}, "lets EC2 refuse CreateNetworkInterface for n-0 with InsufficientFreeAddressesInSubnet for 1h; where"},
		{Fault{For: 90 * time.Minute}, "InsufficientFreeAddressesInSubnet for 90m; where"},
		{Fault{Count: 100}, "InsufficientFreeAddressesInSubnet, 100 times; where"},
		{Fault{Count: 100, For: time.Hour}, "InsufficientFreeAddressesInSubnet, 100 times or for 1h; where"},
		{Fault{Count: 1}, "let EC2 refuse CreateNetworkInterface with InsufficientFreeAddressesInSubnet, and is over; the subnet has room, but an agent asks a full subnet no earlier than 120 s after the refusal"},
	} {
		began := refused(test.f)
		require.NotEmpty(t, began, test.want)
		require.Equal(t, KindSubnetIPs, began[0].Kind)
		require.Contains(t, began[0].Remedy, test.want)
	}
}

// TestRefusalsOfEC2ItselfAreNoFaults although there is one.
func TestRefusalsOfEC2ItselfAreNoFaults(t *testing.T) {
	cfg := wavesOfPods(true, 20, PodSpec{}, nil)
	cfg.Subnets[0].InUseCount = 4091 - 2*10*faultNodes + 3 // of a /20
	cfg.Steps = append([]Step{{Action: Fault{Action: AttachNetworkInterface, Error: model.InsufficientFreeAddressesInSubnet, Node: "none"}}}, cfg.Steps...)
	log := playAll(t, cfg)
	require.Empty(t, beganBy(log, 1))
	full := find(log, func(b ExhaustionBegan) bool { return b.Kind == KindSubnetIPs })
	require.NotEmpty(t, full)
	require.True(t, strings.HasPrefix(full[0].Body.(ExhaustionBegan).Remedy, "a larger subnet"))
}

// TestSlowChecksAreToldOf: a pool is still growing when the pod asks, and nothing is
// refused, but its check takes long as EC2's calls do, or as the client waits between
// throttled ones. One that takes 10 s is quick.
func TestSlowChecksAreToldOf(t *testing.T) {
	for _, test := range []struct {
		took   time.Duration
		by     model.ErrorCode
		reason string
		remedy string
	}{
		{10 * time.Second, "", "warm-ip-target", "at most 5 s away"},
		{10*time.Second + time.Millisecond, "", "warm-ip-target", "a check takes 10s here, as EC2's calls take long"},
		{10 * time.Second, model.RequestLimitExceeded, "warm-ip-target", "at most 5 s away"},
		{58 * time.Second, model.RequestLimitExceeded, "RequestLimitExceeded", "EC2 throttles its calls: with the client's waits a check takes 58s here; fewer EC2 calls"},
		{58 * time.Second, model.InternalError, "InternalError", "EC2 fails its calls at first"},
	} {
		e, err := newEngine(branchCluster(1), func(Event) error { return nil })
		require.NoError(t, err)
		e.start()
		for e.queue.len() > 0 && !e.nodes[0].agent.up {
			e.queue.pop().fire()
		}
		a := e.nodes[0].agent
		a.pace = pace{heldBy: refusal{code: test.by}}
		a.pace.end(test.took)
		v := a.pools[0].lags(model.ReasonWarmIPTarget)
		require.Equal(t, KindWarmPoolLag, v.kind)
		require.Equal(t, test.reason, v.reason)
		require.Contains(t, v.remedy, test.remedy)
	}
}

// TestWhoWaitsForCallsThatAreTriedAgain: ECS's client tries a call again, and meanwhile the task
// waits for EC2's rate; so does a pod on a Windows node for the resource controller's.
func TestWhoWaitsForCallsThatAreTriedAgain(t *testing.T) {
	for name, action := range map[string][]Action{
		"ECS":        {CreateNetworkInterface, AttachNetworkInterface},
		"ECS trunks": {AssociateTrunkInterface},
		"Windows":    {AssignPrivateIpAddresses},
	} {
		for _, cluster := range faultClusters {
			if cluster.name != name {
				continue
			}
			for _, a := range action {
				most := 3 // fewer than the client's ten tries; the controller's is three
				cfg := cluster.make(t, true)
				if name == "Windows" {
					most = 2
					cfg.Steps = append(cfg.Steps, windowsPods(12*time.Minute+300*time.Millisecond, "n-0", 1, 1)...)
				}
				cfg.Steps = append([]Step{{At: 11 * time.Minute, Action: Fault{Action: a, Error: model.RequestLimitExceeded, Count: most}}}, cfg.Steps...)
				log := playAll(t, cfg)
				require.Len(t, find[FaultEnded](log, nil), 1, name)
				began := beganBy(log, 1)
				require.Len(t, began, 1, "%s, %s", name, a)
				require.Equal(t, KindThrottling, began[0].Kind)
				require.Empty(t, find(log, func(b TaskFailed) bool { return true }), name)
				ended := find(log, func(b ExhaustionEnded) bool { return b.Kind == KindThrottling })
				require.Len(t, ended, 1)
				require.Less(t, ended[0].At, model.Instant(0).Add(13*time.Minute))
			}
		}
	}
}
