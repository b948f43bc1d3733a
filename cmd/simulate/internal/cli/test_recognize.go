package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"vpcsim/scenarios"
)

// scenarioSuffixes end the names of scenarios' files.
var scenarioSuffixes = []string{".yaml", ".yml", ".json"}

// scenarioParts are what scenarios have at their top, one of these or two of
// others, which other files have, too.
var (
	scenarioParts  = []string{"vpc", "nodeGroups", "workloads"}
	scenarioOthers = []string{"steps", "expect", "cni", "ec2", "summary", "duration", "seed"}
)

// template is the beginning of what Helm and others fill in: such a file is no
// YAML yet.
var template = regexp.MustCompile(`\{\{`)

// isScenario tells scenarios from other files by what they have at their top.
// One that can't be parsed may be one, and is to be reported, not passed over.
func isScenario(path string) (bool, error) {
	file, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	text, err := readAtMost(file, path, scenarios.MaxBytes)
	if err != nil {
		return false, nil // longer than any scenario
	}
	tops, err := topsOf(text)
	if err != nil {
		return !template.Match(text), nil
	}
	return slices.ContainsFunc(tops, looksLikeScenario), nil
}

// topsOf are the documents of a file, JSON lines included.
func topsOf(text []byte) ([]map[string]any, error) {
	var tops []map[string]any
	if trimmed := bytes.TrimSpace(text); len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[') {
		d := json.NewDecoder(bytes.NewReader(trimmed))
		for {
			var top any
			if err := d.Decode(&top); err == io.EOF {
				return tops, nil
			} else if err != nil {
				break // flow style of YAML, or broken
			}
			if m, ok := top.(map[string]any); ok {
				tops = append(tops, m)
			}
		}
		tops = nil
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var top any
		switch err := d.Decode(&top); {
		case errors.Is(err, io.EOF):
			return tops, nil
		case err != nil:
			return nil, err
		}
		if m, ok := top.(map[string]any); ok {
			tops = append(tops, m)
		}
	}
}

// looksLikeScenario reports whether these are the keys of a scenario. What says
// of itself that it is of another program is none, such as a cluster of eksctl,
// which has nodeGroups; neither is what this one writes of runs.
func looksLikeScenario(top map[string]any) bool {
	if api, ok := top["apiVersion"].(string); ok && !strings.HasPrefix(api, "vpcsim/") {
		return false
	}
	has := func(keys []string) int {
		n := 0
		for _, key := range keys {
			if _, ok := top[key]; ok {
				n++
			}
		}
		return n
	}
	if has(scenarioParts) > 0 {
		return true
	}
	kind, other := top["kind"]
	return has(scenarioOthers) > 1 && (!other || kind == scenarios.DocumentKind)
}
