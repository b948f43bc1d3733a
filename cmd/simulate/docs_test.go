package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/scenarios"
)

// pages are the documentation's files, from the repository's top.
func pages(t *testing.T) []string {
	found, err := filepath.Glob("../../docs/*.md")
	require.NoError(t, err)
	return append(found, "../../README.md", "../../CONTRIBUTING.md")
}

// transcript is a command as the documentation shows it, and what it prints.
type transcript struct{ command, output string }

var blocks = regexp.MustCompile("(?ms)^```console\n(.*?)^```$")

// transcripts reads the blocks of the language console: a command after "$ ",
// which may go over several lines while a quote is open, then its output.
func transcripts(text string) []transcript {
	var all []transcript
	for _, block := range blocks.FindAllStringSubmatch(text, -1) {
		open := false
		for _, line := range strings.SplitAfter(block[1], "\n") {
			last := len(all) - 1
			switch command, ok := strings.CutPrefix(line, "$ "); {
			case ok:
				all = append(all, transcript{command: command})
				open = strings.Count(command, "'")%2 == 1
			case open:
				all[last].command += line
				open = strings.Count(line, "'")%2 == 0
			case last >= 0:
				all[last].output += line
			}
		}
	}
	return all
}

// What the documentation shows is what the program prints. A line "…" stands
// for any number of lines. Commands of anything else, such as go test, are not
// run here.
func TestTranscriptsAreReal(t *testing.T) {
	_, err := exec.LookPath("sh")
	require.NoError(t, err)
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, show := range transcripts(string(text)) {
			line := regexp.MustCompile(`go run \./cmd/simulate|\./simulate`).ReplaceAllString(show.command, "simulate")
			if !strings.Contains(line, "simulate ") || strings.Contains(line, "go build") {
				continue
			}
			t.Run(filepath.Base(page)+" "+strings.TrimSpace(line), func(t *testing.T) {
				run := exec.Command("sh", "-c", line)
				run.Dir = t.TempDir()
				got, err := run.CombinedOutput()
				if err != nil {
					// go run tells the exit code of what it ran.
					got = append(got, err.Error()+"\n"...)
				}
				pattern := regexp.QuoteMeta(show.output)
				pattern = regexp.MustCompile(`(?m)^…\n`).ReplaceAllString(pattern, `(?:.*\n)*`)
				if !regexp.MustCompile(`\A` + pattern + `\z`).Match(got) {
					require.Equal(t, show.output, string(got), page)
				}
			})
		}
	}
}

// Every scenario that the documentation runs or shows is there.
func TestDocumentationNamesScenariosThatExist(t *testing.T) {
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`simulate (?:run|show) ([a-z0-9-]+)(?:[\s|]|\z)`).FindAllStringSubmatch(string(text), -1) {
			if m[1] == "-" {
				continue
			}
			_, ok := scenarios.Find(m[1])
			require.True(t, ok, "%s: no scenario %s", page, m[1])
		}
	}
}

// The README lists every scenario of the library once, and no other.
func TestReadmeListsTheLibrary(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	_, list, ok := strings.Cut(string(text), "\n## Teach\n")
	require.True(t, ok)
	list, _, _ = strings.Cut(list, "\n## ")
	var listed, there []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(list, -1) {
		listed = append(listed, m[1])
	}
	for _, e := range scenarios.Library() {
		there = append(there, e.Name)
	}
	require.ElementsMatch(t, there, listed)
}

// The page of incidents lists the scenario and the cure of each, in order, and
// links its source.
func TestIncidentsAreListed(t *testing.T) {
	text, err := os.ReadFile("../../docs/incidents.md")
	require.NoError(t, err)
	var listed, there []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| .*\\| `([^`]+)`: ").FindAllStringSubmatch(string(text), -1) {
		listed = append(listed, m[1], m[2])
	}
	for _, i := range scenarios.Incidents() {
		require.Contains(t, string(text), "]("+i.URL+")", i.ID)
		if i.NotCovered == "" {
			there = append(there, i.Scenario(), i.Cured())
		}
	}
	require.Equal(t, there, listed)
}

// Links between the pages lead somewhere.
func TestLinksLeadSomewhere(t *testing.T) {
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`\]\(([^)#\s]*)(#[^)\s]*)?\)`).FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			target := page
			if m[1] != "" {
				target = filepath.Join(filepath.Dir(page), m[1])
				_, err := os.Stat(target)
				require.NoError(t, err, page)
			}
			if m[2] != "" {
				linked, err := os.ReadFile(target)
				require.NoError(t, err)
				require.Contains(t, anchors(string(linked)), m[2], "%s: %s%s", page, m[1], m[2])
			}
		}
	}
}

// anchors are those that GitHub makes of a page's headings.
func anchors(text string) []string {
	var all []string
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(text, -1) {
		name := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(m[1]), "")
		all = append(all, "#"+strings.ReplaceAll(name, " ", "-"))
	}
	return all
}
