package sim

import (
	"fmt"
	"slices"
	"time"

	"vpcsim/model"
)

// A refusal that a step of the scenario asked for is put down to what EC2 means by its
// code, as a real one would be. Readers are told that it is none.

// tell adds to a verdict on a refusal that the fault is behind it; nil: none is.
func (f *fault) tell(v verdict) verdict {
	if f == nil || f.Error == "" || v.kind == "" {
		return v
	}
	v.fault = f.id
	does := "a fault step of the scenario " + f.does()
	switch {
	case f.over && v.reason == string(model.ReasonBackoff):
		v.remedy = does + "; " + v.remedy
	case f.over:
		v.remedy = does + ": what waits for it is tried again"
	default:
		v.remedy = does + "; where EC2 does so by itself: " + v.remedy
	}
	return v
}

// does says what the fault lets EC2 do, and for how long.
func (f *fault) does() string {
	calls := string(f.Action)
	if f.Node != "" {
		calls += " for " + string(f.Node)
	}
	what := fmt.Sprintf("lets EC2 refuse %s with %s", calls, f.Error)
	switch {
	case f.over:
		return fmt.Sprintf("let EC2 refuse %s with %s, and is over", calls, f.Error)
	case f.Count > 0 && f.For > 0:
		return fmt.Sprintf("%s, %s or for %s", what, countOf(f.Count, "time", "times"), shortly(f.For))
	case f.Count > 0:
		return fmt.Sprintf("%s, %s", what, countOf(f.Count, "time", "times"))
	case f.For > 0:
		return fmt.Sprintf("%s for %s", what, shortly(f.For))
	}
	return what + " to the end of the run"
}

// shortly is 10m rather than 10m0s.
func shortly(d time.Duration) string {
	switch {
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d >= time.Minute && d%time.Minute == 0:
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return d.String()
}

// faultWith is the first fault that lasts and lets EC2 refuse one of the actions with the
// code, or any action where none is named; nil: there is none.
func (x *ec2) faultWith(code model.ErrorCode, actions ...Action) *fault {
	for _, f := range x.faults {
		if f.Error == code && (len(actions) == 0 || slices.Contains(actions, f.Action)) {
			return f
		}
	}
	return nil
}
