package maxpods

import (
	"fmt"

	"vpcsim/model"
)

// arithmetic writes a formula in words and numbers: "(3 ENIs − 1 primary) ×
// (10 − 1) × 16 + 2 = 290, capped at 110".
func arithmetic(m model.MaxPods) string {
	if m.ENIs == 0 {
		return fmt.Sprintf("limits unknown: %d", m.Result)
	}
	if usable(m) <= m.Reserved {
		return difference(m) + " leaves no ENI: 0"
	}
	sum := fmt.Sprintf("%s × (%d − 1)", difference(m), m.SlotsPerENI+1)
	if m.AddressesPerSlot != 1 {
		sum += fmt.Sprintf(" × %d", m.AddressesPerSlot)
	}
	if m.HostPods != 0 {
		sum += fmt.Sprintf(" + %d", m.HostPods)
	}
	sum += fmt.Sprintf(" = %d", m.Uncapped)
	if m.Result < m.Uncapped {
		sum += fmt.Sprintf(", capped at %d", m.Cap)
	}
	return sum
}

func usable(m model.MaxPods) int {
	if m.MaxENI > 0 {
		return m.MaxENI
	}
	return m.ENIs
}

// withheld is ENIs that pods get no addresses of, and why.
type withheld struct {
	enis int
	what string
	why  string
}

func withheldOf(m model.MaxPods) []withheld {
	var out []withheld
	for _, w := range []withheld{
		{m.Reserved, "reserved", "RESERVED_ENIS keeps as many away from pods"},
		{m.Primary, "primary", "custom networking: no pods on the primary ENI"},
		{m.Trunk, "trunk", "security groups for pods: the trunk ENI serves branches only"},
	} {
		if w.enis > 0 {
			out = append(out, w)
		}
	}
	return out
}

// difference writes the ENIs that serve pods.
func difference(m model.MaxPods) string {
	text := enis(usable(m))
	parts := withheldOf(m)
	if len(parts) == 0 {
		return text
	}
	left := usable(m)
	for _, w := range parts {
		text += fmt.Sprintf(" − %d %s", w.enis, w.what)
		left -= w.enis
	}
	if left < 0 {
		return "max(" + text + ", 0)"
	}
	return "(" + text + ")"
}

func enis(n int) string {
	if n == 1 {
		return "1 ENI"
	}
	return fmt.Sprintf("%d ENIs", n)
}

// Term is a part of the arithmetic, with what it stands for.
type Term struct{ Text, Means string }

// Terms explains the arithmetic part by part.
func (r Result) Terms() []Term {
	m := r.Formula
	if r.Overridden || m.ENIs == 0 {
		return nil
	}
	var out []Term
	add := func(means, text string, args ...any) { out = append(out, Term{fmt.Sprintf(text, args...), means}) }
	if m.MaxENI > 0 {
		add(fmt.Sprintf("MAX_ENI; the instance type could have %d", m.ENIs), "%s", enis(m.MaxENI))
	} else if m.ENIs > r.Type.MaxENIs {
		add(fmt.Sprintf("as the list of max-pods counts them; the default network card holds %d", r.Type.MaxENIs), "%s", enis(m.ENIs))
	} else if r.Type.NetworkCards > 1 {
		add(fmt.Sprintf("the limit of the default network card; all %d cards: %d", r.Type.NetworkCards, r.Type.MaxENIsAllCards), "%s", enis(m.ENIs))
	} else {
		add("the instance type's limit", "%s", enis(m.ENIs))
	}
	for _, w := range withheldOf(m) {
		add(w.why, "− %d %s", w.enis, w.what)
	}
	if usable(m) <= m.Reserved {
		return out
	}
	add("IPv4 addresses of an ENI, less its own", "%d − 1", m.SlotsPerENI+1)
	if m.AddressesPerSlot != 1 {
		add("a /28 prefix takes the place of an address", "× %d", m.AddressesPerSlot)
	}
	if m.HostPods != 0 {
		add("aws-node and kube-proxy, on the host network", "+ %d", m.HostPods)
	}
	if m.Result < m.Uncapped {
		add(capMeans(r), "at most %d", m.Cap)
	}
	return out
}

// capMeans says where a cap comes from.
func capMeans(r Result) string {
	if r.Mode == AutoMode {
		return "the cap of EKS Auto Mode"
	}
	of := "advised"
	if r.Mode == Managed {
		of = "the cap of managed node groups"
	}
	if r.Type.VCPU > 30 {
		return of + " above 30 vCPUs"
	}
	return of + " up to 30 vCPUs; 250 above"
}
