package conformance

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every number of the documents comes out of the simulator, or the document is
// wrong in the way that the example says, or it is listed why there is no
// answer.
func TestExamples(t *testing.T) {
	there := map[string]bool{}
	var without []string
	for _, e := range Examples() {
		require.False(t, there[e.ID], "%s twice", e.ID)
		there[e.ID] = true
		t.Run(e.ID, func(t *testing.T) {
			r, err := Check(e)
			require.NoError(t, err)
			require.NotEqual(t, Differs, r.Status, "%s: %v", e.Source, r.Differences)
			if r.Status == NotCovered {
				require.NotEmpty(t, r.Why)
				without = append(without, e.ID)
				return
			}
			// What a document is said to state wrongly it must.
			var wrong []string
			for _, d := range r.Differences {
				wrong = append(wrong, d.Name)
			}
			require.ElementsMatch(t, slices.Collect(maps.Keys(e.Stated)), wrong)
		})
	}
	require.Equal(t, []string{"bpg-ipv6-egress", "bpg-xeni", "nau-02"}, without)
}

// The warm-target tables of the CNI's repository are there whole, and four rows
// of the one about prefixes are wrong: they count an ENI that holds no prefix,
// or forget the second prefix that MINIMUM_IP_TARGET asks for.
func TestFourRowsOfThePrefixTableAreWrong(t *testing.T) {
	rows := map[string]int{}
	var wrong []string
	for _, e := range Examples() {
		rows[e.Source]++
		if r, err := Check(e); err == nil && r.Status == DocumentWrong && e.Source == "aws/amazon-vpc-cni-k8s docs/prefix-and-ip-target.md" {
			wrong = append(wrong, e.ID)
		}
	}
	require.Equal(t, 16, rows["aws/amazon-vpc-cni-k8s docs/eni-and-ip-target.md"])
	require.Equal(t, 20, rows["aws/amazon-vpc-cni-k8s docs/prefix-and-ip-target.md"])
	require.Equal(t, []string{"cni-prefix-target-10", "cni-prefix-target-15", "cni-prefix-target-16", "cni-prefix-target-20"}, wrong)
}

func TestTables(t *testing.T) {
	tables := Tables()
	rows, differ := map[string]int{}, map[string]int{}
	for _, table := range tables {
		rows[table.Name], differ[table.Name] = table.Rows, len(table.Differ)
	}
	require.Equal(t, map[string]int{"pods per node, by instance type": 1391, "ECS tasks without trunking": 434, "branch ENIs, from the ECS limit": 426}, rows)
	require.Equal(t, map[string]int{"pods per node, by instance type": 0, "ECS tasks without trunking": 10, "branch ENIs, from the ECS limit": 0}, differ)
}

// An example that doesn't come out is seen: nothing agrees with everything.
func TestAnotherNumberDiffers(t *testing.T) {
	for _, e := range Examples() {
		if e.ID != "cni-eni-target-02" {
			continue
		}
		e.Expect = maps.Clone(e.Expect)
		e.Expect["unusedIPs"] = float64(5)
		r, err := Check(e)
		require.NoError(t, err)
		require.Equal(t, Differs, r.Status)
		require.Equal(t, []Difference{{"unusedIPs", float64(5), 4}}, r.Differences)

		e.Expect["noSuchThing"] = float64(1)
		_, err = Check(e)
		require.ErrorContains(t, err, "nothing says noSuchThing")
		return
	}
	t.Fatal("the example is gone")
}

// What is given is written as it was read.
func TestGivenIsWrittenAsItWasRead(t *testing.T) {
	for _, e := range Examples() {
		var again Given
		require.NoError(t, json.Unmarshal(e.Given.JSON(), &again))
		require.JSONEq(t, string(e.Given.JSON()), string(again.JSON()), e.ID)
		if e.Given.Nodes == nil { // written without spaces
			require.Equal(t, e.Given.String(), again.String(), e.ID)
		}
	}
	require.Equal(t, "instanceType t3.small, WARM_IP_TARGET=1, pods 3, awsvpcTrunking true",
		Given{InstanceType: "t3.small", Env: map[string]any{"WARM_IP_TARGET": 1}, Pods: 3, AWSVPCTrunking: true}.String())
}
