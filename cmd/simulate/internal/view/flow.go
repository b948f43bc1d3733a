package view

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
)

// Flow writes a value as YAML in flow style on one line: the fields that JSON
// has, in the same order. Where a line within a list would pass width, it goes
// on in the next, indented.
func Flow(v any, indent, width int) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", err
	}
	d := json.NewDecoder(&b)
	d.UseNumber()
	f := flowWriter{d: d, indent: indent, width: width, column: indent}
	err := f.value()
	return f.text.String(), err
}

type flowWriter struct {
	d                     *json.Decoder
	text                  strings.Builder
	indent, width, column int
}

func (f *flowWriter) write(text string) {
	f.text.WriteString(text)
	f.column += len(text)
}

func (f *flowWriter) value() error {
	t, err := f.d.Token()
	if err != nil {
		return err
	}
	open, ok := t.(json.Delim)
	if !ok {
		f.write(flowScalar(t))
		return nil
	}
	f.write(open.String())
	for i := 0; f.d.More(); i++ {
		if i > 0 {
			f.separate()
		}
		if open == '{' {
			key, err := f.d.Token()
			if err != nil {
				return err
			}
			f.write(scalar(key) + ": ")
		}
		if err := f.value(); err != nil {
			return err
		}
	}
	closing, err := f.d.Token()
	if err != nil {
		return err
	}
	f.write(closing.(json.Delim).String())
	return nil
}

// plainNumbers are an address, a block, a quantity: text to every reader of
// YAML although it begins with a digit.
var plainNumbers = regexp.MustCompile(`^([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+(/[0-9]+)?|[0-9]+(m|Mi|%))$`)

func flowScalar(t json.Token) string {
	if text, ok := t.(string); ok && plainNumbers.MatchString(text) {
		return text
	}
	return scalar(t)
}

// separate goes on after a member, in a new line where this one is full.
func (f *flowWriter) separate() {
	if f.column < f.width {
		f.write(", ")
		return
	}
	f.text.WriteString(",\n" + strings.Repeat(" ", f.indent))
	f.column = f.indent
}
