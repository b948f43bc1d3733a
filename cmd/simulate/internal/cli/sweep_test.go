package cli_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"vpcsim/cmd/simulate/internal/cli"
	"vpcsim/sim"
)

// The sweep of these tests: three values, two types, two seeds; in one cell not
// everything fits.
const (
	sweepName = "churn-and-cooldown"
	sweepArgs = sweepName + " --vary cni.env.WARM_IP_TARGET=null,2,5 --vary nodeGroups.workers.instanceType=t3.nano,m5.large --seeds 2"
)

// simulate runs a command that has to succeed and returns its result.
func simulate(t *testing.T, args string) string {
	t.Helper()
	a, out, errs := app(args)
	require.Equal(t, cli.ExitOK, a.Run(context.Background()), errs.String())
	return out.String()
}

// However many shards there are, they give the bytes of one sweep, in any
// order, in every form.
func TestShardsGiveTheBytesOfOneSweep(t *testing.T) {
	formats := []string{"table", "csv", "json", "yaml"}
	whole := map[string]string{}
	for _, f := range formats {
		whole[f] = simulate(t, "sweep "+sweepArgs+" -q -o "+f)
	}
	for _, n := range []int{1, 2, 3, 7} {
		dir := t.TempDir()
		var names string
		for i := range n {
			name := filepath.Join(dir, fmt.Sprint(i))
			shard := simulate(t, fmt.Sprintf("sweep %s -q --shard %d/%d", sweepArgs, i, n))
			require.NoError(t, os.WriteFile(name, []byte(shard), 0o600))
			names = " " + name + names
		}
		for _, f := range formats {
			require.Equal(t, whole[f], simulate(t, "merge -o "+f+names), "%d shards, %s", n, f)
		}
	}
}

// The bytes don't hang on how many runs there are at once.
func TestASweepIsTheSameOnAnyNumberOfCores(t *testing.T) {
	want := simulate(t, "sweep "+sweepArgs+" -o json --parallel 1")
	require.Equal(t, want, simulate(t, "sweep "+sweepArgs+" -o json --parallel 16"))
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	require.Equal(t, want, simulate(t, "sweep "+sweepArgs+" -o json"))
	runtime.GOMAXPROCS(8)
	require.Equal(t, want, simulate(t, "sweep "+sweepArgs+" -o json"))
}

// A cell's numbers are those of the run that it stands for.
func TestACellIsTheRunWithItsValues(t *testing.T) {
	out := simulate(t, "sweep default-secondary-ip --vary nodeGroups.workers.count=1..3 --metrics pods.running,ec2.calls.AttachNetworkInterface -o csv")
	rows := strings.Split(strings.TrimSpace(out), "\n")
	require.Equal(t, "nodeGroups.workers.count,fits,fitting,runs,lasting,keeps,expect,failed,pareto,recommended,pods.running,ec2.calls.AttachNetworkInterface", rows[0])
	for i, row := range rows[1:] {
		var doc struct {
			Summary struct {
				Pods     struct{ Running int }
				EC2Calls map[string]int
			}
		}
		text := simulate(t, fmt.Sprintf("run default-secondary-ip --set expect=[] --set nodeGroups.workers.count=%d -o yaml", i+1))
		require.NoError(t, yaml.Unmarshal([]byte(strings.ReplaceAll(text, "ec2Calls", "ec2calls")), &doc))
		require.True(t, strings.HasSuffix(row, fmt.Sprintf(",%d,%d", doc.Summary.Pods.Running, doc.Summary.EC2Calls["AttachNetworkInterface"])), row)
	}
}

func TestTheShardIsTheJobsIndex(t *testing.T) {
	with := func(index, args string) (int, string, string) {
		a, out, errs := app("sweep " + sweepArgs + " " + args)
		a.Getenv = func(name string) string {
			if name == "JOB_COMPLETION_INDEX" {
				return index
			}
			return ""
		}
		return a.Run(context.Background()), out.String(), errs.String()
	}
	code, out, _ := with("2", "--shards 3")
	require.Equal(t, cli.ExitOK, code)
	require.Equal(t, simulate(t, "sweep "+sweepArgs+" --shard 2/3"), out)
	code, out, _ = with("2", "--shard /3")
	require.Equal(t, cli.ExitOK, code)
	require.Equal(t, simulate(t, "sweep "+sweepArgs+" --shard 2/3"), out)
	_, out, _ = with("2", "--shard 1/3")
	require.Equal(t, simulate(t, "sweep "+sweepArgs+" --shard 1/3"), out, "what is given goes before the Job's")
	code, _, errs := with("", "--shard /3")
	require.Equal(t, cli.ExitUsage, code)
	require.Contains(t, errs, "which of them?")
	for index, want := range map[string]string{
		"":   "--shards 3: which of them?",
		"3":  "JOB_COMPLETION_INDEX=3 with --shards 3: of 3 parts the last is 2/3",
		"-1": "JOB_COMPLETION_INDEX=-1 with --shards 3: it is a number from 0",
		"x":  "JOB_COMPLETION_INDEX=x",
	} {
		code, out, errs = with(index, "--shards 3")
		require.Equal(t, cli.ExitUsage, code)
		require.Contains(t, errs, want)
		require.Empty(t, out)
	}
	// Within a Job, too, a sweep that isn't cut into parts is whole.
	code, out, _ = with("1", "-q")
	require.Equal(t, cli.ExitOK, code)
	require.Equal(t, simulate(t, "sweep "+sweepArgs+" -q"), out)
}

func TestAnInterruptEndsTheSweep(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	a, out, errs := app("sweep - --seeds 100 --parallel 2")
	var begun atomic.Int32
	a.Simulate = func(cfg sim.Config, sink func(sim.Event) error) error {
		if begun.Add(1) == 2 {
			cancel()
		}
		return sim.Run(cfg, sink)
	}
	require.Equal(t, cli.ExitInterrupted, a.Run(ctx))
	require.Equal(t, "simulate: interrupted\n", errs.String())
	require.Empty(t, out.String())
	require.LessOrEqual(t, begun.Load(), int32(4), "no others are begun")
}

// Whichever goroutine is faster, the first run that fails is told, and where it
// stands.
func TestTheFirstRunThatFailsIsTold(t *testing.T) {
	for range 20 {
		a, out, errs := app("sweep - --vary nodeGroups.workers.count=1..9 --parallel 4")
		a.Simulate = func(cfg sim.Config, sink func(sim.Event) error) error {
			if n := cfg.NodeGroups[0].Count; n >= 3 {
				return errors.New(fmt.Sprint("no luck with ", n))
			}
			return sim.Run(cfg, sink)
		}
		require.Equal(t, cli.ExitUsage, a.Run(context.Background()))
		require.Equal(t, "simulate sweep: the run with count=3: no luck with 3\n", errs.String())
		require.Empty(t, out.String())
	}
}

func TestARunOfASweepThatPanicsIsADefect(t *testing.T) {
	a, out, errs := app("sweep - --seeds 3")
	a.Simulate = func(sim.Config, func(sim.Event) error) error { panic("taken twice") }
	require.Equal(t, cli.ExitDefect, a.Run(context.Background()))
	require.Contains(t, errs.String(), "taken twice")
	require.Contains(t, errs.String(), "one-pod, digest ")
	require.Empty(t, out.String())
}

func TestTooManyCellsAreRefusedBeforeAnyIsLoaded(t *testing.T) {
	refused := func(args, want string) {
		t.Helper()
		a, _, errs := app("sweep no-such-scenario " + args)
		require.Equal(t, cli.ExitUsage, a.Run(context.Background()))
		require.Contains(t, errs.String(), want)
	}
	refused("--vary x=0..10000", "10001 runs (10001 of x) are more than 10000; if that is meant, add --max-runs 10001")
	refused("--vary x=1..3 --vary y=1,2 --seeds 2 --max-runs 11", "12 runs (3 of x × 2 of y × 2 seeds) are more than 11")
	refused("--vary x=0..9999", "is called \"no-such-scenario\"")
	refused("--vary x=0..99999 --vary y=0..99999 --vary z=0..99999", "at most 100000 are possible")
}

// The objects of a manifest as Kubernetes has them: what it uses, and no field
// that isn't theirs.
type (
	manifestConfigMap struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string
		Metadata   struct{ Name string }
		Data       map[string]string
		BinaryData map[string]string `yaml:"binaryData"`
	}
	manifestJob struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string
		Metadata   struct{ Name string }
		Spec       struct {
			CompletionMode string `yaml:"completionMode"`
			Completions    int
			Parallelism    int
			BackoffLimit   int `yaml:"backoffLimit"`
			Template       struct {
				Spec struct {
					RestartPolicy string `yaml:"restartPolicy"`
					Containers    []struct {
						Name, Image  string
						Args         []string
						Resources    struct{ Requests map[string]string }
						VolumeMounts []struct {
							Name      string
							MountPath string `yaml:"mountPath"`
							ReadOnly  bool   `yaml:"readOnly"`
						} `yaml:"volumeMounts"`
					}
					Volumes []struct {
						Name      string
						ConfigMap struct {
							Name  string
							Items []struct{ Key, Path string }
						} `yaml:"configMap"`
					}
				}
			}
		}
	}
)

func manifest(t *testing.T, args string) (manifestConfigMap, manifestJob) {
	t.Helper()
	d := yaml.NewDecoder(strings.NewReader(simulate(t, args)), yaml.DisallowUnknownField())
	var m manifestConfigMap
	var j manifestJob
	require.NoError(t, d.Decode(&m))
	require.NoError(t, d.Decode(&j))
	require.Equal(t, "v1 ConfigMap", m.APIVersion+" "+m.Kind)
	require.Equal(t, "batch/v1 Job", j.APIVersion+" "+j.Kind)
	require.Equal(t, m.Metadata.Name, j.Spec.Template.Spec.Volumes[0].ConfigMap.Name)
	return m, j
}

// What the manifest's pods run, with what its ConfigMap gives them, makes the
// bytes of the sweep: the files are laid out as a pod would see them.
func TestTheManifestsJobMakesTheSweep(t *testing.T) {
	dir := t.TempDir()
	at := func(parts ...string) string { return filepath.Join(append([]string{dir}, parts...)...) }
	require.NoError(t, os.MkdirAll(at("mine", "traces"), 0o700))
	scenario := onePod + "  - {at: 2s, replay: {trace: traces/day.csv}}\n  - {at: 2s, replay: {trace: odd.csv}}\n"
	require.NoError(t, os.WriteFile(at("mine", "My cluster.yaml"), []byte(scenario), 0o600))
	require.NoError(t, os.WriteFile(at("mine", "traces", "day.csv"), []byte("pod,createSeconds,deleteSeconds\na,1,5\n"), 0o600))
	require.NoError(t, os.WriteFile(at("mine", "odd.csv"), []byte("pod,createSeconds,deleteSeconds\r\nb,1,5\r\n"), 0o600))
	t.Chdir(at("mine"))
	require.NoError(t, os.Rename("My cluster.yaml", "my-cluster.yaml"))
	flags := " --vary cni.env.WARM_IP_TARGET=1..3 --seeds 2 --set nodeGroups.0.count=2 --env MINIMUM_IP_TARGET=4 --seed 9 --until 2m0s --require ec2.calls<=99,fits==yes --objective ec2.calls"
	want := simulate(t, "sweep my-cluster.yaml -q"+flags)

	m, j := manifest(t, "sweep my-cluster.yaml --shards 3 --manifest --image registry.example/simulate:v1"+flags)
	require.Equal(t, "Indexed", j.Spec.CompletionMode)
	require.Equal(t, 3, j.Spec.Completions)
	pod := j.Spec.Template.Spec
	require.Equal(t, "Never", pod.RestartPolicy)
	require.Equal(t, "registry.example/simulate:v1", pod.Containers[0].Image)

	mount := at("pod")
	for _, item := range pod.Volumes[0].ConfigMap.Items {
		path := filepath.Join(mount, item.Path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		data, ok := m.Data[item.Key]
		if !ok {
			data = decode64(t, m.BinaryData[item.Key])
		}
		require.NoError(t, os.WriteFile(path, []byte(data), 0o600))
	}
	t.Chdir(mount)
	var names []string
	for i := range j.Spec.Completions {
		a, out, errs := app("")
		for _, arg := range pod.Containers[0].Args {
			a.Args = append(a.Args, strings.ReplaceAll(arg, pod.Containers[0].VolumeMounts[0].MountPath, "."))
		}
		a.Getenv = func(string) string { return fmt.Sprint(i) }
		require.Equal(t, cli.ExitOK, a.Run(context.Background()), errs.String())
		require.Empty(t, errs.String(), "the log has nothing but the part")
		names = append(names, fmt.Sprint(i))
		require.NoError(t, os.WriteFile(names[i], out.Bytes(), 0o600))
	}
	require.Equal(t, want, simulate(t, "merge "+strings.Join(names, " ")))
}

func TestAManifestOfALibraryScenarioHasItsText(t *testing.T) {
	m, j := manifest(t, "sweep warm-ip-target --vary cni.env.WARM_IP_TARGET=1..3 --shards 200 --manifest --image x")
	require.Equal(t, simulate(t, "show warm-ip-target"), m.Data["scenario"])
	require.Equal(t, "sweep-warm-ip-target", j.Metadata.Name)
	require.Equal(t, 200, j.Spec.Completions)
	require.Equal(t, 50, j.Spec.Parallelism)
}

// The copy of a scenario whose trace is the library's has the trace in the image.
func TestAManifestLeavesTheLibrarysTraceToTheImage(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("copy.yaml", []byte(simulate(t, "show trace-of-a-real-cluster")), 0o600))
	m, _ := manifest(t, "sweep copy.yaml --vary cni.env.WARM_IP_TARGET=1..3 --shards 3 --manifest --image x")
	require.Len(t, m.Data, 1)
	require.Empty(t, m.BinaryData)
	m, _ = manifest(t, "sweep trace-of-a-real-cluster --vary cni.env.WARM_IP_TARGET=1..3 --shards 3 --manifest --image x")
	require.Len(t, m.BinaryData, 1)
}

func TestSweepsThatAreRefused(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "far.csv"), []byte("pod,createSeconds,deleteSeconds\na,1,5\n"), 0o600))
	far := onePod + "  - {at: 2s, replay: {trace: " + filepath.Join(dir, "far.csv") + "}}\n"
	large := onePod + "# " + strings.Repeat("x", 1<<20) + "\n"
	for _, c := range []struct{ in, args, want string }{
		{onePod, "--vary seed=1..2 --manifest --image x", "say how many with --shards"},
		{onePod, "--vary seed=1..2 --manifest --shards 2", "--manifest needs --image"},
		{onePod, "--vary seed=1..2 --image x", "--image is for --manifest"},
		{onePod, "--vary seed=1..2 --shard 0/2 --shards 2", "--shard or --shards, but not both"},
		{onePod, "--vary seed=1..2 --shard 0/2 -o csv", "-o is for merge"},
		{onePod, "--vary seed=1..2 --seed 3", "seed is varied, and fixed by --seed"},
		{onePod, "--vary duration=1m,2m --until 3m", "duration is varied, and fixed by --until"},
		{onePod, "--vary cni.env.WARM_IP_TARGET=1 --env WARM_IP_TARGET-", "fixed by --env WARM_IP_TARGET-"},
		{onePod, "--vary cni.env={} --env WARM_IP_TARGET=1", "cni.env is varied, and fixed by --env WARM_IP_TARGET=1"},
		{onePod, "--vary cni=null --set cni.env.WARM_IP_TARGET=1", "cni is varied, and fixed by --set cni.env.WARM_IP_TARGET=1"},
		{onePod, "--vary limits.events=10,20", "the run with events=10: cut short at "},
		{"name: [", "--seeds 2", "stdin:1:"},
		{far, "--seeds 2 --manifest --image x --shards 2", "far.csv, which is not in its folder"},
		{large, "--seeds 2 --manifest --image x --shards 2", "more than a ConfigMap holds, 1 MiB"},
	} {
		a, out, errs := app("sweep - " + c.args)
		a.In = strings.NewReader(c.in)
		require.Equal(t, cli.ExitUsage, a.Run(context.Background()), c.args)
		require.Contains(t, errs.String(), c.want, c.args)
		require.Empty(t, out.String(), c.args)
	}
	// A value that is set and then varied below is no contradiction.
	a, _, errs := app("sweep - --vary cni.env.WARM_IP_TARGET=1,2 --set cni={} -q")
	require.Equal(t, cli.ExitOK, a.Run(context.Background()), errs.String())
}

// Shards may come in one after another.
func TestShardsComeInByStandardInput(t *testing.T) {
	var in bytes.Buffer
	for i := range 3 {
		in.WriteString(simulate(t, fmt.Sprintf("sweep %s --shard %d/3", sweepArgs, i)))
	}
	a, out, errs := app("merge -")
	a.In = &in
	require.Equal(t, cli.ExitOK, a.Run(context.Background()), errs.String())
	require.Equal(t, simulate(t, "sweep "+sweepArgs+" -q"), out.String())
}

func decode64(t *testing.T, text string) string {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(text)
	require.NoError(t, err)
	return string(data)
}

// A pattern stands for the types that the scenario defines, too; one that it
// overrides is there once.
func TestAPatternMatchesTheScenariosOwnTypes(t *testing.T) {
	const types = "instanceTypes: {my.small: {maxENIs: 2, ipv4PerENI: 4}, my.large: {maxENIs: 3, ipv4PerENI: 10}, m5.large: {maxENIs: 2}}\n"
	without := strings.Replace(onePod, "instanceType: m5.large, ", "", 1)
	for _, c := range []struct{ in, pattern, want string }{
		{types + onePod, "my.*", "my.large my.small"},
		{types + onePod, "m[5y].large", "m5.large my.large"},
		{types + onePod, "m5.large,my.*", "m5.large my.large my.small"},
		{onePod, "m5.lar*", "m5.large"},
		{types + without, "my.*", "my.large my.small"},
	} {
		a, out, errs := app("sweep - -q -o csv --vary nodeGroups.0.instanceType=" + c.pattern)
		a.In = strings.NewReader(c.in)
		require.Equal(t, cli.ExitOK, a.Run(context.Background()), errs.String())
		var got []string
		for _, row := range strings.Split(strings.TrimSpace(out.String()), "\n")[1:] {
			name, _, _ := strings.Cut(row, ",")
			got = append(got, name)
		}
		require.Equal(t, c.want, strings.Join(got, " "), c.pattern)
	}
	a, _, errs := app("sweep - --vary nodeGroups.0.instanceType=your.*")
	a.In = strings.NewReader(types + onePod)
	require.Equal(t, cli.ExitUsage, a.Run(context.Background()))
	require.Contains(t, errs.String(), `no instance type matches "your.*"`)
	a, _, errs = app("sweep - --vary nodeGroups.0.instanceType=my.*")
	a.In = strings.NewReader("nods: 3\n" + types + onePod)
	require.Equal(t, cli.ExitUsage, a.Run(context.Background()))
	require.Contains(t, errs.String(), "nods: unknown field", "what is wrong with the scenario comes first")
}
