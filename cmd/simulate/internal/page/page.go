// Package page makes the replay page: one file with a run's film and the program
// that plays it, which needs nothing else and no network.
//
// The program is TypeScript, in web; go generate bundles it into dist. What it needs
// from npm is fetched with: npm ci --prefix web.
package page

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"io"

	"vpcsim/cmd/simulate/internal/film"
)

//go:generate npm ci --prefix web --ignore-scripts --silent
//go:generate npm run --prefix web --silent check
//go:generate go tool esbuild web/src/main.tsx --bundle --minify --format=esm --target=es2022 --jsx=automatic --jsx-import-source=preact --charset=utf8 --legal-comments=inline "--banner:js=/*! With preact (MIT, (c) 2015-present Jason Miller), @preact/signals (MIT, (c) 2022-present Preact Team), uPlot (MIT, (c) 2022 Leon Sorokin) */" --outfile=dist/page.js
//go:generate go tool esbuild web/src/bench.tsx --bundle --minify --format=esm --target=es2022 --jsx=automatic --jsx-import-source=preact --charset=utf8 --legal-comments=inline "--banner:js=/*! With preact (MIT, (c) 2015-present Jason Miller), @preact/signals (MIT, (c) 2022-present Preact Team), uPlot (MIT, (c) 2022 Leon Sorokin) */" --outfile=dist/bench.js

var (
	//go:embed dist/page.js
	script string
	//go:embed dist/page.css
	style string
	//go:embed dist/bench.js
	benchScript string
	//go:embed dist/bench.css
	benchStyle string
	//go:embed page.html
	source string
)

var page = template.Must(template.New("page").Parse(source))

// Write writes the page that plays a film.
func Write(w io.Writer, f *film.Film) error {
	data, err := json.Marshal(f)
	if err != nil {
		return err
	}
	packed, err := pack(data)
	if err != nil {
		return err
	}
	return page.Execute(w, content{Title: f.Name, Style: template.CSS(style), Script: template.JS(script), Film: template.HTML(packed)})
}

// WriteBench writes the page on which scenarios are edited and run. It asks the
// server that it comes from, and nobody else.
func WriteBench(w io.Writer) error {
	return page.Execute(w, content{Title: "scenarios", Style: template.CSS(benchStyle), Script: template.JS(benchScript), Connects: true})
}

// Playground is what the page of WritePlayground carries.
type Playground struct {
	Engine  []byte // WebAssembly
	Glue    []byte // Go's own JavaScript that runs it
	Library []Scenario
}

// Scenario is one of the library.
type Scenario struct {
	Name    string `json:"name"`
	Summary string `json:"summary"`
	Text    string `json:"text"`
}

// WritePlayground writes the page on which scenarios are edited and run, with an
// engine of its own: it asks nobody.
func WritePlayground(w io.Writer, p Playground) error {
	list, err := json.Marshal(p.Library)
	if err != nil {
		return err
	}
	c := content{Title: "playground", Style: template.CSS(benchStyle), Script: template.JS(benchScript)}
	for _, part := range []struct {
		into *template.HTML
		data []byte
	}{{&c.Engine, p.Engine}, {&c.Glue, p.Glue}, {&c.Library, list}} {
		packed, err := pack(part.data)
		if err != nil {
			return err
		}
		*part.into = template.HTML(packed)
	}
	return page.Execute(w, c)
}

// content is what stands in page.html. Data is compressed, in base64, which has
// nothing to escape.
type content struct {
	Title    string
	Style    template.CSS
	Script   template.JS
	Connects bool // it may ask the server that it comes from
	Film     template.HTML
	Engine   template.HTML
	Glue     template.HTML
	Library  template.HTML
}

// pack compresses data for the page: gzip in base64. The header has no time, so
// that the same film is the same bytes.
func pack(data []byte) (string, error) {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err := z.Write(data); err != nil {
		return "", err
	}
	if err := z.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(out.Bytes()), nil
}
