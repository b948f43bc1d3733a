package view

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"strings"
)

// YAML writes the document that JSON writes, as YAML: the same fields in the
// same order. It goes from token to token: building a tree of a thousand nodes
// takes longer than running them.
func YAML(w io.Writer, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	d := json.NewDecoder(&b)
	d.UseNumber()
	y := yamlWriter{d: d, w: bufio.NewWriter(w)}
	if err := y.value(0, "", ""); err != nil {
		return err
	}
	return y.w.Flush()
}

// yamlWriter writes the tokens of a JSON document as YAML.
type yamlWriter struct {
	d *json.Decoder
	w *bufio.Writer
}

// value writes the next value: a scalar after inline, the first member of a
// collection that isn't empty after block, the others indented.
func (y *yamlWriter) value(indent int, inline, block string) error {
	t, err := y.d.Token()
	if err != nil {
		return err
	}
	switch t {
	case json.Delim('{'):
		return y.members(indent, inline, block, "{}", y.field)
	case json.Delim('['):
		return y.members(indent, inline, block, "[]", y.item)
	}
	y.w.WriteString(inline + scalar(t) + "\n") // an error shows at Flush
	return nil
}

// members writes what is in an object or a list.
func (y *yamlWriter) members(indent int, inline, block, empty string, member func(int) error) error {
	if !y.d.More() {
		y.w.WriteString(inline + empty + "\n")
	}
	margin := block
	for y.d.More() {
		y.w.WriteString(margin)
		if err := member(indent); err != nil {
			return err
		}
		margin = strings.Repeat(" ", indent)
	}
	_, err := y.d.Token() // the closing bracket
	return err
}

func (y *yamlWriter) field(indent int) error {
	key, err := y.d.Token()
	if err != nil {
		return err
	}
	y.w.WriteString(scalar(key) + ":")
	return y.value(indent+2, " ", "\n"+strings.Repeat(" ", indent+2))
}

func (y *yamlWriter) item(indent int) error {
	y.w.WriteString("-")
	return y.value(indent+2, " ", " ")
}

// plainText is text that no reader of YAML takes for anything else: it begins
// with a letter, and words that mean something are not among it.
var (
	plainText = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*$`)
	meaning   = regexp.MustCompile(`(?i)^(y|n|yes|no|on|off|true|false|null)$`)
)

// scalar writes a token; text that needs quotes as JSON has it, which YAML
// reads alike.
func scalar(t json.Token) string {
	switch t := t.(type) {
	case nil:
		return "null"
	case json.Number:
		return t.String()
	case bool:
		if t {
			return "true"
		}
		return "false"
	case string:
		if plainText.MatchString(t) && !meaning.MatchString(t) {
			return t
		}
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		_ = e.Encode(t) // text can always be encoded
		return strings.TrimSuffix(b.String(), "\n")
	}
	return ""
}
