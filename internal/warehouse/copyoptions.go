package warehouse

import (
	"regexp"
	"slices"
	"strings"

	"tidegate/internal/pgerr"
)

// The formats of COPY.
const (
	formatText    = "TEXT" // fields between delimiters, the default
	formatCSV     = "CSV"
	formatJSON    = "JSON"
	formatAvro    = "AVRO"
	formatParquet = "PARQUET"
)

// copyOptions are what a COPY says.
type copyOptions struct {
	target  table
	names   []string // the column list; nil for none
	from    string
	format  string
	given   []string // every option by its keyword, in order
	byName  string   // of JSON and AVRO: "auto" or "auto ignorecase"
	gzip    bool
	zstd    bool
	bzip2   bool
	comma   rune // the delimiter
	quote   byte
	nullAs  string
	skip    int // lines of a header
	maxBad  int // rejected records that are allowed
	replace string
	time    string // TIMEFORMAT
}

func (o copyOptions) has(option string) bool { return slices.Contains(o.given, option) }

var roleARN = regexp.MustCompile(`^arn:aws[\w-]*:iam::\d{12}:role/\S+$`)

// copyOptions reads COPY t [(columns)] FROM 's3://…' options, which may stand in any order.
func (c *cursor) copyOptions() (copyOptions, error) {
	o := copyOptions{format: formatText, comma: '|', quote: '"', nullAs: `\N`, replace: "?"}
	var err error
	if o.target, err = c.table(); err != nil {
		return o, err
	}
	if c.peek().is("(") {
		if o.names, err = c.names(); err != nil {
			return o, err
		}
	}
	if err = c.expect("from"); err != nil {
		return o, err
	}
	if o.from, err = c.copySource(); err != nil {
		return o, err
	}
	for c.peek().kind != end {
		if err := c.copyOption(&o); err != nil {
			return o, err
		}
	}
	return o, o.check()
}

func (c *cursor) literal() (string, error) {
	if c.peek().kind != text {
		return "", c.unexpected()
	}
	return c.next().value, nil
}

// copySource is the URL. Other sources of Redshift's (stdin there is not, SSH, EMR, DynamoDB) are not built.
func (c *cursor) copySource() (string, error) {
	if c.peek().is("stdin") {
		return "", c.unexpected() // Redshift has no COPY FROM STDIN
	}
	from, err := c.literal()
	if err == nil && !strings.HasPrefix(from, "s3://") {
		err = unsupported("COPY from " + from)
	}
	return from, err
}

// copyOption reads one option with its value.
func (c *cursor) copyOption(o *copyOptions) error {
	if known, err := c.credentials(&o.given); known || err != nil {
		return err
	}
	if known, err := c.copyFormat(o); known || err != nil {
		return err
	}
	t := c.next()
	name := strings.ToUpper(t.value)
	if t.kind != word {
		c.back(t)
		return c.unexpected()
	}
	var err error
	switch name {
	case "MANIFEST", "EMPTYASNULL", "BLANKSASNULL", "TRUNCATECOLUMNS", "FILLRECORD", "NOLOAD", "IGNOREBLANKLINES", "EXPLICIT_IDS", "TRIMBLANKS":
	case "GZIP":
		o.gzip = true
	case "ZSTD":
		o.zstd = true
	case "BZIP2":
		o.bzip2 = true
	case "COMPUPDATE", "STATUPDATE":
		if !c.accept("on") && !c.accept("off") && !c.accept("true") && !c.accept("false") {
			c.accept("preset")
		}
	case "REGION":
		c.accept("as")
		_, err = c.literal()
	case "DELIMITER":
		o.comma, err = c.character()
	case "QUOTE":
		var r rune
		r, err = c.character()
		o.quote = byte(r)
	case "NULL":
		c.accept("as")
		o.nullAs, err = c.literal()
	case "IGNOREHEADER":
		c.accept("as")
		o.skip, err = c.integer()
	case "MAXERROR":
		c.accept("as")
		o.maxBad, err = c.integer()
	case "ACCEPTINVCHARS":
		c.accept("as")
		if c.peek().kind == text {
			o.replace = c.next().value
		}
	case "TIMEFORMAT", "DATEFORMAT":
		err = c.timeFormat(name, o)
	default:
		if slices.Contains(notBuilt(), name) {
			return unsupported("COPY with " + name)
		}
		c.back(t)
		return c.unexpected()
	}
	o.given = append(o.given, name)
	return err
}

// notBuilt are options that Redshift has and this stand-in has not.
func notBuilt() []string {
	return []string{
		"ESCAPE", "REMOVEQUOTES", "FIXEDWIDTH", "LZOP", "ENCRYPTED", "MASTER_SYMMETRIC_KEY", "READRATIO", "SSH", "SHAPEFILE", "ENCODING",
		"ACCEPTANYDATE", "ROUNDEC", "IGNOREALLERRORS", "JOB", "COMPROWS", "SERIALIZETOJSON", "ORC",
	}
}

// character reads a literal of one byte.
func (c *cursor) character() (rune, error) {
	c.accept("as")
	s, err := c.literal()
	if err == nil && len(s) != 1 {
		err = pgerr.New(pgerr.InvalidParameterValue, "COPY delimiter must be a single character")
	}
	if err != nil {
		return 0, err
	}
	return rune(s[0]), nil
}

func (c *cursor) timeFormat(name string, o *copyOptions) error {
	c.accept("as")
	s, err := c.literal()
	if err != nil {
		return err
	}
	s = strings.ToLower(s)
	if s != "auto" && (name == "DATEFORMAT" || s != "epochsecs" && s != "epochmillisecs") {
		return unsupported("COPY with " + name + " '" + s + "'")
	}
	if name == "TIMEFORMAT" {
		o.time = s
	}
	return nil
}

// credentials reads IAM_ROLE, CREDENTIALS or the keys; known is false if the next word is none of these.
func (c *cursor) credentials(given *[]string) (known bool, err error) {
	switch {
	case c.accept("iam_role"):
		if c.accept("default") {
			break
		}
		role, err := c.literal()
		if err != nil {
			return true, err
		}
		for r := range strings.SplitSeq(role, ",") {
			if !roleARN.MatchString(strings.TrimSpace(r)) {
				return true, pgerr.New(codeLoad, "Invalid credentials. Must be of the format: arn:aws:iam::<12 digits>:role/<name>")
			}
		}
	case c.accept("credentials"):
		c.accept("as")
		s, err := c.literal()
		if err != nil {
			return true, err
		}
		if !strings.HasPrefix(s, "aws_iam_role=") && !strings.HasPrefix(s, "aws_access_key_id=") {
			return true, pgerr.New(codeLoad, "Invalid credentials. Must be of the format: credentials 'aws_iam_role=...' or "+
				"'aws_access_key_id=...;aws_secret_access_key=...[;token=...]'")
		}
	case c.accept("access_key_id"), c.accept("secret_access_key"), c.accept("session_token"):
		c.accept("as")
		if _, err := c.literal(); err != nil {
			return true, err
		}
	default:
		return false, nil
	}
	*given = append(*given, "CREDENTIALS")
	return true, nil
}

// copyFormat reads [FORMAT [AS]] name with what belongs to it.
func (c *cursor) copyFormat(o *copyOptions) (known bool, err error) {
	explicit := c.accept("format")
	if explicit {
		c.accept("as")
	}
	switch {
	case c.accept("csv"):
		o.format, o.comma = formatCSV, ','
		if c.accept("quote") {
			r, err := c.character()
			o.quote = byte(r)
			return true, err
		}
		return true, nil
	case c.accept("parquet"):
		o.format = formatParquet
		return true, nil
	case c.accept("json"):
		o.format = formatJSON
	case c.accept("avro"):
		o.format = formatAvro
	case explicit && c.peek().is("orc"):
		return true, unsupported("COPY with FORMAT ORC")
	case explicit:
		return true, c.unexpected()
	default:
		return false, nil
	}
	c.accept("as")
	o.byName, err = c.literal()
	if err == nil && o.byName != "auto" && o.byName != "auto ignorecase" {
		err = unsupported("COPY with a JSONPaths file")
	}
	return true, err
}

// columnar are the options that a COPY of Parquet may have.
func columnar() []string {
	return []string{"CREDENTIALS", "MANIFEST", "STATUPDATE", "FILLRECORD", "EXPLICIT_IDS", "ACCEPTINVCHARS", "NOLOAD"}
}

func (o copyOptions) check() error {
	if !o.has("CREDENTIALS") {
		return pgerr.New(codeLoad, "COPY needs IAM_ROLE, CREDENTIALS or access keys").
			WithHint("write IAM_ROLE default or IAM_ROLE 'arn:aws:iam::<account>:role/<name>'")
	}
	if o.format != formatParquet {
		return nil
	}
	for _, option := range o.given {
		if !slices.Contains(columnar(), option) {
			return pgerr.New(pgerr.FeatureNotSupported, "%s argument is not supported for PARQUET based COPY", option)
		}
	}
	if o.has("ACCEPTINVCHARS") {
		return unsupported("COPY of Parquet with ACCEPTINVCHARS")
	}
	return nil
}
