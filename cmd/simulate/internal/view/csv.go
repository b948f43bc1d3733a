package view

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"

	"vpcsim/model"
	"vpcsim/sim/replay"
)

// CSV writes a row a pod that exists, after a row of the columns' names, which
// are those of the structured form. What doesn't apply is empty. Runs in which
// nodes had ENIs on several network cards have two columns more.
func CSV(w io.Writer, s *replay.State) error {
	out := csv.NewWriter(w)
	several := manyCards(s)
	head := []string{
		"name", "workload", "node", "phase", "address", "device",
		"createdMs", "boundMs", "addressedMs", "failedAttempts",
	}
	if several {
		head = append(head, "card", "moreAddresses")
	}
	out.Write(head) // an error shows at Flush
	for _, p := range s.Pods.All() {
		address, device := "", ""
		if p.Address.IsValid() {
			address = p.Address.String()
			if p.Device >= 0 { // a branch ENI has none
				device = strconv.Itoa(p.Device)
			}
		}
		row := []string{
			string(p.Name), string(p.Workload), string(p.Node), string(p.Phase), address, device,
			msOf(p.CreatedAt), msOf(p.BoundAt), msOf(p.AddressedAt), strconv.Itoa(p.FailedAttempts),
		}
		if several {
			row = append(row, cardOf(p), moreAddresses(p))
		}
		out.Write(row)
	}
	out.Flush()
	return out.Error()
}

// cardOf is the network card of the pod's address.
func cardOf(p *replay.Pod) string {
	if !p.Address.IsValid() || p.Device < 0 {
		return ""
	}
	return strconv.Itoa(p.Card)
}

// moreAddresses are those of the other network cards, with spaces between.
func moreAddresses(p *replay.Pod) string {
	var out []string
	for _, a := range p.More {
		out = append(out, a.Address.String())
	}
	return strings.Join(out, " ")
}

func msOf(t model.Instant) string {
	if t == model.Never {
		return ""
	}
	return strconv.FormatInt(int64(t), 10)
}
