package cli

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// searching shows on a terminal what capacity tries, how many runs it has made,
// and about how long it will take. The zero value shows nothing.
type searching struct {
	progress *progress

	mu     sync.Mutex // of what follows
	runs   int
	left   int // about how many runs are still to come
	trying string
	recent []time.Time // when the last runs ended
}

// mostTold is how many values the progress names, recentRuns of how many runs it
// takes the pace.
const (
	mostTold   = 4
	recentRuns = 8
)

// expects takes in about how many runs are still to come.
func (s *searching) expects(runs int) {
	if s.progress == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = runs
}

// among is for searches that go on side by side: each says by its number how
// many runs are still to come for it.
func (s *searching) among(searches int) func(search, runs int) {
	each := make([]int, searches)
	var mu sync.Mutex
	return func(search, runs int) {
		mu.Lock()
		defer mu.Unlock()
		each[search] = runs
		all := 0
		for _, n := range each {
			all += n
		}
		s.expects(all)
	}
}

// tries shows what is about to be run.
func (s *searching) tries(doing string, values []int) {
	if s.progress == nil {
		return
	}
	var text []string
	for i, v := range values {
		if i == mostTold {
			text = append(text, "…")
			break
		}
		text = append(text, strconv.Itoa(v))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trying = doing + " " + strings.Join(text, ", ")
	s.show(false)
}

// ran counts a run.
func (s *searching) ran() {
	if s.progress == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs++
	s.left = max(s.left-1, 0)
	s.recent = append(s.recent, time.Now())
	s.recent = s.recent[max(len(s.recent)-recentRuns, 0):]
	s.show(true)
}

func (s *searching) show(more bool) {
	p := s.progress
	if time.Since(p.begun) < progressAfter {
		return
	}
	if p.bar == nil {
		p.start()
	}
	p.bar.Describe(fmt.Sprintf("%s; %d runs%s", s.trying, s.runs, remaining(s.left, s.recent)))
	if more {
		_ = p.bar.Add(1) // a bar that can't be drawn stops nothing
	}
}

// remaining is about how long so many runs take, at the pace of those that ended
// last; empty where that is not known.
func remaining(runs int, ended []time.Time) string {
	if runs == 0 || len(ended) < 2 {
		return ""
	}
	each := ended[len(ended)-1].Sub(ended[0]) / time.Duration(len(ended)-1)
	left := (time.Duration(runs) * each).Round(time.Second)
	return fmt.Sprintf(", about %s left", max(left, time.Second))
}
