package importer

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// schedule is when a CronJob makes its Jobs: a bit for each minute, hour, day of
// the month, month and day of the week (0: Sunday). Source: Kubernetes
// documentation, "CronJob" (schedule syntax).
//
// The library that Kubernetes reads schedules with, github.com/robfig/cron/v3, has
// had no release since 2020 and panics on some text, such as TZ=UTC without fields;
// files that are imported may hold anything.
type schedule struct {
	minute, hour, day, month, weekday uint64
	// anyDay and anyWeekday: the field is a star. With neither a day has to be of
	// one of the two, as in cron.
	anyDay, anyWeekday bool
	zone               *time.Location
}

// shorthands are the schedules that have a name.
var shorthands = map[string]string{
	"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
	"@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}

var (
	monthNames   = []string{"", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}
	weekdayNames = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
)

// parseSchedule reads the five fields of a schedule; zone is spec.timeZone,
// empty for UTC.
func parseSchedule(text, zone string) (schedule, error) {
	text = strings.TrimSpace(text)
	for _, prefix := range []string{"TZ=", "CRON_TZ="} {
		if rest, ok := strings.CutPrefix(text, prefix); ok {
			zone, text, _ = strings.Cut(rest, " ")
		}
	}
	if long, ok := shorthands[strings.ToLower(text)]; ok {
		text = long
	}
	fields := strings.Fields(text)
	if len(fields) != 5 {
		return schedule{}, fmt.Errorf("%d fields, not 5", len(fields))
	}
	s := schedule{anyDay: isAny(fields[2]), anyWeekday: isAny(fields[4]), zone: time.UTC}
	for i, f := range []struct {
		into     *uint64
		low, top int
		names    []string
	}{{&s.minute, 0, 59, nil}, {&s.hour, 0, 23, nil}, {&s.day, 1, 31, nil}, {&s.month, 1, 12, monthNames}, {&s.weekday, 0, 7, weekdayNames}} {
		bits, err := parseField(fields[i], f.low, f.top, f.names)
		if err != nil {
			return schedule{}, err
		}
		*f.into = bits
	}
	if s.weekday>>7&1 == 1 {
		s.weekday |= 1 // 7 is Sunday, too
	}
	if zone != "" {
		at, err := time.LoadLocation(zone)
		if err != nil {
			return schedule{}, fmt.Errorf("the time zone %q is not known", zone)
		}
		s.zone = at
	}
	return s, nil
}

func isAny(field string) bool { return strings.HasPrefix(field, "*") || field == "?" }

// parseField reads a list of numbers, ranges and steps: 1,10-20/2,*/15.
func parseField(text string, low, top int, names []string) (uint64, error) {
	var bits uint64
	for _, part := range strings.Split(text, ",") {
		span, stepText, stepped := strings.Cut(part, "/")
		from, to := low, top
		if !isAny(span) {
			first, last, isRange := strings.Cut(span, "-")
			var err error
			if from, err = number1(first, names); err != nil {
				return 0, err
			}
			switch {
			case isRange:
				if to, err = number1(last, names); err != nil {
					return 0, err
				}
			case !stepped:
				to = from
			}
		}
		step := 1
		if stepped {
			n, err := strconv.Atoi(stepText)
			if err != nil || n < 1 || n > 59 {
				return 0, fmt.Errorf("%q is no step", stepText)
			}
			step = n
		}
		if from < low || to > top || from > to {
			return 0, fmt.Errorf("%q is not within %d to %d", part, low, top)
		}
		for n := from; n <= to; n += step {
			bits |= 1 << n
		}
	}
	return bits, nil
}

// number1 is a number, or the name of one.
func number1(text string, names []string) (int, error) {
	for n, name := range names {
		if name != "" && strings.EqualFold(text, name) {
			return n, nil
		}
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%q is no number", text)
	}
	return n, nil
}

// at reports whether a Job is made in the minute.
func (s schedule) at(t time.Time) bool {
	t = t.In(s.zone)
	has := func(bits uint64, n int) bool { return bits>>n&1 == 1 }
	day, weekday := has(s.day, t.Day()), has(s.weekday, int(t.Weekday()))
	onDay := day && weekday
	if !s.anyDay && !s.anyWeekday {
		onDay = day || weekday
	}
	return has(s.minute, t.Minute()) && has(s.hour, t.Hour()) && has(s.month, int(t.Month())) && onDay
}

// times are the instants after from, and up to its end, at which Jobs are made.
func (s schedule) times(from time.Time, during time.Duration) []time.Duration {
	var out []time.Duration
	for t := from.Truncate(time.Minute).Add(time.Minute); t.Sub(from) <= during; t = t.Add(time.Minute) {
		if s.at(t) {
			out = append(out, t.Sub(from))
		}
	}
	return out
}
