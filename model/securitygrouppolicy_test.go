package model

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSelectSecurityGroups settles which pods a SecurityGroupPolicy selects and
// what several of them give.
func TestSelectSecurityGroups(t *testing.T) {
	app := func(v string) *LabelSelector { return &LabelSelector{MatchLabels: map[string]string{"app": v}} }
	expr := func(op LabelOperator, values ...string) *LabelSelector {
		return &LabelSelector{MatchExpressions: []LabelExpression{{Key: "app", Operator: op, Values: values}}}
	}
	one := func(p SecurityGroupPolicy) []SecurityGroupPolicy {
		p.Namespace = "shop"
		if p.Groups == nil {
			p.Groups = []SecurityGroup{"db"}
		}
		return []SecurityGroupPolicy{p}
	}
	web := PodIdentity{Namespace: "shop", Labels: map[string]string{"app": "web"}, ServiceAccountLabels: map[string]string{"app": "sa"}}
	bare := PodIdentity{Namespace: "shop"}
	host, elsewhere := web, web
	host.HostNetwork, elsewhere.Namespace = true, "other"
	db := []SecurityGroup{"db"}

	for _, c := range []struct {
		name     string
		policies []SecurityGroupPolicy
		pod      PodIdentity
		want     []SecurityGroup
	}{
		{"no policy", nil, web, nil},
		{"pod label", one(SecurityGroupPolicy{Pods: app("web")}), web, db},
		{"other value", one(SecurityGroupPolicy{Pods: app("api")}), web, nil},
		{"label missing", one(SecurityGroupPolicy{Pods: app("")}), bare, nil},
		{"other namespace", one(SecurityGroupPolicy{Pods: app("web")}), elsewhere, nil},
		{"host network", one(SecurityGroupPolicy{Pods: app("web")}), host, nil},
		{"service account's label", one(SecurityGroupPolicy{ServiceAccounts: app("sa")}), web, db},
		{"not the pod's label", one(SecurityGroupPolicy{ServiceAccounts: app("web")}), web, nil},
		{"both, both match", one(SecurityGroupPolicy{Pods: app("web"), ServiceAccounts: app("sa")}), web, db},
		{"both, one matches", one(SecurityGroupPolicy{Pods: app("web"), ServiceAccounts: app("web")}), web, nil},
		{"no selector selects nothing", one(SecurityGroupPolicy{}), web, nil},
		{"an empty selector selects all", one(SecurityGroupPolicy{Pods: &LabelSelector{}}), bare, db},
		{"no groups", one(SecurityGroupPolicy{Pods: app("web"), Groups: []SecurityGroup{}}), web, nil},
		{"in", one(SecurityGroupPolicy{Pods: expr(LabelIn, "api", "web")}), web, db},
		{"in, not", one(SecurityGroupPolicy{Pods: expr(LabelIn, "api")}), web, nil},
		{"in, label missing", one(SecurityGroupPolicy{Pods: expr(LabelIn, "")}), bare, nil},
		{"not in", one(SecurityGroupPolicy{Pods: expr(LabelNotIn, "api")}), web, db},
		{"not in, but is", one(SecurityGroupPolicy{Pods: expr(LabelNotIn, "web")}), web, nil},
		{"not in, label missing", one(SecurityGroupPolicy{Pods: expr(LabelNotIn, "api")}), bare, db},
		{"exists", one(SecurityGroupPolicy{Pods: expr(LabelExists)}), web, db},
		{"exists, missing", one(SecurityGroupPolicy{Pods: expr(LabelExists)}), bare, nil},
		{"does not exist", one(SecurityGroupPolicy{Pods: expr(LabelDoesNotExist)}), bare, db},
		{"does not exist, but does", one(SecurityGroupPolicy{Pods: expr(LabelDoesNotExist)}), web, nil},
		{"unknown operator", one(SecurityGroupPolicy{Pods: expr("Like", "web")}), web, nil},
		{"union of several, each group once", []SecurityGroupPolicy{
			{Namespace: "shop", Pods: app("web"), Groups: []SecurityGroup{"b", "a"}},
			{Namespace: "shop", Pods: app("api"), Groups: []SecurityGroup{"x"}},
			{Namespace: "shop", ServiceAccounts: app("sa"), Groups: []SecurityGroup{"a", "c"}},
		}, web, []SecurityGroup{"b", "a", "c"}},
	} {
		require.Equal(t, c.want, SelectSecurityGroups(c.policies, c.pod), c.name)
	}
}
