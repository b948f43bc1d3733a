package importer

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/scenarios"
	"vpcsim/sim"
)

// modeFiles are the files of a made-up cluster of three nodes, one for each mode
// of the CNI, as kubectl and aws print them.
func modeFiles(t *testing.T, mode string) map[string][]byte {
	return jsonFiles(t, "../../testdata/import/modes/"+mode)
}

// items are the objects of a file's list, as the import never sees them.
func items(t *testing.T, data []byte, list string) []object {
	var doc map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(data, &doc))
	var all []object
	require.NoError(t, json.Unmarshal(doc[list], &all))
	return all
}

// at walks into an object: names of fields, and numbers of list items.
func at(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(object)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

// text is the field's text, empty where there is none.
func text(v any, path ...any) string {
	s, _ := at(v, path...).(string)
	return s
}

// number0 is the field's number, 0 where there is none.
func number0(v any, path ...any) int {
	n, _ := at(v, path...).(float64)
	return int(n)
}

// A snapshot of a cluster in each mode begins in exactly what its files say: on
// each node the same ENIs, addresses, prefixes and branches, each pod with its
// address, as many addresses free in each subnet, and no call to EC2 in the first
// second but those of a node that begins anew. The files are read here a second
// time, without the import.
func TestSnapshotsOfEachModeBeginAsTheyAre(t *testing.T) {
	modes, err := os.ReadDir("../../testdata/import/modes")
	require.NoError(t, err)
	require.Len(t, modes, 7)
	for _, mode := range modes {
		t.Run(mode.Name(), func(t *testing.T) {
			files := modeFiles(t, mode.Name())
			s := NewSnapshot()
			for name, data := range files {
				require.NoError(t, s.Read(name, data))
			}
			d, err := s.Scenario(Options{})
			require.NoError(t, err)
			yaml, err := d.YAML()
			require.NoError(t, err)
			scenario, err := scenarios.Load("imported.yaml", yaml, scenarios.Options{})
			require.NoError(t, err, string(yaml))
			requireFiles(t, files, d, scenario.Config())
		})
	}
}

func requireFiles(t *testing.T, files map[string][]byte, d *Document, cfg sim.Config) {
	after := played(t, cfg, 0)
	real := map[model.NodeName]string{} // names in the cluster
	for _, n := range d.State.Nodes {
		real[model.NodeName(n.Name)] = n.comment
	}

	name := map[string]string{} // of subnets
	for _, n := range d.VPC.Subnets {
		name[n.id] = n.Name
	}
	for _, n := range items(t, files["subnets.json"], "Subnets") {
		if name[text(n, "SubnetId")] == "" {
			continue // nothing of the cluster is in it
		}
		stats := after.Subnet(model.SubnetID(name[text(n, "SubnetId")])).Stats()
		require.Equal(t, number0(n, "AvailableIpAddressCount"), stats.Free, text(n, "SubnetId"))
	}

	var want, got []string
	for _, ni := range items(t, files["network-interfaces.json"], "NetworkInterfaces") {
		want = append(want, eniText(ni, files, t)...)
	}
	for _, n := range after.Nodes {
		if real[n.Name] == "" {
			continue
		}
		for _, e := range n.ENIs {
			var blocks []netip.Prefix
			for _, b := range e.Blocks {
				blocks = append(blocks, b.Prefix)
			}
			got = append(got, fmt.Sprint(real[n.Name], " ", e.Device, " ", e.PrimaryAddress, " ", blocks))
		}
		for _, br := range n.Branches {
			got = append(got, fmt.Sprint("branch ", br.VLAN, " ", br.Address))
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	require.Equal(t, want, got)

	want, got = nil, nil
	pods := 0
	nodes := map[string]bool{}
	for _, n := range d.State.Nodes {
		nodes[n.comment] = true
	}
	for _, p := range items(t, files["pods.json"], "items") {
		if at(p, "spec", "hostNetwork") == true || !nodes[text(p, "spec", "nodeName")] {
			continue
		}
		pods++
		if address := text(p, "status", "podIP"); address != "" {
			want = append(want, fmt.Sprint(text(p, "spec", "nodeName"), " ", address))
		}
	}
	for _, p := range after.Pods.All() {
		if p.HostNetwork || p.Node == "" {
			continue
		}
		pods--
		got = append(got, fmt.Sprint(real[p.Node], " ", p.Address))
	}
	require.Zero(t, pods, "as many pods have a node as in the files")
	require.Subset(t, got, want) // what waits for one may have one at once

	err := sim.Run(cfg, func(e sim.Event) error {
		if e.At >= 1000 {
			return errStop
		}
		if c, called := e.Body.(sim.EC2Call); called {
			require.Empty(t, real[e.Node], "%d ms: %s %s", e.At, e.Node, c.Action)
		}
		return nil
	})
	require.ErrorIs(t, err, errStop)
}

// eniText is an ENI of a node that is up as requireFiles writes it; nothing for
// those of others.
func eniText(ni object, files map[string][]byte, t *testing.T) []string {
	if vlan := tagText(ni, "vpcresources.k8s.aws/vlan-id"); vlan != "" {
		n, err := strconv.Atoi(vlan)
		require.NoError(t, err)
		return []string{fmt.Sprint("branch ", n, " ", text(ni, "PrivateIpAddress"))}
	}
	instance := text(ni, "Attachment", "InstanceId")
	on := ""
	for _, n := range items(t, files["nodes.json"], "items") {
		if instance != "" && strings.HasSuffix(text(n, "spec", "providerID"), "/"+instance) {
			on = text(n, "metadata", "name")
		}
	}
	ipv6 := strings.Contains(string(files["workloads.json"]), `{"name": "ENABLE_IPv6", "value": "true"}`)
	if on == "" || ipv6 && at(ni, "Ipv6Prefixes", 0) == nil {
		return nil
	}
	var blocks []netip.Prefix
	for i := 0; at(ni, "PrivateIpAddresses", i) != nil; i++ {
		if at(ni, "PrivateIpAddresses", i, "Primary") == false {
			blocks = append(blocks, netip.MustParsePrefix(text(ni, "PrivateIpAddresses", i, "PrivateIpAddress")+"/32"))
		}
	}
	for i := 0; at(ni, "Ipv4Prefixes", i) != nil; i++ {
		blocks = append(blocks, netip.MustParsePrefix(text(ni, "Ipv4Prefixes", i, "Ipv4Prefix")))
	}
	for i := 0; at(ni, "Ipv6Prefixes", i) != nil; i++ {
		blocks = append(blocks, netip.MustParsePrefix(text(ni, "Ipv6Prefixes", i, "Ipv6Prefix")))
	}
	slices.SortFunc(blocks, func(a, b netip.Prefix) int { return cmp.Or(a.Addr().Compare(b.Addr()), a.Bits()-b.Bits()) })
	return []string{fmt.Sprint(on, " ", number0(ni, "Attachment", "DeviceIndex"), " ", text(ni, "PrivateIpAddress"), " ", blocks)}
}

func tagText(ni object, key string) string {
	for i := 0; at(ni, "TagSet", i) != nil; i++ {
		if text(ni, "TagSet", i, "Key") == key {
			return text(ni, "TagSet", i, "Value")
		}
	}
	return ""
}

// Where no file tells the settings, the nodes tell the mode: a snapshot without
// its DaemonSet gives the same variables of a mode as one with it.
func TestNodesTellTheMode(t *testing.T) {
	want := map[string][]string{
		"custom-networking":   {"AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG=true", "ENI_CONFIG_LABEL_DEF=topology.kubernetes.io/zone"},
		"pod-security-groups": {"ENABLE_POD_ENI=true"},
		"prefix":              {"ENABLE_PREFIX_DELEGATION=true"},
	}
	modes, err := os.ReadDir("../../testdata/import/modes")
	require.NoError(t, err)
	for _, mode := range modes {
		t.Run(mode.Name(), func(t *testing.T) {
			s := NewSnapshot()
			for name, data := range modeFiles(t, mode.Name()) {
				require.NoError(t, s.Read(name, data))
			}
			s.daemon = nil
			d, err := s.Scenario(Options{})
			require.NoError(t, err)
			var got []string
			for name, value := range d.CNI.Env {
				got = append(got, name+"="+*value)
				require.Contains(t, strings.Join(d.Guesses(), "\n"), "cni.env."+name+": "+*value)
			}
			slices.Sort(got)
			require.Equal(t, want[mode.Name()], got)
		})
	}
}

// Without the ENIConfigs custom networking cannot be turned on, which is said; and
// where values tell the settings, nothing is taken from the nodes.
func TestModeThatIsNotTaken(t *testing.T) {
	read := func(mode string) *Snapshot {
		s := NewSnapshot()
		for name, data := range modeFiles(t, mode) {
			require.NoError(t, s.Read(name, data))
		}
		s.daemon = nil
		return s
	}
	s := read("custom-networking")
	s.eniConfigs = nil
	d, err := s.Scenario(Options{})
	require.NoError(t, err)
	require.Empty(t, d.CNI.Env)
	require.Contains(t, strings.Join(d.Guesses(), "\n"), "cni.env: primary ENIs have no addresses for pods, as with custom networking")

	s = read("prefix")
	require.NoError(t, s.Read("values.yaml", []byte("env: {WARM_IP_TARGET: 5}")))
	d, err = s.Scenario(Options{})
	require.NoError(t, err)
	require.Len(t, d.CNI.Env, 1)
	require.Contains(t, d.CNI.Env, "WARM_IP_TARGET")
}
