package simtest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/scenarios"
	"vpcsim/sim"
)

// fake is a test that may fail: what it was told is kept.
type fake struct {
	testing.TB
	errors, logs []string
	fatal        bool
	cleanups     []func()
}

func (f *fake) Helper()                      {}
func (f *fake) Errorf(form string, a ...any) { f.errors = append(f.errors, fmt.Sprintf(form, a...)) }
func (f *fake) Fatalf(form string, a ...any) { f.Errorf(form, a...); f.fatal = true }
func (f *fake) Log(a ...any)                 { f.logs = append(f.logs, fmt.Sprint(a...)) }
func (f *fake) Cleanup(do func())            { f.cleanups = append(f.cleanups, do) }
func (f *fake) Failed() bool                 { return len(f.errors) > 0 }
func (f *fake) FailNow()                     { f.fatal = true }
func (f *fake) Name() string                 { return "fake" }
func (f *fake) end() {
	for _, do := range slices.Backward(f.cleanups) {
		do()
	}
}

func TestFailureTellsWhyAndTheTimeline(t *testing.T) {
	f := &fake{}
	run := Run(f, Library("default-secondary-ip"))
	require.True(t, run.Expect(f, "pods.running == 27"))
	require.False(t, run.Expect(f, "pods.running == 28", "pods.pending == 0"))
	require.False(t, run.Expect(f, "pods.pending < 13"))
	f.end()
	require.Len(t, f.errors, 3)
	require.True(t, strings.HasPrefix(f.errors[0], "expectation failed: pods.running == 28 (at the end, over the whole run); pods.running = 27\n    "), f.errors[0])
	require.Contains(t, f.errors[0], "exhaustion.began")
	require.Len(t, f.logs, 1, "told once")
	for _, want := range []string{
		"timeline of default-secondary-ip, seed ",
		"workers-0: 27 of 27 addresses held, 0 pods wait",
		"eni1 attached 9 addresses (warm-eni-target, total 9, assigned 9, available 0, cooling 0)",
		"eni2 filled 9 addresses",
		"last decision ",
		"max-pods cluster from ",
		"never over: 13 pods, the first was web-27",
		"27 pods Running, 13 Pending, 0 ContainerCreating; 27 addresses: 27 held, 0 cooling, 0 free",
	} {
		require.Contains(t, f.logs[0], want)
	}
}

func TestTimelineIsToldOfOtherAssertionsToo(t *testing.T) {
	f := &fake{}
	run := Run(f, Library("default-secondary-ip"))
	f.end()
	require.Empty(t, f.logs, "nothing failed")
	require.Equal(t, 27, run.Summary().Running)

	f = &fake{}
	run = Run(f, Library("default-secondary-ip"))
	require.Equal(f, 28, run.Summary().Running)
	f.end()
	require.Equal(t, []string{"\n" + run.Timeline()}, f.logs)
}

func TestStateAtAnInstant(t *testing.T) {
	run := Run(t, Library("default-secondary-ip"))
	full, err := run.At(time.Duration(run.State().Node("workers-0").History.Devices[0].FilledAt) * time.Millisecond)
	require.NoError(t, err)
	before, err := run.At(time.Duration(full.Now-1) * time.Millisecond)
	require.NoError(t, err)
	require.Equal(t, 9, full.Totals().Assigned)
	require.Equal(t, 0, before.Totals().Assigned)
	require.True(t, run.ExpectAt(t, full.Now.Sub(0), "addresses.assigned == 9"))
	require.True(t, run.ExpectAt(t, before.Now.Sub(0), "addresses.assigned == 0"))

	_, err = run.At(time.Microsecond)
	require.ErrorContains(t, err, "whole milliseconds")

	short := Run(t, Library("default-secondary-ip"), Until(10*time.Second))
	_, err = short.At(10 * time.Second)
	require.NoError(t, err)
	_, err = short.At(10*time.Second + time.Millisecond)
	require.EqualError(t, err, "the run ended at 10s, before 10.001s")
	results, err := short.CheckAt(10*time.Second+time.Millisecond, "pods.running > 0")
	require.NoError(t, err)
	require.Equal(t, "the run ended at 10s, before that instant", results[0].Message)
	require.Equal(t, model.Instant(10_000), short.State().Now)
}

// What cools does so without an event: an address given up at an instant is
// cooling 30 s later, and free a millisecond after that.
func TestCoolingEndsBetweenEvents(t *testing.T) {
	run := Run(t, Text(`
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/24}]}
nodeGroups: [{name: workers, instanceType: m5.large}]
workloads: [{name: web, replicas: 1}]
steps: [{at: 1m, scale: {workload: web, replicas: 0}}]
`))
	released := model.Never
	for e := range run.Events() {
		if e.Body.Type() == (sim.PodReleased{}).Type() {
			released = e.At
			break
		}
	}
	require.NotEqual(t, model.Never, released)
	for after, cooling := range map[time.Duration]int{29_999 * time.Millisecond: 1, 30 * time.Second: 1, 30_001 * time.Millisecond: 0} {
		s, err := run.At(released.Sub(0) + after)
		require.NoError(t, err)
		require.Equal(t, cooling, SummaryOf(s).Addresses.Cooling, after)
	}
}

func TestTimelineTellsRefusedCallsAndBackOff(t *testing.T) {
	text := Run(t, Library("two-nodes-one-27")).Timeline()
	require.Contains(t, text, "EC2 refused ")
	require.Contains(t, text, "InsufficientFreeAddressesInSubnet")
	require.Contains(t, text, "last decision 4m48.6s: pool.skip backoff, total 9, assigned 9, available 0")
	require.Contains(t, text, "subnet-ips small from 40.749s, never over: 4 pods, the first was web-19")
}

func TestLogThatIsNotKeptIsPlayedAgain(t *testing.T) {
	run := Run(t, Library("default-secondary-ip"))
	kept := slices.Collect(run.Events())
	require.NotEmpty(t, kept)
	run.log = nil
	require.Equal(t, kept, slices.Collect(run.Events()))
	require.True(t, run.Expect(t, "pods.running == 27"))
}

func TestSourcesMeanTheSame(t *testing.T) {
	text := "vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/28}]}\n" +
		"nodeGroups: [{name: workers, instanceType: m5.large}]\nworkloads: [{name: web, replicas: 12, at: 1m30s}]\n"
	path := filepath.Join(t.TempDir(), "scenario.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	built := Build(Fields{
		"vpc":        Fields{"cidrs": []string{"10.0.0.0/16"}, "subnets": []Fields{{"name": "a", "cidr": "10.0.0.0/28"}}},
		"nodeGroups": []any{map[string]any{"name": "workers", "instanceType": "m5.large"}},
		"workloads":  []Fields{{"name": "web", "replicas": 12, "at": 90 * time.Second}},
	})
	want := slices.Collect(Run(t, Text(text)).Events())
	require.Equal(t, want, slices.Collect(Run(t, File(path)).Events()))
	require.Equal(t, want, slices.Collect(Run(t, built).Events()))
}

func TestMistakesAreToldAsOfFiles(t *testing.T) {
	itself := Fields{}
	itself["vpc"] = itself
	for name, c := range map[string]struct {
		source  Source
		options []Option
		want    string
	}{
		"library": {Library("default-secondary"), nil, "no scenario default-secondary in the library (did you mean default-secondary-ip"},
		"file":    {File("testdata/no-such.yaml"), nil, "no such file"},
		"zero":    {Source{}, nil, "no source"},
		"built":   {Build(Fields{"nodeGrups": []any{}}), nil, "scenario.json:2:3: nodeGrups: unknown field (did you mean nodeGroups?)"},
		"cycle":   {Build(itself), nil, "writing the scenario"},
		"option":  {Library("default-secondary-ip"), []Option{Env("WARM_IP_TARGE=5")}, "did you mean WARM_IP_TARGET?"},
		"until":   {Library("default-secondary-ip"), []Option{Until(0)}, "must be more than 0"},
		"limit":   {Library("default-secondary-ip"), []Option{Set("limits.events=50")}, "cut short at "},
	} {
		f := &fake{}
		require.Nil(t, Run(f, c.source, c.options...), name)
		require.True(t, f.fatal, name)
		require.Len(t, f.errors, 1, name)
		require.Contains(t, f.errors[0], c.want, name)
	}
}

func TestMistakesInConditions(t *testing.T) {
	run := Run(t, Library("default-secondary-ip"), Set("nodeGroups.workers.count=2"))
	_, err := run.Check("pods.pending == 0", "pods.runing == 27")
	var mistakes scenarios.Errors
	require.ErrorAs(t, err, &mistakes)
	require.Len(t, mistakes, 1)
	require.Contains(t, err.Error(), "expectation pods.runing == 27: ")
	require.Contains(t, err.Error(), "running")
	require.NotContains(t, err.Error(), "--set")

	f := &fake{}
	require.False(t, run.Expect(f, "subnet('nowhere').free > 0"))
	require.Contains(t, f.errors[0], "the expectation can't be checked:\nexpectation subnet('nowhere').free > 0: ")
	require.False(t, run.Expect(f))
	require.Contains(t, f.errors[1], "no condition is given")
	require.Empty(t, f.logs, "the run is not what failed")
}

func TestScenarioExpectations(t *testing.T) {
	f := &fake{}
	require.True(t, Run(f, Library("default-secondary-ip"), Set("expect=[{that: pods.running == 27}]")).ExpectScenario(f))
	require.Empty(t, f.errors)
	run := Run(f, Library("default-secondary-ip"), Set(`expect=[{that: pods.running == 28, at: end, because: we need them}]`))
	require.False(t, run.ExpectScenario(f))
	require.True(t, strings.HasPrefix(f.errors[0], "expectation failed: pods.running == 28 (at the end); pods.running = 27\n    because we need them\n"), f.errors[0])
	f = &fake{}
	require.False(t, Run(f, Library("default-secondary-ip"), Set("expect=[]")).ExpectScenario(f))
	require.Contains(t, f.errors[0], "has no expectations")
}

// The page shows a timeline, down to its line with an ellipsis.
func TestPageShowsTheTimeline(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "go.md"))
	require.NoError(t, err)
	_, block, found := strings.Cut(string(page), "```text\n")
	require.True(t, found)
	block, _, found = strings.Cut(block, "…\n")
	require.True(t, found)
	require.True(t, strings.HasPrefix(Run(t, Library("default-secondary-ip")).Timeline(), block), block)
}

// Pods that hang in ContainerCreating are pending, too, as in CEL and in JSON.
func TestSummaryCountsPodsThatHang(t *testing.T) {
	run := Run(t, Library("custom-networking-max-pods-not-lowered"))
	require.True(t, run.Expect(t, "pods.pending == 9", "pods.containerCreating == 9"))
	require.Equal(t, 9, run.Summary().Pending)
	require.Equal(t, 9, run.Summary().ContainerCreating)
	run = Run(t, Library("default-secondary-ip"))
	require.Equal(t, 13, run.Summary().Pending) // without a node
	require.Equal(t, 0, run.Summary().ContainerCreating)
}

// Nine of ten pods get an address; the tenth waits until it is deleted at 2m.
func TestSummaryCountsPodsThatNeverGetAnAddress(t *testing.T) {
	run := Run(t, Text(`
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/28}]}
nodeGroups: [{name: w, instanceType: m5.large}]
workloads: [{name: web, replicas: 10}]
steps: [{at: 2m, scale: {workload: web, replicas: 5}}]
`))
	before, err := run.At(time.Minute)
	require.NoError(t, err)
	require.Equal(t, 0, SummaryOf(before).Gone)
	require.Greater(t, SummaryOf(before).StartLatency.P99, 30*time.Second)
	sum := run.Summary()
	require.Equal(t, 1, sum.Gone)
	require.Equal(t, []time.Duration{time.Second, 2 * time.Minute}, []time.Duration{sum.StartLatency.P90, sum.StartLatency.P99})
	require.Equal(t, 119*time.Second, sum.TimeToIP.Max, "the node is ready at 1 s")
}
