package scenarios

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"vpcsim/scenarios/internal/doc"
)

// compiled is the schema as an editor has it. Compiling checks it against its
// own meta-schema.
func compiled(t *testing.T) *jsonschema.Schema {
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("scenario.schema.json", parsed))
	s, err := c.Compile("scenario.schema.json")
	require.NoError(t, err)
	return s
}

// instance is a tree as a schema sees it. A number that JSON cannot write is the
// text that it is.
func instance(n *doc.Node) any {
	switch {
	case n == nil || n.Kind == doc.Null:
		return nil
	case n.Kind == doc.Bool:
		return strings.EqualFold(n.Scalar, "true")
	case n.Kind == doc.Number:
		if i, ok := new(big.Int).SetString(n.Scalar, 0); ok {
			return json.Number(i.String())
		}
		if f, err := strconv.ParseFloat(n.Scalar, 64); err == nil {
			return f
		}
	case n.Kind == doc.Map:
		m := map[string]any{}
		for _, f := range n.Fields {
			m[f.Name] = instance(f.Value)
		}
		return m
	case n.Kind == doc.List:
		list := []any{}
		for _, item := range n.Items {
			list = append(list, instance(item))
		}
		return list
	}
	return n.Scalar
}

func TestSchemaTakesWhatLoads(t *testing.T) {
	schema := compiled(t)
	for _, e := range append(Library(), IncidentLibrary()...) {
		root, mistakes := doc.Parse(e.Data())
		require.Empty(t, mistakes)
		require.NoError(t, schema.Validate(instance(root)), e.Name)

		s, err := e.Load(Options{})
		require.NoError(t, err)
		root, mistakes = doc.Parse(s.Config().Scenario)
		require.Empty(t, mistakes)
		require.NoError(t, schema.Validate(instance(root)), "the canonical form of %s", e.Name)
	}
	pages, err := filepath.Glob("../docs/*.md")
	require.NoError(t, err)
	found := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, block := range regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$").FindAllSubmatch(text, -1) {
			if _, err := Load("example.yaml", block[1], Options{}); err != nil {
				continue // a part of a scenario
			}
			root, _ := doc.Parse(block[1])
			require.NoError(t, schema.Validate(instance(root)), "%s:\n%s", page, block[1])
			found++
		}
	}
	require.Greater(t, found, 5)
}

// Whatever an editor offers it can explain: every field, however deep, has a
// description that stands by itself.
func TestEveryFieldHasADescription(t *testing.T) {
	var schema map[string]any
	require.NoError(t, json.Unmarshal(Schema(), &schema))
	fields := 0
	var look func(path string, schema any)
	look = func(path string, schema any) {
		m, ok := schema.(map[string]any)
		if !ok {
			return // there is none, or true or false
		}
		properties, _ := m["properties"].(map[string]any)
		for name, field := range properties {
			fields++
			text, _ := field.(map[string]any)["description"].(string)
			require.NotEmpty(t, text, "%s.%s", path, name)
			require.NotContains(t, text, "ikewise", "%s.%s", path, name)
			require.NotContains(t, text, "](", "%s.%s", path, name)
			look(path+"."+name, field)
		}
		for _, key := range []string{"items", "additionalProperties"} {
			look(path+"[]", m[key])
		}
		for _, key := range []string{"anyOf", "oneOf"} {
			of, _ := m[key].([]any)
			for _, one := range of {
				look(path, one)
			}
		}
	}
	look("", schema)
	defs, _ := schema["$defs"].(map[string]any)
	for name, def := range defs {
		look("$defs."+name, def)
	}
	require.Greater(t, fields, 200)
}

// With the line for the YAML language server at its top a scenario is the same,
// and the schema takes it: true of every scenario there is to begin with.
func TestTheLineForEditorsChangesNothing(t *testing.T) {
	schema := compiled(t)
	page, err := os.ReadFile("../docs/scenarios.md")
	require.NoError(t, err)
	line := regexp.MustCompile("(?m)^# yaml-language-server: .*$").Find(page)
	require.Equal(t, "# yaml-language-server: $schema=scenario.schema.json", string(line))
	for _, e := range append(Library(), IncidentLibrary()...) {
		text := append(append(line, '\n'), e.Data()...)
		root, mistakes := doc.Parse(text)
		require.Empty(t, mistakes)
		require.NoError(t, schema.Validate(instance(root)), e.Name)
		with, err := Load(e.File, text, Options{ReadFile: ReadLibraryFile})
		require.NoError(t, err)
		without, err := e.Load(Options{})
		require.NoError(t, err)
		require.JSONEq(t, string(without.Config().Scenario), string(with.Config().Scenario), e.Name)
	}
}

// unseen are the broken scenarios whose mistake no schema sees, by what it would
// have to do for that.
var unseen = map[string][]string{
	"read CEL": {
		"expect-function-not-called", "expect-misspelt", "expect-misspelt-events", "expect-misspelt-texts", "expect-over-time", "expect-syntax", "expect-unknown-names", "expect-wrong-types",
	},
	"follow names to what they name": {
		"create-with-a-workloads-name", "churn-with-another-workloads-names", "dangling-group", "dangling-node", "dangling-subnet",
		"dangling-workload", "delete-of-no-pod", "duplicate-subnet-name", "duplicate-workload-name", "later-cluster",
		"node-of-no-group", "service-account-labels-differ", "subnet-of-node-group", "tag-of-no-subnet", "unknown-instance-type",
		"workload-pinned-to-no-node",
	},
	"know what the environment switches on": {"state-windows"},
	"reckon with addresses": {
		"control-plane-does-not-fit", "in-use-address-reserved", "in-use-too-many", "ipv6-cidr-missing", "ipv6-cidrs-overlap",
		"reservation-outside", "reservations-overlap", "subnet-outside-vpc", "subnet-too-small", "subnet-with-host-bits",
		"subnets-overlap", "vpc-block-may-not-join", "vpc-blocks-overlap",
	},
	"add up": {
		"max-pods-leave-no-memory", "network-cards", "security-groups-too-many-of-a-created-pod", "security-groups-too-many-together", "too-many-nodes", "too-many-pods",
	},
	"know CEL, and that a misspelt word is none": {
		"bad-max-pods-word", "cel-float", "cel-not-a-number", "cel-syntax", "cel-too-large", "cel-unknown-variable",
	},
	"compare fields of a mapping": {
		"completions-of-deployment", "delete-counts-one-pod", "in-use-placement-alone", "label-of-every-node", "over-cannot-spread",
		"range-reversed", "replicas-of-daemonset", "strategy-of-nothing", "daemonset-surge-and-unavailable", "toleration-without-key",
	},
	"reckon with times and releases": {
		"cni-version-too-old", "duration-below-a-millisecond", "duration-too-long", "duration-zero", "retry-at-once",
	},
	"tell nothing from none":      {"no-subnets", "set-env-of-nothing"},
	"see how a number is written": {"hex-count", "octal-count"},
	"read another file":           {"trace-cannot-be-read"},
}

func TestSchemaRefusesWhatIsBroken(t *testing.T) {
	schema := compiled(t)
	why := map[string]string{}
	for reason, names := range unseen {
		for _, name := range names {
			require.FileExists(t, filepath.Join("testdata", "broken", name+".yaml"))
			why[name] = reason
		}
	}
	files, err := filepath.Glob("testdata/broken/*.yaml")
	require.NoError(t, err)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		root, mistakes := doc.Parse(data)
		if len(mistakes) > 0 || root == nil {
			continue // no YAML that any schema is asked about
		}
		err = schema.Validate(instance(root))
		if why[name] == "" {
			require.Error(t, err, "%s: the schema takes it. If it can't see the mistake, add it to unseen", name)
			continue
		}
		require.NoError(t, err, "%s: the schema sees the mistake: take it off the list", name)
	}
}

// values are one of each kind, and those at the edges of a kind.
var values = []string{"true", "3", "0", "1.5", "-1", "~~", "[3]", "[~~]", "{~~: 3}", "null"}

// Wherever the language has a field, the schema and the readers agree on which
// kinds of values it takes, on either platform.
func TestSchemaAgreesWithTheReaders(t *testing.T) {
	schema := compiled(t)
	for _, platform := range []Platform{PlatformEKS, PlatformECS} {
		file := "{platform: " + string(platform) + ", vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/24}]}}"
		for _, path := range leaves("", language(platform)) {
			for _, text := range values {
				at := strings.NewReplacer("[]", ".0", ".*.", ".m5.large.").Replace(path)
				d := newDecoder("x.yaml", []byte(file))
				root := d.parse([]byte(file))
				d.set(root, []string{at + "=" + text})
				require.Empty(t, d.errs)
				d.read(root)
				within := func(path string) bool { return path == at || strings.HasPrefix(path, at+".") }
				indices := strings.NewReplacer("[", ".", "]", "")
				refused := slices.ContainsFunc(d.errs, func(e Error) bool {
					return within(indices.Replace(e.Path)) && !strings.Contains(e.Message, "must be more than 0")
				})
				seen := slices.ContainsFunc(locations(schema.Validate(instance(root))), within)
				require.Equal(t, refused, seen, "%s: %s: %s; the readers say: %v", platform, at, text, d.errs)
			}
		}
	}
}

// locations are the paths of what a schema refuses.
func locations(err error) []string {
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return nil
	}
	var all []string
	if len(invalid.Causes) == 0 {
		all = append(all, strings.Join(invalid.InstanceLocation, "."))
	}
	for _, cause := range invalid.Causes {
		all = append(all, locations(cause)...)
	}
	return all
}
