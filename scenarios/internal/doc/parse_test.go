package doc

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sketch writes a tree on one line: kind, place and scalar of each value.
func sketch(n *Node) string {
	at := fmt.Sprintf("@%d:%d", n.Pos.Line, n.Pos.Column)
	switch n.Kind {
	case Map:
		var fields []string
		for _, f := range n.Fields {
			fields = append(fields, fmt.Sprintf("%s@%d:%d %s", f.Name, f.Pos.Line, f.Pos.Column, sketch(f.Value)))
		}
		return "{" + strings.Join(fields, ", ") + "}" + at
	case List:
		var items []string
		for _, item := range n.Items {
			items = append(items, sketch(item))
		}
		return "[" + strings.Join(items, ", ") + "]" + at
	case Null:
		return "null" + at
	case Number:
		return "#" + n.Scalar + at
	case Bool:
		return "?" + n.Scalar + at
	}
	return fmt.Sprintf("%q", n.Scalar) + at
}

func TestValuesStandWhereTheyStand(t *testing.T) {
	tests := []struct{ text, want string }{
		{"a: 1\nb:\n  - c\n", `{a@1:1 #1@1:4, b@2:1 ["c"@3:5]@3:3}@1:1`},
		{"a: 1\r\nb: x\r\n", `{a@1:1 #1@1:4, b@2:1 "x"@2:4}@1:1`},
		{"\ufeffa: 1\n", `{a@1:1 #1@1:4}@1:1`},
		{"ü: [ä, {ö: 1}]\n", `{ü@1:1 ["ä"@1:5, {ö@1:9 #1@1:12}@1:8]@1:4}@1:1`},
		{"{\n\t\"a\": [true, null,\n\t2]}", `{a@2:2 [?true@2:8, null@2:14, #2@3:2]@2:7}@1:1`},
		{"a: |\n  x\n  y\nb: z\n", `{a@1:1 "x\ny\n"@1:4, b@4:1 "z"@4:4}@1:1`},
		{"a: \"1\"\nb: '2'\nc: 010\nd: 1e3\ne: .nan\nf: yes\ng: 99999999999999999999\nh: ~\n",
			`{a@1:1 "1"@1:4, b@2:1 "2"@2:4, c@3:1 #010@3:4, d@4:1 "1e3"@4:4, e@5:1 #.nan@5:4, f@6:1 "yes"@6:4, g@7:1 #99999999999999999999@7:4, h@8:1 null@8:4}@1:1`},
		{"1: a\ntrue: b\n? c\n: d\n", `{1@1:1 "a"@1:4, true@2:1 "b"@2:7, c@3:1 "d"@4:3}@1:1`},
		{"a: &x {b: 1}\nc: *x\n", `{a@1:1 {b@1:8 #1@1:11}@1:7, c@2:1 {b@1:8 #1@1:11}@1:7}@1:1`},
		{"a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}\n", `{a@1:1 {b@1:8 #1@1:11, c@1:14 #2@1:17}@1:7, d@2:1 {c@2:13 #3@2:16, b@1:8 #1@1:11}@2:4}@1:1`},
		{"---\na: 1\n", `{a@2:1 #1@2:4}@2:1`},
		{"%YAML 1.2\n---\na: 1\n...\n", `{a@3:1 #1@3:4}@3:1`},
	}
	for _, test := range tests {
		n, mistakes := Parse([]byte(test.text))
		require.Empty(t, mistakes, test.text)
		require.Equal(t, test.want, sketch(n), test.text)
	}
}

func TestNothingIsNoTree(t *testing.T) {
	for _, text := range []string{"", "\n\n", "# only a comment\n", "---\n", "\ufeff"} {
		n, mistakes := Parse([]byte(text))
		require.Nil(t, n, "%q", text)
		require.Empty(t, mistakes, "%q", text)
	}
}

func TestAliasesAreCopies(t *testing.T) {
	n, mistakes := Parse([]byte("a: &x {b: 1}\nc: *x\n"))
	require.Empty(t, mistakes)
	n.Get("c").Put("b", Pos{}, &Node{Kind: Text, Scalar: "changed"})
	require.Equal(t, "1", n.Get("a").Get("b").Scalar)
}

// The parser is never given what it would take for ever on, or overflow the
// stack with. Each text is far beyond a bound; that the test ends is part of it.
func TestHostileTextIsRefused(t *testing.T) {
	const many = 20_000
	keys := func(n int, indent string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "%sk%d: 1\n", indent, i)
		}
		return b.String()
	}
	stairs := func(line string) string {
		var b strings.Builder
		for i := range 1000 {
			b.WriteString(strings.Repeat(" ", i) + line + "\n")
		}
		return b.String()
	}
	tests := []struct{ name, text, want string }{
		{"flow lists", "a: " + strings.Repeat("[", many), "nested more than 100 deep"},
		{"flow mappings", strings.Repeat("{a: ", many), "nested more than 100 deep"},
		{"block lists on a line", strings.Repeat("- ", many), "nested more than 100 deep"},
		{"block mappings on a line", strings.Repeat("a: ", many), "nested more than 100 deep"},
		{"block mappings downstairs", stairs("a:"), "nested more than 100 deep"},
		{"block lists downstairs", stairs("-"), "nested more than 100 deep"},
		{"complex keys", strings.Repeat("? ", many), "nested more than 100 deep"},
		{"tags", strings.Repeat("!!a ", many), "nested more than 100 deep"},
		{"anchors", strings.Repeat("&a ", many), "nested more than 100 deep"},
		{"keys", keys(maxKeys+1, ""), "more than 10000 keys in one mapping"},
		{"keys further in", "a:\n  - b: 1\n" + keys(maxKeys+1, "    "), "more than 10000 keys in one mapping"},
		{"values", "[" + strings.Repeat("1,", maxNodes) + "1]", "more than 524288 values"},
		{"aliases", "a: &a [" + strings.Repeat("1,", 1000) + "]\nb: [" + strings.Repeat("*a,", 1000) + "]\n", "the aliases stand for more than 100000 values"},
		{"merges", "a: &a {b: 1}\nc: {<<: [" + strings.Repeat("*a,", 100_000) + "]}\n", "the aliases stand for more than 100000 values"},
		{"bytes", strings.Repeat("#", MaxBytes+1), "the file has 8388609 bytes; at most 8388608 are read"},
	}
	for _, test := range tests {
		n, mistakes := Parse([]byte(test.text))
		require.Nil(t, n, test.name)
		require.NotEmpty(t, mistakes, test.name)
		require.Equal(t, test.want, mistakes[0].Message, test.name)
	}
}

func TestWhatIsWithinTheBoundsIsRead(t *testing.T) {
	var list, nested strings.Builder
	for i := range 3 * maxKeys {
		fmt.Fprintf(&list, "- k: 1\n  l: %d\n", i)
	}
	n, mistakes := Parse([]byte(list.String()))
	require.Empty(t, mistakes, "keys of one mapping count, not those of all")
	require.Len(t, n.Items, 3*maxKeys)

	nested.WriteString(strings.Repeat("[", 99) + strings.Repeat("]", 99))
	_, mistakes = Parse([]byte(nested.String()))
	require.Empty(t, mistakes)
}

func TestMistakesOfTheText(t *testing.T) {
	tests := []struct{ text, want string }{
		{"a: 1\na: 2\nb: 1\nb: 2\n", "2:1 a stands here twice: first in line 1; 4:1 b stands here twice: first in line 3"},
		{"a: 1\n---\nb: 1\n", "3:1 a second document: one scenario a file"},
		{"a: *b\n", "1:4 no anchor &b before this alias"},
		{"a: &a [*a]\n", "1:8 no anchor &a before this alias"},
		{"a: !!int 1\nb: !x [1]\n", "1:4 tags such as !!int are not supported; 2:4 tags such as !x are not supported"},
		{"<<: 1\n", "1:5 << merges mappings, not a number"},
		{"<<: [{a: 1}, b]\n", "1:14 << merges mappings, not text"},
		{"null: 1\n", "1:1 a key must be text"},
		{"a:\n\tb: 1\n", "2:1 a tab cannot indent YAML: use spaces"},
		{"a: \xff\n", "1:4 not UTF-8"},
		{"é: \x01\n", "1:4 control character U+0001"},
		{"a: \"x\n", "1:4 could not find end character of double-quoted text"},
	}
	for _, test := range tests {
		_, mistakes := Parse([]byte(test.text))
		var got []string
		for _, m := range mistakes {
			got = append(got, fmt.Sprintf("%d:%d %s", m.Pos.Line, m.Pos.Column, m.Message))
		}
		require.Equal(t, test.want, strings.Join(got, "; "), "%q", test.text)
	}
}
