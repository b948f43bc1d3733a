package expect

import (
	"errors"
	"fmt"
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// Checker checks the expectations of one run while its log comes. A nil Checker
// has none.
type Checker struct {
	watches []*watch
	view    *view
	trail   trail

	changed topics          // since conditions over time were looked at
	cooled  []model.Instant // when addresses will have cooled, in order
	cools   bool            // some condition over time depends on it
}

// watch is an expectation under way.
type watch struct {
	Expectation
	over []*watched
	done *Result // nil until it was evaluated
}

// watched is a condition over time under way.
type watched struct {
	*temporal
	decided   bool
	value     bool
	at        model.Instant // when it was decided
	seen      bool          // it could be evaluated at some instant
	err       error         // why it couldn't be, the last time
	cost      uint64
	evaluated bool
	values    map[string]any // when it was decided
	events    []string       // likewise
}

// NewChecker returns a checker of a run's expectations, which were compiled.
func NewChecker(expectations []Expectation) *Checker {
	if len(expectations) == 0 {
		return nil
	}
	c := &Checker{}
	for _, e := range expectations {
		w := &watch{Expectation: e}
		for _, t := range e.Compiled.over {
			w.over = append(w.over, &watched{temporal: t})
			c.cools = c.cools || t.reads&topicCooling != 0
		}
		c.watches = append(c.watches, w)
	}
	return c
}

// Apply folds the next event into the state, as State.Apply does, and looks at
// what the expectations ask for before and after it.
func (c *Checker) Apply(s *replay.State, e sim.Event) error {
	if c == nil {
		return s.Apply(e)
	}
	if c.view == nil {
		c.begin(s)
	}
	if e.At > s.Now {
		c.pass(e.At)
	}
	ghost := c.leaving(s, e)
	if err := s.Apply(e); err != nil {
		return err
	}
	if ghost != nil && s.Pods.Get(ghost.Name) == nil {
		c.view.gone[ghost.Name] = ghost
	}
	switch b := e.Body.(type) {
	case sim.PodCreated:
		c.view.ever = append(c.view.ever, s.Pods.Get(b.Pod))
	case sim.TaskCreated:
		c.view.ever = append(c.view.ever, s.Pods.Get(b.Pod))
	}
	c.note(e)
	if s.Ended != nil {
		c.end()
	}
	return nil
}

func (c *Checker) begin(s *replay.State) {
	c.view = newView(s)
	for _, w := range c.watches {
		c.view.log.kept = c.view.log.kept || w.Compiled.readsLog()
		c.trail.follow(w.Compiled)
	}
}

// leaving returns the pod that may be gone after the event.
func (c *Checker) leaving(s *replay.State, e sim.Event) *replay.Pod {
	switch b := e.Body.(type) {
	case sim.PodDeleted:
		return s.Pods.Get(b.Pod)
	case sim.PodReleased:
		return s.Pods.Get(b.Pod)
	case sim.TaskDeleted:
		return s.Pods.Get(b.Pod)
	case sim.TaskReleased:
		return s.Pods.Get(b.Pod)
	case sim.PodCreated:
		delete(c.view.gone, b.Pod) // a StatefulSet's pod is back
	case sim.TaskCreated:
		delete(c.view.gone, b.Pod)
	}
	return nil
}

// note takes in what an event says.
func (c *Checker) note(e sim.Event) {
	changed := changes(e.Body.Type())
	c.changed |= changed
	c.view.moved(e.At, changed)
	if c.view.log.kept {
		c.view.log.events = append(c.view.log.events, e)
	}
	c.trail.note(e)
	if b, ok := e.Body.(sim.PodReleased); ok && c.cools && b.CoolUntilMs != nil {
		after := *b.CoolUntilMs + 1
		i, found := slices.BinarySearch(c.cooled, after)
		if !found {
			c.cooled = slices.Insert(c.cooled, i, after)
		}
	}
}

// pass looks at all instants that are complete when one is reached: that of the
// last event, and between the two those at which addresses will have cooled and
// those that expectations name.
func (c *Checker) pass(reached model.Instant) {
	at := c.view.at
	for {
		c.look(at)
		next := reached
		if len(c.cooled) > 0 {
			next = min(next, c.cooled[0])
		}
		for _, w := range c.watches {
			if w.done == nil && w.At != nil && model.Instant(*w.At) > at {
				next = min(next, model.Instant(*w.At))
			}
		}
		if next >= reached {
			return
		}
		at = next
		changed := topicTime
		if len(c.cooled) > 0 && c.cooled[0] == at {
			c.cooled = c.cooled[1:]
			changed |= topicCooling
		}
		c.changed |= changed
		c.view.moved(at, changed)
	}
}

// look evaluates at a complete instant what is due at it.
func (c *Checker) look(at model.Instant) {
	for len(c.cooled) > 0 && c.cooled[0] <= at {
		c.cooled = c.cooled[1:]
		c.changed |= topicCooling
	}
	c.changed |= topicTime
	if c.view.s.Pods.Wait.Open() > 0 {
		c.changed |= topicWaiting
	}
	for _, w := range c.watches {
		if w.done != nil {
			continue
		}
		for _, t := range w.over {
			if !t.decided && (!t.evaluated || t.reads&c.changed != 0) {
				c.lookAt(w, t)
			}
		}
		if w.At != nil && model.Instant(*w.At) == at {
			c.evaluate(w)
		}
	}
	c.changed = 0
}

// lookAt evaluates a condition over time at an instant.
func (c *Checker) lookAt(w *watch, t *watched) {
	t.evaluated = true
	c.view.whole = false
	value, cost, err := t.eval(c.view)
	t.cost += cost
	defer func() {
		if t.decided && !t.value {
			t.events = c.trail.lines(w.Compiled)
		}
	}()
	switch {
	case t.cost > maxTotalCost:
		t.decide(c.view.at, false, fmt.Errorf("%s(%s) takes too much work over the run: it was given up at %s", t.function, t.text, c.view.at))
		return
	case errors.As(err, &absentError{}), errors.As(err, &nothingError{}):
		t.err = err
		return
	case err != nil:
		t.decide(c.view.at, false, fmt.Errorf("at %s %w", c.view.at, err))
		return
	}
	t.seen, t.err = true, nil
	switch t.function {
	case functionAlways:
		if !value {
			t.decide(c.view.at, false, nil)
		}
	case functionEventually:
		if value {
			t.decide(c.view.at, true, nil)
		}
	case functionNever:
		if value {
			t.decide(c.view.at, false, nil)
		}
	}
	if t.decided && !t.value {
		t.values = t.valuesIn(c.view)
	}
}

func (t *watched) decide(at model.Instant, value bool, err error) {
	t.decided, t.value, t.at, t.err = true, value, at, err
	if err != nil {
		t.seen = true
	}
}

// outcome is what the condition comes to if the run ends here.
func (t *watched) outcome() ref.Val {
	switch {
	case t.err != nil && (t.decided || !t.seen):
		return types.WrapErr(t.err)
	case t.decided:
		return types.Bool(t.value)
	}
	return types.Bool(t.function != functionEventually)
}

// eval evaluates a condition.
func (p *piece) eval(w *view) (value bool, cost uint64, err error) {
	out, details, err := p.program.Eval(cel.Activation(w))
	if details != nil && details.ActualCost() != nil {
		cost = *details.ActualCost()
	}
	if err != nil {
		return false, cost, plain(err)
	}
	b, ok := out.(types.Bool)
	if !ok {
		return false, cost, fmt.Errorf("gives %v and no truth", out)
	}
	return bool(b), cost, nil
}

// evaluate evaluates an expectation now.
func (c *Checker) evaluate(w *watch) {
	c.view.whole = w.At == nil
	c.view.held = map[int64]ref.Val{}
	for _, t := range w.over {
		c.view.held[t.id] = t.outcome()
	}
	ok, _, err := w.Compiled.eval(c.view)
	r := Result{Expectation: w.Expectation, OK: ok && err == nil, DecidedAt: c.view.at, Values: w.Compiled.valuesIn(c.view)}
	switch {
	case err != nil:
		r.Message, r.Nothing = err.Error(), errors.As(err, &nothingError{})
	case !ok && c.view.whole && c.holdsOfTheRest(w):
		r.Message = "it is true of what is there at the end; without at what is gone counts, too"
	}
	for _, t := range w.over {
		if t.decided && !t.value && !r.OK {
			r.OverTime, r.DecidedAt, r.Events = true, t.at, t.events
			for name, value := range t.values {
				r.Values[name] = value
			}
		}
	}
	if !r.OK && r.Events == nil {
		r.Events = c.trail.lines(w.Compiled)
	}
	w.done = &r
}

// holdsOfTheRest reports whether the expectation would hold with at: end, where
// lists have what is there.
func (c *Checker) holdsOfTheRest(w *watch) bool {
	c.view.whole = false
	defer func() { c.view.whole = true }()
	ok, _, err := w.Compiled.eval(c.view)
	return ok && err == nil
}

// end evaluates what is left, after the last event.
func (c *Checker) end() {
	c.look(c.view.at)
	ended := c.view.s.Ended
	for _, w := range c.watches {
		switch {
		case w.done != nil:
		case w.At != nil && *w.At != AtEnd && ended.EndedBy != "settled":
			w.done = &Result{
				Expectation: w.Expectation, DecidedAt: c.view.at, Values: map[string]any{},
				Message: fmt.Sprintf("the run ended at %s, before that instant", c.view.at),
			}
		default:
			c.evaluate(w)
		}
	}
}

// Results are what came of the expectations, in their order: those that the
// scenario has, once its run has ended, none before.
func (c *Checker) Results() []Result {
	if c == nil || c.view == nil || c.view.s.Ended == nil {
		return nil
	}
	out := make([]Result, len(c.watches))
	for i, w := range c.watches {
		out[i] = *w.done
	}
	return out
}

// Failed counts the expectations that don't hold.
func Failed(results []Result) int {
	n := 0
	for _, r := range results {
		if !r.OK {
			n++
		}
	}
	return n
}

// plain is an error of an evaluation as people read it.
func plain(err error) error {
	var absent absentError
	var nothing nothingError
	switch {
	case errors.As(err, &absent):
		return absent
	case errors.As(err, &nothing):
		return nothing
	case err.Error() == "operation cancelled: actual cost limit exceeded":
		return fmt.Errorf("takes too much work: more than %d steps", maxCost)
	}
	return err
}
