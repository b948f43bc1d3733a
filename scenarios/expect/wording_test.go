package expect

import (
	"reflect"
	"slices"
	"testing"

	"cel.dev/cel-go/common/types"
	"github.com/stretchr/testify/require"

	"vpcsim/sim"
)

// Of every text in an event it is declared what it can be: a list, a name that is
// checked, or any text. A field that is new has to be put somewhere.
func TestEveryTextOfAnEventIsDeclared(t *testing.T) {
	used := map[string]bool{}
	for _, b := range bodies {
		for name, f := range bodyIndex[reflect.TypeOf(b)] {
			text := f.typ.Kind() == types.StringKind || f.typ.Kind() == types.MapKind ||
				f.typ.Kind() == types.ListKind && f.typ.Parameters()[0].Kind() == types.StringKind
			if !text {
				continue
			}
			_, ok := bodyWording(b, name, Scope{})
			require.True(t, ok, "%s.%s: put it into typedWords or namedWords", b.Type(), name)
			used[string(b.Type())+"."+name], used[name] = true, true
		}
	}
	for key := range namedWords {
		require.True(t, used[key], "no event has %s", key)
	}
}

// anyTextFields are the texts of other objects of which any may be right: messages
// are written for people.
var anyTextFields = []string{"Pod.message", "Exhaustion.message", "Exhaustion.remedy"}

// So it is of every text of the other objects.
func TestEveryTextOfAnObjectIsDeclared(t *testing.T) {
	for _, typ := range sortedTypes() {
		if typ == eventType {
			continue
		}
		for _, f := range typ.fields {
			if f.typ.Kind() == types.StringKind && !slices.Contains(anyTextFields, typ.name+"."+f.name) {
				require.True(t, f.words != nil || f.wrong != nil, "%s.%s: say which texts it can have", typ.name, f.name)
			}
		}
	}
}

// scopeOfWords is what a scenario could have.
var scopeOfWords = Scope{
	Subnets: []string{"private-a"}, Groups: []string{"workers"}, Workloads: []string{"web"}, Cluster: "cluster",
	NodeNames: Naming{Stems: []string{"workers-"}}, PodNames: Naming{Stems: []string{"web-"}, Whole: []string{"lone"}},
}

// Both sides of each rule: what is refused, and its neighbour that is not.
func TestMisspeltTextsAreRefused(t *testing.T) {
	for _, c := range []struct{ right, wrong, message string }{
		{"exhaustion.exists(e, e.numbers['assigned'] > 3)", "exhaustion.exists(e, e.numbers['assignd'] > 3)", "numbers has no assignd (did you mean assigned?)"},
		{"exhaustion.exists(e, e.numbers.all(k, k != 'free'))", "exhaustion.exists(e, e.numbers.all(k, k != 'fre'))", "numbers has no fre (did you mean free?)"},
		{"exhaustion.exists(e, e.kind == 'subnet-ips' && e.numbers['free'] < 3)", "exhaustion.exists(e, e.kind == 'eni-limit' && e.numbers['free'] < 3)", "the numbers of eni-limit have no free: it is one of subnet-ips, prefix-fragmentation"},
		{"exhaustion.all(e, e.kind != 'eni-limit' || e.numbers['trunks'] < 3)", "exhaustion.all(e, e.kind != 'quota' || e.numbers['trunks'] < 3)", "the numbers of quota have no trunks: it is one of eni-limit"},
		{"exhaustion.all(e, e.kind == 'quota' ? e.numbers['slots'] < 3 : e.numbers['trunks'] < 3)", "exhaustion.all(e, e.kind == 'quota' ? e.numbers['trunks'] < 3 : true)", "the numbers of quota have no trunks: it is one of eni-limit"},
		{"exhaustion.filter(e, e.kind == 'quota').all(x, x.numbers['slots'] > 1)", "exhaustion.filter(e, e.kind == 'quota').all(x, x.numbers['wanted'] > 1)", "the numbers of quota have no wanted: it is one of subnet-ips, prefix-fragmentation"},
		{"exhaustion.exists(e, e.kind in ['quota', 'subnet-ips'] && e.numbers['wanted'] > 1)", "exhaustion.exists(e, e.kind in ['quota', 'throttling'] && e.numbers['wanted'] > 1)", "the numbers of quota, throttling have no wanted: it is one of subnet-ips, prefix-fragmentation"},
		{"exhaustion.exists(e, (e.kind == 'quota' || e.kind == 'subnet-ips') && e.numbers['wanted'] > 1)", "exhaustion.exists(e, !(e.kind != 'quota') && e.numbers['wanted'] > 1)", "the numbers of quota have no wanted: it is one of subnet-ips, prefix-fragmentation"},
		{"exhaustion.exists(e, e.kind != 'quota' && e.numbers['wanted'] > 1)", "exhaustion.exists(e, e.kind != 'quota' && e.numbers['want'] > 1)", "numbers has no want (did you mean wanted?)"},
		{"exhaustion.exists(e, (e.kind == 'quota' || e.scope == 'node') && e.numbers['wanted'] > 1)", "exhaustion.exists(e, (e.kind == 'quota' || e.kind == 'throttling') && e.numbers['wanted'] > 1)", "the numbers of quota, throttling have no wanted: it is one of subnet-ips, prefix-fragmentation"},
		{"exhaustion.all(e, e.kind != 'eni-limit' ? true : e.numbers['trunks'] < 3)", "exhaustion.all(e, e.kind != 'quota' ? true : e.numbers['trunks'] < 3)", "the numbers of quota have no trunks: it is one of eni-limit"},
		// What a list has besides its literals may be any text.
		{"exhaustion.exists(e, e.kind in ['quota', subnets[0].name] && e.numbers['wanted'] > 1)", "exhaustion.exists(e, e.kind in ['quota', 'quota'] && e.numbers['wanted'] > 1)", "have no wanted: it is one of subnet-ips, prefix-fragmentation"},
		// A variable of the same name inside is another.
		{"exhaustion.exists(e, log.exists(e, e.type == 'branch.failed' && e.error == 'AtCapacity'))", "exhaustion.exists(e, log.exists(e, e.type == 'ec2.call' && e.error == 'AtCapacity'))", `error of ec2.call is never "AtCapacity"`},
		{"exhaustion.exists(e, e.kind == 'quota' && exhaustion.exists(e, e.numbers['wanted'] > 1))", "exhaustion.exists(e, e.kind == 'quota' && exhaustion.exists(x, e.numbers['wanted'] > 1))", "the numbers of quota have no wanted: it is one of subnet-ips, prefix-fragmentation"},
		{"log.exists(e, e.type == 'branch.failed' && e.error == 'AtCapacity')", "log.exists(e, e.type == 'ec2.call' && e.error == 'AtCapacity')", `error of ec2.call is never "AtCapacity"`},
		{"log.exists(e, e.error == 'AtCapacity')", "log.exists(e, e.error == 'InvalidSubnet.Range')", `error is never "InvalidSubnet.Range"`},
		// An agent's message is a text; a code has no space.
		{"log.exists(e, e.error == 'Failed to attach any ENIs for custom networking')", "log.exists(e, e.error == 'FailedToAttach')", `error is never "FailedToAttach"`},
		{"log.exists(e, e.type == 'agent.exited' && e.error == 'Whatever')", "log.exists(e, e.type == 'agent.exited' && e.reason == 'Whatever')", `reason of agent.exited is never "Whatever"; there is restart, failed`},
		{"log.exists(e, e.type.startsWith('task.') && e.code == 'ATTRIBUTE')", "log.exists(e, e.type.startsWith('pod.') && e.code == 'ATTRIBUTE')", "pod.created, pod.bound, pod.unschedulable, pod.setupFailed, pod.addressed, pod.ready, pod.deleted, pod.released, pod.completed have no field code; it has address"},
		{"log.exists(e, e.type == 'eni.attached' && e.kind == 'trunk')", "log.exists(e, e.type == 'eni.attached' && e.kind == 'max-pods')", `kind of eni.attached is never "max-pods"`},
		{"log.exists(e, e.type == 'pod.setupFailed' && e.reason == 'cooldown')", "log.exists(e, e.type == 'pod.setupFailed' && e.reason == 'no-room')", `reason of pod.setupFailed is never "no-room"`},
		{"log.exists(e, e.type == 'pool.skip' && e.reason == 'no-room')", "log.exists(e, e.type == 'pool.skip' && e.reason == 'min-age')", `reason of pool.skip is never "min-age"`},
		{"log.exists(e, 'Unsupported' in e.reasons)", "log.exists(e, 'Unsuported' in e.reasons)", `reasons is never "Unsuported"`},
		{"log.exists(e, e.reasons.exists(x, x == 'Unsupported'))", "log.exists(e, e.reasons.exists(x, x == 'Unsuported'))", `reasons is never "Unsuported"`},
		{"log.exists(e, has(e.env.WARM_IP_TARGET))", "log.exists(e, has(e.env.WARM_IP_TARGETS))", `env never has "WARM_IP_TARGETS" (did you mean WARM_IP_TARGET?)`},
		{"exhaustion.map(e, e.kind).exists(k, k == 'quota')", "exhaustion.map(e, e.kind).exists(k, k == 'quoto')", `kind is never "quoto" (did you mean quota?)`},
		{"exhaustion.map(e, e.over, e.kind) == ['quota']", "exhaustion.map(e, e.over, e.kind) == ['quoto']", `kind is never "quoto" (did you mean quota?)`},
		{"exhaustion.exists(e, e.kind in ['quota'] + ['throttling'])", "exhaustion.exists(e, e.kind in ['quota'] + ['trottling'])", `kind is never "trottling" (did you mean throttling?)`},
		{"['quota'].all(k, exhaustion.exists(e, e.kind == k))", "['quoto'].all(k, exhaustion.exists(e, e.kind == k))", `kind is never "quoto" (did you mean quota?)`},
		{"ec2Calls.all(a, a != 'AttachNetworkInterface')", "ec2Calls.all(a, a != 'AttachNetworkInterfac')", "no call to EC2 is named AttachNetworkInterfac"},
		{"exhaustion.all(e, e.kind.endsWith('-ips'))", "exhaustion.all(e, e.kind.endsWith('-ip'))", `kind never ends with "-ip"`},
		{"pods.list.all(p, p.name.startsWith('web-1'))", "pods.list.all(p, p.name.startsWith('wbe-'))", `name never starts with "wbe-" (did you mean web-?)`},
		{"pods.list.all(p, p.name.contains('lon') || p.name.contains('b-7') || p.name.contains('7'))", "pods.list.all(p, p.name.contains('loan'))", `name never contains "loan"`},
		{"pods.list.all(p, p.name.endsWith('-7') && p.name.matches('^web-[0-9]$'))", "pods.list.all(p, p.name.endsWith('+7'))", `name never ends with "+7"`},
		{"pods.list.all(p, p.address == '10.0.0.9')", "pods.list.all(p, p.address == '10.0.0')", `"10.0.0" is no IP address`},
		{"pods.list.all(p, p.message.contains('whatever'))", "pods.list.all(p, p.reason.contains('whatever'))", `reason never contains "whatever"`},
		{"exhaustion.exists(e, e.name.startsWith('private-') || e.name == 'cluster' || e.name.endsWith('-7'))", "exhaustion.exists(e, e.name.startsWith('privat-'))", `name never starts with "privat-" (did you mean private-a?)`},
		{"log.exists(e, e.name.contains('workers'))", "log.exists(e, e.name.contains('wokers'))", `name never contains "wokers" (did you mean workers-?)`},
		{"exhaustion.exists(e, [e.kind, e.scope] == ['quota', 'node'])", "exhaustion.exists(e, [e.kind, e.scope] == ['quota', 'nod'])", `scope is never "nod" (did you mean node?)`},
		{"exhaustion.exists(e, {'quota': true}[e.kind])", "exhaustion.exists(e, {'quoto': true}[e.kind])", `kind is never "quoto" (did you mean quota?)`},
		{"exhaustion.exists(e, e.kind in {'quota': true})", "exhaustion.exists(e, dyn(e.kind) in {'quoto': true})", `kind is never "quoto" (did you mean quota?)`},
		{"(enis > 0 ? exhaustion[0].kind : 'none') == 'none'", "(enis > 0 ? exhaustion[0].kind : 'none') == 'non'", `kind is never "non"`},
		{"log.exists(e, e.error.startsWith('Insufficient') || e.error.endsWith('networking') || e.error.contains('v1.16') || e.error.contains('IPv6') || e.error.contains('custom net'))", "log.exists(e, e.error.startsWith('Insuficient'))", `error never starts with "Insuficient"`},
		{"log.exists(e, e.type == 'ec2.call' || e.reason == 'no-room')", "log.exists(e, e.type == 'ec2.call' && e.reason == 'no-room')", "ec2.call has no field reason"},
	} {
		_, mistakes := Compile(c.right, scopeOfWords)
		require.Empty(t, mistakes, c.right)
		_, mistakes = Compile(c.wrong, scopeOfWords)
		require.Len(t, mistakes, 1, c.wrong)
		require.Contains(t, mistakes[0].Message, c.message, c.wrong)
		require.Equal(t, 1, mistakes[0].Line)
	}
}

// A chain of macros is read in a time that grows with its length.
func TestLongChainsAreReadQuickly(t *testing.T) {
	text := "log"
	for range 40 {
		text += ".filter(e, e.type == 'pod.ready')"
	}
	_, mistakes := Compile(text+".all(e, e.pod != 'web-1')", scopeOfWords)
	require.LessOrEqual(t, len(mistakes), 1) // it may be too deep
}

// An empty text means that there is none; it is never misspelt.
func TestEmptyTextsAreNeverWrong(t *testing.T) {
	for _, word := range []string{"e.error", "e.code", "e.reason", "e.name", "e.address", "e.eni", "e.kind"} {
		_, mistakes := Compile("log.exists(e, "+word+" == '')", scopeOfWords)
		require.Empty(t, mistakes, word)
	}
	require.NotEmpty(t, sim.Codes(sim.TypeEC2Call))
}
