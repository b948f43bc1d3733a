package scenarios

import (
	"slices"
	"strconv"
	"strings"

	"vpcsim/scenarios/internal/doc"
)

// Options change the tree before it is decoded, so that what they bring is
// checked like the file itself, and an unknown field is found by the decoder.

// freeKeys are mappings whose keys are the user's own and may have dots: all of
// a path behind one of them is one key.
var freeKeys = []string{"labels", "annotations", "nodeSelector", "tags"}

// instanceTypesKey is the mapping from instance types, which have a dot, to
// their fields.
const instanceTypesKey = "instanceTypes"

// set applies path=value.
func (d *decoder) set(root *doc.Node, options []string) {
	for _, o := range options {
		at := doc.Pos{Option: "--set " + o}
		path, text, ok := strings.Cut(o, "=")
		if !ok || strings.TrimSpace(path) == "" {
			d.add(at, "", "write path=value, such as nodeGroups.workers.count=3")
			continue
		}
		keys := splitPath(path)
		if slices.Contains(keys, "") {
			d.add(at, "", "the path has an empty part: write it as nodeGroups.workers.count")
			continue
		}
		if replacement, ok := d.optionValue(at, text); ok {
			s := setter{decoder: d, at: at}
			s.put(root, keys, replacement)
		}
	}
}

// optionValue reads an option's value, which is YAML.
func (d *decoder) optionValue(at doc.Pos, text string) (*doc.Node, bool) {
	n, mistakes := doc.Parse([]byte(text))
	for _, m := range mistakes {
		d.add(at, "", "the value: "+m.Message)
	}
	if n == nil {
		n = &doc.Node{}
	}
	relocate(n, at)
	return n, len(mistakes) == 0
}

// relocate says of a whole tree that it comes from an option.
func relocate(n *doc.Node, at doc.Pos) {
	n.Pos = at
	for i := range n.Fields {
		n.Fields[i].Pos = at
		relocate(n.Fields[i].Value, at)
	}
	for _, item := range n.Items {
		relocate(item, at)
	}
}

// splitPath cuts a path at its dots; a[0].b is a.0.b.
func splitPath(path string) []string {
	path = strings.ReplaceAll(strings.ReplaceAll(path, "[", "."), "]", "")
	return strings.Split(path, ".")
}

// setter puts the value of one option into the tree.
type setter struct {
	*decoder
	at   doc.Pos
	done []string // of the path, so far
}

func (s *setter) fail(message string) {
	s.add(s.at, strings.Join(s.done, "."), message)
}

func (s *setter) put(n *doc.Node, path []string, with *doc.Node) {
	if n.Kind == doc.Null {
		// What is empty or not there becomes a mapping.
		*n = doc.Node{Kind: doc.Map, Pos: s.at}
	}
	switch n.Kind {
	case doc.Map:
		s.putField(n, path, with)
	case doc.List:
		s.putItem(n, path, with)
	default:
		s.fail("is " + n.Kind.String() + ", and has no " + strings.Join(path, "."))
	}
}

func (s *setter) putField(n *doc.Node, path []string, with *doc.Node) {
	name, rest := s.fieldName(n, path)
	s.done = append(s.done, name)
	if len(rest) == 0 {
		n.Put(name, s.at, with)
		return
	}
	child := n.Get(name)
	if child == nil {
		child = &doc.Node{}
		n.Put(name, s.at, child)
	}
	s.put(child, rest, with)
}

// fieldName takes a key from the front of the path. A key may have dots: the
// longest that the mapping has is meant, and in mappings with keys of the
// user's the whole rest, or all of it but a field's name.
func (s *setter) fieldName(n *doc.Node, path []string) (string, []string) {
	for end := len(path); end > 0; end-- {
		if name := strings.Join(path[:end], "."); n.Get(name) != nil {
			return name, path[end:]
		}
	}
	within := ""
	if len(s.done) > 0 {
		within = s.done[len(s.done)-1]
	}
	switch {
	case slices.Contains(freeKeys, within):
		return strings.Join(path, "."), nil
	case within == instanceTypesKey && len(path) > 1:
		return strings.Join(path[:len(path)-1], "."), path[len(path)-1:]
	}
	return path[0], path[1:]
}

func (s *setter) putItem(n *doc.Node, path []string, with *doc.Node) {
	i, rest, ok := s.itemIndex(n, path)
	if !ok {
		return
	}
	s.done = append(s.done, strings.Join(path[:len(path)-len(rest)], "."))
	if i == len(n.Items) {
		n.Items = append(n.Items, &doc.Node{Pos: s.at})
	}
	if len(rest) == 0 {
		n.Items[i] = with
		return
	}
	s.put(n.Items[i], rest, with)
}

// itemIndex finds an item by its name, which may have dots, or by its index.
// The index behind the last item adds one.
func (s *setter) itemIndex(n *doc.Node, path []string) (int, []string, bool) {
	var names []string
	for i, item := range n.Items {
		named := item.Get("name")
		if named == nil || named.Kind != doc.Text {
			continue
		}
		parts := strings.Split(named.Scalar, ".")
		if len(path) >= len(parts) && slices.Equal(path[:len(parts)], parts) {
			return i, path[len(parts):], true
		}
		names = append(names, named.Scalar)
	}
	if isDecimal(path[0]) {
		i, err := strconv.Atoi(path[0])
		if err == nil && 0 <= i && i <= len(n.Items) {
			return i, path[1:], true
		}
		s.fail("has no item " + path[0] + ": it has " + strconv.Itoa(len(n.Items)))
		return 0, nil, false
	}
	if len(names) == 0 {
		s.fail("has no member " + path[0] + ": its items have no names; address them by index, from 0")
		return 0, nil, false
	}
	s.fail("has no member " + path[0] + s.didYouMean(path[0], names))
	return 0, nil, false
}

// setEnv applies NAME=value and NAME- to cni.env.
func (d *decoder) setEnv(root *doc.Node, options []string) {
	for _, o := range options {
		at := doc.Pos{Option: "--env " + o}
		name, text, ok := strings.Cut(o, "=")
		with := &doc.Node{Kind: doc.Text, Pos: at, Scalar: text}
		if !ok {
			name, ok = strings.CutSuffix(o, "-")
			with = &doc.Node{Kind: doc.Null, Pos: at}
		}
		if !ok || name == "" {
			d.add(at, "", "write NAME=value, or NAME- to unset")
			continue
		}
		s := setter{decoder: d, at: at}
		s.put(root, []string{"cni", "env", name}, with)
	}
}
