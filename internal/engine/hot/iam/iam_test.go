package iam_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	"github.com/aws/aws-sdk-go-v2/service/redshiftserverless"

	"tidegate/internal/engine/hot"
	"tidegate/internal/engine/hot/iam"
)

var _ hot.Credentials = (*iam.Cache)(nil)

// endpoint stands in for both services: it counts calls and keeps the last body.
type endpoint struct {
	calls atomic.Int64
	body  atomic.Value
	fail  atomic.Bool
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	e.body.Store(string(body))
	n := e.calls.Add(1)
	end := time.Now().Add(15 * time.Minute).UTC()
	switch {
	case e.fail.Load():
		w.WriteHeader(http.StatusForbidden)
	case strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GetCredentials"):
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		fmt.Fprintf(w, `{"dbUser": "IAM:someone", "dbPassword": "s%d", "expiration": %d}`, n, end.Unix())
	default:
		fmt.Fprintf(w, `<GetClusterCredentialsResponse xmlns="http://redshift.amazonaws.com/doc/2012-12-01/"><GetClusterCredentialsResult>`+
			`<DbUser>IAM:etl</DbUser><DbPassword>c%d</DbPassword><Expiration>%s</Expiration>`+
			`</GetClusterCredentialsResult></GetClusterCredentialsResponse>`, n, end.Format(time.RFC3339))
	}
}

func start(t *testing.T) (*endpoint, aws.Config) {
	t.Helper()
	e := &endpoint{}
	s := httptest.NewServer(e)
	t.Cleanup(s.Close)
	return e, aws.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String(s.URL), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
	}
}

func TestCluster(t *testing.T) {
	t.Parallel()
	e, config := start(t)
	cache := iam.NewCache(iam.Cluster(redshift.NewFromConfig(config), "dwh", "etl", "dev"))
	for range 3 {
		user, password, err := cache.Get(t.Context())
		if user != "IAM:etl" || password != "c1" || err != nil {
			t.Errorf("got %s, %s, %v", user, password, err)
		}
	}
	if n := e.calls.Load(); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
	body := e.body.Load().(string)
	for _, want := range []string{"ClusterIdentifier=dwh", "DbUser=etl", "DbName=dev", "DurationSeconds=900", "AutoCreate=false"} {
		if !strings.Contains(body, want) {
			t.Errorf("the request has no %s: %s", want, body)
		}
	}
}

func TestWorkgroup(t *testing.T) {
	t.Parallel()
	e, config := start(t)
	cache := iam.NewCache(iam.Workgroup(redshiftserverless.NewFromConfig(config), "wg", "dev"))
	user, password, err := cache.Get(t.Context())
	if user != "IAM:someone" || password != "s1" || err != nil {
		t.Errorf("got %s, %s, %v", user, password, err)
	}
	if body := e.body.Load().(string); !strings.Contains(body, `"workgroupName":"wg"`) {
		t.Errorf("the request: %s", body)
	}
	e.fail.Store(true)
	if _, _, err := iam.NewCache(iam.Workgroup(redshiftserverless.NewFromConfig(config), "wg", "dev")).Get(t.Context()); err == nil ||
		!strings.Contains(err.Error(), "workgroup wg") {
		t.Errorf("a refusal: %v", err)
	}
}

func TestRefreshedBeforeTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		cache := iam.NewCache(func(context.Context) (iam.Credentials, error) {
			calls++
			return iam.Credentials{User: "u", Password: strconv.Itoa(calls), Expires: time.Now().Add(15 * time.Minute)}, nil
		})
		for _, c := range []struct {
			after time.Duration
			want  string
		}{{0, "1"}, {13 * time.Minute, "1"}, {time.Minute + time.Second, "2"}, {13 * time.Minute, "2"}, {2 * time.Minute, "3"}} {
			time.Sleep(c.after)
			if _, password, err := cache.Get(t.Context()); password != c.want || err != nil {
				t.Errorf("after %s: %s, %v, want %s", c.after, password, err, c.want)
			}
		}
	})
}
