package sim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// A pod that requests vpc.amazonaws.com/pod-eni without security groups of its
// own gets a branch ENI with those of the trunk.
func TestPodENIAloneTakesTheTrunksGroups(t *testing.T) {
	log := events(t, branchCluster(1, Step{At: time.Minute, Action: Create{Pod: "p", Spec: PodSpec{PodENI: true}}}))
	branches := find[BranchCreated](log, nil)
	require.Len(t, branches, 1)
	require.Equal(t, []model.SecurityGroup{"node"}, branches[0].Body.(BranchCreated).SecurityGroups)
}

// On the host network the request means nothing.
func TestPodENIMeansNothingOnTheHostNetwork(t *testing.T) {
	log := events(t, branchCluster(1, Step{At: time.Minute, Action: Create{Pod: "p", Spec: PodSpec{PodENI: true, HostNetwork: true}}}))
	require.Empty(t, find[BranchRequested](log, nil))
}

func TestCreatedPodsGroupsReplaceItsWorkloads(t *testing.T) {
	base := PodSpec{BranchGroups: []model.SecurityGroup{"web"}}
	for _, c := range []struct {
		set  []model.SecurityGroup
		want []model.SecurityGroup
	}{
		{nil, []model.SecurityGroup{"web"}},
		{[]model.SecurityGroup{"db"}, []model.SecurityGroup{"db"}},
		{[]model.SecurityGroup{}, []model.SecurityGroup{}},
	} {
		require.Equal(t, c.want, overlay(base, PodSpec{BranchGroups: c.set}).BranchGroups)
	}
	require.True(t, overlay(PodSpec{PodENI: true}, PodSpec{}).PodENI)
	require.True(t, overlay(PodSpec{}, PodSpec{PodENI: true}).PodENI)
}
