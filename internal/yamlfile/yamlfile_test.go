package yamlfile

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type pause time.Duration

func (p *pause) UnmarshalText(b []byte) error {
	d, err := time.ParseDuration(string(b))
	if err != nil {
		return errors.New(string(b) + " is not a duration; write 15m, 1h")
	}
	*p = pause(d)
	return nil
}

type settings struct {
	Listen string `yaml:"listen"`
	Lake   struct {
		Location string `yaml:"location"`
		Size     int    `yaml:"size"`
	} `yaml:"lake"`
	Every  pause             `yaml:"every"`
	Names  []string          `yaml:"names"`
	Fields map[string]string `yaml:"fields"`
	Ratio  *float64          `yaml:"ratio"`
	On     bool              `yaml:"on"`
}

func TestDecode(t *testing.T) {
	t.Parallel()
	text := `# comment
listen: 127.0.0.1:5439
lake: { location: "file:./lake", size: 7 }
every: 15m
names: [a, b]
fields:
  id: text
  n: int
ratio: 0.5
on: true
`
	var got settings
	lines, err := Decode("x.yml", []byte(text), &got)
	if err != nil {
		t.Fatal(err)
	}
	half := 0.5
	want := settings{
		Listen: "127.0.0.1:5439", Every: pause(15 * time.Minute), Names: []string{"a", "b"},
		Fields: map[string]string{"id": "text", "n": "int"}, Ratio: &half, On: true,
	}
	want.Lake.Location, want.Lake.Size = "file:./lake", 7
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for path, line := range map[string]int{"listen": 2, "lake.size": 3, "names[1]": 5, "fields.n": 8, "ratio": 9} {
		if lines[path] != line {
			t.Errorf("line of %s: got %d, want %d", path, lines[path], line)
		}
	}
}

func TestDecodeTellsEveryError(t *testing.T) {
	t.Parallel()
	text := `lisen: x
lake: { location: [1], size: many }
every: 90 parsecs
names: a
on: perhaps
listen: x
listen: y
`
	_, err := Decode("x.yml", []byte(text), new(settings))
	want := []string{
		"x.yml:1: unknown key lisen (did you mean listen?); the keys here are listen, lake, every, names, fields, ratio, on",
		"x.yml:2: lake.location must be a text",
		"x.yml:2: lake.size must be a whole number, not many",
		"x.yml:3: every: 90 parsecs is not a duration; write 15m, 1h",
		"x.yml:4: names must be a list ([a, b])",
		"x.yml:5: on must be true or false, not perhaps",
		"x.yml:7: listen is there twice",
	}
	if d := cmp.Diff(want, strings.Split(err.Error(), "\n")); d != "" {
		t.Error(d)
	}
}

func TestDecodeSyntaxError(t *testing.T) {
	t.Parallel()
	_, err := Decode("x.yml", []byte("a: b\n  c: [d\n"), new(settings))
	if e, ok := errors.AsType[*Error](err); !ok || e.Line < 1 {
		t.Fatalf("got %v, want an *Error with its line", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("listen: x\nlake: {size: 1}\n"))
	f.Add([]byte("a: &x [1]\nb: *x\n<<: *x"))
	f.Fuzz(func(_ *testing.T, b []byte) {
		_, _ = Decode("x.yml", b, new(settings))
	})
}
