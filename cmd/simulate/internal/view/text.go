package view

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// pageWidth is how wide the table is, in columns: a terminal at its default.
const pageWidth = 80

// page writes lines of text. Write errors stick in w and show at its Flush.
type page struct {
	w       *bufio.Writer
	palette Palette
	words   words
	started bool
}

func newPage(w io.Writer, p Palette) *page {
	return &page{w: bufio.NewWriter(w), palette: p}
}

func (p *page) line(text string) {
	p.started = true
	p.w.WriteString(strings.TrimRight(text, " ") + "\n")
}

func (p *page) linef(format string, args ...any) { p.line(fmt.Sprintf(format, args...)) }

// section begins a part of the page: a blank line, its title and, dim at the
// right edge, a remark.
func (p *page) section(title, remark string) {
	if p.started {
		p.line("")
	}
	gap := max(pageWidth-width(title)-width(remark), 2)
	p.line(p.palette.paint(bold, title) + strings.Repeat(" ", gap) + p.palette.paint(dim, remark))
}

// paragraph writes text wrapped at the page's width, every line indented, with
// the label before the first.
func (p *page) paragraph(indent int, label, text string, s style) {
	room := pageWidth - indent - width(label)
	for i, l := range wrap(text, room) {
		head := label
		if i > 0 {
			head = strings.Repeat(" ", width(label))
		}
		p.line(strings.Repeat(" ", indent) + p.palette.paint(dim, head) + p.palette.paint(s, l))
	}
}

// wrap breaks text at spaces into lines of at most room columns; a longer word
// stands on a line of its own.
func wrap(text string, room int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case width(line)+1+width(word) <= room:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
}

// width is the number of columns that text takes: every rune we print takes
// one.
func width(text string) int { return utf8.RuneCountInString(text) }

// cell is a field of a grid.
type cell struct {
	text  string
	style style
	short string // instead of text, where there is no room for that; may be empty
}

func c(text string) cell               { return cell{text: text} }
func styled(s style, text string) cell { return cell{text: text, style: s} }

// grid is rows of aligned columns.
type grid struct {
	right []bool // by column: align to the right
	rows  [][]cell
}

// newGrid makes a grid; each letter of align is a column, l or r.
func newGrid(align string) *grid {
	g := &grid{}
	for _, a := range align {
		g.right = append(g.right, a == 'r')
	}
	return g
}

func (g *grid) add(cells ...cell) { g.rows = append(g.rows, cells) }

func (g *grid) head(titles ...string) {
	var cells []cell
	for _, t := range titles {
		cells = append(cells, styled(dim, t))
	}
	g.add(cells...)
}

// cutTo shortens the last column to what the page's width leaves for it.
func (g *grid) cutTo(room int) {
	widths := g.widths()
	last := len(widths) - 1
	for _, w := range widths[:last] {
		room -= w + 2
	}
	for _, row := range g.rows {
		if row[last].short != "" && width(row[last].text) > room {
			row[last].text = row[last].short
		}
		if text := []rune(row[last].text); len(text) > max(room, 1) {
			row[last].text = string(text[:max(room, 1)-1]) + "…"
		}
	}
}

// leastWrapped is how many columns the last column of a grid has for its
// lines at least, where it is wrapped.
const leastWrapped = 26

// wrapTo makes the grid as wide as room at most: the last column takes its
// short form, or several lines. Where it would get too narrow for that, the
// column before it is wrapped, too.
func (g *grid) wrapTo(room int) {
	widths := g.widths()
	last := len(widths) - 1
	for _, w := range widths[:last-1] {
		room -= w + 2
	}
	before := widths[last-1]
	if before+2+widths[last] > room {
		before = min(before, room-2-leastWrapped)
	}
	var rows [][]cell
	for _, row := range g.rows {
		if width(row[last].text) > room-before-2 && row[last].short != "" && width(row[last].short) <= room-before-2 {
			row[last].text = row[last].short
		}
		left, right := wrap(row[last-1].text, before), wrap(row[last].text, room-before-2)
		for i := range max(len(left), len(right)) {
			line := make([]cell, len(row))
			if i == 0 {
				copy(line, row)
			}
			line[last-1], line[last] = lineOf(row[last-1], left, i), lineOf(row[last], right, i)
			rows = append(rows, line)
		}
	}
	g.rows = rows
}

// wrapFirst makes the grid as wide as room at most: the first column takes
// several lines.
func (g *grid) wrapFirst(room int) {
	widths := g.widths()
	for _, w := range widths[1:] {
		room -= w + 2
	}
	var rows [][]cell
	for _, row := range g.rows {
		if width(row[0].text) <= room { // and keeps its indent
			rows = append(rows, row)
			continue
		}
		for i, text := range wrap(row[0].text, max(room, leastWrapped)) {
			line := make([]cell, len(row))
			if i == 0 {
				copy(line, row)
			}
			line[0] = cell{text: text, style: row[0].style}
			rows = append(rows, line)
		}
	}
	g.rows = rows
}

// lineOf is a line of a cell that was wrapped, empty behind the last.
func lineOf(of cell, lines []string, i int) cell {
	if i >= len(lines) {
		return cell{}
	}
	return cell{text: lines[i], style: of.style}
}

func (g *grid) widths() []int {
	widths := make([]int, len(g.right))
	for _, row := range g.rows {
		for i, f := range row {
			widths[i] = max(widths[i], width(f.text))
		}
	}
	return widths
}

// write prints the grid, two spaces between columns.
func (g *grid) write(p *page, indent int) {
	widths := g.widths()
	for _, row := range g.rows {
		var b strings.Builder
		b.WriteString(strings.Repeat(" ", indent))
		for i, f := range row {
			if i > 0 {
				b.WriteString("  ")
			}
			pad := strings.Repeat(" ", widths[i]-width(f.text))
			if g.right[i] {
				b.WriteString(pad + p.palette.paint(f.style, f.text))
			} else {
				b.WriteString(p.palette.paint(f.style, f.text) + pad)
			}
		}
		p.line(b.String())
	}
}

// width is how wide the grid is, without an indent.
func (g *grid) width() int {
	sum := 0
	for i, w := range g.widths() {
		if i > 0 {
			sum += 2
		}
		sum += w
	}
	return sum
}
