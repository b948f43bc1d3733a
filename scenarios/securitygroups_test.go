package scenarios

import (
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/sim"
)

// groupsOf are the security groups that the first workload's pods get.
func groupsOf(t *testing.T, text string) []model.SecurityGroup {
	t.Helper()
	return config(t, base+"cni: {env: {ENABLE_POD_ENI: true}}\n"+text, Options{}).Workloads[0].Pod.BranchGroups
}

func TestPoliciesGivePodsTheirGroups(t *testing.T) {
	const policies = `
securityGroupPolicies:
  - {name: web, podSelector: {matchLabels: {app: web}}, securityGroups: [web, all]}
  - {name: team, serviceAccountSelector: {matchLabels: {team: a}}, securityGroups: [all, team]}
  - {name: every, namespace: shop, podSelector: {}, securityGroups: [shop]}
  - name: tier
    podSelector: {matchExpressions: [{key: tier, operator: In, values: [front, back]}, {key: old, operator: DoesNotExist}]}
    securityGroups: [tier]
`
	for text, want := range map[string][]model.SecurityGroup{
		`{name: w}`:                     nil,
		`{name: w, labels: {app: web}}`: {"web", "all"},
		`{name: w, labels: {app: web}, namespace: shop}`:                 {"shop"},
		`{name: w, serviceAccountLabels: {team: a}}`:                     {"all", "team"},
		`{name: w, labels: {app: web}, serviceAccountLabels: {team: a}}`: {"web", "all", "team"},
		`{name: w, labels: {app: web}, securityGroups: [own, all]}`:      {"own", "all", "web"},
		`{name: w, labels: {app: web}, hostNetwork: true}`:               nil,
		`{name: w, labels: {tier: front}}`:                               {"tier"},
		`{name: w, labels: {tier: front, old: "1"}}`:                     nil,
		`{name: w, labels: {tier: middle}}`:                              nil,
	} {
		require.Equal(t, want, groupsOf(t, "workloads: ["+text+"]"+policies), text)
	}
}

// A service account has its labels for every workload that runs under it.
func TestServiceAccountHasItsLabelsForAllWorkloads(t *testing.T) {
	require.Equal(t, []model.SecurityGroup{"team"}, groupsOf(t, `
workloads: [{name: one, serviceAccount: s}, {name: two, serviceAccount: s, serviceAccountLabels: {team: a}}]
securityGroupPolicies: [{name: team, serviceAccountSelector: {matchLabels: {team: a}}, securityGroups: [team]}]
`))
}

func TestCreatedPodsAreSelectedByTheirOwnLabels(t *testing.T) {
	const text = base + `
cni: {env: {ENABLE_POD_ENI: true}}
workloads: [{name: web, labels: {app: web}}, {name: own, securityGroups: [own]}]
securityGroupPolicies: [{name: web, podSelector: {matchLabels: {app: web}}, securityGroups: [web]}]
steps: [{create: `
	for step, want := range map[string][]model.SecurityGroup{
		`{pod: x}`:                                             nil,
		`{pod: x, labels: {app: web}}`:                         {"web"},
		`{pod: x, securityGroups: [a]}`:                        {"a"},
		`{pod: x, workload: web}`:                              {"web"},
		`{pod: x, workload: web, labels: {a: b}}`:              {}, // and not those of the workload
		`{pod: x, workload: own}`:                              {"own"},
		`{pod: x, workload: own, labels: {app: web}}`:          {"own", "web"},
		`{pod: x, workload: own, securityGroups: [a]}`:         {"a"},
		`{pod: x, requests: {vpc.amazonaws.com/pod-eni: "1"}}`: nil,
	} {
		c := config(t, text+step+"}]\n", Options{})
		require.Equal(t, want, c.Steps[0].Action.(sim.Create).Spec.BranchGroups, step)
		requireCanonical(t, c)
	}
}

func TestBranchCooldownIsTheConfigMapsText(t *testing.T) {
	for text, want := range map[string]struct{ text, note string }{
		"45":       {"45", ""},
		`"45"`:     {"45", ""},
		"30":       {"30", ""},
		"29":       {"29", "cni.branchCooldown: branch-eni-cooldown: 29 is below 30 seconds, 30 holds"},
		"-1":       {"-1", "cni.branchCooldown: branch-eni-cooldown: -1 is below 30 seconds, 30 holds"},
		"30.5":     {"30.5", `cni.branchCooldown: branch-eni-cooldown: "30.5" is no whole number of seconds, 60 holds`},
		"soon":     {"soon", `cni.branchCooldown: branch-eni-cooldown: "soon" is no whole number of seconds, 60 holds`},
		"2m":       {"120", "cni.branchCooldown: 2m stands for 120; in the ConfigMap itself only a whole number of seconds counts"},
		"34560000": {"34560000", ""},
		"0":        {"0", "cni.branchCooldown: branch-eni-cooldown: 0 is below 30 seconds, 30 holds"},
	} {
		c := config(t, base+"cni: {branchCooldown: "+text+"}\n", Options{})
		require.Equal(t, want.text, c.CNI.BranchCooldown, text)
		if want.note == "" {
			require.Empty(t, c.Notes, text)
		} else {
			require.Equal(t, []string{want.note}, c.Notes)
		}
	}
}

// What cannot take effect is said.
func TestNotesOnSecurityGroups(t *testing.T) {
	const off = "cni.env.ENABLE_POD_ENI is off: pods with security groups find no node that offers a branch ENI"
	for text, want := range map[string][]string{
		"workloads: [{name: web, securityGroups: [a]}]\n":                                            {off},
		"workloads: [{name: web, requests: {vpc.amazonaws.com/pod-eni: 1}}]\n":                       {off},
		"workloads: [{name: web, securityGroups: [a], hostNetwork: true}]\n":                         {"workloads[0]: pods on the host network get no branch ENI"},
		"workloads: [{name: web}]\n":                                                                 nil,
		"workloads: [{name: web, securityGroups: [a]}]\ncni: {env: {ENABLE_POD_ENI: true}}\n":        nil,
		"workloads: [{name: web, securityGroups: [a]}]\nsteps: [{setEnv: {ENABLE_POD_ENI: true}}]\n": nil,
		"securityGroupPolicies: [{name: p, podSelector: {}, securityGroups: [a]}]\n":                 {"securityGroupPolicies[0]: p selects no pod of the scenario"},
	} {
		require.Equal(t, want, config(t, base+text, Options{}).Notes, text)
	}
}
