package view

import (
	"fmt"
	"io"
	"strings"

	"vpcsim/cmd/simulate/internal/capacity"
)

// CapacityTable writes how much fits, what stops more, and what would help. Its
// last line is the answer.
func CapacityTable(w io.Writer, r capacity.Report, palette Palette) error {
	p := newPage(w, palette)
	p.section("Capacity of "+r.Scenario, fmt.Sprintf("seed %d", r.Seed))
	p.line("")
	if r.Sizes != nil {
		writeSizes(p, r)
		return p.w.Flush()
	}
	writeQuestion(p, r)
	p.section("What fits", "")
	if r.Answer.Shape() == capacity.ShapeNone {
		writeProbe(p, r.Answer.None)
		if high := r.Answer.NoneHigh; high.Value != r.Answer.None.Value {
			writeProbe(p, high)
		}
	} else {
		writeEdges(p, r)
	}
	writeAside(p, r)
	writeRemedies(p, r)
	writeForecast(p, r.Forecast)
	writeAnswer(p, r)
	return p.w.Flush()
}

// writeQuestion tells what was asked for, and how it was looked for.
func writeQuestion(p *page, r capacity.Report) {
	varied := r.Path
	if r.Today != nil {
		varied += fmt.Sprintf(", %s in the file", number(*r.Today))
	}
	p.paragraph(2, "varied   ", varied, plain)
	p.paragraph(2, "fits     ", demands(r), plain)
	p.paragraph(2, "search   ", method(r), plain)
	writeChance(p, r)
}

// demands says what fits means.
func demands(r capacity.Report) string {
	text := "no pod waits at the end or is deleted before it has an address, every node was launched"
	if r.MaxWait > 0 {
		text += fmt.Sprintf(", no pod waits more than %s for its address", duration(r.MaxWait))
	}
	if r.Headroom > 0 {
		of := "pod places"
		if r.Sizes != nil {
			of = "addresses"
		}
		text += fmt.Sprintf(", %d%% of the %s free at every instant", r.Headroom, of)
	}
	if askedOf(r) > 0 {
		text += ", what the scenario expects holds"
	}
	if r.Seeds > 1 {
		text += fmt.Sprintf("; with each of %d seeds", r.Seeds)
	}
	return text
}

func method(r capacity.Report) string {
	a := r.Answer
	over := fmt.Sprintf("%s … %s, %s", number(a.Low), number(a.High), count(a.Runs, "run"))
	switch a.Method {
	case capacity.Scan:
		return "every value of " + over
	case capacity.Samples:
		return "evenly spaced values of " + over
	}
	if a.Unconfirmed {
		return "bisection over " + over + "; the runs are costly, so none of values between confirm it"
	}
	return "bisection over " + over + "; values between and beside confirm it"
}

// writeEdges tells of the values at the edges of what fits.
func writeEdges(p *page, r capacity.Report) {
	a := r.Answer
	if a.Below != nil {
		writeProbe(p, a.Below)
	}
	if a.Smallest.Value != a.Low || r.Want == capacity.Fewest {
		writeProbe(p, a.Smallest)
	}
	if r.Want == capacity.Fewest {
		return
	}
	if a.Gap != nil {
		writeProbe(p, a.Gap)
	}
	if a.Largest.Value != a.Smallest.Value || a.Smallest.Value == a.Low {
		writeProbe(p, a.Largest)
	}
	if a.Above != nil {
		writeProbe(p, a.Above)
	}
}

// writeProbe tells what became of one value.
func writeProbe(p *page, probe *capacity.Probe) {
	label := number(probe.Value)
	if probe.Fits() {
		p.paragraph(2, label+"  ", p.palette.paint(green, "fits")+": "+arithmetic(probe.Use), plain)
		for _, line := range subnetUse(probe.Use) {
			p.paragraph(4+width(label), "", line, plain)
		}
		return
	}
	stop := probe.Stop
	p.paragraph(2, label+"  ", p.palette.paint(red, "doesn't fit")+": "+stopWords(stop), plain)
	indent := 4 + width(label)
	if stop.Reason != "" {
		p.paragraph(indent, "reason   ", stop.Reason, plain)
	}
	if stop.CappedBy != "" {
		p.paragraph(indent, "limit    ", stop.CappedBy, plain)
	}
	if stop.Message != "" {
		p.paragraph(indent, "message  ", stop.Message, plain)
	}
	if u := stop.Expectation; u != nil {
		writeUnmet(p, indent, u)
	}
	if len(stop.Numbers) > 0 {
		p.paragraph(indent, "numbers  ", numbers(stop.Numbers), plain)
	}
}

// sizeOf80 is how many addresses a node's IPv6 prefix has: more than anybody
// counts.
const sizeOf80 = 1 << 48

// arithmetic shows the sums of what runs.
func arithmetic(u capacity.Use) string {
	text := fmt.Sprintf("%s on %s", plural(u.Pods, "pod runs", "pods run"), count(u.Nodes, "node"))
	if u.Places > 0 {
		text += fmt.Sprintf("; %s of %s places by max-pods taken, %s of them by system pods", number(u.Taken), number(u.Places), number(u.System))
	}
	switch {
	case u.Addresses >= sizeOf80:
		text += fmt.Sprintf("; %s held, of %s", count(u.Held, "IPv6 address"), count(u.Addresses/sizeOf80, "/80 prefix"))
	case u.Addresses > 0:
		text += fmt.Sprintf("; %s of %s attached addresses held", number(u.Held), number(u.Addresses))
	}
	if u.LeastOf > 0 {
		text += fmt.Sprintf("; %s of %s places free at the peak (%d%%)", number(u.LeastPlaces), number(u.LeastOf), u.LeastPlaces*100/u.LeastOf)
	}
	if u.LongestWait > 0 {
		text += fmt.Sprintf("; the longest wait for one was %s", duration(u.LongestWait))
	}
	return text
}

// mostSubnets is how many subnets an answer lists.
const mostSubnets = 6

func subnetUse(u capacity.Use) []string {
	var out []string
	for i, s := range u.Subnets {
		if i == mostSubnets {
			out = append(out, fmt.Sprintf("and %s more", count(len(u.Subnets)-i, "subnet")))
			break
		}
		out = append(out, fmt.Sprintf("%s: %s of %s addresses used", s.Name, number(s.Used), number(s.Usable)))
	}
	return out
}

// stopWords says in a few words what stops a value.
func stopWords(s *capacity.Stop) string {
	text := string(s.Kind)
	switch {
	case s.Kind == capacity.KindInvalid:
		return "the scenario is not possible"
	case s.Scope == "subnet":
		text += " in " + s.Name
	case s.Scope == "node":
		text += " on " + s.Name
	}
	all := s.Waiting() + s.Running
	switch {
	case s.Pending > 0 && s.Creating > 0:
		text += fmt.Sprintf(", %s of %s wait (%s Pending, %s without address)", number(s.Waiting()), count(all, "pod"), number(s.Pending), number(s.Creating))
	case s.Pending > 0:
		text += fmt.Sprintf(", %s of %s Pending", number(s.Pending), count(all, "pod"))
	case s.Creating > 0:
		text += fmt.Sprintf(", %s of %s without address", number(s.Creating), count(all, "pod"))
	case s.Gone > 0:
		text += fmt.Sprintf(", %s of %s deleted before %s an address", number(s.Gone), count(s.Created, "pod"), pick(s.Gone == 1, "it had", "they had"))
	case s.Exhausted():
		text += ", not all nodes could be launched"
	}
	return text
}

// writeRemedies tells what each remedy gives.
func writeRemedies(p *page, r capacity.Report) {
	if len(r.Remedies) == 0 && len(r.Untried) == 0 {
		return
	}
	if len(r.Remedies) == 0 {
		p.section("What would help", "")
		writeUntried(p, r)
		return
	}
	edge := "largest"
	if r.Answer.Shape() == capacity.ShapeFrom {
		edge = "smallest"
	}
	tried := "each was run"
	if n := len(r.Untried); n > 0 {
		tried = fmt.Sprintf("%d of %d were run", len(r.Remedies), len(r.Remedies)+n)
	}
	p.section("What would help", tried)
	g := newGrid("lrrl")
	g.head("change", edge, "", "then stopped by")
	for _, m := range r.Remedies {
		g.add(c(m.Name+breaks(m)), c(remedied(m)), c(gain(r.Answer, m)), c(thenStopped(m)))
	}
	g.wrapFirst(pageWidth - 2)
	g.write(p, 2)
	writeUntried(p, r)
}

// remedied is the value that a remedy gives.
func remedied(m capacity.Remedied) string {
	counts := m.Answer.Counts(m.Want)
	switch {
	case m.Stop == nil && counts == nil && m.Answer.Coarse:
		return "under " + number(m.Answer.NoneHigh.Value)
	case m.Stop != nil, counts == nil:
		return "none"
	case m.Answer.Open && m.Want != capacity.Fewest && m.Answer.Above == nil:
		return "over " + number(counts.Value)
	case m.Answer.Coarse && m.Want == capacity.Fewest:
		return "≤" + number(counts.Value)
	case m.Answer.Coarse:
		return "≥" + number(counts.Value)
	}
	return number(counts.Value)
}

// gain is what a remedy gives more than there is.
func gain(base capacity.Answer, m capacity.Remedied) string {
	was, is := base.Counts(capacity.Both), m.Answer.Counts(m.Want)
	if was == nil || is == nil || m.Stop != nil {
		return ""
	}
	switch d := is.Value - was.Value; {
	case d > 0:
		return "+" + number(d)
	case d < 0:
		return "−" + number(-d)
	}
	return "±0"
}

func thenStopped(m capacity.Remedied) string {
	if m.Stop != nil {
		return "not possible"
	}
	if stop := m.Answer.Stops(m.Want); stop != nil {
		return string(stop.Stop.Kind)
	}
	return "nothing"
}

func writeForecast(p *page, f *capacity.Forecast) {
	if f == nil {
		return
	}
	p.section("Forecast", "")
	p.paragraph(2, "", forecast(f), plain)
}

// forecast says when a growing number is too large.
func forecast(f *capacity.Forecast) string {
	from := fmt.Sprintf("From %s, growing by %s", number(f.From), strings.Replace(f.Growth, "/", " a ", 1))
	switch {
	case f.Never:
		return fmt.Sprintf("%s: it doesn't reach %s within 100 years.", from, number(f.Reaches))
	case f.Units == 0:
		return fmt.Sprintf("%s is too much already: %s is the first value that is.", number(f.From), number(f.Reaches))
	}
	in := count(f.Units, f.Unit)
	if f.Days != f.Units {
		in += fmt.Sprintf(" (%s)", count(f.Days, "day"))
	}
	return fmt.Sprintf("%s: it is %s after %s, and %s is too much.", from, number(f.Value), in, number(f.Reaches))
}

// hintOf says what else to vary, where somebody knows.
func hintOf(r capacity.Report) string {
	if r.Hint == "" {
		return ""
	}
	return " " + r.Hint
}

// writeAnswer writes the last line.
func writeAnswer(p *page, r capacity.Report) {
	p.line("")
	st := green
	if r.Answer.Shape() == capacity.ShapeNone {
		st = red
	}
	p.paragraph(0, "", CapacityAnswer(r), st)
}

// CapacityAnswer is the answer in a sentence.
func CapacityAnswer(r capacity.Report) string {
	if r.Sizes != nil {
		return sizeAnswer(r) + chanceWords(r)
	}
	return edgesAnswer(r, r.Answer) + withoutWords(r) + chanceWords(r)
}

// edgesAnswer says what fits.
func edgesAnswer(r capacity.Report, a capacity.Answer) string {
	stop := func(p *capacity.Probe) string {
		if p.Stop.Kind == capacity.KindInvalid {
			return fmt.Sprintf("with %s the scenario is not possible", number(p.Value))
		}
		return fmt.Sprintf("at %s, %s stops it", number(p.Value), stopperWords(p.Stop))
	}
	var text string
	switch shape := a.Shape(); {
	case a.NoEffect:
		fits := "everything fits"
		if shape == capacity.ShapeNone {
			fits = fmt.Sprintf("%s stops it", stopperWords(a.None.Stop))
		}
		return fmt.Sprintf("%s: it makes no difference; from %s to %s %s.%s", r.Path, number(a.Low), number(a.High), fits, hintOf(r))
	case shape == capacity.ShapeNone && a.None.Value == a.NoneHigh.Value:
		return fmt.Sprintf("%s: %s doesn't fit (%s)%s.", r.Path, number(a.None.Value), stopperWords(a.None.Stop), furtherWords(r, a))
	case shape == capacity.ShapeNone:
		return fmt.Sprintf("%s: nothing from %s to %s fits; %s%s.%s", r.Path, number(a.Low), number(a.High), stop(a.Stops(r.Want)), furtherWords(r, a), hintOf(r))
	case r.Want == capacity.Fewest && a.Below == nil:
		return fmt.Sprintf("%s: %s is enough, and fewer were not looked at.", r.Path, number(a.Smallest.Value))
	case r.Want == capacity.Fewest:
		return fmt.Sprintf("%s: %s is %s; %s%s.", r.Path, number(a.Smallest.Value), edgeWords(a, "smallest"), stop(a.Below), betweenWords(r, a))
	case shape == capacity.ShapeAll:
		text = fmt.Sprintf("%s: everything from %s to %s fits", r.Path, number(a.Low), number(a.High))
		if a.Further {
			text += furtherWords(r, a)
		} else if a.Open {
			text += ", and more was not looked at"
		}
	case shape == capacity.ShapeFrom && a.Below.Stop.Kind == capacity.KindInvalid:
		text = fmt.Sprintf("%s: everything from %s to %s fits, and %s%s", r.Path, number(a.Smallest.Value), number(a.High), stop(a.Below), furtherWords(r, a))
	case shape == capacity.ShapeFrom:
		text = fmt.Sprintf("%s: larger is better, and %s is %s; %s", r.Path, number(a.Smallest.Value), edgeWords(a, "smallest"), stop(a.Below)) + furtherWords(r, a)
	case shape == capacity.ShapeWindow && a.Smallest.Value == a.Largest.Value:
		text = fmt.Sprintf("%s: %s alone fits; %s, and %s", r.Path, number(a.Largest.Value), stop(a.Below), stop(a.Above))
	case shape == capacity.ShapeWindow:
		text = fmt.Sprintf("%s: %s to %s fit; %s, and %s", r.Path, number(a.Smallest.Value), number(a.Largest.Value), stop(a.Below), stop(a.Above))
	default:
		text = fmt.Sprintf("%s: %s is %s; %s", r.Path, number(a.Largest.Value), edgeWords(a, "largest"), stop(a.Above))
	}
	if a.Gap != nil {
		text += fmt.Sprintf(". Not all between fit: %s doesn't", number(a.Gap.Value))
	}
	return text + betweenWords(r, a) + "."
}
