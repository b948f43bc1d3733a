package scenarios

import (
	"errors"
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"

	"vpcsim/model"
	"vpcsim/scenarios/internal/doc"
)

// The named ways to compute max-pods.
const (
	maxPodsAuto        = "auto"
	maxPodsManaged     = "managed"
	maxPodsRecommended = "recommended"
)

// maxPodsMost is more than any node ever had, and keeps sums small.
const maxPodsMost = 100_000

// maxExpression bounds the characters of an expression, maxCost the work of
// its evaluation: expressions of real nodes take some tens.
const (
	maxExpression = 1000
	maxCost       = 10_000
)

// maxPodsVariables are what an expression may name. The first three are
// nodeadm's and Karpenter's.
var maxPodsVariables = []string{"default_enis", "ips_per_eni", "max_pods", "vcpus"}

// maxPodsEnv returns what expressions may name. It is made once: that takes
// longer than anything else here.
func (d *decoder) maxPodsEnv() (*cel.Env, error) {
	if d.cel != nil {
		return d.cel, nil
	}
	options := make([]cel.EnvOption, 0, len(maxPodsVariables))
	for _, name := range maxPodsVariables {
		options = append(options, cel.Variable(name, cel.IntType))
	}
	env, err := cel.NewEnv(options...)
	d.cel = env
	return env, err
}

// maxPods reads a number, a named way, or an expression, which is checked here
// and evaluated when the instance type is known.
func (d *decoder) maxPods(into *MaxPods) reader {
	return func(v value) {
		if v.Kind == doc.Number {
			n := 0
			d.integer(&n, 1, maxPodsMost)(v)
			*into = MaxPods{Number: n}
			return
		}
		if !d.is(v, doc.Text) {
			return
		}
		switch v.Scalar {
		case maxPodsAuto, maxPodsManaged, maxPodsRecommended:
		default:
			if !d.checkExpression(v) {
				return
			}
		}
		*into = MaxPods{Expression: v.Scalar}
	}
}

// checkExpression type-checks a CEL expression and reports its mistakes where
// they are.
func (d *decoder) checkExpression(v value) bool {
	if len(v.Scalar) > maxExpression {
		d.failAt(v, "the expression has more than %d characters", maxExpression)
		return false
	}
	ast, issues, err := d.compileMaxPods(v.Scalar)
	if err != nil {
		d.failAt(v, "%v", err)
		return false
	}
	for _, mistake := range issues {
		at, where := d.insideScalar(v, mistake.Location.Line(), mistake.Location.Column())
		d.add(at, v.path, mistake.Message+where+d.meantWay(v.Scalar))
	}
	if len(issues) > 0 {
		return false
	}
	if !ast.OutputType().IsExactType(cel.IntType) {
		d.failAt(v, "the expression gives %s; it must give a whole number (int)", ast.OutputType())
		return false
	}
	return true
}

func (d *decoder) compileMaxPods(expression string) (*cel.Ast, []*cel.Error, error) {
	env, err := d.maxPodsEnv()
	if err != nil {
		return nil, nil, err
	}
	ast, issues := env.Compile(expression)
	if issues != nil && issues.Err() != nil {
		return nil, issues.Errors(), nil
	}
	return ast, nil, nil
}

// meantWay suggests one of the named ways to compute max-pods for what may be
// one of them misspelt.
func (d *decoder) meantWay(expression string) string {
	return d.didYouMean(expression, []string{maxPodsAuto, maxPodsManaged, maxPodsRecommended})
}

// insideScalar returns where a line and column (from 0) of a scalar's text
// stand in the file, if it is written there as it is; else the scalar's own
// place, and the line and column in words.
func (d *decoder) insideScalar(v value, line, column int) (doc.Pos, string) {
	at := v.Pos
	if at.Option == "" && line == 1 && at.Line <= len(d.lines) {
		text := d.lines[at.Line-1]
		text = text[characters(text, at.Column-1):]
		for _, opening := range []string{"", `"`, "'"} {
			if strings.HasPrefix(text, opening+v.Scalar) {
				at.Column += len(opening) + column
				return at, ""
			}
		}
	}
	return at, fmt.Sprintf(" (line %d, column %d of the expression)", line, column+1)
}

var errNoNumber = errors.New("gives no whole number")

// evalMaxPods evaluates an expression that was checked.
func (d *decoder) evalMaxPods(expression string, t model.InstanceType, standard int) (int64, error) {
	ast, issues, err := d.compileMaxPods(expression)
	if err != nil {
		return 0, err
	}
	if len(issues) > 0 {
		return 0, errors.New(issues[0].Message)
	}
	env, err := d.maxPodsEnv()
	if err != nil {
		return 0, err
	}
	program, err := env.Program(ast, cel.CostLimit(maxCost))
	if err != nil {
		return 0, err
	}
	out, _, err := program.Eval(map[string]any{
		"default_enis": t.MaxENIs,
		"ips_per_eni":  t.IPv4PerENI,
		"max_pods":     standard,
		"vcpus":        t.VCPU,
	})
	if err != nil {
		return 0, err
	}
	n, ok := out.(types.Int)
	if !ok {
		return 0, errNoNumber
	}
	return int64(n), nil
}

// podCapacity is the max-pods of a group's nodes. An expression that fails or
// gives nothing above 0 counts as auto, as on a real node: the note says so.
// Source: the EKS AL2023 AMI's maxPodsExpression.
func (d *decoder) podCapacity(path string, g *NodeGroup, t model.InstanceType, settings model.Settings) int {
	standard := model.AutoMaxPods(t, g.ReservedENIs).Result
	switch g.MaxPods.Expression {
	case "":
		return g.MaxPods.Number
	case maxPodsAuto:
		return standard
	case maxPodsManaged:
		return model.ManagedMaxPods(t, g.ReservedENIs).Result
	case maxPodsRecommended:
		return model.RecommendedMaxPods(t, model.MaxPodsModes{
			ReservedENIs:     g.ReservedENIs,
			MaxENI:           settings.MaxENI,
			PrefixDelegation: settings.PrefixDelegation,
			CustomNetworking: settings.CustomNetworking,
			PodENI:           settings.PodENI,
		}).Result
	}
	n, err := d.evalMaxPods(g.MaxPods.Expression, t, standard)
	switch {
	case err != nil:
		d.note("%s.maxPods: the expression fails on %s (%v); the standard %d holds", path, t.Name, err, standard)
		return standard
	case n <= 0:
		d.note("%s.maxPods: the expression gives %d on %s; the standard %d holds", path, n, t.Name, standard)
		return standard
	case n > maxPodsMost:
		d.fail(path+".maxPods", "the expression gives %d on %s; at most %d", n, t.Name, maxPodsMost)
		return standard
	}
	return int(n)
}
