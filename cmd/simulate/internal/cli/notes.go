package cli

import (
	"fmt"
	"strings"

	"vpcsim/cmd/simulate/internal/view"
)

// notef writes a note beside the output, no wider than a page.
func (a *App) notef(format string, args ...any) {
	head := "note: "
	for _, line := range view.Wrap(fmt.Sprintf(format, args...), view.PageWidth-len(head)) {
		fmt.Fprintln(a.Err, head+line)
		head = strings.Repeat(" ", len(head))
	}
}
