package view_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
	"vpcsim/sim/replay/logtest"
)

func document(t *testing.T, l *logtest.Log) map[string]any {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, view.JSON(&b, view.Document(fold(t, l))))
	var doc map[string]any
	require.NoError(t, json.Unmarshal(b.Bytes(), &doc))
	return doc
}

// at follows keys and indices into a decoded document.
func at(t *testing.T, doc any, path ...any) any {
	t.Helper()
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, ok := doc.(map[string]any)
			require.True(t, ok, "%v of %v", step, path)
			require.Contains(t, m, step)
			doc = m[step]
		case int:
			doc = doc.([]any)[step]
		}
	}
	return doc
}

// keys are the names of an object's fields, in the order written.
func keys(t *testing.T, raw []byte, path ...string) []string {
	t.Helper()
	for _, p := range path {
		var m map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(raw, &m))
		raw = m[p]
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) == nil {
			raw = list[0]
		}
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	_, err := d.Token()
	require.NoError(t, err)
	var out []string
	for d.More() {
		k, err := d.Token()
		require.NoError(t, err)
		out = append(out, k.(string))
		var skip json.RawMessage
		require.NoError(t, d.Decode(&skip))
	}
	return out
}

// The names of fields are a promise.
func TestFieldsOfTheDocument(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, view.JSON(&b, view.Document(fold(t, full()))))
	for path, want := range map[string]string{
		"":                            "apiVersion kind scenario endMs endedBy summary exhaustion nodes subnets leaked pods expectations",
		"scenario":                    "name seed digest",
		"summary":                     "pods nodes enis addresses ec2Calls ec2CallsOverTime",
		"summary.pods":                "created running pending gone failedAttempts startLatencyMs timeToIPMs waitMs lastAddressedMs lastReadyMs",
		"summary.ec2CallsOverTime":    "bucketMs calls throttled",
		"summary.pods.startLatencyMs": "p50 p90 p99 max",
		"summary.addresses":           "total assigned cooling free",
		"exhaustion":                  "kind scope name firstPod firstMs lastMs pods podMs reason cappedBy message numbers remedy",
		"nodes":                       "name instanceType subnet maxPods enis branches totals",
		"nodes.totals":                "total assigned available cooling",
		"nodes.enis":                  "device kind subnet securityGroups primaryAddress excluded addresses prefixes",
		"nodes.enis.addresses":        "address state pod coolUntilMs",
		"subnets":                     "name cidr usable used free reservedFree freePrefixes largestFree",
		"pods":                        "name workload node phase address device createdMs boundMs addressedMs failedAttempts",
	} {
		var steps []string
		if path != "" {
			steps = strings.Split(path, ".")
		}
		require.Equal(t, strings.Fields(want), keys(t, b.Bytes(), steps...), path)
	}
}

func TestDocumentOfAFullNode(t *testing.T) {
	doc := document(t, full())
	require.Equal(t, "vpcsim/v1", at(t, doc, "apiVersion"))
	require.Equal(t, "Run", at(t, doc, "kind"))
	require.EqualValues(t, 360_000, at(t, doc, "endMs"))
	require.Equal(t, map[string]any{"total": 27., "assigned": 27., "cooling": 0., "free": 0.}, at(t, doc, "summary", "addresses"))
	require.EqualValues(t, 27, at(t, doc, "summary", "pods", "running"))
	require.EqualValues(t, 3, at(t, doc, "summary", "pods", "pending"))
	require.EqualValues(t, 3, at(t, doc, "summary", "enis"))
	require.EqualValues(t, 2, at(t, doc, "summary", "ec2Calls", "CreateNetworkInterface"))
	require.EqualValues(t, 11_500, at(t, doc, "summary", "pods", "startLatencyMs", "max"))

	lag, maxPods := at(t, doc, "exhaustion", 0), at(t, doc, "exhaustion", 1)
	require.EqualValues(t, 12_000, at(t, lag, "lastMs"))
	require.Nil(t, at(t, maxPods, "lastMs"), "to the end")
	require.EqualValues(t, 3, at(t, maxPods, "pods"))

	pending := at(t, doc, "pods", 29)
	require.Equal(t, "Pending", at(t, pending, "phase"))
	for _, field := range []string{"node", "address", "device", "boundMs", "addressedMs"} {
		require.Nil(t, at(t, pending, field), field)
	}
	require.EqualValues(t, 30, at(t, doc, "subnets", 0, "used"), "27 and three primary ones")
}

func TestDocumentOfPrefixesAndCooling(t *testing.T) {
	doc := document(t, prefixes())
	p := at(t, doc, "nodes", 0, "enis", 0, "prefixes", 0)
	require.Equal(t, "10.0.0.32/28", at(t, p, "prefix"))
	require.Len(t, at(t, p, "addresses"), 16)
	require.Equal(t, map[string]any{
		"address": "10.0.0.32", "state": "cooling", "pod": "web-21", "coolUntilMs": 51_000.,
	}, at(t, p, "addresses", 0))
	require.Equal(t, map[string]any{
		"address": "10.0.0.33", "state": "free", "pod": nil, "coolUntilMs": nil,
	}, at(t, p, "addresses", 1))
	require.Equal(t, map[string]any{"total": 64., "assigned": 21., "available": 43., "cooling": 1.}, at(t, doc, "nodes", 0, "totals"))
	require.EqualValues(t, 22, at(t, doc, "summary", "pods", "created"), "the deleted one included")
	require.Len(t, at(t, doc, "pods"), 21)
}

// Null is said of what doesn't apply, never of a list.
func TestListsAreNeverNull(t *testing.T) {
	l := new(logtest.Log).Start("empty")
	l.Add("", sim.ExhaustionBegan{ID: 1, Kind: sim.KindMaxPods, Scope: "cluster"})
	doc := document(t, l.End("settled"))
	for _, list := range []string{"nodes", "subnets", "pods", "expectations"} {
		require.Equal(t, []any{}, at(t, doc, list), list)
	}
	require.Equal(t, map[string]any{}, at(t, doc, "exhaustion", 0, "numbers"))
	require.Equal(t, map[string]any{}, at(t, doc, "summary", "ec2Calls"))
	require.Nil(t, at(t, doc, "summary", "pods", "timeToIPMs"))

	eni := at(t, document(t, idle()), "nodes", 0, "enis", 0)
	require.Equal(t, []any{}, at(t, eni, "prefixes"))
	require.Equal(t, []any{}, at(t, eni, "securityGroups"))
	require.Equal(t, []any{}, at(t, document(t, idle()), "nodes", 0, "branches"))
}

func TestTerminatedNodesAreInTheLogOnly(t *testing.T) {
	l := idle()
	l.Events = l.Events[:len(l.Events)-1]
	l.Add("", sim.PodDeleted{Pod: "web-0"})
	l.Add("workers-0", sim.PodReleased{Pod: "web-0", Reason: replay.ReleasedTerminated}, sim.NodeTerminated{})
	doc := document(t, l.End("settled"))
	require.Empty(t, at(t, doc, "nodes"))
	require.EqualValues(t, 0, at(t, doc, "summary", "nodes"))
	require.EqualValues(t, 0, at(t, doc, "summary", "addresses", "total"))
}

func TestYAMLIsTheSameDocument(t *testing.T) {
	for name, l := range logs {
		var asYAML bytes.Buffer
		require.NoError(t, view.YAML(&asYAML, view.Document(fold(t, l()))))
		back, err := yaml.YAMLToJSON(asYAML.Bytes())
		require.NoError(t, err)
		var got map[string]any
		require.NoError(t, json.Unmarshal(back, &got))
		require.Equal(t, document(t, l()), got, name)
	}
}

// Names that YAML would read as something else stay text.
func TestYAMLQuotesWhatIsNotText(t *testing.T) {
	var b bytes.Buffer
	in := map[string]string{"a": "yes", "b": "12", "c": "null", "d": "1e3", "e": "x: y", "f": "- z", "g": "", "h": "two\nlines", "i": "2026-01-01"}
	require.NoError(t, view.YAML(&b, in))
	var out map[string]string
	require.NoError(t, yaml.Unmarshal(b.Bytes(), &out), b.String())
	require.Equal(t, in, out)
}

func TestCSVHasARowAPod(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, view.CSV(&b, fold(t, full())))
	rows, err := csv.NewReader(&b).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 1+30)
	require.Equal(t, []string{"web-0", "web", "workers-0", "Running", "10.0.0.5", "0", "500", "500", "500", "0"}, rows[1])
	require.Equal(t, []string{"web-29", "web", "", "Pending", "", "", "60000", "", "", "0"}, rows[30])
}

func TestLinesAreTheLog(t *testing.T) {
	var b bytes.Buffer
	w := view.NewLines(&b)
	for _, e := range full().Events {
		require.NoError(t, w.Apply(e))
	}
	require.NoError(t, w.Flush())
	i := 0
	for e, err := range replay.Decode(&b) {
		require.NoError(t, err)
		require.Equal(t, full().Events[i], e)
		i++
	}
	require.Equal(t, len(full().Events), i)
}

func BenchmarkYAML(b *testing.B) {
	var s replay.State
	l := new(logtest.Log).Start("big", "10.0.0.0/16")
	for i := range 1000 {
		name := model.NodeName(fmt.Sprintf("n-%d", i))
		first := logtest.Nth(netip.MustParsePrefix("10.0.0.0/16"), 10*i+10)
		l.Node(name, first.String(), 3, 9, warmENI)
		l.Assign(name, 0, logtest.Run(first.Next().String(), 9)...).Ready(name)
	}
	for _, e := range l.Events {
		if err := s.Apply(e); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if err := view.YAML(new(bytes.Buffer), view.Document(&s)); err != nil {
			b.Fatal(err)
		}
	}
}
