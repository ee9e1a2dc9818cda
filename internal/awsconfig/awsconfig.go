// Package awsconfig reads the machine's AWS configuration for every service that Tidegate asks.
package awsconfig

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
)

// credentialsMargin is how long before their end a role's credentials are renewed.
const credentialsMargin = 5 * time.Minute

// Options are stronger than what the machine says. The zero value takes the SDK's default chain: environment, shared
// configuration, web identity, container, instance.
type Options struct {
	Region  string
	Profile string // of the shared configuration
	RoleARN string // a role to assume with the credentials found; "" assumes none
	// DefaultRegion is taken where nothing names one; "" makes that an error.
	DefaultRegion string
	// Credentials, if not nil, take the place of the default chain.
	Credentials aws.CredentialsProvider
}

// Load gives the configuration; more is what a service needs beside.
func Load(ctx context.Context, o Options, more ...func(*config.LoadOptions) error) (aws.Config, error) {
	// The SDK would write to stderr past the program's log.
	load := append([]func(*config.LoadOptions) error{config.WithLogger(logging.Nop{})}, more...)
	if o.Region != "" {
		load = append(load, config.WithRegion(o.Region))
	}
	if o.Profile != "" {
		load = append(load, config.WithSharedConfigProfile(o.Profile))
	}
	if o.Credentials != nil {
		load = append(load, config.WithCredentialsProvider(o.Credentials))
	}
	c, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return aws.Config{}, fmt.Errorf("load AWS configuration: %w", err)
	}
	if c.Region == "" {
		if c.Region = o.DefaultRegion; c.Region == "" {
			return aws.Config{}, errors.New("no AWS region is configured: set the region, or AWS_REGION")
		}
	}
	if o.RoleARN != "" {
		c.Credentials = assume(c, o.RoleARN)
	}
	return c, nil
}

// assume gives credentials of a role, renewed before they end.
func assume(c aws.Config, role string) aws.CredentialsProvider {
	provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(c), role, func(a *stscreds.AssumeRoleOptions) {
		a.RoleSessionName = "tidegate"
	})
	return aws.NewCredentialsCache(provider, func(o *aws.CredentialsCacheOptions) {
		o.ExpiryWindow = credentialsMargin
	})
}
