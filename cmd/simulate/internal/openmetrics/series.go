package openmetrics

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// kind is a type of metric in OpenMetrics' words.
type kind string

// The types in use. The agent's counters are of type unknown: OpenMetrics asks
// for a name that ends in _total of counters, and theirs don't.
const (
	gauge     kind = "gauge"
	counter   kind = "counter"
	unknown   kind = "unknown"
	summary   kind = "summary"
	histogram kind = "histogram"
)

// family is a metric with all its series.
type family struct {
	name, help string
	kind       kind
	series     []*series // in the order of their first sample
	byKey      map[string]*series
}

// series is the samples of one set of labels, one for each scrape from the
// first on in which it is.
type series struct {
	suffix, labels string
	metric         string  // labels without that of a bucket
	scrapes        []int32 // the scrapes, ascending
	values         []float64
}

// bucketLabel is the label of a histogram's buckets; it comes last.
const bucketLabel = "le"

// label is a name with its value.
type label struct{ name, value string }

// labelText writes labels in braces, in the order given.
func labelText(labels []label) string {
	if len(labels) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteByte('{')
	for i, l := range labels {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(l.name)
		b.WriteString(`="`)
		b.WriteString(escaper.Replace(l.value))
		b.WriteByte('"')
	}
	b.WriteByte('}')
	return b.String()
}

var escaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// add adds a sample of the scrape that is under way.
func (r *Recorder) add(f *family, suffix string, labels []label, value float64) {
	text := labelText(labels)
	s := f.byKey[suffix+text]
	if s == nil {
		s = &series{suffix: suffix, labels: text, metric: text}
		if n := len(labels); n > 0 && labels[n-1].name == bucketLabel {
			s.metric = labelText(labels[:n-1])
		}
		f.byKey[suffix+text] = s
		f.series = append(f.series, s)
	}
	s.scrapes = append(s.scrapes, int32(len(r.instants)-1))
	s.values = append(s.values, value)
	r.samples++
}

// Write writes all that was recorded. Start is the time of day that stands for
// the run's beginning.
func (r *Recorder) Write(w io.Writer, start time.Time) error {
	out := bufio.NewWriterSize(w, 1<<16)
	times := make([]string, len(r.instants))
	for i, at := range r.instants {
		times[i] = stamp(start.UnixMilli() + int64(at))
	}
	for _, f := range r.families {
		if len(f.series) == 0 {
			continue
		}
		fmt.Fprintf(out, "# TYPE %s %s\n# HELP %s %s\n", f.name, f.kind, f.name, f.help)
		for _, m := range f.metrics() {
			for i, n := range m[0].scrapes {
				for _, s := range m {
					out.WriteString(f.name)
					out.WriteString(s.suffix)
					out.WriteString(s.labels)
					out.WriteByte(' ')
					out.WriteString(strconv.FormatFloat(s.values[i], 'g', -1, 64))
					out.WriteByte(' ')
					out.WriteString(times[n])
					out.WriteByte('\n')
				}
			}
		}
	}
	out.WriteString("# EOF\n")
	return out.Flush()
}

// metrics lists the metrics of the family by their labels. A metric is one
// series, or those of a histogram or summary together: they have samples of the
// same scrapes.
func (f *family) metrics() [][]*series {
	var all [][]*series
	at := map[string]int{}
	for _, s := range f.series {
		i, ok := at[s.metric]
		if !ok {
			i = len(all)
			at[s.metric] = i
			all = append(all, nil)
		}
		all[i] = append(all[i], s)
	}
	slices.SortFunc(all, func(a, b []*series) int { return cmp.Compare(a[0].metric, b[0].metric) })
	return all
}

// stamp writes milliseconds as seconds, without needless zeros.
func stamp(ms int64) string {
	text := fmt.Sprintf("%d.%03d", ms/1000, ms%1000)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}
