package compare

import (
	"iter"
	"reflect"

	"vpcsim/cmd/simulate/internal/metrics"
	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// Engine plays a run and hands its events to a sink, as sim.Run does.
type Engine func(sink func(sim.Event) error) error

// Side is one of the two runs at its end.
type Side struct {
	State   *replay.State
	Numbers metrics.Numbers
	Usage   Usage
}

// Comparison is two runs beside each other.
type Comparison struct {
	A, B    Side
	Changes []Change
	// Parting is where the logs part, nil if they don't: the runs are then the
	// same, event for event.
	Parting *Parting
}

// Parting is the first event that differs. One is nil where that run has ended,
// which has happened when the other goes on.
type Parting struct {
	A, B *sim.Event
	// Same counts the events before it that both have; those that tell of the
	// input alone are not compared, and not counted.
	Same int64
}

// At is the instant of the earlier of the two events.
func (p *Parting) At() model.Instant {
	switch {
	case p.A == nil:
		return p.B.At
	case p.B == nil:
		return p.A.At
	}
	return min(p.A.At, p.B.At)
}

// Play plays both runs to their ends. The error is that of an engine, or of a
// state that finds a log contradicting itself; both runs are over then.
func Play(a, b Engine) (*Comparison, error) {
	x, y := newPlayer(a), newPlayer(b)
	defer x.stop()
	defer y.stop()
	c := &Comparison{}
	for c.Parting == nil {
		ea, err := x.compared()
		if err != nil {
			return nil, err
		}
		eb, err := y.compared()
		if err != nil {
			return nil, err
		}
		if ea == nil && eb == nil {
			break
		}
		if !same(ea, eb) {
			c.Parting = &Parting{A: ea, B: eb, Same: x.count - 1}
			if ea == nil {
				c.Parting.Same = x.count
			}
		}
	}
	for _, p := range []*player{x, y} {
		if err := p.drain(); err != nil {
			return nil, err
		}
	}
	c.A, c.B = x.side(), y.side()
	c.Changes = changes(x.state.Started.Scenario, y.state.Started.Scenario)
	return c, nil
}

// same reports whether two events say the same of the same instant. Their
// numbers in the log don't count: what tells of the input may come more often in
// one.
func same(a, b *sim.Event) bool {
	return a != nil && b != nil && a.At == b.At && a.Node == b.Node && reflect.DeepEqual(a.Body, b.Body)
}

// player plays a run event by event.
type player struct {
	next  func() (sim.Event, bool)
	stop  func()
	state *replay.State
	usage recorder
	count int64 // of compared events
	err   error
}

func newPlayer(engine Engine) *player {
	p := &player{state: new(replay.State)}
	p.next, p.stop = iter.Pull(func(yield func(sim.Event) bool) {
		err := engine(func(e sim.Event) error {
			if !yield(e) {
				return errStopped
			}
			return nil
		})
		if err != errStopped {
			p.err = err
		}
	})
	return p
}

// one takes the next event; nil at the end.
func (p *player) one() (*sim.Event, error) {
	e, ok := p.next()
	if !ok {
		return nil, p.err
	}
	if err := p.state.Apply(e); err != nil {
		return nil, err
	}
	p.usage.note(p.state)
	return &e, nil
}

// compared takes events up to the next that is compared; nil at the end.
func (p *player) compared() (*sim.Event, error) {
	for {
		e, err := p.one()
		if e == nil || err != nil {
			return nil, err
		}
		if !ofInput(e.Body) {
			p.count++
			return e, nil
		}
	}
}

func (p *player) drain() error {
	for {
		if e, err := p.one(); e == nil {
			return err
		}
	}
}

func (p *player) side() Side {
	return Side{p.state, metrics.Of(p.state), p.usage.at(p.state.Now)}
}

// ofInput tells events that repeat what the scenario says: two scenarios differ
// in them without anything happening differently.
func ofInput(b sim.Body) bool {
	switch b.(type) {
	case sim.RunStarted, sim.AgentConfigured:
		return true
	}
	return false
}

type stopped struct{}

func (stopped) Error() string { return "stopped" }

// errStopped ends an engine of which nobody wants more events.
var errStopped error = stopped{}
