package pgformat

import (
	"strings"

	"tidegate/internal/pgerr"
)

// numberWord is a template of a number format.
type numberWord uint8

const (
	noWord numberWord = iota
	nine
	zero
	comma
	point
	localePoint // D
	group       // G
	currency    // L
	minusSign   // MI
	plusSign    // PL
	anySign     // SG
	localeSign  // S
	brackets    // PR
	roman
	ordinalEnd // TH
	shift      // V
	blanks     // B
	fillMode
	scientific // EEEE
	ignored    // C, SP
)

// numberPart is a template, or a character that stands for itself.
type numberPart struct {
	word  numberWord
	text  string // of a character
	upper bool   // of roman and ordinalEnd
}

// place is where S stands.
type place uint8

const (
	nowhere place = iota
	inFront
	behind
)

// NumberFormat is a format of numbers: its parts, and what they say of the whole.
type NumberFormat struct {
	text  string
	parts []numberPart

	pre, post, multi int // digits before the point, behind it, and that V shifts by
	zeroStart        int // the digit from 1 that begins the zeros; 0: there are none
	zeroEnd          int
	signPlace        place
	digitsBeforeSign int

	decimal, zero, blank, fill, sign, bracket, minus, plus, roman, shift, scientific bool
}

// numberWords are the templates, the longer of those that begin alike first; all may be in small letters.
func numberWords() []struct {
	name string
	word numberWord
} {
	return []struct {
		name string
		word numberWord
	}{
		{",", comma},
		{".", point},
		{"0", zero},
		{"9", nine},
		{"B", blanks},
		{"C", ignored},
		{"D", localePoint},
		{"EEEE", scientific},
		{"FM", fillMode},
		{"G", group},
		{"L", currency},
		{"MI", minusSign},
		{"PL", plusSign},
		{"PR", brackets},
		{"RN", roman},
		{"SG", anySign},
		{"SP", ignored},
		{"S", localeSign},
		{"TH", ordinalEnd},
		{"V", shift},
	}
}

// ParseNumberFormat reads a format; 42601 if its templates do not go together.
func ParseNumberFormat(text string) (*NumberFormat, error) {
	f := &NumberFormat{text: text}
	words := numberWords()
scan:
	for s := text; s != ""; {
		for _, w := range words {
			small := strings.ToLower(w.name)
			if !strings.HasPrefix(s, w.name) && !strings.HasPrefix(s, small) {
				continue
			}
			p := numberPart{word: w.word, upper: s[0] == w.name[0]}
			if err := f.add(p.word); err != nil {
				return nil, err
			}
			f.parts, s = append(f.parts, p), s[len(w.name):]
			continue scan
		}
		var literals []part
		literals, s = cutLiteral(s)
		for _, l := range literals {
			f.parts = append(f.parts, numberPart{text: l.text})
		}
	}
	return f, nil
}

func wrong(format string, args ...any) error {
	return pgerr.New(pgerr.SyntaxError, format, args...)
}

// add takes a template into account.
func (f *NumberFormat) add(w numberWord) error {
	if f.scientific && w != scientific {
		return wrong(`"EEEE" must be the last pattern used`)
	}
	switch w {
	case nine, zero:
		return f.addDigit(w)
	case point, localePoint:
		if f.decimal {
			return wrong("multiple decimal points")
		}
		if f.shift {
			return wrong(`cannot use "V" and decimal point together`)
		}
		f.decimal = true
	case shift:
		if f.decimal {
			return wrong(`cannot use "V" and decimal point together`)
		}
		f.shift = true
	case blanks:
		f.blank = f.blank || f.pre == 0 && f.post == 0 && !f.zero
	case fillMode:
		f.fill = true
	case roman:
		f.roman = true
	case localeSign, minusSign, plusSign, anySign, brackets:
		return f.addSign(w)
	case scientific:
		return f.addScientific()
	default:
	}
	return nil
}

func (f *NumberFormat) addDigit(w numberWord) error {
	if f.bracket {
		return wrong(`"%c" must be ahead of "PR"`, map[numberWord]rune{nine: '9', zero: '0'}[w])
	}
	if w == nine && f.shift {
		f.multi++
		return nil
	}
	if w == zero && !f.zero && !f.decimal {
		f.zero, f.zeroStart = true, f.pre+1
	}
	if f.decimal {
		f.post++
	} else {
		f.pre++
	}
	if w == zero {
		f.zeroEnd = f.pre + f.post
	}
	return nil
}

func (f *NumberFormat) addSign(w numberWord) error {
	name := map[numberWord]string{minusSign: "MI", plusSign: "PL", anySign: "SG"}[w]
	switch {
	case w == localeSign && f.sign:
		return wrong(`cannot use "S" twice`)
	case w == localeSign && (f.plus || f.minus || f.bracket):
		return wrong(`cannot use "S" and "PL"/"MI"/"SG"/"PR" together`)
	case w == brackets && (f.sign || f.plus || f.minus):
		return wrong(`cannot use "PR" and "S"/"PL"/"MI"/"SG" together`)
	case w != localeSign && w != brackets && f.sign:
		return wrong(`cannot use "S" and "%s" together`, name)
	}
	switch w {
	case localeSign:
		f.sign, f.signPlace = true, behind
		if !f.decimal {
			f.signPlace, f.digitsBeforeSign = inFront, f.pre
		}
	case brackets:
		f.bracket = true
	default:
	}
	f.minus = f.minus || w == minusSign || w == anySign
	f.plus = f.plus || w == plusSign || w == anySign
	return nil
}

func (f *NumberFormat) addScientific() error {
	if f.scientific {
		return wrong(`cannot use "EEEE" twice`)
	}
	if f.blank || f.fill || f.sign || f.bracket || f.minus || f.plus || f.roman || f.shift {
		e := pgerr.New(pgerr.SyntaxError, `"EEEE" is incompatible with other formats`)
		return e.WithDetail(`"EEEE" may only be used together with digit and decimal point patterns.`)
	}
	f.scientific = true
	return nil
}
