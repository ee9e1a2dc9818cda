package storagetest

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// FaultyServer stands before an S3 server, with the bucket's name in the path, and has GETs of objects fail as
// networks and S3 do.
type FaultyServer struct {
	URL string
	// Next says how a GET goes; nil: all go well. It is called once per request, one at a time.
	Next func(Request) Fault

	forward *httputil.ReverseProxy
	mu      sync.Mutex // held while Next runs
	gets    int        // guarded by mu
}

// NewFaultyServer starts one in front of endpoint. It ends with the test.
func NewFaultyServer(t *testing.T, endpoint string) *FaultyServer {
	t.Helper()
	to, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}
	s := &FaultyServer{forward: &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host // it is part of the signature
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }, // the client may be gone
	}}
	server := httptest.NewServer(s)
	t.Cleanup(func() {
		server.Close()
		transport.CloseIdleConnections()
	})
	s.URL = server.URL
	return s
}

// Gets is the number of GETs of objects so far.
func (s *FaultyServer) Gets() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gets
}

func (s *FaultyServer) next(r *http.Request) Fault {
	_, key, isObject := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if r.Method != http.MethodGet || !isObject || key == "" {
		return None
	}
	q := Request{Key: key, Length: -1}
	var last int64
	if n, _ := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &q.Offset, &last); n == 2 {
		q.Length = last - q.Offset + 1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gets++
	if s.Next == nil {
		return None
	}
	return s.Next(q)
}

// ServeHTTP answers or spoils the answer.
func (s *FaultyServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch fault := s.next(r); fault {
	case None:
		s.forward.ServeHTTP(w, r)
	case Unavailable:
		if len(r.Header.Get("Range"))%2 == 0 { // S3 says both
			refuse(w, http.StatusInternalServerError, "InternalError")
			return
		}
		refuse(w, http.StatusServiceUnavailable, "SlowDown")
	case Missing:
		refuse(w, http.StatusNotFound, "NoSuchKey")
	case Denied:
		refuse(w, http.StatusBadRequest, "ExpiredToken")
	case Hang:
		<-r.Context().Done()
	default:
		s.spoil(w, r, fault)
	}
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>spoiled</Message></Error>", code)
}

// spoil forwards a request and changes the answer: another ETag, half of the body, or half of it and then nothing.
func (s *FaultyServer) spoil(w http.ResponseWriter, r *http.Request, fault Fault) {
	answer := httptest.NewRecorder()
	s.forward.ServeHTTP(answer, r)
	maps.Copy(w.Header(), answer.Header())
	body := answer.Body.Bytes()
	half := body[:len(body)/2]
	switch fault {
	case Changed:
		w.Header().Set("Etag", `"another"`)
		half = body
	case Short:
		w.Header().Set("Content-Length", strconv.Itoa(len(half)))
	default:
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(half) // the client may be gone
	if fault == Reset {
		_ = http.NewResponseController(w).Flush() // as before
		panic(http.ErrAbortHandler)
	}
}
