package view

import (
	"fmt"
	"strings"
	"time"

	"vpcsim/model"
	"vpcsim/sim/replay"
)

const (
	// chartColumns and chartRows are the most columns of a chart of calls, and
	// its height.
	chartColumns = 70
	chartRows    = 6
	// cellSteps is how many steps of height a glyph tells apart.
	cellSteps = 8
)

// callColumn is a column of the chart: calls in it, and how many of them the
// request rate refused.
type callColumn struct{ calls, throttled int }

// writeCallChart draws the calls per second over time: those that EC2 carried
// out solid, on top of them those that it throttled.
//
//	93 ░
//	   ░░▒
//	 0 ██▇▅▂▁
//	   0s   4m
func writeCallChart(p *page, s *replay.CallSeries) {
	columns, width := columnsOf(s)
	most := 0
	for _, col := range columns {
		most = max(most, col.calls)
	}
	if most == 0 {
		return
	}
	p.linef("  calls a second  █ carried out  %s throttled  %s both; a column is %s",
		p.palette.paint(red, "░"), p.palette.paint(yellow, "▒"), duration(width))
	label := perSecond(most, width)
	for row := chartRows - 1; row >= 0; row-- {
		var cells strings.Builder
		for _, col := range columns {
			cells.WriteString(p.palette.paint(col.cell(row, most)))
		}
		p.linef("  %5s ┤%s", label, strings.TrimRight(cells.String(), " "))
		label = ""
	}
	p.linef("  %5s └%s", "0", strings.Repeat("─", len(columns)))
	p.line("         " + timeAxis(len(columns), width))
}

// columnsOf joins buckets so that they fit the page.
func columnsOf(s *replay.CallSeries) (columns []callColumn, width time.Duration) {
	buckets := s.Buckets()
	each := (len(buckets) + chartColumns - 1) / chartColumns
	for i, b := range buckets {
		if i%each == 0 {
			columns = append(columns, callColumn{})
		}
		col := &columns[len(columns)-1]
		col.calls += b.Calls
		col.throttled += b.Throttled
	}
	return columns, time.Duration(each) * s.Width()
}

// cell is the column's glyph in a row, 0 the lowest: solid up to what was
// carried out, shaded from the row above up to all calls; in between if they end
// in the same row. One call shows, however many others there are.
func (col callColumn) cell(row, most int) (style, string) {
	steps := func(n int) int { return (n*chartRows*cellSteps + most - 1) / most }
	solid := steps(col.calls-col.throttled) - row*cellSteps
	all := steps(col.calls) - row*cellSteps
	switch {
	case solid >= cellSteps:
		return plain, "█"
	case solid > 0 && (all > cellSteps || all == solid):
		return plain, string([]rune("▁▂▃▄▅▆▇")[solid-1])
	case solid > 0:
		return yellow, "▒"
	case all > 0:
		return red, "░"
	}
	return plain, " "
}

// perSecond writes a rate; below ten with its tenths.
func perSecond(n int, width time.Duration) string {
	tenths := 10 * n / int(width/time.Second)
	if tenths < 100 && tenths%10 > 0 {
		return fmt.Sprintf("%d.%d", tenths/10, tenths%10)
	}
	return number(tenths / 10)
}

// ticks are the distances of instants on the axis.
var ticks = [...]time.Duration{
	5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour,
}

// tickColumns is how far apart instants on the axis are at least.
const tickColumns = 9

// timeAxis writes round instants below the columns.
func timeAxis(columns int, width time.Duration) string {
	tick := ticks[len(ticks)-1]
	for i := len(ticks) - 1; i >= 0 && ticks[i] >= tickColumns*width; i-- {
		tick = ticks[i]
	}
	for tick < tickColumns*width {
		tick *= 2
	}
	var out strings.Builder
	for at := time.Duration(0); at < time.Duration(columns)*width; at += tick {
		out.WriteString(strings.Repeat(" ", int(at/width)-len([]rune(out.String()))))
		out.WriteString(instant(model.Instant(0).Add(at)))
	}
	return out.String()
}
