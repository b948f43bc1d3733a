package scenarios

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/scenarios/expect"
	"vpcsim/sim"
)

// wordsSeen are the texts that a run's events have, by the type of event and the
// field.
type wordsSeen map[sim.EventType]map[string]map[string]bool

// mostSeen bounds what is kept of a field that has another text in each event.
const mostSeen = 40

func (w wordsSeen) note(t *testing.T, e sim.Event) {
	line, err := json.Marshal(e)
	require.NoError(t, err)
	var fields map[string]any
	require.NoError(t, json.Unmarshal(line, &fields))
	typ := e.Body.Type()
	if w[typ] == nil {
		w[typ] = map[string]map[string]bool{}
	}
	add := func(field, word string) {
		if w[typ][field] == nil {
			w[typ][field] = map[string]bool{}
		}
		if word != "" && len(w[typ][field]) < mostSeen {
			w[typ][field][word] = true
		}
	}
	for name, v := range fields {
		switch v := v.(type) {
		case string:
			add(name, v)
		case []any:
			for _, item := range v {
				if word, ok := item.(string); ok {
					add(name+"[]", word)
				}
			}
		case map[string]any:
			for key := range v {
				switch {
				case name == "numbers":
					add("numbers of "+fields["kind"].(string), key)
				case name != "settings" && name != "scenario":
					add(name+"{}", key)
				}
			}
		}
	}
}

// expectations are conditions that the run fulfils, one for each text: none may be
// refused when they are read.
func (w wordsSeen) expectations() []string {
	var all []string
	for _, typ := range slices.Sorted(maps.Keys(w)) {
		for _, field := range slices.Sorted(maps.Keys(w[typ])) {
			for _, word := range slices.Sorted(maps.Keys(w[typ][field])) {
				text := strconv.Quote(word)
				event := fmt.Sprintf("e.type == '%s'", typ)
				kind, ofKind := strings.CutPrefix(field, "numbers of ")
				switch list, isList := strings.CutSuffix(field, "[]"); {
				case ofKind:
					all = append(all, fmt.Sprintf("log.exists(e, %s && e.kind == '%s' && e.numbers[%s] >= 0)", event, kind, text))
					all = append(all, fmt.Sprintf("exhaustion.exists(e, e.kind == '%s' && %s in e.numbers)", kind, text))
				case isList:
					all = append(all, fmt.Sprintf("log.exists(e, %s && %s in e.%s)", event, text, list))
				case strings.HasSuffix(field, "{}"):
					all = append(all, fmt.Sprintf("log.exists(e, %s && %s in e.%s)", event, text, strings.TrimSuffix(field, "{}")))
				default:
					all = append(all, fmt.Sprintf("log.exists(e, %s && e.%s == %s)", event, field, text))
					all = append(all, fmt.Sprintf("log.exists(e, e.%s == %s)", field, text))
				}
			}
		}
	}
	return all
}

// requireKnown compiles these expectations as those of the scenario.
func (w wordsSeen) requireKnown(t *testing.T, s *Scenario) {
	nodes := possibleNodes(s)
	scope := expectScope(s, namesIn(s), nodes, newPodNames(s))
	for _, text := range w.expectations() {
		_, mistakes := expect.Compile(text, scope)
		require.Empty(t, mistakes, text)
	}
}

func namesIn(s *Scenario) names {
	return names{all: namesOf(s.VPC.Subnets, func(n Subnet) string { return n.Name })}
}

// TestWordsThatNoRunHas lists the declared words that no scenario of the library
// shows. It is run by hand, to see what is not covered:
//
//	VPCSIM_WORDS=1 go test ./scenarios -run WordsThatNoRunHas -v
func TestWordsThatNoRunHas(t *testing.T) {
	if os.Getenv("VPCSIM_WORDS") == "" {
		t.Skip("plays the whole library; set VPCSIM_WORDS")
	}
	seen := map[string]bool{}
	for _, e := range append(Library(), IncidentLibrary()...) {
		s, err := e.Load(Options{})
		require.NoError(t, err)
		require.NoError(t, sim.Run(s.Config(), func(e sim.Event) error {
			switch b := e.Body.(type) {
			case sim.ExhaustionBegan:
				for name := range b.Numbers {
					seen["number "+string(name)+" of "+string(b.Kind)] = true
					seen["number "+string(name)] = true
				}
				seen["capped by "+b.CappedBy] = true
			case sim.EC2Call:
				seen["code "+string(b.Error)] = true
			case sim.TrunkFailed:
				seen["code "+string(b.Error)] = true
			case sim.BranchFailed:
				seen["code "+string(b.Error)] = true
			case sim.BranchDeleted:
				seen["code "+string(b.Error)] = true
			}
			return nil
		}))
	}
	report := func(word string) {
		if !seen[word] {
			t.Log("no scenario of the library has the " + word)
		}
	}
	for _, g := range sim.Numbers() {
		for _, m := range g.Numbers {
			report("number " + string(m.Name))
			for _, kind := range m.Kinds {
				report("number " + string(m.Name) + " of " + string(kind))
			}
		}
	}
	for _, code := range sim.Codes(sim.TypeBranchFailed) {
		report("code " + string(code))
	}
	for _, limit := range sim.CappedBy {
		report("capped by " + limit)
	}
}
