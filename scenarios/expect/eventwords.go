package expect

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"

	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/rules"
)

// typedWords are what texts of a Go type can be, whichever event has them.
var typedWords = map[reflect.Type]func(Scope) *wording{
	reflect.TypeFor[sim.Kind]():            wordsOf(kinds),
	reflect.TypeFor[sim.Number]():          func(Scope) *wording { return numberWording(nil) },
	reflect.TypeFor[sim.Action]():          wordsOf(func(Scope) []string { return actions }),
	reflect.TypeFor[sim.By]():              wordsOf(behind("by/")),
	reflect.TypeFor[sim.ResourceCode]():    wordsOf(list(sim.ResourceCPU, sim.ResourceMemory, sim.ResourceENI, sim.ResourceAttribute)),
	reflect.TypeFor[sim.ScaleReason]():     wordsOf(list(sim.ScaleMaxReached, sim.ScaleNoAddresses, sim.ScaleNoFit)),
	reflect.TypeFor[sim.NetworkMode]():     wordsOf(list(sim.NetworkAWSVPC, sim.NetworkBridge, sim.NetworkHost)),
	reflect.TypeFor[sim.Platform]():        wordsOf(list(sim.PlatformECS)), // left out on EKS
	reflect.TypeFor[model.ENIKind]():       wordsOf(eniKinds),
	reflect.TypeFor[model.Rule]():          wordsOf(list(model.RuleTooLow, model.RuleTooHigh, model.RuleFreeENI, model.RuleGrow, model.RuleShrink, model.RuleStart, model.RuleWindows)),
	reflect.TypeFor[model.Reason]():        wordsOf(poolReasons),
	reflect.TypeFor[model.SubnetID]():      wordsOf(subnetNames),
	reflect.TypeFor[model.WorkloadName]():  wordsOf(workloads),
	reflect.TypeFor[model.SecurityGroup](): wordsOf(func(s Scope) []string { return s.SecurityGroups }),
	reflect.TypeFor[model.PodName]():       podWording,
	reflect.TypeFor[model.ENIID]():         checkedBy(idOf("eni-")),
	reflect.TypeFor[model.InstanceID]():    checkedBy(idOf("i-")),
	reflect.TypeFor[netip.Addr]():          checkedBy(address),
	reflect.TypeFor[netip.Prefix]():        checkedBy(block),
}

// namedWords are what texts can be that have no type of their own, by event and
// field; of a field that every event has alike, by that alone.
var namedWords = map[string]func(Scope) *wording{
	"run.started.apiVersion":               wordsOf(func(Scope) []string { return []string{"vpcsim/v1"} }),
	"run.started.name":                     wordsOf(func(s Scope) []string { return []string{s.Name} }),
	"run.started.digest":                   anyText,
	"run.started.version":                  anyText,
	"run.started.notes":                    anyText,
	"run.ended.endedBy":                    wordsOf(list(sim.EndedBy...)),
	"node.launched.group":                  wordsOf(groups),
	"node.launched.instanceType":           wordsOf(instanceTypes),
	"node.launched.zone":                   wordsOf(zones),
	"node.launched.os":                     wordsOf(func(Scope) []string { return []string{"windows"} }), // left out of Linux
	"node.notReady.reason":                 messages(),
	"agent.configured.env":                 wordsOf(settingNames),
	"agent.configured.ignored":             anyText,
	"agent.exited.error":                   messages(),
	"agent.exited.reason":                  wordsOf(list(sim.ExitReasons...)),
	"trunk.failed.reasons":                 wordsOf(list(sim.TrunkReasons...)),
	"branch.failed.reason":                 wordsOf(list(sim.BranchReasons...)),
	"pool.configured.env":                  wordsOf(windowsNames),
	"pool.configured.ignored":              anyText,
	"pod.released.reason":                  wordsOf(list(sim.ReleaseReasons...)),
	"task.released.reason":                 wordsOf(list(sim.ReleaseReasons...)),
	"autoscaler.scaledUp.group":            wordsOf(groups),
	"subnet.tagged.tags":                   wordsOf(func(s Scope) []string { return s.TagKeys }),
	"controller.configured.windows":        wordsOf(windowsNames),
	"controller.configured.branchCooldown": anyText,
	"exhaustion.began.reason":              wordsOf(reasons),
	"exhaustion.began.cappedBy":            wordsOf(list(sim.CappedBy...)),
	"scope":                                wordsOf(scopes),
	"name":                                 placeWording,
	"message":                              anyText,
	"remedy":                               anyText,
}

func wordsOf(words func(Scope) []string) func(Scope) *wording {
	return func(s Scope) *wording {
		if all := words(s); all != nil {
			return &wording{words: all}
		}
		return nil
	}
}

func checkedBy(wrong func(Scope, string) string) func(Scope) *wording {
	return func(s Scope) *wording {
		return &wording{wrong: []func(string) string{func(word string) string { return wrong(s, word) }}}
	}
}

func podWording(s Scope) *wording {
	w := checkedBy(podName)(s)
	w.names = s.PodNames
	return w
}

func placeWording(s Scope) *wording {
	w := checkedBy(placeName)(s)
	w.names = placeNaming(s)
	return w
}

// anyText is a field that says something in words, or that is made of the scenario.
func anyText(Scope) *wording { return nil }

// messages is a field with whole messages, which other events have codes in.
func messages() func(Scope) *wording {
	return func(Scope) *wording { return &wording{messages: true} }
}

func list[T ~string](words ...T) func(Scope) []string {
	return func(Scope) []string { return texts(words...) }
}

// settingNames are the variables of aws-node and, of Windows nodes, the keys of the
// ConfigMap.
func settingNames(s Scope) []string {
	var all []string
	for _, v := range model.Variables() {
		all = append(all, v.Name)
	}
	return append(all, windowsNames(s)...)
}

func windowsNames(Scope) []string { return model.WindowsKeys() }

// behind are the words behind the slash in ids of rules that begin so.
func behind(begin string) func(Scope) []string {
	return func(Scope) []string {
		var all []string
		for _, g := range rules.Groups() {
			for _, r := range g.Rules {
				if word, ok := strings.CutPrefix(r.ID, begin); ok {
					all = append(all, word)
				}
			}
		}
		return all
	}
}

// poolReasons are those of the decisions about pools. Why an ENI stays is not in the
// log.
func poolReasons(s Scope) []string {
	all := []string{string(model.ReasonUnusedENI)}
	for _, rule := range []model.Rule{model.RuleTooLow, model.RuleTooHigh, model.RuleGrow, model.RuleShrink, model.RuleStart, model.RuleWindows} {
		for _, reason := range behind(string(rule) + "/")(s) {
			if !slices.Contains(all, reason) {
				all = append(all, reason)
			}
		}
	}
	return all
}

// carriers are the types of events that have the field.
func carriers(name string, among []string) []sim.Body {
	var all []sim.Body
	for _, b := range bodies {
		if _, ok := bodyIndex[reflect.TypeOf(b)][name]; ok && (among == nil || slices.Contains(among, string(b.Type()))) {
			all = append(all, b)
		}
	}
	return all
}

// eventWording is what a field of an event of one of the types can be; nil types: of
// any.
func eventWording(name string, types []string, s Scope) *wording {
	switch name {
	case "type", "node":
		return eventType.byName[name].wording(s)
	}
	var sum *wording
	for i, b := range carriers(name, types) {
		w, _ := bodyWording(b, name, s)
		if i == 0 {
			sum = w
		} else {
			sum = sum.or(w)
		}
		if sum == nil {
			return nil
		}
	}
	if sum == nil || sum.messages && len(sum.words)+len(sum.wrong) == 0 {
		return nil
	}
	sum.what = name
	if types != nil && len(types) <= 3 {
		sum.what += " of " + strings.Join(types, ", ")
	}
	return sum
}

// bodyWording is what a field of a kind of event can be; not ok: nothing is declared
// of it.
func bodyWording(b sim.Body, name string, s Scope) (w *wording, ok bool) {
	f := bodyIndex[reflect.TypeOf(b)][name]
	t := f.of
	switch t.Kind() {
	case reflect.Slice:
		if t.Elem().Kind() == reflect.String || t.Elem().Kind() == reflect.Struct {
			t = t.Elem()
		}
	case reflect.Map:
		if t.Key() == reflect.TypeFor[sim.Number]() {
			t = t.Key()
		}
	}
	switch {
	case t == reflect.TypeFor[model.ErrorCode]():
		return &wording{words: texts(sim.Codes(b.Type())...)}, true
	case typedWords[t] != nil:
		return typedWords[t](s), true
	}
	for _, key := range []string{string(b.Type()) + "." + name, name} {
		if words := namedWords[key]; words != nil {
			return words(s), true
		}
	}
	return nil, false
}

// readCarried checks that an event of the types that the expression names has the
// field at all.
func (r *reader) readCarried(e ast.Expr, in locals) {
	s := e.AsSelect()
	if s.Operand().Kind() != ast.IdentKind {
		return
	}
	l := in.find(s.Operand().AsIdent())
	if l == nil || l.types == nil || slices.Contains([]string{"seq", "type", "node", "at", "atMs"}, s.FieldName()) {
		return
	}
	if len(carriers(s.FieldName(), l.types)) > 0 {
		return
	}
	var fields []string
	for _, b := range bodies {
		if slices.Contains(l.types, string(b.Type())) {
			for name := range bodyIndex[reflect.TypeOf(b)] {
				fields = append(fields, name)
			}
		}
	}
	slices.Sort(fields)
	has := "has"
	if len(l.types) > 1 {
		has = "have"
	}
	r.failAtField(e, fmt.Sprintf("%s %s no field %s%s", strings.Join(l.types, ", "), has, s.FieldName(), orFields(s.FieldName(), slices.Compact(fields))))
}

// numberWording are the figures of exhaustion points of the kinds; nil: of any.
func numberWording(kinds []string) *wording {
	w := &wording{what: "numbers"}
	of := map[string][]string{}
	var all []string
	for _, g := range sim.Numbers() {
		for _, m := range g.Numbers {
			of[string(m.Name)] = texts(m.Kinds...)
			all = append(all, string(m.Name))
			if kinds == nil || slices.ContainsFunc(m.Kinds, func(k sim.Kind) bool { return slices.Contains(kinds, string(k)) }) {
				w.words = append(w.words, string(m.Name))
			}
		}
	}
	w.refuse = func(word string) string {
		if of[word] != nil {
			return fmt.Sprintf("the numbers of %s have no %s: it is one of %s", strings.Join(kinds, ", "), word, strings.Join(of[word], ", "))
		}
		return fmt.Sprintf("numbers has no %s%s", word, didYouMean(word, all))
	}
	return w
}
