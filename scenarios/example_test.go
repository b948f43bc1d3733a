package scenarios_test

import (
	"fmt"

	"vpcsim/scenarios"
)

func ExampleLoad() {
	s, err := scenarios.Load("two-nodes.yaml", []byte(`
vpc:
  cidrs: [10.0.0.0/16]
  subnets: [{name: a, cidr: 10.0.0.0/24}]
nodeGroups: [{name: workers, instanceType: m5.large, count: 2}]
workloads: [{name: web, replicas: 30}]
`), scenarios.Options{Set: []string{"nodeGroups.workers.maxPods=(default_enis - 1) * (ips_per_eni - 1) + 2"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	c := s.Config()
	fmt.Println(c.Name, c.NodeGroups[0].MaxPods)
	// Output: two-nodes 20
}

func ExampleLoad_mistakes() {
	_, err := scenarios.Load("two-nodes.yaml", []byte(`vpc:
  cidrs: [10.0.0.0/16]
  subnets: [{name: a, cidr: 10.0.0.0/24}]
nodeGroups: [{name: workers, instanceTyp: m5.large}]
`), scenarios.Options{Env: []string{"WARM_IP_TARGE=5"}})
	fmt.Println(err)
	// Output:
	// --env WARM_IP_TARGE=5: cni.env.WARM_IP_TARGE: unknown variable of aws-node (did you mean WARM_IP_TARGET?)
	// two-nodes.yaml:4:30: nodeGroups[0].instanceTyp: unknown field (did you mean instanceType?)
	//     nodeGroups: [{name: workers, instanceTyp: m5.large}]
	//                                  ^
}
