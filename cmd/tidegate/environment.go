package main

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// fromEnvironment sets every key of the configuration for which a variable is there: TIDEGATE_ and the key's path
// in capitals, joined by underscores. Lists are separated by commas.
func fromEnvironment(c *config, lookup func(string) (string, bool)) error {
	return setFrom("TIDEGATE", reflect.ValueOf(c).Elem(), lookup)
}

func setFrom(prefix string, v reflect.Value, lookup func(string) (string, bool)) error {
	for i := range v.NumField() {
		key, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		name := prefix + "_" + strings.ToUpper(key)
		f := v.Field(i)
		if f.Kind() == reflect.Struct {
			if err := setFrom(name, f, lookup); err != nil {
				return err
			}
			continue
		}
		if s, ok := lookup(name); ok {
			if err := setText(f, s); err != nil {
				return fmt.Errorf("environment %s: %w", name, err)
			}
		}
	}
	return nil
}

func setText(f reflect.Value, s string) error {
	if t, ok := reflect.TypeAssert[encoding.TextUnmarshaler](f.Addr()); ok {
		return t.UnmarshalText([]byte(s))
	}
	if f.Kind() == reflect.String {
		f.SetString(s)
		return nil
	}
	if f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.String {
		f.Set(reflect.ValueOf(strings.Split(s, ",")))
		return nil
	}
	if f.Kind() == reflect.Bool {
		b, err := strconv.ParseBool(s)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", s)
		}
		f.SetBool(b)
		return nil
	}
	if f.Kind() != reflect.Int {
		return errors.New("it has parts of its own: write it into the file")
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return fmt.Errorf("%q is not a whole number", s)
	}
	f.SetInt(int64(n))
	return nil
}
