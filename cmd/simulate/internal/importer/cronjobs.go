package importer

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// MaxRuns bounds the Jobs that CronJobs make within the time that is followed.
const MaxRuns = 1000

// runTime is how long a Job's pods run where nothing tells: a guess.
const runTime = time.Minute

// firstDay is when the clock begins where no file has a time: a Monday.
var firstDay = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// clock is the instant at which the scenario begins, for schedules.
func (b *builder) clock() time.Time {
	if !b.options.From.IsZero() {
		return b.options.From
	}
	latest, from := time.Time{}, ""
	look := func(text, object string) {
		if t, err := time.Parse(time.RFC3339, text); err == nil && t.After(latest) {
			latest, from = t, object
		}
	}
	for _, n := range b.s.nodes {
		look(n.CreationTimestamp, "node "+n.Name)
		for _, c := range n.Status.Conditions {
			look(c.LastHeartbeatTime, "node "+n.Name)
		}
	}
	for _, p := range b.s.pods {
		look(p.CreationTimestamp, "pod "+p.id())
	}
	for _, c := range b.s.cronJobs {
		look(c.Status.LastScheduleTime, "CronJob "+c.id())
	}
	if latest.IsZero() {
		b.g.say("schedules of CronJobs: no file tells the time: it begins on a Monday at 00:00 UTC; set --from")
		return firstDay
	}
	b.g.say("schedules of CronJobs: it begins at %s, the latest time that the files tell (%s); set --from", latest.UTC().Format(time.RFC3339), printable(from, 100))
	return latest
}

// takes is how long the runs of a Job or a CronJob take, by the latest that has
// completed; 0 where no file tells.
func (b *builder) takes(g *group) time.Duration {
	latest, out := "", time.Duration(0)
	for _, w := range b.s.workloads {
		o := w.controller()
		ofCron := g.cron != nil && o.Kind == "CronJob" && o.Name == g.cron.Name && namespaceOf(&w.meta) == g.namespace
		if w.kind != "Job" || !ofCron || w.Status.CompletionTime <= latest {
			continue
		}
		start, err := time.Parse(time.RFC3339, w.Status.StartTime)
		end, err2 := time.Parse(time.RFC3339, w.Status.CompletionTime)
		if err == nil && err2 == nil && end.After(start) && end.Sub(start) <= 24*time.Hour {
			latest, out = w.Status.CompletionTime, end.Sub(start)
		}
	}
	return out
}

// follow makes a Job for each time of a CronJob's schedule.
func (b *builder) follow(g *group, taken map[string]bool) error {
	object := "CronJob " + g.namespace + "/" + g.name
	zone := ""
	if z := g.cron.Spec.TimeZone; z != nil {
		zone = *z
	}
	s, err := parseSchedule(g.cron.Spec.Schedule, zone)
	if err != nil {
		b.g.add(fmt.Sprintf("has the schedule %q, which cannot be read (%s): no run of it begins", printable(g.cron.Spec.Schedule, 60), err), object)
		return nil
	}
	template := &g.cron.Spec.JobTemplate
	if template.Spec.Suspend {
		b.g.add("is suspended: left out", object)
		return nil
	}
	take := b.takes(g)
	if take == 0 {
		take = runTime
		b.g.add(fmt.Sprintf("takes %s a run, which is a guess: no file tells of a run that has completed", span(take)), object)
	}
	if b.began.IsZero() {
		b.began = b.clock()
	}
	parallel, completions := parallelism(template)
	if parallel == 0 {
		return nil
	}
	var last *outWorkload
	lastAt, busyUntil := time.Duration(0), time.Duration(0)
	if slices.ContainsFunc(g.pods, b.lives) {
		busyUntil = take // the one that is there
	}
	for _, at := range s.times(b.began, b.options.Cron) {
		switch g.cron.Spec.ConcurrencyPolicy {
		case "Forbid":
			if at < busyUntil {
				b.g.add("forbids two runs at once: one whose time comes earlier does not begin", object)
				continue
			}
		case "Replace":
			if last != nil && at < busyUntil {
				last.RunFor = span(at - lastAt)
				b.g.add("replaces a run that is not over by the next: it ends when that begins", object)
			}
		}
		if b.cronRuns++; b.cronRuns > MaxRuns {
			return fmt.Errorf("the CronJobs make more than %d Jobs within %s: follow them for less, --cron", MaxRuns, span(b.options.Cron))
		}
		w := *g.out
		w.Name = unique(taken, name(fmt.Sprintf("%s-at-%s", g.name, span(at)), "job"))
		w.At, w.RunFor = span(at), span(take)
		replicas := parallel
		w.Replicas = &replicas
		if completions != parallel {
			w.Completions = completions
		}
		busyUntil, lastAt, last = at+take, at, &w
		b.doc.Workloads = append(b.doc.Workloads, &w)
	}
	return nil
}

// parallelism is how many pods of a Job run at once, and how many in all.
func parallelism(template *workload) (parallel, completions int) {
	parallel = 1
	if p := template.Spec.Parallelism; p != nil {
		parallel = min(max(0, *p), 1_000_000)
	}
	completions = parallel
	if c := template.Spec.Completions; c != nil {
		completions = min(max(0, *c), 1_000_000)
		parallel = min(parallel, completions)
	}
	return parallel, completions
}

// span writes a duration without zeros at its end: 10m, not 10m0s.
func span(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
