package view

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"

	"vpcsim/cmd/simulate/internal/metrics"
	"vpcsim/cmd/simulate/internal/sweep"
	"vpcsim/sim"
)

// SweepDocument is what sweep -o json writes.
type SweepDocument struct {
	APIVersion string              `json:"apiVersion"`
	Kind       string              `json:"kind"`
	Scenario   string              `json:"scenario"`
	Dimensions []sweepDimension    `json:"dimensions"`
	Seeds      *sweep.Seeds        `json:"seeds"` // null: the scenario's own
	Runs       int                 `json:"runs"`
	Metrics    []metricDocument    `json:"metrics"`
	Objective  []string            `json:"objective"`
	Require    []string            `json:"require"`
	Expect     []sweepExpectation  `json:"expect"`
	Cells      []sweepCellDocument `json:"cells"`
	// Recommendation is by what the cell was chosen, its index (null: none), and
	// what the table says in words.
	Recommendation sweepRecommendation `json:"recommendation"`
}

type sweepDimension struct {
	Path   string       `json:"path"`
	Values []sweepValue `json:"values"`
}

type metricDocument struct {
	Name   string         `json:"name"`
	Unit   metrics.Unit   `json:"unit"`
	Better metrics.Better `json:"better"`
	Means  string         `json:"means"`
}

type sweepCellDocument struct {
	Index  int          `json:"index"`
	Values []sweepValue `json:"values"` // in the order of the dimensions
	Fits   bool         `json:"fits"`   // in every run
	// Fitting counts the runs in which everything fits; Misfits are the seeds of
	// the others.
	Fitting int        `json:"fitting"`
	Misfits []uint64   `json:"misfits"`
	Lasting []sim.Kind `json:"lasting"`
	Keeps   []bool     `json:"keeps"` // each bound, in every run
	// Expect: every expectation that is asked holds, in every run. Failed are those
	// that don't, by their index, whether they are asked or not.
	Expect      bool  `json:"expect"`
	Failed      []int `json:"failed"`
	Pareto      bool  `json:"pareto"`
	Recommended bool  `json:"recommended"`
	// Numbers are by the name of the metric: a number, null where it is unknown;
	// with seeds a spread.
	Numbers numbersDocument `json:"numbers"`
}

// sweepExpectation is an expectation of the scenario. Aside is why cells aren't
// held against it: own-value or shortage; null: they are.
type sweepExpectation struct {
	That    string  `json:"that"`
	When    string  `json:"when"`
	Aside   *string `json:"aside"`
	Holding int     `json:"holding"` // cells in which it holds, in every run
}

type sweepRecommendation struct {
	Cell    *int        `json:"cell"`
	Nearest *int        `json:"nearest"`
	Basis   sweep.Basis `json:"basis"`
	Words   []string    `json:"words"`
}

type spreadDocument struct {
	Median json.Number `json:"median"`
	P5     json.Number `json:"p5"`
	P95    json.Number `json:"p95"`
	Min    json.Number `json:"min"`
	Max    json.Number `json:"max"`
}

// sweepValue is a value as the scenario has it: null, true and numbers are no text.
type sweepValue string

// MarshalJSON writes what is a number, a truth or nothing as such.
func (s sweepValue) MarshalJSON() ([]byte, error) {
	switch s {
	case sweep.Unset, "true", "false":
		return []byte(s), nil
	}
	if _, err := strconv.ParseUint(string(s), 10, 63); err == nil && (s == "0" || s[0] != '0') {
		return []byte(s), nil
	}
	return json.Marshal(string(s))
}

// numbersDocument keeps the order of the metrics.
type numbersDocument struct {
	shown []metrics.Metric
	cell  *sweep.Cell
	many  bool
}

// MarshalJSON writes an object with a field a metric.
func (n numbersDocument) MarshalJSON() ([]byte, error) {
	var b strings.Builder
	b.WriteString("{")
	for i, m := range n.shown {
		separator := ","
		if i == 0 {
			separator = ""
		}
		s := n.cell.Spread(m)
		var v any
		switch {
		case !s.Median.Known:
		case n.many:
			number := func(v metrics.Value) json.Number { return json.Number(m.Exact(v)) }
			v = spreadDocument{number(s.Median), number(s.P5), number(s.P95), number(s.Min), number(s.Max)}
		default:
			v = json.Number(m.Exact(s.Median))
		}
		text, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		b.WriteString(separator + strconv.Quote(m.Name) + ":" + string(text))
	}
	return []byte(b.String() + "}"), nil
}

// NewSweepDocument builds the structured form of a sweep: with the metrics that
// were asked for, or all.
func NewSweepDocument(v *sweep.Verdict) SweepDocument {
	d := SweepDocument{
		APIVersion: APIVersion, Kind: "Sweep", Scenario: v.Plan.Scenario,
		Dimensions: []sweepDimension{}, Seeds: v.Plan.Seeds, Runs: v.Plan.Runs(), Metrics: []metricDocument{},
		Objective: []string{}, Require: append([]string{}, v.Plan.Require...), Expect: []sweepExpectation{}, Cells: []sweepCellDocument{},
		Recommendation: sweepRecommendation{
			Cell: indexOf(v.Recommended), Nearest: indexOf(v.Nearest), Basis: v.Basis, Words: SweepWords(v),
		},
	}
	for _, dim := range v.Plan.Dimensions {
		d.Dimensions = append(d.Dimensions, sweepDimension{dim.Path, sweepValues(dim.Values)})
	}
	for _, g := range v.Objective {
		d.Objective = append(d.Objective, g.String())
	}
	for _, a := range v.Expect {
		d.Expect = append(d.Expect, sweepExpectation{a.That, a.When, unlessZero(string(a.Aside)), a.Holding})
	}
	shown := writtenMetrics(v)
	for _, m := range shown {
		d.Metrics = append(d.Metrics, metricDocument{m.Name, m.ExactUnit(), m.Better, m.Means})
	}
	for _, c := range v.Cells {
		cell := sweepCellDocument{
			Index: c.Index, Values: sweepValues(v.Plan.Values(c.Index)),
			Fits: c.Fits(), Fitting: c.Fitting, Misfits: append([]uint64{}, v.Plan.Misfits(c)...),
			Lasting: append([]sim.Kind{}, c.Lasting()...), Keeps: []bool{},
			Expect: c.Meets(), Failed: append([]int{}, c.Failed()...),
			Pareto: c.Front, Recommended: c == v.Recommended,
			Numbers: numbersDocument{shown, c, v.Plan.Seeds != nil},
		}
		for _, kept := range c.Keeps {
			cell.Keeps = append(cell.Keeps, kept == c.Runs)
		}
		d.Cells = append(d.Cells, cell)
	}
	return d
}

// indices are numbers with blanks between them.
func indices(all []int) string {
	texts := make([]string, len(all))
	for i, n := range all {
		texts[i] = strconv.Itoa(n)
	}
	return strings.Join(texts, " ")
}

func indexOf(c *sweep.Cell) *int {
	if c == nil {
		return nil
	}
	return &c.Index
}

func sweepValues(values []string) []sweepValue {
	out := []sweepValue{}
	for _, v := range values {
		out = append(out, sweepValue(v))
	}
	return out
}

// writtenMetrics are those for programs. What fits is told in a form of its own.
func writtenMetrics(v *sweep.Verdict) []metrics.Metric {
	all := v.Shown
	if len(all) == 0 {
		all = metrics.All()
	}
	var out []metrics.Metric
	for _, m := range all {
		if m.Name != "fits" {
			out = append(out, m)
		}
	}
	return out
}

// SweepCSV writes a row a cell, after a row of the columns' names: the varied
// values, how the cell did, and the metrics, with seeds each with its spread.
// What isn't known is empty.
func SweepCSV(w io.Writer, v *sweep.Verdict) error {
	out := csv.NewWriter(w)
	var head []string
	for _, d := range v.Plan.Dimensions {
		head = append(head, d.Path)
	}
	head = append(head, "fits", "fitting", "runs", "lasting", "keeps", "expect", "failed", "pareto", "recommended")
	many := v.Plan.Seeds != nil
	shown := writtenMetrics(v)
	for _, m := range shown {
		head = append(head, m.Name)
		if many {
			for _, which := range []string{"p5", "p95", "min", "max"} {
				head = append(head, m.Name+"."+which)
			}
		}
	}
	out.Write(head) // an error shows at Flush
	for _, c := range v.Cells {
		var kinds []string
		for _, k := range c.Lasting() {
			kinds = append(kinds, string(k))
		}
		row := append(v.Plan.Values(c.Index),
			strconv.FormatBool(c.Fits()), strconv.Itoa(c.Fitting), strconv.Itoa(c.Runs), strings.Join(kinds, " "),
			strconv.FormatBool(c.KeepsAll == c.Runs), strconv.FormatBool(c.Meets()), indices(c.Failed()), strconv.FormatBool(c.Front), strconv.FormatBool(c == v.Recommended))
		for _, m := range shown {
			s := c.Spread(m)
			row = append(row, m.Exact(s.Median))
			if many {
				row = append(row, m.Exact(s.P5), m.Exact(s.P95), m.Exact(s.Min), m.Exact(s.Max))
			}
		}
		out.Write(row)
	}
	out.Flush()
	return out.Error()
}
