package view

import (
	"cmp"

	"vpcsim/cmd/simulate/internal/capacity"
	"vpcsim/sim"
)

// CapacityResult is what capacity -o json writes. What isn't there is null.
type CapacityResult struct {
	APIVersion string      `json:"apiVersion"`
	Kind       string      `json:"kind"`
	Scenario   capacityRun `json:"scenario"`
	Path       string      `json:"path"`
	Want       string      `json:"want"` // largest, smallest; of a subnet: smallestSubnet
	Today      *int        `json:"today"`
	Demands    demandsItem `json:"demands"`
	Range      *rangeItem  `json:"range"`
	Method     string      `json:"method"`
	Runs       int         `json:"runs"`
	Shape      string      `json:"shape"`
	Smallest   *int        `json:"smallest"`
	Largest    *int        `json:"largest"`
	Gap        *int        `json:"gap"` // smallest value between that doesn't fit
	Use        *useItem    `json:"use"` // at the value that answers
	StoppedBy  *stopItem   `json:"stoppedBy"`
	// Expect are the expectations that values are held against, Without what fits
	// without them, where it is something else.
	Expect   []expectedItem `json:"expect"`
	Without  *withoutItem   `json:"without"`
	Remedies []remedyItem   `json:"remedies"`
	// Cut is what was left out since the runs are costly, Chance what other seeds
	// make of the answer.
	Cut      *cutItem      `json:"cut"`
	Chance   *chanceItem   `json:"chance"`
	Forecast *forecastItem `json:"forecast"`
	Sizes    []subnetSize  `json:"sizes"`
	Answer   string        `json:"answer"`
}

type capacityRun struct {
	Name string `json:"name"`
	Seed uint64 `json:"seed"`
}

type demandsItem struct {
	MaxWaitMs       *int64 `json:"maxWaitMs"`
	HeadroomPercent int    `json:"headroomPercent"`
	Seeds           int    `json:"seeds"`
}

type rangeItem struct {
	Low  int  `json:"low"`
	High int  `json:"high"`
	Open bool `json:"open"`
}

type useItem struct {
	Pods          int              `json:"pods"`
	Nodes         int              `json:"nodes"`
	MaxPods       int              `json:"maxPods"`
	Taken         int              `json:"taken"`
	SystemPods    int              `json:"systemPods"`
	Addresses     int              `json:"addresses"`
	Held          int              `json:"held"`
	LongestWaitMs int64            `json:"longestWaitMs"`
	Subnets       []capacitySubnet `json:"subnets"`
}

type capacitySubnet struct {
	Name   string `json:"name"`
	Used   int    `json:"used"`
	Usable int    `json:"usable"`
}

type stopItem struct {
	Value             int                `json:"value"`
	Kind              string             `json:"kind"`
	Scope             string             `json:"scope"`
	Name              string             `json:"name"`
	Reason            string             `json:"reason"`
	CappedBy          string             `json:"cappedBy"`
	Message           string             `json:"message"`
	Numbers           map[sim.Number]int `json:"numbers"`
	Remedy            string             `json:"remedy"`
	Pending           int                `json:"pending"`
	ContainerCreating int                `json:"containerCreating"`
	Running           int                `json:"running"`
	Gone              int                `json:"gone"` // deleted before they had an address
	Expectation       *unmetItem         `json:"expectation"`
}

// unmetItem is an expectation that doesn't hold.
type unmetItem struct {
	Index   int      `json:"index"`
	That    string   `json:"that"`
	When    string   `json:"when"`
	Values  []string `json:"values"`
	Why     *string  `json:"why"` // what could not be computed
	Because string   `json:"because"`
}

// expectedItem is an expectation. Aside is why it is not asked: own-value or
// shortage; null: it is.
type expectedItem struct {
	That  string  `json:"that"`
	When  string  `json:"when"`
	Aside *string `json:"aside"`
}

type withoutItem struct {
	Smallest     *int    `json:"smallest"`
	Largest      *int    `json:"largest"`
	SmallestCIDR *string `json:"smallestCIDR"`
}

type remedyItem struct {
	Name      string    `json:"name"`
	Changes   []string  `json:"changes"`
	Smallest  *int      `json:"smallest"`
	Largest   *int      `json:"largest"`
	Gain      *int      `json:"gain"`
	Open      bool      `json:"open"`   // no end was found
	Coarse    bool      `json:"coarse"` // the runs were too costly to find the edge exactly
	StoppedBy *stopItem `json:"stoppedBy"`
	// Breaks are the indices of expectations that the remedy breaks with what fits
	// without it; it was not held against them.
	Breaks []int `json:"breaks"`
}

type forecastItem struct {
	Growth  string `json:"growth"`
	From    int    `json:"from"`
	Reaches int    `json:"reaches"`
	Units   *int   `json:"units"` // null: not within a hundred years
	Unit    string `json:"unit"`
	Days    *int   `json:"days"`
	Value   int64  `json:"value"`
}

type subnetSize struct {
	CIDR      string    `json:"cidr"`
	Usable    int       `json:"usable"`
	LeastFree *int      `json:"leastFree"`
	Fits      bool      `json:"fits"`
	StoppedBy *stopItem `json:"stoppedBy"`
}

var shapes = map[capacity.Shape]string{
	capacity.ShapeNone: "none", capacity.ShapeAll: "all", capacity.ShapeUpTo: "upTo",
	capacity.ShapeFrom: "from", capacity.ShapeWindow: "window",
}

// CapacityDocument makes the document of a report.
func CapacityDocument(r capacity.Report) CapacityResult {
	d := CapacityResult{
		APIVersion: "vpcsim/v1", Kind: "Capacity",
		Scenario: capacityRun{r.Scenario, r.Seed}, Path: r.Path, Want: "largest", Today: r.Today,
		Demands: demandsItem{HeadroomPercent: r.Headroom, Seeds: r.Seeds},
		Runs:    r.Runs, Expect: []expectedItem{}, Remedies: []remedyItem{}, Sizes: []subnetSize{}, Answer: CapacityAnswer(r),
	}
	if ms := r.MaxWait.Milliseconds(); ms > 0 {
		d.Demands.MaxWaitMs = &ms
	}
	for _, e := range r.Expected {
		d.Expect = append(d.Expect, expectedItem{e.That, e.When, unlessZero(string(e.Aside))})
	}
	d.Without = withoutOf(r)
	d.Cut, d.Chance = cutOf(r), chanceOf(r)
	if r.Sizes != nil {
		d.Want, d.Method, d.Sizes = "smallestSubnet", string(capacity.Scan), sizeItems(r)
		d.Shape = cmp.Or(map[bool]string{true: "none"}[r.SmallestSize() < 0], "from")
		return d
	}
	a := r.Answer
	if r.Want == capacity.Fewest || r.Want == capacity.Both && a.Shape() == capacity.ShapeFrom {
		d.Want = "smallest"
	}
	d.Range = &rangeItem{a.Low, a.High, a.Open}
	d.Method, d.Shape = string(a.Method), shapes[a.Shape()]
	d.Smallest, d.Largest, d.Gap = valueOf(a.Smallest), valueOf(a.Largest), valueOf(a.Gap)
	if counts := a.Counts(r.Want); counts != nil {
		d.Use = useOf(counts.Use)
	}
	d.StoppedBy = stopOf(a.Stops(r.Want))
	for _, m := range r.Remedies {
		d.Remedies = append(d.Remedies, remedyOf(a, m))
	}
	if f := r.Forecast; f != nil {
		d.Forecast = &forecastItem{Growth: f.Growth, From: f.From, Reaches: f.Reaches, Unit: f.Unit, Value: f.Value}
		if !f.Never {
			d.Forecast.Units, d.Forecast.Days = &f.Units, &f.Days
		}
	}
	return d
}

func valueOf(p *capacity.Probe) *int {
	if p == nil {
		return nil
	}
	return &p.Value
}

func useOf(u capacity.Use) *useItem {
	out := &useItem{
		Pods: u.Pods, Nodes: u.Nodes, MaxPods: u.Places, Taken: u.Taken, SystemPods: u.System,
		Addresses: u.Addresses, Held: u.Held, LongestWaitMs: u.LongestWait.Milliseconds(), Subnets: []capacitySubnet{},
	}
	for _, s := range u.Subnets {
		out.Subnets = append(out.Subnets, capacitySubnet(s))
	}
	return out
}

func stopOf(p *capacity.Probe) *stopItem {
	if p == nil || p.Stop == nil {
		return nil
	}
	s := *p.Stop
	if s.Numbers == nil {
		s.Numbers = map[sim.Number]int{}
	}
	item := &stopItem{
		Value: p.Value, Kind: string(s.Kind), Scope: s.Scope, Name: s.Name, Reason: s.Reason, CappedBy: s.CappedBy,
		Message: s.Message, Numbers: s.Numbers, Remedy: s.Remedy,
		Pending: s.Pending, ContainerCreating: s.Creating, Running: s.Running, Gone: s.Gone,
	}
	if u := s.Expectation; u != nil {
		item.Expectation = &unmetItem{u.Index, u.That, u.When, append([]string{}, u.Values...), unlessZero(u.Why), u.Because}
	}
	return item
}

func withoutOf(r capacity.Report) *withoutItem {
	switch {
	case r.Without != nil:
		return &withoutItem{Smallest: valueOf(r.Without.Smallest), Largest: valueOf(r.Without.Largest)}
	case r.WithoutSize != nil && *r.WithoutSize >= 0:
		cidr := r.Sizes[*r.WithoutSize].CIDR.String()
		return &withoutItem{SmallestCIDR: &cidr}
	case r.WithoutSize != nil:
		return &withoutItem{}
	}
	return nil
}

func remedyOf(base capacity.Answer, m capacity.Remedied) remedyItem {
	out := remedyItem{Name: m.Name, Changes: m.Changes, Breaks: []int{}}
	for _, u := range m.Breaks {
		out.Breaks = append(out.Breaks, u.Index)
	}
	if m.Stop != nil {
		out.StoppedBy = stopOf(&capacity.Probe{Stop: m.Stop})
		return out
	}
	if m.Want == capacity.Fewest { // the other end was not looked for
		out.Smallest = valueOf(m.Answer.Smallest)
	} else {
		out.Largest = valueOf(m.Answer.Largest)
	}
	stop := m.Answer.Stops(m.Want)
	out.Coarse = m.Answer.Coarse
	out.StoppedBy, out.Open = stopOf(stop), stop == nil && m.Answer.Open
	if was, is := base.Counts(capacity.Both), m.Answer.Counts(m.Want); was != nil && is != nil {
		gain := is.Value - was.Value
		out.Gain = &gain
	}
	return out
}

func sizeItems(r capacity.Report) []subnetSize {
	out := []subnetSize{}
	for _, s := range r.Sizes {
		item := subnetSize{CIDR: s.CIDR.String(), Usable: s.Usable, Fits: s.Fits(), StoppedBy: stopOf(&s.Probe)}
		if !s.Impossible() {
			item.LeastFree = &s.LeastFree
		}
		out = append(out, item)
	}
	return out
}
