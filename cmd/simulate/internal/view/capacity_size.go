package view

import (
	"fmt"
	"slices"

	"vpcsim/cmd/simulate/internal/capacity"
)

// writeSizes tells what became of each size of a subnet.
func writeSizes(p *page, r capacity.Report) {
	p.paragraph(2, "varied   ", r.Path, plain)
	p.paragraph(2, "fits     ", demands(r), plain)
	p.paragraph(2, "search   ", fmt.Sprintf("every size that can begin there, %s", count(r.Runs, "run")), plain)
	writeChance(p, r)
	p.line("")
	g := newGrid("lrrrl")
	g.head("size", "usable", "most used", "least free", "")
	for i, s := range r.Sizes {
		if s.Impossible() {
			g.add(c(s.CIDR.String()), c(number(s.Usable)), c(""), c(""), c("not possible: "+s.Stop.Message))
			if more := len(r.Sizes) - i - 1; more > 0 && allImpossible(r.Sizes[i:]) {
				g.add(c("and larger"), c(""), c(""), c(""), c(""))
				break
			}
			continue
		}
		words := styled(green, "fits")
		if !s.Fits() {
			words = styled(red, stopWords(s.Stop))
		}
		g.add(c(s.CIDR.String()), c(number(s.Usable)), c(number(s.Usable-s.LeastFree)),
			c(fmt.Sprintf("%s (%d%%)", number(s.LeastFree), s.LeastFree*100/max(s.Usable, 1))), words)
	}
	g.wrapTo(pageWidth - 2)
	g.write(p, 2)
	writeAside(p, r)
	p.line("")
	st := green
	if r.SmallestSize() < 0 {
		st = red
	}
	p.paragraph(0, "", CapacityAnswer(r), st)
}

func allImpossible(sizes []capacity.Size) bool {
	return !slices.ContainsFunc(sizes, func(s capacity.Size) bool { return !s.Impossible() })
}

// sizeAnswer is the smallest subnet in a sentence.
func sizeAnswer(r capacity.Report) string {
	text := smallestWords(r)
	switch {
	case r.WithoutSize == nil:
	case *r.WithoutSize < 0:
		text += " Without what the scenario expects none fits, either."
	default:
		text += fmt.Sprintf(" Without what the scenario expects %s is.", r.Sizes[*r.WithoutSize].CIDR)
	}
	return text
}

func smallestWords(r capacity.Report) string {
	at := r.SmallestSize()
	if at < 0 {
		text := fmt.Sprintf("%s: no size that can begin at %s fits", r.Path, r.Sizes[0].CIDR.Addr())
		for _, s := range slices.Backward(r.Sizes) {
			if !s.Impossible() {
				return text + fmt.Sprintf("; the largest that is possible, %s, is stopped by %s.", s.CIDR, stopperWords(s.Stop))
			}
		}
		return text + "."
	}
	s := r.Sizes[at]
	text := fmt.Sprintf("%s: %s is the smallest that fits; at the peak %s of its %s are free", r.Path, s.CIDR, number(s.LeastFree), count(s.Usable, "usable address"))
	if at > 0 {
		text += ". With " + r.Sizes[at-1].CIDR.String()
		if below := r.Sizes[at-1]; below.Impossible() {
			text += " the scenario is not possible"
		} else {
			text += fmt.Sprintf(", %s stops it", stopperWords(below.Stop))
		}
	}
	for _, larger := range r.Sizes[at:] {
		if !larger.Fits() && !larger.Impossible() {
			return text + fmt.Sprintf(". Not every larger one does: %s is stopped by %s.", larger.CIDR, stopperWords(larger.Stop))
		}
	}
	return text + "."
}
