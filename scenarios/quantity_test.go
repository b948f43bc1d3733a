package scenarios

import (
	"math/big"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestQuantitiesReadAsKubernetesReadsThem(t *testing.T) {
	tests := []struct {
		text string
		unit int
		want int64
	}{
		{"100m", -3, 100},
		{"0.5", -3, 500},
		{".5", -3, 500},
		{"1.", -3, 1000},
		{"2", -3, 2000},
		{"1.0005", -3, 1001}, // rounded up
		{"1u", -3, 1},
		{"1n", -3, 1},
		{"0n", -3, 0},
		{"1000000n", -3, 1},
		{"1000001n", -3, 2},
		{"1k", -3, 1_000_000},
		{"200Mi", 0, 200 << 20},
		{"1Gi", 0, 1 << 30},
		{"0.5Gi", 0, 1 << 29},
		{"128974848", 0, 128974848},
		{"129e6", 0, 129_000_000},
		{"129M", 0, 129_000_000},
		{"123Mi", 0, 128974848},
		{"1E", 0, 1_000_000_000_000_000_000},
		{"1E3", 0, 1000},
		{"1e-1", 0, 1},
		{"7Ei", 0, 7 << 60},
		{"1500m", 0, 2},
		{"0", 0, 0},
		{"-0", 0, 0},
		{"+3", 0, 3},
		{"0.000", 0, 0},
		{"000012", 0, 12},
		{"9223372036854775807", 0, 9223372036854775807},
	}
	for _, test := range tests {
		got, err := parseQuantity(test.text, test.unit)
		require.NoError(t, err, test.text)
		require.Equal(t, test.want, got, "%s in 10^%d", test.text, test.unit)
	}
}

func TestQuantitiesThatAreNone(t *testing.T) {
	tests := []struct {
		text string
		want error
	}{
		{"", errQuantity},
		{"m", errQuantity},
		{".", errQuantity},
		{"1.2.3", errQuantity},
		{"1 Gi", errQuantity},
		{"1gi", errQuantity},
		{"1K", errQuantity},
		{"1mm", errQuantity},
		{"1e", errQuantity},
		{"1e1.5", errQuantity},
		{"1e101", errQuantity},
		{"0x10", errQuantity},
		{"1_000", errQuantity},
		{".inf", errQuantity},
		{"--1", errQuantity},
		{"-1", errNegative},
		{"-0.1m", errNegative},
		{"8Ei", errTooLarge},
		{"9223372036854775808", errTooLarge},
		{"10E", errTooLarge},
		{"1e100", errTooLarge},
	}
	for _, test := range tests {
		_, err := parseQuantity(test.text, 0)
		require.ErrorIs(t, err, test.want, test.text)
	}
}

func TestMemoryCountsInWholeMiB(t *testing.T) {
	tests := map[string]int{"1": 1, "1Mi": 1, "1048577": 2, "200MB": 0, "200M": 191, "0": 0, "1Gi": 1024}
	for text, want := range tests {
		s, err := load(t, base+"workloads: [{name: web, requests: {memory: "+text+"}}]\n", Options{})
		if want == 0 && text != "0" {
			require.Error(t, err, text)
			continue
		}
		require.NoError(t, err, text)
		require.Equal(t, want, s.Config().Workloads[0].Pod.MemoryMiB, text)
	}
}

// FuzzQuantity compares with the obvious way: rational numbers.
func FuzzQuantity(f *testing.F) {
	// Each suffix, each way to write a fraction, and both ends of what fits.
	for _, text := range []string{"0.1Mi", "1e-3", "12.50k", ".5m", "3E", "3e3", "9223372036854775807n", "7.99Ei", "1.000000000000000001", "-0.0Ki"} {
		f.Add(text, -3)
		f.Add(text, 0)
	}
	f.Fuzz(func(t *testing.T, text string, unit int) {
		if unit < -9 || unit > 9 {
			return
		}
		got, err := parseQuantity(text, unit)
		if err != nil {
			return
		}
		want := rational(t, text)
		want.Mul(want, power(10, -unit))
		up := new(big.Int).Add(want.Num(), want.Denom())
		up.Sub(up, big.NewInt(1)).Quo(up, want.Denom())
		require.Equal(t, up.String(), strconv.FormatInt(got, 10), "%q in 10^%d", text, unit)
	})
}

func rational(t *testing.T, text string) *big.Rat {
	end := strings.LastIndexAny(text, "0123456789.") + 1
	factor := new(big.Rat)
	if binary, ok := binarySuffixes[text[end:]]; ok {
		factor = power(1024, binary)
	} else {
		factor = power(10, decimalSuffixes[text[end:]])
	}
	n, ok := new(big.Rat).SetString(text[:end])
	require.True(t, ok, text)
	return n.Mul(n, factor)
}

func power(base int64, n int) *big.Rat {
	p := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(base), big.NewInt(int64(max(n, -n))), nil))
	if n < 0 {
		p.Inv(p)
	}
	return p
}
