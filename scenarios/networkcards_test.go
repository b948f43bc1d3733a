package scenarios

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNetworkCardsOfATypeThatIsSet(t *testing.T) {
	for _, c := range []struct {
		set   string
		cards []int
	}{
		{"my.type: {maxENIs: 4, ipv4PerENI: 10}", []int{4, 0}},
		{"my.type: {maxENIs: 4, ipv4PerENI: 10, networkCards: 3}", []int{4, 4, 4, 0}},
		{"my.type: {maxENIs: 4, ipv4PerENI: 10, networkCards: 3, maxENIsAllCards: 7}", []int{4, 2, 1, 0}},
		{"my.type: {maxENIs: 4, ipv4PerENI: 10, networkCards: 2, maxENIsAllCards: 5}", []int{4, 1, 0}},
		{"p4d.24xlarge: {maxENIs: 2}", []int{2, 2, 2, 2, 0}},
		{"p4d.24xlarge: {networkCards: 2}", []int{15, 15, 0}},
		{"p4d.24xlarge: {maxENIsAllCards: 21}", []int{15, 2, 2, 2, 0}},
		{"p4d.24xlarge: {ipv4PerENI: 20}", []int{15, 15, 15, 15, 0}},
	} {
		name, _, _ := strings.Cut(c.set, ":")
		kind := config(t, "vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/24}]}\ninstanceTypes: {"+c.set+"}\nnodeGroups: [{name: n, instanceType: "+name+"}]\n", Options{}).NodeGroups[0].Type
		for card, want := range c.cards {
			require.Equal(t, want, kind.CardENIs(card), "%s, card %d", c.set, card)
		}
	}
}

func TestNotesOnNetworkCards(t *testing.T) {
	const annotated = "workloads: [{name: w, annotations: {k8s.amazonaws.com/nicConfig: multi-nic-attachment}}]\n"
	for _, c := range []struct {
		name, kind, rest, note string
	}{
		{"as it should be", "p4d.24xlarge", "cni: {env: {ENABLE_MULTI_NIC: true}}\n" + annotated, ""},
		{"no card to manage", "m5.large", "cni: {env: {ENABLE_MULTI_NIC: true}}\n" + annotated, "no node group's instance type has more than one network card"},
		{"prefix mode", "p4d.24xlarge", "cni: {env: {ENABLE_MULTI_NIC: true, ENABLE_PREFIX_DELEGATION: true}}\n", "every half a minute: give the scenario a duration"},
		{"IPv6 has no such trouble", "p4d.24xlarge", "cluster: {ipFamily: ipv6}\ncni: {env: {ENABLE_MULTI_NIC: true}}\n", ""},
		{"annotated, and off", "p4d.24xlarge", annotated, "cni.env.ENABLE_MULTI_NIC is off: pods of w get no address at all"},
		{"annotated, and on later", "p4d.24xlarge", annotated + "steps: [{at: 1m, setEnv: {ENABLE_MULTI_NIC: true}}]\n", ""},
		{"annotated, and not known", "p4d.24xlarge", "cni: {version: v1.19.3}\n" + annotated, "v1.19.3 does not know the annotation"},
		{"annotated otherwise", "p4d.24xlarge", "workloads: [{name: w, annotations: {k8s.amazonaws.com/nicConfig: all}}]\n", "k8s.amazonaws.com/nicConfig: all means nothing to the CNI"},
		{"another annotation", "p4d.24xlarge", "workloads: [{name: w, annotations: {team: blue}}]\n", "workloads[0].annotations: have no bearing"},
	} {
		subnet := "{name: a, cidr: 10.0.0.0/24, ipv6Cidr: '2001:db8:0:1::/64'}"
		notes := strings.Join(config(t, "vpc: {cidrs: [10.0.0.0/16], subnets: ["+subnet+"]}\nnodeGroups: [{name: n, instanceType: "+c.kind+"}]\n"+c.rest, Options{}).Notes, "\n")
		if c.note == "" {
			require.NotContains(t, notes, "MULTI_NIC", c.name)
			require.NotContains(t, notes, "nnotation", c.name)
			continue
		}
		require.Contains(t, notes, c.note, c.name)
	}
}
