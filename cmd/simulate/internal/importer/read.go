package importer

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"vpcsim/scenarios"
)

// MaxBytes bounds a file of JSON; one of YAML is bounded as a scenario is.
const MaxBytes = 256 << 20

// Snapshot is what files say of a cluster.
type Snapshot struct {
	nodes       []*node
	pods        []*pod
	workloads   []*workload
	cronJobs    []*cronJob
	accounts    []*serviceAccount
	eniConfigs  []*eniConfig
	policies    []*securityGroupPolicy
	pools       []*nodePool
	classes     []*nodeClass
	daemon      *workload  // aws-node
	config      *configMap // amazon-vpc-cni
	values      []*values
	addon       *addon
	cluster     *cluster
	subnets     []*subnet
	vpcs        []*vpc
	reserved    []*reservation
	interfaces  []*networkInterface
	instances   []*instance
	types       []*instanceType
	have        map[string]bool // kinds that were there, empty lists included
	seen        map[string]bool // objects
	unread      map[string]int  // objects by kind that have no bearing
	guesses     *guesses
	readFrom    map[any]string // the file of an object that is spoken of
	valuesFiles []string
	cutShort    map[string]error // lists of which a part was there that is not the last
	lastPage    map[string]bool
}

// NewSnapshot returns an empty one.
func NewSnapshot() *Snapshot {
	return &Snapshot{have: map[string]bool{}, seen: map[string]bool{}, unread: map[string]int{}, guesses: newGuesses(), readFrom: map[any]string{}, cutShort: map[string]error{}, lastPage: map[string]bool{}}
}

// Read takes a file in: JSON or YAML, one object or many, lists of objects, and
// what AWS' commands print. The error names the file, and the place or the
// object.
func (s *Snapshot) Read(file string, data []byte) error {
	if bytes.HasPrefix(data, []byte("\x1f\x8b")) {
		return fmt.Errorf("%s: is compressed: unpack it first, gunzip -c %s > FILE", file, file)
	}
	data = bytes.TrimPrefix(plainUTF8(data), []byte("\ufeff"))
	trimmed := bytes.TrimSpace(data)
	if len(trimmed) == 0 {
		return fmt.Errorf("%s: is empty; did the command that wrote it fail?", file)
	}
	if line, ok := failedCommand(trimmed); ok {
		return fmt.Errorf("%s: holds the error of a command, and not what it was asked for: %s", file, line)
	}
	if trimmed[0] == '{' || trimmed[0] == '[' {
		return s.readJSON(file, data)
	}
	return s.readYAML(file, data)
}

// plainUTF8 turns UTF-16, which PowerShell's > writes, into UTF-8.
func plainUTF8(data []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	default:
		return data
	}
	units := make([]uint16, 0, len(data)/2)
	for i := 2; i+1 < len(data); i += 2 {
		units = append(units, order.Uint16(data[i:]))
	}
	return []byte(string(utf16.Decode(units)))
}

// failures begin what kubectl and aws write instead of a result.
var failures = regexp.MustCompile(`(?i)^(an error occurred \(|error:|error from server|unable to (connect|locate)|the connection to the server|usage: aws|aws: error|the config profile|no resources found)`)

func failedCommand(data []byte) (line string, ok bool) {
	if !failures.Match(data[:min(len(data), 100)]) {
		return "", false
	}
	first, _, _ := bytes.Cut(data, []byte("\n"))
	return printable(string(first), 300), true
}

// printable is a text as a message may have it.
func printable(text string, most int) string {
	text = strings.Map(func(c rune) rune {
		if c < ' ' || c == utf8.RuneError || c == 0x7f {
			return ' '
		}
		return c
	}, text)
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

func (s *Snapshot) readJSON(file string, data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	for first := true; ; first = false {
		var raw json.RawMessage
		err := d.Decode(&raw)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			if first && unquoted.Match(data) && len(data) <= scenarios.MaxBytes && s.readYAML(file, data) == nil {
				return nil
			}
			return jsonError(file, data, err, d.InputOffset())
		}
		if err := s.value(file, raw); err != nil {
			return err
		}
	}
}

// jsonError says where the text stops to be JSON.
func jsonError(file string, data []byte, err error, offset int64) error {
	message := err.Error()
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset - 1
		message = strings.TrimPrefix(syntax.Error(), "json: ")
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(message, "unexpected end") {
		offset = int64(len(bytes.TrimRight(data, " \t\r\n")))
		message = fmt.Sprintf("the file ends in the middle of a value, after %d bytes: it was cut; write it again, and look whether the command ended well and the disk has room", len(data))
	}
	offset = max(0, min(offset, int64(len(data))))
	before := data[:offset]
	start := bytes.LastIndexByte(before, '\n') + 1
	line := bytes.Count(before, []byte("\n")) + 1
	rest, _, _ := bytes.Cut(data[start:], []byte("\n"))
	from := max(0, int(offset)-start-60)
	excerpt := printable(string(rest[min(from, len(rest)):min(len(rest), from+120)]), 120)
	caret := utf8.RuneCount(data[min(start+from, len(data)):offset])
	return scenarios.Errors{{
		File: file, Line: line, Column: utf8.RuneCount(data[start:offset]) + 1,
		Message: message, Excerpt: excerpt + "\n" + strings.Repeat(" ", caret) + "^",
	}}
}

// unquoted is a mapping in YAML's flow style, {a: b}. A key in quotes is JSON's:
// what YAML makes of JSON with a mistake in it is something else.
var unquoted = regexp.MustCompile(`^\s*\{\s*[A-Za-z_]`)

var separator = regexp.MustCompile(`(?m)^---([ \t].*)?\r?$`)

// readYAML reads the documents of a file.
func (s *Snapshot) readYAML(file string, data []byte) error {
	if len(data) > scenarios.MaxBytes {
		return fmt.Errorf("%s: has %d MiB of YAML; at most %d are read, and %d of JSON: ask for -o json", file, len(data)>>20, scenarios.MaxBytes>>20, MaxBytes>>20)
	}
	cuts := append(separator.FindAllIndex(data, -1), []int{len(data), len(data)})
	start, line := 0, 1
	for _, cut := range cuts {
		v, err := scenarios.ReadYAML(file, data[start:cut[0]], line)
		if err != nil {
			return err
		}
		line += bytes.Count(data[start:cut[1]], []byte("\n"))
		start = cut[1]
		if v == nil {
			continue
		}
		raw, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if err := s.value(file, raw); err != nil {
			return err
		}
	}
	return nil
}

// value takes an object, or a list of some.
func (s *Snapshot) value(file string, raw json.RawMessage) error {
	switch raw = bytes.TrimSpace(raw); raw[0] {
	case '{':
	case '[':
		var items []json.RawMessage
		if err := json.Unmarshal(raw, &items); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		for _, item := range items {
			if err := s.value(file, item); err != nil {
				return err
			}
		}
		return nil
	default:
		text := string(raw)
		_ = json.Unmarshal(raw, &text) // as it stands in the file, where it is text
		return fmt.Errorf("%s: is no object but %q: ask kubectl for -o json and aws for --output json", file, printable(text, 60))
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if kind, ok := fields["kind"]; ok {
		return s.kubernetes(file, kind, raw, fields)
	}
	return s.aws(file, raw, fields)
}

// kubernetes takes an object of Kubernetes, or a List.
func (s *Snapshot) kubernetes(file string, rawKind, raw json.RawMessage, fields map[string]json.RawMessage) error {
	var kind string
	if err := json.Unmarshal(rawKind, &kind); err != nil || kind == "" {
		return fmt.Errorf("%s: kind: must be text", file)
	}
	if kind == "Status" {
		var status struct{ Status, Message string }
		_ = json.Unmarshal(raw, &status) // whatever it says, it is no result
		return fmt.Errorf("%s: holds the error of a command, and not what it was asked for: %s", file, printable(status.Message, 300))
	}
	_, isList := fields["items"]
	of, ok := strings.CutSuffix(kind, "List")
	if !isList || !ok {
		return s.object(file, kind, raw)
	}
	var list struct {
		Metadata struct{ Continue string }
		Items    []json.RawMessage
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return fmt.Errorf("%s: items: must be a list: %w", file, err)
	}
	s.page(kind, list.Metadata.Continue != "", fmt.Errorf("%s: %s is a part of a longer list (metadata.continue), whose last part is missing: add it, or ask kubectl without a limit", file, kind))
	s.have[of] = true
	for i, item := range list.Items {
		var head struct{ Kind string }
		if err := json.Unmarshal(item, &head); err != nil {
			return fmt.Errorf("%s: items[%d]: is no object", file, i)
		}
		if head.Kind == "" {
			head.Kind = of
		}
		if head.Kind == "" {
			return fmt.Errorf("%s: items[%d]: has no kind", file, i)
		}
		if err := s.object(file, head.Kind, item); err != nil {
			return err
		}
	}
	return nil
}

// page notes a part of a list; the last one has no more behind it.
func (s *Snapshot) page(list string, more bool, missing error) {
	switch {
	case !more:
		s.lastPage[list] = true
	case s.cutShort[list] == nil:
		s.cutShort[list] = missing
	}
}

// incomplete is the first list whose last part is missing, in the order of their
// names.
func (s *Snapshot) incomplete() error {
	for _, list := range slices.Sorted(maps.Keys(s.cutShort)) {
		if !s.lastPage[list] {
			return s.cutShort[list]
		}
	}
	return nil
}

// apiGroups are the API groups of the kinds that are read; other groups have
// kinds of the same names.
var apiGroups = map[string][]string{
	"Node": {""}, "Pod": {""}, "ServiceAccount": {""}, "ConfigMap": {""}, "ReplicationController": {""},
	"Deployment": {"apps", "extensions"}, "ReplicaSet": {"apps", "extensions"}, "DaemonSet": {"apps", "extensions"}, "StatefulSet": {"apps"},
	"Job": {"batch"}, "CronJob": {"batch"}, "ENIConfig": {"crd.k8s.amazonaws.com"}, "SecurityGroupPolicy": {"vpcresources.k8s.aws"},
	"NodePool": {"karpenter.sh"}, "EC2NodeClass": {"karpenter.k8s.aws"},
}

// object takes one object of Kubernetes.
func (s *Snapshot) object(file, kind string, raw json.RawMessage) error {
	var head struct{ APIVersion string }
	_ = json.Unmarshal(raw, &head) // what is no text is said where the object is taken
	group, _, grouped := strings.Cut(head.APIVersion, "/")
	if !grouped {
		group = ""
	}
	if groups := apiGroups[kind]; head.APIVersion != "" && groups != nil && !slices.Contains(groups, group) {
		s.unread[kind+" of "+cmp.Or(group, head.APIVersion)]++
		return nil
	}
	s.have[kind] = true
	switch kind {
	case "Node":
		return take(s, file, kind, raw, &s.nodes)
	case "Pod":
		return take(s, file, kind, raw, &s.pods)
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "ReplicationController":
		if err := take(s, file, kind, raw, &s.workloads); err != nil {
			return err
		}
		w := s.workloads[len(s.workloads)-1]
		if w.kind == "" {
			w.kind = kind
		}
		if kind == "DaemonSet" && w.Name == agentName && s.daemon == nil {
			s.daemon = w
		}
		return nil
	case "CronJob":
		return take(s, file, kind, raw, &s.cronJobs)
	case "ServiceAccount":
		return take(s, file, kind, raw, &s.accounts)
	case "ENIConfig":
		return take(s, file, kind, raw, &s.eniConfigs)
	case "SecurityGroupPolicy":
		return take(s, file, kind, raw, &s.policies)
	case "NodePool":
		return take(s, file, kind, raw, &s.pools)
	case "EC2NodeClass":
		return take(s, file, kind, raw, &s.classes)
	case "ConfigMap":
		var all []*configMap
		if err := take(s, file, kind, raw, &all); err != nil {
			return err
		}
		for _, c := range all {
			if c.Name == "amazon-vpc-cni" {
				s.config = c
			}
		}
		return nil
	}
	s.unread[kind]++
	return nil
}

// named is an object with a name.
type named interface{ id() string }

// take decodes an object and adds it to the others; the same one a second time
// is left out.
func take[T any, P interface {
	*T
	named
}](s *Snapshot, file, kind string, raw json.RawMessage, into *[]P) error {
	one := P(new(T))
	if err := json.Unmarshal(raw, one); err != nil {
		var head struct{ Metadata meta }
		_ = json.Unmarshal(raw, &head) // what is readable of its name
		return fmt.Errorf("%s: %s %s: %s", file, kind, printable(head.Metadata.id(), 100), plainError(err))
	}
	if one.id() == "" {
		return fmt.Errorf("%s: %s: has no metadata.name", file, kind)
	}
	if key := kind + " " + one.id(); s.seen[key] {
		s.guesses.add("given twice; the first holds", key)
		if len(*into) > 0 {
			return nil
		}
	} else {
		s.seen[key] = true
	}
	*into = append(*into, one)
	s.readFrom[one] = file
	return nil
}

// plainError says of a decoder's error what matters to the file's owner.
func plainError(err error) string {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Sprintf("%s: must be %s, not %s", strings.ReplaceAll(wrong.Field, "meta.", ""), plainKind(wrong.Type.Kind()), wrong.Value)
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

// plainKind is a kind of value in words.
func plainKind(k reflect.Kind) string {
	switch k {
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Slice:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	}
	return k.String()
}

// aws takes what a command of AWS prints, one of its items, or the values of
// the CNI's chart.
func (s *Snapshot) aws(file string, raw json.RawMessage, fields map[string]json.RawMessage) error {
	token, more := fields["NextToken"]
	more = more && string(token) != "null" && string(token) != `""`
	known := false
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		var err error
		switch value := fields[name]; name {
		case "Subnets":
			err = takeList(s, file, name, value, &s.subnets)
		case "Vpcs":
			err = takeList(s, file, name, value, &s.vpcs)
		case "NetworkInterfaces":
			if _, ofInstance := fields["InstanceId"]; ofInstance {
				continue
			}
			err = takeList(s, file, name, value, &s.interfaces)
		case "SubnetIpv4CidrReservations":
			err = takeList(s, file, name, value, &s.reserved)
		case "InstanceTypes":
			err = takeList(s, file, name, value, &s.types)
		case "SubnetIpv6CidrReservations":
		case "Reservations":
			var all []struct{ Instances []*instance }
			if err = json.Unmarshal(value, &all); err == nil {
				s.have[name] = true // the name of their list
				for _, r := range all {
					for _, in := range withoutNil(r.Instances) {
						s.readFrom[in] = file
						s.instances = append(s.instances, in)
					}
				}
			}
		case "addon":
			err = s.takeAddon(file, value)
		case "cluster":
			err = json.Unmarshal(value, &s.cluster)
		default:
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %s: %s", file, name, plainError(err))
		}
		known = true
		s.page(name, more, fmt.Errorf("%s: %s is a part of a longer list (NextToken), whose last part is missing: add it, or ask aws without --max-items and --no-paginate", file, name))
	}
	if known {
		return nil
	}
	return s.item(file, raw, fields)
}

// item takes a single object of AWS, as --query leaves it, or values.
func (s *Snapshot) item(file string, raw json.RawMessage, fields map[string]json.RawMessage) error {
	has := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(n string) bool { _, ok := fields[n]; return !ok })
	}
	list := json.RawMessage("[" + string(raw) + "]")
	var err error
	switch {
	case has("NetworkInterfaceId", "SubnetId"):
		err = takeList(s, file, "NetworkInterfaces", list, &s.interfaces)
	case has("InstanceId", "InstanceType"):
		err = takeList(s, file, "Reservations", list, &s.instances)
	case has("SubnetId", "CidrBlock"):
		err = takeList(s, file, "Subnets", list, &s.subnets)
	case has("VpcId", "CidrBlock"):
		err = takeList(s, file, "Vpcs", list, &s.vpcs)
	case has("env") || has("init") || has("eniConfig") || has("branchENICooldown") || has("enableWindowsIpam"):
		return s.takeValues(file, raw)
	case has("aws-vpc-cni"): // of a chart that has this one in it
		return s.takeValues(file, fields["aws-vpc-cni"])
	case has("apiVersion"):
		return fmt.Errorf("%s: an object without a kind", file)
	default:
		names := slices.Sorted(maps.Keys(fields))
		if len(names) > 5 {
			names = append(names[:5], "…")
		}
		what := "its fields are " + strings.Join(names, ", ")
		if len(names) == 0 {
			what = "it has no fields"
		}
		return fmt.Errorf("%s: nothing that is known: %s; expected is what kubectl get -o json and aws ec2 describe-… print, manifests, or values of the CNI's chart (env, eniConfig)",
			file, printable(what, 200))
	}
	if err != nil {
		return fmt.Errorf("%s: %s", file, plainError(err))
	}
	return nil
}

func takeList[T any](s *Snapshot, file, name string, raw json.RawMessage, into *[]*T) error {
	var all []*T
	if err := json.Unmarshal(raw, &all); err != nil {
		return err
	}
	s.have[name] = true
	for _, one := range withoutNil(all) {
		s.readFrom[one] = file
		*into = append(*into, one)
	}
	return nil
}

func withoutNil[T any](all []*T) []*T {
	return slices.DeleteFunc(all, func(one *T) bool { return one == nil })
}

func (s *Snapshot) takeAddon(file string, raw json.RawMessage) error {
	if err := json.Unmarshal(raw, &s.addon); err != nil || s.addon == nil {
		return err
	}
	if name := s.addon.AddonName; name != "" && name != "vpc-cni" {
		s.addon = nil
		return nil
	}
	if text := s.addon.ConfigurationValues; strings.TrimSpace(text) != "" {
		return s.Read(file+" (configurationValues)", []byte(text))
	}
	return nil
}

func (s *Snapshot) takeValues(file string, raw json.RawMessage) error {
	var v values
	if err := json.Unmarshal(raw, &v); err != nil {
		return fmt.Errorf("%s: %s", file, plainError(err))
	}
	s.values = append(s.values, &v)
	s.valuesFiles = append(s.valuesFiles, file)
	return nil
}

// knowsPods reports whether the files tell which pods the cluster has. Manifests of
// pods, which are on no node and have no phase, do not.
func (s *Snapshot) knowsPods() bool {
	return s.have["Pod"] && (len(s.pods) == 0 || slices.ContainsFunc(s.pods, func(p *pod) bool {
		return p.CreationTimestamp != "" || p.Spec.NodeName != "" || p.Status.Phase != ""
	}))
}

// podSpecs are the specs of all pods, and of those that workloads would make.
func (s *Snapshot) podSpecs(yield func(*podSpec) bool) {
	for _, p := range s.pods {
		if !yield(&p.Spec) {
			return
		}
	}
	for _, w := range s.workloads {
		if !yield(&w.Spec.Template.Spec) {
			return
		}
	}
	for _, c := range s.cronJobs {
		if !yield(&c.Spec.JobTemplate.Spec.Template.Spec) {
			return
		}
	}
}
