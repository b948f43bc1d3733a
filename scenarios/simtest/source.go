package simtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"time"

	"vpcsim/scenarios"
)

// Source is a scenario that can be loaded. The zero Source is refused.
type Source struct {
	read func() (file string, data []byte, err error)
	// files reads what the scenario names.
	files func(path string) ([]byte, error)
}

// File is a scenario file, YAML or JSON. As for everything in a test, a relative
// path is seen from the folder of the test's package.
func File(path string) Source {
	return Source{func() (string, []byte, error) {
		data, err := readAtMost(path, scenarios.MaxBytes)
		return path, data, err
	}, readNamed}
}

// Library is a scenario of the library, "default-secondary-ip", one of an
// incident included.
func Library(name string) Source {
	return Source{func() (string, []byte, error) {
		e, ok := scenarios.Find(name)
		if !ok {
			hint := ""
			if near := scenarios.NearNames(name, 3); len(near) > 0 {
				hint = " (did you mean " + strings.Join(near, ", ") + "?)"
			}
			return "", nil, fmt.Errorf("no scenario %s in the library%s", name, hint)
		}
		return e.File, e.Data(), nil
	}, scenarios.ReadLibraryFile}
}

// Text is the text of a scenario, YAML or JSON. Files that it names are seen from
// the folder of the test's package.
func Text(text string) Source {
	return Source{func() (string, []byte, error) { return "scenario.yaml", []byte(text), nil }, readNamed}
}

// Fields are fields of the scenario language, by name. Values are what JSON can
// have, time.Duration, and Fields and lists of these.
type Fields map[string]any

// Build is a scenario built in code. It is written as JSON and loaded as a file
// would be: what is left out has the default, and a mistake has the line of that
// JSON in its message.
func Build(f Fields) Source {
	return Source{func() (string, []byte, error) {
		var text bytes.Buffer
		enc := json.NewEncoder(&text)
		enc.SetEscapeHTML(false) // expectations have < and >
		enc.SetIndent("", "  ")
		if err := enc.Encode(inLanguage(reflect.ValueOf(f), 0)); err != nil {
			return "", nil, fmt.Errorf("writing the scenario: %w", err)
		}
		return "scenario.json", text.Bytes(), nil
	}, readNamed}
}

// maxDepth bounds how deep values are followed: a map may hold itself. JSON's
// encoder refuses what is below.
const maxDepth = 100

// inLanguage returns the value with durations as the language writes them.
func inLanguage(v reflect.Value, depth int) any {
	if !v.IsValid() {
		return nil
	}
	if d, ok := v.Interface().(time.Duration); ok {
		return d.String()
	}
	if _, ok := v.Interface().(json.Marshaler); ok || depth > maxDepth {
		return v.Interface()
	}
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		return inLanguage(v.Elem(), depth+1)
	case reflect.Map:
		if v.IsNil() || v.Type().Key().Kind() != reflect.String {
			return v.Interface()
		}
		out := map[string]any{}
		for _, key := range v.MapKeys() {
			out[key.String()] = inLanguage(v.MapIndex(key), depth+1)
		}
		return out
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && v.IsNil() {
			return nil
		}
		out := make([]any, v.Len())
		for i := range out {
			out[i] = inLanguage(v.Index(i), depth+1)
		}
		return out
	}
	return v.Interface()
}

// Option changes a scenario while it is loaded.
type Option func(*scenarios.Options)

// Env changes the environment of aws-node, as --env does: NAME=value, NAME= for
// empty text, NAME- to unset.
func Env(changes ...string) Option {
	return func(o *scenarios.Options) { o.Env = append(o.Env, changes...) }
}

// Set changes values, as --set does: "nodeGroups.workers.count=3".
func Set(changes ...string) Option {
	return func(o *scenarios.Options) { o.Set = append(o.Set, changes...) }
}

// Seed replaces the scenario's seed.
func Seed(seed uint64) Option { return func(o *scenarios.Options) { o.Seed = &seed } }

// Until ends the run at an instant, more than 0.
func Until(d time.Duration) Option { return func(o *scenarios.Options) { o.Until = &d } }

// readNamed reads a file that a scenario names.
func readNamed(path string) ([]byte, error) { return readAtMost(path, scenarios.MaxTraceBytes) }

// readAtMost reads a regular file of at most so many bytes.
func readAtMost(path string, most int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &os.PathError{Op: "open", Path: path, Err: errors.New("not a regular file")}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		return nil, fmt.Errorf("%s has more than %d MiB, which is the most that is read", path, most>>20)
	}
	return data, err
}
