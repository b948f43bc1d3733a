package view_test

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay/logtest"
)

// leaky is a node on which a pod runs and of which so many ENIs with three addresses
// each were to be deleted in vain.
func leaky(code model.ErrorCode, enis int) *logtest.Log {
	l := new(logtest.Log).Start("leaky", "10.0.0.0/24").Node("workers-0", "10.0.0.4", 4, 9, warmENI)
	l.Assign("workers-0", 0, logtest.Run("10.0.0.5", 9)...).Ready("workers-0")
	l.Created("web", 0, 1).Addressed("workers-0", 0, "web", 0, "10.0.0.5")
	for i := range enis {
		first := logtest.Run("10.0.0.64", 16*enis)[16*i:]
		l.Attach("workers-0", i+1, first[0], first[1:3]...)
		l.Detach("workers-0", i+1).Delete("workers-0", i+1, code)
	}
	return l
}

func table(t *testing.T, l *logtest.Log) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, view.Table(&b, fold(t, l), view.TableOptions{}))
	return b.String()
}

func TestTheVerdictSaysHowManyAddressesAreLost(t *testing.T) {
	for _, c := range []struct {
		enis int
		want string
	}{
		{0, "Everything fits: 1 pod runs, 8 of 9 addresses are free."},
		{1, "Everything fits: 1 pod runs, 8 of 9 addresses are free. 1 leaked ENI holds 3 addresses of a."},
		{2, "Everything fits: 1 pod runs, 8 of 9 addresses are free. 2 leaked ENIs hold 6 addresses of a."},
	} {
		require.Equal(t, c.want, view.Verdict(fold(t, leaky(model.UnauthorizedOperation, c.enis).End("settled"))))
	}
	require.NotContains(t, table(t, leaky("", 0).End("settled")), "leaked")
	require.Contains(t, table(t, leaky(model.UnauthorizedOperation, 1).End("settled")), `
A leaked ENI is in use by nobody, and EC2 has it still. eni-workers-0-1 leaked
as EC2 refused DeleteNetworkInterface (UnauthorizedOperation); the agent's
clean-up, about every hour, deletes it. simulate explain --eni eni-workers-0-1
says more.
Everything fits: 1 pod runs, 8 of 9 addresses are free. 1 leaked ENI holds 3
addresses of a.
`)
}

func TestTheDocumentHasLeakedENIs(t *testing.T) {
	d := view.Document(fold(t, leaky(model.UnauthorizedOperation, 2).End("settled")))
	require.Len(t, d.Leaked, 2)
	require.Equal(t, 3, d.Leaked[0].Addresses)
	require.Equal(t, model.UnauthorizedOperation, *d.Leaked[0].Error)
	require.Equal(t, 6, d.Subnets[0].Leaked)
	d = view.Document(fold(t, leaky("", 0).End("settled")))
	require.NotNil(t, d.Leaked)
	require.Empty(t, d.Leaked)
	var b bytes.Buffer
	require.NoError(t, view.JSON(&b, d.Subnets))
	require.NotContains(t, b.String(), "leaked", "left out where it is 0")
}

// What EC2 refused to the last is told where everything fits, what it refused once
// is not, nor what is no loss.
func TestTheVerdictTellsOfRefusalsThatStand(t *testing.T) {
	const fits = "Everything fits: 1 pod runs, 8 of 9 addresses are free."
	ask := func(action sim.Action, codes ...model.ErrorCode) *logtest.Log {
		l := leaky("", 0)
		for _, code := range codes {
			l.Asked("workers-0", sim.CallFields{Action: action, ENI: logtest.ENI("workers-0", 0), Error: code})
		}
		return l
	}
	for _, c := range []struct {
		log  *logtest.Log
		want string
	}{
		{ask(sim.AttachNetworkInterface, model.UnauthorizedOperation), " But EC2 refused the only call to AttachNetworkInterface (UnauthorizedOperation)."},
		{ask(sim.AttachNetworkInterface, model.UnauthorizedOperation, model.UnauthorizedOperation), " But EC2 refused both calls to AttachNetworkInterface (UnauthorizedOperation)."},
		{ask(sim.AttachNetworkInterface, model.UnauthorizedOperation, ""), ""},
		{ask(sim.AttachNetworkInterface, model.InternalError, "", model.UnauthorizedOperation), " But EC2 refused the last call to AttachNetworkInterface (UnauthorizedOperation)."},
		{ask(sim.AttachNetworkInterface, "", model.UnauthorizedOperation, model.UnauthorizedOperation), " But EC2 refused the last 2 calls to AttachNetworkInterface (UnauthorizedOperation)."},
		{ask(sim.AssignPrivateIpAddresses, model.PrivateIpAddressLimitExceeded), ""},
		{ask(sim.AttachNetworkInterface, model.PrivateIpAddressLimitExceeded), " But EC2 refused the only call to AttachNetworkInterface (PrivateIpAddressLimitExceeded)."},
		{ask(sim.DeleteNetworkInterface, model.InvalidNetworkInterfaceIDNotFound), ""},
		{ask(sim.AttachNetworkInterface, model.InvalidNetworkInterfaceIDNotFound), " But EC2 refused the only call to AttachNetworkInterface (InvalidNetworkInterfaceID.NotFound)."},
		{ask(sim.AssignPrivateIpAddresses, model.InsufficientFreeAddressesInSubnet), ""},
		{leaky(model.UnauthorizedOperation, 1), " 1 leaked ENI holds 3 addresses of a."},
	} {
		require.Equal(t, fits+c.want, view.Verdict(fold(t, c.log.End("settled"))))
	}
}

// Where pods waited, refusals that are over may have cost them time.
func TestTheVerdictTellsOfRefusalsThatWereOvercome(t *testing.T) {
	waited := func(kind sim.Kind, code model.ErrorCode) string {
		l := leaky("", 0).Created("late", 0, 1)
		l.Add("workers-0", sim.PodBound{Pod: "late-0", Workload: "late"}, sim.PodSetupFailed{Pod: "late-0", Reason: kind, Attempt: 1})
		l.Add("", sim.ExhaustionBegan{ID: 1, Kind: kind, Scope: "node", Name: "workers-0", Pod: "late-0"})
		l.Asked("workers-0", sim.CallFields{Action: sim.AttachNetworkInterface, ENI: logtest.ENI("workers-0", 0), Error: code})
		l.Asked("workers-0", sim.CallFields{Action: sim.AttachNetworkInterface, ENI: logtest.ENI("workers-0", 0)})
		l.At(time.Minute).Add("workers-0", sim.PodAddressed{
			Pod: "late-0", Workload: "late", ENI: logtest.ENI("workers-0", 0), Address: netip.MustParseAddr("10.0.0.6"), Attempt: 2,
		}, sim.PodReady{Pod: "late-0"})
		l.Add("", sim.ExhaustionEnded{ID: 1, Kind: kind, Scope: "node", Name: "workers-0", Pods: 1, PodMs: 60_000})
		return strings.Join(strings.Fields(table(t, l.End("settled"))), " ")
	}
	const refused = "EC2 refused 1 call to AttachNetworkInterface (UnauthorizedOperation)."
	require.Contains(t, waited(sim.KindMisconfig, model.UnauthorizedOperation), "misconfig kept 1 pod waiting. "+refused+" Everything fits in the end")
	require.NotContains(t, waited(sim.KindWarmPoolLag, model.UnauthorizedOperation), refused, "the pool grew as it should")
	require.NotContains(t, waited(sim.KindMisconfig, model.RequestLimitExceeded), "EC2 refused 1 call to", "throttling tells of it")
}

// A node that is gone has left its ENI behind: the document counts it, the fill order
// and the verdict tell of it, and who deletes it depends on who is left.
func TestWhatANodeLeavesBehindIsLeaked(t *testing.T) {
	left := func(others ...model.Settings) *logtest.Log {
		l := new(logtest.Log).Start("left", "10.0.0.0/24").Node("workers-0", "10.0.0.4", 4, 9, warmENI)
		for i, s := range others {
			l.Node(model.NodeName("workers-"+string(rune('1'+i))), "10.0.0."+string(rune('5'+i)), 4, 9, s)
		}
		first := logtest.Run("10.0.0.64", 3)
		l.Attach("workers-0", 1, first[0], first[1:3]...).Detach("workers-0", 1)
		return l.Add("workers-0", sim.NodeTerminated{})
	}
	keeps, silent := warmENI, warmENI
	keeps.KeepLeakedENIs, silent.NoProvisioning = true, true
	for _, c := range []struct {
		log  *logtest.Log
		want string
	}{
		{left(), "nobody deletes it until another node's agent starts"},
		{left(warmENI), "the clean-up of another node's agent deletes it; each has one about every hour"},
		{left(keeps, warmENI), "the clean-up of another node's agent deletes it; each has one about every hour"},
		{left(keeps), "nobody deletes it, as DISABLE_LEAKED_ENI_CLEANUP is on"},
		{left(silent), "nobody deletes it, as the agent may not call EC2 (DISABLE_NETWORK_RESOURCE_PROVISIONING or ENABLE_IMDS_ONLY_MODE)"},
	} {
		s := fold(t, c.log.End("settled"))
		d := view.Document(s)
		require.Len(t, d.Leaked, 1)
		require.Equal(t, c.want, d.Leaked[0].Fate)
		require.Equal(t, 3, d.Subnets[0].Leaked)
		require.Nil(t, d.Leaked[0].Error)
		require.Contains(t, view.Verdict(s), " 1 leaked ENI holds 3 addresses of a.")
		words := strings.Join(strings.Fields(table(t, c.log)), " ")
		require.Contains(t, words, "leaked as the instance of workers-0 was terminated before the agent had attached or deleted it; "+c.want)
		require.Contains(t, words, "eni1 leaked, with 3 addresses it was not attached")
	}
}
