package pgformat

import "strings"

// numberWriter writes the digits of one number by the parts of its format.
type numberWriter struct {
	digits
	out strings.Builder

	place      int    // of the digit that is written, from 0
	places     int    // how many there are, with the sign's
	rest       string // digits that are not written yet
	last       int    // where the last digit is that FM leaves; -1: all are written
	begun      bool   // a digit was written last
	signed     bool   // the sign is written, or not wanted
	signBehind bool
	ended      bool // a place behind the last digit was reached: PostgreSQL's text ends with the zero byte there
}

func (d digits) write() (string, error) {
	w := &numberWriter{digits: d, rest: d.text, last: -1}
	w.prepare()
	for _, p := range d.format.parts {
		if err := w.part(p); err != nil {
			return "", err
		}
		if w.ended {
			break
		}
	}
	return w.out.String(), nil
}

func (w *numberWriter) prepare() {
	f := &w.format
	if f.plus || f.minus {
		w.signed = f.minus // MI and SG write the sign themselves
	} else {
		f.bracket = f.bracket && (w.sign == '-' || !f.fill)
		w.signed = w.sign == '+' && f.fill && !f.sign
		w.signBehind = f.signPlace == behind || f.signPlace == inFront && f.pre == f.digitsBeforeSign
	}
	w.places = f.post + f.pre - 1
	if f.fill && f.decimal {
		w.last = lastRelevant(w.text)
		if w.last >= 0 && f.zeroEnd > w.spaces {
			w.last = max(w.last, min(len(w.text)-1, f.zeroEnd-w.spaces))
		}
	}
	if !w.signed && w.spaces == 0 {
		w.places++
	}
}

// lastRelevant finds the last digit behind the point that is not 0, or the point; -1 without a point.
func lastRelevant(text string) int {
	i := strings.IndexByte(text, '.')
	if i < 0 {
		return -1
	}
	return max(i, len(strings.TrimRight(text, "0"))-1)
}

// part writes a part. The locale is C: its signs and separators are those of the manual.
func (w *numberWriter) part(p numberPart) error {
	switch p.word {
	case noWord:
		w.out.WriteString(p.text)
	case nine, zero, point, localePoint:
		w.digit(p.word)
	case comma, group:
		switch {
		case w.begun:
			w.out.WriteByte(',')
		case !w.format.fill:
			w.out.WriteByte(' ')
		}
	case currency:
		w.out.WriteByte(' ')
	case minusSign:
		w.signOr('-')
	case plusSign:
		w.signOr('+')
	case anySign:
		w.out.WriteByte(w.sign)
	case ordinalEnd:
		if w.text[0] == '#' || w.sign == '-' || w.format.decimal {
			return nil
		}
		th, err := ordinal(w.text, map[bool]string{true: "TH", false: "th"}[p.upper])
		if err != nil {
			return err
		}
		w.out.WriteString(th)
	default:
	}
	return nil
}

// signOr writes the number's sign if it is s, else a blank.
func (w *numberWriter) signOr(s byte) {
	switch {
	case w.sign == s:
		w.out.WriteByte(s)
	case !w.format.fill:
		w.out.WriteByte(' ')
	}
}

// leadingZero reports whether the next digit is the 0 before the point, which 9 does not write.
func (w *numberWriter) leadingZero() bool {
	return !w.format.zero && len(w.rest) == len(w.text) && w.text[0] == '0' && w.format.post != 0
}

func (w *numberWriter) onlyPoint() bool {
	return w.last >= 0 && w.last < len(w.text) && w.text[w.last] == '.'
}

// digit writes the next place of the number.
func (w *numberWriter) digit(word numberWord) {
	f := &w.format
	w.begun = false
	zeros := f.zero && f.zeroStart-1 <= w.place
	if !w.signed && (w.place >= w.spaces || f.zero && f.zeroStart-1 == w.place) && (!w.leadingZero() || w.onlyPoint()) {
		w.writeSign()
	}
	switch {
	case w.place < w.spaces && !zeros:
		if !f.fill {
			w.out.WriteByte(' ')
		}
	case w.place < w.spaces:
		w.out.WriteByte('0')
		w.begun = true
	default:
		w.next(word)
	}
	if w.ended {
		return
	}
	end := w.places
	if w.spaces > 0 {
		end++
	}
	if f.decimal {
		end++
	}
	if w.last >= 0 && w.last == len(w.text)-len(w.rest) {
		end = w.place
	}
	if w.place+1 == end {
		w.closing()
	}
	w.place++
}

// writeSign writes the sign in front of the first digit, unless it belongs behind.
func (w *numberWriter) writeSign() {
	switch {
	case w.format.sign:
		if w.signBehind {
			return
		}
		w.out.WriteByte(w.sign)
	case w.format.bracket:
		w.out.WriteByte(map[bool]byte{true: ' ', false: '<'}[w.sign == '+'])
	case w.sign == '-':
		w.out.WriteByte('-')
	case !w.format.fill:
		w.out.WriteByte(' ')
	}
	w.signed = true
}

// closing writes what stands behind the last digit.
func (w *numberWriter) closing() {
	switch {
	case w.signed && w.format.bracket:
		w.out.WriteByte(map[bool]byte{true: ' ', false: '>'}[w.sign == '+'])
	case w.format.sign && w.signBehind:
		w.out.WriteByte(w.sign)
	}
}

// next writes the next digit or the point.
func (w *numberWriter) next(word numberWord) {
	at := len(w.text) - len(w.rest)
	if w.rest == "" {
		if w.last < 0 || word == zero {
			w.ended = true
		}
		return
	}
	switch {
	case w.rest[0] == '.':
		if !w.onlyPoint() || w.format.fill {
			w.out.WriteByte('.')
		}
	case w.last >= 0 && at > w.last && word != zero:
	case w.leadingZero():
		switch {
		case !w.format.fill:
			w.out.WriteByte(' ')
		case w.onlyPoint():
			w.out.WriteByte('0')
		}
	default:
		w.out.WriteByte(w.rest[0])
		w.begun = true
	}
	w.rest = w.rest[1:]
}

// romanWidth is the longest Roman numeral, MMMDCCCLXXXVIII.
const romanWidth = 15

// romanLimit is the first number without a numeral.
const romanLimit = 4000

// writeRoman writes Roman numerals; no other template but characters and FM has a meaning then.
func (f NumberFormat) writeRoman(n int64) string {
	text := strings.Repeat("#", romanWidth)
	if n >= 1 && n < romanLimit {
		text = romanNumeral(n)
	}
	var out strings.Builder
	for _, p := range f.parts {
		switch p.word {
		case noWord:
			out.WriteString(p.text)
		case comma, group:
			if !f.fill {
				out.WriteByte(' ')
			}
		case currency:
			out.WriteByte(' ')
		case minusSign, plusSign:
			if !f.fill {
				out.WriteByte(' ')
			}
		case anySign:
			return out.String() // a number without a sign: PostgreSQL's text ends with a zero byte
		case roman:
			numeral := text
			if !p.upper {
				numeral = strings.ToLower(numeral)
			}
			if !f.fill {
				out.WriteString(strings.Repeat(" ", romanWidth-len(numeral)))
			}
			out.WriteString(numeral)
		default:
		}
	}
	return out.String()
}

func romanNumeral(n int64) string {
	var out strings.Builder
	for _, d := range []struct {
		value int64
		text  string
	}{
		{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"}, {90, "XC"}, {50, "L"}, {40, "XL"}, {10, "X"}, {9, "IX"}, {5, "V"}, {4, "IV"}, {1, "I"},
	} {
		for n >= d.value {
			out.WriteString(d.text)
			n -= d.value
		}
	}
	return out.String()
}
