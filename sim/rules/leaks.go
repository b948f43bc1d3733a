package rules

// Leak is the id of why an ENI leaked, CleanUp that of who deletes it.
func Leak(cause string) string { return "leak/" + cause }

// CleanUp is the id of who deletes a leaked ENI.
func CleanUp(by string) string { return "clean-up/" + by }

var leaks = Group{
	Title: "Leaked ENIs",
	Intro: "An ENI that EC2 has, that nobody uses and nobody is about to delete has leaked: its addresses stay taken. Why it leaked, and who deletes it.",
	Rules: []Rule{
		{"leak", "EC2 has an ENI that nobody uses or is about to delete", "", "", readme},
		{"leak/delete-refused", "EC2 refuses to delete an ENI that is not attached: it was detached a moment ago, or could not be attached", "the client's last attempt is refused: of what it tries again the agent's tenth, the controller's third", "", changes},
		{"leak/agent-killed", "The agent was killed between creating and attaching an ENI, or between detaching and deleting it; its next start knows of attached ENIs only", "an agent frees an ENI by DetachNetworkInterface, a pause of 2 s, DeleteNetworkInterface", "", changes},
		{"leak/node-gone", "The instance was terminated between the creation and the attachment of an ENI, or between its detachment and deletion; only what is attached goes with the instance", "an agent frees an ENI by DetachNetworkInterface, a pause of 2 s, DeleteNetworkInterface", "", cni69},
		{"leak/controller-killed", "The resource controller was killed between creating and attaching a trunk ENI, or while it deleted one", "", "", controller},
		{"leak/branch-forgotten", "The resource controller could not delete a branch ENI and forgets it: it counts against the limit no longer, and keeps its address and its VLAN id", "three tries in the same round, each of up to five calls", "one or two tries that fail cost nothing", controller},
		{"leak/branch-unseen", "The restarted resource controller looks for branch ENIs in the subnet where it would make new ones, and of nodes that are there", "the ENIConfig names another subnet than when the branch was made; or the node is gone", "", controller},
		{"leak/task-eni-refused", "EC2 refuses to detach or to delete the ENI of a task that has stopped: the task is not STOPPED until it does", "", "", ecsStopped},
		{"clean-up", "Who deletes leaked ENIs", "", "", readme},
		{"clean-up/agent", "The agent's clean-up deletes ENIs that an agent made and that are not attached", "within 5 min of the agent's start, then 1 h to 1 h 5 min after the one before; created ≥ 5 min ago", "at exactly 5 min it goes", changes},
		{"clean-up/other-agents", "The node is gone, and the clean-up of each other node's agent deletes what an agent made and is not attached", "of each: within 5 min of its start, then 1 h to 1 h 5 min after the one before; created ≥ 5 min ago", "the first that comes deletes it", changes},
		{"clean-up/no-agent", "The node is gone, and nobody deletes what it has left until another node's agent starts", "", "", changes},
		{"clean-up/switched-off", "Nobody deletes what has leaked", "DISABLE_LEAKED_ENI_CLEANUP, DISABLE_NETWORK_RESOURCE_PROVISIONING or ENABLE_IMDS_ONLY_MODE", "", readme},
		{"clean-up/controller", "The resource controller's clean-up deletes trunk and branch ENIs that it sees unused twice", "every 30 min of its life; a trunk that is not attached, a branch that is not associated with its trunk", "", controller},
		{"clean-up/restart", "EC2 shows the branch ENI with its trunk, so that no clean-up takes it; the resource controller finds it when it starts, lets it cool and deletes it", "its disassociation was refused, too", "", controller},
		{"clean-up/ecs", "ECS asks EC2 again", "every 10 s (our assumption)", "", ecsStopped},
	},
}
