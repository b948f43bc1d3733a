package conformance

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Given is what an example starts from, in the documents' terms. A field that is
// not there is zero.
type Given struct {
	InstanceType string
	OS           string
	Env          map[string]any
	ConfigMap    map[string]any
	Pods         int
	MaxPods      int
	Nodes        json.RawMessage // a number, or nodes with their pods
	CNIVersion   string

	CustomNetworking, PrefixDelegation, ManagedNodeGroup, CustomAMI bool
	PrefixDelegationBeforeNodes, SecondaryIPMode, AllENIsAttached   bool
	ReservedENIs, VCPUGreaterThan, VCPULessThan                     int
	Formula                                                         string

	TotalIPs, AssignedIPs, TotalPrefixes, MaxIPsPerENI, MaxENI int

	PodsWithSecurityGroups, DeploymentReplicas, RunningPodsWithSecondaryIP int

	VPCCIDR, AddCIDR, Subnet, RequestedCIDR string

	Action      string
	CallsAtOnce int
	StartFull   bool
	Filtered    bool // the request has a filter or a page size

	Instances, Tasks    int
	AWSVPCTrunking      bool
	PeeredVPCs, NAUEach int
	EgressRange         string
}

// JSON writes what is given as the example has it: fields that are zero are
// left out.
func (g Given) JSON() json.RawMessage {
	all := map[string]any{}
	for _, f := range g.fields() {
		all[f.name] = f.value
	}
	out, err := json.Marshal(all)
	if err != nil {
		panic(fmt.Sprintf("conformance: %v", err))
	}
	return out
}

// String writes what is given in one line: names and values.
func (g Given) String() string {
	var parts []string
	for _, f := range g.fields() {
		switch v := f.value.(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(v)) {
				parts = append(parts, fmt.Sprintf("%s=%v", key, v[key]))
			}
		case json.RawMessage:
			parts = append(parts, f.name+" "+string(v))
		default:
			parts = append(parts, fmt.Sprintf("%s %v", f.name, v))
		}
	}
	return strings.Join(parts, ", ")
}

// field is a field of a Given.
type field struct {
	name  string
	value any
}

// fields are those that are not zero, under their names in the data and in the
// order of the struct.
func (g Given) fields() []field {
	var all []field
	v := reflect.ValueOf(g)
	for i := range v.NumField() {
		if !v.Field(i).IsZero() {
			all = append(all, field{dataName(v.Type().Field(i).Name), v.Field(i).Interface()})
		}
	}
	return all
}

// dataName is a field's name in the data: its first word begins small, and
// initials are small altogether.
func dataName(field string) string {
	end := 0
	for end < len(field) && field[end] >= 'A' && field[end] <= 'Z' {
		end++
	}
	if end > 1 && end < len(field) {
		end-- // the last capital begins the next word
	}
	return strings.ToLower(field[:end]) + field[end:]
}
