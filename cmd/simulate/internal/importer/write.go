package importer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"vpcsim/cmd/simulate/internal/view"
)

// lineWidth is where flow lists are broken.
const lineWidth = 100

// YAML writes the scenario with comments: the guesses first, and the real names
// beside those of the scenario.
func (d *Document) YAML() ([]byte, error) {
	w := writer{}
	if len(d.guesses) > 0 {
		w.comment("Made by simulate import. What the files did not tell, and what is left out:")
		for _, line := range d.guesses {
			w.comment("- " + line)
		}
		w.text.WriteByte('\n')
	}
	w.field(0, "name", d.Name)
	w.field(0, "summary", d.Summary)
	w.line(0, "vpc:")
	w.field(2, "cidrs", d.VPC.CIDRs)
	w.line(2, "subnets:")
	for _, n := range d.VPC.Subnets {
		w.item(4, n, n.id)
	}
	if d.Cluster != (outCluster{}) {
		w.field(0, "cluster", d.Cluster)
	}
	if d.CNI.Version != "" || len(d.CNI.Env)+len(d.CNI.ENIConfigs) > 0 || d.CNI.BranchCooldown != "" {
		w.field(0, "cni", d.CNI)
	}
	if len(d.InstanceTypes) > 0 {
		w.field(0, "instanceTypes", d.InstanceTypes)
	}
	w.line(0, "nodeGroups:")
	for _, g := range d.NodeGroups {
		w.item(2, g, g.comment)
	}
	if len(d.Workloads) > 0 {
		w.line(0, "workloads:")
	}
	for _, one := range d.Workloads {
		w.item(2, one, one.comment)
	}
	if len(d.Policies) > 0 {
		w.line(0, "securityGroupPolicies:")
	}
	for _, p := range d.Policies {
		w.item(2, p, "")
	}
	w.state(d.State)
	if len(d.Steps) > 0 {
		w.line(0, "steps:")
	}
	for _, s := range d.Steps {
		w.item(2, s, "")
	}
	return w.text.Bytes(), w.err
}

// JSON writes the scenario as JSON, which has no comments.
func (d *Document) JSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(d)
	return b.Bytes(), err
}

func (w *writer) state(s *outState) {
	if s == nil || len(s.Nodes)+len(s.Pods) == 0 {
		return
	}
	w.line(0, "state:")
	if len(s.Nodes) > 0 {
		w.line(2, "nodes:")
	}
	for _, n := range s.Nodes {
		w.lineWith(4, "- name: "+n.Name, n.comment)
		if n.Cordoned {
			w.line(6, "cordoned: true")
		}
		w.line(6, "enis:")
		for _, e := range n.ENIs {
			w.item(8, e, "")
		}
	}
	if len(s.Pods) > 0 {
		w.line(2, "pods:")
	}
	for _, p := range s.Pods {
		w.item(4, p, "")
	}
}

type writer struct {
	text bytes.Buffer
	err  error
}

func (w *writer) line(indent int, text string) {
	w.text.WriteString(strings.Repeat(" ", indent) + text + "\n")
}

// lineWith writes a line with a comment at its end.
func (w *writer) lineWith(indent int, text, comment string) {
	if comment != "" {
		text += "  # " + printable(comment, 200)
	}
	w.line(indent, text)
}

// field and item write a value in flow style.
func (w *writer) field(indent int, name string, v any) {
	w.line(indent, name+": "+w.flow(v, indent+2))
}

func (w *writer) item(indent int, v any, comment string) {
	w.lineWith(indent, "- "+w.flow(v, indent+4), comment)
}

func (w *writer) flow(v any, indent int) string {
	text, err := view.Flow(v, indent, lineWidth)
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("writing the scenario: %w", err)
	}
	return text
}

// comment writes a paragraph, broken at words.
func (w *writer) comment(text string) {
	prefix, line := "# ", ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(prefix)+len(line)+1+len(word) > lineWidth {
			w.text.WriteString(prefix + line + "\n")
			line = ""
			if strings.HasPrefix(text, "- ") {
				prefix = "#   "
			}
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	w.text.WriteString(prefix + line + "\n")
}
