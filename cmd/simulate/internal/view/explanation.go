package view

import (
	"fmt"
	"io"
	"strings"
	"time"

	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
	"vpcsim/sim/rules"
)

// Explanation is what explain -o json writes. Lists are never null.
type Explanation struct {
	APIVersion string           `json:"apiVersion"`
	Kind       string           `json:"kind"`
	Scenario   scenarioDocument `json:"scenario"`
	Subject    Subject          `json:"subject"`
	// Answer is one or two sentences.
	Answer string `json:"answer"`
	// Cause is what the subject waits for, or waited for last; null if it never
	// did.
	Cause *Cause `json:"cause"`
	// Chain is what happened, in the order in which each thing did first.
	Chain []Link `json:"chain"`
	// State is how the subject stands, line by line.
	State []Fact `json:"state"`
	// Next is what happens next, and what would help.
	Next  []Fact       `json:"next"`
	Rules []rules.Rule `json:"rules"`
}

// Subject is what is explained.
type Subject struct {
	Kind string         `json:"kind"` // pod, task, node, eni
	Name string         `json:"name"`
	Node model.NodeName `json:"node"` // empty: on none
	AtMs model.Instant  `json:"atMs"`
}

// Cause is an exhaustion as the subject met it.
type Cause struct {
	Kind     sim.Kind           `json:"kind"`
	Reason   string             `json:"reason"`
	CappedBy string             `json:"cappedBy"`
	Scope    string             `json:"scope"`
	Name     string             `json:"name"`
	Rule     string             `json:"rule"`
	Fault    int                `json:"fault,omitempty"` // number of the scenario's fault that is behind it
	Over     bool               `json:"over"`            // the subject waits for it no longer
	Message  string             `json:"message"`
	Numbers  map[sim.Number]int `json:"numbers"`
	Remedy   string             `json:"remedy"`
}

// Link is something that happened, and why. One that happened several times
// alike is told once, with the reason and the numbers of the first time.
type Link struct {
	AtMs    model.Instant    `json:"atMs"`
	UntilMs model.Instant    `json:"untilMs"` // the last time
	Times   int              `json:"times"`
	What    string           `json:"what"`
	Why     string           `json:"why"`
	Rule    string           `json:"rule"` // empty: none
	Pool    *PoolExplanation `json:"pool"` // null: it doesn't matter

	bad, good bool
}

// PoolExplanation are the numbers of a node's pool.
type PoolExplanation struct {
	Card      int `json:"card,omitempty"` // the network card that it is of
	Total     int `json:"total"`
	Assigned  int `json:"assigned"`
	Available int `json:"available"` // cooling ones included
	Cooling   int `json:"cooling"`
	Short     int `json:"short"`
	Over      int `json:"over"`
}

// Fact is a line of a state.
type Fact struct {
	Name string `json:"name"`
	Text string `json:"text"`
	Rule string `json:"rule"`
}

// NewExplanation begins an explanation of a run.
func NewExplanation(s *replay.State) *Explanation {
	return &Explanation{
		APIVersion: APIVersion, Kind: "Explanation",
		Scenario: scenarioDocument{s.Started.Name, s.Started.Seed, s.Started.Digest},
		Chain:    []Link{}, State: []Fact{}, Next: []Fact{}, Rules: []rules.Rule{},
	}
}

// Bad marks a link as one that is in the way.
func (l Link) Bad() Link { l.bad = true; return l }

// Good marks a link as one that helps.
func (l Link) Good() Link { l.good = true; return l }

// ExplanationTable writes an explanation for a person: the answer first, then
// what led to it, then the rules and where they can be read.
func ExplanationTable(w io.Writer, x *Explanation, o TableOptions) error {
	p := newPage(w, o.Palette)
	st := bold
	switch {
	case x.Cause != nil && !x.Cause.Over:
		st = red
	case x.Cause == nil && (x.Subject.Kind == "pod" || x.Subject.Kind == "task"):
		st = green
	}
	for _, l := range wrap(x.Answer, pageWidth) {
		p.line(p.palette.paint(st, l))
	}
	writeChain(p, x.Chain)
	writeFacts(p, fmt.Sprintf("State at %s", instant(x.Subject.AtMs)), x.State)
	writeFacts(p, "Next", x.Next)
	if len(x.Rules) > 0 {
		p.section("Rules", "docs/rules.md has all")
		for _, r := range x.Rules {
			writeRule(p, r)
		}
	}
	return p.w.Flush()
}

func writeChain(p *page, chain []Link) {
	if len(chain) == 0 {
		return
	}
	p.section("What happened", "")
	g := 0
	for _, l := range chain {
		g = max(g, width(instant(l.AtMs)))
	}
	var told Link // what was said last of a pool, and of a reason
	for i, l := range chain {
		if hidden := len(chain) - 2*shownLinks; hidden > 1 && i >= shownLinks && i < len(chain)-shownLinks {
			if i == shownLinks {
				p.paragraph(2+g+2, "", fmt.Sprintf("… and %s more, which -o json has", number(hidden)), dim)
			}
			continue
		}
		writeLink(p, l, told, g)
		if l.Pool != nil {
			told.Pool = l.Pool
		}
		if l.Why != "" {
			told.Why, told.Rule = l.Why, l.Rule
		}
	}
}

// shownLinks is how many links the table has from each end of a chain.
const shownLinks = 25

// writeLink writes a link, without what the lines above it say already.
func writeLink(p *page, l, told Link, g int) {
	st := plain
	switch {
	case l.bad:
		st = yellow
	case l.good:
		st = green
	}
	what := l.What
	if l.Times > 1 {
		what += fmt.Sprintf(" (%s times to %s)", number(l.Times), instant(l.UntilMs))
	}
	p.paragraph(2, fmt.Sprintf("%*s  ", g, instant(l.AtMs)), what, st)
	if l.Pool != nil && (told.Pool == nil || l.Pool.String() != told.Pool.String()) {
		p.paragraph(2+g+4, "pool  ", l.Pool.String(), plain)
	}
	if l.Rule == told.Rule && strings.HasSuffix(told.Why, l.Why) && l.Why != "" {
		return
	}
	if l.Why != "" {
		p.paragraph(2+g+4, "", l.Why, dim)
	}
	if l.Rule != "" {
		p.line(strings.Repeat(" ", 2+g+4) + p.palette.paint(cyan, "["+l.Rule+"]"))
	}
}

// String says how a pool stands.
func (n *PoolExplanation) String() string {
	text := fmt.Sprintf("%s, %s held, %s available", count(n.Total, "address"), number(n.Assigned), number(n.Available))
	if n.Card > 0 {
		text = fmt.Sprintf("network card %d: %s", n.Card, text)
	}
	if n.Cooling > 0 {
		text += fmt.Sprintf(" of which %s cool", number(n.Cooling))
	}
	return text
}

func writeFacts(p *page, title string, facts []Fact) {
	if len(facts) == 0 {
		return
	}
	p.section(title, "")
	g := 0
	for _, f := range facts {
		g = max(g, width(f.Name))
	}
	for _, f := range facts {
		text := f.Text
		if f.Rule != "" {
			text += " [" + f.Rule + "]"
		}
		p.paragraph(2, fmt.Sprintf("%-*s  ", g, f.Name), text, plain)
	}
}

func writeRule(p *page, r rules.Rule) {
	p.line("  " + p.palette.paint(cyan, r.ID))
	p.paragraph(4, "", r.Title+".", plain)
	if r.Condition != "" {
		p.paragraph(4, "when    ", r.Condition, plain)
	}
	if r.Boundary != "" {
		p.paragraph(4, "equal   ", r.Boundary, plain)
	}
	p.paragraph(4, "source  ", r.Source.Name, dim)
	p.paragraph(12, "", r.Source.URL, dim)
}

// Instant writes an instant as all tables do.
func Instant(t model.Instant) string { return instant(t) }

// Duration writes a duration as all tables do.
func Duration(d time.Duration) string { return duration(d) }

// Number writes 12345 as 12,345.
func Number(n int) string { return number(n) }

// Count writes a number with its noun.
func Count(n int, noun string) string { return count(n, noun) }

// Blocks writes addresses and prefixes that came or went.
func Blocks(addresses, prefixes int) string { return blocks(addresses, prefixes) }

// MainEpisode is the exhaustion that matters most: of those that have not ended
// what does not cure itself, and of that what hit most pods; where all have
// ended, the one that cost pods the longest wait. Nil: nothing ran out.
func MainEpisode(s *replay.State) *replay.Episode {
	if t := worstOpen(s); t != nil {
		return t.first
	}
	if all := troubles(s); len(all) > 0 {
		return all[0].first
	}
	return nil
}

// CauseOf tells an episode as a cause.
func CauseOf(ep *replay.Episode) *Cause {
	reason := ep.Reason
	if ep.Kind == sim.KindENILimit && ep.Scope == "cluster" && reason == "" {
		reason = string(model.WindowsAtCapacity) // the scheduler has no code for it
	}
	c := &Cause{
		Kind: ep.Kind, Reason: reason, CappedBy: ep.CappedBy, Scope: ep.Scope, Name: ep.Name,
		Rule: rules.Exhaustion(ep.Kind, reason, ep.CappedBy), Over: !ep.Open(),
		Message: ep.Message, Numbers: ep.Numbers, Remedy: ep.Remedy,
	}
	c.Blame(ep.Fault)
	return c
}

// Blame puts the cause down to a fault of the scenario, or to none.
func (c *Cause) Blame(fault int) {
	c.Fault, c.Rule = fault, rules.Exhaustion(c.Kind, c.Reason, c.CappedBy)
	if fault > 0 {
		c.Rule = rules.Fault
	}
}
