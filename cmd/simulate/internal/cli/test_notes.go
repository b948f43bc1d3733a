package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"vpcsim/cmd/simulate/internal/testreport"
)

// mostNamed is how many files a note names.
const mostNamed = 5

// someOf names some of the files, and counts the others.
func someOf(files []string) string {
	if len(files) <= mostNamed {
		return strings.Join(files, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(files[:mostNamed], ", "), len(files)-mostNamed)
}

// passed says which files of folders are no scenarios.
func (f foundTests) passed() string {
	return "passed over in the folders, as no scenarios: " + someOf(f.passedOver)
}

// notes say what was found and is not tested, or not written.
func (f foundTests) notes(tests []test, update bool) []string {
	var out []string
	if len(f.passedOver) > 0 {
		out = append(out, f.passed())
	}
	if alone := f.alone(); len(alone) > 0 {
		out = append(out, "golden summaries without a scenario beside them: "+someOf(alone)+"; name them as their scenarios, or delete them")
	}
	var nameless []string
	for _, t := range tests {
		if update && t.path == "" {
			nameless = append(nameless, t.word)
		}
	}
	if len(nameless) > 0 {
		name := nameless[0]
		if name == "-" {
			name = "NAME"
		}
		out = append(out, fmt.Sprintf("--update writes nothing for what is no file: %s; make it one: simulate show %s > mine.yaml && simulate test --update mine.yaml",
			someOf(nameless), name))
	}
	return out
}

// alone are the golden summaries whose scenarios are gone.
func (f foundTests) alone() []string {
	var out []string
	for _, golden := range f.goldens {
		base := strings.TrimSuffix(golden, testreport.GoldenSuffix)
		there := false
		for _, ext := range scenarioSuffixes {
			if _, err := os.Stat(base + ext); err == nil {
				there = true
			}
		}
		if !there {
			out = append(out, filepath.Clean(golden))
		}
	}
	return out
}
