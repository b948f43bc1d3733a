package scenarios

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

func TestMaxPodsExpression(t *testing.T) {
	large, found := model.LookupInstanceType("m5.large")
	require.True(t, found)
	for _, tt := range []struct {
		expression string
		want       int
		note       string
	}{
		{"(default_enis - 1) * (ips_per_eni - 1) + 2", 20, ""},
		{"max_pods", 29, ""},
		{"vcpus * 20", 40, ""},
		{"vcpus > 30 ? 250 : 110", 110, ""},
		{"1", 1, ""},
		{"0", 29, "the expression gives 0 on m5.large; the standard 29 holds"},
		{"-1", 29, "the expression gives -1 on m5.large; the standard 29 holds"},
		{"1 / (vcpus - 2)", 29, "the expression fails on m5.large (division by zero); the standard 29 holds"},
		{"100000", 100_000, ""},
	} {
		t.Run(tt.expression, func(t *testing.T) {
			e, err := ParseMaxPodsExpression(tt.expression)
			require.NoError(t, err)
			require.Equal(t, tt.expression, e.String())
			n, note, err := e.MaxPods(large, 29)
			require.NoError(t, err)
			require.Equal(t, tt.want, n)
			require.Equal(t, tt.note, note)
		})
	}
	e, err := ParseMaxPodsExpression("vcpus + max_pods")
	require.NoError(t, err)
	require.True(t, e.Names("vcpus"))
	require.True(t, e.Names("max_pods"))
	require.False(t, e.Names("default_enis"))
	e, err = ParseMaxPodsExpression("100001")
	require.NoError(t, err)
	_, _, err = e.MaxPods(large, 29)
	require.EqualError(t, err, "the expression gives 100001 on m5.large; at most 100000")
}

func TestMistakesInAMaxPodsExpression(t *testing.T) {
	for text, want := range map[string]string{
		"(default_enis":                 "Syntax error: missing ')' at '<EOF>' (line 1, column 14 of the expression)",
		"enis + ips":                    "undeclared reference to 'ips' (did you mean 'ips_per_eni'?) (line 1, column 8 of the expression)",
		"max_pods > 1":                  "the expression gives bool; it must give a whole number (int)",
		strings.Repeat("1+", 500) + "1": "the expression has more than 1000 characters",
	} {
		_, err := ParseMaxPodsExpression(text)
		require.ErrorContains(t, err, want)
	}
}
