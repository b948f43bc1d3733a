package maxpods

import (
	"fmt"
	"slices"
	"strings"

	"vpcsim/model"
	"vpcsim/scenarios"
)

// Options are how a cluster is set up, and who computes max-pods.
type Options struct {
	// Mode is who computes. Empty: Resolve chooses.
	Mode Mode
	// CNI are the settings of the VPC CNI, and Karpenter's RESERVED_ENIS.
	CNI model.MaxPodsModes
	// KubeletMaxPods is maxPods in kubelet's configuration; 0 = not set.
	KubeletMaxPods int
	// Expression is nodeadm's maxPodsExpression, or Karpenter's; nil = none.
	Expression *scenarios.MaxPodsExpression
	// PodsPerCore is Karpenter's podsPerCore; 0 = not set.
	PodsPerCore int
	// ShowMaxAllowed is the calculator's --show-max-allowed: no cap.
	ShowMaxAllowed bool
}

// given are the settings that differ from their defaults.
func (o Options) given() []setting {
	var out []setting
	add := func(s setting, is bool) {
		if is {
			out = append(out, s)
		}
	}
	add(prefixDelegation, o.CNI.PrefixDelegation)
	add(customNetworking, o.CNI.CustomNetworking)
	add(podENI, o.CNI.PodENI)
	add(maxENI, o.CNI.MaxENI > 0)
	add(reservedENIs, o.CNI.ReservedENIs > 0)
	add(kubeletMaxPods, o.KubeletMaxPods > 0)
	add(expression, o.Expression != nil)
	add(podsPerCore, o.PodsPerCore > 0)
	add(showMaxAllowed, o.ShowMaxAllowed)
	return out
}

// has reports whether any of the settings is given.
func (o Options) has(any ...setting) bool {
	return slices.ContainsFunc(o.given(), func(s setting) bool { return slices.Contains(any, s) })
}

// Resolve chooses the mode where it is left open: the one that the settings
// belong to, and without any nodeadm, whose numbers are the published ones. A
// setting that would say what max-pods is, in a mode that has no such thing, is
// an error.
func (o Options) Resolve() (Options, error) {
	if o.Mode == "" {
		o.Mode = o.fitting()
	}
	for _, s := range []setting{kubeletMaxPods, expression, podsPerCore, showMaxAllowed} {
		if o.has(s) && !o.heeds(s) {
			return o, fmt.Errorf("%s means nothing to %s; it belongs to %s", s, o.Mode, orList(heedful(s)))
		}
	}
	return o, nil
}

func (o Options) fitting() Mode {
	switch {
	case o.has(podsPerCore):
		return Karpenter
	case o.has(showMaxAllowed):
		return Calculator
	case o.has(kubeletMaxPods, expression) && o.has(reservedENIs):
		return Karpenter
	case o.has(kubeletMaxPods, expression):
		return Nodeadm
	case o.has(prefixDelegation, customNetworking, podENI, maxENI):
		return Recommended
	case o.has(reservedENIs):
		return Karpenter
	}
	return Nodeadm
}

func (o Options) heeds(s setting) bool { return slices.Contains(heeds[o.Mode], s) }

// heedful are the modes in which a setting counts.
func heedful(s setting) []string {
	var out []string
	for _, m := range modes {
		if slices.Contains(heeds[m], s) {
			out = append(out, string(m))
		}
	}
	return out
}

func orList(words []string) string {
	last := len(words) - 1
	if last <= 0 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// Remarks are what a user should know of the settings together, whatever the
// instance type.
func (o Options) Remarks() []string {
	var out []string
	for _, s := range o.given() {
		if !o.heeds(s) {
			out = append(out, fmt.Sprintf("%s changes nothing in %s", s, o.ignores(s)))
		}
	}
	if o.Mode == Recommended && o.has(reservedENIs) {
		out = append(out, o.twice(customNetworking, "the primary ENI")...)
		out = append(out, o.twice(podENI, "the trunk ENI")...)
	}
	if o.vcpusUnknown() {
		out = append(out, "--expression names vcpus, which is Karpenter's: nodeadm doesn't know it, and its standard holds")
	}
	return out
}

// twice warns of an ENI that RESERVED_ENIS probably stands for as well.
func (o Options) twice(s setting, eni string) []string {
	if !o.has(s) {
		return nil
	}
	return []string{fmt.Sprintf("--reserved-enis and %s both take ENIs away; RESERVED_ENIS=1 usually stands for %s, which then counts twice", s, eni)}
}

// ignores says which mode pays no heed to a setting, and what to do about it.
func (o Options) ignores(s setting) string {
	switch {
	case o.Mode == Karpenter && (s == customNetworking || s == podENI):
		return "karpenter: it is RESERVED_ENIS (--reserved-enis 1) that keeps an ENI away from pods"
	case o.Mode == Karpenter && s == prefixDelegation:
		return "karpenter: it counts single addresses unless maxPods is set (--kubelet-max-pods)"
	case o.Mode == Nodeadm && s != reservedENIs:
		return "nodeadm: an AL2023 node doesn't know the CNI's settings; --mode recommended does"
	}
	return string(o.Mode)
}

// vcpusUnknown: the expression names a variable that nodeadm doesn't have.
func (o Options) vcpusUnknown() bool {
	return o.Expression != nil && o.Mode != Karpenter && o.Expression.Names("vcpus")
}
