// Package recording compares runs of the simulator with recordings of the real
// node agent. A recording is an input and what the agent did with it.
//
// [Input.Scenario] writes the input in the scenario language; [Fold] turns the
// log of the simulated run into the recording's own terms; [Compare] lists the
// differences. The fold shares no code with other readers of the log: it is a
// second opinion on what a log means.
//
// The format is described in testdata/recordings/README.md of package
// scenarios.
package recording

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Recording is one recorded run.
type Recording struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Group       string          `json:"group"`
	DocRow      json.RawMessage `json:"docRow"` // the documentation's numbers, not compared
	Final       json.RawMessage `json:"final"`  // the last sample summed up, not compared
	Input
	Outcome
}

// Input is what a run is started with.
type Input struct {
	InstanceType       string            `json:"instanceType"`
	Limits             *Limits           `json:"limits"` // nil: the type's own
	MaxPods            int               `json:"maxPods"`
	Subnets            []Subnet          `json:"subnets"`
	NodeSubnet         string            `json:"nodeSubnet"`
	PodSubnet          string            `json:"podSubnet"` // empty: no ENIConfig
	Env                map[string]string `json:"env"`
	EC2LatencyMs       map[string]int64  `json:"ec2LatencyMs"` // nil: no latency
	Nodes              []Node            `json:"nodes"`
	TrunkAttachDelayMs *int64            `json:"trunkAttachDelayMs"` // nil: no controller
	RetryMs            int64             `json:"retryMs"`            // 0: never
	Events             []Event           `json:"events"`
	DurationMs         int64             `json:"durationMs"`
}

// Limits are those of the instance type.
type Limits struct {
	ENIs       int `json:"enis"`
	IPv4PerENI int `json:"ipv4PerEni"` // the primary address counts
}

// Subnet is a subnet before the run.
type Subnet struct {
	ID          string            `json:"id"`
	CIDR        string            `json:"cidr"`
	Preoccupied []string          `json:"preoccupied"`
	Tags        map[string]string `json:"tags"`
}

// Node is a node; its agent starts at StartMs.
type Node struct {
	Name    string `json:"name"`
	StartMs int64  `json:"startMs"`
}

// Event is something that is done to the node from outside.
type Event struct {
	AtMs       int64             `json:"atMs"`
	Op         string            `json:"op"`
	Node       string            `json:"node"` // empty: the only one
	Pod        string            `json:"pod"`  // or NamePrefix, From, Count, IntervalMs
	NamePrefix string            `json:"namePrefix"`
	From       int               `json:"from"`
	Count      int               `json:"count"`
	IntervalMs int64             `json:"intervalMs"`
	GapMs      int64             `json:"gapMs"`
	Env        map[string]string `json:"env"`
	Subnet     string            `json:"subnet"`
	Tags       map[string]string `json:"tags"`
}

// Outcome is what a run did.
type Outcome struct {
	Trace      []Sample          `json:"trace"`
	PodResults []PodResult       `json:"podResults"` // by first attempt
	EC2Log     []Call            `json:"ec2Log"`
	Restarts   []Restart         `json:"restarts"`
	InitErrors map[string]string `json:"initErrors"` // by node; of the very first start
}

// Sample is the state of one node at an instant, after everything at that
// instant has run.
type Sample struct {
	AtMs         int64          `json:"atMs"`
	Node         string         `json:"node"` // empty where there is only one
	ENIs         []ENI          `json:"enis"` // by device
	TotalIPs     int64          `json:"totalIPs"`
	AssignedIPs  int            `json:"assignedIPs"`
	CooldownIPs  int            `json:"cooldownIPs"`
	AvailableIPs int64          `json:"availableIPs"` // cooling ones included
	SubnetFree   map[string]int `json:"subnetFree"`
	EC2Calls     map[string]int `json:"ec2Calls"`
	EC2Errors    map[string]int `json:"ec2Errors,omitempty"`
}

// ENI is an ENI as the agent sees it.
type ENI struct {
	Device       int      `json:"device"`
	IsPrimary    bool     `json:"isPrimary,omitempty"`
	IsTrunk      bool     `json:"isTrunk,omitempty"`
	IsExcluded   bool     `json:"isExcluded,omitempty"`
	Subnet       string   `json:"subnet,omitempty"` // where tags are in play and it isn't the node's
	Primary      string   `json:"primary"`
	CreatedAtMs  int64    `json:"createdAtMs"`
	IPCount      int64    `json:"ipCount"` // blocks of both modes
	IPs          []string `json:"ips,omitempty"`
	Prefixes     []string `json:"prefixes,omitempty"`
	AssignedPods []PodIP  `json:"assignedPods"` // by address
}

// PodIP is an address that a pod holds.
type PodIP struct {
	Pod string `json:"pod"`
	IP  string `json:"ip"`
}

// PodResult is what became of a pod.
type PodResult struct {
	Pod            string `json:"pod"`
	Node           string `json:"node"` // empty where there is only one
	FirstAttemptMs int64  `json:"firstAttemptMs"`
	AssignedMs     *int64 `json:"assignedMs"` // null: never
	IP             string `json:"ip,omitempty"`
	Device         *int   `json:"device,omitempty"`
	FailedAttempts int    `json:"failedAttempts"`
	DeletedMs      int64  `json:"deletedMs,omitempty"`
	DeleteError    string `json:"deleteError,omitempty"`
}

// Call is a call of the agent to EC2, at its begin.
type Call struct {
	AtMs   int64    `json:"atMs"`
	Node   string   `json:"node"` // empty where there is only one
	Call   string   `json:"call"`
	Device int      `json:"device"` // -1: an ENI that could not be made
	Want   int      `json:"want"`
	Err    string   `json:"err,omitempty"`
	CIDRs  []string `json:"cidrs,omitempty"` // of a new ENI the primary address first
}

// Restart is a kill of the agent and its next start.
type Restart struct {
	AtMs       int64    `json:"atMs"`
	Node       string   `json:"node,omitempty"` // empty where there is only one
	UpMs       *int64   `json:"upMs"`           // null: the start failed
	PodsPruned []string `json:"podsPruned,omitempty"`
	InitError  string   `json:"initError,omitempty"`
}

// Parse reads a recorded case. A field that it doesn't know is an error, so
// that nothing recorded is left uncompared by accident.
func Parse(data []byte) (*Recording, error) {
	var r Recording
	if err := decode(data, &r); err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	return &r, nil
}

func decode(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(into)
}
