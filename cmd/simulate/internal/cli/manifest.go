package cli

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"
)

// The objects of the manifest, as far as it uses them. Source: the Kubernetes
// API, v1 and batch/v1.
type (
	configMap struct {
		APIVersion string            `yaml:"apiVersion"`
		Kind       string            `yaml:"kind"`
		Metadata   objectMeta        `yaml:"metadata"`
		Data       map[string]string `yaml:"data,omitempty"`
		BinaryData map[string]string `yaml:"binaryData,omitempty"` // base64
	}
	objectMeta struct {
		Name string `yaml:"name"`
	}
	job struct {
		APIVersion string     `yaml:"apiVersion"`
		Kind       string     `yaml:"kind"`
		Metadata   objectMeta `yaml:"metadata"`
		Spec       jobSpec    `yaml:"spec"`
	}
	jobSpec struct {
		CompletionMode string      `yaml:"completionMode"`
		Completions    int         `yaml:"completions"`
		Parallelism    int         `yaml:"parallelism"`
		BackoffLimit   int         `yaml:"backoffLimit"`
		Template       podTemplate `yaml:"template"`
	}
	podTemplate struct {
		Spec podSpec `yaml:"spec"`
	}
	podSpec struct {
		RestartPolicy string      `yaml:"restartPolicy"`
		Containers    []container `yaml:"containers"`
		Volumes       []volume    `yaml:"volumes"`
	}
	container struct {
		Name         string        `yaml:"name"`
		Image        string        `yaml:"image"`
		Args         []string      `yaml:"args"`
		Resources    resources     `yaml:"resources"`
		VolumeMounts []volumeMount `yaml:"volumeMounts"`
	}
	resources struct {
		Requests map[string]string `yaml:"requests"`
	}
	volumeMount struct {
		Name      string `yaml:"name"`
		MountPath string `yaml:"mountPath"`
		ReadOnly  bool   `yaml:"readOnly"`
	}
	volume struct {
		Name      string          `yaml:"name"`
		ConfigMap configMapVolume `yaml:"configMap"`
	}
	configMapVolume struct {
		Name  string      `yaml:"name"`
		Items []keyToPath `yaml:"items"`
	}
	keyToPath struct {
		Key  string `yaml:"key"`
		Path string `yaml:"path"`
	}
)

// The scenario's place in the pods.
const (
	volumeName = "scenario"
	mountPath  = "/scenario"
)

// mostConfigMapBytes is what a ConfigMap holds at most, less something for its
// keys. Source: Kubernetes documentation, "ConfigMaps": 1 MiB.
const mostConfigMapBytes = 1<<20 - 8<<10

// mostAtOnce is how many parts run at the same time, if there are so many; who
// wants more or fewer edits spec.parallelism.
const mostAtOnce = 50

// writeManifest prints the Job that runs the parts, with its scenario.
func (s *sweeper) writeManifest(f *sweepFlags, changes *changes, c *cobra.Command) error {
	name := jobName(s.plan.Scenario)
	files, items, err := s.files()
	if err != nil {
		return err
	}
	files.Metadata.Name = name
	args := []string{"sweep", path.Join(mountPath, items[0].Path)}
	args = append(args, s.args(f, changes, c)...)
	args = append(args, fmt.Sprintf("--shards=%d", f.shards), "--quiet")
	work := job{
		APIVersion: "batch/v1", Kind: "Job", Metadata: objectMeta{name},
		Spec: jobSpec{
			CompletionMode: "Indexed", Completions: f.shards, Parallelism: min(f.shards, mostAtOnce), BackoffLimit: 2,
			Template: podTemplate{podSpec{
				RestartPolicy: "Never",
				Containers: []container{{
					Name: "sweep", Image: f.image, Args: args,
					Resources:    resources{map[string]string{"cpu": "1", "memory": "512Mi"}},
					VolumeMounts: []volumeMount{{volumeName, mountPath, true}},
				}},
				Volumes: []volume{{volumeName, configMapVolume{name, items}}},
			}},
		},
	}
	var b bytes.Buffer
	b.WriteString(s.instructions(name, f.shards))
	for _, object := range []any{files, work} {
		text, err := yaml.MarshalWithOptions(object, yaml.UseLiteralStyleIfMultiline(true), yaml.IndentSequence(true))
		if err != nil {
			return fmt.Errorf("writing the manifest: %w", err)
		}
		b.WriteString("---\n")
		b.Write(text)
	}
	_, err = s.app.Out.Write(b.Bytes())
	return written(err)
}

// instructions are a comment that says what to do with the manifest.
func (s *sweeper) instructions(name string, shards int) string {
	return fmt.Sprintf(`# %s of %s in %d parts. A part is written to its pod's log.
#
#   kubectl apply -f THIS-FILE
#   kubectl wait --for=condition=complete --timeout=24h job/%[4]s
#   for i in $(seq 0 %[5]d); do
#     kubectl logs "$(kubectl get pods -o name --field-selector=status.phase=Succeeded \
#       -l job-name=%[4]s,batch.kubernetes.io/job-completion-index=$i | head -n 1)" > %[4]s-$i.json
#   done
#   simulate merge %[4]s-*.json
#
# The image has to hold this version, %[6]s; merge refuses parts of another. A
# part's log must not be rotated (containerLogMaxSize of kubelet, 10Mi unless it
# is set): a run takes half a kilobyte.
`, s.plan.Size(), s.plan.Scenario, shards, name, shards-1, version())
}

// args are the flags that make the same sweep.
func (s *sweeper) args(f *sweepFlags, changes *changes, c *cobra.Command) []string {
	var args []string
	add := func(flag string, values ...string) {
		for _, v := range values {
			args = append(args, "--"+flag+"="+v)
		}
	}
	add("vary", f.vary...)
	if f.seeds > 0 {
		add("seeds", fmt.Sprint(f.seeds))
	}
	add("set", s.options.Set...)
	add("env", s.options.Env...)
	if o := s.options; o.Seed != nil {
		add("seed", fmt.Sprint(*o.Seed))
	}
	if o := s.options; o.Until != nil {
		add("until", o.Until.String())
	}
	if s.expect != f.expect.value || f.expect.value != expectAuto {
		add("expect", s.expect)
	}
	add("metrics", f.judging.metrics...)
	add("objective", f.judging.objective...)
	add("require", f.judging.require...)
	if s.plan.Runs() > defaultMaxRuns {
		add("max-runs", fmt.Sprint(s.plan.Runs()))
	}
	return args
}

// files are the scenario and what it names, as a ConfigMap, and where the pods
// find them: the scenario first.
func (s *sweeper) files() (configMap, []keyToPath, error) {
	m := configMap{APIVersion: "v1", Kind: "ConfigMap"}
	size := 0
	put := func(key string, data []byte) {
		size += len(data)
		switch {
		case utf8.Valid(data) && !bytes.ContainsFunc(data, isControl):
			if m.Data == nil {
				m.Data = map[string]string{}
			}
			m.Data[key] = string(data)
		default:
			if m.BinaryData == nil {
				m.BinaryData = map[string]string{}
			}
			m.BinaryData[key] = base64.StdEncoding.EncodeToString(data)
		}
	}
	put("scenario", s.source.data)
	items := []keyToPath{{"scenario", filepath.Base(s.source.file)}}
	var names []string
	for name, f := range s.source.read {
		if f.err == nil { // else it is a trace of the library's, which the image has
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for i, name := range names {
		at, err := filepath.Rel(filepath.Dir(s.source.file), name)
		if err != nil || !filepath.IsLocal(at) {
			return m, nil, fmt.Errorf("the scenario names %s, which is not in its folder: a Job can't have it there", name)
		}
		key := fmt.Sprintf("file-%d", i)
		put(key, s.source.read[name].data)
		items = append(items, keyToPath{key, filepath.ToSlash(at)})
	}
	if size > mostConfigMapBytes {
		return m, nil, errors.New("the scenario and the files that it names have more than a ConfigMap holds, 1 MiB: build them into an image")
	}
	return m, items, nil
}

// isControl reports what a text of YAML can't hold as it is.
func isControl(r rune) bool {
	return r < ' ' && r != '\n' || r == 0x7f || r == '\ufeff' || r == '\u2028' || r == '\u2029' || r == 0x85
}

var notInNames = regexp.MustCompile(`[^a-z0-9-]+`)

// longestJobName leaves room for what Kubernetes appends to make pods' names.
const longestJobName = 50

// jobName is sweep- and the scenario's name, as a DNS label.
func jobName(scenario string) string {
	name := "sweep-" + notInNames.ReplaceAllString(strings.ToLower(scenario), "-")
	return strings.Trim(name[:min(len(name), longestJobName)], "-")
}
