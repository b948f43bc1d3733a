package replay

import (
	"fmt"
	"time"

	"vpcsim/model"
	"vpcsim/sim"
)

// tagSubnet replaces a subnet's tags. It is told on the nodes whose agents may
// look at them: those of the subnet's zone.
func (s *State) tagSubnet(at model.Instant, b sim.SubnetTagged) error {
	sn := s.subnets[b.Subnet]
	if sn == nil {
		return fmt.Errorf("there is no subnet %q", b.Subnet)
	}
	sn.Tags = b.Tags
	for _, n := range s.Nodes {
		if !n.Gone() && n.Launched.Zone == sn.Zone {
			n.History.add(Change{At: at, Kind: SubnetTagged, Subnet: b.Subnet, Tags: b.Tags})
		}
	}
	return nil
}

// controllerConfigured tells of another branch cooldown. Keys about Windows nodes
// are told by each node's own event.
func (s *State) controllerConfigured(at model.Instant, b sim.ControllerConfigured) {
	if b.Windows != nil {
		return
	}
	s.toldOnTrunks(Change{At: at, Kind: ControllerConfigured, Cooldown: time.Duration(b.CooldownMs) * time.Millisecond})
}

func (s *State) controllerRestarted(at model.Instant) {
	s.toldOnTrunks(Change{At: at, Kind: ControllerRestarted})
}

// told adds a change to the node, or without one to all that there are. The node may
// not be there yet.
func (s *State) told(node model.NodeName, c Change) {
	for _, n := range s.Nodes {
		if !n.Gone() && (node == "" || n.Name == node) {
			n.History.add(c)
		}
	}
}

// toldOnTrunks adds a change to the nodes that have asked the resource
// controller for a trunk, or get their addresses from it.
func (s *State) toldOnTrunks(c Change) {
	for _, n := range s.Nodes {
		if !n.Gone() && (n.Trunk.SignalledAt != model.Never || n.Launched.OS == "windows") {
			n.History.add(c)
		}
	}
}
