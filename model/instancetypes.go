package model

import (
	"slices"
	"strings"
)

//go:generate go run ./internal/gentypes

// LookupInstanceType returns the type of that name, for example "m5.large".
// The name must match exactly.
//
// Source: the public tables named in instancetypes.csv, as of 2026-11: the
// limits tables of the VPC CNI and of the VPC resource controller, the
// max-pods lists of EKS and of its AL2023 AMI, EC2 on-demand pricing, the ECS
// developer guide. For a few types trunking is in none of them: they count as
// types without trunking, as they do for the resource controller.
func LookupInstanceType(name string) (InstanceType, bool) {
	i, found := slices.BinarySearchFunc(instanceTypes, name, func(t InstanceType, name string) int {
		return strings.Compare(t.Name, name)
	})
	if !found {
		return InstanceType{}, false
	}
	return instanceTypes[i], true
}

// InstanceTypes returns all types, sorted by name. The slice is the caller's.
func InstanceTypes() []InstanceType { return slices.Clone(instanceTypes) }

// NearInstanceTypes returns at most n names of types that somebody who wrote
// name may have meant, the likeliest first: few edits away, or any of the same
// family ("m5" of "m5.large"), which is preferred. Nothing is near to nonsense.
func NearInstanceTypes(name string, n int) []string {
	typed := strings.ToLower(strings.TrimSpace(name))
	if len(typed) > longestTyped {
		return nil
	}
	var candidates []suggestion
	for _, t := range instanceTypes {
		c := suggestion{t.Name, edits(typed, t.Name), family(t.Name) == family(typed)}
		if c.kin || c.distance <= tolerated(typed) {
			candidates = append(candidates, c)
		}
	}
	return nearestNames(candidates, n)
}

// family is what stands before the dot.
func family(name string) string {
	before, _, _ := strings.Cut(name, ".")
	return before
}
