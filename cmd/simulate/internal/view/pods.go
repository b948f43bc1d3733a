package view

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"vpcsim/cmd/simulate/internal/picture"
	"vpcsim/model"
	"vpcsim/sim/replay"
)

// writePodSummary counts the pods and tells how long they waited for their
// address.
func writePodSummary(p *page, s *replay.State) {
	n := s.Pods.Count()
	if n.Created == 0 {
		return
	}
	p.section(p.words.pods, "")
	parts := []string{number(n.Created) + " created"}
	for _, part := range []struct {
		n    int
		what string
	}{
		{n.Running, "running"},
		{n.Pending, "Pending"},
		{n.ContainerCreating, "in " + p.words.creating},
		{n.Terminating, "terminating"},
		{n.Succeeded, "succeeded"},
	} {
		if part.n > 0 {
			parts = append(parts, number(part.n)+" "+part.what)
		}
	}
	if n.FailedAttempts > 0 {
		parts = append(parts, count(n.FailedAttempts, "attempt")+" found no free address")
	}
	for _, l := range wrapItems("", parts, pageWidth-2) {
		p.line("  " + l)
	}
	if n.Gone > 0 {
		p.paragraph(2, "", fmt.Sprintf("%s %s before %s an address%s", number(n.Gone), p.words.deleted, pick(n.Gone == 1, "it had", "they had"), goneKinds(s)), red)
	}
	writeWaits(p, s)
	if s.Calls.Throttled > 0 && s.Pods.LastReadyAt != model.Never {
		one := strings.TrimSuffix(strings.ToLower(p.words.pods), "s")
		p.linef("  the last %s got its address at %s and runs since %s", one, instant(s.Pods.LastAddressedAt), instant(s.Pods.LastReadyAt))
	}
}

// goneKinds counts the pods that are gone without an address by what kept them
// from it.
func goneKinds(s *replay.State) string {
	var parts []string
	for _, k := range s.Pods.GoneFor() {
		if k.Kind != "" {
			parts = append(parts, fmt.Sprintf("%s %s", k.Kind, number(k.Count)))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, ", ")
}

// writeWaits tells how long pods waited for their address: those that got one, and
// where some never did all together.
func writeWaits(p *page, s *replay.State) {
	g := newGrid("lrrrr")
	g.head("wait for an address", "median", "p90", "p99", "longest")
	add := func(name string, of func(percent int) time.Duration) {
		g.add(c(name), c(duration(of(50))), c(duration(of(90))), c(duration(of(99))), c(duration(of(100))))
	}
	got, all := s.Pods.StartLatency.Count(), s.Pods.Wait.Count()
	if all == 0 {
		return
	}
	if got > 0 {
		bound := "from bound to a node"
		if onECS(s) {
			bound = "from placed on an instance"
		}
		add("from created", s.Pods.StartLatency.Percentile)
		add(bound, s.Pods.TimeToIP.Percentile)
	}
	if got < all {
		with := "from created, "
		if got > 0 {
			with += "with "
		}
		add(fmt.Sprintf("%s%s that had none", with, number(all-got)), func(percent int) time.Duration {
			return s.Pods.Wait.Percentile(percent, s.Now)
		})
	}
	g.write(p, 2)
}

// writePods lists the pods that exist, as kubectl get pods -o wide does.
func writePods(p *page, s *replay.State) {
	pods := s.Pods.All()
	if len(pods) == 0 {
		return
	}
	p.section("All "+strings.ToLower(p.words.pods), "")
	g := newGrid("llllrrrrl")
	g.head("name", "node", "phase", "address", "eni", "created", "addressed", "failed", "waits for")
	for _, pod := range pods {
		address, device, phase := "", "", string(pod.Phase)
		if pod.Phase == replay.ContainerCreating {
			phase = p.words.creating
		}
		if pod.Address.IsValid() {
			address, device = pod.Address.String(), strconv.Itoa(pod.Device)
			if pod.VLAN > 0 {
				device = fmt.Sprintf("vlan %d", pod.VLAN)
			} else if pod.Device < 0 {
				device = "branch"
			} else if pod.Card > 0 {
				device = picture.CardENI(pod.Card, pod.Card, pod.Device)
			}
		}
		g.add(c(string(pod.Name)), c(string(pod.Node)), styled(phaseStyle(pod.Phase), phase),
			c(address), c(device), c(instant(pod.CreatedAt)), c(maybeInstant(pod.AddressedAt)),
			c(number(pod.FailedAttempts)), c(string(pod.Reason)))
		for _, a := range pod.More {
			g.add(c(""), c(""), c(""), c(a.Address.String()), c(podENI(a)))
		}
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
