package maxpods

import (
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/scenarios"
)

func mustType(t *testing.T, name string) model.InstanceType {
	t.Helper()
	it, found := model.LookupInstanceType(name)
	require.True(t, found, name)
	return it
}

func mustParse(t *testing.T, text string) *scenarios.MaxPodsExpression {
	t.Helper()
	e, err := scenarios.ParseMaxPodsExpression(text)
	require.NoError(t, err)
	return e
}

// cni is short for the settings of the CNI.
type cni = model.MaxPodsModes

func TestModeThatTheSettingsBelongTo(t *testing.T) {
	for _, tt := range []struct {
		name string
		o    Options
		want Mode
	}{
		{"nothing set", Options{}, Nodeadm},
		{"prefix delegation", Options{CNI: cni{PrefixDelegation: true}}, Recommended},
		{"custom networking", Options{CNI: cni{CustomNetworking: true}}, Recommended},
		{"pod ENIs", Options{CNI: cni{PodENI: true}}, Recommended},
		{"MAX_ENI", Options{CNI: cni{MaxENI: 1}}, Recommended},
		{"reserved ENIs", Options{CNI: cni{ReservedENIs: 1}}, Karpenter},
		{"reserved ENIs and custom networking", Options{CNI: cni{ReservedENIs: 1, CustomNetworking: true}}, Recommended},
		{"kubelet's maxPods", Options{KubeletMaxPods: 50}, Nodeadm},
		{"kubelet's maxPods and prefixes", Options{KubeletMaxPods: 50, CNI: cni{PrefixDelegation: true}}, Nodeadm},
		{"kubelet's maxPods and reserved ENIs", Options{KubeletMaxPods: 50, CNI: cni{ReservedENIs: 1}}, Karpenter},
		{"pods per core", Options{PodsPerCore: 4}, Karpenter},
		{"show the most allowed", Options{ShowMaxAllowed: true}, Calculator},
		{"what was asked for", Options{Mode: Managed, CNI: cni{PodENI: true}}, Managed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o, err := tt.o.Resolve()
			require.NoError(t, err)
			require.Equal(t, tt.want, o.Mode)
		})
	}
}

func TestSettingsThatMeanNothingInAMode(t *testing.T) {
	for want, o := range map[string]Options{
		"--kubelet-max-pods means nothing to recommended; it belongs to nodeadm, managed or karpenter": {Mode: Recommended, KubeletMaxPods: 5},
		"--expression means nothing to calculator; it belongs to nodeadm, managed or karpenter":        {Mode: Calculator, Expression: mustParse(t, "1")},
		"--pods-per-core means nothing to nodeadm; it belongs to karpenter":                            {Mode: Nodeadm, PodsPerCore: 5},
		"--show-max-allowed means nothing to managed; it belongs to calculator":                        {Mode: Managed, ShowMaxAllowed: true},
	} {
		_, err := o.Resolve()
		require.EqualError(t, err, want)
	}
}

func TestCompute(t *testing.T) {
	for _, tt := range []struct {
		name         string
		instanceType string
		o            Options
		want         int
		arithmetic   string
	}{
		{"plain", "m5.large", Options{}, 29, "3 ENIs × (10 − 1) + 2 = 29"},
		{"one ENI", "m5.large", Options{CNI: cni{MaxENI: 1}}, 11, "1 ENI × (10 − 1) + 2 = 11"},
		{"no cap on a node by itself", "m5.24xlarge", Options{}, 737, "15 ENIs × (50 − 1) + 2 = 737"},
		{"the cap of a managed node group", "m5.24xlarge", Options{Mode: Managed}, 250, "15 ENIs × (50 − 1) + 2 = 737, capped at 250"},
		{"a managed node group with prefixes", "m5.large", Options{Mode: Managed, CNI: cni{PrefixDelegation: true}}, 110, "3 ENIs × (10 − 1) × 16 + 2 = 434, capped at 110"},
		{"a managed node group knows no trunk and no MAX_ENI", "m5.large", Options{Mode: Managed, CNI: cni{PodENI: true, MaxENI: 1}}, 29, "3 ENIs × (10 − 1) + 2 = 29"},
		{"nodeadm knows nothing of the CNI", "m5.large", Options{Mode: Nodeadm, CNI: cni{PrefixDelegation: true, CustomNetworking: true, PodENI: true, MaxENI: 1, ReservedENIs: 1}}, 29, "3 ENIs × (10 − 1) + 2 = 29"},
		{
			"all that takes ENIs away", "m5.xlarge", Options{CNI: cni{CustomNetworking: true, PodENI: true, ReservedENIs: 1, PrefixDelegation: true}},
			110, "(4 ENIs − 1 reserved − 1 primary − 1 trunk) × (15 − 1) × 16 + 2 = 226, capped at 110",
		},
		{"more is taken than there is", "m5.large", Options{CNI: cni{CustomNetworking: true, PodENI: true, MaxENI: 1}}, 2, "max(1 ENI − 1 primary − 1 trunk, 0) × (10 − 1) + 2 = 2"},
		{"Karpenter", "m5.large", Options{CNI: cni{ReservedENIs: 1}}, 20, "(3 ENIs − 1 reserved) × (10 − 1) + 2 = 20"},
		{"Karpenter without an ENI left", "m5.large", Options{CNI: cni{ReservedENIs: 3}}, 0, "(3 ENIs − 3 reserved) leaves no ENI: 0"},
		{"pods per core below", "m5.large", Options{PodsPerCore: 10}, 20, "3 ENIs × (10 − 1) + 2 = 29, at most 10 per core × 2 vCPUs = 20"},
		{"pods per core above", "m5.large", Options{PodsPerCore: 15}, 29, "3 ENIs × (10 − 1) + 2 = 29"},
		{"pods per core bound kubelet's maxPods, too", "m5.large", Options{PodsPerCore: 10, KubeletMaxPods: 21}, 20, "kubelet's maxPods 21, at most 10 per core × 2 vCPUs = 20"},
		{"EKS Auto Mode", "m5.large", Options{Mode: AutoMode}, 27, "3 ENIs × (10 − 1) = 27"},
		{"EKS Auto Mode's cap", "c5.4xlarge", Options{Mode: AutoMode}, 110, "8 ENIs × (30 − 1) = 232, capped at 110"},
		{"kubelet's default", "m5.large", Options{Mode: Kubelet}, 110, "kubelet's default 110"},
		{"the calculator", "c5.4xlarge", Options{Mode: Calculator}, 110, "8 ENIs × (30 − 1) + 2 = 234, capped at 110"},
		{"the calculator without its cap", "c5.4xlarge", Options{ShowMaxAllowed: true}, 234, "8 ENIs × (30 − 1) + 2 = 234"},
		{"kubelet's maxPods", "m5.large", Options{KubeletMaxPods: 500}, 500, "kubelet's maxPods 500"},
		{"the cap beats kubelet's maxPods", "m5.large", Options{Mode: Managed, KubeletMaxPods: 111}, 110, "kubelet's maxPods 111, capped at 110"},
		{"kubelet's maxPods at the cap", "m5.large", Options{Mode: Managed, KubeletMaxPods: 110}, 110, "kubelet's maxPods 110"},
		{"kubelet's maxPods beats an expression", "m5.large", Options{KubeletMaxPods: 40, Expression: mustParse(t, "30")}, 40, "kubelet's maxPods 40"},
		{"an expression beats the formula", "m5.large", Options{Expression: mustParse(t, "max_pods - 9")}, 20, "max_pods - 9 = 20"},
		{"the cap beats an expression", "m5.large", Options{Mode: Managed, Expression: mustParse(t, "200")}, 110, "200 = 200, capped at 110"},
		{"an expression that gives nothing", "m5.large", Options{Expression: mustParse(t, "max_pods - 29")}, 29, "3 ENIs × (10 − 1) + 2 = 29"},
		{"vcpus, which nodeadm doesn't know", "m5.large", Options{Expression: mustParse(t, "vcpus")}, 29, "3 ENIs × (10 − 1) + 2 = 29"},
		{"vcpus, which Karpenter knows", "m5.large", Options{Mode: Karpenter, Expression: mustParse(t, "vcpus")}, 2, "vcpus = 2"},
		{"Karpenter's standard is without the reserved", "m5.large", Options{CNI: cni{ReservedENIs: 1}, Expression: mustParse(t, "max_pods")}, 20, "max_pods = 20"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o, err := tt.o.Resolve()
			require.NoError(t, err)
			r, err := o.Compute(mustType(t, tt.instanceType))
			require.NoError(t, err)
			require.Equal(t, tt.want, r.MaxPods)
			require.Equal(t, tt.arithmetic, r.Arithmetic)
			require.Len(t, r.All, len(Modes()))
		})
	}
}

func TestExpressionOfMorePodsThanAnyNodeHasIsAnError(t *testing.T) {
	o, err := Options{Expression: mustParse(t, "max_pods * 10000")}.Resolve()
	require.NoError(t, err)
	_, err = o.Compute(mustType(t, "m5.large"))
	require.EqualError(t, err, "--expression: the expression gives 290000 on m5.large; at most 100000")
}

// An operator's question: are there addresses for as many pods?
func TestPodsWithoutAddress(t *testing.T) {
	for _, tt := range []struct {
		name      string
		o         Options
		addresses int
		without   int
	}{
		{"as many as there are", Options{}, 27, 0},
		{"custom networking unknown to the node", Options{Mode: Nodeadm, CNI: cni{CustomNetworking: true}}, 18, 9},
		{"max-pods follows", Options{CNI: cni{CustomNetworking: true}}, 18, 0},
		{"the last that fits", Options{CNI: cni{CustomNetworking: true}, KubeletMaxPods: 20}, 18, 0},
		{"one more", Options{CNI: cni{CustomNetworking: true}, KubeletMaxPods: 21}, 18, 1},
		{"kubelet's default", Options{Mode: Kubelet}, 27, 81},
		{"prefixes in plenty", Options{Mode: Nodeadm, CNI: cni{PrefixDelegation: true}}, 432, 0},
		{"reserved ENIs are not the CNI's", Options{CNI: cni{ReservedENIs: 1}}, 27, 0},
		{"Auto Mode is by itself", Options{Mode: AutoMode, CNI: cni{MaxENI: 1}}, 9, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o, err := tt.o.Resolve()
			require.NoError(t, err)
			r, err := o.Compute(mustType(t, "m5.large"))
			require.NoError(t, err)
			require.Equal(t, tt.addresses, r.PodAddresses)
			require.Equal(t, tt.without, r.WithoutAddress)
		})
	}
}

// With every ENI full: its own address and those for pods.
func TestSubnetAddresses(t *testing.T) {
	for _, tt := range []struct {
		cni  cni
		want int
	}{
		{cni{}, 3 * 10},
		{cni{MaxENI: 2}, 2 * 10},
		{cni{PrefixDelegation: true}, 3 * (1 + 9*16)},
		{cni{CustomNetworking: true}, 1 + 2*10},
		{cni{CustomNetworking: true, PodENI: true}, 2 + 10},
		{cni{ReservedENIs: 1}, 3 * 10},
	} {
		o, err := Options{CNI: tt.cni}.Resolve()
		require.NoError(t, err)
		r, err := o.Compute(mustType(t, "m5.large"))
		require.NoError(t, err)
		require.Equal(t, tt.want, r.SubnetAddresses, "%+v", tt.cni)
	}
}

func TestKubeReserved(t *testing.T) {
	for _, tt := range []struct {
		o    Options
		want model.Resources
	}{
		{Options{}, model.Resources{CPUMilli: 70, MemoryMiB: 11*29 + 255}},
		{Options{CNI: cni{PrefixDelegation: true}}, model.Resources{CPUMilli: 70, MemoryMiB: 11*110 + 255}},
		{Options{CNI: cni{ReservedENIs: 1}}, model.Resources{CPUMilli: 70, MemoryMiB: 11*29 + 255}}, // Karpenter counts all ENIs here
	} {
		o, err := tt.o.Resolve()
		require.NoError(t, err)
		r, err := o.Compute(mustType(t, "m5.large"))
		require.NoError(t, err)
		require.Equal(t, tt.want, r.Reserved)
	}
}

func TestNotes(t *testing.T) {
	prefixes := cni{PrefixDelegation: true}
	for _, tt := range []struct {
		name         string
		instanceType string
		o            Options
		want         []string
	}{
		{"nothing to say", "m5.large", Options{CNI: prefixes}, nil},
		{"no prefixes on Xen", "m4.large", Options{CNI: prefixes}, []string{
			"EC2 gives /28 prefixes to Nitro types and bare metal only; each slot counts one address",
		}},
		{"the calculator on bare metal", "a1.metal", Options{CNI: cni{PrefixDelegation: true, MaxENI: 1}}, []string{
			"max-pods-calculator.sh counts no prefixes on bare metal, which reports no hypervisor, and prints 31; the CNI has given them since v1.11",
		}},
		{"no trunk", "t3.large", Options{CNI: cni{PodENI: true}}, []string{
			"no trunk ENI, and so no security groups for pods: no ENI is kept for one",
		}},
		{"vCPUs unknown", "u-6tb1.metal", Options{Mode: Managed}, []string{
			"its vCPUs are unknown; the cap of types with up to 30 is taken",
		}},
		{"pods without an address", "m5.large", Options{Mode: Nodeadm, CNI: cni{CustomNetworking: true}}, []string{
			"9 of 29 pods would find no address with these settings and hang in ContainerCreating; with max-pods 20 none would",
		}},
		{"no memory left", "t4g.nano", Options{CNI: prefixes}, []string{
			"t4g.nano has 512 MiB of memory, and 34 pods reserve 729 MiB: nothing is left for them",
		}},
		{"an expression that fails", "m5.large", Options{Expression: mustParse(t, "1 / (max_pods - 29)")}, []string{
			"the expression fails on m5.large (division by zero); the standard 29 holds",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o, err := tt.o.Resolve()
			require.NoError(t, err)
			r, err := o.Compute(mustType(t, tt.instanceType))
			require.NoError(t, err)
			var got []string
			for _, n := range r.Notes {
				require.NotEmpty(t, n.Many)
				got = append(got, n.Text)
			}
			require.Equal(t, tt.want, got)
		})
	}
}

func TestRemarks(t *testing.T) {
	for _, tt := range []struct {
		name string
		o    Options
		want []string
	}{
		{"all heeded", Options{CNI: cni{PrefixDelegation: true, CustomNetworking: true, PodENI: true, MaxENI: 2}}, nil},
		{"custom networking counted twice", Options{CNI: cni{ReservedENIs: 1, CustomNetworking: true, PodENI: true}}, []string{
			"--reserved-enis and --custom-networking both take ENIs away; RESERVED_ENIS=1 usually stands for the primary ENI, which then counts twice",
			"--reserved-enis and --pod-eni both take ENIs away; RESERVED_ENIS=1 usually stands for the trunk ENI, which then counts twice",
		}},
		{"nodeadm", Options{Mode: Nodeadm, CNI: cni{PrefixDelegation: true}}, []string{
			"--prefix-delegation changes nothing in nodeadm: an AL2023 node doesn't know the CNI's settings; --mode recommended does",
		}},
		{"Karpenter", Options{Mode: Karpenter, CNI: cni{CustomNetworking: true, PrefixDelegation: true}}, []string{
			"--prefix-delegation changes nothing in karpenter: it counts single addresses unless maxPods is set (--kubelet-max-pods)",
			"--custom-networking changes nothing in karpenter: it is RESERVED_ENIS (--reserved-enis 1) that keeps an ENI away from pods",
		}},
		{"a managed node group", Options{Mode: Managed, CNI: cni{PodENI: true}}, []string{"--pod-eni changes nothing in managed"}},
		{"vcpus", Options{Expression: mustParse(t, "vcpus")}, []string{
			"--expression names vcpus, which is Karpenter's: nodeadm doesn't know it, and its standard holds",
		}},
		{"vcpus for Karpenter", Options{Mode: Karpenter, Expression: mustParse(t, "vcpus")}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o, err := tt.o.Resolve()
			require.NoError(t, err)
			require.Equal(t, tt.want, o.Remarks())
		})
	}
}

// The parts explain each number of the arithmetic.
func TestTerms(t *testing.T) {
	o, err := Options{CNI: cni{PrefixDelegation: true, PodENI: true}}.Resolve()
	require.NoError(t, err)
	r, err := o.Compute(mustType(t, "m5.large"))
	require.NoError(t, err)
	var texts []string
	for _, term := range r.Terms() {
		require.NotEmpty(t, term.Means)
		texts = append(texts, term.Text)
	}
	require.Equal(t, []string{"3 ENIs", "− 1 trunk", "10 − 1", "× 16", "+ 2", "at most 110"}, texts)
}
