package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
)

const (
	// maxAttempts and maxBackoff see a request through half a minute of 503s.
	maxAttempts = 8
	maxBackoff  = 10 * time.Second
	// headerTimeout bounds the wait for an answer to begin, after the request was sent whole.
	headerTimeout = time.Minute
	// connections that stay open: more than anyone here reads at a time. The SDK keeps 10, and a scan would open and
	// close one for each further range.
	idleConnections = 128
	// credentialsMargin is how long before their end credentials are renewed.
	credentialsMargin = 5 * time.Minute
)

// newClient makes a client from the machine's AWS configuration and the options, which are stronger.
func newClient(ctx context.Context, o Options) (*s3.Client, error) {
	load := []func(*config.LoadOptions) error{
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.MaxIdleConns, t.MaxIdleConnsPerHost = idleConnections, idleConnections
			t.ResponseHeaderTimeout = headerTimeout
		})),
		config.WithLogger(logging.Nop{}), // it would write to stderr past the program's log
		config.WithRetryer(func() aws.Retryer { return newRetryer(nil, o.maxBackoff) }),
	}
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
		return nil, fmt.Errorf("load AWS configuration: %w", err)
	}
	if c.Region == "" {
		if o.Endpoint == "" {
			return nil, errors.New("no AWS region is configured: set the region, or AWS_REGION")
		}
		c.Region = "us-east-1"
	}
	if o.RoleARN != "" {
		c.Credentials = assume(c, o.RoleARN)
	}
	return s3.NewFromConfig(c, func(s *s3.Options) {
		s.UsePathStyle = o.PathStyle
		s.Retryer = newRetryer(c.Credentials, o.maxBackoff)
		s.DisableLogOutputChecksumValidationSkipped = true
		if o.Endpoint != "" {
			s.BaseEndpoint = aws.String(o.Endpoint)
		}
	}), nil
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

// retryer is the SDK's standard one, without its quota, and renews credentials that S3 calls expired.
type retryer struct {
	aws.RetryerV2
	provider aws.CredentialsProvider
}

// newRetryer makes a retryer. The SDK's quota is for many short requests: in a burst of 503s a scan of a thousand
// ranges would use it up and fail, although each range alone would succeed with its second attempt.
func newRetryer(provider aws.CredentialsProvider, backoff time.Duration) aws.RetryerV2 {
	if backoff == 0 {
		backoff = maxBackoff
	}
	standard := retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.MaxBackoff, o.RateLimiter = maxAttempts, backoff, ratelimit.None
		// A conditional write that met another one in flight is decided the next time.
		o.Retryables = append(o.Retryables, retry.RetryableErrorCode{Codes: map[string]struct{}{
			"ConditionalRequestConflict": {}, "OperationAborted": {},
		}})
	})
	return &retryer{RetryerV2: standard, provider: provider}
}

// IsErrorRetryable drops credentials that have expired, so that the next attempt asks for new ones. Those that are
// written down somewhere stay as they are.
func (r *retryer) IsErrorRetryable(err error) bool {
	cache, ok := r.provider.(*aws.CredentialsCache)
	if ok && expired(err) && !cache.IsCredentialsProvider(credentials.StaticCredentialsProvider{}) {
		cache.Invalidate()
		return true
	}
	return r.RetryerV2.IsErrorRetryable(err)
}

func expired(err error) bool {
	e, ok := errors.AsType[smithy.APIError](err)
	return ok && (e.ErrorCode() == codeExpired || e.ErrorCode() == "ExpiredTokenException")
}
