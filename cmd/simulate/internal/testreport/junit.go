package testreport

import (
	"encoding/xml"
	"io"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	File     string      `xml:"file,attr,omitempty"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name      string        `xml:"name,attr"`
	Class     string        `xml:"classname,attr"`
	File      string        `xml:"file,attr,omitempty"`
	Line      int           `xml:"line,attr,omitempty"`
	Failure   *junitFailure `xml:"failure"`
	Error     *junitFailure `xml:"error"`
	SystemOut string        `xml:"system-out,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// JUnit writes the report as CI systems read it: a suite for each scenario with
// a case for each expectation. There are no times in it: the same scenarios give
// the same bytes.
func (r *Report) JUnit(w io.Writer) error {
	all := junitSuites{Name: "simulate test"}
	for _, c := range r.Cases {
		s := suiteOf(c)
		all.Suites = append(all.Suites, s)
		all.Tests += s.Tests
		all.Failures += s.Failures
		all.Errors += s.Errors
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func suiteOf(c *Case) junitSuite {
	s := junitSuite{Name: c.File, File: c.Path}
	add := func(one junitCase) {
		one.Class, one.File = c.Name, c.Path
		s.Cases = append(s.Cases, one)
		s.Tests++
		if one.Failure != nil {
			s.Failures++
		}
		if one.Error != nil {
			s.Errors++
		}
	}
	switch {
	case len(c.Mistakes) > 0:
		add(junitCase{Name: "loads", Line: c.Mistakes[0].Line, Error: &junitFailure{c.Mistakes[0].Error(), c.Mistakes.Error()}})
	case c.Err != nil:
		add(junitCase{Name: "runs", Error: &junitFailure{c.Err.Error(), ""}})
	case len(c.Results) == 0:
		add(junitCase{Name: "runs", SystemOut: "no expectations; " + c.Verdict})
	}
	for _, result := range c.Results {
		one := junitCase{Name: result.That + " (" + result.When() + ")", Line: result.Line}
		if !result.OK {
			one.Failure = &junitFailure{result.Failure(), failureText(result)}
		}
		add(one)
	}
	if c.Golden.Compared() {
		one := junitCase{Name: "golden"}
		if c.Golden.State == GoldenDiffers {
			one.Failure = &junitFailure{c.Golden.File + " differs", c.Golden.Diff}
		}
		add(one)
	}
	return s
}
