package main

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tidegate/catalog"
	"tidegate/etl"
	"tidegate/etl/notify"
	"tidegate/etl/pipeline"
	"tidegate/internal/awsconfig"
	"tidegate/internal/logkey"
)

const (
	// noticeInterval is how often serve looks for batches that are absent and notices that are due.
	noticeInterval = 30 * time.Second
	// noticeTimeout is how long etl run takes at most to tell people.
	noticeTimeout = time.Minute
)

// tellPeople raises what is absent and delivers the notices that are due. Nothing of it can fail a run: what is not
// delivered is tried again, as is what a run that is asked to stop leaves.
func (p *parts) tellPeople(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	stopped := ctx
	ctx, cancel := context.WithTimeout(ctx, noticeTimeout)
	defer cancel()
	pipelines, err := loadPipelines(p.config)
	if err == nil {
		var targets []notify.Target
		if targets, err = p.noticeTargets(ctx); err == nil {
			err = p.tellOnce(ctx, pipelines, targets)
		}
	}
	if err != nil && stopped.Err() == nil {
		p.log.WarnContext(ctx, "tell people", logkey.Error, err)
	}
}

func (p *parts) tellOnce(ctx context.Context, pipelines []*pipeline.Pipeline, targets []notify.Target) error {
	d := notify.Deliverer{Outbox: p.store, Targets: targets, Log: p.log, Now: time.Now}
	absent := etl.RaiseAbsences(ctx, p.store, pipelines, time.Now())
	_, err := d.Deliver(ctx)
	return errors.Join(absent, err)
}

// keepTelling tells people until ctx ends.
func (p *parts) keepTelling(ctx context.Context) error {
	failed := ""
	warn := func(err error) { // once, until it is another
		text := ""
		if err != nil && ctx.Err() == nil {
			if text = err.Error(); text != failed {
				p.log.WarnContext(ctx, "tell people", logkey.Error, err)
			}
		}
		failed = text
	}
	targets, err := p.noticeTargets(ctx)
	warn(err)
	pipelines, err := loadPipelines(p.config)
	if err != nil {
		// A gateway may have no pipelines of its own.
		p.log.InfoContext(ctx, "absent batches are not looked for", logkey.Reason, err.Error())
	}
	for {
		warn(p.tellOnce(ctx, pipelines, targets))
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(noticeInterval):
		}
	}
}

func (p *parts) noticeTargets(ctx context.Context) ([]notify.Target, error) {
	var targets []notify.Target
	var errs []error
	if topic := p.Notify.SNSTopic; topic != "" {
		region, err := notify.TopicRegion(topic)
		errs = append(errs, err)
		s3 := p.Lake.S3
		c, err := awsconfig.Load(ctx, awsconfig.Options{Region: region, Profile: s3.Profile, RoleARN: s3.RoleARN})
		errs = append(errs, err)
		if err == nil {
			targets = append(targets, notify.NewSNS(topic, c))
		}
	}
	if p.Notify.Webhook != "" {
		w, err := notify.NewWebhook(p.Notify.Webhook, p.Notify.WebhookSecret)
		errs = append(errs, err)
		if err == nil {
			targets = append(targets, w)
		}
	}
	return targets, errors.Join(errs...)
}

// incidentMetrics shows the open incidents, one line each.
type incidentMetrics struct {
	store    catalog.Store
	incident *prometheus.Desc
}

func countIncidents(r prometheus.Registerer, store catalog.Store) {
	r.MustRegister(&incidentMetrics{store, prometheus.NewDesc("tidegate_etl_incident_open_since_seconds",
		"When an open incident of a table's batches began, in seconds from 1970; without one there is no line.", []string{"table", "kind", "rule"}, nil)})
}

// Describe gives the one metric.
func (m *incidentMetrics) Describe(to chan<- *prometheus.Desc) { to <- m.incident }

// Collect reads the open incidents.
func (m *incidentMetrics) Collect(to chan<- prometheus.Metric) {
	open, err := m.store.Incidents(context.Background(), time.Time{})
	if err != nil {
		to <- prometheus.NewInvalidMetric(m.incident, err)
		return
	}
	for _, i := range open {
		to <- prometheus.MustNewConstMetric(m.incident, prometheus.GaugeValue, float64(i.OpenedAt.Unix()), i.Table.String(), string(i.Kind), i.Rule)
	}
}
