package view

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"vpcsim/model"
)

// HoursPerMonth is what EC2's monthly prices reckon with.
const HoursPerMonth = 730

// InstanceTypeRow is an instance type with what each mode makes of its limits.
type InstanceTypeRow struct {
	model.InstanceType
	// Plain is what a node computes by itself, without a cap: the published
	// number. Prefixes and Custom are what is recommended with prefix delegation
	// and with custom networking, cap included.
	Plain, Prefixes, Custom int
	// MaxPods is that of the mode that was asked for; PodAddresses is how many of
	// its pods get an address of the node's ENIs.
	MaxPods, PodAddresses int
}

// MicroUSDPerAddressMonth is the price of one pod address for a month of 730
// hours, in millionths of a dollar, rounded half up; 0 where the price is
// unknown or there is no address.
func (r InstanceTypeRow) MicroUSDPerAddressMonth() int64 {
	if r.MicroUSDPerHour == 0 || r.PodAddresses == 0 {
		return 0
	}
	n := int64(r.PodAddresses)
	return (2*r.MicroUSDPerHour*HoursPerMonth + n) / (2 * n)
}

// InstanceTypeList is what instance-types -o json writes. What isn't known is
// null.
type InstanceTypeList struct {
	APIVersion string             `json:"apiVersion"`
	Kind       string             `json:"kind"`
	Types      []instanceTypeItem `json:"types"`
}

type instanceTypeItem struct {
	InstanceType       string       `json:"instanceType"`
	VCPUs              *int         `json:"vcpus"`
	MemoryMiB          *int         `json:"memoryMiB"`
	Hypervisor         *string      `json:"hypervisor"` // nitro, xen; none on bare metal
	BareMetal          bool         `json:"bareMetal"`
	ENIs               int          `json:"enis"` // of the default network card
	IPv4PerENI         int          `json:"ipv4PerENI"`
	NetworkCards       int          `json:"networkCards"`
	ENIsAllCards       int          `json:"enisAllCards"`
	MaxPods            modesOfType  `json:"maxPods"`
	PodAddresses       int          `json:"podAddresses"`
	Trunking           bool         `json:"trunking"`
	BranchENIs         int          `json:"branchENIs"`
	ECSTasks           *int         `json:"ecsTasks"`
	ECSTasksTrunking   *int         `json:"ecsTasksTrunking"`
	USDPerHour         *json.Number `json:"usdPerHour"`
	USDPerAddressMonth *json.Number `json:"usdPerPodAddressMonth"`
}

// modesOfType is max-pods by the CNI's mode; chosen is by the flags.
type modesOfType struct {
	Chosen           int `json:"chosen"`
	SecondaryIP      int `json:"secondaryIP"`
	PrefixDelegation int `json:"prefixDelegation"`
	CustomNetworking int `json:"customNetworking"`
}

// InstanceTypesDocument makes the structured form of rows.
func InstanceTypesDocument(rows []InstanceTypeRow) InstanceTypeList {
	l := InstanceTypeList{APIVersion: APIVersion, Kind: "InstanceTypeList", Types: []instanceTypeItem{}}
	for _, r := range rows {
		l.Types = append(l.Types, instanceTypeItem{
			InstanceType: r.Name, VCPUs: known(r.VCPU), MemoryMiB: known(r.MemoryMiB),
			Hypervisor: hypervisor(r.InstanceType), BareMetal: r.BareMetal,
			ENIs: r.MaxENIs, IPv4PerENI: r.IPv4PerENI, NetworkCards: r.NetworkCards, ENIsAllCards: r.MaxENIsAllCards,
			MaxPods:      modesOfType{r.MaxPods, r.Plain, r.Prefixes, r.Custom},
			PodAddresses: r.PodAddresses,
			Trunking:     r.TrunkingCompatible, BranchENIs: r.BranchENIs,
			ECSTasks: known(r.ECSTasks), ECSTasksTrunking: known(r.ECSTasksTrunking),
			USDPerHour: dollars(r.MicroUSDPerHour), USDPerAddressMonth: dollars(r.MicroUSDPerAddressMonth()),
		})
	}
	return l
}

// hypervisor is nil where it is unknown.
func hypervisor(t model.InstanceType) *string {
	name := t.Hypervisor
	if t.BareMetal {
		name = "none"
	}
	if name == "" {
		return nil
	}
	return &name
}

// dollars writes millionths of a dollar as a decimal number, exactly; nil for 0,
// which stands for unknown.
func dollars(micro int64) *json.Number {
	if micro == 0 {
		return nil
	}
	text := fmt.Sprintf("%d.%06d", micro/1_000_000, micro%1_000_000)
	n := json.Number(strings.TrimSuffix(strings.TrimRight(text, "0"), "."))
	return &n
}

// InstanceTypesCSV writes a row a type, after a row of the columns' names. What
// isn't known is empty.
func InstanceTypesCSV(w io.Writer, rows []InstanceTypeRow) error {
	out := csv.NewWriter(w)
	out.Write([]string{ // an error shows at Flush
		"instanceType", "vcpus", "memoryMiB", "hypervisor", "bareMetal", "enis", "ipv4PerENI", "networkCards", "enisAllCards",
		"maxPods", "maxPodsSecondaryIP", "maxPodsPrefixDelegation", "maxPodsCustomNetworking", "podAddresses",
		"trunking", "branchENIs", "ecsTasks", "ecsTasksTrunking", "usdPerHour", "usdPerPodAddressMonth",
	})
	for _, t := range InstanceTypesDocument(rows).Types {
		kind := ""
		if t.Hypervisor != nil {
			kind = *t.Hypervisor
		}
		out.Write([]string{
			t.InstanceType, orEmpty(t.VCPUs), orEmpty(t.MemoryMiB), kind, strconv.FormatBool(t.BareMetal),
			strconv.Itoa(t.ENIs), strconv.Itoa(t.IPv4PerENI), strconv.Itoa(t.NetworkCards), strconv.Itoa(t.ENIsAllCards),
			strconv.Itoa(t.MaxPods.Chosen), strconv.Itoa(t.MaxPods.SecondaryIP), strconv.Itoa(t.MaxPods.PrefixDelegation),
			strconv.Itoa(t.MaxPods.CustomNetworking), strconv.Itoa(t.PodAddresses),
			strconv.FormatBool(t.Trunking), strconv.Itoa(t.BranchENIs), orEmpty(t.ECSTasks), orEmpty(t.ECSTasksTrunking),
			amount(t.USDPerHour), amount(t.USDPerAddressMonth),
		})
	}
	out.Flush()
	return out.Error()
}

func amount(n *json.Number) string {
	if n == nil {
		return ""
	}
	return n.String()
}

// InstanceTypesTable writes a row a type, within the page's width unless wide.
func InstanceTypesTable(w io.Writer, rows []InstanceTypeRow, wide bool, pal Palette) error {
	p := newPage(w, pal)
	if len(rows) == 0 {
		p.line("No instance type is like that.")
		return p.w.Flush()
	}
	align, titles := "lrrrrrrrrr", []string{"INSTANCE TYPE", "ENIs", "IPs", "cards", "plain", "/28s", "cust", "branch", "USD/h", "/addr"}
	if wide {
		align += "rrrrrrr"
		titles = append(titles, "max-pods", "addresses", "vCPUs", "MiB", "ECS", "ECS trunking", "hypervisor")
	}
	g := newGrid(align)
	g.head(titles...)
	for _, r := range rows {
		g.add(instanceTypeCells(r, wide)...)
	}
	g.write(p, 0)
	p.line("")
	for _, l := range []string{
		"IPs: IPv4 addresses an ENI. Max-pods: plain as a node computes it; /28s with prefix delegation and cust with custom networking, as recommended.",
		"/addr: US dollars a month (730 h, on demand) for each pod that gets an address, with the flags that were given.",
		"? is unknown, – is none.",
	} {
		p.paragraph(0, "", l, dim)
	}
	return p.w.Flush()
}

func instanceTypeCells(r InstanceTypeRow, wide bool) []cell {
	cells := []cell{
		c(r.Name), c(strconv.Itoa(r.MaxENIs)), c(strconv.Itoa(r.IPv4PerENI)), c(strconv.Itoa(r.NetworkCards)),
		c(strconv.Itoa(r.Plain)), c(strconv.Itoa(r.Prefixes)), c(strconv.Itoa(r.Custom)), branchCell(r),
		moneyCell(r.MicroUSDPerHour), moneyCell(r.MicroUSDPerAddressMonth()),
	}
	if !wide {
		return cells
	}
	kind := unknown
	if h := hypervisor(r.InstanceType); h != nil {
		kind = *h
	}
	return append(cells,
		styled(bold, strconv.Itoa(r.MaxPods)), c(number(r.PodAddresses)),
		knownCell(r.VCPU, ""), knownCell(r.MemoryMiB, ""), knownCell(r.ECSTasks, ""), knownCell(r.ECSTasksTrunking, ""), c(kind))
}

func branchCell(r InstanceTypeRow) cell {
	switch {
	case r.TrunkingUnknown:
		return styled(dim, unknown)
	case !r.TrunkingCompatible:
		return styled(dim, "–")
	}
	return c(strconv.Itoa(r.BranchENIs))
}

// moneyCell writes dollars with four significant places and more, in no more
// than six columns below 10,000: 0.0042, 5.4240, 27.447, 360.99, 1062.6.
func moneyCell(micro int64) cell {
	if micro == 0 {
		return styled(dim, unknown)
	}
	decimals := 4
	for limit := int64(10_000_000); decimals > 0 && micro >= limit; limit *= 10 {
		decimals--
	}
	unit := int64(1)
	for range 6 - decimals {
		unit *= 10
	}
	rounded := (micro + unit/2) / unit
	text := strconv.FormatInt(rounded, 10)
	if decimals == 0 {
		return c(text)
	}
	if len(text) <= decimals {
		text = strings.Repeat("0", decimals+1-len(text)) + text
	}
	return c(text[:len(text)-decimals] + "." + text[len(text)-decimals:])
}
