package film

import (
	"slices"
	"strings"

	"vpcsim/cmd/simulate/internal/picture"
	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/model"
	"vpcsim/sim"
)

// mostLines is how many lines of nodes' histories a film has.
const mostLines = 20_000

// Film is the film of the whole run, once it has ended.
func (r *Recorder) Film(summary string) *Film {
	r.flushCalls()
	s, f := r.s, &r.film
	f.Name, f.Summary, f.Seed, f.Platform = s.Started.Name, summary, s.Started.Seed, string(s.Started.Platform)
	if f.Platform == "" {
		f.Platform = string(sim.PlatformEKS)
	}
	f.EndMs, f.Verdict, f.Notes = int64(s.Now), view.Verdict(s), view.Notes(s)
	if s.Ended != nil {
		f.EndedBy = s.Ended.EndedBy
	}
	for _, ep := range s.Episodes {
		e := Episode{
			Kind: string(ep.Kind), Place: view.Place(ep), Cures: ep.Cures(), FromMs: int64(ep.BeganAt), ToMs: -1,
			Pods: ep.Pods, Message: ep.Message, Remedy: ep.Remedy,
		}
		if ep.EndedAt != model.Never {
			e.ToMs = int64(ep.EndedAt)
		}
		f.Episodes = append(f.Episodes, e)
	}
	for _, n := range s.Nodes {
		f.Nodes[r.nodes[n.Name].place].MaxENIs = picture.MaxENIs(n) // over all cards, once there are several
	}
	f.nameCards()
	f.Lines, f.LinesLeftOut = r.lines()
	return f
}

// nameCards names the card of the first ENI, too, where ENIs on other cards came
// later.
func (f *Film) nameCards() {
	several := map[int]bool{} // nodes
	for _, e := range f.ENIs {
		if strings.HasPrefix(e.Name, "card") {
			several[e.Node] = true
		}
	}
	for i, e := range f.ENIs {
		if several[e.Node] && strings.HasPrefix(e.Name, "eni") {
			f.ENIs[i].Name = "card0 " + e.Name
		}
	}
}

// lines are the nodes' histories in the order of time, and how many of the later ones
// are left out.
func (r *Recorder) lines() (lines []Line, leftOut int) {
	out := []Line{}
	for _, n := range r.s.Nodes {
		place := r.nodes[n.Name].place
		for _, l := range view.History(n) {
			out = append(out, Line{int64(l.At), place, l.ENI, l.What, l.Why, l.Tone})
		}
	}
	slices.SortStableFunc(out, func(a, b Line) int { return int(a.AtMs - b.AtMs) })
	return cut(out, mostLines)
}

// cut keeps the first lines, and counts the others.
func cut(lines []Line, most int) (kept []Line, leftOut int) {
	n := min(len(lines), most)
	return lines[:n], len(lines) - n
}
