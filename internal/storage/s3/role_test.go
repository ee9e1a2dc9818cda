package s3_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"tidegate/internal/storage/s3"
	"tidegate/internal/testkit"
)

// TestRole takes key, region and STS from a profile, assumes a role, and looks at what S3 is asked with.
func TestRole(t *testing.T) {
	target, err := url.Parse(testkit.Moto(t))
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	asked := map[string][]string{} // by the service's name in the signature: the header Authorization
	forward := httputil.NewSingleHostReverseProxy(target)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		auth := r.Header.Get("Authorization")
		mu.Lock()
		for _, service := range []string{"s3", "sts"} {
			if strings.Contains(auth, "/"+service+"/aws4_request") {
				asked[service] = append(asked[service], auth+" token="+r.Header.Get("X-Amz-Security-Token"))
			}
		}
		mu.Unlock()
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	makeBucket(t, front.URL+"/lake")

	dir := t.TempDir()
	for name, text := range map[string]string{
		"config":      fmt.Sprintf("[profile lake]\nregion = eu-north-1\nservices = here\n[services here]\nsts =\n  endpoint_url = %s\n", front.URL),
		"credentials": "[lake]\naws_access_key_id = LONGLIVED\naws_secret_access_key = x\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(dir, "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, "credentials"))

	b, err := s3.Open(t.Context(), "s3://lake/p", s3.Options{
		Endpoint: front.URL, PathStyle: true, Profile: "lake", RoleARN: "arn:aws:iam::123456789012:role/reader",
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := b.Put(t.Context(), "k", strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(asked["sts"]) != 1 || !strings.Contains(asked["sts"][0], "Credential=LONGLIVED/") || !strings.Contains(asked["sts"][0], "/eu-north-1/") {
		t.Errorf("STS was asked %d times as %q, want once with the profile's key in its region", len(asked["sts"]), asked["sts"])
	}
	if len(asked["s3"]) != 4 { // a PUT and a HEAD each
		t.Errorf("S3 was asked %d times, want 4", len(asked["s3"]))
	}
	for _, auth := range asked["s3"] {
		if !strings.Contains(auth, "Credential=ASIA") || strings.HasSuffix(auth, "token=") {
			t.Errorf("S3 was asked as %q, want with the role's key and token", auth)
		}
	}
}

// makeBucket makes a bucket where no signature is checked.
func makeBucket(t *testing.T, address string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("make a bucket: %s, %v", answer.Status, err)
	}
}
