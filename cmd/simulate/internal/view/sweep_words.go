package view

import (
	"cmp"
	"fmt"
	"strings"

	"vpcsim/cmd/simulate/internal/metrics"
	"vpcsim/cmd/simulate/internal/sweep"
)

// SweepWords says what a sweep comes to: a sentence or two a text. The first
// names the recommended cell, or says why there is none.
func SweepWords(v *sweep.Verdict) []string {
	w := sweepWords{v, boundedMetrics(v)}
	if len(v.Cells) == 1 {
		return w.only(v.Cells[0])
	}
	var texts []string
	switch v.Basis {
	case sweep.NoneFits:
		texts = w.noneFits()
	case sweep.NoneKeeps:
		texts = w.noneKeeps()
	default:
		texts = []string{
			fmt.Sprintf("Recommended: %s. %s.", w.cell(v.Recommended), capital(w.goals(v.Recommended))),
			w.why(),
		}
	}
	for _, c := range v.Others {
		texts = append(texts, w.other(c))
	}
	closer := v.Recommended
	if v.Basis == sweep.NoneFits {
		closer = w.fullest()
	}
	if closer != nil {
		texts = append(texts, "Look closer with run and "+setFlags(v.Plan, closer)+".")
	}
	return append(texts, w.unpriced()...)
}

type sweepWords struct {
	v       *sweep.Verdict
	bounded map[string]bool
}

func (w sweepWords) cell(c *sweep.Cell) string { return w.v.Plan.Words(c.Index) }

// value writes what a cell reaches of a metric: the median over its runs.
func (w sweepWords) value(c *sweep.Cell, m metrics.Metric) string {
	if w.bounded[m.Name] {
		return ExactMetric(m, c.Spread(m).Median)
	}
	return Metric(m, c.Spread(m).Median)
}

// goals lists what a cell reaches of the goals.
func (w sweepWords) goals(c *sweep.Cell) string {
	var parts []string
	for _, g := range w.v.Objective {
		parts = append(parts, phrase(g.Metric, w.value(c, g.Metric)))
	}
	return strings.Join(parts, ", ")
}

var singular = strings.NewReplacer("addresses", "address", "calls", "call", "ENIs", "ENI", "nodes", "node", "pods", "pod", "attempts", "attempt")

func phrase(m metrics.Metric, value string) string {
	switch {
	case m.Phrase == "":
		return m.Title + " " + value
	case value == "1":
		return fmt.Sprintf(singular.Replace(m.Phrase), value)
	}
	return fmt.Sprintf(m.Phrase, value)
}

// why says by what the recommended cell was chosen.
func (w sweepWords) why() string {
	allowed, front := 0, 0
	for _, c := range w.v.Cells {
		if c.Allowed() {
			allowed++
		}
		if c.Front {
			front++
		}
	}
	among := count(len(w.v.Cells), "cell") + " in which everything fits"
	if demands := w.demands(); demands != "" {
		among += " and " + demands
	}
	switch allowed {
	case 1:
		return fmt.Sprintf("It is the only one of %s.", among)
	case len(w.v.Cells):
		among = "all " + count(allowed, "cell")
		if len(w.v.Require) > 0 {
			among += ", which keep " + listOf(w.v.Plan.Require) + ","
		}
	default:
		among = fmt.Sprintf("the %s of %s", number(allowed), among)
	}
	if w.v.Basis == sweep.ByBalance {
		var goals []string
		for _, g := range w.v.Objective {
			goals = append(goals, g.Metric.Name)
		}
		return fmt.Sprintf("Of %s it is the best balance of %s: %s on the Pareto front. With --require or --objective the first goal decides.",
			among, listOf(goals), plural(front, "is", "are"))
	}
	text := fmt.Sprintf("Of %s it has the %s.", among, extreme(w.v.Objective[0]))
	if n := w.equals(); n > 0 {
		text += fmt.Sprintf(" %s as good in all of the objective.", plural(n, "other is", "others are"))
	}
	return text
}

// equals counts the cells that are as good as the recommended one.
func (w sweepWords) equals() int {
	n := 0
	for _, c := range w.v.Cells {
		equal := c.Allowed() && c != w.v.Recommended
		for _, g := range w.v.Objective {
			equal = equal && g.Metric.Compare(w.v.Value(c, g), w.v.Value(w.v.Recommended, g)) == 0
		}
		if equal {
			n++
		}
	}
	return n
}

func extreme(g sweep.Goal) string {
	if g.Metric.Better == metrics.More {
		return "highest " + g.Metric.Name
	}
	return "lowest " + g.Metric.Name
}

// other says what a cell that is better in a goal costs in the others.
func (w sweepWords) other(c *sweep.Cell) string {
	var better, worse []string
	for _, g := range w.v.Objective {
		theirs, ours := w.v.Value(c, g), w.v.Value(w.v.Recommended, g)
		text := fmt.Sprintf("%s instead of %s", phrase(g.Metric, w.value(c, g.Metric)), w.value(w.v.Recommended, g.Metric))
		switch d := g.Metric.Compare(theirs, ours); {
		case d < 0:
			better = append(better, text)
		case d > 0:
			worse = append(worse, text)
		}
	}
	text := w.cell(c) + " has " + listOf(better)
	if len(worse) > 0 {
		text += ", but " + listOf(worse)
	}
	if broken := w.broken(c); broken != "" {
		text += "; it breaks " + broken
	}
	return text + "."
}

// broken names the bounds that a cell doesn't keep.
func (w sweepWords) broken(c *sweep.Cell) string {
	var texts []string
	for i, b := range w.v.Require {
		switch kept := c.Keeps[i]; {
		case kept == c.Runs:
		case c.Runs == 1:
			texts = append(texts, b.Text)
		default:
			texts = append(texts, fmt.Sprintf("%s with %s of %s", b.Text, number(c.Runs-kept), count(c.Runs, "seed")))
		}
	}
	for _, a := range w.v.Unmet(c) {
		text := fmt.Sprintf("the expectation [%d]", a.Index)
		if c.Runs > 1 {
			text += fmt.Sprintf(" with %s of %s", number(c.Runs-c.Holds[a.Index]), count(c.Runs, "seed"))
		}
		texts = append(texts, text)
	}
	return listOf(texts)
}

// demands says what is asked of cells beside that everything fits; empty:
// nothing more.
func (w sweepWords) demands() string {
	var parts []string
	if len(w.v.Require) > 0 {
		parts = append(parts, listOf(w.v.Plan.Require)+" holds")
	}
	switch asked := w.asked(); {
	case asked == 1:
		parts = append(parts, "the expectation holds")
	case asked > 1:
		parts = append(parts, "the expectations hold")
	}
	return strings.Join(parts, " and ")
}

// asked counts the expectations that are asked and don't hold everywhere.
func (w sweepWords) asked() int {
	n := 0
	for _, a := range w.v.Expect {
		if a.Aside == "" && a.Holding < len(w.v.Cells) {
			n++
		}
	}
	return n
}

// fullest is the cell in which most fits, where nowhere everything does.
func (w sweepWords) fullest() *sweep.Cell { return cmp.Or(w.v.Recommended, w.v.Nearest) }

func (w sweepWords) noneFits() []string {
	c := w.fullest()
	waiting, _ := metrics.Find("pods.pending")
	running, _ := metrics.Find("pods.running")
	text := "In no cell everything fits."
	if c.Fitting > 0 {
		text = fmt.Sprintf("In no cell everything fits with every seed. %s comes nearest: with %s of %s.", w.cell(c), number(c.Fitting), count(c.Runs, "seed"))
	} else {
		text += fmt.Sprintf(" %s comes nearest: %s, %s.", w.cell(c),
			phrase(running, w.value(c, running)), phrase(waiting, w.value(c, waiting)))
	}
	goals := capital(w.goals(c))
	if broken := w.broken(c); broken != "" {
		goals += "; it breaks " + broken
	}
	return []string{text, goals + "." + w.lasting(c)}
}

func (w sweepWords) lasting(c *sweep.Cell) string {
	var kinds []string
	for _, k := range c.Lasting() {
		kinds = append(kinds, string(k))
	}
	gone := goneIn(c)
	switch {
	case len(kinds) == 0 && gone == 0:
		return ""
	case len(kinds) == 0 && c.Runs > 1:
		return fmt.Sprintf(" With one seed, %s deleted before %s an address.", plural(gone, "pod was", "pods were"), pick(gone == 1, "it had", "they had"))
	case len(kinds) == 0:
		return fmt.Sprintf(" %s deleted before %s an address.", plural(gone, "pod was", "pods were"), pick(gone == 1, "it had", "they had"))
	}
	return " What is short there is " + listOf(kinds) + "."
}

// goneIn is how many pods were deleted before they had an address, in the run of a
// cell with the most.
func goneIn(c *sweep.Cell) int {
	gone, _ := metrics.Find("pods.gone")
	return int(c.Spread(gone).Max.N)
}

func (w sweepWords) noneKeeps() []string {
	c := w.v.Nearest
	texts := []string{
		fmt.Sprintf("None is recommended: in no cell everything fits and %s.", w.demands()),
		fmt.Sprintf("Nearest is %s: %s; it breaks %s.", w.cell(c), w.bounds(c), w.broken(c)),
	}
	if len(w.v.Unmet(c)) > 0 {
		texts = append(texts, "--expect=none leaves the expectations out.")
	}
	return texts
}

// bounds lists what a cell reaches of what is bounded.
func (w sweepWords) bounds(c *sweep.Cell) string {
	if len(w.v.Require) == 0 {
		return w.goals(c)
	}
	var parts []string
	for _, b := range w.v.Require {
		text := phrase(b.Metric, w.value(c, b.Metric))
		if len(parts) == 0 || parts[len(parts)-1] != text {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, ", ")
}

// fewSeeds is how many seeds are named at most.
const fewSeeds = 10

// only says what many seeds of one scenario come to.
func (w sweepWords) only(c *sweep.Cell) []string {
	what := capital(w.goals(c)) + " in the median."
	if c.Runs == 1 {
		what = capital(w.goals(c)) + "."
	}
	var texts []string
	switch {
	case c.Fits() && c.Runs == 1:
		texts = []string{"Everything fits.", what}
	case c.Fits():
		texts = []string{fmt.Sprintf("Everything fits with each of %s.", count(c.Runs, "seed")), what}
	case c.Runs == 1:
		texts = []string{"Not everything fits." + w.lasting(c), what}
	default:
		texts = []string{
			fmt.Sprintf("With %s of %s not everything fits.%s", number(c.Runs-c.Fitting), count(c.Runs, "seed"), w.lasting(c)), what,
			"Look closer with run and --seed: " + seeds(w.v.Plan.Misfits(c)) + ".",
		}
	}
	if broken := w.broken(c); broken != "" {
		texts = append(texts, "It breaks "+broken+".")
	}
	return append(texts, w.unpriced()...)
}

func seeds(all []uint64) string {
	var texts []string
	for i, s := range all {
		if i == fewSeeds {
			return strings.Join(texts, ", ") + fmt.Sprintf(" and %s more", number(len(all)-fewSeeds))
		}
		texts = append(texts, fmt.Sprint(s))
	}
	return strings.Join(texts, ", ")
}

// unpriced says of what types the cost isn't known, where the cost matters.
func (w sweepWords) unpriced() []string {
	cost := func(m metrics.Metric) bool { return m.Name == "cost.perHour" }
	matters := false
	for _, m := range w.v.Shown {
		matters = matters || cost(m)
	}
	for _, g := range w.v.Objective {
		matters = matters || cost(g.Metric)
	}
	for _, b := range w.v.Require {
		matters = matters || cost(b.Metric)
	}
	types := map[string]bool{}
	var names []string
	for _, c := range w.v.Cells {
		for _, t := range c.Unpriced() {
			if !types[t] {
				types[t] = true
				names = append(names, t)
			}
		}
	}
	if !matters || len(names) == 0 {
		return nil
	}
	return []string{"There is no price of " + listOf(names) + ": what nodes of this type cost is unknown, and not counted as nothing."}
}

// setFlags are the flags of run that give a cell.
func setFlags(p sweep.Plan, c *sweep.Cell) string {
	var flags []string
	for _, s := range p.Set(c.Index) {
		flags = append(flags, "--set "+shellQuote(s))
	}
	return strings.Join(flags, " ")
}

// shellQuote quotes what a shell would take apart.
func shellQuote(text string) string {
	plain := strings.IndexFunc(text, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-=/:", r)
	}) < 0
	if plain {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

func capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
