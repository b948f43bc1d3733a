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

// newMaxPodsEnv makes what expressions may name.
func newMaxPodsEnv() (*cel.Env, error) {
	options := make([]cel.EnvOption, 0, len(maxPodsVariables))
	for _, name := range maxPodsVariables {
		options = append(options, cel.Variable(name, cel.IntType))
	}
	return cel.NewEnv(options...)
}

// maxPodsEnv returns what expressions may name. It is made once: that takes
// longer than anything else here.
func (d *decoder) maxPodsEnv() (*cel.Env, error) {
	if d.cel != nil {
		return d.cel, nil
	}
	env, err := newMaxPodsEnv()
	d.cel = env
	return env, err
}

// maxPods reads a number, a named way, or an expression, which is checked here
// and evaluated when the instance type is known.
func (d *decoder) maxPods(into *MaxPods) reader {
	return func(v value) {
		ways := []string{maxPodsAuto, maxPodsManaged, maxPodsRecommended}
		if d.describesAny(v, d.integer(new(int), 1, maxPodsMost), oneOf(d, new(string), ways), d.text(new(string))) {
			return
		}
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
	env, err := d.maxPodsEnv()
	if err != nil {
		d.failAt(v, "%v", err)
		return false
	}
	_, mistakes, err := compileMaxPods(env, v.Scalar)
	if err != nil {
		d.failAt(v, "%v", err)
	}
	for _, mistake := range mistakes {
		at, where := d.insideScalar(v, mistake.Location.Line(), mistake.Location.Column())
		d.add(at, v.path, mistake.Message+where+d.meantWay(v.Scalar))
	}
	return err == nil && len(mistakes) == 0
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
	return at, insideExpression(line, column)
}

// MaxPodsExpression is a CEL expression for max-pods that was checked. It may
// name default_enis, ips_per_eni and max_pods, as the expressions of nodeadm
// and of Karpenter may, and vcpus, which is Karpenter's.
type MaxPodsExpression struct {
	text    string
	ast     *cel.Ast
	program cel.Program
}

// ParseMaxPodsExpression checks an expression, which gives a whole number. The
// error says all that is wrong with it, and where.
func ParseMaxPodsExpression(text string) (*MaxPodsExpression, error) {
	env, err := newMaxPodsEnv()
	if err != nil {
		return nil, err
	}
	expression, mistakes, err := compileMaxPods(env, text)
	if err != nil {
		return nil, err
	}
	if len(mistakes) > 0 {
		var texts []string
		for _, m := range mistakes {
			texts = append(texts, m.Message+insideExpression(m.Location.Line(), m.Location.Column()))
		}
		return nil, errors.New(strings.Join(texts, "\n"))
	}
	return expression, nil
}

func insideExpression(line, column int) string {
	return fmt.Sprintf(" (line %d, column %d of the expression)", line, column+1)
}

// compileMaxPods checks an expression. Mistakes have a place in it, the error
// has none.
func compileMaxPods(env *cel.Env, text string) (*MaxPodsExpression, []*cel.Error, error) {
	if len(text) > maxExpression {
		return nil, nil, fmt.Errorf("the expression has more than %d characters", maxExpression)
	}
	ast, issues := env.Compile(text)
	if issues != nil && issues.Err() != nil {
		return nil, issues.Errors(), nil
	}
	if !ast.OutputType().IsExactType(cel.IntType) {
		return nil, nil, fmt.Errorf("the expression gives %s; it must give a whole number (int)", ast.OutputType())
	}
	program, err := env.Program(ast, cel.CostLimit(maxCost))
	return &MaxPodsExpression{text, ast, program}, nil, err
}

// String returns the expression as it was written.
func (e *MaxPodsExpression) String() string { return e.text }

// Names reports whether the expression names the variable.
func (e *MaxPodsExpression) Names(variable string) bool {
	for _, reference := range e.ast.NativeRep().ReferenceMap() {
		if reference.Name == variable {
			return true
		}
	}
	return false
}

var errNoNumber = errors.New("gives no whole number")

// value evaluates the expression.
func (e *MaxPodsExpression) value(t model.InstanceType, standard int) (int64, error) {
	out, _, err := e.program.Eval(map[string]any{
		"default_enis": t.ListedENIs(),
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

// MaxPods is the max-pods by the expression, given the standard that max_pods
// stands for. Where it fails or gives nothing above 0, the standard holds, as
// on a real node, and the note says so; else the note is empty. More pods than
// any node ever had are an error.
//
// Source: the EKS AL2023 AMI's maxPodsExpression.
func (e *MaxPodsExpression) MaxPods(t model.InstanceType, standard int) (n int, note string, err error) {
	v, err := e.value(t, standard)
	switch {
	case err != nil:
		return standard, fmt.Sprintf("the expression fails on %s (%v); the standard %d holds", t.Name, err, standard), nil
	case v <= 0:
		return standard, fmt.Sprintf("the expression gives %d on %s; the standard %d holds", v, t.Name, standard), nil
	case v > maxPodsMost:
		return standard, "", fmt.Errorf("the expression gives %d on %s; at most %d", v, t.Name, maxPodsMost)
	}
	return int(v), "", nil
}

// podCapacity is the max-pods of a group's nodes.
func (d *decoder) podCapacity(path string, g *NodeGroup, t model.InstanceType, settings model.Settings) int {
	standard := model.AutoMaxPods(t, g.ReservedENIs).Result
	if g.OS == osWindows {
		standard = model.WindowsMaxPods
	}
	way := g.MaxPods.Expression
	if g.OS == osWindows && (way == maxPodsManaged || way == maxPodsRecommended) {
		way = maxPodsAuto
	}
	switch way {
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
	return d.evalMaxPods(path+".maxPods", g.MaxPods.Expression, t, standard)
}

// evalMaxPods evaluates an expression that was checked when it was read.
func (d *decoder) evalMaxPods(path, text string, t model.InstanceType, standard int) int {
	env, err := d.maxPodsEnv()
	if err != nil {
		d.fail(path, "%v", err)
		return standard
	}
	expression, mistakes, err := compileMaxPods(env, text)
	if err != nil || len(mistakes) > 0 {
		return standard // they were reported
	}
	n, note, err := expression.MaxPods(t, standard)
	if err != nil {
		d.fail(path, "%v", err)
	}
	if note != "" {
		d.note("%s: %s", path, note)
	}
	return n
}
