package compare

import (
	"vpcsim/model"
	"vpcsim/sim/replay"
)

// Usage is how many addresses were attached and held over time: a step at each
// instant at which one of the two changed.
type Usage struct {
	Steps []Step
	End   model.Instant
}

// Step says what holds from an instant on.
type Step struct {
	At              model.Instant
	Total, Assigned int
}

// maxSteps bounds the steps that are kept: with more, every second one is
// forgotten.
const maxSteps = 1 << 16

type recorder struct {
	steps []Step
	every int // of so many changes one is kept
	skip  int
}

func (r *recorder) note(s *replay.State) {
	total, assigned := s.Usage.Addresses()
	n := len(r.steps)
	switch {
	case n > 0 && r.steps[n-1].Total == total && r.steps[n-1].Assigned == assigned:
		return
	case n > 0 && r.steps[n-1].At == s.Now:
		r.steps[n-1] = Step{s.Now, total, assigned}
		return
	}
	r.add(Step{s.Now, total, assigned})
}

// add keeps a step, or every second, fourth, … when there are many.
func (r *recorder) add(s Step) {
	if r.skip++; r.skip < r.every {
		return
	}
	r.skip = 0
	r.steps = append(r.steps, s)
	if len(r.steps) >= maxSteps {
		half := r.steps[:0]
		for i := 0; i < len(r.steps); i += 2 {
			half = append(half, r.steps[i])
		}
		r.steps, r.every = half, max(1, r.every)*2
	}
}

func (r *recorder) at(end model.Instant) Usage { return Usage{r.steps, end} }

// Peak is the most that were attached.
func (u Usage) Peak() int {
	peak := 0
	for _, s := range u.Steps {
		peak = max(peak, s.Total)
	}
	return peak
}

// Means divides the time up to an instant into n equal parts and returns what
// was attached and held in each on average, rounded down. What was at the end
// goes on after it.
func (u Usage) Means(n int, until model.Instant) (total, assigned []int) {
	total, assigned = make([]int, n), make([]int, n)
	if until <= 0 {
		return total, assigned
	}
	for i := range n {
		from, to := until*model.Instant(i)/model.Instant(n), until*model.Instant(i+1)/model.Instant(n)
		if to == from {
			to = from + 1
		}
		t, a := u.over(from, to)
		total[i], assigned[i] = int(t/int64(to-from)), int(a/int64(to-from))
	}
	return total, assigned
}

// over sums up what was between two instants, in address-milliseconds.
func (u Usage) over(from, to model.Instant) (total, assigned int64) {
	for i, s := range u.Steps {
		end := to
		if i+1 < len(u.Steps) {
			end = min(to, u.Steps[i+1].At)
		}
		if begin := max(from, s.At); begin < end {
			total += int64(s.Total) * int64(end-begin)
			assigned += int64(s.Assigned) * int64(end-begin)
		}
		if s.At >= to {
			break
		}
	}
	return total, assigned
}
