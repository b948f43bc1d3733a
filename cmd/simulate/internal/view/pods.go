package view

import (
	"strconv"

	"vpcsim/model"
	"vpcsim/sim/replay"
)

// writePods lists the pods that exist, as kubectl get pods -o wide does.
func writePods(p *page, s *replay.State) {
	pods := s.Pods.All()
	if len(pods) == 0 {
		return
	}
	p.section("Pods", "")
	g := newGrid("llllrrrrl")
	g.head("name", "node", "phase", "address", "eni", "created", "addressed", "failed", "waits for")
	for _, pod := range pods {
		address, device := "", ""
		if pod.Address.IsValid() {
			address, device = pod.Address.String(), strconv.Itoa(pod.Device)
		}
		g.add(c(string(pod.Name)), c(string(pod.Node)), styled(phaseStyle(pod.Phase), string(pod.Phase)),
			c(address), c(device), c(instant(pod.CreatedAt)), c(maybeInstant(pod.AddressedAt)),
			c(number(pod.FailedAttempts)), c(string(pod.Reason)))
	}
	g.write(p, 2)
}

func phaseStyle(ph replay.Phase) style {
	switch ph {
	case replay.Pending, replay.ContainerCreating:
		return yellow
	}
	return plain
}

func maybeInstant(t model.Instant) string {
	if t == model.Never {
		return ""
	}
	return instant(t)
}
