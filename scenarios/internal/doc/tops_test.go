package doc

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The keys at the top of each document, whatever is below them.
func TestTops(t *testing.T) {
	for _, c := range []struct {
		text string
		want []map[string]string
	}{
		{"", nil},
		{"- a\n", nil},
		{"a: {b: 1}\n", []map[string]string{{"a": ""}}},
		{"apiVersion: v1\n'kind': \"Pod\"\n---\nvpc: [1]\nx: *y\n", []map[string]string{{"apiVersion": "v1", "kind": "Pod"}, {"vpc": "", "x": ""}}},
		{`{"vpc": {"nodeGroups": 1}, "seed": 3}`, []map[string]string{{"vpc": "", "seed": "3"}}},
	} {
		got, err := Tops([]byte(c.text))
		require.Nil(t, err, c.text)
		require.Equal(t, c.want, got, c.text)
	}
	for _, text := range []string{"a: [1", "a: " + strings.Repeat("[", 10_000), "a: \x01"} {
		_, err := Tops([]byte(text))
		require.NotNil(t, err, text[:4])
	}
}
