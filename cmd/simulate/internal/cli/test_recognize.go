package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

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

// topsOf are the keys at the top of a file's documents, with the texts of values
// that are scalars; JSON lines are documents, too.
func topsOf(text []byte) ([]map[string]string, error) {
	if tops, ok := jsonTops(text); ok {
		return tops, nil
	}
	return scenarios.TopKeys(text)
}

func jsonTops(text []byte) (tops []map[string]string, ok bool) {
	d := json.NewDecoder(bytes.NewReader(text))
	for {
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return tops, err == io.EOF
		}
		var top map[string]json.RawMessage
		if json.Unmarshal(raw, &top) != nil {
			continue // a list or a scalar
		}
		texts := map[string]string{}
		for key, value := range top {
			var text string
			_ = json.Unmarshal(value, &text) // empty unless it is text
			texts[key] = text
		}
		tops = append(tops, texts)
	}
}

// looksLikeScenario reports whether these are the keys of a scenario. What says
// of itself that it is of another program is none, such as a cluster of eksctl,
// which has nodeGroups; neither is what this one writes of runs.
func looksLikeScenario(top map[string]string) bool {
	if api, ok := top["apiVersion"]; ok && !strings.HasPrefix(api, "vpcsim/") {
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
