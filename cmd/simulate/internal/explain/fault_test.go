package explain

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
	"vpcsim/sim/rules"
)

// faulty are clusters in which pods need every call that a fault can meet. The first %s
// are the action, the second the code.
var faulty = map[string]string{
	"addresses": `
name: addresses
duration: 3m
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/20}]}
nodeGroups: [{name: n, instanceType: m5.large}]
workloads: [{name: web, replicas: 20, at: 30s}]
steps: [{fault: {action: %s, error: %s}}]
`,
	"prefixes": `
name: prefixes
duration: 3m
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/20}]}
cni: {env: {ENABLE_PREFIX_DELEGATION: true}}
nodeGroups: [{name: n, instanceType: m5.large}]
workloads: [{name: web, replicas: 20, at: 30s}]
steps: [{fault: {action: %s, error: %s}}]
`,
	"branches": `
name: branches
duration: 3m
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/20}]}
cni: {env: {ENABLE_POD_ENI: true}}
nodeGroups: [{name: n, instanceType: m5.large}]
workloads: [{name: db, replicas: 3, at: 30s, securityGroups: [db]}]
steps: [{at: 20s, fault: {action: %s, error: %s}}]
`,
	"no trunk": `
name: no-trunk
duration: 3m
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/20}]}
cni: {env: {ENABLE_POD_ENI: true}}
nodeGroups: [{name: n, instanceType: m5.large}]
workloads: [{name: db, replicas: 3, at: 30s, securityGroups: [db]}]
steps: [{fault: {action: %s, error: %s}}]
`,
	"Windows": `
name: windows
duration: 3m
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/20}]}
cni: {windows: {enable-windows-ipam: "true"}}
nodeGroups: [{name: n, instanceType: m5.large, os: windows}, {name: l, instanceType: m5.large}]
workloads: [{name: iis, replicas: 8, at: 30s, nodeSelector: {kubernetes.io/os: windows}}]
steps: [{fault: {action: %s, error: %s}}]
`,
	"ECS": `
name: ecs
platform: ecs
duration: 3m
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/20}]}
nodeGroups: [{name: n, instanceType: c5.large, awsvpcTrunking: true}]
workloads: [{name: web, replicas: 3, at: 30s}]
steps: [{at: 20s, fault: {action: %s, error: %s}}]
`,
}

// Whatever call a fault of the scenario refuses, with whatever code: the chain puts the
// refusal down to it, and the pod that waits for that is told so, with the rule.
func TestAFaultIsToldAsOne(t *testing.T) {
	told, links := map[string]bool{}, map[string]bool{}
	for cluster, text := range faulty {
		for _, action := range sim.FaultActions {
			for _, code := range sim.FaultCodes {
				name := fmt.Sprintf("%s, %s, %s", cluster, action, code)
				play := playOf(load(t, fmt.Sprintf(text, action, code)))
				var began []sim.ExhaustionBegan
				end, err := told0(play, &began)
				require.NoError(t, err)
				targets := []Target{{Device: -1}, {Node: "n-0", Device: -1}}
				for _, b := range began {
					if b.Pod != "" {
						targets = append(targets, Target{Pod: b.Pod, Device: -1})
					}
				}
				for _, target := range targets {
					x, err := Explain(play, target)
					require.NoError(t, err, name)
					sound(t, x)
					var ids []string
					for _, r := range x.Rules {
						ids = append(ids, r.ID)
					}
					for _, l := range x.Chain {
						require.NotEqual(t, rules.Refusal(code), l.Rule, "%s: %s: %s", name, l.What, l.Why)
						if l.Rule == rules.Fault && strings.HasPrefix(l.What, "EC2 refuses "+string(action)) {
							links[cluster+"/"+string(action)] = true
							require.Contains(t, l.Why, "a fault step of the scenario answers so", name)
							require.Contains(t, ids, rules.Fault)
						}
					}
					for _, f := range x.State {
						require.NotEqual(t, rules.Refusal(code), f.Rule, "%s: %s", name, f.Text)
					}
					if x.Cause == nil || x.Cause.Fault == 0 {
						continue
					}
					told[cluster+"/"+string(action)] = true
					require.Equal(t, rules.Fault, x.Cause.Rule, name)
					require.Contains(t, ids, rules.Fault, name)
					if target.Pod != "" {
						require.Contains(t, x.Answer, "fault step of the scenario", name)
					}
				}
				for _, ep := range end.Episodes {
					require.True(t, ep.Fault > 0 || ep.Reason != string(code) || code == model.AttachmentLimitExceeded, "%s: %s", name, ep.Remedy)
				}
			}
		}
	}
	for _, want := range []string{
		"addresses/CreateNetworkInterface", "addresses/AttachNetworkInterface", "addresses/DescribeInstances", "addresses/ModifyNetworkInterfaceAttribute",
		"addresses/AssignPrivateIpAddresses", "prefixes/AssignPrivateIpAddresses", "branches/CreateNetworkInterface", "branches/AssociateTrunkInterface",
		"Windows/AssignPrivateIpAddresses", "ECS/CreateNetworkInterface", "ECS/AssociateTrunkInterface", "no trunk/CreateNetworkInterface",
	} {
		require.True(t, told[want] || want == "no trunk/CreateNetworkInterface", want) // these wait for a trunk, whatever refuses it
		require.True(t, links[want], "chain of %s", want)
	}
}

// told0 plays to the end and keeps the exhaustions that began.
func told0(play Play, began *[]sim.ExhaustionBegan) (*replay.State, error) {
	return play(func(e sim.Event, _ *replay.State) error {
		if b, ok := e.Body.(sim.ExhaustionBegan); ok {
			*began = append(*began, b)
		}
		return nil
	})
}

// What EC2 refuses by itself after a fault is over is told as its own, though the
// episode began with the fault; and so where there was no fault.
func TestAFaultIsNotToldOfWhatEC2RefusesItself(t *testing.T) {
	const text = `
name: full
duration: 10m
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/28}]}
nodeGroups: [{name: n, instanceType: m5.large}]
workloads: [{name: web, replicas: 20, at: 30s}]
steps: [%s]
`
	ask := func(steps string, at model.Instant) (string, []string) {
		x, err := Explain(playOf(load(t, fmt.Sprintf(text, steps))), Target{Pod: "web-19", Device: -1, At: &at})
		require.NoError(t, err)
		var ids []string
		for _, r := range x.Rules {
			ids = append(ids, r.ID)
		}
		for _, f := range x.Next {
			if f.Name == "what helps" {
				ids = append(ids, f.Text)
			}
		}
		return x.Answer, ids
	}
	const once = "{at: 20s, fault: {action: CreateNetworkInterface, error: InsufficientFreeAddressesInSubnet, count: 1}}"
	answer, ids := ask(once, 60_000)
	require.Contains(t, answer, "A fault step of the scenario lets EC2 refuse what is needed (subnet-ips, InsufficientFreeAddressesInSubnet); from EC2 itself it would mean: too few free addresses in the subnet: a has ")
	require.Contains(t, ids, rules.Fault)
	answer, ids = ask(once, 600_000)
	require.NotContains(t, answer, "fault")
	require.Contains(t, ids, "subnet-ips/InsufficientFreeAddressesInSubnet")
	require.NotContains(t, fmt.Sprint(ids[len(ids)-1]), "fault step")
	answer, ids = ask("", 600_000)
	require.NotContains(t, answer, "fault")
	require.NotContains(t, ids, rules.Fault)
}
