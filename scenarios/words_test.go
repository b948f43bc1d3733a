package scenarios

import (
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/scenarios/expect"
	"vpcsim/sim"
)

// wordsSeen are the texts that a run's events have, by the type of event and the
// field.
type wordsSeen map[sim.EventType]map[string]map[string]bool

// mostSeen bounds what is kept of a field. There are fewer codes and reasons than
// that.
const mostSeen = 25

// fewSeen bounds names, addresses and ids, of which each event has another.
const fewSeen = 2

func (w wordsSeen) note(e sim.Event) {
	typ := e.Body.Type()
	if w[typ] == nil {
		w[typ] = map[string]map[string]bool{}
	}
	w.noteFields(typ, e.Body, reflect.ValueOf(e.Body))
}

func (w wordsSeen) noteFields(typ sim.EventType, body sim.Body, v reflect.Value) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch value := v.Field(i); {
		case f.Anonymous:
			w.noteFields(typ, body, value)
		case value.IsZero():
		case isText(f.Type):
			w.add(typ, name, value)
		case f.Type.Kind() == reflect.Slice && isText(f.Type.Elem()):
			for i := range value.Len() {
				w.add(typ, name+"[]", value.Index(i))
			}
		case f.Type.Kind() == reflect.Map:
			if began, ok := body.(sim.ExhaustionBegan); ok {
				name = "numbers of " + string(began.Kind)
			} else {
				name += "{}"
			}
			for _, key := range value.MapKeys() {
				w.add(typ, name, key)
			}
		}
	}
}

func isText(t reflect.Type) bool {
	return t.Kind() == reflect.String || t == reflect.TypeFor[netip.Addr]() || t == reflect.TypeFor[netip.Prefix]()
}

func (w wordsSeen) add(typ sim.EventType, field string, word reflect.Value) {
	seen := w[typ][field]
	if seen == nil {
		seen = map[string]bool{}
		w[typ][field] = seen
	}
	most := mostSeen
	switch word.Interface().(type) {
	case netip.Addr, netip.Prefix, model.PodName, model.ENIID, model.InstanceID:
		most = fewSeen
	}
	if len(seen) >= most {
		return
	}
	if word.Kind() == reflect.String {
		seen[word.String()] = true
	} else {
		seen[fmt.Sprint(word.Interface())] = true
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

// unshown are the declared numbers, codes and limits that no scenario of the library
// shows: what only random runs and tests of their own cover.
var unshown = []string{
	"number nodesInFullSubnets", "number nodesAtQuota", "number nodesWithCoolingAddresses",
	"number instancesShortOfCPU", "number instancesShortOfMemory", "number instancesInOtherZones",
	"number replicas", "number minimumHealthyPercent", "number maximumPercent",
	"code AttachmentLimitExceeded", "code NetworkAddressUsageLimitExceeded",
	"code InvalidParameterValue", "code InvalidParameterCombination",
	"code InvalidNetworkInterfaceID.NotFound", "code InvalidAssociationID.NotFound",
	"code InvalidAttachmentID.NotFound", "code InternalError", "code Unavailable", "code VlanInUse",
	"code NoTrunk", "code NoFreeVLAN", "code NotAnnotated", "code NoFreeDevice", "code NoENIConfig",
}

// addTo adds what of the declared numbers, codes and limits a run has.
func (w wordsSeen) addTo(shown map[string]bool) {
	for typ, fields := range w {
		for field, words := range fields {
			for word := range words {
				switch {
				case strings.HasPrefix(field, "numbers of "):
					shown["number "+word] = true
				case field == "cappedBy":
					shown["capped by "+word] = true
				case field == "error" && slices.Contains(sim.Codes(typ), model.ErrorCode(word)):
					shown["code "+word] = true
				}
			}
		}
	}
}

// notIn lists the declared numbers, codes and limits that are not shown.
func notIn(shown map[string]bool) []string {
	var out []string
	report := func(word string) {
		if !shown[word] && !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	for _, g := range sim.Numbers() {
		for _, m := range g.Numbers {
			report("number " + string(m.Name))
		}
	}
	for _, typ := range []sim.EventType{sim.TypeEC2Call, sim.TypeTrunkFailed, sim.TypeBranchFailed, sim.TypeBranchDeleted} {
		for _, code := range sim.Codes(typ) {
			report("code " + string(code))
		}
	}
	for _, limit := range sim.CappedBy {
		report("capped by " + limit)
	}
	return out
}
