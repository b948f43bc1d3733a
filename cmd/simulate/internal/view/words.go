package view

import (
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// words are what a platform calls things.
type words struct {
	node, pod   string
	nodes, pods string // titles
	creating    string // of a pod that has a node and no address
}

func wordsOf(s *replay.State) words {
	if onECS(s) {
		return words{"container instance", "task", "Container instances", "Tasks", "PROVISIONING"}
	}
	return words{"node", "pod", "Nodes", "Pods", string(replay.ContainerCreating)}
}

func onECS(s *replay.State) bool { return s.Started.Platform == sim.PlatformECS }
