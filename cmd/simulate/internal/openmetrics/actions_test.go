package openmetrics

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/sim"
)

// call makes the two events of a call in a row.
func call(a *actions, from, to model.Instant, f sim.CallFields) {
	f.Call = int64(from)
	if f.Attempt == 0 {
		f.Attempt = 1
	}
	a.called(from, f)
	a.returned(to, f)
}

// A step is under way from its first call to the return of its last, a client's
// wait between two attempts included.
func TestAStepIsUnderWayWhileItsCallsAre(t *testing.T) {
	a := newActions()
	a.begin(1000, fnIncrease, "")
	create := sim.CallFields{Call: 1, Action: sim.CreateNetworkInterface, Want: 9, Attempt: 1, Throttled: true, Error: model.RequestLimitExceeded}
	a.called(1000, create)
	require.Equal(t, 1, a.inProgress(fnIncrease))
	a.returned(1100, create)
	require.Equal(t, 1, a.inProgress(fnIncrease), "it will be tried again")
	call(&a, 1700, 2700, sim.CallFields{Action: sim.CreateNetworkInterface, Want: 9, Attempt: 2})
	require.Zero(t, a.inProgress(fnIncrease))
	require.Zero(t, a.inProgress(fnDecrease))
	call(&a, 3000, 3500, sim.CallFields{Action: sim.UnassignPrivateIpAddresses}) // of a pod that left: no step's
	require.Zero(t, a.inProgress(fnIncrease))
	require.Empty(t, a.errors)
}

// An ENI that the next subnet gives is no error; one that none gives is, and a
// full subnet is another.
func TestACreationIsAnErrorWhenNoSubnetMakesItGood(t *testing.T) {
	refused := sim.CallFields{Action: sim.CreateNetworkInterface, Want: 9, Error: model.InsufficientFreeAddressesInSubnet}
	a := newActions()
	a.begin(1000, fnIncrease, "")
	call(&a, 1000, 1200, refused)
	call(&a, 1200, 2200, sim.CallFields{Action: sim.CreateNetworkInterface, Want: 9})
	a.settle(model.Never)
	require.Empty(t, a.errors)

	a.begin(7000, fnIncrease, "")
	call(&a, 7000, 7200, refused)
	call(&a, 7200, 7400, refused)
	a.settle(7400)
	require.Empty(t, a.errors, "another subnet may follow at the same instant")
	a.settle(7401)
	require.Equal(t, map[string]int{fnAllocENI: 1, fnAllocIPs: 1}, a.errors)

	refused.Error = model.NetworkInterfaceLimitExceeded
	a.begin(20_000, fnIncrease, "")
	call(&a, 20_000, 20_200, refused)
	a.settle(model.Never)
	require.Equal(t, map[string]int{fnAllocENI: 2, fnAllocIPs: 1}, a.errors)
}

// Of the two requests for an ENI that is there the second counts, which asks for
// a single block.
func TestARefusedAssignmentCountsOnce(t *testing.T) {
	f := sim.CallFields{Action: sim.AssignPrivateIpAddresses, ENI: "eni-1", Want: 5, Error: model.InsufficientFreeAddressesInSubnet}
	a := newActions()
	a.begin(1000, fnIncrease, "")
	call(&a, 1000, 1200, f)
	require.Empty(t, a.errors)
	f.Want = 1
	call(&a, 1200, 1400, f)
	require.Equal(t, map[string]int{fnAllocIPs: 1}, a.errors)
	a.begin(10_000, fnIncrease, "")
	call(&a, 10_000, 10_200, f)
	require.Equal(t, map[string]int{fnAllocIPs: 1}, a.errors, "the first of another step")
}

// An ENI that can't be deleted is an error of the freeing, and one by its code.
func TestAnENIThatIsNotFreedIsAnError(t *testing.T) {
	a := newActions()
	a.begin(1000, "", "eni-1")
	call(&a, 1000, 1100, sim.CallFields{Action: sim.DescribeNetworkInterfaces, ENI: "eni-1"})
	call(&a, 1100, 2100, sim.CallFields{Action: sim.DetachNetworkInterface, ENI: "eni-1"})
	call(&a, 4100, 4600, sim.CallFields{Action: sim.DeleteNetworkInterface, ENI: "eni-1", Error: model.InvalidParameterValue})
	require.Equal(t, map[string]int{fnFreeENI: 1}, a.errors)
	require.Equal(t, map[utilsError]int{{fnDeleteENI, model.InvalidParameterValue}: 1}, a.utils)
}

// In a run the errors are those of the log: a subnet that stays full.
func TestErrorsOfARun(t *testing.T) {
	text, log := record(t, "subnet-28-exhausted", time.Second, time.Unix(0, 0))
	refused := 0
	for _, e := range log {
		if b, ok := e.Body.(sim.EC2Returned); ok && b.Action == sim.CreateNetworkInterface && b.Error != "" {
			refused++
		}
	}
	require.Positive(t, refused)
	agent := `instance="10.0.0.4:61678",job="aws-node",node="workers-0"`
	errors := samples(t, text, `awscni_ipamd_error_count{`+agent+`,fn="`+fnAllocENI+`"}`)
	require.EqualValues(t, refused, errors[stamp(int64(log[len(log)-1].At))])
	require.Contains(t, text, `awscni_build_info{`+agent+`,version="v1.23.1"} 1 `)
	busy := samples(t, text, `awscni_ipamd_action_inprogress{`+agent+`,fn="`+fnIncrease+`"}`)
	require.NotEmpty(t, busy)
}
