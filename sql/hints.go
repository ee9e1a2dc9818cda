package sql

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// hintWord is one word of a hint comment: name(value) or name('value').
var hintWord = regexp.MustCompile(`^\s*([A-Za-z_]+)\s*(?:\(\s*(?:'([^']*)'|([^()']*?))\s*\))?\s*,?`)

// readHints collects what the comments /*+ tidegate … */ among the tokens ask for. What is not understood becomes
// a warning, never an error: other products read such comments too, but ours begin with our name.
func readHints(text string, tokens []*pg_query.ScanToken) Hints {
	var h Hints
	for _, t := range tokens {
		if t.Token != pg_query.Token_C_COMMENT {
			continue
		}
		c := strings.TrimSuffix(strings.TrimPrefix(text[t.Start:t.End], "/*"), "*/")
		c, ok := strings.CutPrefix(c, "+")
		if !ok {
			continue
		}
		words, ok := strings.CutPrefix(strings.TrimSpace(c), "tidegate")
		if ok && (words == "" || strings.ContainsAny(words[:1], " \t\r\n,")) {
			h.read(words)
		}
	}
	return h
}

func (h *Hints) read(words string) {
	for words = strings.TrimSpace(words); words != ""; words = strings.TrimSpace(words) {
		m := hintWord.FindStringSubmatch(words)
		if m == nil {
			h.warn("hint %q is not understood", words)
			return
		}
		h.set(strings.ToLower(m[1]), m[2]+strings.TrimSpace(m[3]))
		words = words[len(m[0]):]
	}
}

func (h *Hints) set(name, value string) {
	low := strings.ToLower(value)
	switch {
	case name == "latency" && (low == "interactive" || low == "standard" || low == "archive"):
		h.Latency = low
	case name == "latency":
		h.warn("hint latency(%s) is not one of interactive, standard, archive", value)
	case name == "engine" && (low == "hot" || low == "cold"):
		h.Engine = low
	case name == "engine":
		h.warn("hint engine(%s) is not one of hot, cold", value)
	case name == "max_scan":
		n, ok := parseBytes(value)
		if !ok {
			h.warn("hint max_scan(%s) is not a size like '10GB'", value)
			return
		}
		h.MaxScan = n
	default:
		h.warn("hint %q is not known: latency, engine, max_scan are", name)
	}
}

func (h *Hints) warn(format string, args ...any) {
	h.Warnings = append(h.Warnings, fmt.Sprintf(format, args...))
}

// byteUnits are PostgreSQL's units of memory settings: powers of 1024, written with or without the i.
var byteUnits = map[string]int64{
	"": 1, "b": 1, "kb": 1 << 10, "kib": 1 << 10, "mb": 1 << 20, "mib": 1 << 20,
	"gb": 1 << 30, "gib": 1 << 30, "tb": 1 << 40, "tib": 1 << 40,
}

func parseBytes(s string) (int64, bool) {
	s = strings.TrimSpace(s)
	digits := strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ")
	unit, ok := byteUnits[strings.ToLower(strings.TrimSpace(s[len(digits):]))]
	n, err := strconv.ParseFloat(digits, 64)
	if !ok || err != nil || !(n > 0) || n*float64(unit) >= 1<<62 {
		return 0, false
	}
	return int64(n * float64(unit)), true
}
