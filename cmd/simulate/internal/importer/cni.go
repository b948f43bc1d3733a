package importer

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"vpcsim/model"
)

// agentName is the DaemonSet of the node agents, and its container.
const agentName = "aws-node"

// proxyName is the other DaemonSet that every node has, and systemPods how many
// these are: a scenario has a pod of each on every node unless it says otherwise.
const (
	proxyName  = "kube-proxy"
	systemPods = 2
)

// cni reads the settings of the CNI: of the DaemonSet as it runs, else of the
// add-on's configuration or the chart's values.
func (b *builder) cni() {
	env, version := map[string]*string{}, ""
	if b.s.daemon != nil {
		env, version = b.daemonSet()
		if len(b.s.values) > 0 {
			b.g.say("cni: the DaemonSet aws-node tells what runs; the values of %s are not looked at", strings.Join(b.s.valuesFiles, ", "))
		}
	} else {
		for _, v := range b.s.values {
			b.chart(v, env, &version)
		}
		if len(b.s.values)+len(b.s.workloads)+len(b.s.nodes)+len(b.s.pods) > 0 && len(env) == 0 {
			b.g.say("cni.env: no DaemonSet aws-node and no values of the CNI were given: the defaults hold")
		}
	}
	if b.s.addon != nil && version == "" {
		version = b.s.addon.AddonVersion
	}
	b.release(version)
	b.doc.CNI.Env = map[string]*string{}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		v, known := model.LookupVariable(name)
		switch {
		case !known:
			b.g.add("is no variable of aws-node that is known: left out", name)
		case v.Bears:
			b.doc.CNI.Env[name] = env[name]
		}
	}
	if c := b.s.config; c != nil {
		b.doc.CNI.BranchCooldown = c.Data["branch-eni-cooldown"]
	}
	for _, v := range b.s.values {
		if v.BranchENICooldown != nil && b.s.config == nil {
			b.doc.CNI.BranchCooldown = string(*v.BranchENICooldown)
		}
	}
}

// family finds out whether the cluster is one of IPv6: by what EKS says, by the
// agents' settings, by an address of a pod. What the family sets by itself is
// left out of the settings.
func (b *builder) family() {
	on := b.doc.CNI.Env["ENABLE_IPv6"]
	b.ipv6 = on != nil && strings.EqualFold(*on, "true") ||
		b.s.cluster != nil && strings.EqualFold(b.s.cluster.KubernetesNetworkConfig.IpFamily, "ipv6") ||
		slices.ContainsFunc(b.s.pods, func(p *pod) bool {
			a, err := netip.ParseAddr(p.Status.PodIP)
			return err == nil && a.Is6() && !a.Is4In6()
		})
	if !b.ipv6 {
		return
	}
	b.doc.Cluster.IPFamily = "ipv6"
	for _, name := range []string{"ENABLE_IPv4", "ENABLE_IPv6", "ENABLE_PREFIX_DELEGATION"} {
		delete(b.doc.CNI.Env, name)
	}
}

// windowsSettings are the keys about Windows nodes of the ConfigMap
// amazon-vpc-cni, else of the chart's values, which make that ConfigMap.
func (b *builder) windowsSettings() {
	if !b.hasWindows {
		return
	}
	keys := map[string]string{}
	for _, v := range b.s.values {
		for name, value := range map[string]*quantityOrBool{
			model.WindowsIPAMKey: v.EnableWindowsIPAM, model.WindowsPrefixKey: v.EnableWindowsPrefixDelegation,
			model.WindowsWarmPrefixKey: v.WarmWindowsPrefixTarget, model.WindowsWarmIPKey: v.WarmWindowsIPTarget,
			model.WindowsMinimumIPKey: v.MinimumWindowsIPTarget,
		} {
			if value != nil {
				keys[name] = string(*value)
			}
		}
	}
	if c := b.s.config; c != nil {
		keys = map[string]string{model.WindowsIPAMKey: "false"} // left out it is off
		for _, name := range model.WindowsKeys() {
			if value, ok := c.Data[name]; ok {
				keys[name] = value
			}
		}
	} else if keys[model.WindowsIPAMKey] == "" {
		b.g.say("cni.windows: no file tells the ConfigMap amazon-vpc-cni: the resource controller is taken to serve the Windows nodes; add what kubectl get configmap amazon-vpc-cni -n kube-system -o json prints")
	}
	b.windowsKeys = model.WindowsDefaults()
	maps.Copy(b.windowsKeys, keys)
	if !maps.Equal(b.windowsKeys, model.WindowsDefaults()) {
		b.doc.CNI.Windows = b.windowsKeys
	}
}

// windowsServed reports whether the resource controller serves Windows nodes.
func (b *builder) windowsServed() bool {
	settings, _ := model.ParseWindowsSettings(b.windowsKeys)
	return settings.IPAM
}

// windowsPrefixes reports whether a Windows node of the type is in prefix mode.
func (b *builder) windowsPrefixes(kind string) bool {
	settings, _ := model.ParseWindowsSettings(b.windowsKeys)
	settings, _ = settings.ForType(b.limits(kind))
	return settings.PrefixDelegation
}

// daemonSet reads the container of the agent. What the release sets by default
// and it does not, is unset.
func (b *builder) daemonSet() (env map[string]*string, version string) {
	env = map[string]*string{}
	byDefault := map[string]bool{}
	for _, c := range b.s.daemon.Spec.Template.Spec.Containers {
		if c.Name != agentName {
			continue
		}
		for _, v := range c.Env {
			if len(v.ValueFrom) == 0 || string(v.ValueFrom) == "null" {
				env[v.Name] = &v.Value
				continue
			}
			if known, ok := model.LookupVariable(v.Name); ok && known.Bears {
				b.g.say("cni.env.%s: the DaemonSet takes it from elsewhere (valueFrom), which is not looked at: the default holds", v.Name)
				byDefault[v.Name] = true
			}
		}
		if at := strings.LastIndexByte(c.Image, ':'); at > strings.LastIndexByte(c.Image, '/') && !strings.Contains(c.Image, "@") {
			version = c.Image[at+1:]
		}
	}
	for name, text := range model.DaemonSetEnv() {
		switch have, ok := env[name]; {
		case byDefault[name]:
		case !ok && text != "false" && name != "ENABLE_IPv4": // unset means false, and there are releases without that
			env[name] = nil
		case !ok:
		case *have == text:
			delete(env, name)
		}
	}
	return env, version
}

// chart reads values of the chart, which change its defaults.
func (b *builder) chart(v *values, env map[string]*string, version *string) {
	for name, text := range v.Env {
		if text == nil {
			env[name] = nil
			continue
		}
		value := string(*text)
		env[name] = &value
	}
	if v.Image.Tag != "" {
		*version = v.Image.Tag
	}
	for _, name := range slices.Sorted(maps.Keys(v.ENIConfig.Subnets)) {
		if create := v.ENIConfig.Create; create != nil && !*create {
			break
		}
		of := v.ENIConfig.Subnets[name]
		c := &eniConfig{meta: meta{Name: name}}
		c.Spec.Subnet, c.Spec.SecurityGroups = of.ID, of.SecurityGroups
		b.s.eniConfigs = append(b.s.eniConfigs, c)
	}
}

// release is cni.version: where the rules of the one that runs are not known,
// the nearest whose are.
func (b *builder) release(text string) {
	if text == "" {
		b.g.say("cni.version: no image of aws-node with a version was given: the default holds")
		return
	}
	v, err := model.ParseVersion(text)
	var there model.Version
	if n, _ := fmt.Sscanf(strings.TrimPrefix(text, "v"), "%d.%d.%d", &there.Major, &there.Minor, &there.Patch); err != nil && n == 3 {
		v = model.NewestVersion
		if there.Before(model.OldestVersion) {
			v = model.OldestVersion
		}
		b.g.say("cni.version: %s: %s is taken, the nearest of these", printable(err.Error(), 200), v)
		err = nil
	}
	if err != nil {
		b.g.say("cni.version: %s: the default holds", printable(err.Error(), 200))
		return
	}
	b.doc.CNI.Version = v.String()
}

// envOf is a variable as the agents have it.
func (b *builder) envOf(name string) string {
	if text, ok := b.doc.CNI.Env[name]; ok {
		if text == nil {
			return ""
		}
		return *text
	}
	return model.DaemonSetEnv()[name]
}

// eniConfigs are the custom resources whose subnets are known.
func (b *builder) eniConfigs() {
	done := map[string]bool{}
	for _, c := range b.s.eniConfigs {
		n := b.subnetID[c.Spec.Subnet]
		switch {
		case done[c.Name]:
			b.g.add("is given twice; the first holds", "ENIConfig "+c.Name)
		case n == nil && len(b.subnetID) == 0:
			b.g.add(fmt.Sprintf("names a subnet (%s) that no file tells: it is left out; add what aws ec2 describe-subnets prints", c.Spec.Subnet), "ENIConfig "+c.Name)
		case n == nil:
			b.g.add("names a subnet that no file tells: left out", "ENIConfig "+c.Name+" ("+c.Spec.Subnet+")")
		default:
			n.used = true
			b.doc.CNI.ENIConfigs = append(b.doc.CNI.ENIConfigs, outENIConfig{c.Name, n.Name, firstGroups(c.Spec.SecurityGroups)})
		}
		done[c.Name] = true
	}
	slices.SortFunc(b.doc.CNI.ENIConfigs, func(a, c outENIConfig) int { return strings.Compare(a.Name, c.Name) })
}

// firstGroups are each security group once, at most the 5 that an ENI holds.
func firstGroups(all []string) []string {
	var out []string
	for _, g := range all {
		if g != "" && !slices.Contains(out, g) && len(out) < 5 {
			out = append(out, g)
		}
	}
	return out
}
