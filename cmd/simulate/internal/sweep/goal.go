package sweep

import (
	"fmt"
	"strings"

	"vpcsim/cmd/simulate/internal/metrics"
)

// Goal is a number that is to be as small or as large as possible.
type Goal struct {
	// Metric has the direction that was asked for as the one that is better.
	Metric metrics.Metric
}

// DefaultObjective is what warm targets trade against each other: addresses that
// serve nobody, how long pods wait, and calls to EC2.
func DefaultObjective() []string {
	return []string{"min:addresses.idleMean", "min:latency.startP99", "min:ec2.calls"}
}

// ParseGoal reads min:METRIC, max:METRIC, or METRIC alone, which has a
// direction by itself.
func ParseGoal(text string) (Goal, error) {
	text = strings.TrimSpace(text)
	direction, name, ok := strings.Cut(text, ":")
	if !ok {
		direction, name = "", text
	}
	m, err := metrics.Named(strings.TrimSpace(name))
	if err != nil {
		return Goal{}, err
	}
	switch strings.TrimSpace(direction) {
	case "min":
		m.Better = metrics.Less
	case "max":
		m.Better = metrics.More
	case "":
		if ok || m.Better == metrics.Neither {
			return Goal{}, fmt.Errorf("%s: write min:%s or max:%s", text, m.Name, m.Name)
		}
	default:
		return Goal{}, fmt.Errorf("%s: the direction is min or max", text)
	}
	return Goal{m}, nil
}

// String is min:METRIC or max:METRIC.
func (g Goal) String() string {
	if g.Metric.Better == metrics.More {
		return "max:" + g.Metric.Name
	}
	return "min:" + g.Metric.Name
}
