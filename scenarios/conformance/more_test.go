package conformance

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Examples that no document has, with numbers computed by hand: the ways in
// which documents may put a question, both sides of a boundary where there is
// one.
func TestMoreExamples(t *testing.T) {
	file, err := os.ReadFile("testdata/more.json")
	require.NoError(t, err)
	var all []Example
	d := json.NewDecoder(strings.NewReader(string(file)))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&all))
	for _, e := range all {
		t.Run(e.ID, func(t *testing.T) {
			r, err := Check(e)
			require.NoError(t, err)
			require.Equal(t, Agrees, r.Status, "%s: %v %s", e.Given, r.Differences, r.Why)
		})
	}
}

// What the simulator has no answer to is said so, with the reason, and is
// neither a mistake nor agreement.
func TestWithoutAnAnswer(t *testing.T) {
	for _, c := range []struct {
		topic, why string
		given      Given
	}{
		{"secondary-ip warm pool", "v1.8.0 are not known", Given{InstanceType: "m5.large", CNIVersion: "1.8"}},
		{"IPv6", "node-local", Given{EgressRange: "169.254.172.0/22"}},
		{"network address usage", "one VPC", Given{PeeredVPCs: 2}},
		{"EKS control plane", "controlPlaneENIs", Given{}},
		{"subnet size", "/80", Given{Subnet: "2001:db8::/64"}},
		{"API throttling", `"CopyImage"`, Given{Action: "CopyImage"}},
	} {
		r, err := Check(Example{ID: "x", Topic: c.topic, Given: c.given})
		require.NoError(t, err, c.topic)
		require.Equal(t, NotCovered, r.Status, c.topic)
		require.Contains(t, r.Why, c.why)
	}
}

func TestMistakesInAnExample(t *testing.T) {
	for _, c := range []struct {
		topic, message string
		given          Given
	}{
		{"no such topic", "nothing answers", Given{}},
		{"security groups for pods", `no instance type "m5.huge"`, Given{InstanceType: "m5.huge"}},
		{"secondary-ip warm pool", "an example has 1 to 1000", Given{InstanceType: "m5.large", Nodes: json.RawMessage("0")}},
		{"secondary-ip warm pool", "an example has 1 to 1000", Given{InstanceType: "m5.large", Nodes: json.RawMessage("1001")}},
		{"secondary-ip warm pool", "cannot unmarshal", Given{InstanceType: "m5.large", Nodes: json.RawMessage(`"three"`)}},
	} {
		r, err := Check(Example{ID: "x", Topic: c.topic, Given: c.given})
		require.ErrorContains(t, err, c.message)
		require.Empty(t, r.Status)
	}
}
