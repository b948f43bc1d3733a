package explain

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/scenarios"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// What an operator asks of runs of the library, and what the answer has to say:
// the cause with its numbers, and the rule.
func TestAnswersHaveTheirNumbersAndTheirRule(t *testing.T) {
	at := func(d time.Duration) *model.Instant {
		i := model.Instant(d.Milliseconds())
		return &i
	}
	for _, q := range []struct {
		scenario string
		target   Target
		says     []string // of the answer
		rule     string
		links    []string // of the chain
	}{
		{"max-eni-cap", Target{Pod: "web-13"}, []string{"18 held, 0 available, 2 of 2 ENIs"}, "eni-limit/MAX_ENI", nil},
		{"subnet-28-exhausted", Target{}, []string{"tiny has 1 of 11 addresses free, and 10 were wanted at once"}, "subnet-ips/InsufficientFreeAddressesInSubnet", nil},
		{"prefix-fragmentation", Target{}, []string{"private-a has 190 of 251 addresses free, and 0 /28s in whole"}, "prefix-fragmentation", nil},
		{"quota-network-interfaces", Target{}, []string{"the Region has 60 of 60 network interfaces"}, "refused/NetworkInterfaceLimitExceeded", nil},
		{"default-secondary-ip", Target{Pod: "web-27"}, []string{"0/1 nodes are available: 1 Too many pods."}, "max-pods", nil},
		{"cpu-before-addresses", Target{}, []string{"0/1 nodes are available: 1 Insufficient cpu."}, "cpu-memory", nil},
		{"pod-eni-on-type-without-trunk", Target{Pod: "db-0"}, []string{"1 Insufficient vpc.amazonaws.com/pod-eni"}, "no-trunk", nil},
		{"security-groups-trunk-too-late", Target{Node: "workers-0", At: at(7 * time.Minute)}, []string{"It has no trunk ENI: the agent has not asked for it, as no place for an ENI is free."}, "grow/no-room", nil},
		{"drain-and-terminate", Target{Node: "workers-0"}, []string{"a subnet was full at 9m3.3s: no request up to 11m3.3s, so the check at 11m8.3s asks again"}, "grow/backoff", nil},

		// A pod that wants an address of each network card waits for the card that has
		// none, whose pool is told and foreseen.
		{"multi-nic-pods", Target{Pod: "train-3", At: at(61 * time.Second)}, []string{"network card 1: 1 address, 1 held, 0 available"}, "pool-too-low/warm-ip-target",
			[]string{"attempt 1 finds no free address on network card 1: warm-pool-lag"}},
		{"multi-nic-pods", Target{Pod: "train-0"}, []string{"and 3 addresses of further network cards"}, "", []string{"attempt 1: gets 10.0.0.9 on eni0, 10.0.0.14 on card1 eni0, 10.0.0.16 on card2 eni0, 10.0.0.18 on card3 eni0"}},
		{"multi-nic-pods", Target{Node: "gpu-0", Card: 2, Device: 1}, []string{"eni0 on network card 2 of gpu-0", "pods hold 6 addresses of it"}, "free-eni/pods", nil},
		{"multi-nic-prefix-mode", Target{Node: "workers-0", At: at(200 * time.Second)}, []string{"network card 1 has 16 addresses", "gives nothing of network card 1 back yet"}, "shrink/shrink-interval",
			[]string{"a check gives back 1 prefix of network card 1", "card1 eni0 gives back 1 prefix"}}, // it reckons 15 to be too many, and there is one

		// A Windows node's pool is the resource controller's.
		{"windows-secondary-ip", Target{Node: "win-0"}, []string{"can't make it larger: it has 9 of 9 that its one ENI can have, and pods hold them all"}, "eni-limit/at-capacity", []string{"the resource controller asks EC2 for 3 addresses"}},
		{"windows-secondary-ip", Target{Node: "win-0", Device: 1}, []string{"the only one that a Windows node uses"}, "windows-pool/warm-ip-target", nil},
		{"windows-secondary-ip", Target{Pod: "iis-9"}, []string{"1 Insufficient vpc.amazonaws.com/PrivateIPv4Address"}, "eni-limit/at-capacity", nil},

		// ECS: why a task has no ENI.
		{"ecs-without-trunking", Target{Pod: "web-2"}, []string{`"RESOURCE:ENI"`}, "eni-limit/awsvpcTrunking off", nil},
		{"ecs-without-trunking", Target{Node: "instances-0"}, []string{"2 of 2 task ENIs taken", "No further such task fits"}, "eni-limit/awsvpcTrunking off", nil},
		{"ecs-without-trunking", Target{Node: "instances-0", Device: 2}, []string{"It stays as long as the task", "one of the 2 task ENIs"}, "by/ecs", nil},
		{"ecs-with-trunking", Target{Node: "instances-0"}, []string{"10 of 10 task ENIs taken"}, "branch-limit/RESOURCE:ENI", nil},
		{"ecs-task-subnet-full", Target{}, []string{"tasks-a has 0 of 11 addresses free, and 1 was wanted at once"}, "subnet-ips/InsufficientFreeAddressesInSubnet", nil},

		// Branch ENIs.
		{"branch-cooldown-rollout", Target{Pod: "db-11", At: at(6 * time.Minute)}, []string{"9 of 9 count: 5 in use, 4 waiting for their deletion"}, "branch-cooldown/cooling", nil},
		{"branch-cooldown-rollout", Target{Node: "workers-0", At: at(330 * time.Second)}, []string{"Of its branch ENIs 9 of 9 count"}, "branch-cooldown/cooling", nil},
	} {
		q.target.Device-- // so that none is the zero value
		t.Run(q.scenario, func(t *testing.T) {
			entry, ok := scenarios.Find(q.scenario)
			require.True(t, ok)
			sc, err := entry.Load(scenarios.Options{})
			require.NoError(t, err)
			x, err := Explain(playOf(sc.Config()), q.target)
			require.NoError(t, err)
			sound(t, x)
			for _, text := range q.says {
				require.Contains(t, x.Answer, text)
			}
			var ids, links []string
			for _, r := range x.Rules {
				ids = append(ids, r.ID)
				require.NotEmpty(t, r.Source.URL, r.ID)
			}
			for _, l := range x.Chain {
				links = append(links, l.What)
			}
			if q.rule != "" {
				require.Contains(t, ids, q.rule)
			}
			for _, l := range q.links {
				require.Contains(t, links, l)
			}
		})
	}
}

// Why is this branch ENI still there: it has a pod, it cools, it has leaked.
func TestABranchENISaysWhyItIsThere(t *testing.T) {
	play := playOf(load(t, `
name: branches
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/24}]}
cni: {env: {ENABLE_POD_ENI: true}}
nodeGroups: [{name: n, instanceType: m5.large}]
workloads: [{name: db, replicas: 2, at: 1m, securityGroups: [db]}]
steps: [{at: 3m, scale: {workload: db, replicas: 1}}]
`))
	var queued, inUse sim.BranchFields
	var gone model.Instant
	_, _, err := survey(play, Target{Device: -1})
	require.NoError(t, err)
	end, err := told(play, func(e sim.Event, _ *replay.State) error {
		switch b := e.Body.(type) {
		case sim.BranchQueued:
			queued = b.BranchFields
		case sim.BranchDeleted:
			gone = e.At
		}
		return nil
	})
	require.NoError(t, err)
	for _, b := range end.Nodes[0].Branches {
		inUse = sim.BranchFields{ENI: b.ENI, Pod: b.Pod}
	}
	ask := func(id model.ENIID, at time.Duration) string {
		i := model.Instant(at.Milliseconds())
		x, err := Explain(play, Target{ENI: id, Device: -1, At: &i})
		require.NoError(t, err)
		sound(t, x)
		return x.Answer
	}
	require.Contains(t, ask(inUse.ENI, 4*time.Minute), "It stays: pod "+string(inUse.Pod)+" has it. It holds 10.0.0.")
	cooling := ask(queued.ENI, 3*time.Minute+10*time.Second)
	require.Contains(t, cooling, "it cools for 1m from 3m1s on; the queue is worked every 30 s and from the front; the first round that may delete it is that at 4m8s")
	require.Contains(t, cooling, "counts against the limit of 9 branch ENIs until then")
	require.Equal(t, model.Instant((4*time.Minute + 9*time.Second).Milliseconds()), gone)
	require.Contains(t, ask(queued.ENI, 5*time.Minute), "It went at 4m9s: its cooldown had passed.")
}
