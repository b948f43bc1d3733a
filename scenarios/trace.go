package scenarios

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"vpcsim/model"
	"vpcsim/sim"
)

// traceColumns are the columns of a trace, in any order. The first three must
// be there.
var traceColumns = []string{"pod", "createSeconds", "deleteSeconds", "cpuMilli", "memMiB", "node"}

// MaxTraceBytes bounds a trace, as it is read and unpacked.
const MaxTraceBytes = 256 << 20

// traces reads the traces of replay steps.
func (d *decoder) traces(s *Scenario, readFile func(string) ([]byte, error)) {
	for i := range s.Steps {
		r := s.Steps[i].Replay
		if r == nil || r.Trace == "" {
			continue
		}
		at := fmt.Sprintf("steps[%d].replay.trace", i)
		if readFile == nil {
			d.fail(at, "no files can be read here")
			continue
		}
		name := r.Trace
		if !path.IsAbs(name) {
			name = path.Join(path.Dir(d.file), name)
		}
		data, err := readFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			data, err = libraryTrace(r.Trace, err)
		}
		if err != nil {
			d.fail(at, "%v", err)
			continue
		}
		if len(data) > MaxTraceBytes {
			d.fail(at, "the trace has more than %d MiB", MaxTraceBytes>>20)
			continue
		}
		sum := sha256.Sum256(data)
		r.digest = hex.EncodeToString(sum[:])
		data, err = unpack(data, MaxTraceBytes)
		if err != nil {
			d.fail(at, "%v", err)
			continue
		}
		t := trace{decoder: d, file: clean(name), speed: r.Speed, limit: s.Limits.Pods, nodes: possibleNodes(s)}
		r.pods = t.read(data)
	}
}

// libraryTrace is the library's trace of that name, so that the copy of a
// scenario of the library finds it; missing is why there is no other.
func libraryTrace(name string, missing error) ([]byte, error) {
	if name = path.Clean(name); path.Dir(name) != "traces" {
		return nil, missing
	}
	data, err := libraryFiles.ReadFile("library/" + name)
	if err != nil {
		return nil, missing
	}
	return data, nil
}

// unpack undoes gzip where the data is packed, and refuses more than so many
// bytes.
func unpack(data []byte, most int) ([]byte, error) {
	if !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		return data, nil
	}
	packed, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("unpacking the trace: %w", err)
	}
	unpacked, err := io.ReadAll(io.LimitReader(packed, int64(most)+1))
	if err != nil {
		return nil, fmt.Errorf("unpacking the trace: %w", err)
	}
	if len(unpacked) > most {
		return nil, fmt.Errorf("the trace has more than %d MiB, unpacked", most>>20)
	}
	return unpacked, nil
}

// trace reads one trace. Its mistakes are reported with the trace's own lines.
type trace struct {
	*decoder
	file   string
	speed  Decimal
	limit  int
	nodes  map[string]int
	column map[string]int // where each column is, -1 if it isn't there
	line   int
	pods   []sim.TracePod
	seen   map[string]int // pod → line
}

// failLine notes a mistake in the line, of which the beginning is shown.
func (t *trace) failLine(column, message, line string) {
	e := Error{File: t.file, Line: t.line, Column: 1, Path: column, Message: message}
	if line != "" {
		e.Excerpt = clean(line) + "\n^"
	}
	t.addError(e)
}

// maxTraceErrors bounds the mistakes of a trace that are reported: the first
// few show what is wrong with it.
const maxTraceErrors = 10

func (t *trace) read(data []byte) []sim.TracePod {
	t.seen = map[string]int{}
	before := len(t.errs)
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() && len(t.errs)-before < maxTraceErrors {
		t.line++
		text := strings.TrimRight(lines.Text(), "\r")
		switch {
		case t.line == 1:
			if !t.header(strings.TrimPrefix(text, "\ufeff")) {
				return nil
			}
		case text != "":
			t.row(text)
		}
		if len(t.pods) > t.limit {
			t.failLine("", fmt.Sprintf("more than limits.pods (%d) pods", t.limit), "")
			return nil
		}
	}
	if err := lines.Err(); err != nil {
		t.line++
		t.failLine("", fmt.Sprintf("the line has more than %d KiB", bufio.MaxScanTokenSize>>10), "")
	}
	if t.line == 0 {
		t.line = 1
		t.failLine("", "the trace is empty: it needs a line with the names of its columns", "")
	}
	slices.SortStableFunc(t.pods, func(a, b sim.TracePod) int {
		return cmp.Or(cmp.Compare(a.CreateAt, b.CreateAt), cmp.Compare(a.Pod, b.Pod))
	})
	return t.pods
}

// header finds the columns.
func (t *trace) header(text string) bool {
	t.column = map[string]int{}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		t.failLine("", "the trace is no CSV file: its first line is not text", text)
		return false
	}
	for i, name := range strings.Split(text, ",") {
		name = strings.TrimSpace(name)
		if name == "" {
			t.failLine("", "a column without a name", text)
			return false
		}
		if !slices.Contains(traceColumns, name) {
			t.failLine(clean(name), "unknown column"+t.didYouMean(clean(name), traceColumns), text)
			return false
		}
		t.column[name] = i
	}
	for _, name := range traceColumns[:3] {
		if _, ok := t.column[name]; !ok {
			t.failLine(name, "the column is required", text)
			return false
		}
	}
	return true
}

func (t *trace) row(text string) {
	cells := strings.Split(text, ",")
	if len(cells) != len(t.column) {
		t.failLine("", fmt.Sprintf("%d columns, not %d", len(cells), len(t.column)), text)
		return
	}
	cell := func(name string) string {
		if i, ok := t.column[name]; ok {
			return strings.TrimSpace(cells[i])
		}
		return ""
	}
	mistakes := len(t.errs)
	fail := func(column string, err error) {
		if err != nil {
			t.failLine(column, fmt.Sprintf("%s %v", quote(cell(column)), err), text)
		}
	}
	var p sim.TracePod
	var err error
	p.Pod = model.PodName(cell("pod"))
	if !isName(string(p.Pod)) {
		fail("pod", errors.New("is no name of a pod"))
	}
	if first, ok := t.seen[string(p.Pod)]; ok {
		fail("pod", fmt.Errorf("is in line %d already", first))
	}
	p.CreateAt, err = t.instant(cell("createSeconds"))
	fail("createSeconds", err)
	if p.Stays = cell("deleteSeconds") == ""; !p.Stays {
		p.DeleteAt, err = t.instant(cell("deleteSeconds"))
		fail("deleteSeconds", err)
		if err == nil && p.DeleteAt < p.CreateAt {
			fail("deleteSeconds", errors.New("is before createSeconds"))
		}
	}
	p.Spec = sim.PodSpec{
		ReadyAfter: time.Duration(t.delay(defaultReadyAfter)),
		StopAfter:  time.Duration(t.delay(defaultStopAfter)),
		Node:       model.NodeName(cell("node")),
	}
	p.Spec.CPUMilli, err = amount(cell("cpuMilli"))
	fail("cpuMilli", err)
	p.Spec.MemoryMiB, err = amount(cell("memMiB"))
	fail("memMiB", err)
	if node := cell("node"); node != "" && !isNode(node, t.nodes) {
		fail("node", errors.New("is no node of the scenario; nodes are called GROUP-N"))
	}
	if len(t.errs) == mistakes {
		t.seen[string(p.Pod)] = t.line
		t.pods = append(t.pods, p)
	}
}

// amount reads a whole number; an empty cell is 0.
func amount(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > most {
		return 0, fmt.Errorf("is no whole number from 0 to %d", most)
	}
	return n, nil
}

// instant reads seconds of the trace as a time of the run: divided by the
// speed, in whole milliseconds.
func (t *trace) instant(text string) (time.Duration, error) {
	millis, err := parseQuantity(text, -3)
	if err != nil || strings.Trim(text, "0123456789.") != "" {
		return 0, errors.New("is no number of seconds")
	}
	// Both are in thousandths; at most 2⁶³/1000 keeps the product in range.
	const most = 1 << 50
	if millis > most {
		return 0, errTooLarge
	}
	millis = millis * 1000 / int64(t.speed)
	if millis > maxDuration.Milliseconds() {
		return 0, errors.New("is more than 400 days, divided by the speed")
	}
	return time.Duration(millis) * time.Millisecond, nil
}
