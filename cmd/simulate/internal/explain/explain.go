package explain

import (
	"errors"
	"fmt"
	"strings"

	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// Play runs a scenario and returns the state at its end. take gets every event
// before it is applied to the state; an error of it ends the run, and comes back
// with the state up to there. A run plays the same each time.
type Play func(take func(sim.Event, *replay.State) error) (*replay.State, error)

// Target is what is to be explained: a pod, an ENI by its id or by its node and
// device, or a node. Nothing: what stopped the run.
type Target struct {
	Pod    model.PodName
	Node   model.NodeName
	ENI    model.ENIID
	Device int            // −1: none
	Card   int            // the network card that Device is on
	At     *model.Instant // nil: the end of the run
}

// Explain answers. A target that is not in the run is an error that says what is.
func Explain(play Play, t Target) (*view.Explanation, error) {
	found, end, err := survey(play, t)
	if err != nil {
		return nil, err
	}
	at := end.Now
	if t.At != nil {
		if at = *t.At; at > end.Now {
			return nil, fmt.Errorf("the run ends at %s, and --at %s is after that; --until makes it longer", view.Instant(end.Now), view.Instant(at))
		}
	}
	switch {
	case t.Pod != "":
		l, err := found.lifeAt(at)
		if err != nil {
			return nil, err
		}
		return explainPod(play, l, at)
	case t.ENI != "" || t.Device >= 0:
		l, err := found.eniAt(t, at)
		if err != nil {
			return nil, err
		}
		return explainENI(play, l, at)
	case t.Node != "":
		return explainNode(play, t.Node, found.nodes[t.Node], at)
	}
	if at < end.Now {
		if end, err = stateAt(play, at); err != nil {
			return nil, err
		}
		end.Now = at // what cools does so by time alone
	}
	return explainRun(play, end, at)
}

// told plays the run up to an instant.
func told(play Play, take func(sim.Event, *replay.State) error) (*replay.State, error) {
	s, err := play(take)
	if errors.Is(err, errCut) {
		err = nil
	}
	return s, err
}

// stateAt is the state at an instant.
func stateAt(play Play, at model.Instant) (*replay.State, error) {
	return told(play, func(e sim.Event, _ *replay.State) error {
		if e.At > at {
			return errCut
		}
		return nil
	})
}

// explainPod tells a pod's life.
func explainPod(play Play, l life, at model.Instant) (*view.Explanation, error) {
	var ps *podStory
	s, err := told(play, func(e sim.Event, s *replay.State) error {
		if ps == nil {
			ps = newPodStory(s, l, at)
		}
		return ps.take(e)
	})
	if err != nil {
		return nil, err
	}
	ps.state = s
	ps.x.Scenario = view.NewExplanation(s).Scenario
	return ps.finish(), nil
}

// explainRun explains what stopped the run, which is in a state at an instant:
// the pod that waits, or waited, for its main cause.
func explainRun(play Play, s *replay.State, at model.Instant) (*view.Explanation, error) {
	ep := view.MainEpisode(s)
	if ep == nil {
		x := view.NewExplanation(s)
		x.Subject = view.Subject{Kind: "run", Name: s.Started.Name, AtMs: at}
		x.Answer = "Nothing ran out. " + view.Verdict(s)
		for _, l := range s.Leaks() {
			x.State = append(x.State, leakFact(s, l))
		}
		cite(x)
		return x, nil
	}
	pod := ep.Pod
	for _, p := range s.Pods.All() {
		if p.Waits() && p.Reason == ep.Kind && ep.Open() {
			pod = p.Name
			break
		}
	}
	if pod == "" {
		x := view.NewExplanation(s)
		x.Subject = view.Subject{Kind: "run", Name: s.Started.Name, AtMs: at}
		x.Cause = view.CauseOf(ep)
		x.Answer = view.Verdict(s) + " " + titleOf(x.Cause.Rule) + "."
		if x.Cause.Fault > 0 {
			x.Answer = view.Verdict(s) + " " + faultSentence(x.Cause, string(ep.Kind)+", "+ep.Reason)
		}
		x.Next = []view.Fact{{Name: "message", Text: ep.Message}, {Name: "what helps", Text: ep.Remedy}}
		cite(x)
		return x, nil
	}
	found, _, err := survey(play, Target{Pod: pod, Device: -1})
	if err != nil {
		return nil, err
	}
	l, err := found.lifeAt(max(ep.BeganAt, min(at, ep.EndedAt)))
	if err != nil {
		return nil, err
	}
	x, err := explainPod(play, l, at)
	if err != nil {
		return nil, err
	}
	if !ep.Open() {
		x.Answer = fmt.Sprintf("%s Most waiting was for %s. One of the pods that it hit: %s", view.Verdict(s), ep.Kind, x.Answer)
		if s.Started.Platform == sim.PlatformECS {
			x.Answer = strings.Replace(x.Answer, "One of the pods", "One of the tasks", 1)
		}
		return x, nil
	}
	x.Answer = fmt.Sprintf("%s One of them: %s", view.Verdict(s), x.Answer)
	return x, nil
}
