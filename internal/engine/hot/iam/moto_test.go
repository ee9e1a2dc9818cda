package iam_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/redshift"

	"tidegate/internal/engine/hot/iam"
	"tidegate/internal/testkit"
)

// TestClusterOfMoto gets a password from a service that knows its clusters, by the SDK's own request and answer.
func TestClusterOfMoto(t *testing.T) {
	t.Parallel()
	client := redshift.NewFromConfig(aws.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String(testkit.Moto(t)), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
	})
	_, err := client.CreateCluster(t.Context(), &redshift.CreateClusterInput{
		ClusterIdentifier: aws.String("dwh"), NodeType: aws.String("ra3.xlplus"), MasterUsername: aws.String("admin"),
		MasterUserPassword: aws.String("Secret-1234"), DBName: aws.String("dev"),
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := iam.Cluster(client, "dwh", "etl", "dev")(t.Context())
	if err != nil || !strings.HasSuffix(got.User, "etl") || got.Password == "" {
		t.Errorf("%+v, %v", got.User, err)
	}
	if left := time.Until(got.Expires); left < 10*time.Minute || left > 20*time.Minute {
		t.Errorf("good for %s, want a quarter of an hour", left)
	}
	if _, err := iam.Cluster(client, "other", "etl", "dev")(t.Context()); err == nil || !strings.Contains(err.Error(), "cluster other") {
		t.Errorf("an unknown cluster: %v", err)
	}
}
