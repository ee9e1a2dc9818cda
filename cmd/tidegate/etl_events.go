package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"tidegate/etl"
	"tidegate/etl/events/sqs"
	"tidegate/etl/pipeline"
	"tidegate/internal/awsconfig"
	"tidegate/internal/yamlfile"
)

// openEvents opens the queue of a source. Credentials are those of lake.s3, the region is the queue's, if it says one.
func (p *parts) openEvents(ctx context.Context, s *pipeline.Source) (etl.Events, error) {
	s3 := p.Lake.S3
	c, err := awsconfig.Load(ctx, awsconfig.Options{Region: cmp.Or(sqs.Region(s.Events), s3.Region), Profile: s3.Profile, RoleARN: s3.RoleARN})
	if err != nil {
		return nil, fmt.Errorf("open the queue %s: %w", s.Events, err)
	}
	return sqs.New(s.Events, c, sqs.Visibility), nil
}

// checkEvents says which queues of pipelines are none.
func checkEvents(all []*pipeline.Pipeline) error {
	var errs []error
	for _, p := range all {
		if p.Source == nil {
			continue
		}
		if err := sqs.Check(p.Source.Events); err != nil {
			errs = append(errs, &yamlfile.Error{File: p.YMLFile, Line: p.Source.EventsLine, Message: fmt.Sprintf("source.events is %q; %v", p.Source.Events, err)})
		}
	}
	return errors.Join(errs...)
}

// printMessages tells what became of the messages of a pipeline's queue.
func printMessages(out io.Writer, p *etl.PipelineReport) error {
	m := p.Messages
	if m.Received == 0 {
		return nil
	}
	_, err := fmt.Fprintf(out, "%s: of %d messages of the queue %d deleted, %d left to it\n", p.Table, m.Received, m.Deleted, m.Received-m.Deleted)
	return err
}
