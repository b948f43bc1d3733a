package view

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"vpcsim/cmd/simulate/internal/maxpods"
	"vpcsim/model"
)

// MaxPodsList is what max-pods -o json writes. What isn't known or doesn't
// apply is null.
type MaxPodsList struct {
	APIVersion string        `json:"apiVersion"`
	Kind       string        `json:"kind"`
	Types      []maxPodsItem `json:"types"`
}

type maxPodsItem struct {
	InstanceType       string         `json:"instanceType"`
	MaxPods            int            `json:"maxPods"`
	Mode               maxpods.Mode   `json:"mode"`
	Arithmetic         string         `json:"arithmetic"`
	Uncapped           int            `json:"uncapped"`
	Cap                *int           `json:"cap"`
	Published          *int           `json:"published"`
	PodAddresses       int            `json:"podAddresses"`
	PodsWithoutAddress int            `json:"podsWithoutAddress"`
	SubnetAddresses    int            `json:"subnetAddresses"`
	SlotsPerENI        int            `json:"slotsPerENI"`
	AddressesPerENI    int            `json:"addressesPerENI"`
	ENIs               int            `json:"enis"`
	IPv4PerENI         int            `json:"ipv4PerENI"`
	NetworkCards       int            `json:"networkCards"`
	VCPUs              *int           `json:"vcpus"`
	MemoryMiB          *int           `json:"memoryMiB"`
	Modes              maxPodsByMode  `json:"modes"`
	KubeReserved       reservedAmount `json:"kubeReserved"`
	Notes              []string       `json:"notes"`
}

// maxPodsByMode is the max-pods of each mode; null where it can't be told.
type maxPodsByMode struct {
	Nodeadm     *int `json:"nodeadm"`
	Managed     *int `json:"managed"`
	Recommended *int `json:"recommended"`
	Calculator  *int `json:"calculator"`
	Karpenter   *int `json:"karpenter"`
	AutoMode    *int `json:"autoMode"`
	Kubelet     *int `json:"kubelet"`
}

func (b *maxPodsByMode) of(m maxpods.Mode) **int {
	switch m {
	case maxpods.Nodeadm:
		return &b.Nodeadm
	case maxpods.Managed:
		return &b.Managed
	case maxpods.Recommended:
		return &b.Recommended
	case maxpods.Calculator:
		return &b.Calculator
	case maxpods.Karpenter:
		return &b.Karpenter
	case maxpods.AutoMode:
		return &b.AutoMode
	}
	return &b.Kubelet
}

type reservedAmount struct {
	CPUMilli  *int `json:"cpuMilli"`
	MemoryMiB int  `json:"memoryMiB"`
}

// known returns nil for 0, which stands for unknown in the model.
func known(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}

// MaxPodsDocument makes the structured form of results.
func MaxPodsDocument(results []maxpods.Result) MaxPodsList {
	l := MaxPodsList{APIVersion: APIVersion, Kind: "MaxPodsList", Types: []maxPodsItem{}}
	for _, r := range results {
		item := maxPodsItem{
			InstanceType: r.Type.Name, MaxPods: r.MaxPods, Mode: r.Mode, Arithmetic: r.Arithmetic,
			Uncapped: r.Uncapped, Cap: known(r.Cap), Published: known(r.Type.MaxPodsSecondaryIP),
			PodAddresses: r.PodAddresses, PodsWithoutAddress: r.WithoutAddress,
			SubnetAddresses: r.SubnetAddresses, SlotsPerENI: r.SlotsPerENI, AddressesPerENI: r.AddressesPerENI,
			ENIs: r.Type.MaxENIs, IPv4PerENI: r.Type.IPv4PerENI, NetworkCards: r.Type.NetworkCards,
			VCPUs: known(r.Type.VCPU), MemoryMiB: known(r.Type.MemoryMiB),
			KubeReserved: reservedAmount{known(r.Reserved.CPUMilli), r.Reserved.MemoryMiB},
			Notes:        []string{},
		}
		for _, a := range r.All {
			*item.Modes.of(a.Mode) = &a.MaxPods
		}
		for _, n := range r.Notes {
			item.Notes = append(item.Notes, n.Text)
		}
		l.Types = append(l.Types, item)
	}
	return l
}

// MaxPodsCSV writes a row a type, after a row of the columns' names, which are
// those of the structured form. What isn't known is empty.
func MaxPodsCSV(w io.Writer, results []maxpods.Result) error {
	out := csv.NewWriter(w)
	out.Write([]string{ // an error shows at Flush
		"instanceType", "maxPods", "mode", "arithmetic", "uncapped", "cap", "published",
		"podAddresses", "podsWithoutAddress", "subnetAddresses", "slotsPerENI", "addressesPerENI", "enis", "ipv4PerENI", "networkCards", "vcpus", "memoryMiB",
		"nodeadm", "managed", "recommended", "calculator", "karpenter", "autoMode", "kubelet",
		"kubeReservedCPUMilli", "kubeReservedMemoryMiB",
	})
	for _, t := range MaxPodsDocument(results).Types {
		m := t.Modes
		out.Write([]string{
			t.InstanceType, strconv.Itoa(t.MaxPods), string(t.Mode), t.Arithmetic, strconv.Itoa(t.Uncapped), orEmpty(t.Cap), orEmpty(t.Published),
			strconv.Itoa(t.PodAddresses), strconv.Itoa(t.PodsWithoutAddress),
			strconv.Itoa(t.SubnetAddresses), strconv.Itoa(t.SlotsPerENI), strconv.Itoa(t.AddressesPerENI), strconv.Itoa(t.ENIs), strconv.Itoa(t.IPv4PerENI),
			strconv.Itoa(t.NetworkCards), orEmpty(t.VCPUs), orEmpty(t.MemoryMiB),
			orEmpty(m.Nodeadm), orEmpty(m.Managed), orEmpty(m.Recommended), orEmpty(m.Calculator), orEmpty(m.Karpenter), orEmpty(m.AutoMode), orEmpty(m.Kubelet),
			orEmpty(t.KubeReserved.CPUMilli), strconv.Itoa(t.KubeReserved.MemoryMiB),
		})
	}
	out.Flush()
	return out.Error()
}

func orEmpty(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

// MaxPodsTable writes one type's max-pods with all that leads to it, or several
// types' in rows.
func MaxPodsTable(w io.Writer, results []maxpods.Result, wide bool, pal Palette) error {
	p := newPage(w, pal)
	switch {
	case len(results) == 1:
		writeMaxPods(p, results[0], wide)
	case wide:
		writeMaxPodsWide(p, results)
	default:
		writeMaxPodsRows(p, results)
	}
	return p.w.Flush()
}

// writeMaxPodsRows has room for the arithmetic within the page's width.
func writeMaxPodsRows(p *page, results []maxpods.Result) {
	g := newGrid("lrl")
	g.head("INSTANCE TYPE", "MAX-PODS", "ARITHMETIC")
	for _, r := range results {
		g.add(c(r.Type.Name), maxPodsCell(r), cell{text: r.Arithmetic, short: r.Short})
	}
	g.cutTo(pageWidth)
	g.write(p, 0)
}

func writeMaxPodsWide(p *page, results []maxpods.Result) {
	modes := maxpods.Modes()
	align := "lrrr"
	titles := []string{"INSTANCE TYPE", "MAX-PODS", "VCPU", "MIB"}
	for _, m := range modes {
		align += "r"
		titles = append(titles, string(m))
	}
	g := newGrid(align + "rrrl")
	g.head(append(titles, "ADDRESSES", "KUBE CPU", "KUBE MIB", "ARITHMETIC")...)
	for _, r := range results {
		row := []cell{c(r.Type.Name), maxPodsCell(r), knownCell(r.Type.VCPU, ""), knownCell(r.Type.MemoryMiB, "")}
		for _, m := range modes {
			row = append(row, modeCell(r, m))
		}
		g.add(append(row, c(number(r.PodAddresses)), knownCell(r.Reserved.CPUMilli, "m"), c(number(r.Reserved.MemoryMiB)), c(r.Arithmetic))...)
	}
	g.write(p, 0)
}

func maxPodsCell(r maxpods.Result) cell {
	if r.WithoutAddress > 0 {
		return styled(red, strconv.Itoa(r.MaxPods))
	}
	return styled(bold, strconv.Itoa(r.MaxPods))
}

func modeCell(r maxpods.Result, m maxpods.Mode) cell {
	for _, a := range r.All {
		if a.Mode == m {
			return c(strconv.Itoa(a.MaxPods))
		}
	}
	return styled(dim, unknown)
}

// unknown stands for what no source tells.
const unknown = "?"

func knownCell(n int, unit string) cell {
	if n == 0 {
		return styled(dim, unknown)
	}
	return c(number(n) + unit)
}

// writeMaxPods explains one type's number.
func writeMaxPods(p *page, r maxpods.Result, wide bool) {
	p.section(r.Type.Name+": max-pods "+strconv.Itoa(r.MaxPods), describe(r))
	p.line("")
	p.paragraph(2, "", r.Arithmetic, bold)
	if terms := r.Terms(); len(terms) > 0 {
		p.line("")
		g := newGrid("ll")
		for _, t := range terms {
			g.add(c(t.Text), styled(dim, t.Means))
		}
		g.write(p, 4)
	}
	p.section("Who computes what", "▸ the one above")
	for _, a := range r.All {
		mark, s := "  ", plain
		if a.Mode == r.Mode {
			mark, s = "▸ ", bold
		}
		p.paragraph(0, fmt.Sprintf("%s%-11s %5d  ", mark, a.Mode, a.MaxPods), a.Mode.About(), s)
		if a.Arithmetic != r.Arithmetic {
			p.paragraph(21, "", a.Arithmetic, dim)
		}
	}
	p.line("")
	p.paragraph(2, "", "Which one holds: in a managed node group its cap, whatever else is set; then kubelet's maxPods, then nodeadm's expression, then the formula.", plain)
	if wide {
		writeReserved(p, r)
	}
	p.line("")
	if r.Mode != maxpods.AutoMode {
		p.paragraph(0, "", fmt.Sprintf("With all its ENIs full the node takes %s of its subnets.", count(r.SubnetAddresses, "address")), plain)
	}
	p.paragraph(0, "", enoughAddresses(r), plain)
}

// describe says what the type has.
func describe(r maxpods.Result) string {
	t := r.Type
	text := fmt.Sprintf("%s of %d IPv4 addresses", count(t.MaxENIs, "ENI"), t.IPv4PerENI)
	if t.VCPU > 0 {
		text = count(t.VCPU, "vCPU") + ", " + text
	}
	return text
}

func writeReserved(p *page, r maxpods.Result) {
	p.section("Kept by the node", "")
	g := newGrid("lrr")
	g.head("", "CPU", "memory")
	g.add(c("kube-reserved"), knownCell(r.Reserved.CPUMilli, "m"), c(number(r.Reserved.MemoryMiB)+" MiB"))
	g.add(c("left for pods' requests"), knownCell(r.Allocatable.CPUMilli, "m"), knownCell(r.Allocatable.MemoryMiB, " MiB"))
	g.write(p, 2)
	p.paragraph(2, "", fmt.Sprintf("Memory: 11 MiB × %d pods + 255 MiB, and 100 MiB before kubelet evicts. CPU: 60m for the first core, 10m for the second, 5m each for the next two, 2.5m for each of the rest.",
		(r.Reserved.MemoryMiB-255)/11), dim)
}

// enoughAddresses says whether there are addresses for as many pods.
func enoughAddresses(r maxpods.Result) string {
	switch {
	case r.Mode == maxpods.AutoMode:
		return "EKS Auto Mode manages addresses by itself."
	case r.WithoutAddress > 0:
		return fmt.Sprintf("The node has addresses for %s: %d of %d would find none and hang in ContainerCreating.",
			count(r.PodAddresses, "pod"), r.WithoutAddress, r.MaxPods)
	case r.MaxPods-model.HostPods < r.PodAddresses:
		return fmt.Sprintf("The node has addresses for %s: max-pods stops it at %d.", count(r.PodAddresses, "pod"), r.MaxPods)
	}
	if r.PodAddresses == 0 {
		return "The node has no addresses for pods, and takes none that needs one."
	}
	return fmt.Sprintf("The node has an address for each of the %s that need one.", count(r.PodAddresses, "pod"))
}
