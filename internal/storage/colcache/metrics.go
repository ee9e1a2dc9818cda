package colcache

import "github.com/prometheus/client_golang/prometheus"

// metrics count what the cache does. Bytes are of objects, except used and evicted, which are of the disk.
type metrics struct {
	requested prometheus.Counter
	fetched   prometheus.Counter
	refetched prometheus.Counter
	evicted   prometheus.Counter
	retries   prometheus.Counter
	damaged   prometheus.Counter
	absent    prometheus.Counter
	used      prometheus.Gauge
}

func newMetrics() metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "tidegate", Subsystem: "cache", Name: name, Help: help})
	}
	return metrics{
		requested: counter("requested_bytes_total", "Column chunks that queries needed, present or not."),
		fetched:   counter("fetched_bytes_total", "Bytes received from the lake."),
		refetched: counter("refetched_bytes_total", "Column chunks fetched that had been present before in this process."),
		evicted:   counter("evicted_bytes_total", "Disk given back by files that made room for others."),
		retries:   counter("fetch_retries_total", "Requests that failed for the moment and were made again."),
		damaged:   counter("damaged_total", "Chunks and footers on disk that did not fit their checksum."),
		absent:    counter("absent_reads_total", "Statements that read a chunk which was not there; their objects were fetched whole."),
		used: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: "tidegate", Subsystem: "cache", Name: "used_bytes", Help: "Disk that the cache's files take.",
		}),
	}
}

// register shows them. An Open that failed may be tried again with the same registerer, so only one that did not does.
func (m *metrics) register(r prometheus.Registerer) {
	if r != nil {
		r.MustRegister(m.requested, m.fetched, m.refetched, m.evicted, m.retries, m.damaged, m.absent, m.used)
	}
}
