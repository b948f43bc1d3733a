package scenarios

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/sim"
)

func TestLibraryLoads(t *testing.T) {
	require.NotEmpty(t, Library())
	require.NotEmpty(t, IncidentLibrary())
	for _, entries := range [][]Entry{Library(), IncidentLibrary()} {
		require.True(t, slices.IsSortedFunc(entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) }))
	}
	entries := append(Library(), IncidentLibrary()...)
	for _, e := range entries {
		s, err := e.Load(Options{})
		require.NoError(t, err)
		require.Equal(t, e.Name, s.Name, "a scenario is called as its file")
		require.NotEmpty(t, e.Summary, e.Name)
		require.Equal(t, e.Summary, s.Summary)
	}
}

// simulate show prints the comments to terminals of 80 columns.
func TestLibraryCommentsFitATerminal(t *testing.T) {
	for _, e := range append(Library(), IncidentLibrary()...) {
		lines := strings.Split(string(e.Data()), "\n")
		require.True(t, strings.HasPrefix(lines[0], "# "), "%s has no comment", e.Name)
		for i, line := range lines {
			if strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "# https://") {
				require.LessOrEqual(t, len([]rune(line)), 80, "%s:%d", e.File, i+1)
			}
		}
	}
}

// Each incident that is covered has its two scenarios, which name the report,
// and no scenario is without an incident.
func TestIncidentsAndTheirScenarios(t *testing.T) {
	var named, there []string
	for _, i := range Incidents() {
		require.Contains(t, []string{"high", "medium"}, i.Confidence, i.ID)
		require.NotEmpty(t, i.Title, i.ID)
		if i.NotCovered != "" {
			require.Empty(t, i.Scenario()+i.Cured())
			continue
		}
		named = append(named, i.Scenario(), i.Cured())
		for _, name := range []string{i.Scenario(), i.Cured()} {
			e, ok := Find(name)
			require.True(t, ok, name)
			require.True(t, strings.HasPrefix(string(e.Data()), "# "+i.URL+"\n"), "%s names its source first", name)
		}
	}
	for _, e := range IncidentLibrary() {
		there = append(there, e.Name)
	}
	require.ElementsMatch(t, named, there)
}

func TestDefaultSecondaryIP(t *testing.T) {
	e, ok := Find("default-secondary-ip")
	require.True(t, ok)
	s, err := e.Load(Options{})
	require.NoError(t, err)
	c := s.Config()
	require.Equal(t, "A node fills ENI after ENI until max-pods stops it", s.Summary)
	require.Equal(t, uint64(1), c.Seed)
	require.Equal(t, "10.0.0.0/24", c.Subnets[0].CIDR.String())
	require.Equal(t, "us-west-2a", c.Subnets[0].Zone)
	require.Equal(t, sim.OrderLowest, c.EC2.Order)
	require.Equal(t, sim.OrderOrdered, c.Agent.Order)
	require.Equal(t, "m5.large", c.NodeGroups[0].Type.Name)
	require.Equal(t, 10, c.Workloads[0].Replicas)
	require.Equal(t, []sim.Step{{At: time.Minute, Over: 30 * time.Second, Action: sim.Scale{Workload: "web", Replicas: 40}}}, c.Steps)
}

func TestFindAndNearNames(t *testing.T) {
	_, ok := Find("default-secondary")
	require.False(t, ok)
	require.Equal(t, []string{"default-secondary-ip"}, NearNames("default-secondry-ip", 3))
	require.Empty(t, NearNames("xyz", 3))
}
