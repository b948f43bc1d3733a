package simtest_test

import (
	"fmt"
	"time"

	"vpcsim/scenarios/simtest"
)

// A scenario of the library, changed, and its numbers.
func ExamplePlay() {
	run, err := simtest.Play(simtest.Library("default-secondary-ip"), simtest.Set("nodeGroups.workers.count=2"))
	if err != nil {
		fmt.Println(err)
		return
	}
	sum := run.Summary()
	fmt.Println(sum.Running, "running,", sum.Pending, "pending,", sum.ENIs, "ENIs")
	// Output: 40 running, 0 pending, 6 ENIs
}

// A scenario built in code: what is left out has the default of a real cluster.
func ExampleBuild() {
	run, err := simtest.Play(simtest.Build(simtest.Fields{
		"vpc": simtest.Fields{
			"cidrs":   []string{"10.0.0.0/16"},
			"subnets": []simtest.Fields{{"name": "tiny", "cidr": "10.0.0.0/28"}},
		},
		"nodeGroups": []simtest.Fields{{"name": "workers", "instanceType": "m5.large"}},
		"workloads":  []simtest.Fields{{"name": "web", "replicas": 20, "at": time.Minute}},
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(run.Summary().Unresolved)
	// Output: [subnet-ips]
}

// Conditions in CEL over the whole run; in a test, Expect does it.
func ExamplePlayed_Check() {
	run, err := simtest.Play(simtest.Library("default-secondary-ip"))
	if err != nil {
		fmt.Println(err)
		return
	}
	results, err := run.Check("pods.running == 27", "pods.pending == 0")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range results {
		if !r.OK {
			fmt.Println(r.Failure())
		}
	}
	// Output: expectation failed: pods.pending == 0 (at the end, over the whole run); pods.pending = 13
}
