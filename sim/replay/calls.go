package replay

import (
	"cmp"
	"slices"

	"vpcsim/model"
	"vpcsim/sim"
)

// Calls counts the calls to EC2.
type Calls struct {
	// Total counts all calls, UnderWay those without an answer yet.
	Total, UnderWay int
	// Throttled counts those that the request rate refused, from the first at
	// ThrottledFrom to the last at ThrottledTo.
	Throttled                  int
	ThrottledFrom, ThrottledTo model.Instant
	// Busiest is the second with the most calls, the first of equals, and
	// BusiestCalls how many.
	Busiest      model.Instant
	BusiestCalls int
	// Over counts them over time.
	Over CallSeries

	second model.Instant // the one that now is in
	inIt   int           // calls in it

	byAction map[sim.Action]*ActionCalls
	standing standingRefusals
}

// ActionCalls are the calls of one action.
type ActionCalls struct {
	Action sim.Action
	Count  int
	// Refused counts those that EC2 refused, by code.
	Refused map[model.ErrorCode]int
	// Throttled counts those that the request rate refused.
	Throttled int
}

// Refusals counts the refused calls.
func (a ActionCalls) Refusals() int {
	n := 0
	for _, c := range a.Refused {
		n += c
	}
	return n
}

// ByAction lists the calls of each action that was called, by name.
func (c *Calls) ByAction() []ActionCalls {
	out := make([]ActionCalls, 0, len(c.byAction))
	for _, a := range c.byAction {
		out = append(out, *a)
	}
	slices.SortFunc(out, func(a, b ActionCalls) int { return cmp.Compare(a.Action, b.Action) })
	return out
}

func (c *Calls) called(at model.Instant, b sim.CallFields) {
	if c.byAction == nil {
		c.byAction = map[sim.Action]*ActionCalls{}
	}
	a := c.byAction[b.Action]
	if a == nil {
		a = &ActionCalls{Action: b.Action, Refused: map[model.ErrorCode]int{}}
		c.byAction[b.Action] = a
	}
	c.Total++
	c.UnderWay++
	a.Count++
	if b.Error != "" {
		a.Refused[b.Error]++
	}
	c.count(at)
	c.Over.add(at, b.Throttled)
	if b.Throttled {
		a.Throttled++
		if c.Throttled == 0 {
			c.ThrottledFrom = at
		}
		c.Throttled++
		c.ThrottledTo = at
	}
}

// count counts a call in its second.
func (c *Calls) count(at model.Instant) {
	const oneSecond = 1000
	if second := at - at%oneSecond; second != c.second {
		c.second, c.inIt = second, 0
	}
	c.inIt++
	if c.inIt > c.BusiestCalls {
		c.Busiest, c.BusiestCalls = c.second, c.inIt
	}
}

func (c *Calls) returned() { c.UnderWay-- }
