// Package eventful makes random scenarios for tests of what reads the log.
package eventful

import (
	"fmt"
	"math/rand"
	"strings"
)

// Scenario writes a scenario in which much happens to a few nodes: pods come
// and go, agents restart with other settings, nodes are cordoned and lost.
func Scenario(rng *rand.Rand) string {
	var b strings.Builder
	fmt.Fprintf(&b, `
name: eventful
seed: %d
vpc:
  cidrs: [10.0.0.0/16]
  subnets: [{name: a, zone: us-west-2a, cidr: 10.0.0.0/%d, inUse: {count: 9, placement: scattered}}]
nodeGroups: [{name: n, instanceType: %s, count: 3, subnets: [a]}]
steps:
`, rng.Intn(100), 25+rng.Intn(3), []string{"m5.large", "t3.small", "c5.large"}[rng.Intn(3)])
	env := []string{
		"{WARM_IP_TARGET: 3}", "{ENABLE_PREFIX_DELEGATION: true}", "{ENABLE_PREFIX_DELEGATION: false}",
		"{WARM_ENI_TARGET: 0}", "{WARM_IP_TARGET: null}", "{MINIMUM_IP_TARGET: 8}", "{WARM_PREFIX_TARGET: 0}",
		"{IP_COOLDOWN_PERIOD: 5}", "{ENABLE_SUBNET_DISCOVERY: false}",
	}
	pod := 0
	for at := 1; at < 900; at += 1 + rng.Intn(12) {
		node := rng.Intn(3)
		switch k := rng.Intn(20); {
		case k < 10:
			fmt.Fprintf(&b, "  - {at: %ds, create: {pod: p-%d, node: n-%d}}\n", at, pod, node)
			pod++
		case k < 16 && pod > 0:
			fmt.Fprintf(&b, "  - {at: %ds, delete: {pod: p-%d}}\n", at, rng.Intn(pod))
		case k == 16:
			fmt.Fprintf(&b, "  - {at: %ds, setEnv: %s}\n", at, env[rng.Intn(len(env))])
		case k == 17:
			fmt.Fprintf(&b, "  - {at: %ds, restartAgent: {node: n-%d, env: %s}}\n", at, node, env[rng.Intn(len(env))])
		case k == 18:
			fmt.Fprintf(&b, "  - {at: %ds, %s: {node: n-%d}}\n", at, []string{"cordon", "uncordon", "drain"}[rng.Intn(3)], node)
		case k == 19 && rng.Intn(5) == 0:
			fmt.Fprintf(&b, "  - {at: %ds, terminate: {node: n-2}}\n", at)
		}
	}
	return b.String()
}
