package explain

import (
	"bytes"
	"fmt"
	"math/rand"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"vpcsim/cmd/simulate/internal/eventful"
	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/model"
	"vpcsim/scenarios"
	"vpcsim/sim"
	"vpcsim/sim/replay"
	"vpcsim/sim/rules"
)

// playOf plays a run as the command does.
func playOf(cfg sim.Config) Play {
	return func(take func(sim.Event, *replay.State) error) (*replay.State, error) {
		var s replay.State
		err := sim.Run(cfg, func(e sim.Event) error {
			if err := take(e, &s); err != nil {
				return err
			}
			return s.Apply(e)
		})
		return &s, err
	}
}

// load loads a scenario's text.
func load(t *testing.T, text string) sim.Config {
	t.Helper()
	sc, err := scenarios.Load("test.yaml", []byte(text), scenarios.Options{})
	require.NoError(t, err)
	return sc.Config()
}

// sound checks what holds of every explanation: it has an answer, its rules are
// of the registry, and its table fits a terminal.
func sound(t *testing.T, x *view.Explanation) {
	t.Helper()
	require.NotEmpty(t, x.Answer)
	require.NotContains(t, x.Answer, "  ")
	require.NotContains(t, x.Answer, "()")
	for _, l := range x.Chain {
		require.NotEmpty(t, l.What)
		require.LessOrEqual(t, l.AtMs, l.UntilMs)
		require.LessOrEqual(t, l.UntilMs, x.Subject.AtMs)
		known(t, l.Rule)
	}
	for _, f := range append(x.State, x.Next...) {
		require.NotEmpty(t, f.Text)
		known(t, f.Rule)
	}
	if x.Cause != nil {
		require.NotEmpty(t, x.Cause.Rule)
		known(t, x.Cause.Rule)
	}
	var b bytes.Buffer
	require.NoError(t, view.ExplanationTable(&b, x, view.TableOptions{}))
	for _, line := range strings.Split(b.String(), "\n") {
		if utf8.RuneCountInString(line) > 80 {
			require.Contains(t, line, "https://", "too wide")
		}
	}
}

func known(t *testing.T, id string) {
	t.Helper()
	if id != "" {
		_, ok := rules.Find(id)
		require.True(t, ok, id)
	}
}

// samples picks pods to explain: for each cause of waiting two, and every so
// many of the others.
func samples(s *replay.State) []model.PodName {
	var out []model.PodName
	pods := s.Pods.All()
	of := map[string]int{}
	for i, p := range pods {
		key := fmt.Sprint(p.Phase, p.Reason)
		if of[key]++; of[key] <= 2 || i%(len(pods)/3+1) == 0 {
			out = append(out, p.Name)
		}
	}
	return out
}

// Whatever is asked about a run of the library is answered, at any instant; and
// the cause that is named for a pod that waits is the one that the log has.
func TestEveryPodNodeAndENIOfTheLibraryIsExplained(t *testing.T) {
	for _, entry := range scenarios.Library() {
		t.Run(entry.Name, func(t *testing.T) {
			sc, err := entry.Load(scenarios.Options{})
			require.NoError(t, err)
			explainAll(t, sc.Config())
		})
	}
}

// manyNodes is how many nodes make a run so large that less of it is explained.
const manyNodes = 50

func explainAll(t *testing.T, cfg sim.Config) {
	play := playOf(cfg)
	ask := func(target Target) *view.Explanation {
		x, err := Explain(play, target)
		require.NoError(t, err, "%+v", target)
		sound(t, x)
		return x
	}
	s, err := play(func(sim.Event, *replay.State) error { return nil })
	require.NoError(t, err)
	if len(s.Nodes) > manyNodes {
		ask(Target{Node: s.Nodes[1].Name, Device: -1})
		return
	}
	ask(Target{Device: -1})
	for _, share := range []model.Instant{0, 7, 31, 64, 97} {
		at := s.Now * share / 97 // odd, so that instants fall between what happens
		there, err := stateAt(play, at)
		require.NoError(t, err)
		ask(Target{Device: -1, At: &at})
		for _, name := range samples(there) {
			pod := there.Pods.Get(name)
			x := ask(Target{Pod: name, Device: -1, At: &at})
			if pod.Waits() && !pod.Address.IsValid() && pod.Reason != "" {
				require.NotNil(t, x.Cause, "%s at %s", name, at)
				require.Equal(t, pod.Reason, x.Cause.Kind, "%s at %s", name, at)
				require.False(t, x.Cause.Over, "%s at %s", name, at)
			}
		}
		for i, n := range there.Nodes {
			if i == 3 {
				break
			}
			ask(Target{Node: n.Name, Device: -1, At: &at})
			for _, e := range n.ENIs {
				target := Target{Node: n.Name, Device: e.Device, At: &at}
				if e.Card > 0 {
					target = Target{ENI: e.ID, Device: -1, At: &at}
				}
				require.Equal(t, string(e.ID), ask(target).Subject.Name)
			}
			for _, b := range n.Branches {
				if b.State != replay.BranchCreating {
					ask(Target{ENI: b.ENI, Device: -1, At: &at})
					break
				}
			}
		}
	}
}

// The reason for which an ENI is said to stay is the agent's: those that nothing
// keeps go at the check that is foreseen.
func TestAnENIThatNothingKeepsGoesAtTheForeseenCheck(t *testing.T) {
	cfg := load(t, `
name: grow-and-shrink
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/24}]}
nodeGroups: [{name: n, instanceType: m5.large}]
workloads: [{name: web, replicas: 15, at: 1m}]
steps: [{at: 4m, scale: {workload: web, replicas: 0}}]
`)
	play := playOf(cfg)
	_, end, err := survey(play, Target{Device: -1})
	require.NoError(t, err)
	freed := map[model.ENIID]model.Instant{}
	_, err = play(func(e sim.Event, _ *replay.State) error {
		if b, ok := e.Body.(sim.PoolFree); ok {
			freed[b.ENI] = e.At
		}
		return nil
	})
	require.NoError(t, err)
	require.NotEmpty(t, freed)
	for id, gone := range freed {
		before, early := gone-1, gone-10_000
		x, err := Explain(play, Target{ENI: id, Device: -1, At: &before})
		require.NoError(t, err)
		require.Contains(t, x.Answer, "frees it")
		require.Equal(t, view.Instant(gone), x.Next[0].Name)
		x, err = Explain(play, Target{ENI: id, Device: -1, At: &early})
		require.NoError(t, err)
		require.Contains(t, x.Answer, "It stays: ")
		x, err = Explain(play, Target{ENI: id, Device: -1})
		require.NoError(t, err)
		require.Contains(t, x.Answer, fmt.Sprintf("It went at %s: ", view.Instant(gone)))
	}
	require.Greater(t, end.Now, model.Instant((4 * time.Minute).Milliseconds()))
}

// A StatefulSet uses names again: each pod of a name has its own story.
func TestANameThatIsUsedAgainIsThePodOfTheInstant(t *testing.T) {
	play := playOf(load(t, `
name: again
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/24}]}
nodeGroups: [{name: n, instanceType: m5.large}]
workloads: [{name: db, kind: StatefulSet, replicas: 1, at: 1m}]
steps: [{at: 4m, terminate: {node: n-0}}, {at: 5m, create: {pod: late, node: n-0}}]
`))
	at := model.Instant(2 * 60_000)
	first, err := Explain(play, Target{Pod: "db-0", Device: -1, At: &at})
	require.NoError(t, err)
	require.Regexp(t, `^db-0 has 10\.0\.0\.\d+ on eni0 of n-0\. It never waited for one\.$`, first.Answer)
	require.Nil(t, first.Cause)
	second, err := Explain(play, Target{Pod: "db-0", Device: -1})
	require.NoError(t, err)
	require.Equal(t, []string{"created, for db", "no node takes it: misconfig"}, []string{second.Chain[0].What, second.Chain[1].What})
	require.Equal(t, sim.KindMisconfig, second.Cause.Kind)
	require.False(t, second.Cause.Over)

	// Both wait in one episode of the cluster, for different reasons.
	late, err := Explain(play, Target{Pod: "late", Device: -1})
	require.NoError(t, err)
	require.Equal(t, "misconfig/no-such-node", late.Cause.Rule)
	require.NotEqual(t, late.Cause.Rule, second.Cause.Rule)
}

// A pod of the state, which import writes, has made no attempt in this run; one
// that waits there makes its first.
func TestAPodFromBeforeTheRun(t *testing.T) {
	play := playOf(load(t, `
name: begun
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/24}]}
nodeGroups: [{name: n, instanceType: m5.large}]
workloads: [{name: web, replicas: 2}]
state:
  nodes: [{name: n-0, enis: [{device: 0, subnet: a, primaryAddress: 10.0.0.4, addresses: [10.0.0.5, 10.0.0.6]}]}]
  pods: [{name: web-0, workload: web, node: n-0, address: 10.0.0.6}, {name: web-1, workload: web, node: n-0}]
`))
	old, err := Explain(play, Target{Pod: "web-0", Device: -1})
	require.NoError(t, err)
	sound(t, old)
	require.Equal(t, "web-0 has 10.0.0.6 on eni0 of n-0. It had it when the run began.", old.Answer)
	require.Equal(t, "holds, from before the run, 10.0.0.6 on eni0", old.Chain[2].What)
	other, err := Explain(play, Target{Pod: "web-1", Device: -1})
	require.NoError(t, err)
	sound(t, other)
	require.Equal(t, "web-1 has 10.0.0.5 on eni0 of n-0. It never waited for one.", other.Answer)
}

// Pods of random scenarios, in which agents restart and nodes are cordoned and
// lost, are explained too.
func TestPodsOfEventfulRunsAreExplained(t *testing.T) {
	for seed := range int64(12) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			cfg := load(t, eventful.Scenario(rand.New(rand.NewSource(seed))))
			cfg.Duration = 20 * time.Minute
			explainAll(t, cfg)
		})
	}
}
