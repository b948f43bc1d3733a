package metrics

import (
	"encoding/json"
	"fmt"

	"vpcsim/sim"
)

// numbersJSON is how Numbers are kept: the values in the order of [All], null
// where one is unknown.
type numbersJSON struct {
	Values   []*int64   `json:"values"`
	Lasting  []sim.Kind `json:"lasting,omitempty"`
	Over     []sim.Kind `json:"over,omitempty"`
	Unpriced []string   `json:"unpriced,omitempty"`
	Failed   []int      `json:"failed,omitempty"`
}

// MarshalJSON writes the numbers for UnmarshalJSON of the same version.
func (n Numbers) MarshalJSON() ([]byte, error) {
	d := numbersJSON{Values: make([]*int64, len(n.values)), Lasting: n.Lasting, Over: n.Over, Unpriced: n.Unpriced, Failed: n.Failed}
	for i, v := range n.values {
		if v.Known {
			d.Values[i] = &v.N
		}
	}
	return json.Marshal(d)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (n *Numbers) UnmarshalJSON(data []byte) error {
	var d numbersJSON
	if err := json.Unmarshal(data, &d); err != nil {
		return err
	}
	if len(d.Values) != len(all) {
		return fmt.Errorf("%d numbers of a run, not %d", len(d.Values), len(all))
	}
	*n = Numbers{values: make([]Value, len(all)), Lasting: d.Lasting, Over: d.Over, Unpriced: d.Unpriced, Failed: d.Failed}
	for i, v := range d.Values {
		if v != nil {
			n.values[i] = Value{*v, true}
		}
	}
	return nil
}
