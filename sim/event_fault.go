package sim

import "vpcsim/model"

// What a step of the scenario does to EC2.
const (
	TypeFaultBegan EventType = "fault.began"
	TypeFaultEnded EventType = "fault.ended"
)

// FaultBegan says that EC2 refuses calls from now on, or takes long for them. The
// event's node is the one whose calls it meets; without one it meets all.
type FaultBegan struct {
	Fault     int             `json:"fault"` // from 1
	Action    Action          `json:"action"`
	Error     model.ErrorCode `json:"error,omitempty"` // empty: the calls are carried out
	Count     int             `json:"count,omitempty"` // it ends after so many calls
	ForMs     int64           `json:"forMs,omitempty"` // it ends after so long
	LatencyMs int64           `json:"latencyMs,omitempty"`
}

// FaultEnded says that it is over.
type FaultEnded struct {
	Fault  int             `json:"fault"`
	Action Action          `json:"action"`
	Error  model.ErrorCode `json:"error,omitempty"`
	Calls  int             `json:"calls"` // that met it
}

func (FaultBegan) Type() EventType { return TypeFaultBegan }
func (FaultEnded) Type() EventType { return TypeFaultEnded }
