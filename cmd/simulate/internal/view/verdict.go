package view

import (
	"fmt"

	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// writeVerdict writes the last line.
func writeVerdict(p *page, s *replay.State) {
	fits, text := verdict(s)
	st := red
	if fits {
		st = green
	}
	p.line("")
	for _, l := range wrap(text, pageWidth) {
		p.line(p.palette.paint(st, l))
	}
}

// Verdict says in words what stopped the run, or that everything fits.
func Verdict(s *replay.State) string {
	_, text := verdict(s)
	return text
}

func verdict(s *replay.State) (fits bool, text string) {
	n := s.Pods.Count()
	cut := ""
	if s.Ended != nil && s.Ended.EndedBy == "limit" {
		cut = "Cut short: " + s.Ended.Message + ". "
	}
	worst := worstOpen(s)
	switch {
	case worst == nil && n.Waiting() == 0 && cut == "":
		return true, everythingFits(s, n)
	case worst == nil && n.Waiting() == 0:
		return false, cut + "Until then everything fits."
	case worst == nil:
		return false, cut + fmt.Sprintf("%s when the run ended, and nothing had run out.", waiting(n))
	}
	return false, cut + stopped(worst) + " " + waiting(n) + "."
}

// worstOpen is what has not ended at the end: real exhaustion before what cures
// itself, then that of most pods.
func worstOpen(s *replay.State) *trouble {
	var worst *trouble
	for _, t := range troubles(s) {
		if !t.open {
			continue
		}
		if worst == nil || t.first.Kind.Cures() == worst.first.Kind.Cures() && t.pods > worst.pods {
			worst = t
		}
	}
	return worst
}

func everythingFits(s *replay.State, n replay.PodCount) string {
	t := s.Totals()
	text := "Everything fits: no pod waits"
	if n.Running > 0 {
		text = fmt.Sprintf("Everything fits: %s", plural(n.Running, "pod runs", "pods run"))
	}
	text += fmt.Sprintf(", %s of %s addresses %s free.", number(t.Free()), number(t.Total), isAre(t.Free()))
	if longest := s.Pods.TimeToIP.Max(); longest > 0 {
		text += fmt.Sprintf(" The longest wait for an address was %s.", duration(longest))
	}
	return text
}

// waiting says how many pods don't run, and how that shows in kubectl.
func waiting(n replay.PodCount) string {
	all := n.Waiting() + n.Running
	what := "Pending"
	switch {
	case n.Pending == 0:
		what = "in ContainerCreating"
	case n.ContainerCreating > 0:
		what = fmt.Sprintf("waiting (%s Pending, %s in ContainerCreating)", number(n.Pending), number(n.ContainerCreating))
	}
	return fmt.Sprintf("%s of %s %s %s", number(n.Waiting()), plural(all, "pod", "pods"), isAre(n.Waiting()), what)
}

// stopped says what kind of exhaustion was the end, in words for somebody who
// sees the kind for the first time.
func stopped(t *trouble) string {
	at := place(t.first)
	if t.names > 1 {
		at += fmt.Sprintf(" (and %s more)", number(t.names-1))
	}
	switch t.first.Kind {
	case sim.KindMaxPods:
		return "Stopped by max-pods, not by addresses: no node may take another pod."
	case sim.KindCPUMemory:
		return "Stopped by CPU and memory, not by addresses: no node has enough left."
	case sim.KindENILimit:
		return "Stopped by the ENI limit: " + at + " has no room for another ENI or address."
	case sim.KindSubnetIPs:
		return "Stopped by the subnet: " + at + " has too few free addresses."
	case sim.KindPrefixFragmentation:
		return "Stopped by fragmentation: " + at + " has free addresses, but no free /28 block."
	case sim.KindThrottling:
		return "Stopped by throttling: EC2 refuses requests that come too fast."
	case sim.KindQuota:
		return "Stopped by a quota of the account."
	case sim.KindMisconfig:
		text := "Stopped by the configuration"
		if t.first.Reason != "" {
			text += " (" + t.first.Reason + ")"
		}
		return text + " at " + at + "."
	case sim.KindBranchLimit:
		return "Stopped by the limit of branch ENIs: " + at + "."
	case sim.KindNoTrunk:
		return "Stopped by the lack of a trunk ENI: no node offers branch ENIs."
	case sim.KindWarmPoolLag:
		return "Not stopped, but not done either: the pool of " + at + " is still growing."
	case sim.KindCooldown, sim.KindBranchCooldown:
		return "Not stopped, but not done either: " + at + " waits for addresses to cool down."
	}
	return fmt.Sprintf("Stopped by %s at %s.", t.first.Kind, at)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + many
}

func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}
