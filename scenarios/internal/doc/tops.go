package doc

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// Tops returns what the mappings at the top of a text's documents have: their
// keys, with the texts of values that are scalars. It resolves no alias.
func Tops(data []byte) ([]map[string]string, *Error) {
	if len(data) > MaxBytes {
		return nil, &Error{Pos{Line: 1, Column: 1}, fmt.Sprintf("the file has %d bytes; at most %d are read", len(data), MaxBytes)}
	}
	text := strings.TrimPrefix(string(data), byteOrderMark)
	if err := checkText(text); err != nil {
		return nil, err
	}
	file, err := parseYAML(untab(text))
	if err != nil {
		return nil, err
	}
	var tops []map[string]string
	for _, d := range file.Docs {
		switch body := d.Body.(type) {
		case *ast.MappingNode:
			tops = append(tops, keysOf(body.Values))
		case *ast.MappingValueNode:
			tops = append(tops, keysOf([]*ast.MappingValueNode{body}))
		}
	}
	return tops, nil
}

func keysOf(members []*ast.MappingValueNode) map[string]string {
	top := map[string]string{}
	for _, m := range members {
		value := ""
		_, alias := m.Value.(*ast.AliasNode)
		if scalar, ok := m.Value.(ast.ScalarNode); ok && !alias {
			value = scalar.GetToken().Value
		}
		top[m.Key.GetToken().Value] = value
	}
	return top
}
