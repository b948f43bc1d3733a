package scenarios

import (
	"encoding/json"

	"vpcsim/scenarios/internal/doc"
)

// ReadYAML reads a document of YAML that is no scenario, such as a Kubernetes
// manifest, within the bounds of a scenario's text: mappings are
// map[string]any, lists []any, numbers json.Number, and text, booleans and nil.
// An empty document is nil.
//
// The error is Errors. Its lines count from firstLine, for a document that does
// not begin its file.
func ReadYAML(file string, data []byte, firstLine int) (any, error) {
	d := newDecoder(file, data)
	root, mistakes := doc.Parse(data)
	for _, m := range mistakes {
		d.add(m.Pos, "", m.Message)
	}
	if err := d.sorted(); err != nil {
		for i := range d.errs {
			if d.errs[i].Line > 0 {
				d.errs[i].Line += firstLine - 1
			}
		}
		return nil, d.errs
	}
	return plainValue(root), nil
}

func plainValue(n *doc.Node) any {
	if n == nil {
		return nil
	}
	switch n.Kind {
	case doc.Map:
		m := make(map[string]any, len(n.Fields))
		for _, f := range n.Fields {
			m[f.Name] = plainValue(f.Value)
		}
		return m
	case doc.List:
		l := make([]any, len(n.Items))
		for i, item := range n.Items {
			l[i] = plainValue(item)
		}
		return l
	case doc.Number:
		if json.Valid([]byte(n.Scalar)) {
			return json.Number(n.Scalar)
		}
	case doc.Bool:
		return n.Scalar == "true" || n.Scalar == "True" || n.Scalar == "TRUE"
	case doc.Null:
		return nil
	}
	return n.Scalar
}
