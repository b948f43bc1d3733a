package cli_test

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/cmd/simulate/internal/cli"
	"vpcsim/model"
)

// document runs a command for its structured form.
func document(t *testing.T, command string) map[string]any {
	t.Helper()
	a, out, errs := app(command + " -o json -q")
	require.Equal(t, cli.ExitOK, a.Run(context.Background()), errs.String())
	require.Empty(t, errs.String())
	var doc map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &doc))
	return doc
}

// field follows a path of names separated by dots.
func field(t *testing.T, v any, path string) any {
	t.Helper()
	for name := range strings.SplitSeq(path, ".") {
		members, ok := v.(map[string]any)
		require.True(t, ok, path)
		require.Contains(t, members, name, path)
		v = members[name]
	}
	return v
}

func TestPublishedExamples(t *testing.T) {
	data, err := os.ReadFile("testdata/examples.json")
	require.NoError(t, err)
	var file struct {
		Examples []struct {
			ID, Source string
			Checks     []struct {
				Command  string
				Expected map[string]any
			}
		}
	}
	require.NoError(t, json.Unmarshal(data, &file))
	require.NotEmpty(t, file.Examples)
	for _, e := range file.Examples {
		t.Run(e.ID, func(t *testing.T) {
			for _, c := range e.Checks {
				types := document(t, c.Command)["types"].([]any)
				require.NotEmpty(t, c.Expected)
				for path, want := range c.Expected {
					require.Equal(t, want, field(t, types[0], path), "%s: %s (%s)", c.Command, path, e.Source)
				}
			}
		})
	}
}

// 1,391 types have a published number of pods.
func TestMaxPodsOfAllTypesAreThePublishedOnes(t *testing.T) {
	doc := document(t, "max-pods --all")
	require.Equal(t, "vpcsim/v1", doc["apiVersion"])
	require.Equal(t, "MaxPodsList", doc["kind"])
	var names []string
	got := map[string]float64{}
	for _, item := range doc["types"].([]any) {
		name := field(t, item, "instanceType").(string)
		names = append(names, name)
		got[name] = field(t, item, "maxPods").(float64)
	}
	require.True(t, slices.IsSorted(names))
	compared := 0
	for _, it := range model.InstanceTypes() {
		require.Contains(t, got, it.Name)
		if it.MaxPodsSecondaryIP > 0 {
			compared++
			require.Equal(t, float64(it.MaxPodsSecondaryIP), got[it.Name], it.Name)
		}
	}
	require.Equal(t, 1391, compared)
	require.Len(t, names, len(got))
}

// What instance-types shows per mode is what max-pods answers with its flags.
func TestInstanceTypesAgreesWithMaxPods(t *testing.T) {
	numbers := map[string]map[string]any{}
	for _, item := range document(t, "instance-types")["types"].([]any) {
		numbers[field(t, item, "instanceType").(string)] = field(t, item, "maxPods").(map[string]any)
	}
	for command, name := range map[string]string{
		"max-pods --all":                     "secondaryIP",
		"max-pods --all --prefix-delegation": "prefixDelegation",
		"max-pods --all --custom-networking": "customNetworking",
	} {
		items := document(t, command)["types"].([]any)
		require.Len(t, items, len(numbers))
		for _, item := range items {
			require.Equal(t, field(t, item, "maxPods"), numbers[field(t, item, "instanceType").(string)][name], command)
		}
	}
}

// Sorting goes by what is listed, unknown prices last.
func TestSortByPricePerPod(t *testing.T) {
	last := 0.0
	for _, item := range document(t, "instance-types --prefix-delegation --sort price-per-pod")["types"].([]any) {
		price, known := field(t, item, "usdPerPodAddressMonth").(float64)
		if !known {
			price = math.Inf(1)
		}
		require.GreaterOrEqual(t, price, last, item)
		last = price
	}
	require.True(t, math.IsInf(last, 1))
}
