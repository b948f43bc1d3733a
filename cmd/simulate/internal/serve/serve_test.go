package serve

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/cmd/simulate/internal/bench"
	"vpcsim/scenarios"
)

func ask(t *testing.T, method, path, body string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, "http://localhost:8080"+path, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	w := httptest.NewRecorder()
	New(func(err error) { t.Error(err) }).ServeHTTP(w, r)
	return w.Result()
}

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	return string(b)
}

func TestRoutes(t *testing.T) {
	index := ask(t, "GET", "/", "")
	require.Equal(t, 200, index.StatusCode)
	require.Equal(t, "text/html; charset=utf-8", index.Header.Get("Content-Type"))
	require.Contains(t, text(t, index), "connect-src 'self'")

	var list []struct{ Name, Summary string }
	require.NoError(t, json.Unmarshal([]byte(text(t, ask(t, "GET", "/library", ""))), &list))
	require.Len(t, list, len(scenarios.Library())+len(scenarios.IncidentLibrary()))

	entry, _ := scenarios.Find("default-secondary-ip")
	require.Equal(t, string(entry.Data()), text(t, ask(t, "GET", "/library/default-secondary-ip", "")))
	require.Equal(t, 404, ask(t, "GET", "/library/nothing", "").StatusCode)
	require.Equal(t, 404, ask(t, "GET", "/etc/passwd", "").StatusCode)
	require.Equal(t, 405, ask(t, "GET", "/play", "").StatusCode)
}

func TestPlay(t *testing.T) {
	entry, _ := scenarios.Find("default-secondary-ip")
	request, err := json.Marshal(bench.Request{Text: string(entry.Data()), Env: []string{"WARM_IP_TARGET=1"}})
	require.NoError(t, err)
	r := ask(t, "POST", "/play", string(request))
	require.Equal(t, 200, r.StatusCode)
	var answer bench.Answer
	require.NoError(t, json.Unmarshal([]byte(text(t, r)), &answer))
	require.Equal(t, "default-secondary-ip", answer.Film.Name)

	r = ask(t, "POST", "/play", `{"text": "name: [", "x": 1}`)
	require.Equal(t, 400, r.StatusCode)
	r = ask(t, "POST", "/play", `{"text": "nodes: 3"}`)
	require.Equal(t, 200, r.StatusCode)
	require.Contains(t, text(t, r), "unknown field")
	r = ask(t, "POST", "/play", `{"text": "`+strings.Repeat("#", largestRequest)+`"}`)
	require.Equal(t, 413, r.StatusCode)
}

// A page of another site can't use the server: neither under a name of its own
// that leads here, nor with requests to localhost.
func TestOtherSitesAreRefused(t *testing.T) {
	for _, c := range []struct {
		host, origin string
		status       int
	}{
		{"localhost:8080", "", 200},
		{"127.0.0.1:8080", "http://127.0.0.1:8080", 200},
		{"[::1]:8080", "http://[::1]:8080", 200},
		{"localhost:8080", "http://evil.example", 403},
		{"localhost:8080", "http://localhost:9090", 403},
		{"localhost:8080", "null", 403},
		{"evil.example:8080", "", 403},
		{"localhost.evil.example", "", 403},
	} {
		header := []string{"Host", c.host}
		if c.origin != "" {
			header = append(header, "Origin", c.origin)
		}
		require.Equal(t, c.status, ask(t, "POST", "/play", `{"text": ""}`, header...).StatusCode, "%s from %s", c.host, c.origin)
	}
}
