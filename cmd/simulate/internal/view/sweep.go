package view

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"vpcsim/cmd/simulate/internal/metrics"
	"vpcsim/cmd/simulate/internal/sweep"
)

// SweepTable writes the outcome of a sweep for people: a row a cell, then which
// one is recommended, and why.
func SweepTable(w io.Writer, v *sweep.Verdict, palette Palette) error {
	p := newPage(w, palette)
	t := &sweepTable{v: v, page: p, bounded: boundedMetrics(v)}
	t.choose()
	p.section(fmt.Sprintf("%s, %s", v.Plan.Scenario, count(len(v.Cells), "cell")), t.remark())
	t.grid().write(p, 0)
	t.legend()
	writeSweepExpectations(p, v)
	p.line("")
	for i, text := range SweepWords(v) {
		if i == 0 {
			p.paragraph(0, "", text, t.verdictStyle())
		} else {
			p.paragraph(0, "- ", text, plain)
		}
	}
	return p.w.Flush()
}

func (t *sweepTable) verdictStyle() style {
	if t.v.Basis == sweep.NoneFits || t.v.Basis == sweep.NoneKeeps {
		return red
	}
	return green
}

// The marks of a row and of a value.
const (
	markRecommended = "→"
	markFront       = "◆"
	markRefused     = "✗"
	markBest        = "*"
)

type sweepTable struct {
	v       *sweep.Verdict
	page    *page
	columns []metrics.Metric
	bounded map[string]bool // metrics under a bound, by name
	spread  bool            // show percentiles beside the medians

	seen map[string]bool // marks in use
}

func boundedMetrics(v *sweep.Verdict) map[string]bool {
	names := map[string]bool{}
	for _, b := range v.Require {
		names[b.Metric.Name] = true
	}
	return names
}

// choose settles the columns: what was asked for, or the goals, the bounds, and
// of some others those that differ, as far as the page is wide. For percentiles
// it may be too narrow.
func (t *sweepTable) choose() {
	t.spread = t.v.Plan.Seeds != nil
	t.chooseColumns()
	if t.spread && t.grid().width() > pageWidth {
		t.spread = false
	}
}

func (t *sweepTable) chooseColumns() {
	if t.columns = t.v.Shown; len(t.columns) > 0 {
		return
	}
	add := func(m metrics.Metric) bool {
		if m.Name == "fits" || slices.ContainsFunc(t.columns, func(o metrics.Metric) bool { return o.Name == m.Name }) {
			return false
		}
		t.columns = append(t.columns, m)
		return true
	}
	for _, g := range t.v.Objective {
		add(g.Metric)
	}
	for _, b := range t.v.Require {
		add(b.Metric)
	}
	for _, name := range []string{"pods.running", "cost.perHour", "enis", "addresses.totalPeak"} {
		m, _ := metrics.Find(name)
		if t.differs(m) && add(m) && t.grid().width() > pageWidth {
			t.columns = t.columns[:len(t.columns)-1]
		}
	}
}

func (t *sweepTable) differs(m metrics.Metric) bool {
	first := t.v.Cells[0].Spread(m)
	return slices.ContainsFunc(t.v.Cells, func(c *sweep.Cell) bool { return c.Spread(m) != first })
}

func (t *sweepTable) remark() string {
	s := t.v.Plan.Seeds
	if s == nil {
		return ""
	}
	text := "medians over " + count(s.Count, "seed")
	if t.spread {
		return text + " (5th–95th percentile)"
	}
	return text + "; percentiles: -o csv"
}

func (t *sweepTable) grid() *grid {
	t.seen = map[string]bool{}
	best := t.best()
	align, head := "l", []string{""}
	for i, title := range t.v.Plan.Titles() {
		side := "r"
		if slices.ContainsFunc(t.v.Plan.Dimensions[i].Values, isWord) {
			side = "l"
		}
		align, head = align+side, append(head, title)
	}
	align, head = align+"l", append(head, "fits")
	if t.keepsColumn() {
		align, head = align+"l", append(head, "keeps")
	}
	if len(t.v.Expect) > 0 {
		align, head = align+"l", append(head, "expect")
	}
	for _, m := range t.columns {
		align, head = align+"r", append(head, m.Title+" ")
	}
	g := newGrid(align)
	g.head(head...)
	for _, c := range t.v.Cells {
		row := []cell{t.mark(c)}
		for _, v := range t.v.Plan.Values(c.Index) {
			row = append(row, cell{text: shortValue(v)})
		}
		row = append(row, fitsCell(c))
		if t.keepsColumn() {
			row = append(row, cell{text: share(c.KeepsAll, c.Runs)})
		}
		if len(t.v.Expect) > 0 {
			row = append(row, expectCell(t.v, c))
		}
		for i, m := range t.columns {
			row = append(row, t.value(c, m, best[i]))
		}
		g.add(row...)
	}
	return g
}

// keepsColumn: of several runs of a cell some may keep the bounds.
func (t *sweepTable) keepsColumn() bool { return t.v.Plan.Seeds != nil && len(t.v.Require) > 0 }

func (t *sweepTable) use(mark string) string {
	t.seen[mark] = true
	return mark
}

func (t *sweepTable) mark(c *sweep.Cell) cell {
	switch {
	case c == t.v.Recommended && len(t.v.Cells) > 1:
		return styled(green, t.use(markRecommended))
	case !c.Allowed():
		return styled(red, t.use(markRefused))
	case c.Front && len(t.v.Cells) > 1:
		return styled(cyan, t.use(markFront))
	}
	return cell{}
}

// best are the best medians of each column among the cells in question; unknown
// where all are equal, or none is better.
func (t *sweepTable) best() []metrics.Value {
	cells := slices.DeleteFunc(slices.Clone(t.v.Cells), func(c *sweep.Cell) bool { return !c.Allowed() })
	best := make([]metrics.Value, len(t.columns))
	for i, m := range t.columns {
		differ := false
		for k, c := range cells {
			v := c.Spread(m).Median
			if k > 0 && v != best[i] {
				differ = true
			}
			if k == 0 || m.Compare(v, best[i]) < 0 {
				best[i] = v
			}
		}
		if !differ || m.Better == metrics.Neither {
			best[i] = metrics.Value{}
		}
	}
	return best
}

// value is a metric of a cell. What is held against a bound is not rounded.
func (t *sweepTable) value(c *sweep.Cell, m metrics.Metric, best metrics.Value) cell {
	write := Metric
	if t.bounded[m.Name] {
		write = ExactMetric
	}
	s := c.Spread(m)
	text := write(m, s.Median)
	if low, high := write(m, s.P5), write(m, s.P95); t.spread && low != high {
		text = fmt.Sprintf("%s (%s–%s)", text, low, high)
	}
	for i, b := range t.v.Require {
		if b.Metric.Name == m.Name && c.Keeps[i] < c.Runs {
			return styled(red, text+t.use(markRefused))
		}
	}
	if c.Allowed() && best.Known && s.Median == best {
		return styled(green, text+t.use(markBest))
	}
	return cell{text: text + " "}
}

// fitsCell says whether everything fits, or in how many runs, and what ran out.
func fitsCell(c *sweep.Cell) cell {
	if c.Fits() {
		return cell{text: "yes"}
	}
	text := "no"
	if c.Runs > 1 {
		text = share(c.Fitting, c.Runs)
	}
	if kinds := c.Lasting(); len(kinds) > 0 {
		text += ": " + string(kinds[0])
		if len(kinds) > 1 {
			text += ", …"
		}
	} else if gone := goneIn(c); gone > 0 {
		text += fmt.Sprintf(": %s gone", number(gone))
	}
	return styled(red, text)
}

func share(n, of int) string { return fmt.Sprintf("%s/%s", number(n), number(of)) }

// legend explains the marks in use.
func (t *sweepTable) legend() {
	var goals []string
	for _, g := range t.v.Objective {
		goals = append(goals, strings.TrimSpace(g.Metric.Title))
	}
	for _, m := range []struct{ mark, means string }{
		{markRecommended, "recommended"},
		{markFront, "on the Pareto front of " + strings.Join(goals, ", ") + ": none beats it in all"},
		{markBest, "best"},
		{markRefused, t.refused()},
	} {
		if t.seen[m.mark] {
			t.page.paragraph(0, m.mark+" ", m.means, dim)
		}
	}
}

func (t *sweepTable) refused() string {
	text := "not everything fits"
	if len(t.v.Require) > 0 {
		text += ", or not " + strings.Join(t.v.Plan.Require, ", ")
	}
	if len(t.v.Expect) > 0 {
		text += ", or an expectation doesn't hold"
	}
	return text
}

// isWord reports whether a value is no number, as m5.large; null is either.
func isWord(v string) bool { return v != sweep.Unset && (v == "" || v[0] < '0' || v[0] > '9') }

// longestValue is how wide a varied value is at most; some are whole lists.
const longestValue = 24

func shortValue(v string) string {
	if v == sweep.Unset {
		return "unset"
	}
	v = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '\ufffd'
		}
		return r
	}, v)
	if r := []rune(v); len(r) > longestValue {
		return string(r[:longestValue-1]) + "…"
	}
	return v
}
