package replay

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"vpcsim/model"
	"vpcsim/sim"
)

// Decode reads a log written as JSON Lines, one event a line. It stops at the
// first error, which names the line. Empty lines are passed over.
func Decode(r io.Reader) iter.Seq2[sim.Event, error] {
	return func(yield func(sim.Event, error) bool) {
		lines := bufio.NewReaderSize(r, 1<<16)
		for number := 1; ; number++ {
			line, readErr := lines.ReadBytes('\n')
			if line = bytes.TrimSpace(line); len(line) > 0 {
				e, err := DecodeEvent(line)
				if err != nil {
					yield(sim.Event{}, fmt.Errorf("line %d: %w", number, err))
					return
				}
				if !yield(e, nil) {
					return
				}
			}
			if errors.Is(readErr, io.EOF) {
				return
			}
			if readErr != nil {
				yield(sim.Event{}, fmt.Errorf("line %d: %w", number, readErr))
				return
			}
		}
	}
}

// DecodeEvent reads one event. It is strict: an unknown type or field, a field
// that stands twice, a missing seq, atMs or type is an error.
func DecodeEvent(data []byte) (sim.Event, error) {
	head, fields, err := split(data)
	if err != nil {
		return sim.Event{}, err
	}
	decode := decoders[head.typ]
	if decode == nil {
		return sim.Event{}, fmt.Errorf("unknown type of event %q", head.typ)
	}
	body, err := decode(fields)
	if err != nil {
		return sim.Event{}, fmt.Errorf("%s: %w", head.typ, err)
	}
	return sim.Event{Seq: head.seq, At: head.at, Node: head.node, Body: body}, nil
}

// head is what every event says.
type head struct {
	seq  int64
	at   model.Instant
	typ  sim.EventType
	node model.NodeName
}

// split takes an event's line apart: the head, and an object of the rest.
func split(data []byte) (head, []byte, error) {
	var h head
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return h, nil, errors.New("an event is a JSON object")
	}
	seen := map[string]bool{}
	rest := make([]byte, 1, len(data))
	rest[0] = '{'
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return h, nil, err
		}
		key := t.(string) // the decoder lets nothing else be a key
		if seen[key] {
			return h, nil, fmt.Errorf("%q stands twice", key)
		}
		seen[key] = true
		var into any
		switch key {
		case "seq":
			into = &h.seq
		case "atMs":
			into = &h.at
		case "type":
			into = &h.typ
		case "node":
			into = &h.node
		}
		if into != nil {
			if err := d.Decode(into); err != nil {
				return h, nil, fmt.Errorf("%s: %w", key, err)
			}
			continue
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return h, nil, fmt.Errorf("%s: %w", key, err)
		}
		if len(rest) > 1 {
			rest = append(rest, ',')
		}
		name, err := json.Marshal(key)
		if err != nil {
			return h, nil, err
		}
		rest = append(append(append(rest, name...), ':'), value...)
	}
	if _, err := d.Token(); err != nil {
		return h, nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return h, nil, errors.New("more than one event on the line")
	}
	for _, key := range []string{"seq", "atMs", "type"} {
		if !seen[key] {
			return h, nil, fmt.Errorf("%q is missing", key)
		}
	}
	return h, append(rest, '}'), nil
}

// decodeAs decodes an event's own fields.
func decodeAs[B sim.Body](fields []byte) (sim.Body, error) {
	var b B
	d := json.NewDecoder(bytes.NewReader(fields))
	d.DisallowUnknownFields()
	if err := d.Decode(&b); err != nil {
		return nil, err
	}
	return b, nil
}

// decodeConfigured restores the cooldown, which the settings leave to the
// event's own field.
func decodeConfigured(fields []byte) (sim.Body, error) {
	body, err := decodeAs[sim.AgentConfigured](fields)
	if err != nil {
		return nil, err
	}
	b := body.(sim.AgentConfigured)
	b.Settings.Cooldown = time.Duration(b.CooldownMs) * time.Millisecond
	return b, nil
}

// decodePoolConfigured likewise.
func decodePoolConfigured(fields []byte) (sim.Body, error) {
	body, err := decodeAs[sim.PoolConfigured](fields)
	if err != nil {
		return nil, err
	}
	b := body.(sim.PoolConfigured)
	b.Settings.Cooldown = time.Duration(b.CooldownMs) * time.Millisecond
	return b, nil
}

var decoders = map[sim.EventType]func([]byte) (sim.Body, error){
	sim.TypeRunStarted:           decodeAs[sim.RunStarted],
	sim.TypeRunEnded:             decodeAs[sim.RunEnded],
	sim.TypeNodeLaunched:         decodeAs[sim.NodeLaunched],
	sim.TypeNodeReady:            decodeAs[sim.NodeReady],
	sim.TypeNodeNotReady:         decodeAs[sim.NodeNotReady],
	sim.TypeNodeCordoned:         decodeAs[sim.NodeCordoned],
	sim.TypeNodeUncordoned:       decodeAs[sim.NodeUncordoned],
	sim.TypeNodeTerminated:       decodeAs[sim.NodeTerminated],
	sim.TypeAgentConfigured:      decodeConfigured,
	sim.TypePoolConfigured:       decodePoolConfigured,
	sim.TypeAgentStarted:         decodeAs[sim.AgentStarted],
	sim.TypeAgentExited:          decodeAs[sim.AgentExited],
	sim.TypeENIAttached:          decodeAs[sim.ENIAttached],
	sim.TypeENIDetached:          decodeAs[sim.ENIDetached],
	sim.TypeAddressesAdded:       decodeAs[sim.AddressesAdded],
	sim.TypeAddressesRemoved:     decodeAs[sim.AddressesRemoved],
	sim.TypeENICreated:           decodeAs[sim.ENICreated],
	sim.TypeENIDeleted:           decodeAs[sim.ENIDeleted],
	sim.TypeENIExcluded:          decodeAs[sim.ENIExcluded],
	sim.TypeTrunkSignalled:       decodeAs[sim.TrunkSignalled],
	sim.TypeTrunkFailed:          decodeAs[sim.TrunkFailed],
	sim.TypeBranchRequested:      decodeAs[sim.BranchRequested],
	sim.TypeBranchCreated:        decodeAs[sim.BranchCreated],
	sim.TypeBranchFailed:         decodeAs[sim.BranchFailed],
	sim.TypeBranchQueued:         decodeAs[sim.BranchQueued],
	sim.TypeBranchDeleted:        decodeAs[sim.BranchDeleted],
	sim.TypePoolGrow:             decodeAs[sim.PoolGrow],
	sim.TypePoolShrink:           decodeAs[sim.PoolShrink],
	sim.TypePoolFree:             decodeAs[sim.PoolFree],
	sim.TypePoolSkip:             decodeAs[sim.PoolSkip],
	sim.TypeEC2Call:              decodeAs[sim.EC2Call],
	sim.TypeEC2Returned:          decodeAs[sim.EC2Returned],
	sim.TypePodCreated:           decodeAs[sim.PodCreated],
	sim.TypePodBound:             decodeAs[sim.PodBound],
	sim.TypePodUnschedulable:     decodeAs[sim.PodUnschedulable],
	sim.TypePodSetupFailed:       decodeAs[sim.PodSetupFailed],
	sim.TypePodAddressed:         decodeAs[sim.PodAddressed],
	sim.TypePodReady:             decodeAs[sim.PodReady],
	sim.TypePodDeleted:           decodeAs[sim.PodDeleted],
	sim.TypePodReleased:          decodeAs[sim.PodReleased],
	sim.TypePodCompleted:         decodeAs[sim.PodCompleted],
	sim.TypeTaskCreated:          decodeAs[sim.TaskCreated],
	sim.TypeTaskPlaced:           decodeAs[sim.TaskPlaced],
	sim.TypeTaskUnplaceable:      decodeAs[sim.TaskUnplaceable],
	sim.TypeTaskFailed:           decodeAs[sim.TaskFailed],
	sim.TypeTaskAddressed:        decodeAs[sim.TaskAddressed],
	sim.TypeTaskReady:            decodeAs[sim.TaskReady],
	sim.TypeTaskDeleted:          decodeAs[sim.TaskDeleted],
	sim.TypeTaskReleased:         decodeAs[sim.TaskReleased],
	sim.TypeTaskCompleted:        decodeAs[sim.TaskCompleted],
	sim.TypeSubnetTagged:         decodeAs[sim.SubnetTagged],
	sim.TypeControllerConfigured: decodeAs[sim.ControllerConfigured],
	sim.TypeControllerRestarted:  decodeAs[sim.ControllerRestarted],
	sim.TypeFaultBegan:           decodeAs[sim.FaultBegan],
	sim.TypeFaultEnded:           decodeAs[sim.FaultEnded],
	sim.TypeScaledUp:             decodeAs[sim.AutoscalerScaledUp],
	sim.TypeNotScaledUp:          decodeAs[sim.AutoscalerNotScaledUp],
	sim.TypeExhaustionBegan:      decodeAs[sim.ExhaustionBegan],
	sim.TypeExhaustionEnded:      decodeAs[sim.ExhaustionEnded],
}
