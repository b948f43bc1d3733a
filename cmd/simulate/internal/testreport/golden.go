package testreport

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/sim/replay"
)

// GoldenState is what became of the golden summary of a scenario.
type GoldenState string

// What became of a golden summary.
const (
	GoldenNone    GoldenState = "none" // there is none
	GoldenSame    GoldenState = "same"
	GoldenDiffers GoldenState = "differs"
	GoldenWritten GoldenState = "written"
)

// Golden is the golden summary of a scenario: what its run came to when somebody
// looked at it.
type Golden struct {
	State GoldenState
	File  string
	Diff  string // where it differs: what changed, a line each
}

// Compared reports whether there is one.
func (g Golden) Compared() bool {
	return g.State == GoldenSame || g.State == GoldenDiffers || g.State == GoldenWritten
}

// GoldenSuffix ends the names of golden summaries.
const GoldenSuffix = ".golden.yaml"

// GoldenFile is the golden summary that belongs to a scenario's file.
func GoldenFile(scenario string) string {
	return strings.TrimSuffix(scenario, filepath.Ext(scenario)) + GoldenSuffix
}

// goldenDocument is what a golden summary has: what people look at, and nothing
// that changes without it, such as a digest.
type goldenDocument struct {
	APIVersion string                `json:"apiVersion"`
	Kind       string                `json:"kind"`
	Scenario   string                `json:"scenario"`
	Seed       uint64                `json:"seed"`
	EndMs      int64                 `json:"endMs"`
	EndedBy    string                `json:"endedBy"`
	Verdict    string                `json:"verdict"`
	Summary    goldenTotals          `json:"summary"`
	Exhaustion []goldenExhaustion    `json:"exhaustion"`
	Subnets    []view.SubnetDocument `json:"subnets"`
}

// goldenTotals are the totals of a run but for the series of calls over time,
// which says in hundreds of numbers what latencies and exhaustion say in few.
type goldenTotals struct {
	view.SummaryDocument
	// CallsOverTime hides the field of the same name.
	CallsOverTime *struct{} `json:"ec2CallsOverTime,omitempty"`
}

type goldenExhaustion struct {
	Kind    string `json:"kind"`
	Scope   string `json:"scope"`
	Name    string `json:"name"`
	FirstMs int64  `json:"firstMs"`
	LastMs  *int64 `json:"lastMs"`
	Pods    int    `json:"pods"`
}

// Summarize writes the golden summary of a run.
func Summarize(s *replay.State) ([]byte, error) {
	d := view.Document(s)
	g := goldenDocument{
		APIVersion: view.APIVersion, Kind: "GoldenSummary", Scenario: d.Scenario.Name, Seed: d.Scenario.Seed,
		EndMs: int64(d.EndMs), EndedBy: d.EndedBy, Verdict: view.Verdict(s), Summary: goldenTotals{SummaryDocument: d.Summary},
		Exhaustion: []goldenExhaustion{}, Subnets: d.Subnets,
	}
	for _, e := range d.Exhaustion {
		g.Exhaustion = append(g.Exhaustion, goldenExhaustion{
			string(e.Kind), e.Scope, e.Name, int64(e.FirstMs), (*int64)(e.LastMs), e.Pods,
		})
	}
	var b bytes.Buffer
	err := view.YAML(&b, g)
	return foldVerdict(b.Bytes(), g.Verdict), err
}

// goldenWidth is that of the lines in a golden summary, in columns.
const goldenWidth = 80

// foldVerdict breaks the line of a long verdict between words, as YAML's folded text:
// readers get the same.
func foldVerdict(text []byte, verdict string) []byte {
	const key = "\nverdict: "
	begin := bytes.Index(text, []byte(key))
	if begin < 0 {
		return text
	}
	end := begin + len(key) + bytes.IndexByte(text[begin+len(key):], '\n')
	lines := view.Wrap(verdict, goldenWidth-2)
	if utf8.RuneCount(text[begin+1:end]) <= goldenWidth || strings.Join(lines, " ") != verdict {
		return text
	}
	folded := key + ">-\n  " + strings.Join(lines, "\n  ")
	return slices.Concat(text[:begin], []byte(folded), text[end:])
}
