package near

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestName(t *testing.T) {
	fields := []string{"name", "instanceType", "count", "subnets", "maxPods", "agentStart", "os"}
	tests := []struct{ name, want string }{
		{"instanceTyp", "instanceType"},
		{"INSTANCETYPE", "instanceType"},
		{"instance_type", "instanceType"},
		{"cuont", "count"}, // two letters swapped are one edit
		{"maxpod", "maxPods"},
		{"naem", "name"},
		{"nmae", "name"},
		{"game", "name"},
		{"gams", ""}, // two of four letters
		{"subnet", "subnets"},
		{"agent", "agentStart"}, // a part of the name
		{"age", ""},             // too short a part
		{"x", ""},
		{"", ""},
		{"nonsense", ""},
	}
	for _, test := range tests {
		require.Equal(t, test.want, Name(test.name, fields), test.name)
	}
}

func TestOfEquallyNearNamesTheFirstWins(t *testing.T) {
	require.Equal(t, "web-1", Name("web-9", []string{"db-0", "web-1", "web-2"}))
}
