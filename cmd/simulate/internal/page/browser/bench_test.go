package browser

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"vpcsim/cmd/simulate/internal/playground"
	"vpcsim/cmd/simulate/internal/serve"
)

// The workbench does the same with a server and with an engine of its own: it
// opens a scenario, plays it, plays it changed, and shows mistakes.
func TestWorkbench(t *testing.T) {
	server := httptest.NewServer(serve.New(func(err error) { t.Error(err) }))
	t.Cleanup(server.Close)
	t.Run("serve", func(t *testing.T) { work(t, server.URL) })

	t.Run("playground", func(t *testing.T) {
		var page bytes.Buffer
		require.NoError(t, playground.Write(t.Context(), &page, "../../../../..", os.Stderr))
		file := filepath.Join(t.TempDir(), "playground.html")
		require.NoError(t, os.WriteFile(file, page.Bytes(), 0o644))
		work(t, "file://"+file)
	})
}

func work(t *testing.T, url string) {
	ctx := browser(t)
	do := func(steps ...chromedp.Action[chromedp.Void]) { require.NoError(t, chromedp.Do(ctx, steps...)) }
	until := func(condition string) {
		_, err := chromedp.Run(ctx, chromedp.Poll[bool](condition, chromedp.WithPollingInterval(100*time.Millisecond)))
		require.NoError(t, err, condition)
	}
	verdict := func(text string) { until(fmt.Sprintf(`document.querySelector(".verdict")?.textContent === %q`, text)) }
	run := chromedp.Click(chromedp.CSS("button.run"))

	do(chromedp.Navigate(url + "#default-secondary-ip"))
	verdict("Stopped by max-pods: 13 of 40 pods are Pending.")
	until(`document.querySelectorAll(".expectations .good").length === 2`)

	do(chromedp.SendKeys(chromedp.CSS(".beside textarea"), "workloads.web.replicas=5\nsteps.0.scale.replicas=6"), run)
	verdict("Everything fits: 6 pods run, 12 of 18 addresses are free.")
	until(`document.querySelectorAll(".expectations .bad").length === 2`)

	do(chromedp.SendKeys(chromedp.CSS(".beside input"), "WARM_IP_TARGT=1"), run)
	until(`document.querySelector(".mistakes")?.textContent.includes("did you mean WARM_IP_TARGET")`)

	// A mistake's line leads to its place.
	_, err := chromedp.Run(ctx, chromedp.Evaluate[chromedp.Void](`(() => {
		const area = document.getElementById("text");
		area.value = "name: x\nseeds: 1\n";
		area.dispatchEvent(new Event("input"));
	})()`))
	require.NoError(t, err)
	do(run)
	const button = `[...document.querySelectorAll(".mistakes button")].find((b) => b.textContent === "line 2")`
	until(button + ` !== undefined`)
	_, err = chromedp.Run(ctx, chromedp.Evaluate[chromedp.Void](button+`.click()`))
	require.NoError(t, err)
	until(`document.getElementById("text").selectionStart === 8`)
}
