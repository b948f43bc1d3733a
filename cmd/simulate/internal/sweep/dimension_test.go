package sweep_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/cmd/simulate/internal/sweep"
)

// m5 is what patterns stand for here.
func m5(pattern string) ([]string, error) {
	if pattern == "m5.*" {
		return []string{"m5.large", "m5.xlarge"}, nil
	}
	return nil, errors.New("no instance type matches")
}

func TestValuesOfADimension(t *testing.T) {
	for text, want := range map[string]string{ // values separated by |
		"a=0..3":                               "0|1|2|3",
		"a=3..3":                               "3",
		"a=0..10/5":                            "0|5|10",
		"a=0..9/5":                             "0|5",
		"a=0..4/5":                             "0",
		"a=100m..300m/100m":                    "100m|200m|300m",
		"a=1..3Gi":                             "1Gi|2Gi|3Gi",
		"a=null,1,2":                           "null|1|2",
		"a= null , 1 ":                         "null|1",
		"a=b,a,b":                              "b|a",
		"a=1..3,2..4":                          "1|2|3|4",
		"a=[1,2],{x: 1, y: [2,3]}":             "[1,2]|{x: 1, y: [2,3]}",
		`a="x,y",'1..3'`:                       `"x,y"|'1..3'`,
		"a=b=c":                                "b=c",
		`a=""`:                                 `""`,
		"nodeGroups.workers.instanceType=m5.*": "m5.large|m5.xlarge",
		"nodeGroups[0].instanceType=m5.xlarge,m5.*":    "m5.xlarge|m5.large",
		"nodeGroups.workers.labels.instanceTypes=m5.*": "m5.*",
		"cni.version=v1.16.2,v1.16.4":                  "v1.16.2|v1.16.4",
	} {
		d, err := sweep.ParseDimension(text, m5)
		require.NoError(t, err, text)
		require.Equal(t, want, strings.Join(d.Values, "|"), text)
	}
}

func TestValuesThatAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"a":                          "write path=VALUES",
		"=1":                         "write path=VALUES",
		"a=":                         "a value is empty",
		"a=1,,2":                     "a value is empty",
		"a=1,":                       "a value is empty",
		"a=3..1":                     "ends before it begins",
		"a=1..3/0":                   "a step of 0",
		"a=1..x":                     "is no range",
		"a=-3..3":                    "is no range",
		"a=1...3":                    "is no range",
		"a=v1.16..v1.18":             "is no range",
		"a=10.0.0.0/24..10.0.0.0/28": "is no range",
		"a=1m..3Gi":                  "mixes units",
		"a=1m..3m/1":                 "mixes units",
		"a=0..100000":                "more than 100000 values",
		"a=0..99999,100000":          "more than 100000 values",
		"a=0..99999999999999999999":  "too large",
		"x.instanceType=c9.*":        "no instance type matches",
	} {
		_, err := sweep.ParseDimension(text, m5)
		require.ErrorContains(t, err, want, text)
	}
	d, err := sweep.ParseDimension("a=0..99999", m5)
	require.NoError(t, err)
	require.Len(t, d.Values, sweep.MaxValues)
}

func TestAPathCoversWhatIsBelowIt(t *testing.T) {
	require.True(t, sweep.Covers("a.b", "a.b"))
	require.True(t, sweep.Covers("a.b", "a.b.c"))
	require.True(t, sweep.Covers("steps[0]", "steps.0.at"))
	require.False(t, sweep.Covers("a.b.c", "a.b"))
	require.False(t, sweep.Covers("a.b", "a.bc"))
}
