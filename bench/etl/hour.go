package etl

import (
	"crypto/md5" //nolint:gosec // to have other identifiers, not secret ones
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"time"
)

// day is the one whose hours are made.
var day = time.Date(2018, 2, 15, 0, 0, 0, 0, time.UTC)

// hour says how many records one hour of the day has. Record i of the day is in hour i / records; what it holds follows
// from i, in Go for the raw objects and in DuckDB's SQL for the hours before.
type hour struct{ records int }

// lateEvery of the last hour's records is one of the hour before: every other one of these is there already.
const lateEvery = 100

func (h hour) redelivered() int { return (h.records + 2*lateEvery - 1) / (2 * lateEvery) }

// ofHour is an hour in microseconds. Record i is i*ofHour/records after the day's beginning, rounded down.
const ofHour = 3_600_000_000

// write writes record k of the last hour as a line of JSON.
func (h hour) write(w io.Writer, k int) {
	i := 23*h.records + k
	identifier := strconv.Itoa(i)
	switch k % (2 * lateEvery) {
	case 0: // delivered before
		i -= h.records
		identifier = strconv.Itoa(i)
	case lateEvery: // of the hour before, and new
		i -= h.records
	}
	sum := md5.Sum([]byte(identifier)) //nolint:gosec // as above
	experiment := "null"
	if i%3 == 0 {
		experiment = `"short-title"`
	}
	fmt.Fprintf(w, `{"event_id":"%s","ts":"%s","site_id":%d,"domain":"News%d.example.com","path":"/articles/2018/02/15/tides-and-gates-%d",`+
		`"user_id":"u%d","referrer":"https://search.example.org/?q=tide+%d","user_agent":"Mozilla/5.0 (X11; Linux x86_64; rv:%d.0) Gecko/20100101 Firefox/%d.0",`+
		`"load_ms":%d,"query":{"utm_source":"mail","page":%d},"experiment":%s}`+"\n",
		hex.EncodeToString(sum[:]), day.Add(time.Duration(i*ofHour/h.records)*time.Microsecond).Format("2006-01-02T15:04:05.000000Z"),
		1+i%499, i%499, i%9973, i%100_003, i%97, 40+i%20, 40+i%20, 100+i%2900, i%9, experiment)
}

// columns is the SELECT list in DuckDB's SQL of the table's columns, for record i of the day.
func (h hour) columns() string {
	return fmt.Sprintf(`md5(i::VARCHAR) AS event_id, make_timestamptz(%d + i * %d // %d) AS ts, (1 + i %% 499)::INTEGER AS site_id,
		'news' || i %% 499 || '.example.com' AS domain, '/articles/2018/02/15/tides-and-gates-' || i %% 9973 AS path,
		'u' || i %% 100003 AS user_id, 'https://search.example.org/?q=tide+' || i %% 97 AS referrer,
		'Mozilla/5.0 (X11; Linux x86_64; rv:' || 40 + i %% 20 || '.0) Gecko/20100101 Firefox/' || 40 + i %% 20 || '.0' AS user_agent,
		(100 + i %% 2900)::INTEGER AS load_ms, '{"utm_source":"mail","page":' || i %% 9 || '}' AS query,
		CASE WHEN i %% 3 = 0 THEN 'short-title' END AS experiment`, day.UnixMicro(), ofHour, h.records)
}
