package scenarios

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"vpcsim/scenarios/internal/doc"
	"vpcsim/sim"
)

// MaxBytes bounds the text of a scenario.
const MaxBytes = doc.MaxBytes

// TopKeys returns what the mappings at the top of a text's YAML documents have:
// their keys, with the texts of values that are scalars. It tells scenarios from
// other files.
func TopKeys(text []byte) ([]map[string]string, error) {
	tops, err := doc.Tops(text)
	if err != nil {
		return nil, err
	}
	return tops, nil
}

// Options change a scenario while it is loaded. The zero value changes nothing.
type Options struct {
	// Set are path=value: "nodeGroups.workers.count=3". Members of lists that
	// have a name are addressed by it, others by their index; the value is YAML.
	// What isn't there is added. Later ones win.
	Set []string
	// Env are changes to cni.env: NAME=value, NAME= for empty text, NAME- to
	// unset. They come after Set.
	Env []string
	// Seed replaces the scenario's.
	Seed *uint64
	// Until replaces the scenario's duration.
	Until *time.Duration
	// ReadFile reads the files that a scenario names, such as traces; their paths
	// are relative to the scenario file's folder and reach it joined with that. A
	// trace of more than MaxTraceBytes is refused: a reader may stop there. Nil: a
	// scenario that names files is refused.
	ReadFile func(path string) ([]byte, error)
}

// Load reads a scenario: YAML or JSON. The file's name is for messages, for the
// paths of files that the scenario names, and for its own name where it has
// none.
//
// The error is Errors and has all the mistakes that were found. No input makes
// Load panic or run for long.
func Load(file string, data []byte, o Options) (*Scenario, error) {
	s, err := loadOnce(file, data, o)
	var mistakes Errors
	if len(o.Set)+len(o.Env) > 0 && errors.As(err, &mistakes) {
		return nil, blameOptions(file, data, o, mistakes)
	}
	return s, err
}

// maxBlamed bounds the options among which the cause of a mistake is looked
// for: each takes loading the scenario once more.
const maxBlamed = 20

// blameOptions finds the mistakes that the file has only since an option
// changed it, and names that option as their cause: the last without which the
// mistake isn't there.
func blameOptions(file string, data []byte, o Options, mistakes Errors) Errors {
	inFile := func(e Error) bool { return e.File == file && e.Line > 0 }
	if !slices.ContainsFunc(mistakes, inFile) || len(o.Set)+len(o.Env) > maxBlamed {
		return mistakes
	}
	cause := map[Error]string{}
	without := o
	for n := len(o.Set) + len(o.Env) - 1; n >= 0; n-- {
		option := ""
		if k := n - len(o.Set); k >= 0 {
			without.Env, option = o.Env[:k], "--env "+o.Env[k]
		} else {
			without.Env, without.Set, option = nil, o.Set[:n], "--set "+o.Set[n]
		}
		_, err := loadOnce(file, data, without)
		var before Errors
		errors.As(err, &before)
		for _, e := range mistakes {
			if inFile(e) && cause[e] == "" && !slices.Contains(before, e) {
				cause[e] = option
			}
		}
	}
	for i, e := range mistakes {
		if option, ok := cause[e]; ok {
			mistakes[i].File, mistakes[i].Line, mistakes[i].Column, mistakes[i].Excerpt = option, 0, 0, ""
			if e.Path != "" && !strings.HasSuffix(e.Message, isRequired) {
				mistakes[i].Message += fmt.Sprintf(" (%s:%d:%d)", e.File, e.Line, e.Column)
			}
		}
	}
	return mistakes
}

// isRequired ends what is said of a field that is not there, and so has no
// place in the file.
const isRequired = "is required"

func loadOnce(file string, data []byte, o Options) (*Scenario, error) {
	d := newDecoder(file, data)
	root := d.parse(data)
	if root == nil || root.Kind != doc.Map {
		return nil, d.sorted()
	}
	d.set(root, o.Set)
	d.setEnv(root, o.Env)

	s := d.read(root)
	d.override(s, o)
	d.traces(s, o.ReadFile)
	d.check(s)
	d.resolve(s)
	if err := d.sorted(); err != nil {
		return nil, err
	}
	s.file, s.places = file, d.at
	return s, nil
}

// Config returns the run that the scenario describes. Its slices and maps are
// the scenario's: they are to be read only.
func (s *Scenario) Config() sim.Config { return s.config }

// parse reads the text into a tree and reports what is wrong with it.
func (d *decoder) parse(data []byte) *doc.Node {
	if bytes.HasPrefix(data, []byte(`{"seq":`)) { // its other lines would be mistakes, each
		d.add(doc.Pos{Line: 1, Column: 1}, "", "this is the log of a run and no scenario: name the scenario that was run, which the log's first line has as well")
		return nil
	}
	root, mistakes := doc.Parse(data)
	for _, m := range mistakes {
		d.add(m.Pos, "", m.Message)
	}
	switch {
	case root == nil && len(mistakes) == 0, root != nil && root.Kind == doc.Null:
		d.add(doc.Pos{Line: 1, Column: 1}, "", "the file is empty")
	case root != nil && root.Kind != doc.Map:
		d.add(root.Pos, "", fmt.Sprintf("a scenario is a mapping, not %s", root.Kind))
	}
	return root
}

// read decodes the tree over the defaults.
func (d *decoder) read(root *doc.Node) *Scenario {
	s := newScenario()
	s.Name = nameOf(d.file)
	if latency := root.Get("ec2").Get("latency"); latency != nil {
		d.immediate = latency.Kind == doc.Text && latency.Scalar == latencyNone
	}
	s.Agent.Restart = d.delay(defaultRestart)
	s.Controller = Controller{TrunkDelay: d.delay(defaultTrunkDelay), BranchDelay: d.delay(defaultBranchDelay)}
	d.scenario(value{root, ""}, s)
	return s
}

// nameOf makes a scenario's name of its file's.
func nameOf(file string) string {
	base := strings.ToLower(path.Base(strings.ReplaceAll(file, "\\", "/")))
	for _, extension := range []string{".yaml", ".yml", ".json"} {
		base = strings.TrimSuffix(base, extension)
	}
	if !isName(base) {
		return "scenario"
	}
	return base
}

// override applies the options that aren't paths.
func (d *decoder) override(s *Scenario, o Options) {
	if o.Seed != nil {
		s.Seed = *o.Seed
	}
	if o.Until == nil {
		return
	}
	message := checkDuration(*o.Until)
	if message == "" && *o.Until == 0 {
		message = "must be more than 0"
	}
	if message != "" {
		d.addError(Error{File: "--until " + o.Until.String(), Message: message})
		return
	}
	s.Duration, d.shortened = Duration(*o.Until), true
}
