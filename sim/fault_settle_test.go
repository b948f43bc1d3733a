package sim

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// The clusters that the tests below play under faults have four nodes. Pods, or tasks,
// come at 30 s and go at 6 min 30 s, and others come at 12 min and stay, or go at 18 min:
// pools grow and shrink, ENIs come and go.
const faultNodes = 4

var faultClusters = []struct {
	name string
	make func(t *testing.T, stay bool) Config
}{
	{"addresses", func(t *testing.T, stay bool) Config { return wavesOfPods(stay, 20, PodSpec{}, nil) }},
	{"targets", func(t *testing.T, stay bool) Config {
		return wavesOfPods(stay, 20, PodSpec{}, map[string]string{"WARM_IP_TARGET": "2"})
	}},
	{"prefixes", func(t *testing.T, stay bool) Config {
		return wavesOfPods(stay, 20, PodSpec{}, map[string]string{"ENABLE_PREFIX_DELEGATION": "true"})
	}},
	{"custom networking", func(t *testing.T, stay bool) Config {
		cfg := wavesOfPods(stay, 15, PodSpec{}, map[string]string{"AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG": "true"})
		cfg.CNI.ENIConfigs = []ENIConfig{{Name: "default", Subnet: "a"}}
		return cfg
	}},
	{"IPv6", func(t *testing.T, stay bool) Config {
		cfg := wavesOfPods(stay, 15, PodSpec{}, map[string]string{"ENABLE_IPv4": "false", "ENABLE_IPv6": "true", "ENABLE_PREFIX_DELEGATION": "true"})
		cfg.Subnets[0].IPv6CIDR = netip.MustParsePrefix("2001:db8::/64")
		return cfg
	}},
	{"branches", func(t *testing.T, stay bool) Config {
		return wavesOfPods(stay, 7, PodSpec{BranchGroups: []model.SecurityGroup{"db"}}, map[string]string{"ENABLE_POD_ENI": "true"})
	}},
	{"Windows", func(t *testing.T, stay bool) Config {
		cfg := wavesOfPods(stay, 7, PodSpec{NodeSelector: windowsSelector}, nil)
		cfg.NodeGroups[0].Windows, cfg.NodeGroups[0].MaxPods = true, model.WindowsMaxPods
		cfg.CNI.Windows = model.WindowsDefaults()
		return cfg
	}},
	{"ECS", func(t *testing.T, stay bool) Config { return wavesOfTasks(t, stay, false) }},
	{"ECS trunks", func(t *testing.T, stay bool) Config { return wavesOfTasks(t, stay, true) }},
}

func wavesOfPods(stay bool, perNode int, spec PodSpec, env map[string]string) Config {
	cfg := branchCluster(faultNodes)
	cfg.CNI.Env["ENABLE_POD_ENI"] = "false"
	for name, value := range env {
		cfg.CNI.Env[name] = value
	}
	for wave, at := range []time.Duration{30 * time.Second, 12 * time.Minute} {
		for i := range perNode * faultNodes {
			pod := model.PodName(fmt.Sprintf("p%d-%d", wave, i))
			spec.Node = model.NodeName(fmt.Sprintf("n-%d", i%faultNodes))
			cfg.Steps = append(cfg.Steps, Step{At: at, Action: Create{Pod: pod, Spec: spec}})
			if wave == 0 || !stay {
				cfg.Steps = append(cfg.Steps, Step{At: at + 6*time.Minute, Action: Delete{Pod: pod}})
			}
		}
	}
	cfg.Subnets[0].CIDR = netip.MustParsePrefix("10.0.0.0/20")
	cfg.Agent.Exit = Backoff{Min: 10 * time.Second, Max: 5 * time.Minute}
	usualLatency(&cfg)
	return cfg
}

func wavesOfTasks(t *testing.T, stay, trunks bool) Config {
	cfg := ecsConfig("a")
	cfg.NodeGroups = []NodeGroup{ecsGroup(t, cfg, "n", "c5.large", faultNodes, trunks)}
	cfg.Workloads = []Workload{ecsService("web", 8)}
	cfg.Steps = []Step{{At: 390 * time.Second, Action: Scale{"web", 1}}, {At: 12 * time.Minute, Action: Scale{"web", 8}}}
	if !stay {
		cfg.Steps = append(cfg.Steps, Step{At: 18 * time.Minute, Action: Scale{"web", 1}})
	}
	usualLatency(&cfg)
	return cfg
}

// usualLatency lets EC2 take its usual time, and limits requests.
func usualLatency(cfg *Config) {
	ms := func(n int) Range {
		return Range{time.Duration(n) * time.Millisecond, time.Duration(n) * time.Millisecond}
	}
	cfg.Duration, cfg.EC2.Throttling = 0, true
	cfg.EC2.Refused, cfg.EC2.DetachPause = ms(200), 2*time.Second
	cfg.EC2.Latency = map[Action]Range{
		CreateNetworkInterface: ms(1000), AttachNetworkInterface: ms(3000), ModifyNetworkInterfaceAttribute: ms(200),
		AssignPrivateIpAddresses: ms(500), AssignIpv6Addresses: ms(500), UnassignPrivateIpAddresses: ms(500),
		DetachNetworkInterface: ms(1000), DeleteNetworkInterface: ms(500), DescribeInstances: ms(100),
		DescribeNetworkInterfaces: ms(100), AssociateTrunkInterface: ms(500), DisassociateTrunkInterface: ms(500),
	}
}

// faultEnd is how a run under a fault ended.
type faultEnd struct {
	at    model.Instant
	by    string
	met   int // calls
	over  int // faults
	after string
}

func playFault(t *testing.T, cfg Config, at time.Duration, f Fault) faultEnd {
	t.Helper()
	if f.Action != "" {
		cfg.Steps = append([]Step{{At: at, Action: f}}, cfg.Steps...)
	}
	var end faultEnd
	e, err := newEngine(cfg, func(ev Event) error {
		switch b := ev.Body.(type) {
		case EC2Call:
			if b.Fault > 0 {
				end.met++
			}
		case FaultEnded:
			end.over++
		case RunEnded:
			end.at, end.by = ev.At, b.EndedBy
		}
		return nil
	})
	require.NoError(t, err)
	e.start()
	e.loop()
	e.end()
	end.after = whatIsThere(e)
	return end
}

// whatIsThere counts the pods, or tasks, that run, and the ENIs of no use.
func whatIsThere(e *engine) string {
	running, lost := 0, 0
	for _, p := range e.podNamed {
		if p.phase == podRunning {
			running++
		}
	}
	if c, ok := e.platform.(*ecs); ok {
		for _, t := range c.tasks {
			if t.phase == podRunning {
				running++
			}
		}
	}
	for _, n := range e.nodes {
		for _, ni := range n.instance.loose {
			if ni.kind != model.ENIBranch { // ECS's hang on a trunk
				lost++
			}
		}
		if n.instance.trunk != nil {
			for _, ni := range n.instance.trunk.branches {
				if !ni.associated {
					lost++
				}
			}
		}
	}
	return fmt.Sprintf("%d run, %d ENIs lost", running, lost)
}

// TestRunsSettleOverWhatIsRefusedForGood: whatever EC2 refuses to the end of the run, to
// whomever, the run ends when there is nothing left to do but to be refused again.
func TestRunsSettleOverWhatIsRefusedForGood(t *testing.T) {
	for _, cluster := range faultClusters {
		for _, action := range FaultActions {
			for _, stay := range []bool{true, false} {
				last := 12 * time.Minute
				if !stay {
					last = 18 * time.Minute
				}
				for _, code := range []model.ErrorCode{model.UnauthorizedOperation, model.InsufficientFreeAddressesInSubnet, model.InternalError} {
					for _, at := range []time.Duration{0, 3 * time.Minute} {
						name := fmt.Sprintf("%s, %s refused with %s from %s on, stay %t", cluster.name, action, code, at, stay)
						end := playFault(t, cluster.make(t, stay), at, Fault{Action: action, Error: code})
						require.Equal(t, "settled", end.by, name)
						most := 5 * time.Minute // a client's ten attempts, two cooldowns
						if cluster.name == "branches" && action == DeleteNetworkInterface {
							most = 20 * time.Minute // three times five tries, each up to 8 s after the one before
						}
						require.LessOrEqual(t, end.at, model.Instant(0).Add(last+SettleAfter+most), name)
						require.GreaterOrEqual(t, end.at, model.Instant(0).Add(last+SettleAfter), name)
					}
				}
			}
		}
	}
}

// TestRunsWaitForFaultsThatEnd: a fault that is over one day leaves the run to go on until
// things are as they would be without it.
func TestRunsWaitForFaultsThatEnd(t *testing.T) {
	for _, cluster := range faultClusters {
		for _, stay := range []bool{true, false} {
			without := playFault(t, cluster.make(t, stay), 0, Fault{}).after
			for _, action := range FaultActions {
				at := time.Duration(0)
				if cluster.name == "ECS trunks" {
					at = 3 * time.Minute // an instance that can't register never does
				}
				for _, code := range []model.ErrorCode{model.UnauthorizedOperation, model.InsufficientFreeAddressesInSubnet, model.InternalError} {
					for _, f := range []Fault{{For: 45 * time.Minute}, {Count: 60}} {
						f.Action, f.Error = action, code
						name := fmt.Sprintf("%s, %s refused with %s, %d times or for %s, stay %t", cluster.name, action, code, f.Count, f.For, stay)
						end := playFault(t, cluster.make(t, stay), at, f)
						if end.met == 0 {
							continue
						}
						require.Equal(t, "settled", end.by, name)
						require.Equal(t, without, end.after, name)
						if f.For > 0 {
							require.GreaterOrEqual(t, end.at, model.Instant(0).Add(at+f.For+SettleAfter), name)
						}
					}
				}
			}
		}
	}
}

// TestManyNodesSettleTogether: with so many there is no instant at which none waits for
// EC2.
func TestManyNodesSettleTogether(t *testing.T) {
	for _, action := range []Action{AttachNetworkInterface, DescribeInstances, ModifyNetworkInterfaceAttribute} {
		cfg := wavesOfPods(true, 20, PodSpec{}, nil)
		cfg.NodeGroups[0].Count = 60
		cfg.EC2.Throttling = false
		for i := range 60 {
			cfg.NodeGroups[0].Every = time.Duration(i) * 77 * time.Millisecond
		}
		end := playFault(t, cfg, 0, Fault{Action: action, Error: model.UnauthorizedOperation})
		require.Equal(t, "settled", end.by, action)
		require.Less(t, end.at, model.Instant(0).Add(20*time.Minute), action)
	}
}

// TestLeaksAreChanges: an ENI that can be neither attached nor deleted takes addresses for
// good, and the run goes on until none are left for another.
func TestLeaksAreChanges(t *testing.T) {
	cfg := wavesOfPods(true, 20, PodSpec{}, nil)
	cfg.NodeGroups[0].Count = 1
	cfg.Subnets[0].CIDR = netip.MustParsePrefix("10.0.0.0/22")
	cfg.Steps = append([]Step{{Action: Fault{Action: AttachNetworkInterface, Error: model.UnauthorizedOperation}}}, cfg.Steps...)
	end := playFault(t, cfg, 0, Fault{Action: DeleteNetworkInterface, Error: model.UnauthorizedOperation})
	require.Equal(t, "settled", end.by)
	require.Contains(t, end.after, "100 ENIs lost") // ten addresses each, of 1,019 less ten of the node
}

// TestRunsWaitForAnAnswerUnderWay: however long EC2 takes to refuse for good, each node's
// first refusal is in the run, and with it what pods wait for. After that none is waited
// for.
func TestRunsWaitForAnAnswerUnderWay(t *testing.T) {
	met := map[Action]int{}
	for _, cluster := range faultClusters {
		for _, action := range []Action{CreateNetworkInterface, AttachNetworkInterface, AssignPrivateIpAddresses, AssociateTrunkInterface, DescribeInstances} {
			for _, latency := range []time.Duration{SettleAfter - time.Minute, 20 * time.Minute} {
				name := fmt.Sprintf("%s, %s refused after %s", cluster.name, action, latency)
				cfg := cluster.make(t, true)
				cfg.Steps = append([]Step{{At: 3 * time.Minute, Action: Fault{Action: action, Error: model.UnauthorizedOperation, Latency: latency}}}, cfg.Steps...)
				calls, answers := map[model.NodeName]int{}, map[model.NodeName]int{}
				var end Event
				for _, ev := range playAll(t, cfg) {
					switch b := ev.Body.(type) {
					case EC2Call:
						if b.Fault > 0 {
							calls[ev.Node]++
							met[action]++
						}
					case EC2Returned:
						if b.Fault > 0 {
							answers[ev.Node]++
						}
					case RunEnded:
						require.Equal(t, "settled", b.EndedBy, name)
						end = ev
					}
				}
				for node := range calls {
					require.NotZero(t, answers[node], "%s: %s, ended at %s", name, node, end.At)
				}
				most := 12*time.Minute + 3*latency + 2*SettleAfter // a start-up that fails, and is tried again
				require.LessOrEqual(t, end.At, model.Instant(0).Add(most), name)
			}
		}
	}
	require.Len(t, met, 5)
}

// A client's tries are one call to who made it: ten of 6 min each.
func TestRunsWaitForAClientThatTriesAgain(t *testing.T) {
	cfg := wavesOfPods(true, 20, PodSpec{}, nil)
	end := playFault(t, cfg, 0, Fault{Action: CreateNetworkInterface, Error: model.InternalError, Latency: 6 * time.Minute})
	require.Equal(t, "settled", end.by)
	require.Greater(t, end.at, model.Instant(0).Add(clientAttempts*6*time.Minute))
	require.Less(t, end.at, model.Instant(0).Add(2*clientAttempts*6*time.Minute))
}
