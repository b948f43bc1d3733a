package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGeneratedTableIsCurrent(t *testing.T) {
	table, err := os.ReadFile("../../instancetypes.csv")
	require.NoError(t, err)
	want, err := generate(table)
	require.NoError(t, err)

	got, err := os.ReadFile("../../instancetypes_gen.go")
	require.NoError(t, err)
	require.True(t, string(want) == string(got), "instancetypes_gen.go is stale: run go generate ./model")
}

const header = "name,vcpu,memoryMiB,maxENIs,ipv4PerENI,networkCards,trunkingCompatible,branchENIs,hypervisor,bareMetal,maxPodsSecondaryIP,ecsTaskLimitWithoutTrunking,ecsTaskLimitWithTrunking,usdPerHour,maxENIsAllCards,sources\n"

func TestUnknownFieldsAreLeftOut(t *testing.T) {
	code, err := generate([]byte("# a comment\n" + header +
		"b.metal,,,15,50,1,,,none,true,737,,,,15,x\n" +
		"a.large,2,8192,3,10,1,true,9,nitro,false,29,2,10,0.096,3,x\n"))
	require.NoError(t, err)
	_, literals, _ := strings.Cut(string(code), "[]InstanceType{\n")
	require.Equal(t, strings.Join([]string{
		`	{Name: "a.large", VCPU: 2, MemoryMiB: 8192, MaxENIs: 3, IPv4PerENI: 10, NetworkCards: 1, MaxENIsAllCards: 3, TrunkingCompatible: true, BranchENIs: 9, Hypervisor: "nitro", MaxPodsSecondaryIP: 29, ECSTasks: 2, ECSTasksTrunking: 10, MicroUSDPerHour: 96000},`,
		`	{Name: "b.metal", MaxENIs: 15, IPv4PerENI: 50, NetworkCards: 1, MaxENIsAllCards: 15, TrunkingUnknown: true, BareMetal: true, MaxPodsSecondaryIP: 737},`,
		"}\n",
	}, "\n"), literals)
}

func TestMistakesInTheTableAreErrors(t *testing.T) {
	const good = "a.large,2,8192,3,10,1,true,9,nitro,false,29,2,10,0.096,3,x\n"
	for _, tt := range []struct{ name, table, want string }{
		{"no lines", header, "no instance types"},
		{"twice", header + good + good, "a.large is listed twice"},
		{"no name", header + strings.Replace(good, "a.large", "", 1), `instance type "": name is unknown`},
		{"no ENIs", header + strings.Replace(good, ",3,10,", ",,10,", 1), `instance type "a.large": maxENIs is unknown`},
		{"no addresses", header + strings.Replace(good, ",3,10,", ",3,0,", 1), "ipv4PerENI is unknown"},
		{"negative", header + strings.Replace(good, ",2,", ",-2,", 1), `vcpu is "-2", not a count`},
		{"not a truth", header + strings.Replace(good, "true", "yes", 1), `trunkingCompatible is "yes"`},
		{"hypervisor", header + strings.Replace(good, "nitro", "kvm", 1), `hypervisor is "kvm"`},
		{"price", header + strings.Replace(good, "0.096", "cheap", 1), `usdPerHour is "cheap", not an amount`},
		{"too fine", header + strings.Replace(good, "0.096", "0.0000001", 1), "finer than a millionth"},
		{"column", strings.Replace(header, "vcpu", "cpus", 1) + good, "vcpu is not a column"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := generate([]byte(tt.table))
			require.ErrorContains(t, err, tt.want)
		})
	}
}
