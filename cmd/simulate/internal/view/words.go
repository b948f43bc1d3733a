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
	deleted     string // of a pod that is to go
}

func wordsOf(s *replay.State) words {
	if onECS(s) {
		return words{"container instance", "task", "Container instances", "Tasks", "PROVISIONING", "stopped"}
	}
	return words{"node", "pod", "Nodes", "Pods", string(replay.ContainerCreating), "deleted"}
}

func onECS(s *replay.State) bool { return s.Started.Platform == sim.PlatformECS }
