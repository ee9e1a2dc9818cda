package clients

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const document = "../../docs/clients.md"

const preface = `# Clients

Made by ` + "`make test-clients REWRITE=1`" + ` from what happened. Each of these programs runs a script against
` + "`tidegate serve`" + ` and against a PostgreSQL 15 with the same tables: two that pipelines made of the demo's logs, in
schema web, and hot-only ones of a warehouse, in schema shop. All log in with a password, by SCRAM-SHA-256. What it
prints of both must be the same, to the byte, but for the steps that are listed with a reason. The scripts are below
` + "`test/clients/testdata`" + `.

`

// moreHeading is before the clients that are not in CI.
const moreHeading = `# More clients

Run by ` + "`make test-clients-more`" + `, the same way, and not in CI: they come from PyPI and Maven Central.
`

// finding is what a run of a client showed.
type finding struct {
	client      *client
	version     string
	steps       []string
	differences []difference
}

// section is the part of docs/clients.md about one client.
func (f *finding) section() string {
	plain := strings.NewReplacer("*", `\*`)
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\nVersion %s.\n%s\n", f.client.name, f.version, fill(f.client.connect, ""))
	b.WriteString(fill("Ran: "+plain.Replace(strings.Join(f.steps, "; "))+".", ""))
	for _, missing := range []bool{true, false} {
		heading := map[bool]string{true: "\nDoes not work:\n\n", false: "\nIs Tidegate's own:\n\n"}[missing]
		for _, d := range f.differences {
			if d.missing == missing {
				b.WriteString(heading + fill("- "+plain.Replace(d.title)+": "+d.reason, "  "))
				heading = ""
			}
		}
	}
	return b.String()
}

// fill breaks lines; those after the first are indented.
func fill(text, indent string) string {
	const width = 118
	var b strings.Builder
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case len(line)+1+len(word) > width:
			b.WriteString(line + "\n")
			line = indent + word
		default:
			line += " " + word
		}
	}
	return b.String() + line + "\n"
}

// checkDocument compares docs/clients.md with what was found, or writes the sections of those that ran.
func checkDocument(t *testing.T, findings []finding) {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	if *rewrite {
		writeDocument(t, string(text), findings)
		return
	}
	for i := range findings {
		want := findings[i].section()
		got := sectionOf(string(text), findings[i].client.name)
		if diff := cmp.Diff(anyVersion(got), anyVersion(want)); diff != "" {
			t.Errorf("docs/clients.md is stale: make test-clients REWRITE=1 (-there +found):\n%s", diff)
		}
	}
}

func writeDocument(t *testing.T, text string, findings []finding) {
	t.Helper()
	var sections []string
	for i, c := range slices.Concat(allClients(), moreClients()) {
		if i == len(allClients()) {
			sections = append(sections, moreHeading)
		}
		section := sectionOf(text, c.name)
		if i := slices.IndexFunc(findings, func(f finding) bool { return f.client.name == c.name }); i >= 0 {
			section = findings[i].section()
		}
		if section == "" {
			t.Fatalf("%s is not written: it has nothing of %s, which did not run", document, c.name)
		}
		sections = append(sections, section)
	}
	if err := os.WriteFile(document, []byte(preface+strings.Join(sections, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
}

// anyVersion hides the version: another one with the same answers makes the document no less true.
func anyVersion(section string) string {
	return regexp.MustCompile(`Version [\d.]*\d\.`).ReplaceAllString(section, "Version x.")
}

// sectionOf cuts one client's part out of the document.
func sectionOf(text, name string) string {
	_, after, found := strings.Cut(text, "\n## "+name+"\n")
	if !found {
		return ""
	}
	section, _, _ := strings.Cut(after, "\n\n"+moreHeading)
	section, _, _ = strings.Cut(section, "\n\n## ")
	return "## " + name + "\n" + strings.TrimSuffix(section, "\n") + "\n"
}

// TestDocument wants a section for every client, in order.
func TestDocument(t *testing.T) {
	t.Parallel()
	if *rewrite {
		return // it is being written
	}
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, c := range slices.Concat(allClients(), moreClients()) {
		want = append(want, c.name)
	}
	for _, m := range regexp.MustCompile(`(?m)^## (.*)$`).FindAllStringSubmatch(string(text), -1) {
		got = append(got, m[1])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("clients of docs/clients.md (-want +got):\n%s", diff)
	}
}
