// Package iam gets database passwords from AWS: for clusters by GetClusterCredentials, for Serverless workgroups by
// GetCredentials. They are good for minutes, so they are kept until shortly before they end.
package iam

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	"github.com/aws/aws-sdk-go-v2/service/redshiftserverless"
)

const (
	lifetime = 15 * time.Minute // the shortest that both services give
	// early is how long before their end credentials are not used any more: a connection is still being made with them.
	early = time.Minute
)

// Source asks AWS for new credentials.
type Source func(ctx context.Context) (Credentials, error)

// Credentials are what AWS gave.
type Credentials struct {
	User, Password string
	Expires        time.Time
}

// Cluster asks for credentials of a provisioned cluster's user, who must exist.
func Cluster(client *redshift.Client, cluster, user, database string) Source {
	return func(ctx context.Context) (Credentials, error) {
		out, err := client.GetClusterCredentials(ctx, &redshift.GetClusterCredentialsInput{
			ClusterIdentifier: aws.String(cluster), DbUser: aws.String(user), DbName: aws.String(database),
			DurationSeconds: aws.Int32(int32(lifetime.Seconds())), AutoCreate: aws.Bool(false),
		})
		if err != nil {
			return Credentials{}, fmt.Errorf("get credentials of %s for cluster %s: %w", user, cluster, err)
		}
		return Credentials{aws.ToString(out.DbUser), aws.ToString(out.DbPassword), aws.ToTime(out.Expiration)}, nil
	}
}

// Workgroup asks for credentials of a Serverless workgroup: AWS makes the database user from the caller's identity.
func Workgroup(client *redshiftserverless.Client, workgroup, database string) Source {
	return func(ctx context.Context) (Credentials, error) {
		out, err := client.GetCredentials(ctx, &redshiftserverless.GetCredentialsInput{
			WorkgroupName: aws.String(workgroup), DbName: aws.String(database), DurationSeconds: aws.Int32(int32(lifetime.Seconds())),
		})
		if err != nil {
			return Credentials{}, fmt.Errorf("get credentials for workgroup %s: %w", workgroup, err)
		}
		return Credentials{aws.ToString(out.DbUser), aws.ToString(out.DbPassword), aws.ToTime(out.Expiration)}, nil
	}
}

// Cache gives a source's credentials until shortly before they end. It is safe for concurrent use: one caller asks,
// the others wait for its answer.
type Cache struct {
	source Source

	mu   sync.Mutex
	have Credentials // guarded by mu
}

// NewCache makes an empty cache.
func NewCache(source Source) *Cache { return &Cache{source: source} }

// Get gives a user and a password that are good for a minute at least.
func (c *Cache) Get(ctx context.Context) (user, password string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Until(c.have.Expires) <= early {
		fresh, err := c.source(ctx)
		if err != nil {
			return "", "", err
		}
		c.have = fresh
	}
	return c.have.User, c.have.Password, nil
}
