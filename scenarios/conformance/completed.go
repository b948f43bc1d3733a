package conformance

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"vpcsim/model"
)

// completed fills in what an example leaves to its topic, and what it says in
// one way and a runner reads in another: a mode is a field of its own in some
// documents and a variable, or a key of the ConfigMap, in others.
func (g Given) completed(topic string) Given {
	if strings.HasPrefix(topic, "Windows ") {
		g.OS = "windows"
	}
	prefixes := g.PrefixDelegation || strings.Contains(strings.ToLower(topic), "prefix")
	if g.OS == "windows" {
		g.ConfigMap, g.PrefixDelegation = both(g.ConfigMap, model.WindowsPrefixKey, prefixes)
		return g
	}
	g.Env, g.PrefixDelegation = both(g.Env, "ENABLE_PREFIX_DELEGATION", prefixes)
	g.Env, g.CustomNetworking = both(g.Env, "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG", g.CustomNetworking)
	return g
}

// both makes a switch the same among the settings and as a field. Settings that
// name it win.
func both(settings map[string]any, name string, on bool) (map[string]any, bool) {
	if value, there := settings[name]; there {
		on, _ = strconv.ParseBool(fmt.Sprint(value))
		return settings, on
	}
	if !on {
		return settings, false
	}
	return with(settings, name, true), true
}

// with is a copy of the settings in which one has the value.
func with(settings map[string]any, name string, value any) map[string]any {
	all := map[string]any{}
	maps.Copy(all, settings)
	all[name] = value
	return all
}

// version is the release that is given, as a scenario writes it; empty for none.
// Documents may leave the last number out.
func (g Given) version() string {
	if g.CNIVersion == "" {
		return ""
	}
	text := "v" + strings.TrimPrefix(g.CNIVersion, "v")
	if strings.Count(text, ".") == 1 {
		text += ".0"
	}
	return text
}

// beforePrefixes reports whether the release that is given had no prefixes yet.
func (g Given) beforePrefixes() bool {
	var major, minor int
	n, _ := fmt.Sscanf(g.version(), "v%d.%d.", &major, &minor)
	return n == 2 && (major < 1 || major == 1 && minor < 9)
}
