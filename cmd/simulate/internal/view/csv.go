package view

import (
	"encoding/csv"
	"io"
	"strconv"

	"vpcsim/model"
	"vpcsim/sim/replay"
)

// CSV writes a row a pod that exists, after a row of the columns' names, which
// are those of the structured form. What doesn't apply is empty.
func CSV(w io.Writer, s *replay.State) error {
	out := csv.NewWriter(w)
	out.Write([]string{ // an error shows at Flush
		"name", "workload", "node", "phase", "address", "device",
		"createdMs", "boundMs", "addressedMs", "failedAttempts",
	})
	for _, p := range s.Pods.All() {
		address, device := "", ""
		if p.Address.IsValid() {
			address = p.Address.String()
			if p.Device >= 0 { // a branch ENI has none
				device = strconv.Itoa(p.Device)
			}
		}
		out.Write([]string{
			string(p.Name), string(p.Workload), string(p.Node), string(p.Phase), address, device,
			msOf(p.CreatedAt), msOf(p.BoundAt), msOf(p.AddressedAt), strconv.Itoa(p.FailedAttempts),
		})
	}
	out.Flush()
	return out.Error()
}

func msOf(t model.Instant) string {
	if t == model.Never {
		return ""
	}
	return strconv.FormatInt(int64(t), 10)
}
