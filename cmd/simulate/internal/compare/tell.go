package compare

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"vpcsim/sim"
)

// identity are the fields that say what an event is about; they come first.
var identity = []string{"pod", "workload", "action", "eni", "device", "rule"}

// bookkeeping are fields that differ without anybody caring: what happened is in
// others.
var bookkeeping = []string{"seq", "atMs", "type", "node", "call", "instance", "message", "remedy"}

// Tell says in a line what each of two events is: its instant, type and place,
// what it is about, and of the rest what the other has otherwise. Nil is the
// end of a run.
func Tell(a, b *sim.Event) (string, string) {
	x, y := fields(a), fields(b)
	return tell(a, x, y), tell(b, y, x)
}

func tell(e *sim.Event, mine, other map[string]any) string {
	if e == nil {
		return "has ended"
	}
	alike := mine["type"] == other["type"]
	parts := []string{fmt.Sprintf("%s  %s", e.At, e.Body.Type())}
	if e.Node != "" {
		parts[0] += " " + string(e.Node)
	}
	names := slices.Clone(identity)
	for _, name := range slices.Sorted(maps.Keys(mine)) {
		if !slices.Contains(identity, name) && !slices.Contains(bookkeeping, name) {
			names = append(names, name)
		}
	}
	for i, name := range names {
		v, ok := mine[name]
		if !ok || alike && i >= len(identity) && equal(v, other[name]) {
			continue
		}
		if members, ok := v.(map[string]any); ok {
			others, _ := other[name].(map[string]any)
			if text := briefMap(members, others); text != "" {
				parts = append(parts, name+" "+text)
			}
			continue
		}
		parts = append(parts, name+" "+brief(v))
	}
	return strings.Join(parts, ", ")
}

// briefly is how many members of a list are shown.
const briefly = 3

// brief writes a value, of a long list its beginning.
func brief(v any) string {
	list, ok := v.([]any)
	if !ok {
		return Text(v)
	}
	var parts []string
	for _, e := range list[:min(len(list), briefly)] {
		parts = append(parts, Text(e))
	}
	if more := len(list) - briefly; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(parts, " ")
}

// briefMap writes the members that the other has not, or otherwise.
func briefMap(mine, other map[string]any) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(mine)) {
		if v, ok := other[name]; !ok || !equal(mine[name], v) {
			parts = append(parts, name+"="+Text(mine[name]))
		}
	}
	return strings.Join(parts, " ")
}

func fields(e *sim.Event) map[string]any {
	if e == nil {
		return nil
	}
	text, err := json.Marshal(e)
	if err != nil {
		panic(fmt.Sprintf("compare: %v", err)) // every event is written to the log
	}
	m, _ := decode(text).(map[string]any)
	return m
}
