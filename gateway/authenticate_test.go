package gateway

import (
	"crypto/md5"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xdg-go/scram"

	"tidegate/gateway/auth"
	"tidegate/internal/testkit"
)

// loginLab has a PostgreSQL 15 with a database for each way to log in, and a Tidegate for each.
type loginLab struct {
	ca       *testkit.Authority
	shown    *x509.Certificate
	postgres string
	own      map[string]string // address by database
}

func newLoginLab(t *testing.T) *loginLab {
	t.Helper()
	l := &loginLab{ca: testkit.NewAuthority(t), own: map[string]string{}}
	r := doorRules(t, l.ca)
	l.shown = r.TLS.Certificates[0].Leaf
	ways := map[string]struct {
		hba  string
		rule func(r *auth.Rules)
	}{
		"scram": {"scram-sha-256", func(*auth.Rules) {}},
		"md5":   {"md5", func(r *auth.Rules) { r.Method = auth.MD5 }},
		"pass":  {"password", func(r *auth.Rules) { r.Method = auth.Password }},
		"cert":  {"cert", func(r *auth.Rules) { r.Method = auth.Cert }},
		"ca":    {"scram-sha-256 clientcert=verify-ca", func(r *auth.Rules) { r.ClientCert = auth.VerifyCA }},
		"full":  {"scram-sha-256 clientcert=verify-full", func(r *auth.Rules) { r.ClientCert = auth.VerifyFull }},
	}
	var hba []string
	for _, name := range slices.Sorted(maps.Keys(ways)) {
		kind := "host"
		if strings.Contains(ways[name].hba, "cert") {
			kind = "hostssl"
		}
		hba = append(hba, kind+" "+name+" all 127.0.0.1/32 "+ways[name].hba)
	}
	cluster := lockedPostgres(t, l.ca, r, hba...)
	l.postgres = "127.0.0.1:" + cluster.Port
	c := cluster.Connect(t)
	for name, w := range ways {
		if _, err := c.Exec(t.Context(), "create database \""+name+"\""); err != nil {
			t.Fatal(err)
		}
		own := *r
		w.rule(&own)
		l.own[name] = serve(t, nil, func(o *Options) {
			o.Database, o.Rules, o.StartupTimeout = name, func() *auth.Rules { return &own }, 2*time.Second
		}).addr
	}
	return l
}

// loginCase is run against both; the first word of its name is the database.
type loginCase struct {
	name string
	talk func(d *dialogue)
	want []string // what Tidegate says where it is not what PostgreSQL says
	why  string
}

func (c *loginCase) database() string {
	name, _, _ := strings.Cut(c.name, " ")
	return name
}

// knock is a startup message for the dialogue's database.
func (d *dialogue) knock(user string) {
	d.t.Helper()
	d.send(packet(v30, startupBody("user", user, "database", d.database)))
	d.listen()
}

// encrypted is knock over TLS.
func (d *dialogue) encrypted(user string, certificates ...tls.Certificate) {
	d.t.Helper()
	d.send(packet(sslCode, ""))
	d.single()
	d.handshake(&tls.Config{Certificates: certificates})
	d.knock(user)
}

// first is the client's first message of SCRAM-SHA-256.
func (d *dialogue) first(text string) {
	d.t.Helper()
	d.send(saslFirst("SCRAM-SHA-256", text))
	d.listen()
}

// login goes through SCRAM to its end. change, if there is one, changes the client's last message.
func (d *dialogue) login(password string, binding *scram.ChannelBinding, change func(final string) string) {
	d.t.Helper()
	client, err := scram.SHA256.NewClient("", password, "")
	if err != nil {
		d.t.Fatal(err)
	}
	mechanism, x := "SCRAM-SHA-256", client.NewConversation()
	if binding != nil {
		mechanism, x = "SCRAM-SHA-256-PLUS", client.NewConversationWithChannelBinding(*binding)
	}
	text, err := x.Step("")
	if err != nil {
		d.t.Fatal(err)
	}
	d.send(saslFirst(mechanism, text))
	d.listen()
	if text, err = x.Step(d.challenge); err != nil {
		d.said = append(d.said, "no challenge")
		return
	}
	if change != nil {
		text = change(text)
	}
	d.send(typed('p', text))
	d.listen()
}

// field replaces a field of a SCRAM message.
func field(name, value string) func(string) string {
	return func(text string) string {
		fields := strings.Split(text, ",")
		for i, f := range fields {
			if strings.HasPrefix(f, name+"=") {
				fields[i] = name + "=" + value
			}
		}
		return strings.Join(fields, ",")
	}
}

func (d *dialogue) md5(user, password string) {
	d.t.Helper()
	sum := func(s string) string {
		b := md5.Sum([]byte(s))
		return hex.EncodeToString(b[:])
	}
	d.send(typed('p', "md5"+sum(sum(password+user)+d.challenge)+"\x00"))
	d.listen()
}

func (l *loginLab) scramCases() []loginCase {
	knock := func(user string, then func(d *dialogue)) func(d *dialogue) {
		return func(d *dialogue) { d.knock(user); then(d) }
	}
	first := func(text string) func(d *dialogue) { return knock("sue", func(d *dialogue) { d.first(text) }) }
	final := func(change func(string) string) func(d *dialogue) {
		return knock("sue", func(d *dialogue) { d.login("secret", nil, change) })
	}
	send := func(b []byte) func(d *dialogue) { return knock("sue", func(d *dialogue) { d.send(b); d.listen() }) }
	return []loginCase{
		{name: "scram right", talk: final(nil)},
		{name: "scram wrong", talk: knock("sue", func(d *dialogue) { d.login("other", nil, nil) })},
		{name: "scram empty", talk: knock("sue", func(d *dialogue) { d.login("", nil, nil) })},
		{name: "scram unknown", talk: knock("nobody", func(d *dialogue) { d.login("secret", nil, nil) })},
		{name: "scram without a password", talk: knock("nopass", func(d *dialogue) { d.login("secret", nil, nil) })},
		{name: "scram with md5 kept", talk: knock("mia", func(d *dialogue) { d.login("secret", nil, nil) })},
		{name: "scram another mechanism", talk: send(saslFirst("SCRAM-SHA-1", "n,,"+firstBare))},
		{name: "scram PLUS without TLS", talk: send(saslFirst("SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,"+firstBare))},
		{name: "scram a query instead", talk: send(typed('Q', "select 1\x00"))},
		{name: "scram a farewell", talk: send(typed('X', ""))},
		{name: "scram no text at first", talk: knock("sue", func(d *dialogue) {
			d.send(typed('p', "SCRAM-SHA-256\x00\xff\xff\xff\xff"))
			d.listen()
			d.send(typed('p', "n,,"+firstBare))
			d.listen()
		})},
		{name: "scram an empty text", talk: first("")},
		{name: "scram y without TLS", talk: first("y,," + firstBare)},
		{name: "scram another identity", talk: first("n,a=bob," + firstBare)},
		{name: "scram bound, not encrypted", talk: first("p=tls-server-end-point,," + firstBare)},
		{name: "scram a zero byte", talk: first("n,,n=,r=a\x00b")},
		{name: "scram a user's name", talk: first("n,,n=somebody,r=abcdefgh")},
		{name: "scram no name of a mechanism", talk: send(typed('p', "SCRAM-SHA-256"))},
		{name: "scram no length", talk: send(typed('p', "SCRAM-SHA-256\x00\x00"))},
		{name: "scram too long a length", talk: send(typed('p', "SCRAM-SHA-256\x00\x00\x00\x00\x09n,,"))},
		{name: "scram too short a length", talk: send(typed('p', "SCRAM-SHA-256\x00\x00\x00\x00\x01n,,"))},
		{name: "scram too long a message", talk: send(typed('p', strings.Repeat("x", 70_000)))},
		{name: "scram a negative length", talk: send([]byte("p\xff\xff\xff\xff"))},
		{name: "scram nonsense", talk: first("hello")},
		{name: "scram no nonce", talk: first("n,,n=")},
		{name: "scram an extension", talk: first("n,,m=x," + firstBare)},
		{name: "scram another nonce", talk: final(field("r", "other"))},
		{name: "scram a short proof", talk: final(field("p", base64.StdEncoding.EncodeToString([]byte("short"))))},
		{name: "scram no base64", talk: final(field("p", "*"))},
		{name: "scram a proof with blanks", talk: final(func(text string) string { return strings.Replace(text, "p=", "p= ", 1) })},
		{name: "scram more behind the proof", talk: final(func(text string) string { return text + ",x=1" })},
		{name: "scram an empty attribute behind the proof", talk: final(func(text string) string { return text + "," })},
		{name: "scram an extension before the proof", talk: final(func(text string) string { return strings.Replace(text, ",p=", ",x=1,p=", 1) })},
		{name: "scram no proof", talk: final(func(text string) string { before, _, _ := strings.Cut(text, ",p="); return before })},
		{name: "scram no attribute before the proof", talk: final(func(text string) string { return strings.Replace(text, ",p=", ",1=1,p=", 1) })},
		{name: "scram no value at the end", talk: final(func(text string) string { return strings.Replace(text, ",p=", ",x,p=", 1) })},
		{name: "scram no flags at the end", talk: final(func(text string) string { _, after, _ := strings.Cut(text, ","); return after })},
		{name: "scram no nonce at the end", talk: final(func(text string) string { _, after, _ := strings.Cut(text, ",p="); return "c=biws,p=" + after })},
		{name: "scram flags alone", talk: first("n")},
		{name: "scram flags without a comma", talk: first("nx," + firstBare)},
		{name: "scram an invisible byte", talk: first("n\x01," + firstBare)},
		{name: "scram y alone", talk: first("y;")},
		{name: "scram nothing behind the flags", talk: first("n,")},
		{name: "scram another attribute for the identity", talk: first("n,b=bob," + firstBare)},
		{name: "scram no name", talk: first("n,,r=abc")},
		{name: "scram a name without a value", talk: first("n,,n,r=abc")},
		{name: "scram an empty nonce", talk: first("n,,n=,r=")},
		{name: "scram a nonce with a blank", talk: first("n,,n=,r=a b")},
		{name: "scram a nonce that is no ASCII", talk: first("n,,n=,r=a\xc3\xa4")},
		{name: "scram more behind the nonce", talk: first("n,,n=,r=abc,x=1,y=2")},
		{name: "scram no attribute behind the nonce", talk: first("n,,n=,r=abc,1=1")},
		{name: "scram no value behind the nonce", talk: first("n,,n=,r=abc,x")},
		{name: "scram an empty attribute behind the nonce", talk: first("n,,n=,r=abc,")},
		{name: "scram nothing at the end", talk: final(func(string) string { return "" })},
		{name: "scram other flags at the end", talk: final(field("c", base64.StdEncoding.EncodeToString([]byte("y,,"))))},
		{name: "scram silence", talk: knock("sue", func(d *dialogue) { d.listen() })},
		{name: "scram silence from the first byte", talk: func(d *dialogue) { d.raw() }},
		{name: "scram silence instead of a handshake", talk: func(d *dialogue) { d.send(packet(sslCode, "")); d.single(); d.raw() }},
		{name: "scram half a packet", talk: func(d *dialogue) { d.send(hello("sue")[:10]); d.raw() }},
	}
}

func (l *loginLab) encryptedCases() []loginCase {
	binding, err := scram.NewTLSServerEndpointBinding(&tls.ConnectionState{PeerCertificates: []*x509.Certificate{l.shown}})
	if err != nil {
		panic(err)
	}
	other := scram.ChannelBinding{Type: binding.Type, Data: []byte("another certificate's digest")}
	sue := func(then func(d *dialogue)) func(d *dialogue) {
		return func(d *dialogue) { d.encrypted("sue"); then(d) }
	}
	plus := func(text string) func(d *dialogue) {
		return sue(func(d *dialogue) { d.send(saslFirst("SCRAM-SHA-256-PLUS", text)); d.listen() })
	}
	return []loginCase{
		{name: "scram encrypted", talk: sue(func(d *dialogue) { d.login("secret", nil, nil) })},
		{name: "scram bound", talk: sue(func(d *dialogue) { d.login("secret", &binding, nil) })},
		{name: "scram bound, wrong", talk: sue(func(d *dialogue) { d.login("other", &binding, nil) })},
		{name: "scram bound to another", talk: sue(func(d *dialogue) { d.login("secret", &other, nil) })},
		{name: "scram downgraded", talk: sue(func(d *dialogue) { d.first("y,," + firstBare) })},
		{name: "scram PLUS, not bound", talk: plus("n,," + firstBare)},
		{name: "scram PLUS, downgraded", talk: plus("y,," + firstBare)},
		{name: "scram bound, not PLUS", talk: sue(func(d *dialogue) { d.first("p=tls-server-end-point,," + firstBare) })},
		{name: "scram tls-unique", talk: plus("p=tls-unique,," + firstBare)},
		{name: "scram bound to nonsense", talk: plus("p=a b\x01" + strings.Repeat("c", 40) + ",," + firstBare)},
		{name: "scram bound to nothing", talk: plus("p,," + firstBare)},
		{name: "scram bound for another", talk: plus("p=tls-server-end-point,a=bob," + firstBare)},
	}
}

func (l *loginLab) otherCases() []loginCase {
	ann, wrong := l.ca.Client("sue"), l.ca.Client("mia")
	stranger := l.ca.Client("nobody")
	password := func(user, text string) func(d *dialogue) {
		return func(d *dialogue) { d.encrypted(user); d.send(typed('p', text)); d.listen() }
	}
	shows := func(user string, list ...tls.Certificate) func(d *dialogue) {
		return func(d *dialogue) { d.encrypted(user, list...) }
	}
	then := func(user, password string, list ...tls.Certificate) func(d *dialogue) {
		return func(d *dialogue) { d.encrypted(user, list...); d.login(password, nil, nil) }
	}
	return []loginCase{
		{name: "md5 right", talk: func(d *dialogue) { d.knock("mia"); d.md5("mia", "secret") }},
		{name: "md5 wrong", talk: func(d *dialogue) { d.knock("mia"); d.md5("mia", "other") }},
		{name: "md5 nothing", talk: func(d *dialogue) { d.knock("mia"); d.send(typed('p', "\x00")); d.listen() }},
		{name: "md5 in the clear", talk: func(d *dialogue) { d.knock("mia"); d.send(typed('p', "secret\x00")); d.listen() }},
		{name: "md5 with SCRAM kept", talk: func(d *dialogue) { d.knock("sue"); d.login("secret", nil, nil) }},
		{name: "md5 unknown", talk: func(d *dialogue) { d.knock("nobody"); d.login("secret", nil, nil) }},
		{name: "pass right", talk: password("sue", "secret\x00")},
		{name: "pass right, md5 kept", talk: password("mia", "secret\x00")},
		{name: "pass wrong", talk: password("sue", "other\x00")},
		{name: "pass unknown", talk: password("nobody", "secret\x00")},
		{name: "pass without one", talk: password("nopass", "secret\x00")},
		{name: "pass empty", talk: password("sue", "\x00")},
		{name: "pass not terminated", talk: password("sue", "secret")},
		{name: "pass twice terminated", talk: password("sue", "secret\x00\x00")},
		{
			name: "pass not encrypted", talk: func(d *dialogue) { d.knock("sue") }, why: "a password in the clear is not asked for",
			want: []string{`ErrorResponse FATAL 28000 connections without TLS are not allowed for user "sue" HINT: Connect with sslmode=require or a stricter one.`, "closed"},
		},
		{name: "cert right", talk: shows("sue", ann)},
		{name: "cert of another", talk: shows("sue", wrong)},
		{name: "cert of a stranger", talk: shows("nobody", stranger)},
		{name: "cert none", talk: shows("sue")},
		{name: "ca of another", talk: then("sue", "secret", wrong)},
		{name: "ca wrong password", talk: then("sue", "other", wrong)},
		{name: "ca none", talk: shows("sue")},
		{name: "full right", talk: then("sue", "secret", ann)},
		{name: "full wrong password", talk: then("sue", "other", ann)},
		{name: "full of another", talk: then("sue", "secret", wrong)},
		{name: "full none", talk: shows("sue")},
	}
}

// TestLogins compares logins with PostgreSQL 15.
func TestLogins(t *testing.T) {
	t.Parallel()
	l := newLoginLab(t)
	for _, c := range slices.Concat(l.scramCases(), l.encryptedCases(), l.otherCases()) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			want := (&dialogue{t: t, database: c.database()}).run("tcp", l.postgres, c.talk)
			got := (&dialogue{t: t, database: c.database()}).run("tcp", l.own[c.database()], c.talk)
			if c.why != "" {
				if cmp.Equal(want, got) {
					t.Errorf("both say %q: nothing differs", got)
				}
				want = c.want
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
