package mbtiles

import (
	"fmt"
	"strings"
)

// A Severity says what a finding means for the use of a pack.
type Severity string

// Broken: the pack cannot be served. Wrong: it is served, and something in it is not as the specification says.
const (
	Broken Severity = "broken"
	Wrong  Severity = "wrong"
)

// A Finding is one thing that is not right with a file, in words for the person who has to mend it.
type Finding struct {
	Severity Severity `json:"severity"`
	Subject  string   `json:"subject"` // "file", "tiles", "metadata", or a metadata field as "metadata.bounds"
	Text     string   `json:"text"`
}

// String returns the finding as a line.
func (f Finding) String() string { return f.Subject + ": " + f.Text }

// FirstBroken returns the first finding that makes a pack useless, and false if none does.
func FirstBroken(findings []Finding) (Finding, bool) {
	for _, f := range findings {
		if f.Severity == Broken {
			return f, true
		}
	}
	return Finding{}, false
}

// A report collects findings. A file that is wrong everywhere is told of a hundred times at most.
type report struct{ findings []Finding }

const maxFindings = 100

func (r *report) broken(subject, format string, args ...any) { r.add(Broken, subject, format, args) }
func (r *report) wrong(subject, format string, args ...any)  { r.add(Wrong, subject, format, args) }

func (r *report) add(severity Severity, subject, format string, args []any) {
	if len(r.findings) < maxFindings {
		text := strings.ToValidUTF8(fmt.Sprintf(format, args...), "�")
		r.findings = append(r.findings, Finding{severity, subject, text})
	}
}

func (r *report) firstBroken() string {
	finding, _ := FirstBroken(r.findings)
	return "mbtiles: " + finding.String()
}
