package sim

import "vpcsim/model"

// What happens to the settings of a Windows node's pool.
const (
	TypePoolConfigured EventType = "pool.configured"
)

// PoolConfigured says that the resource controller keeps the pool of a living
// Windows node by other settings from here on: in another mode, or with other
// targets. Nothing is forgotten: pods keep their addresses, and what cools goes on
// cooling. Blocks of the mode that is off count for nothing in the pool's numbers.
type PoolConfigured struct {
	Env        map[string]string `json:"env"`               // as set
	Settings   model.Settings    `json:"settings"`          // as understood
	Ignored    []string          `json:"ignored,omitempty"` // key: why
	CooldownMs int64             `json:"cooldownMs"`
	Capacity   int               `json:"capacity"` // addresses that the node offers to the scheduler
}

func (PoolConfigured) Type() EventType { return TypePoolConfigured }
