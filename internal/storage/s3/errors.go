package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"tidegate/internal/storage"
)

// codes of S3 that more than one place knows.
const (
	codeExpired  = "ExpiredToken"
	codeNoUpload = "NoSuchUpload"
)

// failed says in one line what was being done to which object, and, where S3's answer tells, what to do about it.
// What callers decide by is a sentinel of storage; the SDK's error stays in the chain.
func (b *Bucket) failed(ctx context.Context, verb, key string, err error) error {
	what := b.location
	if key != "" {
		what = key + " in " + b.location
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s %s: %w", verb, what, context.Cause(ctx))
	}
	status, region := 0, ""
	if e, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		status = e.HTTPStatusCode()
		region = e.Response.Header.Get("X-Amz-Bucket-Region")
	}
	code := ""
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		code = e.ErrorCode()
	}
	action := b.action(status, code, region, verb)
	if code != "" && status != 0 {
		err = answer{err, code, status}
	}
	switch sentinel := meaning(status, code); {
	case sentinel != nil && action != "":
		return fmt.Errorf("%s %s: %w: %w; %s", verb, what, sentinel, err, action)
	case sentinel != nil: // all is said
		return fmt.Errorf("%s %s: %w", verb, what, sentinel)
	case action != "":
		return fmt.Errorf("%s %s: %w; %s", verb, what, err, action)
	}
	return fmt.Errorf("%s %s: %w", verb, what, err)
}

// answer is an error that S3 answered with, in a few words: the SDK's own text has every header.
type answer struct {
	error
	code   string
	status int
}

func (a answer) Error() string {
	text := "S3 answers " + strconv.Itoa(a.status) + " " + a.code
	if e, ok := errors.AsType[*awshttp.ResponseError](a.error); ok && e.ServiceRequestID() != "" {
		text += " (request " + e.ServiceRequestID() + ")"
	}
	return text
}

func (a answer) Unwrap() error { return a.error }

// meaning gives the sentinel of an answer, nil for most. HEAD has a status only.
func meaning(status int, code string) error {
	switch {
	case code == "NoSuchBucket" || code == codeNoUpload:
		return nil
	case status == http.StatusNotFound:
		return storage.ErrNotFound
	case status == http.StatusPreconditionFailed:
		return storage.ErrChanged
	case status == http.StatusForbidden, status == http.StatusUnauthorized, code == codeExpired: // S3 says 400 to this
		return storage.ErrDenied
	}
	return nil
}

// action says what to do about an answer; "" if there is nothing to say.
func (b *Bucket) action(status int, code, region, verb string) string {
	switch code {
	case "NoSuchBucket":
		return "there is no bucket " + b.name + ": create it or correct the location"
	case "InvalidAccessKeyId", "SignatureDoesNotMatch":
		return "the credentials are not known there: correct them, or the profile, or the endpoint"
	case codeExpired:
		return "the credentials have expired: renew them"
	}
	switch {
	case status == http.StatusMovedPermanently, status == http.StatusTemporaryRedirect, code == "AuthorizationHeaderMalformed", code == "PermanentRedirect":
		if region != "" {
			return "bucket " + b.name + " is in region " + region + ": set the region to it"
		}
		return "bucket " + b.name + " is in another region: set the region to its own"
	case status == http.StatusForbidden, status == http.StatusUnauthorized:
		return "allow these credentials to " + verb + " there (" + permission(verb) + " on bucket " + b.name + ")"
	}
	if status >= http.StatusInternalServerError {
		return "S3 was asked " + strconv.Itoa(maxAttempts) + " times: try again later"
	}
	return ""
}

// permission is IAM's name of what a verb of this package needs.
func permission(verb string) string {
	switch verb {
	case "write":
		return "s3:PutObject"
	case "delete":
		return "s3:DeleteObject"
	case "list":
		return "s3:ListBucket"
	default:
		return "s3:GetObject"
	}
}
