package expect_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"vpcsim/scenarios/expect"
)

// short is a run in which everything happens soon.
const short = `
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: private-a, cidr: 10.0.0.0/24}]}
nodeGroups: [{name: workers, instanceType: t3.small}]
workloads: [{name: web, replicas: 12}]
duration: 15s
`

// FuzzCompile: no text makes Compile panic; what is refused is refused with
// messages at places within the text; what compiles can be checked, and comes to
// the same each time.
func FuzzCompile(f *testing.F) {
	// The examples of the documentation are right.
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "expectations.md"))
	require.NoError(f, err)
	_, block, _ := strings.Cut(string(text), "\n```cel\n")
	block, _, _ = strings.Cut(block, "\n```\n")
	for _, line := range strings.Split(block, "\n") {
		f.Add(line)
	}
	// Mistakes of each kind.
	f.Add("podz.running == 3")
	f.Add("pods.running == '3'")
	f.Add("pods.running")
	f.Add("subnet('nope').free > 0")
	f.Add("(pods.running == 3")
	f.Add("Node{name: 'workers-0'} == node('workers-0')")
	f.Add("always(eventually(pods.pending == 0))")
	// What can't be computed: nothing there, a division by zero, an overflow.
	f.Add("pod('web-99').phase == 'Running'")
	f.Add("pods.running / (pods.created - 12) == 0")
	f.Add("pods.running * 9223372036854775807 > 0")
	f.Add("ec2Calls['x'] == 0")
	f.Add("pod('web-11').addressedAt + pod('web-11').addressedAt > now")
	// Much work.
	f.Add("log.all(a, log.all(b, a.seq + b.seq >= 0))")
	f.Add(strings.Repeat("(", 60) + "true" + strings.Repeat(")", 60))
	f.Add(strings.Repeat("!", 3000) + "true")
	// Macros in macros, of the same variable, and beside what they shadow.
	f.Add("nodes.all(n, n.enis.all(n, n.addresses.exists(n, n.pod == 'web-1')))")
	f.Add("nodes.exists(pods, pods.name == 'x') && pods.running > 3")
	f.Add("[1, 2].exists(log, log > pods.running)")
	f.Add("nodes.map(n, n.name).exists_one(s, s.matches('^w.*$'))")
	f.Add("{'a': pods.running}.all(k, k == 'b')")
	// Characters of several bytes, line ends, comments.
	f.Add("// über\r\npods.running\n== 3 && 'ü' == \"\\u00fc\"")
	f.Add("\x00\xff")

	log := logOf(f, short)
	f.Fuzz(func(t *testing.T, text string) {
		x, mistakes := expect.Compile(text, scope)
		if x == nil {
			require.NotEmpty(t, mistakes)
			for _, m := range mistakes {
				require.NotEmpty(t, m.Message)
				require.GreaterOrEqual(t, m.Line, 1)
				require.LessOrEqual(t, m.Line, 1+strings.Count(text, "\n")+strings.Count(text, "\r"))
				require.GreaterOrEqual(t, m.Column, 0)
				require.LessOrEqual(t, m.Column, utf8.RuneCountInString(text)+1)
			}
			return
		}
		require.Empty(t, mistakes)
		first, second := check(t, x, log, nil), check(t, x, log, nil)
		require.Equal(t, expect.ValueLines(first.Values), expect.ValueLines(second.Values))
		require.Equal(t, first.OK, second.OK)
		require.Equal(t, first.Message, second.Message)
	})
}
