package view

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"vpcsim/cmd/simulate/internal/compare"
	"vpcsim/cmd/simulate/internal/metrics"
	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// CompareLabels name the two runs of a comparison.
type CompareLabels struct{ A, B string }

// comparedRows are the numbers that a comparison shows, in words.
var comparedRows = []struct {
	name, words string
}{
	{"pods.running", "pods running at the end"},
	{"pods.pending", "pods waiting at the end"},
	{goneMetric, "pods deleted before they had an address"},
	{"pods.failedAttempts", "failed attempts to set a pod up"},
	{"pods.waited", "waited at exhaustion points, summed"},
	{"latency.startP50", "wait for an address, median"},
	{"latency.startP99", "wait for an address, p99"},
	{"latency.startMax", "wait for an address, longest"},
	{"addresses.total", "addresses attached at the end"},
	{"addresses.totalPeak", "addresses attached, most"},
	{"addresses.idle", "addresses idle at the end"},
	{"addresses.idleMean", "addresses idle, mean over time"},
	{"addresses.idlePeak", "addresses idle, most"},
	{"subnets.used", "addresses in use in all subnets"},
	{"subnets.freeMin", "free in the fullest subnet, fewest"},
	{"nodes", "nodes"},
	{"enis", "ENIs"},
	{"cost.perHour", "price of the nodes per hour"},
	{"ec2.calls", "EC2 calls"},
	{"ec2.refused", "EC2 calls refused"},
	{"ec2.throttled", "EC2 calls throttled"},
	{"endedAt", "end of the run"},
}

// goneMetric has a row only where some pod is gone without an address.
const goneMetric = "pods.gone"

// CompareTable writes two runs beside each other: what differs between them, what
// came out, how addresses were used, what ran out, and where they part. Its last
// line says in words what is other in B.
func CompareTable(w io.Writer, c *compare.Comparison, l CompareLabels, pal Palette) error {
	p := newPage(w, pal)
	p.paragraph(0, "A  ", l.A, bold)
	p.paragraph(0, "B  ", l.B, bold)
	writeChanges(p, c.Changes)
	writeCompared(p, c)
	writeComparedUsage(p, c)
	writeComparedExhaustion(p, c)
	writeParting(p, c)
	writeMaxPodsHint(p, c)
	writeLengthsHint(p, c)
	p.line("")
	line, st := comparisonVerdict(c)
	p.paragraph(0, "", line, st)
	return p.w.Flush()
}

// changesShown is how many differences of the input are listed.
const changesShown = 20

func writeChanges(p *page, changes []compare.Change) {
	p.section("Scenario", "what differs")
	if len(changes) == 0 {
		p.line("  nothing")
		return
	}
	g := newGrid("lll")
	g.head("", "A", "B")
	for _, ch := range changes[:min(len(changes), changesShown)] {
		g.add(c(ch.Path), c(given(ch.A)), c(given(ch.B)))
	}
	g.foldTo(pageWidth - 2)
	g.write(p, 2)
	if more := len(changes) - changesShown; more > 0 {
		p.linef("  … and %s", count(more, "more value"))
	}
}

// given writes a value of a scenario, a dash for none.
func given(v any) string {
	if text := compare.Text(v); text != "" {
		return text
	}
	return "–"
}

// writeCompared writes the numbers of both, and the difference.
func writeCompared(p *page, cmp *compare.Comparison) {
	p.section("Outcome", "B against A")
	g := newGrid("lrrrl")
	g.head("", "A", "B", "", "")
	for _, r := range comparedRows {
		m, _ := metrics.Find(r.name)
		if r.name == goneMetric && cmp.A.Numbers.Get(m).N == 0 && cmp.B.Numbers.Get(m).N == 0 {
			continue
		}
		g.add(comparedRow(m, r.words, cmp)...)
		if r.name == "ec2.calls" {
			addActions(g, cmp)
		}
	}
	g.wrapFirst(pageWidth - 2)
	g.write(p, 2)
	unpriced := slices.Concat(cmp.A.Numbers.Unpriced, cmp.B.Numbers.Unpriced)
	slices.Sort(unpriced)
	if unpriced = slices.Compact(unpriced); len(unpriced) > 0 {
		p.paragraph(2, "", "No price is known of "+listOf(unpriced)+".", dim)
	}
}

// addActions adds the actions of which the runs made different numbers of calls.
func addActions(g *grid, cmp *compare.Comparison) {
	for _, m := range metrics.All() {
		if action, ok := strings.CutPrefix(m.Name, "ec2.calls."); ok && cmp.A.Numbers.Get(m) != cmp.B.Numbers.Get(m) {
			g.add(comparedRow(m, "  "+action, cmp)...)
		}
	}
}

func comparedRow(m metrics.Metric, words string, cmp *compare.Comparison) []cell {
	a, b := cmp.A.Numbers.Get(m), cmp.B.Numbers.Get(m)
	row := []cell{c(words), c(Metric(m, a)), c(Metric(m, b)), c(""), c("")}
	switch {
	case a == b:
		for i := range row {
			row[i].style = dim
		}
	case !a.Known || !b.Known || negligible(m, a, b):
	case bothEndless(m, cmp):
		row[4] = styled(dim, "endless")
	case m.Compare(a, b) > 0:
		row[3], row[4] = styled(green, delta(m, a, b)), styled(green, "better")
	case m.Compare(a, b) < 0:
		row[3], row[4] = styled(red, delta(m, a, b)), styled(red, "worse")
	default:
		row[3] = c(delta(m, a, b))
	}
	return row
}

// negligible reports whether a difference vanishes in what is written of it.
func negligible(m metrics.Metric, a, b metrics.Value) bool {
	return Metric(m, metrics.Value{N: max(b.N-a.N, a.N-b.N), Known: true}) == Metric(m, metrics.Value{Known: true})
}

// unstarted reports whether a wait is longer than that of any pod that got an
// address: who waited so long never got one.
func unstarted(s *replay.State, wait metrics.Value) bool {
	return wait.N > s.Pods.StartLatency.Max().Milliseconds()
}

// endless reports whether a wait goes on at the end of the run: when that came says
// nothing of it.
func endless(s *replay.State, wait metrics.Value) bool {
	return s.Pods.Wait.Open() > 0 && unstarted(s, wait)
}

func bothEndless(m metrics.Metric, c *compare.Comparison) bool {
	return strings.HasPrefix(m.Name, "latency.") && endless(c.A.State, c.A.Numbers.Get(m)) && endless(c.B.State, c.B.Numbers.Get(m))
}

// delta writes how much more B has than A.
func delta(m metrics.Metric, a, b metrics.Value) string {
	if b.N > a.N {
		return "+" + Metric(m, metrics.Value{N: b.N - a.N, Known: true})
	}
	return "−" + Metric(m, metrics.Value{N: a.N - b.N, Known: true})
}

// usageWidth is how many columns the course of the addresses takes.
const usageWidth = 56

// writeComparedUsage draws the addresses of both over time, to one scale.
func writeComparedUsage(p *page, cmp *compare.Comparison) {
	end := max(cmp.A.Usage.End, cmp.B.Usage.End)
	peak := max(cmp.A.Usage.Peak(), cmp.B.Usage.Peak())
	if peak == 0 || end == 0 {
		return
	}
	p.section("Addresses over time", fmt.Sprintf("0s to %s; a full block is %s", instant(end), number(peak)))
	for _, side := range []struct {
		name  string
		usage compare.Usage
	}{{"A", cmp.A.Usage}, {"B", cmp.B.Usage}} {
		total, held := side.usage.Means(usageWidth, end)
		idle := make([]int, len(total))
		for i := range total {
			idle[i] = total[i] - held[i]
		}
		p.linef("  %s  attached  %s", side.name, course(total, peak))
		p.linef("     idle      %s", course(idle, peak))
	}
}

// course draws values as blocks of up to eight eighths. Nothing is a dot, so
// that little differs from none.
func course(values []int, peak int) string {
	eighths := []rune("▁▂▃▄▅▆▇█")
	var b strings.Builder
	for _, v := range values {
		if v <= 0 {
			b.WriteRune('·')
			continue
		}
		b.WriteRune(eighths[min(7, (v*8-1)/peak)])
	}
	return b.String()
}

// comparedKind is what a comparison shows of one kind of exhaustion.
type comparedKind struct {
	kind sim.Kind
	a, b kindTotals
}

// kindTotals sums the episodes of a kind in one run. A pod that several of them hit
// counts once.
type kindTotals struct {
	episodes []*replay.Episode
	n, pods  int
	podMs    int64
	from     model.Instant
	open     bool
}

// comparedKinds sums up both runs' episodes by kind: those of A in their order,
// then those of B alone.
func comparedKinds(cmp *compare.Comparison) []*comparedKind {
	var all []*comparedKind
	add := func(s *replay.State, of func(*comparedKind) *kindTotals) {
		for _, ep := range s.Episodes {
			i := slices.IndexFunc(all, func(k *comparedKind) bool { return k.kind == ep.Kind })
			if i < 0 {
				i = len(all)
				all = append(all, &comparedKind{kind: ep.Kind})
			}
			t := of(all[i])
			if t.n == 0 {
				t.from = ep.BeganAt
			}
			t.n++
			t.episodes = append(t.episodes, ep)
			t.podMs += ep.PodMs
			t.open = t.open || ep.Open()
		}
		for _, k := range all {
			t := of(k)
			t.pods = replay.PodsHit(t.episodes)
		}
	}
	add(cmp.A.State, func(k *comparedKind) *kindTotals { return &k.a })
	add(cmp.B.State, func(k *comparedKind) *kindTotals { return &k.b })
	return all
}

func writeComparedExhaustion(p *page, cmp *compare.Comparison) {
	p.section("Exhaustion points", "✗ not over at the end  ✓ over; from, pods, their waits summed")
	kinds := comparedKinds(cmp)
	if len(kinds) == 0 {
		p.line("  none in either")
		return
	}
	g := newGrid("lll")
	g.head("", "A", "B")
	for _, k := range kinds {
		g.add(c(string(k.kind)), k.a.cell(), k.b.cell())
	}
	g.foldTo(pageWidth - 2)
	g.write(p, 2)
}

func (t kindTotals) cell() cell {
	if t.n == 0 {
		return styled(dim, "none")
	}
	mark, st := "✓", green
	if t.open {
		mark, st = "✗", red
	}
	text := fmt.Sprintf("%s from %s", mark, instant(t.from))
	if t.pods > 0 {
		text += fmt.Sprintf(", %s, %s", count(t.pods, "pod"), millis(t.podMs))
	}
	return styled(st, text)
}

func writeParting(p *page, cmp *compare.Comparison) {
	part := cmp.Parting
	if part == nil {
		return
	}
	p.section("First difference", fmt.Sprintf("after %s alike", count(int(part.Same), "event")))
	a, b := compare.Tell(part.A, part.B)
	p.paragraph(2, "A  ", a, plain)
	p.paragraph(2, "B  ", b, plain)
}

// comparisonVerdict says in words what is other in B: what matters most first.
func comparisonVerdict(c *compare.Comparison) (string, style) {
	if c.Parting == nil {
		return "The two runs are the same, event for event.", green
	}
	parts := otherwise(c, "pods.running", "pods.pending", goneMetric, "latency.startP99")
	if len(parts) == 0 {
		parts = otherwise(c, "pods.failedAttempts", "pods.waited")
	}
	parts = append(parts, otherwise(c, "addresses.idleMean", "ec2.calls", "cost.perHour")...)
	if len(parts) > 0 {
		return "In B " + listOf(parts) + ".", comparisonStyle(c)
	}
	var other []string
	for _, r := range comparedRows {
		if m, _ := metrics.Find(r.name); c.A.Numbers.Get(m) != c.B.Numbers.Get(m) {
			other = append(other, r.words)
		}
	}
	switch n := len(other); {
	case n == 0:
		return "Things happen otherwise in B, and come to the same numbers.", plain
	case n > otherNumbers:
		other = append(other[:otherNumbers], count(n-otherNumbers, "more number"))
	}
	return "In B nothing differs but: " + strings.Join(other, "; ") + ".", plain
}

// otherNumbers is how many numbers are named that differ and matter little.
const otherNumbers = 4

// comparisonStyle: more pods that wait, or that never got an address, are worse.
func comparisonStyle(c *compare.Comparison) style {
	more := int64(0)
	for _, name := range []string{"pods.pending", goneMetric} {
		m, _ := metrics.Find(name)
		more += c.B.Numbers.Get(m).N - c.A.Numbers.Get(m).N
	}
	switch {
	case more > 0:
		return red
	case more < 0:
		return green
	}
	return plain
}

// otherwise says in words in which of these numbers B differs.
func otherwise(c *compare.Comparison, names ...string) []string {
	var parts []string
	for _, name := range names {
		m, _ := metrics.Find(name)
		a, b := c.A.Numbers.Get(m), c.B.Numbers.Get(m)
		switch {
		case a == b || !a.Known || !b.Known || negligible(m, a, b):
		case name == "latency.startP99":
			if part := startsOtherwise(c, m, a, b); part != "" {
				parts = append(parts, part)
			}
		default:
			parts = append(parts, numberOtherwise(m, a, b))
		}
	}
	return parts
}

// startsOtherwise says how the slowest pods start, or that they don't.
func startsOtherwise(c *compare.Comparison, m metrics.Metric, a, b metrics.Value) string {
	by := Metric(m, metrics.Value{N: max(b.N-a.N, a.N-b.N), Known: true})
	neverA, neverB := unstarted(c.A.State, a), unstarted(c.B.State, b)
	switch {
	case neverA && neverB:
		return ""
	case neverB:
		return "some pods never start"
	case neverA:
		return fmt.Sprintf("the slowest 1 %% of pods start after %s instead of never", Metric(m, b))
	}
	return fmt.Sprintf("the slowest 1 %% of pods start %s %s", by, pick(b.N > a.N, "later", "sooner"))
}

// numberOtherwise says a difference of one number in words.
func numberOtherwise(m metrics.Metric, a, b metrics.Value) string {
	n := max(b.N-a.N, a.N-b.N)
	by, one := Metric(m, metrics.Value{N: n, Known: true}), n == 1
	// One is fewer behind its noun: "1 attempt fewer fails".
	difference := func(one bool, noun, verb, nouns, verbs string) string {
		switch {
		case one && b.N < a.N:
			return fmt.Sprintf("%s %s fewer %s", by, noun, verb)
		case one:
			return fmt.Sprintf("%s more %s %s", by, noun, verb)
		}
		return fmt.Sprintf("%s %s %s %s", by, pick(b.N > a.N, "more", "fewer"), nouns, verbs)
	}
	switch m.Name {
	case "pods.running":
		return difference(one, "pod", "runs", "pods", "run")
	case "pods.pending":
		if !one { // behind "40 more pods run"
			return fmt.Sprintf("%s %s wait", by, pick(b.N > a.N, "more", "fewer"))
		}
		return difference(one, "pod", "waits", "", "")
	case goneMetric:
		return difference(one, "pod", "is deleted before it has an address", "pods", "are deleted before they have an address")
	case "pods.failedAttempts":
		return difference(one, "attempt", "fails", "attempts", "fail")
	case "pods.waited":
		return fmt.Sprintf("pods wait %s %s in all at exhaustion points", by, pick(b.N > a.N, "longer", "less"))
	case "addresses.idleMean":
		return difference(by == "1.0", "address", "is idle on average", "addresses", "are idle on average")
	case "ec2.calls":
		return difference(one, "call", "goes to EC2", "calls", "go to EC2")
	}
	return fmt.Sprintf("the nodes cost %s %s per hour", by, pick(b.N > a.N, "more", "less"))
}

func pick(yes bool, a, b string) string {
	if yes {
		return a
	}
	return b
}

// CompareDocument is what compare -o json writes.
type CompareDocument struct {
	APIVersion string             `json:"apiVersion"`
	Kind       string             `json:"kind"`
	A          comparedRun        `json:"a"`
	B          comparedRun        `json:"b"`
	Same       bool               `json:"same"` // event for event
	Changes    []comparedChange   `json:"changes"`
	Metrics    []comparedMetric   `json:"metrics"`
	Exhaustion []comparedEpisodes `json:"exhaustion"`
	Parting    *comparedParting   `json:"parting"`
}

type comparedRun struct {
	Label    string           `json:"label"`
	Scenario scenarioDocument `json:"scenario"`
	EndMs    model.Instant    `json:"endMs"`
	EndedBy  string           `json:"endedBy"`
	Verdict  string           `json:"verdict"`
}

type comparedChange struct {
	Path string `json:"path"`
	A    any    `json:"a"`
	B    any    `json:"b"`
}

type comparedMetric struct {
	Name   string       `json:"name"`
	Unit   metrics.Unit `json:"unit"`
	A      *int64       `json:"a"`
	B      *int64       `json:"b"`
	Better *string      `json:"better"` // a or b; null: neither
}

type comparedEpisodes struct {
	Kind sim.Kind         `json:"kind"`
	A    *episodesSummary `json:"a"`
	B    *episodesSummary `json:"b"`
}

type episodesSummary struct {
	Episodes int           `json:"episodes"`
	FirstMs  model.Instant `json:"firstMs"`
	Pods     int           `json:"pods"`
	PodMs    int64         `json:"podMs"`
	Over     bool          `json:"over"`
}

type comparedParting struct {
	AtMs model.Instant `json:"atMs"`
	Same int64         `json:"same"` // events before it
	A    *sim.Event    `json:"a"`
	B    *sim.Event    `json:"b"`
}

// CompareJSON makes the structured form of a comparison.
func CompareJSON(c *compare.Comparison, l CompareLabels) CompareDocument {
	d := CompareDocument{
		APIVersion: APIVersion, Kind: "Comparison", A: comparedRunOf(c.A.State, l.A), B: comparedRunOf(c.B.State, l.B),
		Same: c.Parting == nil, Changes: []comparedChange{}, Metrics: []comparedMetric{}, Exhaustion: []comparedEpisodes{},
	}
	for _, ch := range c.Changes {
		d.Changes = append(d.Changes, comparedChange(ch))
	}
	for _, m := range metrics.All() {
		d.Metrics = append(d.Metrics, comparedMetricOf(m, c))
	}
	for _, k := range comparedKinds(c) {
		d.Exhaustion = append(d.Exhaustion, comparedEpisodes{k.kind, k.a.document(), k.b.document()})
	}
	if p := c.Parting; p != nil {
		d.Parting = &comparedParting{p.At(), p.Same, p.A, p.B}
	}
	return d
}

func comparedRunOf(s *replay.State, label string) comparedRun {
	r := comparedRun{Label: label, Scenario: scenarioDocument{s.Started.Name, s.Started.Seed, s.Started.Digest}, EndMs: s.Now, Verdict: Verdict(s)}
	if s.Ended != nil {
		r.EndedBy = s.Ended.EndedBy
	}
	return r
}

func comparedMetricOf(m metrics.Metric, c *compare.Comparison) comparedMetric {
	a, b := c.A.Numbers.Get(m), c.B.Numbers.Get(m)
	out := comparedMetric{Name: m.Name, Unit: m.Unit}
	if a.Known {
		out.A = &a.N
	}
	if b.Known {
		out.B = &b.N
	}
	if better := cmp.Compare(m.Compare(a, b), 0); better != 0 && a.Known && b.Known && !bothEndless(m, c) {
		side := pick(better < 0, "a", "b")
		out.Better = &side
	}
	return out
}

func (t kindTotals) document() *episodesSummary {
	if t.n == 0 {
		return nil
	}
	return &episodesSummary{t.n, t.from, t.pods, t.podMs, !t.open}
}
