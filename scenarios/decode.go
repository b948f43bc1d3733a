package scenarios

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cel.dev/cel-go/cel"

	"vpcsim/scenarios/internal/doc"
	"vpcsim/scenarios/internal/near"
)

// notYet is said of names that the language has and the simulator doesn't
// act on yet. Nothing is ever ignored.
const notYet = "not supported yet"

// decoder turns the tree of a file into the types of this package. It goes on
// after a mistake, so that all of them are reported; what it could not read
// keeps its default.
type decoder struct {
	*report
	// at is where the value of a path stands, for the checks that come after.
	at places
	// notes are what was ignored or assumed, for the user to know.
	notes []string
	// meant are the paths of fields that an unknown one was probably meant for:
	// that they are missing need not be said again.
	meant map[string]bool
	cel   *cel.Env // of maxPods expressions; nil until the first
	// that are the conditions of expect, by their paths.
	that map[string]value
	// shortened: an option says when the run ends.
	shortened bool
	// immediate: ec2.latency is none, so the delays' defaults are 0.
	immediate bool
	field     doc.Pos                // where the name of the field stands whose reader begins
	platform  Platform               // known before what depends on it is read
	shape     *shape                 // not nil: readers describe themselves instead, see shape.go
	held      map[string][]heldBlock // by the state, of each subnet
}

// value is a node with the path that leads to it.
type value struct {
	*doc.Node
	path string
}

func (v value) child(name string, n *doc.Node) value {
	if v.path == "" {
		return value{n, name}
	}
	return value{n, v.path + "." + name}
}

func (v value) item(i int) value {
	return value{v.Items[i], fmt.Sprintf("%s[%d]", v.path, i)}
}

// given reports whether the field is there and not null, which means the same
// as left out.
func (v value) given(name string) bool {
	n := v.Get(name)
	return n != nil && n.Kind != doc.Null
}

func newDecoder(file string, data []byte) *decoder {
	return &decoder{report: newReport(file, data), at: places{}, meant: map[string]bool{}, that: map[string]value{}}
}

// fieldPos is where a field's name stands.
func (v value) fieldPos(name string) doc.Pos {
	for _, f := range v.Fields {
		if f.Name == name {
			return f.Pos
		}
	}
	return v.Pos
}

// reader reads a value into a place that it knows.
type reader func(value)

// field is a field that a mapping may have. Without a reader it has a name and
// is not supported yet.
type field struct {
	name string
	read reader
}

func later(name string) field { return field{name: name} }

func (d *decoder) failAt(v value, format string, args ...any) {
	d.add(v.Pos, v.path, fmt.Sprintf(format, args...))
}

// fail notes a mistake at a path, or at the innermost part of it that the file
// has.
func (d *decoder) fail(path, format string, args ...any) {
	d.add(d.position(path), path, fmt.Sprintf(format, args...))
}

// failOf notes a mistake that a rule is about.
func (d *decoder) failOf(rule, path, format string, args ...any) {
	d.addOf(rule, d.position(path), path, fmt.Sprintf(format, args...))
}

func (d *decoder) position(path string) doc.Pos {
	at, _ := d.at.of(path)
	return at
}

// parent is the path without its last part, "" of one that has only one.
func parent(path string) string {
	return path[:max(strings.LastIndexByte(path, '.'), strings.LastIndexByte(path, '['), 0)]
}

func (d *decoder) note(format string, args ...any) {
	d.notes = append(d.notes, fmt.Sprintf(format, args...))
}

// maxSuggestions bounds the search for near names, which takes time, in a file
// that is all mistakes.
const maxSuggestions = 200

// near returns the candidate that is nearest to the name, "" if none is near.
func (d *decoder) near(name string, candidates []string) string {
	if len(d.errs) > maxSuggestions {
		return ""
	}
	return near.Name(name, candidates)
}

// didYouMean is the end of a message about a name that isn't known.
func (d *decoder) didYouMean(name string, candidates []string) string {
	return didYouMean(d.near(name, candidates))
}

func didYouMean(nearest string) string {
	if nearest == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %s?)", nearest)
}

// is reports whether the value is of the kind, and complains if it isn't.
func (d *decoder) is(v value, k doc.Kind) bool {
	d.at[v.path] = v.Pos
	if v.Kind != k {
		d.failAt(v, "must be %s, not %s", k, v.Kind)
		return false
	}
	return true
}

// object reads a mapping. The fields are read in the order given here, not in
// the file's: a field may depend on one that stands before it.
func (d *decoder) object(v value, fields ...field) {
	if d.describesObject(v, fields) {
		return
	}
	if !d.is(v, doc.Map) {
		return
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	for _, f := range v.Fields {
		if !slices.Contains(names, f.Name) {
			nearest := d.near(f.Name, names)
			d.add(f.Pos, v.child(f.Name, nil).path, "unknown field"+didYouMean(nearest))
			d.meant[v.child(nearest, nil).path] = true
		}
	}
	for _, f := range fields {
		if !v.given(f.name) {
			continue
		}
		child := v.child(f.name, v.Get(f.name))
		d.at[child.path] = child.Pos
		if f.read == nil {
			d.add(v.fieldPos(f.name), child.path, notYet)
			continue
		}
		d.field = v.fieldPos(f.name)
		f.read(child)
	}
}

// require complains about fields that are left out.
func (d *decoder) require(v value, names ...string) {
	if d.describes(func(s *shape) {
		for _, name := range names {
			s.field(name).required = true
		}
	}) {
		return
	}
	if v.Kind != doc.Map {
		return
	}
	for _, name := range names {
		path := v.child(name, nil).path
		if !v.given(name) && !d.meant[path] {
			d.failAt(value{v.Node, path}, "is required")
		}
	}
}

// list reads a list of which each item is read the same way.
func list[T any](d *decoder, into *[]T, read func(value, *T)) reader {
	return func(v value) {
		if d.describes(func(s *shape) {
			s.types = []string{"array"}
			s.item = d.describe(func(v value) { read(v, new(T)) }, v.path+"[]")
		}) {
			return
		}
		if !d.is(v, doc.List) {
			return
		}
		*into = make([]T, len(v.Items))
		for i := range v.Items {
			item := v.item(i)
			d.at[item.path] = item.Pos
			read(item, &(*into)[i])
		}
	}
}

// each makes an item's reader of a reader's maker: each(d.text).
func each[T any](read func(*T) reader) func(value, *T) {
	return func(v value, into *T) { read(into)(v) }
}

// text reads text. What YAML takes for something else wants quotes, so that
// 1.10 doesn't silently become 1.1 somewhere.
func (d *decoder) text(into *string) reader {
	return func(v value) {
		if d.describes(func(s *shape) { s.types = []string{"string"} }) {
			return
		}
		if v.Kind == doc.Bool || v.Kind == doc.Number {
			d.failAt(v, "must be text, not %s: write %q", v.Kind, v.Scalar)
			return
		}
		if d.is(v, doc.Text) {
			*into = v.Scalar
		}
	}
}

// reference reads the name of something else in the scenario, or in the table
// of instance types: whether there is such a thing is checked later.
func (d *decoder) reference(into *string) reader {
	return func(v value) {
		if d.describes(func(s *shape) { s.types, s.notEmpty = []string{"string"}, true }) {
			return
		}
		d.text(into)(v)
		if v.Kind == doc.Text && *into == "" {
			d.failAt(v, "must not be empty")
		}
	}
}

// maxName bounds a Kubernetes name. Source: Kubernetes documentation, "Object
// Names and IDs".
const maxName = 253

// name reads a name as Kubernetes allows it: lower-case letters, digits, - and
// ., and a letter or digit at either end.
func (d *decoder) name(into *string) reader {
	return func(v value) {
		if d.describes(func(s *shape) { s.name, s.types, s.pattern = "name", []string{"string"}, namePattern }) {
			return
		}
		var name string
		d.text(&name)(v)
		if v.Kind != doc.Text {
			return
		}
		if !isName(name) {
			d.failAt(v, "%s is no name: lower-case letters, digits, - and . only, a letter or digit at either end, at most %d", quote(name), maxName)
			return
		}
		*into = name
	}
}

// namePattern matches what isName allows, but for the length.
const namePattern = `^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$`

func isName(name string) bool {
	if name == "" || len(name) > maxName {
		return false
	}
	for i, c := range []byte(name) {
		alphanumeric := 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
		inside := i > 0 && i < len(name)-1
		if !alphanumeric && !(inside && (c == '-' || c == '.')) {
			return false
		}
	}
	return true
}

// quote writes a user's text into a message, a long one cut.
func quote(text string) string {
	const most = 60
	if n := characters(text, most); n < len(text) {
		return strconv.Quote(text[:n] + "…")
	}
	return strconv.Quote(text)
}

func (d *decoder) boolean(into *bool) reader {
	return func(v value) {
		if d.describes(func(s *shape) { s.types = []string{"boolean"} }) {
			return
		}
		if v.Kind != doc.Bool {
			d.failAt(v, "must be true or false, not %s", v.Kind)
			return
		}
		*into = strings.EqualFold(v.Scalar, "true")
	}
}

// most is the largest number that any count may have: it keeps sums far from
// overflowing.
const most = 1_000_000_000

// integer reads a whole number between the bounds, both inclusive.
func (d *decoder) integer(into *int, least, most int) reader {
	return func(v value) {
		if d.describes(func(s *shape) {
			s.types, s.bounded, s.least, s.most = []string{"integer"}, true, int64(least), int64(most)
		}) {
			return
		}
		n, ok := d.wholeNumber(v)
		switch {
		case !ok:
		case n < int64(least):
			d.failAt(v, "must be at least %d", least)
		case n > int64(most):
			d.failAt(v, "must be at most %d", most)
		default:
			*into = int(n)
		}
	}
}

// wholeNumber reads a decimal number without a fraction. YAML's other ways to
// write numbers are refused: 010 is 8 to some readers and 10 to others.
func (d *decoder) wholeNumber(v value) (int64, bool) {
	if v.Kind == doc.Text && isDecimal(v.Scalar) {
		d.failAt(v, "must be a whole number, not text: leave out the quotes")
		return 0, false
	}
	if v.Kind != doc.Number {
		d.failAt(v, "must be a whole number, not %s", v.Kind)
		return 0, false
	}
	if !isDecimal(v.Scalar) {
		d.failAt(v, "%s is no whole number in decimal digits", v.Scalar)
		return 0, false
	}
	n, err := strconv.ParseInt(v.Scalar, 10, 64)
	if err != nil {
		d.failAt(v, "%s is out of range", quote(v.Scalar))
		return 0, false
	}
	return n, true
}

func isDecimal(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return false
	}
	return digits == "0" || digits[0] != '0'
}

// optional reads a value of which it matters whether it is there.
func optional[T any](into **T, read func(*T) reader) reader {
	return func(v value) {
		*into = new(T)
		read(*into)(v)
	}
}

// maxDuration bounds every duration. It is far from what a time.Duration can
// hold, so that sums of a few don't overflow.
const maxDuration = 400 * 24 * time.Hour

// durationPattern matches Go's durations that are not negative.
const durationPattern = `^\+?(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$`

func (d *decoder) duration(into *Duration) reader {
	return func(v value) {
		if d.describes(func(s *shape) {
			s.name = "duration"
			s.union = []*shape{{types: []string{"string"}, pattern: durationPattern}, {types: []string{"integer"}, zero: true}}
		}) {
			return
		}
		if v.Kind == doc.Number && v.Scalar != "0" {
			d.failAt(v, "a duration needs a unit (did you mean %ss?)", v.Scalar)
			return
		}
		if v.Kind != doc.Number && v.Kind != doc.Text {
			d.failAt(v, "must be a duration such as 30s, not %s", v.Kind)
			return
		}
		length, err := time.ParseDuration(v.Scalar)
		if err != nil {
			d.failAt(v, "%s is no duration: write it as 500ms, 30s or 1h30m", quote(v.Scalar))
			return
		}
		if message := checkDuration(length); message != "" {
			d.failAt(v, "%s", message)
			return
		}
		*into = Duration(length)
	}
}

// checkDuration returns what is wrong with a duration, "" if nothing is.
func checkDuration(length time.Duration) string {
	switch {
	case length < 0:
		return "must not be negative"
	case length > maxDuration:
		return "must be at most 400 days (9600h)"
	case length%time.Millisecond != 0:
		return "must be whole milliseconds"
	}
	return ""
}

// span reads a Range: a duration, or {min, max}.
func (d *decoder) span(into *Range) reader {
	return func(v value) {
		if d.describesAny(v, d.duration(new(Duration)), func(v value) { d.minMax(v, new(Range)) }) {
			d.shape.name = "range"
			return
		}
		if v.Kind != doc.Map {
			var length Duration
			d.duration(&length)(v)
			*into = Range{length, length}
			return
		}
		r := Range{}
		d.minMax(v, &r)
		if v.given("min") && v.given("max") && r.Min > r.Max {
			d.failAt(v, "min %s is more than max %s", r.Min, r.Max)
			return
		}
		*into = r
	}
}

func (d *decoder) minMax(v value, into *Range) {
	d.object(v, field{"min", d.duration(&into.Min)}, field{"max", d.duration(&into.Max)})
	d.require(v, "min", "max")
}

// repeat reads a Range, or never.
func (d *decoder) repeat(into *Repeat) reader {
	return func(v value) {
		if d.describesAny(v, d.only(never), d.span(new(Range))) {
			return
		}
		if v.Kind == doc.Text && v.Scalar == never {
			*into = Repeat{Never: true}
			return
		}
		r := Range{}
		mistakes := len(d.errs)
		d.span(&r)(v)
		if len(d.errs) == mistakes && r.Min <= 0 {
			d.failAt(v, "must be more than 0: what is tried again at once is tried for ever")
			return
		}
		*into = Repeat{Range: r}
	}
}

// oneOf reads one of a few words. Those of later are known, and not supported
// yet.
func oneOf[T ~string](d *decoder, into *T, words []T, later ...T) reader {
	return func(v value) {
		if d.describes(func(s *shape) { s.types, s.words = []string{"string"}, texts(words) }) {
			return
		}
		var text string
		d.text(&text)(v)
		if v.Kind != doc.Text {
			return
		}
		switch {
		case slices.Contains(words, T(text)):
			*into = T(text)
		case slices.Contains(later, T(text)):
			d.failAt(v, "%s: %s", text, notYet)
		default:
			all := texts(words)
			d.failAt(v, "%s is none of %s%s", quote(text), strings.Join(all, ", "), d.didYouMean(text, append(all, texts(later)...)))
		}
	}
}

func texts[T ~string](words []T) []string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = string(w)
	}
	return all
}

// words reads a mapping of text to text, such as labels.
func (d *decoder) words(into *map[string]string) reader {
	return func(v value) {
		if d.describes(func(s *shape) { s.types, s.others = []string{"object"}, &shape{types: []string{"string"}} }) {
			return
		}
		if !d.is(v, doc.Map) {
			return
		}
		m := make(map[string]string, len(v.Fields))
		for _, f := range v.Fields {
			var text string
			child := v.child(f.Name, f.Value)
			if f.Value.Kind == doc.Null {
				d.failAt(child, "must be text, not null: write %q", "")
				continue
			}
			d.text(&text)(child)
			d.at[child.path] = child.Pos
			m[f.Name] = text
		}
		*into = m
	}
}
