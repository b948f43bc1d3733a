package scenarios

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/scenarios/expect"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// What the scenarios of the library come to: a few numbers that a reader can
// check against the summary, and the digest of the whole log, which tells that
// something changed where the numbers don't. Each is run twice, and both logs
// must have the same bytes. Each says what it shows in expectations, which hold. And
// no expectation about a text that a run has is refused.
func TestLibraryRunsAsRecorded(t *testing.T) {
	golden := func(name string) string { return filepath.Join("testdata", "library", name+".golden") }
	library := append(Library(), IncidentLibrary()...)
	shown, played := map[string]bool{}, 0
	for _, e := range library {
		t.Run(e.Name, func(t *testing.T) {
			s, err := e.Load(Options{})
			require.NoError(t, err)
			require.NotEmpty(t, s.Expect, "%s says what it shows", e.Name)
			checker := expect.NewChecker(s.Expect)
			words := wordsSeen{}
			state, digest := playTwice(t, s.Config(), checker, words)
			words.requireKnown(t, s)
			words.addTo(shown)
			played++
			for _, r := range checker.Results() {
				require.True(t, r.OK, "%s: %s\n%s %v", e.File, r.That, r.Message, r.Values)
			}
			got := goldenText(state, digest)
			if *update {
				require.NoError(t, os.WriteFile(golden(e.Name), []byte(got), 0o644))
			}
			want, err := os.ReadFile(golden(e.Name))
			require.NoError(t, err, "go test ./scenarios -run LibraryRuns -update writes it")
			require.Equal(t, string(want), got)
		})
	}
	if played == len(library) { // and not some that -run picks
		require.ElementsMatch(t, unshown, notIn(shown), "what of the declared words the library doesn't show")
	}
	files, err := os.ReadDir(filepath.Join("testdata", "library"))
	require.NoError(t, err)
	for _, f := range files {
		name := strings.TrimSuffix(f.Name(), ".golden")
		_, ok := Find(name)
		require.True(t, ok, "%s is of no scenario of the library", f.Name())
	}
}

// playTwice returns the state at the end of a run and the SHA-256 of its log
// without the program's version, and checks that a second run writes the same.
// The checker, which may be nil, sees the first, and its words are noted.
func playTwice(t *testing.T, cfg sim.Config, checker *expect.Checker, words wordsSeen) (*replay.State, string) {
	cfg.Version = ""
	state := new(replay.State)
	first := logDigest(t, cfg, func(e sim.Event) error {
		words.note(e)
		return checker.Apply(state, e)
	})
	second := logDigest(t, cfg, func(sim.Event) error { return nil })
	require.Equal(t, first, second, "two runs of the same scenario differ")
	return state, first
}

func logDigest(t *testing.T, cfg sim.Config, also func(sim.Event) error) string {
	sum := sha256.New()
	require.NoError(t, sim.Run(cfg, func(e sim.Event) error {
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		sum.Write(append(line, '\n'))
		return also(e)
	}))
	return hex.EncodeToString(sum.Sum(nil))
}

func goldenText(s *replay.State, digest string) string {
	var b strings.Builder
	line := func(title, format string, args ...any) {
		fmt.Fprintf(&b, "%-11s%s\n", title, fmt.Sprintf(format, args...))
	}
	line("ended", "%s, %s", s.Now, s.Ended.EndedBy)
	p := s.Pods.Count()
	line("pods", "%d created, %d Running, %d Pending, %d ContainerCreating, %d Succeeded; %d attempts failed",
		p.Created, p.Running, p.Pending, p.ContainerCreating, p.Succeeded, p.FailedAttempts)
	if l := s.Pods.TimeToIP; l.Count() > 0 {
		line("waits", "median %s, longest %s from bound to addressed", l.Percentile(50), l.Max())
	}
	nodes, enis := 0, 0
	for _, n := range s.Nodes {
		if !n.Gone() {
			nodes++
			enis += len(n.ENIs)
		}
	}
	a := s.Totals()
	line("nodes", "%d with %d ENIs; %d addresses: %d held, %d cooling, %d free", nodes, enis, a.Total, a.Assigned, a.Cooling, a.Free())
	for _, sn := range s.Subnets {
		st := sn.Stats()
		line("subnet", "%s: %d used, %d free, %d free /28s", sn.Name, st.Used, st.Free, st.FreePrefixes)
	}
	for _, c := range s.Calls.ByAction() {
		line("calls", "%d %s, %d refused", c.Count, c.Action, c.Refusals())
	}
	for _, k := range kindsOf(s.Episodes) {
		line("exhaustion", "%s", k)
	}
	line("log", "%d events, sha256 %s", s.Events, digest)
	return b.String()
}

// kindsOf counts the episodes by kind, in the order of their first, and the pods that
// those of a kind hit, each once.
func kindsOf(episodes []*replay.Episode) []string {
	var order []sim.Kind
	all := map[sim.Kind][]*replay.Episode{}
	open := map[sim.Kind]int{}
	for _, ep := range episodes {
		if all[ep.Kind] == nil {
			order = append(order, ep.Kind)
		}
		all[ep.Kind] = append(all[ep.Kind], ep)
		if ep.Open() {
			open[ep.Kind]++
		}
	}
	lines := make([]string, 0, len(order))
	for _, k := range order {
		lines = append(lines, fmt.Sprintf("%s: %d episodes, %d never over, %d pods", k, len(all[k]), open[k], replay.PodsHit(all[k])))
	}
	return lines
}
