package scenarios

import (
	"strings"

	"vpcsim/model"
	"vpcsim/scenarios/internal/doc"
)

// env reads changes to the environment of aws-node: nil unsets a variable.
func (d *decoder) env(into *map[string]*string) reader {
	return func(v value) {
		if d.describes(func(s *shape) {
			s.name, s.types = "env", []string{"object"}
			for _, known := range model.Variables() {
				s.fields = append(s.fields, &fieldShape{name: known.Name, shape: shape{types: []string{"string", "number", "boolean"}}})
			}
		}) {
			return
		}
		if !d.is(v, doc.Map) {
			return
		}
		env := make(map[string]*string, len(v.Fields))
		for _, f := range v.Fields {
			child := v.child(f.Name, f.Value)
			d.at[child.path] = child.Pos
			if d.variable(child, f) {
				env[f.Name] = scalar(f.Value)
			}
		}
		*into = env
	}
}

// scalar is a value of the environment as written: numbers and booleans need
// no quotes. Null is nil.
func scalar(n *doc.Node) *string {
	if n.Kind == doc.Null {
		return nil
	}
	return &n.Scalar
}

// variable reports whether a variable is known and its value can be used.
func (d *decoder) variable(v value, f doc.Field) bool {
	known, ok := model.LookupVariable(f.Name)
	if !ok {
		message := "unknown variable of aws-node"
		if len(d.errs) <= maxSuggestions {
			message += didYouMean(first(model.NearVariables(f.Name, 1)))
		}
		d.add(f.Pos, v.path, message)
		return false
	}
	if v.Kind == doc.Map || v.Kind == doc.List {
		d.failAt(v, "must be one value, not %s", v.Kind)
		return false
	}
	if !known.Bears {
		d.note("%s: has no bearing on addresses, and changes nothing here", v.path)
	}
	return true
}

// wholeEnv is the environment that the DaemonSet's defaults and the changes
// make (of an IPv6 cluster those of EKS for it), and the changes as they stand in the canonical form: every default
// named, an unset one null.
func wholeEnv(family string, changes map[string]*string) (env map[string]string, canonical map[string]*string) {
	env = model.DaemonSetEnv()
	if family == familyIPv6 {
		env["ENABLE_IPv4"], env["ENABLE_IPv6"], env["ENABLE_PREFIX_DELEGATION"] = "false", "true", "true"
	}
	canonical = make(map[string]*string, len(env)+len(changes))
	for name, text := range env {
		canonical[name] = &text
	}
	for name, text := range changes {
		_, byDefault := env[name]
		switch {
		case text != nil:
			canonical[name] = text
		case byDefault:
			canonical[name] = nil
		}
	}
	for name, text := range canonical {
		if text == nil {
			delete(env, name)
			continue
		}
		env[name] = *text
	}
	return env, canonical
}

// envNotes says what aws-node makes of its environment that its author may not
// have meant.
func (d *decoder) envNotes(env map[string]string, version model.Version) model.Settings {
	settings, ignored := model.ParseSettings(env)
	settings, unknown := settings.ForVersion(version)
	for _, line := range append(ignored, unknown...) {
		d.note("cni.env.%s", line)
	}
	for _, line := range model.EntrypointRefusals(env) {
		d.note("cni.env: a real aws-node would not start: %s", line)
	}
	if err := settings.Validate(); err != nil {
		d.note("cni.env: the agent refuses to start: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return settings
}
