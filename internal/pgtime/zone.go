package pgtime

import (
	"time"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// FindZone finds a zone by what AT TIME ZONE is given: an abbreviation, or what pgtypes.FindZone finds. An offset alone
// counts to the west of Greenwich, as POSIX has it.
func FindZone(text string) (*time.Location, error) {
	if zone, ok := pgtypes.AbbreviatedZone(text); ok {
		return zone, nil
	}
	if zone, ok := pgtypes.FindZone(text); ok {
		return zone, nil
	}
	if pgtypes.HasLeapSeconds(text) {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "time zone \"%s\" has leap seconds, which are not supported", text)
	}
	return nil, pgerr.New(pgerr.InvalidParameterValue, "time zone \"%s\" not recognized", text)
}
