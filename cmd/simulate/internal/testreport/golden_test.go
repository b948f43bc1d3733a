package testreport

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const goldenText = `scenario: shop
verdict: "Everything fits: 3 pods run."
summary:
  pods:
    running: 3
exhaustion:
  - kind: warm-pool-lag
    scope: node
    name: workers-0
    lastMs: null
    pods: 1
subnets:
  - name: private-a
    free: 10
`

// A difference is a line for each value that changed, by its path.
func TestGoldenDifferencesAreALineEach(t *testing.T) {
	for _, c := range []struct{ was, is, want string }{
		{"running: 3", "running: 4", "summary.pods.running: 3 → 4\n"},
		{"lastMs: null", "lastMs: 5", "exhaustion[warm-pool-lag node workers-0].lastMs: null → 5\n"},
		{"    running: 3\n", "    running: 3\n    pending: 0\n", "summary.pods.pending: added (0)\n"},
		{"- name: private-a\n    free: 10", "- name: private-b\n    free: 9",
			"subnets[private-a]: gone (name private-a, free 10)\nsubnets[private-b]: added (name private-b, free 9)\n"},
		{"    free: 10\n", "    free: 10\n  - name: private-a\n    free: 9\n", "subnets[private-a #2]: added (name private-a, free 9)\n"},
	} {
		require.Contains(t, goldenText, c.was)
		got := Compare("f", []byte(goldenText), []byte(strings.Replace(goldenText, c.was, c.is, 1)))
		require.Equal(t, Golden{State: GoldenDiffers, File: "f", Diff: c.want}, got)
	}
}

// What the run came to is compared, and not the text of the file: comments, line
// ends as Git may make them, and the calls over time that earlier versions wrote
// are no difference.
func TestFormOfAGoldenSummaryDoesNotMatter(t *testing.T) {
	for _, same := range []string{
		goldenText,
		"# Looked at in May.\n" + goldenText,
		strings.ReplaceAll(goldenText, "\n", "\r\n"),
		strings.Replace(goldenText, "exhaustion:", "  ec2CallsOverTime:\n    bucketMs: 1000\n    calls:\n      - 1\n      - 0\nexhaustion:", 1),
	} {
		require.Equal(t, GoldenSame, Compare("f", []byte(same), []byte(goldenText)).State, same)
	}
	broken := Compare("f", []byte("<<<<<<< HEAD\nseed: [1\n"), []byte(goldenText))
	require.Equal(t, GoldenDiffers, broken.State)
	require.Contains(t, broken.Diff, "it can't be read as YAML: ")
	bomb := Compare("f", []byte("a: &a [1, 1]\nb: &b [*a, *a]\n"), []byte(goldenText))
	require.Contains(t, bomb.Diff, "aliases are not read here")
	deep := Compare("f", []byte("a: "+strings.Repeat("[", 10_000)), []byte(goldenText))
	require.Contains(t, deep.Diff, "nested more than")
	require.Equal(t, GoldenDiffers, Compare("f", nil, []byte(goldenText)).State, "an empty file")
}

func TestLongDifferencesAreCut(t *testing.T) {
	require.Equal(t, "a\nb\n", cutLines("a\nb\n", 2, "!"))
	require.Equal(t, "a\nb\n… 1 more!\n", cutLines("a\nb\nc\n", 2, "!"))
}

// A verdict that fits stays on its line; a longer one is folded between words, and reads
// the same.
func TestLongVerdictsAreFolded(t *testing.T) {
	long := "Everything fits in the end: 2,000 pods run, and 500 of the 2,500 addresses are free, says the last line."
	text := "a: 1\nverdict: \"" + long + "\"\nb: 2\n"
	got := foldVerdict([]byte(text), long)
	require.Equal(t, "a: 1\nverdict: >-\n  Everything fits in the end: 2,000 pods run, and 500 of the 2,500 addresses are\n  free, says the last line.\nb: 2\n", string(got))
	require.Equal(t, GoldenSame, Compare("f", []byte(text), got).State)
	for _, n := range []int{80, 81} {
		verdict := "a " + strings.Repeat("b", n-len("verdict: \"a \""))
		text := "a: 1\nverdict: \"" + verdict + "\"\nb: 2\n"
		require.Equal(t, n > 80, string(foldVerdict([]byte(text), verdict)) != text, n)
	}
}
