package warehouse

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"tidegate/internal/pgerr"
)

const (
	defaultSearchPath = "$user, public"
	// systemSchema holds Redshift's system views; it is on every search path.
	systemSchema = "tg_sys"
)

// defaults are the parameters that Redshift knows, with the values a session begins with. What modern PostgreSQL
// clients send beside these (IntervalStyle, standard_conforming_strings, lc_monetary, …) Redshift refuses.
func defaults() map[string]string {
	return map[string]string{
		"analyze_threshold_percent":        "10",
		"application_name":                 "",
		"client_encoding":                  "UTF8",
		"datestyle":                        "ISO, MDY",
		"describe_field_name_in_uppercase": "off",
		"downcase_delimited_identifier":    "on",
		"enable_case_sensitive_identifier": "off",
		"enable_result_cache_for_session":  "on",
		"enable_vacuum_boost":              "off",
		"error_on_nondeterministic_update": "off",
		"extra_float_digits":               "0",
		"json_serialization_enable":        "off",
		"max_cursor_result_set_size":       "0",
		"mv_enable_aqmv_for_session":       "on",
		"query_group":                      "default",
		"search_path":                      defaultSearchPath,
		"server_encoding":                  "UTF8",
		"server_version":                   serverVersion,
		"spectrum_enable_pseudo_columns":   "on",
		"statement_timeout":                "0",
		"timezone":                         "UTC",
		"transaction_isolation":            "snapshot",
		"wlm_query_slot_count":             "1",
	}
}

// driverParameters are what AWS's own drivers send at startup beside settings.
var driverParameters = []string{
	"user", "database", "options", "driver_version", "driver_discovery_version", "os_version", "plugin_name",
	"client_protocol_version", "idp_type", "token_type", "provider_name", "identity_namespace", "idc_client_display_name",
}

// readOnly are the parameters that SET cannot change.
var readOnly = []string{"server_encoding", "server_version"}

// settings are the parameters of one session.
type settings struct{ values map[string]string }

func newSettings() *settings { return &settings{values: defaults()} }

// get gives a parameter's value; an unknown one is 42704, but for those of an application, which have a point.
func (s *settings) get(name string) (string, error) {
	v, ok := s.values[strings.ToLower(name)]
	if !ok {
		return "", unknownParameter(name)
	}
	return v, nil
}

func unknownParameter(name string) error {
	return pgerr.New(pgerr.UndefinedObject, "unrecognized configuration parameter %q", name)
}

// timeout is statement_timeout; 0 is none.
func (s *settings) timeout() time.Duration {
	ms, err := strconv.Atoi(s.values["statement_timeout"])
	if err != nil {
		return 0 // set checks it
	}
	return time.Duration(ms) * time.Millisecond
}

// settingOfStartup reports whether a startup parameter is a setting.
func settingOfStartup(name string) bool { return !slices.Contains(driverParameters, name) }

// checkStartup is an error for parameters of the startup message that Redshift does not know.
func checkStartup(parameters map[string]string) error {
	s := newSettings()
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		if !settingOfStartup(name) {
			continue
		}
		if _, err := s.get(name); err != nil {
			return err
		}
		if _, err := checkSetting(strings.ToLower(name), parameters[name]); err != nil {
			return err
		}
	}
	return nil
}

// startupOptions adds what the parameter options says ("-c name=value") to the others.
func startupOptions(parameters map[string]string) (map[string]string, error) {
	out := maps.Clone(parameters)
	fields := strings.Fields(out["options"])
	delete(out, "options")
	for i := 0; i < len(fields); i++ {
		option, ok := strings.CutPrefix(fields[i], "-c")
		if ok && option == "" && i+1 < len(fields) {
			i++
			option = fields[i]
		}
		name, value, found := strings.Cut(option, "=")
		if !ok || !found {
			return nil, pgerr.New(pgerr.SyntaxError, "invalid command-line argument for server process: %s", fields[i])
		}
		out[name] = value
	}
	return out, nil
}

// checkSetting gives the value as it is kept.
func checkSetting(name, value string) (string, error) {
	bad := func() error {
		return pgerr.New(pgerr.InvalidParameterValue, "invalid value for parameter %q: %q", name, value)
	}
	switch name {
	case "client_encoding":
		if e := strings.ReplaceAll(strings.ToLower(value), "-", ""); e != "utf8" && e != "unicode" {
			return "", bad()
		}
		return "UTF8", nil
	case "extra_float_digits":
		if n, err := strconv.Atoi(value); err != nil || n < -15 || n > 2 {
			return "", pgerr.New(pgerr.InvalidParameterValue,
				"%s is outside the valid range for parameter %q (-15 .. 2)", value, name)
		}
	case "statement_timeout":
		if n, err := strconv.Atoi(value); err != nil || n < 0 {
			return "", bad()
		}
	case "timezone":
		if _, err := time.LoadLocation(value); err != nil || value == "" {
			return "", bad()
		}
	case "datestyle":
		if !strings.HasPrefix(strings.ToUpper(value), "ISO") {
			return "", pgerr.New(pgerr.FeatureNotSupported, "this stand-in has DateStyle ISO only")
		}
		return "ISO, MDY", nil
	case "enable_case_sensitive_identifier":
		if on(value) {
			return "", pgerr.New(pgerr.FeatureNotSupported, "this stand-in folds identifiers to lower case")
		}
	}
	return value, nil
}

func on(value string) bool {
	return slices.Contains([]string{"on", "true", "1", "yes"}, strings.ToLower(value))
}

// set changes a parameter and what follows from it.
func (s *session) set(ctx context.Context, name, value string) error {
	name = strings.ToLower(name)
	if slices.Contains(readOnly, name) {
		return pgerr.New(codeCannotChange, "parameter %q cannot be changed", name)
	}
	if strings.Contains(name, ".") { // an application's own
		s.settings.values[name] = value
		return nil
	}
	if _, err := s.settings.get(name); err != nil {
		return err
	}
	value, err := checkSetting(name, value)
	if err != nil {
		return err
	}
	switch name {
	case "search_path":
		err = s.setSearchPath(ctx, value)
	case "timezone":
		err = s.setZone(ctx, value)
	}
	if err != nil {
		return err
	}
	s.settings.values[name] = value
	return nil
}

const codeCannotChange pgerr.Code = "55P02"

// setSearchPath tells DuckDB the schemas that exist; Redshift does not mind the others.
func (s *session) setSearchPath(ctx context.Context, value string) error {
	path := []string{}
	for part := range strings.SplitSeq(value, ",") {
		name := strings.ToLower(strings.Trim(strings.TrimSpace(part), `"'`))
		if name == "$user" {
			name = strings.ToLower(s.user)
		}
		exists, err := s.schemaExists(ctx, name)
		if err != nil {
			return err
		}
		if exists {
			path = append(path, name)
		}
	}
	path = append(path, systemSchema)
	_, err := s.duck.Exec(ctx, "SET search_path="+quote(strings.Join(path, ",")))
	return err
}

func (s *session) schemaExists(ctx context.Context, name string) (bool, error) {
	found, err := s.read(ctx, "SELECT 1 FROM duckdb_schemas() WHERE NOT internal AND database_name = current_database()"+
		" AND schema_name = "+quote(name))
	return len(found) > 0, err
}

func (s *session) setZone(ctx context.Context, name string) error {
	zone, err := time.LoadLocation(name)
	if err != nil {
		return pgerr.New(pgerr.InvalidParameterValue, "invalid value for parameter %q: %q", "timezone", name)
	}
	if _, err := s.duck.Exec(ctx, "SET TimeZone="+quote(name)); err != nil {
		return err
	}
	s.zone = zone
	return nil
}
