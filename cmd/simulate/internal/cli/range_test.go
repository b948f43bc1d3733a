package cli

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSpan(t *testing.T) {
	for _, tt := range []struct {
		text    string
		in, out []int
	}{
		{"2..8", []int{2, 8}, []int{1, 9}},
		{"8..", []int{8, 1 << 30}, []int{7}},
		{"..8", []int{0, 8}, []int{9}},
		{"4", []int{4}, []int{3, 5}},
		{"0", []int{0}, []int{1}},
		{"..0", []int{0}, []int{1}},
	} {
		s := span{read: wholeNumber}
		require.NoError(t, s.Set(tt.text))
		require.Equal(t, tt.text, s.String())
		for _, n := range tt.in {
			require.True(t, s.has(n), "%d in %s", n, tt.text)
		}
		for _, n := range tt.out {
			require.False(t, s.has(n), "%d in %s", n, tt.text)
		}
	}
	require.True(t, (&span{}).has(5))
	for _, text := range []string{"", "..", "3..2", "a..b", "-1", "1..2..3", "1.5", "99999999999"} {
		s := span{read: wholeNumber}
		require.Error(t, s.Set(text), text)
		require.False(t, s.set)
	}
}

func TestMebibytes(t *testing.T) {
	for text, want := range map[string]int{"8Gi": 8192, "512Mi": 512, "0.5Gi": 512, "1Ti": 1 << 20, "1k": 1, "1G": 954} {
		n, err := mebibytes(text)
		require.NoError(t, err, text)
		require.Equal(t, want, n, text)
	}
	for _, text := range []string{"8", "8.5", "1e9", "Gi", "-1Gi", "8GB", ""} {
		_, err := mebibytes(text)
		require.Error(t, err, text)
	}
}

// Prices are compared as whole millionths.
func TestPrice(t *testing.T) {
	for text, want := range map[string]int64{"0.096": 96_000, "1": 1_000_000, "$2.5": 2_500_000, ".5": 500_000, "0": 0, "0.000001": 1, "12.": 12_000_000} {
		var p price
		require.NoError(t, p.Set(text), text)
		require.Equal(t, price{want, true, text}, p)
	}
	for _, text := range []string{"", ".", "$", "0.0000001", "-1", "1.-5", "1e3", "99999999999999999999"} {
		var p price
		require.Error(t, p.Set(text), text)
		require.Equal(t, price{}, p)
	}
}
