package model

import (
	"maps"
	"slices"
)

// SecurityGroupPolicy selects the pods that get a branch ENI with its security
// groups. Source: EKS user guide, "Use a security group policy for a Pod".
type SecurityGroupPolicy struct {
	Name      string
	Namespace string // of the pods it selects
	// Pods selects by the pod's labels, ServiceAccounts by those of its service
	// account. Nil: not given. Where both are given both must match; with
	// neither the policy selects nothing.
	Pods            *LabelSelector
	ServiceAccounts *LabelSelector
	// Groups are 1 to 5; with none the policy selects nothing.
	Groups []SecurityGroup
}

// LabelSelector is Kubernetes' selector over labels: all of its requirements
// must hold. The zero LabelSelector matches everything.
type LabelSelector struct {
	MatchLabels      map[string]string
	MatchExpressions []LabelExpression
}

// LabelExpression is one requirement of a LabelSelector.
type LabelExpression struct {
	Key      string
	Operator LabelOperator
	Values   []string // of In and NotIn
}

// LabelOperator relates a label to values.
type LabelOperator string

// The operators.
const (
	LabelIn           LabelOperator = "In"
	LabelNotIn        LabelOperator = "NotIn" // also where the label is missing
	LabelExists       LabelOperator = "Exists"
	LabelDoesNotExist LabelOperator = "DoesNotExist"
)

// PodIdentity is what a SecurityGroupPolicy looks at.
type PodIdentity struct {
	Namespace            string
	Labels               map[string]string
	ServiceAccountLabels map[string]string
	HostNetwork          bool
}

// SelectSecurityGroups returns the security groups of the pod's branch ENI: the
// union of those of all policies that select it, in the policies' order, each
// once. Empty: the pod gets no branch ENI. Pods on the host network never do.
//
// Source: EKS user guide, "Security groups for Pods"; the union observed in the
// resource controller (2026).
func SelectSecurityGroups(policies []SecurityGroupPolicy, pod PodIdentity) []SecurityGroup {
	if pod.HostNetwork {
		return nil
	}
	var groups []SecurityGroup
	for _, p := range policies {
		if !p.Selects(pod) {
			continue
		}
		for _, g := range p.Groups {
			if !slices.Contains(groups, g) {
				groups = append(groups, g)
			}
		}
	}
	return groups
}

// Selects reports whether the policy selects the pod, the host network apart.
func (p SecurityGroupPolicy) Selects(pod PodIdentity) bool {
	switch {
	case p.Namespace != pod.Namespace, len(p.Groups) == 0:
		return false
	case p.Pods == nil && p.ServiceAccounts == nil:
		return false
	case p.Pods != nil && !p.Pods.Matches(pod.Labels):
		return false
	default:
		return p.ServiceAccounts == nil || p.ServiceAccounts.Matches(pod.ServiceAccountLabels)
	}
}

// Matches reports whether the labels meet every requirement.
func (s *LabelSelector) Matches(labels map[string]string) bool {
	for _, key := range slices.Sorted(maps.Keys(s.MatchLabels)) {
		if have, ok := labels[key]; !ok || have != s.MatchLabels[key] {
			return false
		}
	}
	return !slices.ContainsFunc(s.MatchExpressions, func(e LabelExpression) bool { return !e.holds(labels) })
}

// holds reports whether the requirement is met; one with an unknown operator
// never is.
func (e LabelExpression) holds(labels map[string]string) bool {
	have, ok := labels[e.Key]
	switch e.Operator {
	case LabelIn:
		return ok && slices.Contains(e.Values, have)
	case LabelNotIn:
		return !ok || !slices.Contains(e.Values, have)
	case LabelExists:
		return ok
	case LabelDoesNotExist:
		return !ok
	default:
		return false
	}
}
