package scenarios

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFieldMeaning(t *testing.T) {
	for path, want := range map[string]string{
		"seed":                           "of all that is drawn, 0 to 18446744073709551615",
		"nodeGroups[12].count":           "nodes at the beginning",
		"nodeGroups[0].subnets[3]":       "names of subnets; the nodes go to them in turn",
		"steps[0].scale.workload":        "sets the replicas of a workload",
		"instanceTypes.m5.large.vcpu":    "vCPUs; unknown ones limit nothing, and the run says so",
		"expect[0].that":                 "a condition in CEL, such as `pods.running == 27`", // without the link
		"":                               "",
		"replicaCount":                   "",
		"nodeGroups[0].nothing.of.these": "",
	} {
		require.Equal(t, want, FieldMeaning(path), path)
	}
}
