package sweep_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/cmd/simulate/internal/metrics"
	"vpcsim/cmd/simulate/internal/sweep"
)

const api = "vpcsim/v1"

// shard has its part of a sweep of five runs.
func shard(t require.TestingT, index, shards int) *sweep.Shard {
	p := planOf(5)
	s := &sweep.Shard{APIVersion: api, Kind: sweep.ShardKind, Version: "v1", Sweep: sweep.Identity("v1", p, nil), Index: index, Shards: shards, Plan: p}
	for run := range p.Runs() {
		if sweep.Has(run, index, shards) {
			s.Rows = append(s.Rows, sweep.Row{Run: run, Numbers: numbers(t, map[string]int64{"ec2.calls": int64(run)})})
		}
	}
	return s
}

func text(t require.TestingT, shards ...*sweep.Shard) string {
	var b bytes.Buffer
	for _, s := range shards {
		require.NoError(t, s.Write(&b))
	}
	return b.String()
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	// More parts than runs: some have none.
	all := []*sweep.Shard{shard(t, 1, 7), shard(t, 6, 7)}
	got, err := sweep.ReadShards(strings.NewReader(text(t, all...)), api)
	require.NoError(t, err)
	require.Len(t, got, 2)
	require.Equal(t, all[0].Plan, got[0].Plan)
	require.Equal(t, all[0].Rows, got[0].Rows)
	require.Empty(t, got[1].Rows)
}

func TestShardsThatAreNoGood(t *testing.T) {
	good := text(t, shard(t, 0, 2))
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "it is empty"},
		{"cut", good[:len(good)/2], "it ends in the middle of a shard"},
		{"cut at its last line", strings.TrimSuffix(good, "]}\n"), "it ends in the middle of a shard"},
		{"something else", "hello", "it is no shard of a sweep"},
		{"a scenario", "apiVersion: vpcsim/v1\nvpc: {}\n", "it is no JSON; sweep writes shards with --shard i/n or --shards n"},
		{"something behind", good + "hello", "what comes after its first shards is no JSON"},
		{"a list", "[1]", "apiVersion vpcsim/v1 and kind SweepShard are expected"},
		{"a run", `{"apiVersion":"vpcsim/v1","kind":"Run"}`, "its kind is Run"},
		{"another API", strings.Replace(good, api, "vpcsim/v2", 1), "apiVersion vpcsim/v1 and kind"},
		{"a field too many", strings.Replace(good, `"shard":0`, `"shard":0,"colour":1`, 1), "written by v1"},
		{"too few numbers", strings.Replace(good, `"values":[1,`, `"values":[`, 1), "numbers of a run, not "},
		{"no such part", strings.Replace(good, `"shard":0`, `"shard":2`, 1), "shard 2 of 2, which there is not"},
		{"no parts", strings.Replace(good, `"shards":2`, `"shards":0`, 1), "shard 0 of 0, which there is not"},
		{"another part's runs", strings.Replace(good, `"shard":0`, `"shard":1`, 1), "has run 0 where 1 is expected"},
		{"a run too few", strings.Replace(good, `{"run":4,`, `{"run":6,`, 1), "has run 6 where 4 is expected"},
		{"nothing to vary", strings.Replace(good, `[{"path":"x","values":["a","b","c","d","e"]}]`, `[]`, 1), "nothing to vary"},
		{"no values", strings.Replace(good, `["a","b","c","d","e"]`, `[]`, 1), "x has no values"},
		{"fewer values", strings.Replace(good, `["a","b","c","d","e"]`, `["a"]`, 1), "has run 2 where 2 is expected"},
		{"more values", strings.Replace(good, `["a","b","c","d","e"]`, `["a","b","c","d","e","f","g"]`, 1), "ends before run 6"},
	} {
		_, err := sweep.ReadShards(strings.NewReader(c.text), api)
		require.ErrorContains(t, err, c.want, c.name)
	}
}

func TestOnlyAllShardsOfOneSweepAreMerged(t *testing.T) {
	from := func(name string, s *sweep.Shard) sweep.Source { return sweep.Source{Name: name, Shard: s} }
	a, b, c := from("a", shard(t, 0, 3)), from("b", shard(t, 1, 3)), from("c", shard(t, 2, 3))

	plan, runs, err := sweep.Merge([]sweep.Source{c, a, b}, "v1")
	require.NoError(t, err)
	require.Equal(t, a.Plan, plan)
	calls, _ := metrics.Find("ec2.calls")
	for i, r := range runs {
		require.EqualValues(t, i, r.Get(calls).N)
	}

	other := shard(t, 2, 3)
	other.Plan.Dimensions = []sweep.Dimension{{Path: "x", Values: []string{"a", "b", "c", "d", "z"}}}
	other.Sweep = "other"
	changed := shard(t, 2, 3)
	changed.Sweep = "other"
	judged := shard(t, 2, 3)
	judged.Sweep, judged.Plan.Require = "other", []string{"ec2.calls<=1"}
	old := shard(t, 2, 3)
	old.Version = "v0"
	for want, sources := range map[string][]sweep.Source{
		"shard 1 is missing of 0 … 2":                             {a, c},
		"shards 1, 2 are missing of 0 … 2":                        {a},
		"shard 1 is there twice: b and d":                         {a, b, from("d", shard(t, 1, 3)), c},
		"a is of a sweep in 3 shards, e of the same in 2":         {a, b, c, from("e", shard(t, 0, 2))},
		"a and f are of different sweeps: the values of x differ": {a, b, from("f", other)},
		"a and f are of different sweeps: the scenario, or":       {a, b, from("f", changed)},
		"--metrics, --objective or --require differ":              {a, b, from("f", judged)},
		"g was written by version v0, and this is v1":             {a, b, from("g", old)},
		"and 89 more are missing of 0 … 99":                       {from("h", shard(t, 3, 100))},
	} {
		_, _, err := sweep.Merge(sources, "v1")
		require.ErrorContains(t, err, want)
	}
}

// Whatever is read is refused or understood.
func FuzzReadShards(f *testing.F) {
	f.Add(text(f, shard(f, 0, 2)))                                                                                    // a whole one
	f.Add(text(f, shard(f, 0, 2), shard(f, 1, 2)))                                                                    // two after one another
	f.Add(`{"apiVersion":"vpcsim/v1","kind":"SweepShard","shards":9223372036854775807,"plan":{"seeds":{"count":9}}}`) // numbers at their end
	f.Fuzz(func(t *testing.T, in string) {
		shards, err := sweep.ReadShards(strings.NewReader(in), api)
		if err != nil {
			return
		}
		var sources []sweep.Source
		for _, s := range shards {
			sources = append(sources, sweep.Source{Name: "x", Shard: s})
		}
		plan, runs, err := sweep.Merge(sources, shards[0].Version)
		if err == nil {
			require.Len(t, runs, plan.Runs())
			_, _ = sweep.Judge(plan, runs) // goals may be nonsense
		}
	})
}
