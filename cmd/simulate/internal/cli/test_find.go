package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"vpcsim/cmd/simulate/internal/testreport"
	"vpcsim/scenarios"
)

// test is a scenario that is to be tested.
type test struct {
	word string // what load takes
	name string // as far as it is known before it is read
	path string // of its file; empty for the library and standard input
}

// foundTests are the scenarios that a command line names.
type foundTests struct {
	tests      []test
	passedOver []string // files in folders that are no scenarios
	goldens    []string // golden summaries
}

// findTests finds the scenarios of arguments, each once, in the order in which
// they are named, of folders by path.
func findTests(ctx context.Context, words []string, library bool) (foundTests, error) {
	var f foundTests
	if library {
		for _, e := range append(scenarios.Library(), scenarios.IncidentLibrary()...) {
			f.add(test{word: e.Name, name: e.Name})
		}
	}
	for _, word := range words {
		if err := f.word(ctx, word); err != nil {
			return f, err
		}
	}
	return f, nil
}

func (f *foundTests) add(t test) {
	same := func(u test) bool { return filepath.Clean(u.word) == filepath.Clean(t.word) }
	if !slices.ContainsFunc(f.tests, same) {
		f.tests = append(f.tests, t)
	}
}

func (f *foundTests) word(ctx context.Context, word string) error {
	if _, ok := scenarios.Find(word); ok {
		f.add(test{word: word, name: word})
		return nil
	}
	if word == "-" {
		f.add(test{word: word, name: "stdin"})
		return nil
	}
	info, err := os.Stat(word)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !looksLikeFile(word):
		return unknownScenario(word)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no file or folder %s", word)
	case err != nil:
		return fmt.Errorf("looking for scenarios: %w", err)
	case strings.HasSuffix(word, testreport.GoldenSuffix):
		f.goldens = append(f.goldens, word) // of *.yaml in a shell; it is compared with its scenario
		return nil
	case !info.IsDir():
		f.file(word)
		return nil
	}
	return f.scenariosIn(ctx, word)
}

// scenariosIn takes the scenarios of a folder, which has to have some.
func (f *foundTests) scenariosIn(ctx context.Context, word string) error {
	some, err := f.folder(ctx, word)
	if err != nil {
		return fmt.Errorf("looking for scenarios: %w", err)
	}
	if !some {
		return fmt.Errorf("there is no scenario in the folder %s: files *.yaml, *.yml or *.json with vpc, nodeGroups or workloads at the top", word)
	}
	return nil
}

func (f *foundTests) file(path string) {
	f.add(test{word: path, name: strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), path: path})
}

// maxFiles bounds the files that folders stand for.
const maxFiles = 10_000

// folder takes the scenarios of a folder, and reports whether it has some. Hidden
// folders are left out, and links not followed.
func (f *foundTests) folder(ctx context.Context, root string) (some bool, err error) {
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case len(f.tests)+len(f.passedOver) > maxFiles:
			return fmt.Errorf("%s: more than %d files", root, maxFiles)
		case entry.IsDir():
			if path != root && strings.HasPrefix(entry.Name(), ".") {
				return fs.SkipDir
			}
			return nil
		case !entry.Type().IsRegular() || !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(path)):
			return nil
		case strings.HasSuffix(path, testreport.GoldenSuffix):
			f.goldens = append(f.goldens, path)
			return nil
		}
		is, err := isScenario(path)
		if err != nil {
			return err
		}
		if is {
			some = true
			f.file(path)
		} else {
			f.passedOver = append(f.passedOver, path)
		}
		return nil
	})
	return some, err
}

// matching are the tests whose name or path matches.
func (f foundTests) matching(pattern *regexp.Regexp) []test {
	return slices.DeleteFunc(slices.Clone(f.tests), func(t test) bool {
		return !pattern.MatchString(t.name) && !pattern.MatchString(t.word)
	})
}

var errGoldensOnly = fmt.Errorf("golden summaries (*%s) are compared when their scenarios are tested: name these", testreport.GoldenSuffix)

// nothing says that no scenario is left.
func (f foundTests) nothing(pattern string) error {
	if len(f.tests) == 0 {
		return errGoldensOnly
	}
	return fmt.Errorf("--run %s matches none of the scenarios (%d)", pattern, len(f.tests))
}
