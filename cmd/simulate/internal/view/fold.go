package view

import (
	"slices"
	"strings"
)

// PageWidth is how wide the text that people read is, in columns.
const PageWidth = pageWidth

// Wrap breaks text at spaces into lines of at most room columns; a longer word,
// such as a URL, stands on a line of its own.
func Wrap(text string, room int) []string { return wrap(text, room) }

// Fold is Wrap that breaks long words, too, but for URLs.
func Fold(text string, room int) []string { return fold(text, room) }

// fold breaks text into lines of at most room columns: at spaces, and within words
// that are longer behind punctuation, or else anywhere.
func fold(text string, room int) []string {
	var words []string
	for _, word := range strings.Fields(text) {
		words = append(words, parts(word, room)...)
	}
	return wrap(strings.Join(words, " "), room)
}

// parts cuts a word into pieces of at most room columns; a URL stays whole.
func parts(word string, room int) []string {
	if strings.HasPrefix(word, "https://") {
		return []string{word} // it is copied, or clicked
	}
	var all []string
	letters := []rune(word)
	for len(letters) > room {
		cut := room
		for i := room; i > room/2; i-- {
			if strings.ContainsRune(",./:;-=&", letters[i-1]) {
				cut = i
				break
			}
		}
		all = append(all, string(letters[:cut]))
		letters = letters[cut:]
	}
	return append(all, string(letters))
}

// leastFolded is how narrow a column gets by folding, at the least.
const leastFolded = 8

// foldTo makes the grid as wide as room at most: the widest columns give way, and
// their cells take several lines.
func (g *grid) foldTo(room int) {
	widths := g.widths()
	for i := range widths {
		if i > 0 {
			room -= 2
		}
		room -= widths[i]
	}
	for room < 0 {
		widest := slices.Max(widths)
		if widest <= leastFolded {
			break
		}
		widths[slices.Index(widths, widest)]--
		room++
	}
	var rows [][]cell
	for _, row := range g.rows {
		lines, most := make([][]string, len(row)), 1
		for i, f := range row {
			lines[i] = fold(f.text, widths[i])
			most = max(most, len(lines[i]))
		}
		for n := range most {
			line := make([]cell, len(row))
			for i := range row {
				line[i] = lineOf(row[i], lines[i], n)
			}
			rows = append(rows, line)
		}
	}
	g.rows = rows
}
