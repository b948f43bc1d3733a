// Package serve is a local web server: it offers the library, takes a scenario
// that somebody edits, plays it, and shows the replay.
package serve

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"time"

	"vpcsim/cmd/simulate/internal/bench"
	"vpcsim/cmd/simulate/internal/page"
	"vpcsim/scenarios"
)

const (
	// largestRequest is how many bytes a request may have.
	largestRequest = 4 << 20
	// longestRun is how long one may play.
	longestRun = 2 * time.Minute
)

// Server answers requests. It keeps nothing between them.
type Server struct {
	turns chan struct{} // one for each run that may play at a time
	mux   *http.ServeMux
	// Failed is told of what is a defect of the program.
	Failed func(error)
}

// New makes a server.
func New(failed func(error)) *Server {
	s := &Server{turns: make(chan struct{}, runtime.GOMAXPROCS(0)), mux: http.NewServeMux(), Failed: failed}
	s.mux.HandleFunc("GET /{$}", s.index)
	s.mux.HandleFunc("GET /library", s.library)
	s.mux.HandleFunc("GET /library/{name}", s.show)
	s.mux.HandleFunc("POST /play", s.play)
	return s
}

// ServeHTTP answers a request that is meant for this machine. A page of another
// site can have its name lead here; what such a page asks is refused.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !local(r) {
		http.Error(w, "this server answers to localhost and to addresses only", http.StatusForbidden)
		return
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Cache-Control", "no-store")
	s.mux.ServeHTTP(w, r)
}

// local reports whether a request names the server as localhost or by an address,
// and comes from its own page or from no page.
func local(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	if host != "localhost" && net.ParseIP(strings.Trim(host, "[]")) == nil {
		return false
	}
	origin := r.Header.Get("Origin")
	return origin == "" || origin == "http://"+r.Host
}

func (s *Server) index(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := page.WriteBench(w); err != nil {
		s.Failed(err)
	}
}

// library lists the scenarios.
func (s *Server) library(w http.ResponseWriter, r *http.Request) {
	type entry struct {
		Name    string `json:"name"`
		Summary string `json:"summary"`
	}
	var out []entry
	for _, e := range append(scenarios.Library(), scenarios.IncidentLibrary()...) {
		out = append(out, entry{e.Name, e.Summary})
	}
	s.write(w, r, http.StatusOK, out)
}

// show sends a scenario as it is written.
func (s *Server) show(w http.ResponseWriter, r *http.Request) {
	e, ok := scenarios.Find(r.PathValue("name"))
	if !ok {
		http.Error(w, "there is no such scenario", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/yaml; charset=utf-8")
	w.Write(e.Data())
}

// play plays a scenario. One whose viewer has left is given up.
func (s *Server) play(w http.ResponseWriter, r *http.Request) {
	var request bench.Request
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, largestRequest))
	d.DisallowUnknownFields()
	if err := d.Decode(&request); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			http.Error(w, "the scenario is larger than 4 MiB", http.StatusRequestEntityTooLarge)
			return
		}
		http.Error(w, "the request is not what the page sends: "+err.Error(), http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), longestRun)
	defer cancel()
	select {
	case s.turns <- struct{}{}:
		defer func() { <-s.turns }()
	case <-ctx.Done():
		return
	}
	answer, err := bench.Play(ctx, request)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		answer = bench.Answer{Problem: "it plays for longer than " + longestRun.String() + ": play it with simulate run"}
	case errors.Is(err, context.Canceled):
		return
	case err != nil:
		s.Failed(err)
		s.write(w, r, http.StatusInternalServerError, bench.Answer{Problem: err.Error()})
		return
	}
	s.write(w, r, http.StatusOK, answer)
}

// write sends a value as JSON, compressed for whoever takes that.
func (s *Server) write(w http.ResponseWriter, r *http.Request, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	var out io.Writer = w
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		defer z.Close()
		out = z
	}
	w.WriteHeader(status)
	json.NewEncoder(out).Encode(v) // an error is the viewer's having left
}
