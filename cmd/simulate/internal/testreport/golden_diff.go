package testreport

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"vpcsim/scenarios"
)

// Compare says whether a run's summary is the golden one. Comments and the form
// of the file don't matter.
func Compare(file string, golden, got []byte) Golden {
	if bytes.Equal(golden, got) {
		return Golden{State: GoldenSame, File: file}
	}
	was, err := entriesOf(golden)
	if err != nil {
		return Golden{State: GoldenDiffers, File: file, Diff: "it can't be read as YAML: " + firstLine(err.Error()) + "\n"}
	}
	is, err := entriesOf(got)
	if err != nil {
		panic(fmt.Sprintf("a golden summary that was just written: %v", err))
	}
	if changed := changes(was, is); changed != "" {
		return Golden{State: GoldenDiffers, File: file, Diff: changed}
	}
	return Golden{State: GoldenSame, File: file}
}

// Readable is why a golden summary can't be compared, nil where it can.
func Readable(golden []byte) error {
	if _, err := entriesOf(golden); err != nil {
		return fmt.Errorf("it can't be read as YAML: %s", firstLine(err.Error()))
	}
	return nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// entry is a value of a summary. Of is the member of a list that it belongs to;
// empty: none.
type entry struct {
	path, of, text string
}

// entriesOf lists the values of a summary in their order.
func entriesOf(text []byte) ([]entry, error) {
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")) // as Git may check it out
	if alias.Match(text) {
		return nil, errors.New("aliases are not read here")
	}
	if _, err := scenarios.TopKeys(text); err != nil { // it refuses what could hang the reader
		return nil, err
	}
	var top yaml.MapSlice
	if err := yaml.UnmarshalWithOptions(text, &top, yaml.UseOrderedMap()); err != nil {
		return nil, err
	}
	var f flattener
	f.add("", "", top)
	return f.entries, nil
}

// alias begins with * what & names; ten lines of them can make a billion values.
var alias = regexp.MustCompile(`(?m)(?:^|[\s\[{,:])\*\w`)

type flattener struct{ entries []entry }

// callsOverTime was in the summaries of earlier versions.
const callsOverTime = "summary.ec2CallsOverTime"

func (f *flattener) add(path, of string, value any) {
	if path == callsOverTime {
		return
	}
	switch v := value.(type) {
	case yaml.MapSlice:
		for _, item := range v {
			f.add(strings.TrimPrefix(fmt.Sprintf("%s.%v", path, item.Key), "."), of, item.Value)
		}
	case []any:
		f.list(path, v)
	default:
		f.entries = append(f.entries, entry{path, of, shown(v)})
	}
}

// list names the members of a list by what tells them apart, as subnets by their
// names.
func (f *flattener) list(path string, members []any) {
	seen := map[string]int{}
	for i, member := range members {
		name := memberName(member)
		if name == "" {
			name = fmt.Sprint(i)
		}
		seen[name]++
		if n := seen[name]; n > 1 {
			name += fmt.Sprintf(" #%d", n)
		}
		of := fmt.Sprintf("%s[%s]", path, name)
		f.add(of, of, member)
	}
}

func memberName(member any) string {
	var parts []string
	m, _ := member.(yaml.MapSlice)
	for _, key := range []string{"kind", "scope", "name"} {
		for _, item := range m {
			if item.Key == key {
				parts = append(parts, fmt.Sprint(item.Value))
			}
		}
	}
	return strings.Join(parts, " ")
}

func shown(v any) string {
	if v == nil {
		return "null"
	}
	return strings.Join(strings.Fields(fmt.Sprint(v)), " ")
}

// changes tells what changed, a line each: a value, or a member of a list that
// is gone or there in addition. Empty: nothing.
func changes(was, is []entry) string {
	var b strings.Builder
	before, after := byPath(was), byPath(is)
	lines(&b, was, after, "gone", func(e entry) {
		if now := after[e.path]; now != e.text {
			fmt.Fprintf(&b, "%s: %s → %s\n", e.path, e.text, now)
		}
	})
	lines(&b, is, before, "added", func(entry) {})
	return b.String()
}

// byPath are the texts of entries, and the members of lists as such.
func byPath(all []entry) map[string]string {
	out := map[string]string{}
	for _, e := range all {
		out[e.path] = e.text
		if e.of != "" && e.of != e.path {
			out[e.of] = ""
		}
	}
	return out
}

// lines tells of the entries that the other summary lacks; both hands on those
// that it has. A member of a list that it lacks is one line.
func lines(b *strings.Builder, all []entry, other map[string]string, word string, both func(entry)) {
	told := ""
	for i, e := range all {
		if _, has := other[e.path]; has {
			both(e)
			continue
		}
		if _, has := other[e.of]; has || e.of == "" || e.of == e.path {
			fmt.Fprintf(b, "%s: %s (%s)\n", e.path, word, e.text)
			continue
		}
		if e.of == told {
			continue
		}
		told = e.of
		var parts []string
		for _, o := range all[i:] {
			if o.of != e.of {
				break
			}
			parts = append(parts, strings.TrimPrefix(o.path, e.of+".")+" "+o.text)
		}
		fmt.Fprintf(b, "%s: %s (%s)\n", e.of, word, strings.Join(parts, ", "))
	}
}

// cutLines is the first lines of a text, and how many more there are; rest says
// where these are.
func cutLines(text string, most int, rest string) string {
	lines := slices.Collect(strings.Lines(text))
	if len(lines) <= most {
		return text
	}
	return strings.Join(lines[:most], "") + fmt.Sprintf("… %d more%s\n", len(lines)-most, rest)
}
