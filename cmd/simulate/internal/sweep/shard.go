package sweep

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"vpcsim/cmd/simulate/internal/metrics"
)

// ShardKind is the kind of a shard's document.
const ShardKind = "SweepShard"

// Shard is a part of a sweep: of Shards, the one with the number Index has the
// runs whose numbers leave the rest Index when they are divided by Shards.
type Shard struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Version is that of the program, Sweep the identity of the sweep: see
	// Identity.
	Version string `json:"version"`
	Sweep   string `json:"sweep"`
	Index   int    `json:"shard"`
	Shards  int    `json:"shards"`
	Plan    Plan   `json:"plan"`
	Rows    []Row  `json:"rows"`
}

// Row is a run with its numbers.
type Row struct {
	Run     int             `json:"run"`
	Numbers metrics.Numbers `json:"numbers"`
}

// MaxShards bounds into how many parts a sweep is cut.
const MaxShards = 100_000 // the most completions of an Indexed Job

// Has reports whether a run belongs to a shard.
func Has(run, index, shards int) bool { return run%shards == index }

// Identity is the digest of all that decides what a sweep's runs give: the
// program's version, the plan, and the digests of the cells' scenarios.
func Identity(version string, p Plan, cells []string) string {
	sum := sha256.New()
	e := json.NewEncoder(sum)
	for _, part := range []any{version, p, cells} {
		if err := e.Encode(part); err != nil {
			panic(fmt.Sprintf("writing the plan of a sweep: %v", err))
		}
	}
	return hex.EncodeToString(sum.Sum(nil))[:16]
}

// Write writes the shard, a row a line.
func (s *Shard) Write(w io.Writer) error {
	head := *s
	head.Rows = []Row{}
	text, err := encode(head)
	if err != nil {
		return err
	}
	text, _ = strings.CutSuffix(text, "]}")
	if _, err := io.WriteString(w, text); err != nil {
		return err
	}
	for i, row := range s.Rows {
		line, err := encode(row)
		if err != nil {
			return err
		}
		separator := ",\n"
		if i == 0 {
			separator = "\n"
		}
		if _, err := io.WriteString(w, separator+line); err != nil {
			return err
		}
	}
	_, err = io.WriteString(w, "\n]}\n")
	return err
}

func encode(v any) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// ReadShards reads the shards that follow each other in a text, one at least.
func ReadShards(r io.Reader, apiVersion string) ([]*Shard, error) {
	d := json.NewDecoder(r)
	var all []*Shard
	for {
		var raw json.RawMessage
		switch err := d.Decode(&raw); {
		case err == io.EOF && len(all) > 0:
			return all, nil
		case err == io.EOF:
			return nil, fmt.Errorf("it is empty")
		case err == io.ErrUnexpectedEOF:
			return nil, fmt.Errorf("it ends in the middle of a shard; was it written to its end?")
		case err != nil && len(all) > 0:
			return nil, fmt.Errorf("what comes after its first shards is no JSON; was something else written to it?")
		case err != nil:
			return nil, fmt.Errorf("it is no shard of a sweep: it is no JSON; sweep writes shards with --shard i/n or --shards n")
		}
		s, err := readShard(raw, apiVersion)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
}

func readShard(raw json.RawMessage, apiVersion string) (*Shard, error) {
	var kind struct{ APIVersion, Kind, Version string }
	if err := json.Unmarshal(raw, &kind); err != nil || kind.Kind != ShardKind || kind.APIVersion != apiVersion {
		if kind.Kind != "" && kind.Kind != ShardKind {
			return nil, fmt.Errorf("it is no shard of a sweep: its kind is %s; sweep writes shards with --shard or --shards", kind.Kind)
		}
		return nil, fmt.Errorf("it is no shard of a sweep: apiVersion %s and kind %s are expected", apiVersion, ShardKind)
	}
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.DisallowUnknownFields()
	s := new(Shard)
	if err := d.Decode(s); err != nil {
		return nil, fmt.Errorf("it is no shard that this version reads (it was written by %s): %w", kind.Version, err)
	}
	return s, s.check()
}

// check refuses a shard that has not the runs that it should.
func (s *Shard) check() error {
	if err := s.Plan.Check(); err != nil {
		return fmt.Errorf("its plan: %w", err)
	}
	if s.Shards < 1 || s.Shards > MaxShards || s.Index < 0 || s.Index >= s.Shards {
		return fmt.Errorf("it is shard %d of %d, which there is not", s.Index, s.Shards)
	}
	next := s.Index
	for _, row := range s.Rows {
		if row.Run != next || row.Run >= s.Plan.Runs() {
			return fmt.Errorf("shard %d of %d has run %d where %d is expected", s.Index, s.Shards, row.Run, next)
		}
		next += s.Shards
		if failed := row.Numbers.Failed; !slices.IsSorted(failed) || len(slices.Compact(slices.Clone(failed))) < len(failed) ||
			len(failed) > 0 && (failed[0] < 0 || failed[len(failed)-1] >= len(s.Plan.Expect)) {
			return fmt.Errorf("run %d has failed expectations %v of %d", row.Run, failed, len(s.Plan.Expect))
		}
	}
	if next < s.Plan.Runs() {
		return fmt.Errorf("shard %d of %d ends before run %d", s.Index, s.Shards, next)
	}
	return nil
}

// Source is a shard with the name of where it was read.
type Source struct {
	Name string
	*Shard
}

// Merge puts the shards of a sweep together and returns its plan and the numbers
// of its runs. It refuses shards of several sweeps, of another version than the
// program's, twice the same, and missing ones.
func Merge(sources []Source, version string) (Plan, []metrics.Numbers, error) {
	first := sources[0]
	from := make([]string, first.Shards)
	for _, s := range sources {
		if s.Version != version {
			return Plan{}, nil, fmt.Errorf("%s was written by version %s, and this is %s", s.Name, s.Version, version)
		}
		if s.Sweep != first.Sweep {
			return Plan{}, nil, fmt.Errorf("%s and %s are of different sweeps: %s", first.Name, s.Name, difference(first.Plan, s.Plan))
		}
		if s.Shards != first.Shards {
			return Plan{}, nil, fmt.Errorf("%s is of a sweep in %d shards, %s of the same in %d", first.Name, first.Shards, s.Name, s.Shards)
		}
		if other := from[s.Index]; other != "" {
			return Plan{}, nil, fmt.Errorf("shard %d is there twice: %s and %s", s.Index, other, s.Name)
		}
		from[s.Index] = s.Name
	}
	if missing := absent(from); missing != "" {
		return Plan{}, nil, fmt.Errorf("%s of 0 … %d", missing, first.Shards-1)
	}
	runs := make([]metrics.Numbers, first.Plan.Runs())
	for _, s := range sources {
		for _, row := range s.Rows {
			runs[row.Run] = row.Numbers
		}
	}
	return first.Plan, runs, nil
}

// manyMissing is from how many missing shards on the rest is counted only.
const manyMissing = 10

// absent names the shards that come from nowhere.
func absent(from []string) string {
	var missing []string
	for i, name := range from {
		if name == "" {
			missing = append(missing, fmt.Sprint(i))
		}
	}
	switch n := len(missing); {
	case n == 0:
		return ""
	case n == 1:
		return "shard " + missing[0] + " is missing"
	case n > manyMissing:
		return fmt.Sprintf("shards %s and %d more are missing", strings.Join(missing[:manyMissing], ", "), n-manyMissing)
	}
	return "shards " + strings.Join(missing, ", ") + " are missing"
}

// difference says in what two plans differ.
func difference(a, b Plan) string {
	sizes := func(p Plan) string { return p.Scenario + ", " + p.Size() }
	if sizes(a) != sizes(b) {
		return sizes(a) + ", and " + sizes(b)
	}
	for i := range a.Dimensions {
		if !slices.Equal(a.Dimensions[i].Values, b.Dimensions[i].Values) {
			return "the values of " + a.Dimensions[i].Path + " differ"
		}
	}
	switch {
	case !slices.Equal(a.Metrics, b.Metrics), !slices.Equal(a.Objective, b.Objective), !slices.Equal(a.Require, b.Require):
		return "--metrics, --objective or --require differ"
	case !slices.Equal(a.Expect, b.Expect), a.AskAll != b.AskAll:
		return "--expect, or the expectations, differ"
	case a.Seeds != nil && a.Seeds.First != b.Seeds.First:
		return "the seeds differ"
	}
	return "the scenario, or what --set, --env or --until changed in it, differs"
}
