// Package replay folds a run's log into state.
//
// The log is the truth of a run: [State.Apply] takes its events one by one and
// keeps what they say, so that every output is a view of a State and none asks
// the engine. A State holds two views side by side:
//
//   - The agents' datastores: what each node's agent believes it has. It follows
//     eni.attached, eni.detached, eni.addressesAdded, eni.addressesRemoved,
//     pod.addressed and pod.released. See [Node], [ENI], [Block].
//   - EC2's: which address of which subnet is taken. It follows node.launched,
//     eni.created, eni.deleted and the ec2.call of assigning and unassigning.
//     See [Subnet].
//
// On ECS there is no pool: a node's ENIs are those that ECS has attached, and a
// task is a [Pod] that holds the primary address of its own.
//
// The two differ while a call is under way: EC2 has taken the addresses of a
// new ENI seconds before the agent can hand them out.
//
// Beside the state of the moment it keeps what a summary needs of the past:
// episodes of exhaustion, calls by action, latencies of pods, and how the ENIs
// of each node filled.
//
//	var s replay.State
//	if err := sim.Run(cfg, s.Apply); err != nil { … }
//	fmt.Println(s.Pods.Count().Running, s.Totals().Free())
//
// A log that was written as JSON Lines is read back with [Decode].
package replay
