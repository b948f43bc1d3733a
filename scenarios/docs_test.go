package scenarios

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/sim"
)

// The tests of this file fail when the documentation and the code part: what
// is listed on one side has to be on the other.

func docs(t *testing.T, name string) string {
	text, err := os.ReadFile(filepath.Join("..", "docs", name))
	require.NoError(t, err)
	return string(text)
}

// section is what stands under a heading, up to the next of the same or a
// higher level.
func section(t *testing.T, text, heading string) string {
	level := strings.Repeat("#", strings.Index(heading, " "))
	_, rest, ok := strings.Cut("\n"+text, "\n"+heading+"\n")
	require.True(t, ok, "no heading %q", heading)
	end := regexp.MustCompile(`(?m)^#{1,` + fmt.Sprint(len(level)) + `} `).FindStringIndex(rest)
	if end == nil {
		return rest
	}
	return rest[:end[0]]
}

// firstColumn lists the names in the first column of the tables, in backquotes.
func firstColumn(text string) []string {
	var names []string
	for _, m := range regexp.MustCompile("(?m)^\\| ((?:`[^`]+`(?:, )?)+) \\|").FindAllStringSubmatch(text, -1) {
		for _, name := range strings.Split(m[1], ", ") {
			names = append(names, strings.Trim(name, "`"))
		}
	}
	return names
}

// constants lists the text constants of a type as the engine's source has them.
func constants(t *testing.T, file, typ string) []string {
	source, err := os.ReadFile(filepath.Join("..", "sim", file))
	require.NoError(t, err)
	var all []string
	for _, m := range regexp.MustCompile(`(?m)^\t\w+ +`+typ+` += "([^"]+)"`).FindAllSubmatch(source, -1) {
		all = append(all, string(m[1]))
	}
	require.NotEmpty(t, all)
	return all
}

// exampleSources are the scenarios whose events are the examples of log.md: of
// each type the first event of the first scenario that has one.
var exampleSources = []string{
	"default-secondary-ip", "churn-and-cooldown", "scale-down", "cordoned-node", "drain-and-terminate", "agent-restart-forgets-cooldown", "branch-cooldown-rollout", "pod-eni-on-type-without-trunk", "excluded-primary-subnet-drains", "ecs-task-subnet-full",
	"autoscaler-that-sees-addresses",
}

// The types of events that no scenario of the library shows: those of branch
// ENIs are of the examples of exhaustion.md, the others of these.
const (
	notReadyScenario = `
name: no-eniconfig
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: private-a, cidr: 10.0.0.0/24}]}
cni: {env: {AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: true}}
nodeGroups: [{name: workers, instanceType: m5.large}]
duration: 1m
`
	excludedScenario = `
name: node-subnet-opted-out
vpc:
  cidrs: [10.0.0.0/16]
  subnets:
    - {name: private-a, cidr: 10.0.0.0/24, tags: {kubernetes.io/role/cni: "0"}}
    - {name: pods-a, cidr: 10.0.1.0/24, tags: {kubernetes.io/role/cni: "1"}}
nodeGroups: [{name: workers, instanceType: m5.large, subnets: [private-a]}]
duration: 1m
`
	controllerScenario = `
name: controller-is-touched
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: private-a, cidr: 10.0.0.0/24}]}
nodeGroups:
  - {name: workers, instanceType: m5.large}
  - {name: win, instanceType: m5.large, os: windows}
steps:
  - {at: 30s, setBranchCooldown: {seconds: 30}}
  - {at: 40s, restartController: {}}
  - {at: 50s, setWindows: {enable-windows-prefix-delegation: true}}
duration: 1m
`
)

// faultScenario has a fault that begins and ends.
const faultScenario = `
name: creating-fails-once
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: private-a, cidr: 10.0.0.0/24}]}
nodeGroups: [{name: workers, instanceType: m5.large}]
steps: [{fault: {action: CreateNetworkInterface, error: InternalError, node: workers-0, count: 1, for: 1m, latency: 2s}}]
workloads: [{name: web}]
duration: 2m
`

// completedScenario has the other one.
const completedScenario = `
name: task-that-ends
platform: ecs
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: private-a, cidr: 10.0.0.0/24}]}
ec2: {addressOrder: lowest}
nodeGroups: [{name: instances, instanceType: c5.large}]
workloads: [{name: web, runFor: 30s}]
duration: 1m
`

// fullGroupScenario has a pod for which the autoscaler may add no node.
const fullGroupScenario = `
name: group-at-its-max
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: private-a, cidr: 10.0.0.0/24}]}
nodeGroups: [{name: workers, instanceType: m5.large, autoscale: {max: 1}}]
workloads: [{name: web, replicas: 28}]
duration: 1m
`

// examples are the first events by type.
func examples(t *testing.T) map[sim.EventType]sim.Event {
	found := map[sim.EventType]sim.Event{}
	take := func(s *Scenario) {
		require.NoError(t, sim.Run(s.Config(), func(e sim.Event) error {
			if _, ok := found[e.Body.Type()]; !ok {
				found[e.Body.Type()] = e
			}
			return nil
		}))
	}
	for _, name := range exampleSources {
		e, ok := Find(name)
		require.True(t, ok, name)
		s, err := e.Load(Options{})
		require.NoError(t, err)
		take(s)
	}
	exhaustion := docs(t, "exhaustion.md")
	for _, text := range []string{
		fence(t, docs(t, "scenarios.md"), "yaml"),
		notReadyScenario,
		excludedScenario,
		controllerScenario,
		faultScenario,
		completedScenario,
		fullGroupScenario,
		fence(t, section(t, exhaustion, "### `branch-cooldown`"), "yaml"),
		fence(t, section(t, exhaustion, "### `no-trunk`"), "yaml"),
	} {
		take(example(t, text))
	}
	return found
}

// example loads a scenario that stands in a text.
func example(t *testing.T, text string) *Scenario {
	s, err := Load("example.yaml", []byte(text), Options{})
	require.NoError(t, err)
	return s
}

// fence returns the first fenced block of the language.
func fence(t *testing.T, text, language string) string {
	_, rest, ok := strings.Cut(text, "\n```"+language+"\n")
	require.True(t, ok, "no block of %s", language)
	block, _, ok := strings.Cut(rest, "```\n")
	require.True(t, ok)
	return block
}

// log.md has every type of event with all its fields, and an example of each
// that a run has written.
func TestLogIsDocumented(t *testing.T) {
	text := docs(t, "log.md")
	found := examples(t)
	types := slices.Concat(constants(t, "event.go", "EventType"), constants(t, "event_cluster.go", "EventType"), constants(t, "event_pool.go", "EventType"), constants(t, "event_task.go", "EventType"),
		constants(t, "event_autoscaler.go", "EventType"), constants(t, "event_fault.go", "EventType"))
	for _, typ := range types {
		e, ok := found[sim.EventType(typ)]
		require.True(t, ok, "no example of %s", typ)
		heading := "### `" + typ + "`"
		within := section(t, text, heading)

		fields := eventFields(reflect.TypeOf(e.Body))
		switch {
		case strings.HasPrefix(typ, "pool.") && typ != string(sim.TypePoolConfigured):
			require.ElementsMatch(t, fields, firstColumn(beforeSubsections(section(t, text, "## The pool"))), typ)
		case typ == "ec2.returned":
			require.ElementsMatch(t, fields, firstColumn(section(t, text, "### `ec2.call`")), typ)
		default:
			require.ElementsMatch(t, fields, firstColumn(within), typ)
		}

		line := exampleLine(t, e)
		if have := fence(t, within, "json"); have != line && *update {
			text = strings.Replace(text, heading+"\n"+within, heading+"\n"+strings.Replace(within, have, line, 1), 1)
		} else {
			require.Equal(t, line, have, "%s; -update rewrites it", typ)
		}
	}
	headings := regexp.MustCompile("(?m)^### `(.+)`$").FindAllStringSubmatch(text, -1)
	require.Len(t, headings, len(types), "a heading is of no type of event")
	if *update {
		require.NoError(t, os.WriteFile(filepath.Join("..", "docs", "log.md"), []byte(text), 0o644))
	}
}

// log.md has every number of exhaustion points, as the engine declares them.
func TestNumbersAreDocumented(t *testing.T) {
	const heading = "## Numbers of exhaustion points"
	text := docs(t, "log.md")
	within := section(t, text, heading)
	intro, _, ok := strings.Cut(within, "**Of")
	require.True(t, ok)
	if want := intro + numberTables(); *update {
		text = strings.Replace(text, heading+"\n"+within, heading+"\n"+want, 1)
		require.NoError(t, os.WriteFile(filepath.Join("..", "docs", "log.md"), []byte(text), 0o644))
	} else {
		require.Equal(t, want, within, "-update rewrites it")
	}
}

func numberTables() string {
	var b strings.Builder
	for i, g := range sim.Numbers() {
		if i > 0 {
			b.WriteString("\n")
		}
		usual := g.Numbers[len(g.Numbers)/2].Kinds
		fmt.Fprintf(&b, "**%s**, of the kinds %s:\n\n| number | unit | meaning |\n| --- | --- | --- |\n", g.Title, quotedKinds(usual))
		for _, m := range g.Numbers {
			meaning := m.Meaning
			switch more := slices.DeleteFunc(slices.Clone(m.Kinds), func(k sim.Kind) bool { return slices.Contains(usual, k) }); {
			case len(more) > 0:
				meaning += "; also of " + quotedKinds(more)
			case len(m.Kinds) < len(usual):
				meaning += "; only of " + quotedKinds(m.Kinds)
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", m.Name, m.Unit, meaning)
		}
	}
	return b.String()
}

func quotedKinds(kinds []sim.Kind) string {
	all := make([]string, len(kinds))
	for i, k := range kinds {
		all[i] = "`" + string(k) + "`"
	}
	return strings.Join(all, ", ")
}

func beforeSubsections(text string) string {
	before, _, _ := strings.Cut(text, "\n### ")
	return before
}

// eventFields are the names of a body's JSON fields.
func eventFields(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			names = append(names, eventFields(f.Type)...)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// exampleLine is an event's line without what fills pages: the scenario of
// run.started, and what the environment of an agent has besides.
func exampleLine(t *testing.T, e sim.Event) string {
	switch b := e.Body.(type) {
	case sim.RunStarted:
		b.Scenario = nil
		e.Body = b
	case sim.AgentConfigured:
		b.Env = maps.Clone(b.Env)
		maps.DeleteFunc(b.Env, func(name, _ string) bool { return !strings.HasPrefix(name, "WARM_") })
		e.Body = b
	}
	line, err := json.Marshal(e)
	require.NoError(t, err)
	return string(bytes.TrimSpace(line)) + "\n"
}

// exhaustion.md has every kind, and the scenarios that it names show it; where it
// names none it has one that does.
func TestKindsAreDocumented(t *testing.T) {
	text := docs(t, "exhaustion.md")
	var headings []string
	for _, m := range regexp.MustCompile("(?m)^### `(.+)`$").FindAllStringSubmatch(text, -1) {
		headings = append(headings, m[1])
	}
	require.ElementsMatch(t, constants(t, "event.go", "Kind"), headings)

	source, err := os.ReadFile(filepath.Join("..", "sim", "diagnose.go"))
	require.NoError(t, err)
	for _, m := range regexp.MustCompile(`KindMisconfig, "([^"]+)"`).FindAllSubmatch(source, -1) {
		require.Contains(t, section(t, text, "### `misconfig`"), "\n| `"+string(m[1])+"` |")
	}

	shown := map[string][]string{}
	for _, kind := range headings {
		within := section(t, text, "### `"+kind+"`")
		names := regexp.MustCompile("(?m)^Shown by: (.+)$").FindStringSubmatch(within)
		if names == nil {
			require.True(t, kindsOfRun(t, example(t, fence(t, within, "yaml")))[kind], "the example shows no %s", kind)
			continue
		}
		for _, name := range strings.Split(names[1], ", ") {
			name = strings.Trim(name, "`.")
			shown[name] = append(shown[name], kind)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(shown)) {
		e, ok := Find(name)
		require.True(t, ok, "no scenario %s", name)
		s, err := e.Load(Options{})
		require.NoError(t, err)
		kinds := kindsOfRun(t, s)
		for _, kind := range shown[name] {
			require.True(t, kinds[kind], "%s shows no %s", name, kind)
		}
	}
}

// kindsOfRun are the kinds of exhaustion that a run of the scenario has.
func kindsOfRun(t *testing.T, s *Scenario) map[string]bool {
	kinds := map[string]bool{}
	require.NoError(t, sim.Run(s.Config(), func(e sim.Event) error {
		if b, ok := e.Body.(sim.ExhaustionBegan); ok {
			kinds[string(b.Kind)] = true
		}
		return nil
	}))
	return kinds
}

// scenarios.md has every field of the language, and no other, with the default
// that a file without it has.
func TestLanguageIsDocumented(t *testing.T) {
	reference := section(t, docs(t, "scenarios.md"), "## Reference")
	var documented []string
	defaults := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^### (.+)$").FindAllStringSubmatch(reference, -1) {
		base := strings.Trim(m[1], "`") + "."
		if m[1] == "Top level" {
			base = ""
		}
		for _, row := range regexp.MustCompile("(?m)^\\| `(\\S+)` \\| (.*?) \\|").FindAllStringSubmatch(section(t, reference, "### "+m[1]), -1) {
			documented = append(documented, base+row[1])
			if text, ok := strings.CutPrefix(row[2], "`"); ok {
				defaults[base+row[1]] = text[:strings.Index(text, "`")]
			}
		}
	}
	notKept := []string{"apiVersion", "kind"} // they say what the file is
	require.ElementsMatch(t, append(notKept, languageFields("", reflect.TypeFor[Scenario]())...), documented)

	minimal := `
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/24, inUse: {count: 1}}]}
nodeGroups: [{name: g, instanceType: m5.large}]
workloads: [{name: w}]
`
	s, err := Load("minimal.yaml", []byte(minimal), Options{})
	require.NoError(t, err)
	var canonical any
	require.NoError(t, json.Unmarshal(s.Config().Scenario, &canonical))
	for _, path := range slices.Sorted(maps.Keys(defaults)) {
		if value, ok := lookUp(canonical, path); ok {
			require.Equal(t, defaults[path], plain(value), path)
		}
	}

	for name, latency := range defaultLatency().Actions {
		require.Contains(t, reference, fmt.Sprintf("\n| %s | %s |\n", name, latency.Min))
	}
}

// languageFields lists the paths of the fields of a type's canonical form.
func languageFields(base string, t reflect.Type) []string {
	var paths []string
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || name == "" || name == "-" {
			continue
		}
		path, of := base+name, f.Type
		if of.Kind() == reflect.Pointer {
			of = of.Elem()
		}
		switch {
		case of.Kind() == reflect.Slice && of.Elem().Kind() == reflect.Struct && !isLeaf(of.Elem()):
			paths = append(paths, languageFields(path+"[].", of.Elem())...)
		case of.Kind() == reflect.Map && of.Elem().Kind() == reflect.Struct:
			paths = append(paths, languageFields(path+".*.", of.Elem())...)
		case of.Kind() == reflect.Struct && !isLeaf(of) && of.NumField() > 0:
			paths = append(paths, languageFields(path+".", of)...)
		default:
			paths = append(paths, path)
		}
	}
	return paths
}

// isLeaf reports whether a struct is written as one value.
func isLeaf(t reflect.Type) bool {
	return t == reflect.TypeFor[Range]() || t.Implements(reflect.TypeFor[json.Marshaler]()) ||
		t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) || strings.HasPrefix(t.PkgPath(), "net")
}

// lookUp follows a path into a JSON value; of lists it takes the first member.
func lookUp(v any, path string) (any, bool) {
	for _, name := range strings.Split(path, ".") {
		name, list := strings.CutSuffix(name, "[]")
		fields, ok := v.(map[string]any)
		if !ok || fields[name] == nil {
			return nil, false
		}
		v = fields[name]
		if items, ok := v.([]any); list && ok {
			if len(items) == 0 {
				return nil, false
			}
			v = items[0]
		}
	}
	return v, true
}

// plain writes a JSON value as the documentation does.
func plain(v any) string {
	switch v := v.(type) {
	case map[string]any:
		return fmt.Sprintf("{min: %v, max: %v}", v["min"], v["max"])
	case float64:
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprint(v)
}

// scenarios.md names all that is refused because it isn't supported yet.
func TestWhatIsNotSupportedYetIsDocumented(t *testing.T) {
	text := section(t, docs(t, "scenarios.md"), "## Not supported yet")
	source, err := os.ReadFile("sections.go")
	require.NoError(t, err)
	names := slices.Clone(laterActions)
	for _, m := range regexp.MustCompile(`later\("([^"]+)"\)`).FindAllSubmatch(source, -1) {
		names = append(names, string(m[1]))
	}
	for _, name := range names {
		require.Contains(t, text, "`"+name+"`")
	}
}

// scenarios.md has every variable of aws-node, on the right side.
func TestVariablesAreDocumented(t *testing.T) {
	text := section(t, docs(t, "scenarios.md"), "## Variables of aws-node")
	var bearing, others []string
	for _, v := range model.Variables() {
		if !v.Bears {
			others = append(others, "`"+v.Name+"`")
			continue
		}
		value := "unset"
		if v.Default != "" {
			value = "`" + v.Default + "`"
		}
		bearing = append(bearing, fmt.Sprintf("| `%s` | %s | %s |\n", v.Name, value, v.Meaning))
	}
	require.Contains(t, text, strings.Join(bearing, ""))
	require.Contains(t, text, "\n"+strings.Join(others, ", ")+".\n")
}

// limits.md names each file of the engine that says of itself that it is
// coarser than reality, and no file that isn't there.
func TestLimitsAreDocumented(t *testing.T) {
	text := docs(t, "limits.md")
	for _, folder := range []string{"model", "sim"} {
		files, err := filepath.Glob(filepath.Join("..", folder, "*.go"))
		require.NoError(t, err)
		for _, file := range files {
			source, err := os.ReadFile(file)
			require.NoError(t, err)
			if !strings.HasSuffix(file, "_test.go") && bytes.Contains(bytes.ToLower(source), []byte("coarser")) {
				require.Contains(t, text, "`"+folder+"/"+filepath.Base(file)+"`")
			}
		}
	}
	for _, m := range regexp.MustCompile("`((?:model|sim)/\\w+\\.go)`").FindAllStringSubmatch(text, -1) {
		require.FileExists(t, filepath.Join("..", m[1]))
	}
}
