package main

import (
	"fmt"
	"io"
	"strings"

	"tidegate/catalog"
)

// printNotes writes what batches of a table noted: a line for each kind of note.
func printNotes(out io.Writer, table string, n catalog.Notes) error {
	for _, b := range n.Broken {
		what := "warning"
		if b.Accepted {
			what = "accepted"
		}
		if _, err := fmt.Fprintf(out, "%s: %s: %s\n", table, what, b); err != nil {
			return err
		}
	}
	if n.Overrun != nil {
		if _, err := fmt.Fprintf(out, "%s: overrun: %s\n", table, n.Overrun); err != nil {
			return err
		}
	}
	if n.Unknown == nil {
		return nil
	}
	counts := n.Unknown.Fields
	names := catalog.ByFrequency(counts)
	for i, name := range names {
		names[i] = fmt.Sprintf("%q %d", name, counts[name])
	}
	if n.Unknown.More > 0 {
		names = append(names, fmt.Sprintf("others %d", n.Unknown.More))
	}
	_, err := fmt.Fprintf(out, "%s: fields that the pipeline does not name: %s\n", table, strings.Join(names, ", "))
	return err
}
