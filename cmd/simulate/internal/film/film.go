// Package film records a run for the replay page: everything that is there once,
// and an operation for each change of what a viewer sees.
//
// A Film is what the page plays: it applies the operations up to an instant and
// draws what they leave. The page knows nothing of the log and its rules, which
// [replay.State] alone folds; the film is how one state differs from the next.
package film

import "vpcsim/sim/replay"

// The operations. Each is its code and as many whole numbers as stand behind it;
// they follow each other in Film.Ops. Nodes, ENIs, blocks, pods, branches, episodes
// and words go by their place in the film's lists, −1 is none, instants are
// milliseconds.
const (
	OpTime       = iota // milliseconds that pass
	OpNode              // node, flags
	OpENI               // eni, 1 it comes or 0 it goes
	OpENIFlags          // eni, flags
	OpBlock             // block, eni, 1 it comes or 0 it goes
	OpBlockFlags        // block, flags
	OpAddress           // block, place in it, state, pod, last instant of cooling
	OpBranch            // branch, node, state, pod
	OpPod               // pod, phase, node, 1 it waits for an address or 0, reason (a word)
	OpSubnet            // subnet, first address's offset, how many, 1 taken or 0
	OpEpisode           // episode, 1 it begins or 0 it ends
	OpCalls             // calls to EC2 that began, of them refused, since the last OpCalls
	OpLeaked            // subnet, first address's offset, how many, 1 a leaked ENI has them or 0
)

// The flags of nodes, ENIs and blocks.
const (
	NodeReady    = 1 << iota
	NodeCordoned // or draining, on ECS
	NodeGone
	NodeAgentUp
	NodePrefixes // its agent is in prefix mode
)
const (
	ENIExcluded   = 1 << iota
	ENIServesNone // it has no slots for pods
)
const BlockLeftOver = 1 // of the mode before

// The states of addresses and branch ENIs, and the phases of pods, are their
// places here.
var (
	AddressStates = []replay.AddressState{replay.Free, replay.Assigned, replay.Cooling}
	BranchStates  = []replay.BranchState{replay.BranchCreating, replay.BranchInUse, replay.BranchCooling, replay.BranchQueued, replay.BranchLeaked, gone}
	Phases        = []replay.Phase{replay.Pending, replay.ContainerCreating, replay.Running, replay.Terminating, replay.Succeeded, gone}
)

// gone is the state of what is no more.
const gone = "gone"

// Film is a run as the page plays it.
type Film struct {
	Name     string    `json:"name"`
	Summary  string    `json:"summary,omitempty"`
	Seed     uint64    `json:"seed"`
	Platform string    `json:"platform"`
	EndMs    int64     `json:"endMs"`
	EndedBy  string    `json:"endedBy"`
	Verdict  string    `json:"verdict"`
	Notes    []string  `json:"notes,omitempty"`
	Nodes    []Node    `json:"nodes"`
	Subnets  []Subnet  `json:"subnets"`
	ENIs     []ENI     `json:"enis"`
	Blocks   []string  `json:"blocks"` // 10.0.0.23 or 10.0.0.16/28
	Branches []Branch  `json:"branches,omitempty"`
	Pods     []string  `json:"pods"`
	Words    []string  `json:"words"`
	Episodes []Episode `json:"episodes"`
	Lines    []Line    `json:"lines"`
	// LinesLeftOut counts the later lines that it has no room for.
	LinesLeftOut int   `json:"linesLeftOut,omitempty"`
	Ops          []int `json:"ops"`
}

// Node is a node, container instances of ECS included.
type Node struct {
	Name       string `json:"name"`
	Type       string `json:"type"`
	Subnet     string `json:"subnet"`
	Zone       string `json:"zone"`
	MaxPods    int    `json:"maxPods"`
	SystemPods int    `json:"systemPods"`
	MaxENIs    int    `json:"maxENIs"`
	Slots      int    `json:"slots"`
	Branches   int    `json:"branches"` // as many branch ENIs, or ENIs of tasks, may it have
}

// ENI is an ENI of a node.
type ENI struct {
	Node    int    `json:"node"`
	Name    string `json:"name"` // eni1; card1 eni0
	ID      string `json:"id"`
	Kind    string `json:"kind"`
	Subnet  string `json:"subnet"`
	Primary string `json:"primary"`
	Pod     int    `json:"pod"` // the ECS task that it is for; −1: none
}

// Branch is a branch ENI.
type Branch struct {
	Address string `json:"address"`
	VLAN    int    `json:"vlan"`
}

// Subnet is a subnet. Offsets count from its first address.
type Subnet struct {
	Name     string   `json:"name"`
	CIDR     string   `json:"cidr"`
	Zone     string   `json:"zone"`
	First    uint32   `json:"first"` // as a number
	Size     int      `json:"size"`
	Kept     []int    `json:"kept"`               // the five that EC2 keeps
	Reserved [][2]int `json:"reserved,omitempty"` // from, how many
}

// Episode is an exhaustion point.
type Episode struct {
	Kind    string `json:"kind"`
	Place   string `json:"place"`
	Cures   bool   `json:"cures,omitempty"`
	FromMs  int64  `json:"fromMs"`
	ToMs    int64  `json:"toMs"` // −1: to the end
	Pods    int    `json:"pods"`
	Message string `json:"message"`
	Remedy  string `json:"remedy"`
}

// Line is something that happened to a node, in words.
type Line struct {
	AtMs int64  `json:"at"`
	Node int    `json:"node"`
	ENI  string `json:"eni,omitempty"`
	What string `json:"what"`
	Why  string `json:"why,omitempty"`
	Tone string `json:"tone,omitempty"` // good, bad
}
