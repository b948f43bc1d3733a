package sim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// states are printed one a line, so that a difference shows as such.
func (rec *recording) states(trace []recordedState) []string {
	var out []string
	for _, s := range trace {
		if rec.unordered {
			s.Queue = slices.Clone(s.Queue)
			slices.SortStableFunc(s.Queue, func(a, b recordedBranch) int {
				if fmt.Sprint(since(a)) == fmt.Sprint(since(b)) {
					return a.VLAN - b.VLAN
				}
				return 0
			})
		}
		out = append(out, printable(s))
	}
	return out
}

func (r *replayed) states(t *testing.T, rec *recording) []string { return rec.states(r.trace) }

func since(b recordedBranch) string {
	if b.SinceMs == nil {
		return "-"
	}
	return fmt.Sprint(*b.SinceMs)
}

func printable(s recordedState) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d counted=%d used=%d %v free=%d held:", s.AtMs, s.Counted, s.Used, s.UsedVlans, s.SubnetFree)
	for _, h := range s.Branches {
		fmt.Fprintf(&b, " %s/%d/%s", h.Pod, h.VLAN, h.Address)
	}
	b.WriteString(" queue:")
	for _, q := range s.Queue {
		fmt.Fprintf(&b, " %d/%s/%s", q.VLAN, q.Address, since(q))
	}
	return b.String()
}

func (r *replayed) podResults() []string {
	var out []string
	for _, p := range r.pods {
		out = append(out, printablePod(p.result))
	}
	slices.Sort(out)
	return out
}

func (rec *recording) pods() []string {
	var out []string
	for _, p := range rec.PodResults {
		p.DeletedMs = nil
		for i, f := range p.Failures {
			if !known(f.Error) {
				p.Failures[i].Error = wordedOtherwise
			}
		}
		out = append(out, printablePod(p))
	}
	slices.Sort(out)
	return out
}

func printablePod(p recordedPod) string {
	text, err := json.Marshal(p)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func (rec *recording) calls(calls []recordedCall) []string {
	var out []string
	for _, c := range calls {
		line := fmt.Sprintf("%9d %s %s %s vlan=%d error=%s", c.AtMs, c.Call, c.ENI, c.Subnet, c.VLAN, c.Error)
		if c.Address != nil {
			line += " " + c.Address.String()
		}
		if c.Device != nil {
			line += fmt.Sprintf(" device=%d", *c.Device)
		}
		out = append(out, line)
	}
	if rec.unordered {
		slices.Sort(out)
	}
	return out
}

// messages leaves out that a trunk is there, which our log tells otherwise.
func (rec *recording) messages(messages []recordedMessage) []string {
	var out []string
	for _, m := range messages {
		if m.Reason != "NodeTrunkInitiated" {
			out = append(out, fmt.Sprintf("%d %s %s %s", m.AtMs, m.On, m.Type, m.Reason))
		}
	}
	return out
}
