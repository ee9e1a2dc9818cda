package events

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func s3Record(version, name, key string) string {
	return fmt.Sprintf(`{"eventVersion":%q,"eventSource":"aws:s3","awsRegion":"eu-central-1","eventTime":"2018-02-15T03:00:00.000Z","eventName":%q,
		"s3":{"s3SchemaVersion":"1.0","configurationId":"new","bucket":{"name":"raw","ownerIdentity":{"principalId":"A"},"arn":"arn:aws:s3:::raw"},
		"object":{"key":%q,"size":1024,"eTag":"d41d8cd98f00b204e9800998ecf8427e","sequencer":"0055AED6DCD90281E5"}}}`, version, name, key)
}

func records(all ...string) string { return `{"Records":[` + strings.Join(all, ",") + `]}` }

func sns(message string) string {
	text, _ := json.Marshal(message) // a string
	return `{"Type":"Notification","MessageId":"1","TopicArn":"arn:aws:sns:eu-central-1:123456789012:t","Subject":"Amazon S3 Notification","Message":` + string(text) + `,"Timestamp":"2018-02-15T03:00:00.000Z"}`
}

func bridge(what, key string) string {
	return fmt.Sprintf(`{"version":"0","id":"17793124","detail-type":%q,"source":"aws.s3","account":"123456789012","region":"eu-central-1",
		"detail":{"version":"0","bucket":{"name":"raw"},"object":{"key":%q,"size":5,"etag":"b1946ac92492d2347c6235b4d2611184"},"reason":"PutObject"}}`, what, key)
}

func TestParse(t *testing.T) {
	t.Parallel()
	const test = `{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2018-02-15T03:00:00.000Z","Bucket":"raw","RequestId":"5","HostId":"8"}`
	for name, c := range map[string]struct{ body, want, err string }{
		"a space, a plus, and more":     {body: records(s3Record("2.1", "ObjectCreated:Put", "web/a+b%2Bc%3D%E3%81%82.gz")), want: "raw web/a b+c=あ.gz"},
		"several records":               {body: records(s3Record("2.0", "ObjectCreated:CompleteMultipartUpload", "a"), s3Record("2.3", "ObjectCreated:Copy", "b")), want: "raw a, raw b"},
		"a removal among them":          {body: records(s3Record("2.1", "ObjectRemoved:Delete", "a"), s3Record("2.1", "ObjectCreated:Post", "b")), want: "raw b"},
		"only a removal":                {body: records(s3Record("2.1", "ObjectRemoved:DeleteMarkerCreated", "a"))},
		"as MinIO writes it":            {body: records(s3Record("2.0", "s3:ObjectCreated:Put", "a")), want: "raw a"},
		"a test":                        {body: test},
		"a test by SNS":                 {body: sns(test)},
		"by SNS":                        {body: sns(records(s3Record("2.1", "ObjectCreated:Put", "web/a+b.gz"))), want: "raw web/a b.gz"},
		"by EventBridge":                {body: bridge("Object Created", "web/a+b%2B c.gz"), want: "raw web/a+b%2B c.gz"},
		"by EventBridge by SNS":         {body: sns(bridge("Object Created", "a+b")), want: "raw a+b"},
		"something else by EventBridge": {body: bridge("Object Deleted", "a")},
		"no JSON":                       {body: "hello", err: "it is no JSON of S3"},
		"other JSON":                    {body: `{"a":1}`, err: "it has no Records"},
		"a list":                        {body: `[1]`, err: "it is no JSON of S3"},
		"another major version":         {body: records(s3Record("3.0", "ObjectCreated:Put", "a")), err: `record 0: its eventVersion is "3.0"`},
		"one of another version":        {body: records(s3Record("2.1", "ObjectCreated:Put", "a"), s3Record("", "ObjectCreated:Put", "b")), err: `record 1: its eventVersion is ""`},
		"a key that is wrongly encoded": {body: records(s3Record("2.1", "ObjectCreated:Put", "a%2")), err: `key "a%2": invalid URL escape`},
		"no key":                        {body: records(s3Record("2.1", "ObjectCreated:Put", "")), err: `key "" is missing`},
		"no name":                       {body: records(s3Record("2.1", "", "a")), err: "it has no eventName"},
		"no key by EventBridge":         {body: bridge("Object Created", ""), err: `key "" is missing`},
		"no detail-type":                {body: bridge("", "a"), err: "it has no detail-type"},
		"SNS asks to confirm":           {body: `{"Type":"SubscriptionConfirmation","Message":"You have chosen","SubscribeURL":"https://x"}`, err: "it has no Records"},
		"SNS in SNS":                    {body: sns(sns(test)), err: "it is a message of SNS in one of SNS"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			created, err := Parse(c.body)
			var got []string
			for _, o := range created {
				got = append(got, o.Bucket+" "+o.Key)
			}
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) || strings.Join(got, ", ") != c.want {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(records(s3Record("2.1", "ObjectCreated:Put", "a")))
	f.Add(sns(bridge("Object Created", "a")))
	f.Fuzz(func(t *testing.T, body string) {
		created, err := Parse(body)
		if err != nil && created != nil {
			t.Errorf("an error and objects: %+v", created)
		}
		for _, c := range created {
			if c.Bucket == "" || c.Key == "" {
				t.Errorf("%+v of %s", c, body)
			}
		}
	})
}
