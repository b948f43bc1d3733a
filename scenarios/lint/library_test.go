package lint

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/scenarios"
)

// smells are what the rules find in the library: mostly what a scenario is there
// to show. All others have none.
var smells = map[string][]string{
	"agent-restart-forgets-cooldown":           {"max-pods-above-addresses"}, // MAX_ENI=1, so that addresses are scarce
	"autoscaler-blind-to-addresses":            {"max-pods-above-addresses"}, // what the autoscaler does not see
	"autoscaler-that-sees-addresses":           {"max-pods-above-addresses"}, // the same cluster
	"branch-cooldown-rollout":                  {"branch-rollout-cooldown"},
	"branch-enis-fill-the-subnet":              {"pods-exceed-subnets"},
	"churn-and-cooldown":                       {"warm-ip-target-below-churn"},
	"custom-networking-max-pods-not-lowered":   {"max-pods-above-addresses"},
	"custom-networking-security-groups":        {"max-pods-above-addresses"},
	"custom-networking-zone-without-eniconfig": {"eniconfig-missing"},
	"daemonsets-count-too":                     {"pods-exceed-nodes"},
	"default-secondary-ip":                     {"pods-exceed-nodes"},
	"drain-and-terminate":                      {"subnet-too-small-for-warm-pool"},
	"ecs-trunking-old-instances":               {"ecs-tasks-exceed-enis"},
	"ecs-with-trunking":                        {"ecs-tasks-exceed-enis"},
	"ecs-without-trunking":                     {"ecs-tasks-exceed-enis"},
	"ipv6-max-pods":                            {"pods-exceed-nodes"},
	"max-eni-cap":                              {"max-pods-above-addresses"},
	"minimum-ip-target-hard-cap":               {"minimum-ip-target-without-warm"},
	"multi-nic-pods":                           {"multi-nic-burst"},
	"multi-nic-prefix-mode":                    {"multi-nic-burst", "multi-nic-prefix-mode"},
	"node-group-update-in-a-26":                {"subnet-too-small-for-warm-pool"},
	"pod-eni-on-type-without-trunk":            {"pod-eni-no-trunk-type", "pod-eni-type-without-trunk"},
	"prefix-fragmentation":                     {"prefix-mode-fragmentation"},
	"prefix-mode-max-pods-not-raised":          {"pods-exceed-nodes", "prefix-mode-max-pods-not-raised"},
	"prefix-mode-switched-on-live":             {"mode-changed-under-pods", "prefix-mode-max-pods-not-raised"},
	"quota-network-interfaces":                 {"cluster-in-one-zone"}, // it has a control plane, and one subnet to keep it short
	"random-order-pins-enis":                   {"peak-pins-enis"},
	"security-groups-trunk-first":              {"branch-pods-exceed-limit"},
	"security-groups-trunk-too-late":           {"trunk-too-late"},
	"subnet-28-exhausted":                      {"pods-exceed-subnets", "subnet-too-small-for-warm-pool"},
	"subnet-discovery-rescue":                  {"subnet-too-small-for-warm-pool"},
	"throttling-storm":                         {"warm-ip-target-many-calls"},
	"trunk-loses-addresses-v1-16-4":            {"max-pods-above-addresses"},
	"two-nodes-one-27":                         {"subnet-too-small-for-warm-pool"},
	"warm-eni-target-zero":                     {"warm-eni-target-zero"},
	"warm-prefix-target-zero":                  {"warm-prefix-target-zero"},
	"windows-secondary-ip":                     {"windows-pods-exceed-addresses"},
	"zones-out-of-balance":                     {"subnet-too-small-for-warm-pool", "zone-fills-first"},
}

func TestLibraryHasTheSmellsThatItShows(t *testing.T) {
	for _, e := range scenarios.Library() {
		s, err := e.Load(scenarios.Options{})
		require.NoError(t, err)
		var ids []string
		for _, f := range Check(s) {
			ids = append(ids, f.Rule.ID)
			require.Positive(t, f.Place.Line, "%s", f)
			require.NotEmpty(t, f.Remedy, "%s", f)
		}
		slices.Sort(ids)
		require.Equal(t, smells[e.Name], slices.Compact(ids), "%s: %v", e.Name, Check(s))
	}
	for name := range smells {
		_, ok := scenarios.Find(name)
		require.True(t, ok, name)
	}
}

// causes are the incidents whose cause a rule finds from the configuration alone.
var causes = map[string]string{
	"cni-1446":          "churn-exceeds-addresses",
	"cni-1451":          "warm-eni-target-zero",
	"cni-2294":          "subnet-too-small-for-warm-pool",
	"cni-2411":          "mode-changed-under-pods",
	"cni-2482":          "warm-ip-target-zero",
	"cni-2749":          "prefix-mode-fragmentation",
	"cni-2793":          "warm-pool-above-max-pods",
	"cni-2892":          "max-pods-above-addresses",
	"cni-2807":          "cni-release-problem",
	"cni-2896":          "warm-ip-target-below-churn",
	"cni-2908":          "cni-release-problem",
	"cni-3105":          "prefix-mode-fragmentation",
	"cni-3238":          "max-pods-above-addresses",
	"cni-547":           "subnet-too-small-for-warm-pool",
	"eks-ami-2201":      "max-pods-above-addresses",
	"kp-3380":           "subnet-too-small-for-warm-pool",
	"kp-7318":           "max-pods-above-addresses",
	"neon-2025-05-16-b": "warm-ip-target-below-churn",
	"neon-2025-05-19":   "warm-eni-target-zero",
	"pulumi-581":        "subnet-too-small-for-warm-pool",
	"rc-154":            "branch-rollout-cooldown",
	"scylla-3622":       "subnet-too-small-for-warm-pool",
}

// What happened to others would have been found before.
func TestIncidentsAreFound(t *testing.T) {
	shown := 0
	for _, incident := range scenarios.Incidents() {
		if incident.Scenario() == "" {
			continue
		}
		shown++
		e, ok := scenarios.Find(incident.Scenario())
		require.True(t, ok)
		s, err := e.Load(scenarios.Options{})
		require.NoError(t, err)
		if rule := causes[incident.ID]; rule != "" {
			require.NotEmpty(t, found(s, rule), "%s: %v", incident.ID, Check(s))
		}
	}
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Contains(t, string(text), fmt.Sprintf("Of %d incidents", shown))
	require.Contains(t, string(text), fmt.Sprintf("finds the cause of %d", len(causes)))
}

// FuzzCheck: no scenario that loads makes a rule panic, and every finding has
// its parts.
func FuzzCheck(f *testing.F) {
	// Each rule's smell is a step towards its edges.
	for _, c := range rulesCases {
		for _, set := range c.smell {
			f.Add(base, set)
		}
	}
	for _, c := range ecsCases {
		for _, set := range c.smell {
			f.Add(baseECS, set)
		}
	}
	// The other platform, nothing at all, and numbers at their edges.
	f.Add(base, "platform=ecs")
	f.Add(base, "nodeGroups=[]")
	f.Add(base, "nodeGroups.workers.count=0")
	f.Add(base, "instanceTypes={m5.large: {maxENIs: 1, ipv4PerENI: 2, branchENIs: 0}}")
	f.Add(base, "instanceTypes={m5.large: {maxENIs: 1000, ipv4PerENI: 1000, vcpu: 100000}}")
	f.Add(base, "cni.env={WARM_IP_TARGET: 999999999999, MINIMUM_IP_TARGET: 2147483647, WARM_ENI_TARGET: 2147483647}")
	f.Add(base, "cni.env={ENABLE_PREFIX_DELEGATION: true, WARM_PREFIX_TARGET: 2147483647}")
	f.Add(base, "steps=[{churn: {workload: web, perMinute: 60000, lifetime: 9600h, for: 9600h}}]")
	files, err := filepath.Glob("../library/*.yaml")
	require.NoError(f, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(string(data), "seed=2")
	}
	f.Fuzz(func(t *testing.T, text, set string) {
		s, err := scenarios.Load("fuzz.yaml", []byte(text), scenarios.Options{Set: []string{set}})
		if err != nil {
			return
		}
		for _, f := range Check(s) {
			require.NotEmpty(t, f.Message)
			require.NotEmpty(t, f.Remedy)
			require.NotEmpty(t, f.Place.File)
			require.NotContains(t, f.String(), "%!")
		}
	})
}
