package model

// ENIKind is what an ENI is to its node.
type ENIKind string

// The kinds of ENIs.
const (
	ENIPrimary   ENIKind = "primary"
	ENISecondary ENIKind = "secondary"
	ENITrunk     ENIKind = "trunk"
	// ENIBranch hangs off a trunk and serves one pod.
	ENIBranch ENIKind = "branch"
	// ENITask is attached to an ECS container instance and serves one task with
	// its primary address.
	ENITask ENIKind = "task"
)
