package catalog

import "time"

// PartitionKey is the partition column that TimeSpec makes.
const PartitionKey = "dt"

// InKeep reports for each of the table's partitions whether it should be hot: its end lies less than HotSpec.Keep
// before the end of the newest partition with live files. The newest partition decides, not the clock, so that old
// data sets have a window too. A partition without a time (NULL, or no dt) is always inside.
func (v *TableView) InKeep() func(partition string) bool {
	t := v.Table
	if t.Hot == nil {
		return func(string) bool { return false }
	}
	if t.Hot.Keep == 0 || t.Time == nil {
		return func(string) bool { return true }
	}
	var newest time.Time
	for i, f := range v.Files { // by partition
		if i > 0 && f.Partition == v.Files[i-1].Partition {
			continue
		}
		if end, ok := partitionEnd(f.Partition, t.Time.Grain); ok && end.After(newest) {
			newest = end
		}
	}
	from := newest.Add(-t.Hot.Keep)
	return func(partition string) bool {
		end, ok := partitionEnd(partition, t.Time.Grain)
		return !ok || end.After(from)
	}
}

// partitionEnd gives the end of a partition's time, as a wall clock of the table's zone.
func partitionEnd(partition, grain string) (end time.Time, ok bool) {
	value, null, ok := PartitionValue(partition, PartitionKey)
	if !ok || null {
		return time.Time{}, false
	}
	layout := map[string]string{"hour": "2006-01-02T15", "day": time.DateOnly, "month": "2006-01"}[grain]
	begin, err := time.Parse(layout, value)
	if err != nil || layout == "" {
		return time.Time{}, false
	}
	switch grain {
	case "hour":
		return begin.Add(time.Hour), true
	case "day":
		return begin.AddDate(0, 0, 1), true
	default:
		return begin.AddDate(0, 1, 0), true
	}
}
