package view

import (
	"fmt"
	"strings"

	"vpcsim/cmd/simulate/internal/capacity"
)

// cutItem is what was left out since the runs are costly.
type cutItem struct {
	// Further: no larger values were looked at. Between: not all between what fits
	// and what stops. Unconfirmed: none in between was run to confirm the answer.
	Further     bool     `json:"further"`
	Between     bool     `json:"between"`
	Unconfirmed bool     `json:"unconfirmed"`
	Remedies    []string `json:"remedies"`
}

// cutOf is null where nothing was left out.
func cutOf(r capacity.Report) *cutItem {
	a := r.Answer
	if !a.Further && !a.Coarse && !a.Unconfirmed && len(r.Untried) == 0 {
		return nil
	}
	out := &cutItem{a.Further, a.Coarse, a.Unconfirmed, []string{}}
	for _, m := range r.Untried {
		out.Remedies = append(out.Remedies, m.Name)
	}
	return out
}

// flagOf is the flag with which the path was varied.
func flagOf(r capacity.Report) string {
	if r.Want == capacity.Fewest {
		return "--fewest "
	}
	return "--vary "
}

// highest is how far an open range can be asked to go.
const highest = 100_000

// furtherWords says that larger values were not looked at.
func furtherWords(r capacity.Report, a capacity.Answer) string {
	if !a.Further {
		return ""
	}
	return fmt.Sprintf("; not looked further, as the runs are costly: %s%s=%d..%d does", flagOf(r), r.Path, a.High, highest)
}

// betweenWords says between which values was not looked.
func betweenWords(r capacity.Report, a capacity.Answer) string {
	if !a.Coarse {
		return ""
	}
	var all []string
	gap := func(low, high int) {
		if high-low > 1 {
			all = append(all, fmt.Sprintf("%s%s=%d..%d", flagOf(r), r.Path, low, high))
		}
	}
	if a.Below != nil {
		gap(a.Below.Value, a.Smallest.Value)
	}
	if a.Above != nil && r.Want != capacity.Fewest {
		gap(a.Largest.Value, a.Above.Value)
	}
	if len(all) == 0 {
		return ""
	}
	return ". The runs are costly, so not all between was looked at: " + strings.Join(all, " and ") + " does"
}

// edgeWords are the largest or the smallest that fits.
func edgeWords(a capacity.Answer, which string) string {
	if a.Coarse {
		return "the " + which + " known to fit"
	}
	return "the " + which + " that fits"
}

// writeUntried names the remedies that were not run.
func writeUntried(p *page, r capacity.Report) {
	if len(r.Untried) == 0 {
		return
	}
	var names []string
	for _, m := range r.Untried {
		names = append(names, m.Name)
	}
	p.paragraph(2, "", "Not tried, as the runs are costly: "+strings.Join(names, "; ")+". --remedies=all tries all, however long it takes.", plain)
}
