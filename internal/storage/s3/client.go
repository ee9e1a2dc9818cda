package s3

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"tidegate/internal/awsconfig"
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
)

// newClient makes a client from the machine's AWS configuration and the options, which are stronger.
func newClient(ctx context.Context, o Options) (*s3.Client, error) {
	settings := awsconfig.Options{Region: o.Region, Profile: o.Profile, RoleARN: o.RoleARN, Credentials: o.Credentials}
	if o.Endpoint != "" {
		settings.DefaultRegion = "us-east-1"
	}
	c, err := awsconfig.Load(ctx, settings,
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.MaxIdleConns, t.MaxIdleConnsPerHost = idleConnections, idleConnections
			t.ResponseHeaderTimeout = headerTimeout
		})),
		config.WithRetryer(func() aws.Retryer { return newRetryer(nil, o.MaxBackoff) }),
	)
	if err != nil {
		return nil, err
	}
	return s3.NewFromConfig(c, func(s *s3.Options) {
		s.UsePathStyle = o.PathStyle
		s.Retryer = newRetryer(c.Credentials, o.MaxBackoff)
		s.DisableLogOutputChecksumValidationSkipped = true
		if o.Endpoint != "" {
			s.BaseEndpoint = aws.String(o.Endpoint)
		}
	}), nil
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
