package scenarios

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"vpcsim/model"
)

// Schema returns the JSON Schema (draft 2020-12) of the scenario language. It is
// what the readers say of themselves, with the descriptions of the reference:
// what a scenario may be on either platform, and then what one of them has not.
//
// It is coarser than Load: it doesn't see names that refer to nothing, address
// space, arithmetic, and expressions.
func Schema() []byte {
	eks, ecs := language(PlatformEKS), language(PlatformECS)
	both := merge(eks, ecs)
	w := schemaWriter{defs: map[string]jsonObject{}, rows: referenceRows()}
	root := jsonObject{
		{"$schema", "https://json-schema.org/draft/2020-12/schema"},
		{"title", "vpcsim scenario"},
		{"description", "A scenario of the simulator vpcsim: what a cluster is and what happens to it."},
	}
	root = append(root, w.object(both, "")...)
	root = append(root,
		jsonMember{"if", jsonObject{{"properties", jsonObject{{"platform", jsonObject{{"const", PlatformECS}}}}}, {"required", []string{"platform"}}}},
		jsonMember{"then", narrower(ecs, both)},
		jsonMember{"else", narrower(eks, both)},
		jsonMember{"$defs", w.definitions()},
	)
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(root); err != nil {
		panic(fmt.Sprintf("writing the schema: %v", err))
	}
	return b.Bytes()
}

// jsonObject is an object whose members keep their order.
type jsonObject []jsonMember

type jsonMember struct {
	name  string
	value any
}

// MarshalJSON writes the members in order.
func (o jsonObject) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := e.Encode(m.name); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := e.Encode(m.value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// referenceRows are the rows of the reference by their path.
func referenceRows() map[string]referenceRow {
	rows := map[string]referenceRow{}
	for _, t := range reference {
		for _, r := range t.rows {
			rows[t.base+r.field] = r
		}
	}
	return rows
}

// schemaWriter turns shapes into schemas. What has a name is written once, in
// the definitions.
type schemaWriter struct {
	defs map[string]jsonObject
	rows map[string]referenceRow
}

func (w *schemaWriter) definitions() jsonObject {
	var names []string
	for name := range w.defs {
		names = append(names, name)
	}
	slices.Sort(names)
	var all jsonObject
	for _, name := range names {
		all = append(all, jsonMember{name, w.defs[name]})
	}
	return all
}

// schema is the schema of a value at a path of the reference.
func (w *schemaWriter) schema(s *shape, path string) jsonObject {
	if s.name == "" {
		return w.plain(s, path)
	}
	if _, done := w.defs[s.name]; !done {
		w.defs[s.name] = nil // a shape may contain itself
		w.defs[s.name] = w.plain(s, path)
	}
	return jsonObject{{"$ref", "#/$defs/" + s.name}}
}

func (w *schemaWriter) plain(s *shape, path string) jsonObject {
	switch {
	case len(s.union) > 0:
		var any []jsonObject
		for _, one := range s.union {
			any = append(any, w.schema(one, path))
		}
		return jsonObject{{"anyOf", any}}
	case slices.Equal(s.types, []string{"object"}):
		return w.object(s, path)
	case slices.Equal(s.types, []string{"array"}):
		o := jsonObject{{"type", "array"}, {"items", w.schema(s.item, path+"[]")}}
		if s.mostItems > 0 {
			o = append(o, jsonMember{"maxItems", s.mostItems})
		}
		if s.uniqueItem {
			o = append(o, jsonMember{"uniqueItems", true})
		}
		return o
	case len(s.words) > 0:
		return jsonObject{{"enum", s.words}}
	case s.zero:
		return jsonObject{{"const", 0}}
	}
	return w.scalar(s)
}

func (w *schemaWriter) scalar(s *shape) jsonObject {
	var o jsonObject
	switch len(s.types) {
	case 0:
		panic("a reader says nothing of itself: see shape.go")
	case 1:
		o = jsonObject{{"type", s.types[0]}}
	default:
		o = jsonObject{{"type", s.types}}
	}
	if s.pattern != "" {
		o = append(o, jsonMember{"pattern", s.pattern})
	}
	if s.notEmpty {
		o = append(o, jsonMember{"minLength", 1})
	}
	if s.bounded {
		o = append(o, jsonMember{"minimum", s.least})
		if s.most > 0 {
			o = append(o, jsonMember{"maximum", s.most})
		}
	}
	return o
}

// object is the schema of a mapping.
func (w *schemaWriter) object(s *shape, path string) jsonObject {
	o := jsonObject{{"type", "object"}}
	if s.others != nil {
		return append(o, jsonMember{"additionalProperties", w.schema(s.others, path+".*")})
	}
	properties, needed := jsonObject{}, []string(nil)
	for _, f := range s.fields {
		if f.notYet {
			continue
		}
		child := f.name
		if path != "" {
			child = path + "." + f.name
		}
		null := !f.required && !(s.noNull && slices.Contains(s.exactlyOne, f.name))
		properties = append(properties, jsonMember{f.name, w.property(f, null, s.name, child)})
		if f.required {
			needed = append(needed, f.name)
		}
	}
	o = append(o, jsonMember{"properties", properties}, jsonMember{"additionalProperties", false})
	if needed != nil {
		o = append(o, jsonMember{"required", needed})
	}
	if s.exactlyOne != nil {
		o = append(o, jsonMember{"oneOf", w.given(s, s.exactlyOne)})
	}
	if s.atLeastOne != nil {
		o = append(o, jsonMember{"anyOf", w.given(s, s.atLeastOne)})
	}
	return o
}

// given are schemas that each ask for one of the fields.
func (w *schemaWriter) given(s *shape, names []string) []jsonObject {
	var all []jsonObject
	for _, name := range names {
		if f := s.field(name); f != nil && !f.notYet {
			all = append(all, jsonObject{{"required", []string{name}}})
		}
	}
	return all
}

// property is the schema of a field with what the reference says of it. A field
// that need not be there may be null, which means the same.
func (w *schemaWriter) property(f *fieldShape, null bool, within, path string) jsonObject {
	o := jsonObject{}
	if text := w.description(f, within, path); text != "" {
		o = append(o, jsonMember{"description", text})
	}
	if value, ok := w.byDefault(f, within, path); ok {
		o = append(o, jsonMember{"default", value})
	}
	body := w.schema(&f.shape, path)
	if null {
		body = orNull(body)
	}
	return append(o, body...)
}

// orNull lets null pass, too.
func orNull(schema jsonObject) jsonObject {
	out := slices.Clone(schema)
	for i, m := range out {
		switch types, isText := m.value.(string); {
		case m.name == "type" && isText:
			out[i].value = []string{types, "null"}
			return out
		case m.name == "type":
			out[i].value = append(slices.Clone(m.value.([]string)), "null")
			return out
		case m.name == "enum":
			words := []any{}
			for _, word := range m.value.([]string) {
				words = append(words, word)
			}
			out[i].value = append(words, nil)
			return out
		case m.name == "anyOf" && len(schema) == 1:
			out[i].value = append(slices.Clone(m.value.([]jsonObject)), jsonObject{{"type", "null"}})
			return out
		}
	}
	return jsonObject{{"anyOf", []jsonObject{schema, {{"type", "null"}}}}}
}

var markdownLink = regexp.MustCompile(`\[([^\]]+)\]\([^)]*\)`)

func (w *schemaWriter) description(f *fieldShape, within, path string) string {
	if within == "env" {
		known, _ := model.LookupVariable(f.name)
		return cmpText(known.Meaning, "Has no bearing on addresses.")
	}
	if text := describeNamed(within, f.name); text != "" {
		return text
	}
	if row, ok := w.rows[path]; ok {
		return markdownLink.ReplaceAllString(row.meaning, "$1")
	}
	if row, ok := w.rows[listOfOne.Replace(path)]; ok {
		return markdownLink.ReplaceAllString(row.meaning, "$1")
	}
	return cmpText(objects[plainPath(path)], describeNamed("range", f.name)) // of a range only its two ends have no row
}

// listOfOne is the path of a field in a list whose only member may stand without
// it.
var listOfOne = strings.NewReplacer("].placement.", "].placement[].")

// plainPath is a path of the reference without its marks for members.
func plainPath(path string) string { return strings.NewReplacer("[]", "", ".*", "").Replace(path) }

func cmpText(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// byDefault is the value of a field that is left out, where it is one value.
func (w *schemaWriter) byDefault(f *fieldShape, within, path string) (any, bool) {
	text := w.rows[path].byDefault
	if within == "env" {
		known, _ := model.LookupVariable(f.name)
		return known.Default, known.Default != ""
	}
	value, ok := strings.CutPrefix(text, "`")
	value, closed := strings.CutSuffix(value, "`")
	switch {
	case text == "true" || text == "false":
		return text == "true", true
	case !ok || !closed || strings.Contains(value, "`"):
		return nil, false
	case value == "true" || value == "false":
		return value == "true", true
	case strings.HasPrefix(value, "{"):
		return nil, false
	}
	if n, err := strconv.ParseInt(value, 10, 64); err == nil {
		return n, true
	}
	return value, true
}

// merge is what a value may be on either platform.
func merge(a, b *shape) *shape {
	switch {
	case a == nil || a.refused && !b.refused:
		return b
	case b == nil || b.refused:
		return a
	}
	out := *a
	for _, word := range b.words {
		if !slices.Contains(out.words, word) {
			out.words = append(slices.Clone(out.words), word)
		}
	}
	if len(a.union) == len(b.union) {
		out.union = nil
		for i := range a.union {
			out.union = append(out.union, merge(a.union[i], b.union[i]))
		}
	}
	if a.item != nil {
		out.item = merge(a.item, b.item)
	}
	if a.others != nil {
		out.others = merge(a.others, b.others)
	}
	out.fields = nil
	for _, f := range a.fields {
		out.fields = append(out.fields, mergeField(f, b.field(f.name)))
	}
	for _, f := range b.fields {
		if a.field(f.name) == nil {
			out.fields = append(out.fields, f)
		}
	}
	return &out
}

func mergeField(a, b *fieldShape) *fieldShape {
	if b == nil {
		return a
	}
	return &fieldShape{name: a.name, required: a.required && b.required, shape: *merge(&a.shape, &b.shape)}
}

// narrower is what one platform refuses of what either may have; empty if
// nothing.
func narrower(own, both *shape) jsonObject {
	o := jsonObject{}
	properties := jsonObject{}
	for _, f := range both.fields {
		mine := own.field(f.name)
		var less jsonObject
		switch {
		case mine == nil || mine.refused && !mine.zero:
			less = jsonObject{{"type", "null"}}
		case mine.refused:
			less = jsonObject{{"enum", []any{0, nil}}}
		default:
			less = narrower(&mine.shape, &f.shape)
		}
		if len(less) > 0 {
			properties = append(properties, jsonMember{f.name, less})
		}
	}
	if len(properties) > 0 {
		o = append(o, jsonMember{"properties", properties})
	}
	if own.item != nil && both.item != nil {
		if less := narrower(own.item, both.item); len(less) > 0 {
			o = append(o, jsonMember{"items", less})
		}
	}
	if len(own.words) > 0 && len(own.words) < len(both.words) {
		words := []any{}
		for _, word := range own.words {
			words = append(words, word)
		}
		o = append(o, jsonMember{"enum", append(words, nil)})
	}
	return o
}
