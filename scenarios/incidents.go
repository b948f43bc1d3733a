package scenarios

import (
	"encoding/json"
	"fmt"
)

const incidentsFolder = libraryFolder + "incidents/"

// Incident is something that happened to users of the VPC CNI, and that they
// told of in public.
type Incident struct {
	// ID is the name of the report, "cni-2896": where it stands and its number.
	ID    string `json:"id"`
	Title string `json:"title"`
	// URL is the report.
	URL string `json:"url"`
	// Confidence says how well the cause is known from the report: high, or
	// medium where nobody confirmed it.
	Confidence string `json:"confidence"`
	// NotCovered says why there is no scenario of it; empty where there is.
	NotCovered string `json:"notCovered,omitempty"`
}

// Scenario is the name of the library's scenario that shows what happened, and
// Cured of the one with the cure. Both are empty where there is none.
func (i Incident) Scenario() string { return i.named("") }

// Cured is the name of the scenario with the cure.
func (i Incident) Cured() string { return i.named("-cured") }

func (i Incident) named(suffix string) string {
	if i.NotCovered != "" {
		return ""
	}
	return "incident-" + i.ID + suffix
}

// Incidents returns the incidents that the library knows, those without a
// scenario included.
func Incidents() []Incident {
	data, err := libraryFiles.ReadFile(incidentsFolder + "incidents.json")
	if err != nil {
		panic(fmt.Sprintf("the embedded incidents cannot be read: %v", err))
	}
	var all []Incident
	if err := json.Unmarshal(data, &all); err != nil {
		panic(fmt.Sprintf("incidents.json: %v", err))
	}
	return all
}
