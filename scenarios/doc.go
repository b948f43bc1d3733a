// Package scenarios is the scenario language: a file says what a cluster is and
// what happens to it, and [Load] makes a [sim.Config] of it, or says all that is
// wrong with it, where, and what was probably meant.
//
//	name: two-nodes
//	vpc:
//	  cidrs: [10.0.0.0/16]
//	  subnets: [{name: a, cidr: 10.0.0.0/24}]
//	nodeGroups: [{name: workers, instanceType: m5.large, count: 2}]
//	workloads: [{name: web, replicas: 30}]
//	steps:
//	  - {at: 1m, scale: {workload: web, replicas: 60}, over: 30s}
//
// What is left out has the default of a real cluster. Null means left out, but
// in an environment, where it unsets a variable. An unknown name is a mistake,
// and a name that the simulator doesn't act on yet is one, too: nothing is
// ignored.
//
// A file is read in four strides: YAML into a tree that knows where everything
// stands (internal/doc), options into that tree (set.go), the tree into the
// types of this package (decode.go, sections.go), and these, checked against
// each other (check.go), into a Config (resolve.go).
//
// [Library] has the named scenarios.
package scenarios
