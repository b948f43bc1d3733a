package view

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/goccy/go-yaml"
)

// YAML writes the document that JSON writes, as YAML: the same fields in the
// same order.
func YAML(w io.Writer, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	out, err := yaml.JSONToYAML(b.Bytes())
	if err != nil {
		return err
	}
	_, err = w.Write(out)
	return err
}
