package diagram

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// canvas collects the elements of an SVG from the top down. Lengths are in
// pixels.
type canvas struct{ b strings.Builder }

// escaped is text as it stands in XML.
func escaped(text string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(text)) // a Builder doesn't fail
	return b.String()
}

// rect draws a rectangle; the tip appears where the pointer rests on it.
func (c *canvas) rect(x, y, w, h int, class, tip string) {
	if tip == "" {
		fmt.Fprintf(&c.b, "<rect class=%q x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>\n", class, x, y, w, h)
		return
	}
	fmt.Fprintf(&c.b, "<rect class=%q x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"><title>%s</title></rect>\n", class, x, y, w, h, escaped(tip))
}

// box draws a frame with round corners.
func (c *canvas) box(x, y, w, h int, class string) {
	fmt.Fprintf(&c.b, "<rect class=%q x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"8\"/>\n", class, x, y, w, h)
}

// framed puts a frame around what inside draws, which ends at the height that it
// returns.
func (c *canvas) framed(x, y, w int, class string, inside func() int) (bottom int) {
	before := c.b.String()
	c.b.Reset()
	bottom = inside()
	content := c.b.String()
	c.b.Reset()
	c.b.WriteString(before)
	c.box(x, y, w, bottom-y, class)
	c.b.WriteString(content)
	return bottom
}

// text writes a line whose baseline is at y.
func (c *canvas) text(x, y int, class, text string) {
	if text != "" {
		fmt.Fprintf(&c.b, "<text class=%q x=\"%d\" y=\"%d\">%s</text>\n", class, x, y, escaped(text))
	}
}

// cross draws an × over a square.
func (c *canvas) cross(x, y, size int) {
	fmt.Fprintf(&c.b, "<path class=\"cross\" d=\"M%d %dl%d %dm0 -%dl-%d %d\"/>\n", x+3, y+3, size-6, size-6, size-6, size-6, size-6)
}

// write puts the elements into a document of that size.
func (c *canvas) write(w io.Writer, width, height int, name, summary string) error {
	_, err := fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="title desc">
<title id="title">%s</title>
<desc id="desc">%s</desc>
<style>%s</style>
<rect class="page" width="%d" height="%d"/>
%s</svg>
`, width, height, width, height, escaped(name), escaped(summary), css, width, height, c.b.String())
	return err
}

// css has colours that readers tell apart who don't see all of them (Okabe and
// Ito's).
const css = `
text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; fill: #1f2328; font-size: 12px }
.h1 { font-size: 20px; font-weight: 600 }
.h2 { font-size: 14px; font-weight: 600 }
.h3 { font-size: 12px; font-weight: 600 }
.dim { fill: #59636e }
.small { fill: #59636e; font-size: 11px }
.right { fill: #59636e; text-anchor: end }
.bad { fill: #b35900 }
.page { fill: #fff }
.node { fill: #f6f8fa; stroke: #d1d9e0 }
.point { fill: #fff5eb; stroke: #d55e00 }
.held { fill: #0072b2 }
.cooling { fill: #7cc4ee }
.free { fill: #fff; stroke: #0072b2 }
.empty { fill: none; stroke: #b6bfc8; stroke-dasharray: 2 2 }
.left { fill: #fff; stroke: #d55e00 }
.waits { fill: #fff; stroke: #d55e00; stroke-width: 2 }
.cross { fill: none; stroke: #d55e00; stroke-width: 1.5 }
.block { fill: none; stroke: #0072b2 }
.own { fill: #6e7781 }
.other { fill: #c8a24a }
.kept { fill: #d1d9e0 }
.open { fill: #eef1f4 }
.reserved { fill: #dfeee0 }
.f1 { fill: #cfe3f1 } .f2 { fill: #9fc7e2 } .f3 { fill: #5fa4cf } .f4 { fill: #2a84be } .f5 { fill: #00568a }
`

// charWidth is about how wide a character of 12 pixels is, rather too much than
// too little.
const charWidth = 6.6

func widthOf(text string) int { return int(float64(utf8.RuneCountInString(text)) * charWidth) }

func charsIn(pixels int) int { return max(int(float64(pixels)/charWidth), 1) }

// boldWidth is that of a bold character, of its font's size.
const boldWidth = 0.625

// fitHead cuts a heading, whose characters have this size, likewise.
func fitHead(text string, pixels int, size float64) string {
	return fit(text, int(float64(pixels)*charWidth/(boldWidth*size)))
}

// fit cuts a text so that it is no wider than this many pixels.
func fit(text string, pixels int) string {
	if most := charsIn(pixels); utf8.RuneCountInString(text) > most {
		return string([]rune(text)[:most-1]) + "…"
	}
	return text
}
