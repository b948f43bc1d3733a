package sim

import (
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

func TestRemediesCountTasksInWords(t *testing.T) {
	kind := model.InstanceType{Name: "small"}
	for limit, want := range map[int]string{1: "small takes 1 task in awsvpc mode", 2: "small takes 2 tasks in awsvpc mode"} {
		closest := &containerInstance{limit: limit}
		closest.node = &node{group: &nodeGroup{NodeGroup: &NodeGroup{Type: kind}}}
		_, remedy := remedyUnplaceable(KindBranchLimit, closest)
		require.Contains(t, remedy, want)
	}
}
