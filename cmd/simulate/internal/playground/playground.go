// Package playground makes the workbench of simulate serve a page that needs no
// server: the engine, compiled to WebAssembly, is in it.
package playground

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"vpcsim/cmd/simulate/internal/page"
	"vpcsim/scenarios"
)

// engine is the package that is compiled for the browser.
const engine = "vpcsim/cmd/simulate/internal/playground/engine"

// Write compiles the engine with the go command in dir, which is a folder of the
// simulator's source, and writes the page. What the compiler says goes to said.
func Write(ctx context.Context, w io.Writer, dir string, said io.Writer) error {
	root, err := source(ctx, dir)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "vpcsim-playground-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	compiled := filepath.Join(scratch, "engine.wasm")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", compiled, engine)
	build.Dir = dir
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	build.Stderr = said
	if err := build.Run(); err != nil {
		return fmt.Errorf("compiling the engine for the browser: %w", err)
	}
	wasm, err := os.ReadFile(compiled)
	if err != nil {
		return err
	}
	// The glue is of the same release as the compiler.
	glue, err := os.ReadFile(filepath.Join(root, "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		return fmt.Errorf("the support for WebAssembly that comes with Go is missing: %w", err)
	}
	return page.WritePlayground(w, page.Playground{Engine: wasm, Glue: glue, Library: library()})
}

// source checks that the go command is there and dir is a folder of the
// simulator's source, and returns where Go is.
func source(ctx context.Context, dir string) (root string, err error) {
	ask := exec.CommandContext(ctx, "go", "list", "-f", "{{.Module.Path}}", engine)
	ask.Dir = dir
	ask.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	module, err := ask.Output()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return "", errors.New("the engine is compiled for the browser, which takes Go: install it from https://go.dev/dl/")
	case err != nil || strings.TrimSpace(string(module)) != "vpcsim":
		return "", errors.New("the engine is compiled from its source: run this in a clone of the repository")
	}
	where := exec.CommandContext(ctx, "go", "env", "GOROOT")
	where.Dir = dir
	out, err := where.Output()
	return string(bytes.TrimSpace(out)), err
}

// library are the scenarios that the page offers.
func library() []page.Scenario {
	var out []page.Scenario
	for _, e := range append(scenarios.Library(), scenarios.IncidentLibrary()...) {
		out = append(out, page.Scenario{Name: e.Name, Summary: e.Summary, Text: string(e.Data())})
	}
	return out
}
