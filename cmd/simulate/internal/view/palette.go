package view

// Palette colours text for a terminal. The zero Palette leaves it as it is.
// Colour only repeats what words or glyphs say.
type Palette struct{ On bool }

// style is an ANSI SGR parameter.
type style string

const (
	plain  style = ""
	bold   style = "1"
	dim    style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
	cyan   style = "36"
)

func (p Palette) paint(s style, text string) string {
	if !p.On || s == plain || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// Outcome paints a text by whether something is as it should be.
func (p Palette) Outcome(text string, good bool) string {
	if good {
		return p.paint(green, text)
	}
	return p.paint(red, text)
}
