package recording

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Difference is one field in which a run differs from its recording.
type Difference struct {
	AtMs  int64  // of the sample, call, first attempt or restart
	Field string // path, for example "trace[12] enis[1].createdAtMs"
	Want  string // as recorded, as JSON; empty: there is nothing
	Got   string
}

// String tells where two runs part, and what each has there.
func (d Difference) String() string {
	return fmt.Sprintf("%d ms: %s\n\twant %s\n\tgot  %s", d.AtMs, d.Field, d.Want, d.Got)
}

// Compare returns what differs, by instant. Of the trace, the calls, the pods
// and the restarts each the first entry that differs is listed with all its
// fields; behind it a run has gone another way and the rest tells nothing.
//
// Of an error that the agent writes only whether there is one counts: its text
// is the agent's.
func Compare(want, got Outcome) []Difference {
	var all []Difference
	all = append(all, firstDifference("trace", want.Trace, got.Trace, func(s Sample) int64 { return s.AtMs })...)
	all = append(all, firstDifference("ec2Log", want.EC2Log, got.EC2Log, func(c Call) int64 { return c.AtMs })...)
	all = append(all, firstDifference("podResults", textless(want.PodResults), textless(got.PodResults),
		func(p PodResult) int64 { return p.FirstAttemptMs })...)
	all = append(all, firstDifference("restarts", restarts(want.Restarts), restarts(got.Restarts),
		func(r Restart) int64 { return r.AtMs })...)
	wantFailed, gotFailed := slices.Sorted(maps.Keys(want.InitErrors)), slices.Sorted(maps.Keys(got.InitErrors))
	if !slices.Equal(wantFailed, gotFailed) {
		all = append(all, Difference{Field: "nodes in initErrors", Want: text(wantFailed), Got: text(gotFailed)})
	}
	slices.SortStableFunc(all, func(a, b Difference) int { return int(a.AtMs - b.AtMs) })
	return all
}

// textless replaces the texts of errors by whether there is one.
func textless(pods []PodResult) []PodResult {
	pods = slices.Clone(pods)
	for i := range pods {
		pods[i].DeleteError = yes(pods[i].DeleteError)
	}
	return pods
}

func restarts(list []Restart) []Restart {
	list = slices.Clone(list)
	for i := range list {
		list[i].InitError = yes(list[i].InitError)
	}
	return list
}

func yes(message string) string {
	if message == "" {
		return ""
	}
	return "yes"
}

// firstDifference compares two lists up to the first entry that differs.
func firstDifference[E any](name string, want, got []E, at func(E) int64) []Difference {
	for i := range min(len(want), len(got)) {
		atMs := min(at(want[i]), at(got[i]))
		fields := differences(fmt.Sprintf("%s[%d]", name, i), tree(want[i]), tree(got[i]))
		if len(fields) > 0 {
			for f := range fields {
				fields[f].AtMs = atMs
			}
			return fields
		}
	}
	d := Difference{Field: fmt.Sprintf("%s: %d entries, got %d", name, len(want), len(got))}
	switch {
	case len(want) > len(got):
		d.AtMs, d.Want = at(want[len(got)]), text(want[len(got)])
	case len(got) > len(want):
		d.AtMs, d.Got = at(got[len(want)]), text(got[len(want)])
	default:
		return nil
	}
	return []Difference{d}
}

// tree is a value as JSON has it: maps, slices and scalars.
func tree(v any) any {
	var t any
	if err := json.Unmarshal([]byte(text(v)), &t); err != nil {
		panic(err) // it was written a moment ago
	}
	return t
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // the types here can be written
	}
	return string(b)
}

// differences walks two trees side by side; a missing field equals a null one.
func differences(path string, want, got any) []Difference {
	switch w := want.(type) {
	case map[string]any:
		if g, ok := got.(map[string]any); ok {
			return fieldDifferences(path, w, g)
		}
	case []any:
		if g, ok := got.([]any); ok && len(g) == len(w) {
			var all []Difference
			for i := range w {
				all = append(all, differences(path+"["+strconv.Itoa(i)+"]", w[i], g[i])...)
			}
			return all
		}
	}
	if text(want) == text(got) {
		return nil
	}
	return []Difference{{Field: path, Want: text(want), Got: text(got)}}
}

func fieldDifferences(path string, want, got map[string]any) []Difference {
	names := map[string]bool{}
	for name := range want {
		names[name] = true
	}
	for name := range got {
		names[name] = true
	}
	var all []Difference
	for _, name := range slices.Sorted(maps.Keys(names)) {
		all = append(all, differences(path+" "+name, want[name], got[name])...)
	}
	return all
}
