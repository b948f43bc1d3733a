package expect

import (
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"vpcsim/model"
	"vpcsim/sim"
)

// bodies are the events of the log, one of each kind.
var bodies = []sim.Body{
	sim.RunStarted{}, sim.RunEnded{},
	sim.NodeLaunched{}, sim.NodeReady{}, sim.NodeNotReady{}, sim.NodeCordoned{}, sim.NodeUncordoned{}, sim.NodeTerminated{},
	sim.AgentConfigured{}, sim.AgentStarted{}, sim.AgentExited{},
	sim.ENIAttached{}, sim.ENIDetached{}, sim.AddressesAdded{}, sim.AddressesRemoved{}, sim.ENIExcluded{}, sim.ENICreated{}, sim.ENIDeleted{},
	sim.TrunkSignalled{}, sim.TrunkFailed{},
	sim.BranchRequested{}, sim.BranchCreated{}, sim.BranchFailed{}, sim.BranchQueued{}, sim.BranchDeleted{},
	sim.PoolConfigured{}, sim.PoolGrow{}, sim.PoolShrink{}, sim.PoolFree{}, sim.PoolSkip{},
	sim.EC2Call{}, sim.EC2Returned{},
	sim.PodCreated{}, sim.PodBound{}, sim.PodUnschedulable{}, sim.PodSetupFailed{}, sim.PodAddressed{}, sim.PodReady{},
	sim.PodDeleted{}, sim.PodReleased{}, sim.PodCompleted{},
	sim.TaskCreated{}, sim.TaskPlaced{}, sim.TaskUnplaceable{}, sim.TaskFailed{}, sim.TaskAddressed{}, sim.TaskReady{},
	sim.TaskDeleted{}, sim.TaskReleased{}, sim.TaskCompleted{},
	sim.AutoscalerScaledUp{}, sim.AutoscalerNotScaledUp{},
	sim.SubnetTagged{}, sim.ControllerConfigured{}, sim.ControllerRestarted{}, sim.FaultBegan{}, sim.FaultEnded{},
	sim.ExhaustionBegan{}, sim.ExhaustionEnded{},
}

func eventTypes(Scope) []string {
	all := make([]string, len(bodies))
	for i, b := range bodies {
		all[i] = string(b.Type())
	}
	return all
}

// eventType is an event of the log. Besides where and when it has every field
// that any event has, under its name in the log; in events without it, it is 0
// or empty.
var eventType = newObjectType("Event", func(v any) string { return eventLine(v.(sim.Event)) }, fieldsOf(
	[]field{
		of("seq", cel.IntType, 0, func(_ *view, e sim.Event) ref.Val { return number(e.Seq) }),
		of("type", cel.StringType, 0, func(_ *view, e sim.Event) ref.Val { return text(e.Body.Type()) }).oneOf(eventTypes),
		of("node", cel.StringType, 0, func(_ *view, e sim.Event) ref.Val { return text(e.Node) }).named(nodeName).madeOf(nodeNaming),
	},
	[]field{
		of("at", cel.DurationType, 0, func(_ *view, e sim.Event) ref.Val { return instant(e.At) }),
		of("atMs", cel.IntType, 0, func(_ *view, e sim.Event) ref.Val { return number(e.At) }),
	},
	bodyFields(),
)...)

// bodyField is where in a body a field of the log is.
type bodyField struct {
	index []int
	typ   *cel.Type
	of    reflect.Type
}

// bodyIndex has the fields of each kind of body by their names in the log.
var bodyIndex = indexBodies()

func indexBodies() map[reflect.Type]map[string]bodyField {
	all := map[reflect.Type]map[string]bodyField{}
	for _, b := range bodies {
		t := reflect.TypeOf(b)
		all[t] = map[string]bodyField{}
		for _, f := range reflect.VisibleFields(t) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			typ := celTypeOf(f.Type)
			if name == "" || f.Anonymous || typ == nil {
				continue
			}
			all[t][name] = bodyField{f.Index, typ, f.Type}
		}
	}
	return all
}

// celTypeOf is the type of a field in expressions; nil for what they can't
// read, such as the scenario in run.started.
func celTypeOf(t reflect.Type) *cel.Type {
	switch t {
	case reflect.TypeFor[netip.Addr](), reflect.TypeFor[netip.Prefix]():
		return cel.StringType
	}
	switch t.Kind() {
	case reflect.String:
		return cel.StringType
	case reflect.Int, reflect.Int64:
		return cel.IntType
	case reflect.Bool:
		return cel.BoolType
	case reflect.Pointer:
		if t.Elem() == reflect.TypeFor[model.Instant]() {
			return cel.IntType
		}
	case reflect.Slice:
		if celTypeOf(t.Elem()) == cel.StringType {
			return cel.ListType(cel.StringType)
		}
	case reflect.Map:
		if of := celTypeOf(t.Elem()); of == cel.IntType || of == cel.StringType {
			return cel.MapType(cel.StringType, of)
		}
	}
	return nil
}

// bodyFields are the fields of all kinds of bodies, by name.
func bodyFields() []field {
	found := map[string]*cel.Type{}
	for t, fields := range indexBodies() {
		for name, f := range fields {
			if other := found[name]; other != nil && other.String() != f.typ.String() {
				panic(fmt.Sprintf("%s.%s is %s here and %s elsewhere", t, name, f.typ, other))
			}
			found[name] = f.typ
		}
	}
	var all []field
	for _, name := range slices.Sorted(maps.Keys(found)) {
		f := of(name, found[name], 0, func(_ *view, e sim.Event) ref.Val { return bodyValue(e.Body, name, found[name]) })
		f.isSet = func(v any) bool {
			value, ok := bodyFieldOf(v.(sim.Event).Body, name)
			return ok && !value.IsZero()
		}
		all = append(all, f)
	}
	return all
}

func bodyFieldOf(b sim.Body, name string) (reflect.Value, bool) {
	f, ok := bodyIndex[reflect.TypeOf(b)][name]
	if !ok {
		return reflect.Value{}, false
	}
	return reflect.ValueOf(b).FieldByIndex(f.index), true
}

// bodyValue is a field's value, the type's zero where the event has no such
// field.
func bodyValue(b sim.Body, name string, typ *cel.Type) ref.Val {
	v, ok := bodyFieldOf(b, name)
	if !ok {
		return zeroOf(typ)
	}
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return zeroOf(typ)
		}
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Slice:
		all := make([]ref.Val, v.Len())
		for i := range all {
			all[i] = types.String(textOf(v.Index(i)))
		}
		return types.NewRefValList(types.DefaultTypeAdapter, all)
	case reflect.Map:
		return mapOf(v)
	case reflect.Bool:
		return types.Bool(v.Bool())
	case reflect.Int, reflect.Int64:
		return types.Int(v.Int())
	}
	return types.String(textOf(v))
}

// textOf writes a text, an address or a block as the log does; what is not set
// is empty.
func textOf(v reflect.Value) string {
	if v.Kind() == reflect.String {
		return v.String()
	}
	if v.IsZero() {
		return ""
	}
	return fmt.Sprint(v.Interface())
}

func mapOf(v reflect.Value) ref.Val {
	all := map[ref.Val]ref.Val{}
	for _, key := range v.MapKeys() {
		item := v.MapIndex(key)
		if item.Kind() == reflect.String {
			all[types.String(key.String())] = types.String(item.String())
		} else {
			all[types.String(key.String())] = types.Int(item.Int())
		}
	}
	return sortedMap{types.NewRefValMap(types.DefaultTypeAdapter, all)}
}

func zeroOf(t *cel.Type) ref.Val {
	switch t.Kind() {
	case types.BoolKind:
		return types.False
	case types.IntKind:
		return types.IntZero
	case types.ListKind:
		return types.NewRefValList(types.DefaultTypeAdapter, nil)
	case types.MapKind:
		return types.NewRefValMap(types.DefaultTypeAdapter, map[ref.Val]ref.Val{})
	}
	return types.String("")
}

// changes are the topics that an event can change.
func changes(t sim.EventType) topics {
	noun, verb, _ := strings.Cut(string(t), ".")
	switch noun {
	case "run", "node", "agent":
		return topicsAll
	case "eni":
		if verb == "created" || verb == "deleted" {
			return topicSubnets | topicAddresses
		}
		return topicAddresses | topicCooling
	case "branch":
		return topicSubnets | topicAddresses // one that is forgotten has leaked
	case "trunk":
		return topicAddresses
	case "pool":
		return 0
	case "ec2":
		return topicCalls | topicSubnets | topicAddresses
	case "pod", "task":
		switch verb {
		case "created", "bound", "unschedulable", "setupFailed", "ready", "completed", "placed", "unplaceable":
			return topicPods
		}
		return topicPods | topicAddresses | topicCooling
	case "exhaustion":
		return topicExhaustion
	}
	return topicsAll
}
