package adopt

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"tidegate/catalog"
	"tidegate/internal/pgtypes"
)

// keyColumns gives the partition columns: with the type that the table has, else the one that the yml names, else the
// narrowest that every value has.
func (u *union) keyColumns(objects []found) error {
	if len(objects) == 0 {
		return nil
	}
	for i, k := range objects[0].keys {
		if slices.Contains(names(objects[0].keys[:i]), k.name) {
			return fmt.Errorf("the folders of %s have the key %s twice", objects[0].url, k.name)
		}
		c := catalog.Column{Name: k.name, Partition: true}
		if old, ok := u.previous(k.name); ok && old.Partition {
			c.Type = old.Type
		} else if t, ok := u.typed[k.name]; ok {
			c.Type = t
		} else {
			c.Type = narrowest(objects, i)
		}
		for _, o := range objects {
			if v := o.keys[i]; !v.null && !fits(v.value, c.Type) {
				return fmt.Errorf("%s: the key %s=%s is no %s, which the table's others are", o.url, k.name, v.value, c.Type)
			}
		}
		u.keys = append(u.keys, c)
	}
	return nil
}

// narrowest finds the type of a key by its values. Numbers with leading zeros are text: 01 and 1 are two folders.
func narrowest(objects []found, i int) pgtypes.Type {
	for _, t := range []pgtypes.Type{pgtypes.Of(pgtypes.Int8), pgtypes.Of(pgtypes.Date)} {
		any, all := false, true
		for _, o := range objects {
			if !o.keys[i].null {
				any, all = true, all && fits(o.keys[i].value, t)
			}
		}
		if any && all {
			return t
		}
	}
	return pgtypes.Of(pgtypes.Text)
}

func fits(value string, t pgtypes.Type) bool {
	switch t.OID {
	case pgtypes.Int8:
		_, err := strconv.ParseInt(value, 10, 64)
		return err == nil && regexp.MustCompile(`^(0|-?[1-9][0-9]*)$`).MatchString(value)
	case pgtypes.Date:
		_, err := catalog.ParseDay(value)
		return err == nil
	default:
		return true
	}
}
