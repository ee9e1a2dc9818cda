package duck

import (
	"errors"
	"regexp"
	"strings"

	"tidegate/internal/pgerr"
)

// SQLSTATEs that only DuckDB's errors lead to.
const (
	codeInvalidLogArgument   pgerr.Code = "2201E"
	codeInvalidPowerArgument pgerr.Code = "2201F"
	codeConstraint           pgerr.Code = "23000"
	codeSerialization        pgerr.Code = "40001"
	codeSyntaxOrAccessRule   pgerr.Code = "42000"
	codeCannotCoerce         pgerr.Code = "42846"
	codeDuplicateTable       pgerr.Code = "42P07"
)

// closedResult begins the text of every error in mid-stream; the real one follows after "Error: ".
const closedResult = "Attempting to execute an unsuccessful or closed pending query result"

var (
	// errorClass is the word before " Error: " in DuckDB's texts: "Conversion Error: Could not …".
	errorClass = regexp.MustCompile(`^([A-Za-z][A-Za-z ]*?) Error: `)
	// dataFile is the absolute path of a file of ours; its last part may be shown.
	dataFile = regexp.MustCompile(`(?:/[^/\s'"]+)*/([^/\s'"]+\.(?:parquet|duckdb|db|wal|tmp|csv|json|ndjson|gz))`)
)

// translate makes of DuckDB's error text the error that a client may see. The text itself stays in the chain, for
// the log: it can hold paths and the rewritten statement.
func translate(text string) *pgerr.Error {
	class, message := splitError(text)
	e := classify(class, message)
	e.Message = dataFile.ReplaceAllString(e.Message, "$1")
	e.Err = errors.New(text)
	return e
}

// splitError gives DuckDB's name of the error's class and its message without the excerpt of the statement.
func splitError(text string) (class, message string) {
	message = text
	for {
		m := errorClass.FindStringSubmatch(message)
		if m == nil {
			break
		}
		class, message = m[1], message[len(m[0]):]
		rest, ok := strings.CutPrefix(message, closedResult)
		if !ok {
			break
		}
		cause := strings.TrimPrefix(strings.TrimLeft(rest, "\n"), "Error: ")
		if cause == "" {
			return "closed result", message
		}
		message = cause
	}
	if i := strings.Index(message, "\n\nLINE "); i >= 0 {
		message = message[:i]
	} else if i := strings.Index(message, "\nLINE "); i >= 0 {
		message = message[:i]
	}
	return class, strings.TrimSpace(message)
}

// classify is the table of DuckDB's error classes.
func classify(class, message string) *pgerr.Error {
	switch class {
	case "Conversion":
		return conversionError(message)
	case "Out of Range":
		return rangeError(message)
	case "Invalid Input":
		return inputError(message)
	case "Binder", "Catalog":
		return nameError(class, message)
	case "Parser", "Syntax":
		return pgerr.New(pgerr.SyntaxError, "%s", plain(message))
	case "Divide by Zero", "DivideByZero":
		return pgerr.New(pgerr.DivisionByZero, "division by zero")
	case "Out of Memory":
		return pgerr.New(pgerr.OutOfMemory, "out of memory").
			WithHint("narrow the query by time, ask for fewer columns or groups, or raise the memory limit")
	case "INTERRUPT", "Interrupt":
		return pgerr.New(pgerr.QueryCanceled, "canceling statement due to user request")
	case "IO":
		return fileError(message)
	case "Permission":
		return pgerr.New(pgerr.InsufficientPrivilege, "access to this file is not allowed")
	case "Not implemented", "Not Implemented":
		return notImplemented(message)
	case "Constraint":
		return pgerr.New(codeConstraint, "%s", plain(message))
	case "TransactionContext", "Transaction":
		return pgerr.New(codeSerialization, "%s", plain(message))
	case "closed result":
		return pgerr.New(pgerr.ObjectNotInState, "the result was ended by a later statement")
	case "Invalid", "":
		if isFileDamage(message) {
			return fileError(message)
		}
	}
	return pgerr.New(pgerr.InternalError, "internal error of the engine")
}

// fileError never says which file: the path is the operator's, and in the log.
func fileError(message string) *pgerr.Error {
	if strings.Contains(message, "No space left") {
		return pgerr.New(pgerr.DiskFull, "no space left on the disk")
	}
	return pgerr.New(pgerr.IOError, "could not read or write a data file")
}

// isFileDamage knows the texts of a Parquet file that is not what it should be; DuckDB has no class for them.
func isFileDamage(message string) bool {
	for _, s := range []string{
		"TProtocolException", "magic bytes", "too small to be a Parquet file", "Parquet file", "parquet file",
		"decompress", "Decompression", "Snappy", "ZSTD", "Out of buffer", "Invalid data", "thrift",
	} {
		if strings.Contains(message, s) {
			return true
		}
	}
	return false
}

var unknownZone = regexp.MustCompile(`^Unknown TimeZone '([^']*)'`)

func notImplemented(message string) *pgerr.Error {
	if m := unknownZone.FindStringSubmatch(message); m != nil {
		return pgerr.New(pgerr.InvalidParameterValue, "invalid value for parameter %q: %q", "TimeZone", m[1])
	}
	return pgerr.New(pgerr.FeatureNotSupported, "%s", plain(message))
}

// plain gives the first line as PostgreSQL would begin and end it.
func plain(message string) string {
	line, _, _ := strings.Cut(message, "\n")
	line = strings.TrimRight(line, "!. ")
	if len(line) > 1 && line[0] >= 'A' && line[0] <= 'Z' && line[1] >= 'a' && line[1] <= 'z' {
		line = string(line[0]+'a'-'A') + line[1:]
	}
	return line
}
