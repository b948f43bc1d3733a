package replay

import (
	"fmt"

	"vpcsim/model"
	"vpcsim/sim"
)

// Episode is an exhaustion point: something ran out somewhere, for a time.
type Episode struct {
	sim.ExhaustionBegan
	BeganAt model.Instant
	// EndedAt is model.Never while pods wait for it.
	EndedAt model.Instant
	// Pods counts those it hit, PodMs how long they waited, summed. Both are
	// known when the episode has ended, or the run.
	Pods  int
	PodMs int64

	pods map[podKey]struct{} // that it hit, as far as the log tells
}

// Open reports whether pods still wait.
func (ep *Episode) Open() bool { return ep.EndedAt == model.Never }

func (s *State) beginEpisode(e sim.Event, b sim.ExhaustionBegan) error {
	if s.episodes[b.ID] != nil {
		return fmt.Errorf("exhaustion %d has begun already", b.ID)
	}
	ep := &Episode{ExhaustionBegan: b, BeganAt: e.At, EndedAt: model.Never}
	s.Episodes = append(s.Episodes, ep)
	s.episodes[b.ID] = ep
	s.open.add(ep)
	if first := s.Pods.byName[b.Pod]; first != nil {
		ep.hit(first)
	}
	return nil
}

func (s *State) endEpisode(at model.Instant, b sim.ExhaustionEnded) error {
	ep := s.episodes[b.ID]
	if ep == nil || !ep.Open() {
		return fmt.Errorf("exhaustion %d is not open", b.ID)
	}
	ep.EndedAt, ep.Pods, ep.PodMs = at, b.Pods, b.PodMs
	s.open.remove(ep)
	return nil
}
