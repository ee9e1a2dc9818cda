package pipeline

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/internal/yamlfile"
)

// yml is a pipeline's NAME.yml. Keys of type any are known but not built: to give one is an error.
type yml struct {
	Table       string     `yaml:"table"`
	Description string     `yaml:"description"`
	Source      *ymlSource `yaml:"source"`
	Time        *ymlTime   `yaml:"time"`
	Fields      ymlFields  `yaml:"fields"`
	PartitionBy []string   `yaml:"partition_by"`
	ClusterBy   []string   `yaml:"cluster_by"`
	UniqueKey   []string   `yaml:"unique_key"`
	PrimaryKey  []string   `yaml:"primary_key"`
	ForeignKeys []ymlRef   `yaml:"foreign_keys"`
	Hot         *ymlHot    `yaml:"hot"`
	Columns     []ymlCol   `yaml:"columns"`
	Checks      ymlChecks  `yaml:"checks"`
	Batch       ymlBatch   `yaml:"batch"`
	Lookback    duration   `yaml:"lookback"`
	Adopt       *ymlAdopt  `yaml:"adopt"`
	FanOut      any        `yaml:"fan_out"`
	Keep        *duration  `yaml:"keep_quarantine"`
	Lookups     ymlLookups `yaml:"lookups"`
	Staleness   *duration  `yaml:"max_staleness"`
	Schedule    *Schedule  `yaml:"schedule"`
}

type ymlFields map[string]string

type ymlSource struct {
	Location  string   `yaml:"location"`
	Events    string   `yaml:"events"`
	Format    string   `yaml:"format"`
	Required  []string `yaml:"required"`
	Delimiter string   `yaml:"delimiter"`
	NullAs    string   `yaml:"null_as"`
	Header    *bool    `yaml:"header"`
	Unknown   string   `yaml:"unknown_fields"`
}

type ymlLookups map[string]ymlLookup

type ymlLookup struct {
	Location  string    `yaml:"location"`
	Format    string    `yaml:"format"`
	Key       ymlNames  `yaml:"key"`
	Fields    ymlFields `yaml:"fields"`
	Delimiter string    `yaml:"delimiter"`
	NullAs    string    `yaml:"null_as"`
	Header    *bool     `yaml:"header"`
}

// ymlNames is a list of names, or one.
type ymlNames []string

// UnmarshalText reads what is no list.
func (n *ymlNames) UnmarshalText(b []byte) error {
	*n = ymlNames{string(b)}
	return nil
}

type ymlTime struct {
	Column string `yaml:"column"`
	Zone   string `yaml:"zone"`
	Grain  string `yaml:"grain"`
}

type ymlRef struct {
	Columns    []string `yaml:"columns"`
	References string   `yaml:"references"`
	Key        []string `yaml:"key"`
}

type ymlHot struct {
	Columns ymlHotColumns `yaml:"columns"`
	Keep    duration      `yaml:"keep"`
	Dist    string        `yaml:"dist"`
	Sort    []string      `yaml:"sort"`
	Format  string        `yaml:"format"`
}

// ymlHotColumns is a list of columns, or the word from_table, which stands alone in it then.
type ymlHotColumns []string

const fromTable = "from_table"

// UnmarshalText reads what is no list.
func (c *ymlHotColumns) UnmarshalText(b []byte) error {
	if string(b) != fromTable {
		return fmt.Errorf("%q is neither a list ([ts, …]) nor %s", b, fromTable)
	}
	*c = ymlHotColumns{fromTable}
	return nil
}

type ymlCol struct {
	Name        string `yaml:"name"`
	Type        string `yaml:"type"`
	MaxBytes    int    `yaml:"max_bytes"`
	OnOverflow  string `yaml:"on_overflow"`
	Description string `yaml:"description"`
}

type ymlBatch struct {
	MaxBytes   size `yaml:"max_bytes"`
	MaxObjects *int `yaml:"max_objects"`
}

// notYet are keys of the design that are refused until they work.
func notYet() []string {
	return []string{"fan_out"}
}

// duration is written as people write it: 90 days, 2 weeks, 1h30m, 15m.
type duration time.Duration

// UnmarshalText reads a duration that is not negative.
func (d *duration) UnmarshalText(b []byte) error {
	v, err := parseDuration(string(b))
	*d = duration(v)
	return err
}

func parseDuration(s string) (time.Duration, error) {
	bad := fmt.Errorf("%q is not a duration; write 90 days, 2 weeks, 1h, 15m", s)
	s = strings.TrimSpace(s)
	if s == "0" {
		return 0, nil // of every unit
	}
	digits := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if digits <= 0 {
		return 0, bad
	}
	var unit time.Duration
	switch strings.TrimSuffix(strings.TrimSpace(s[digits:]), "s") {
	case "d", "day":
		unit = 24 * time.Hour
	case "w", "week":
		unit = 7 * 24 * time.Hour
	case "hour":
		unit = time.Hour
	case "min", "minute":
		unit = time.Minute
	case "sec", "second":
		unit = time.Second
	default:
		v, err := time.ParseDuration(s)
		if err != nil || v < 0 {
			return 0, bad
		}
		return v, nil
	}
	n, err := strconv.ParseInt(s[:digits], 10, 64)
	if err != nil || n > int64(math.MaxInt64/unit) {
		return 0, bad
	}
	return time.Duration(n) * unit, nil
}

// size is a number of bytes: 8GiB, 512 MB, 1000.
type size int64

// UnmarshalText reads a positive number of bytes.
func (s *size) UnmarshalText(b []byte) error {
	bad := fmt.Errorf("%q is not a size; write 8GiB, 512MB or a number of bytes", b)
	text := strings.TrimSpace(string(b))
	digits := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	if digits < 0 {
		digits = len(text)
	}
	units := map[string]int64{
		"": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
	}
	unit, ok := units[strings.ToLower(strings.TrimSpace(text[digits:]))]
	n, err := strconv.ParseInt(text[:digits], 10, 64)
	if !ok || err != nil || n == 0 || n > math.MaxInt64/unit {
		return bad
	}
	*s = size(n * unit)
	return nil
}

// storable are the types that fields of raw records and columns of tables may have, as a pipeline writes them.
func storable() []string {
	return []string{
		"boolean", "smallint", "int", "bigint", "real", "double precision", "numeric(p,s)", "text", "varchar", "varchar(n)",
		"date", "time", "timestamp", "timestamptz", "uuid", "json",
	}
}

// checkStorable says whether a table can hold the type.
func checkStorable(t pgtypes.Type) error {
	switch t.OID {
	case pgtypes.Bool, pgtypes.Int2, pgtypes.Int4, pgtypes.Int8, pgtypes.Float4, pgtypes.Float8, pgtypes.Text, pgtypes.Varchar,
		pgtypes.Date, pgtypes.Time, pgtypes.Timestamp, pgtypes.Timestamptz, pgtypes.UUID, pgtypes.JSON:
		return nil
	case pgtypes.Numeric:
		if _, _, ok := t.PrecisionScale(); ok {
			return nil
		}
		return errors.New("numeric needs its precision and scale: numeric(18,2)")
	}
	return fmt.Errorf("type %s cannot be stored; the types are %s", t, strings.Join(storable(), ", "))
}

// parseType reads a type of a field or column.
func parseType(s string) (pgtypes.Type, error) {
	t, err := pgtypes.Parse(s)
	if err == nil {
		return t, checkStorable(t)
	}
	if e, ok := errors.AsType[*pgerr.Error](err); ok && e.Code != pgerr.UndefinedObject {
		return t, errors.New(e.Message)
	}
	return t, fmt.Errorf("%q is not a type%s; the types are %s", s, yamlfile.DidYouMean(s, storable()), strings.Join(storable(), ", "))
}
