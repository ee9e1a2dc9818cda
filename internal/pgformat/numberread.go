package pgformat

import (
	"strings"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgnumeric"
)

// numberReader reads a number by the parts of a format.
type numberReader struct {
	format    *NumberFormat
	text      string
	at        int
	number    []byte // the sign or a blank, then digits
	pre, post int    // digits that were read
	decimal   bool
}

// Number reads a numeric by the format: to_number. ok is false for NULL: of an empty format.
func (f *NumberFormat) Number(text string) (n pgnumeric.Numeric, ok bool, err error) {
	switch {
	case f.text == "":
		return n, false, nil
	case f.scientific:
		return n, false, pgerr.New(pgerr.FeatureNotSupported, `"EEEE" not supported for input`)
	case f.roman:
		return n, false, pgerr.New(pgerr.FeatureNotSupported, `"RN" not supported for input`)
	}
	r := &numberReader{format: f, text: text, number: []byte(" ")}
	for _, p := range f.parts {
		if r.ended() {
			break
		}
		r.part(p)
	}
	plain := strings.TrimSuffix(string(r.number), ".")
	if n, err = pgnumeric.Parse(plain); err != nil {
		return n, false, err
	}
	if n, err = n.Fit(f.pre+f.multi+r.post, r.post); err != nil || !f.shift {
		return n, err == nil, err
	}
	shift, err := pgnumeric.Power(pgnumeric.Int(10), pgnumeric.Int(int64(-f.multi)))
	if err != nil {
		return n, false, err
	}
	n, err = pgnumeric.Mul(n, shift)
	return n, err == nil, err
}

func (r *numberReader) ended() bool { return r.at >= len(r.text) }

// char is the next character, 0 at the end.
func (r *numberReader) char() byte {
	if r.ended() {
		return 0
	}
	return r.text[r.at]
}

// skip passes a character of any length.
func (r *numberReader) skip() {
	char, _ := firstChar(r.text[r.at:])
	r.at += len(char)
}

// skipNoData passes up to n characters that cannot be part of a number.
func (r *numberReader) skipNoData(n int) {
	for ; n > 0 && !r.ended() && strings.IndexByte("0123456789.,+-", r.char()) < 0; n-- {
		r.skip()
	}
}

func (r *numberReader) part(p numberPart) {
	switch p.word {
	case noWord:
		r.skip()
	case nine, zero, point, localePoint:
		r.digit(p.word)
		r.at++
	case comma, group:
		if r.char() == ',' && !r.format.fill {
			r.at++
		}
	case currency:
		r.skipNoData(1)
	case ordinalEnd:
		if !r.format.decimal {
			r.skipNoData(2)
		}
	case minusSign, plusSign, anySign:
		c := r.char()
		if c == '-' && p.word != plusSign || c == '+' && p.word != minusSign {
			r.number[0] = c
			r.at++
			return
		}
		r.skipNoData(1)
	default:
	}
}

// digit reads a digit, the point, or a sign around them. The caller passes what was read.
func (r *numberReader) digit(word numberWord) {
	if r.char() == ' ' {
		r.at++
	}
	if r.ended() {
		return
	}
	if r.number[0] == ' ' && word != point && word != localePoint && r.pre+r.post == 0 {
		r.leadingSign()
	}
	if r.ended() {
		return
	}
	read := false
	switch c := r.char(); {
	case isDigit(c):
		if r.decimal && r.post == r.format.post {
			return
		}
		r.number = append(r.number, c)
		if r.decimal {
			r.post++
		} else {
			r.pre++
		}
		read = true
	case r.format.decimal && !r.decimal && c == '.':
		r.number = append(r.number, '.')
		r.decimal, read = true, true
	}
	if r.number[0] == ' ' && r.pre+r.post > 0 {
		r.trailingSign(read)
	}
}

func (r *numberReader) leadingSign() {
	c := r.char()
	switch {
	case r.format.sign && r.format.signPlace != inFront:
		if c == '-' || c == '+' {
			r.number[0] = c
			r.at++
		}
	case c == '-' || c == '+':
		r.number[0] = c
		r.at++
	case r.format.bracket && c == '<':
		r.number[0] = '-'
		r.at++
	}
}

// trailingSign looks for the sign behind what may be the last digit.
func (r *numberReader) trailingSign(read bool) {
	f := r.format
	switch {
	case f.sign && read && r.at+1 < len(r.text) && !isDigit(r.text[r.at+1]):
		if c := r.text[r.at+1]; c == '-' || c == '+' {
			r.number[0] = c
			r.at++
		}
	case !read && !f.sign && (f.plus || f.minus):
		if c := r.char(); c == '-' || c == '+' {
			r.number[0] = c
		}
	}
}
