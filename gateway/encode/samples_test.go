package encode

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
)

func samples() []sample {
	r := rand.New(rand.NewPCG(15, 20))
	out := []sample{integers(r, "int2", pgtypes.Int2, 2), integers(r, "int4", pgtypes.Int4, 4), integers(r, "int8", pgtypes.Int8, 8)}
	out = append(out, floats(r)...)
	out = append(out, decimals(r)...)
	out = append(out, times(r)...)
	return append(out, others(r)...)
}

func wide(r *rand.Rand) int64 { return int64(r.Uint64()) >> r.IntN(64) }

func integers(r *rand.Rand, name string, oid pgtypes.OID, size int) sample {
	s := sample{name: name, typ: pgtypes.Of(oid), format: BinaryFormat}
	for i := range sampleSize {
		n := wide(r)
		if i == 0 {
			n = math.MinInt64
		}
		n >>= 64 - 8*size
		var p [8]byte
		binary.BigEndian.PutUint64(p[:], uint64(n))
		s.params = append(s.params, p[8-size:])
		switch size {
		case 2:
			s.vector.Physical, s.vector.I16 = engine.PhysicalI16, append(s.vector.I16, int16(n))
		case 4:
			s.vector.Physical, s.vector.I32 = engine.PhysicalI32, append(s.vector.I32, int32(n))
		default:
			s.vector.Physical, s.vector.I64 = engine.PhysicalI64, append(s.vector.I64, n)
		}
	}
	return s
}

func floats(r *rand.Rand) []sample {
	double := sample{name: "float8", typ: pgtypes.Of(pgtypes.Float8), format: BinaryFormat, vector: engine.Vector{Physical: engine.PhysicalF64}}
	single := sample{name: "float4", typ: pgtypes.Of(pgtypes.Float4), format: BinaryFormat, vector: engine.Vector{Physical: engine.PhysicalF32}}
	add := func(f float64) {
		double.vector.F64 = append(double.vector.F64, f)
		double.params = append(double.params, binary.BigEndian.AppendUint64(nil, math.Float64bits(f)))
		g := float32(f)
		single.vector.F32 = append(single.vector.F32, g)
		single.params = append(single.params, binary.BigEndian.AppendUint32(nil, math.Float32bits(g)))
	}
	for _, f := range []float64{
		0, math.Copysign(0, -1), 1, -1, 0.1, 1e-4, 9.9999e-5, 1e14, 999999999999999, 1e15, 1e16, 123456, 1e6, 999999.94,
		1 << 53, 1<<53 + 2, 1 << 24, 9007199254740993, 5e-324, math.MaxFloat64, math.MaxFloat32, 1e23, 9.5367431640625e+24,
		math.NaN(), math.Inf(1), math.Inf(-1),
	} {
		add(f)
		add(-f)
	}
	for range sampleSize / 2 {
		add(math.Float64frombits(r.Uint64()))
		add(float64(math.Float32frombits(r.Uint32())))
		add(float64(wide(r)))
		add(math.Ldexp(float64(r.Uint64()>>11), r.IntN(80)))
		add(math.Ldexp(float64(r.Uint32()>>8), r.IntN(40)))
		add(float64(r.IntN(1_000_000)) / 100)
		add(float64(wide(r)>>10) / math.Pow10(r.IntN(6)))
	}
	return []sample{double, single}
}

func decimals(r *rand.Rand) []sample {
	var out []sample
	for _, d := range []struct {
		precision, scale int
		physical         engine.Physical
	}{
		{4, 0, engine.PhysicalI16},
		{4, 2, engine.PhysicalI16},
		{9, 9, engine.PhysicalI32},
		{9, 3, engine.PhysicalI32},
		{18, 2, engine.PhysicalI64},
		{18, 15, engine.PhysicalI64},
		{38, 0, engine.PhysicalI128},
		{38, 9, engine.PhysicalI128},
		{38, 38, engine.PhysicalI128},
	} {
		s := sample{name: fmt.Sprintf("numeric_%d_%d", d.precision, d.scale), typ: pgtypes.NumericOf(d.precision, d.scale)}
		s.vector = engine.Vector{Physical: d.physical, Scale: d.scale}
		limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(d.precision)), nil)
		for i := range sampleSize {
			n := new(big.Int).SetUint64(r.Uint64())
			n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(r.Uint64()))
			n.Rsh(n, uint(r.IntN(128))).Mod(n, limit)
			switch {
			case i < 20:
				n.SetInt64(int64(i))
			case i < 40 && d.precision > 6:
				n.Mul(n, big.NewInt(1_000_000)).Mod(n, limit)
			}
			if r.IntN(2) == 0 {
				n.Neg(n)
			}
			s.add(n)
			s.params = append(s.params, []byte(decimalText(n, d.scale)))
		}
		out = append(out, s)
	}
	huge := sample{name: "hugeint", typ: pgtypes.Of(pgtypes.Numeric), vector: engine.Vector{Physical: engine.PhysicalI128}}
	for range sampleSize {
		n := new(big.Int).SetUint64(r.Uint64())
		n.Lsh(n, 63).Or(n, new(big.Int).SetUint64(r.Uint64()>>1))
		n.Rsh(n, uint(r.IntN(127)))
		if r.IntN(2) == 0 {
			n.Not(n)
		}
		huge.add(n)
		huge.params = append(huge.params, []byte(n.String()))
	}
	return append(out, huge)
}

func (s *sample) add(n *big.Int) {
	v := &s.vector
	switch v.Physical {
	case engine.PhysicalI16:
		v.I16 = append(v.I16, int16(n.Int64()))
	case engine.PhysicalI32:
		v.I32 = append(v.I32, int32(n.Int64()))
	case engine.PhysicalI64:
		v.I64 = append(v.I64, n.Int64())
	default:
		low := new(big.Int).And(n, new(big.Int).SetUint64(math.MaxUint64))
		v.I128 = append(v.I128, engine.Int128{Lo: low.Uint64(), Hi: new(big.Int).Rsh(n, 64).Int64()})
	}
}

func decimalText(n *big.Int, scale int) string {
	return new(big.Rat).SetFrac(n, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)).FloatString(scale)
}

const postgresEpoch = 946684800000000 // 2000-01-01 in microseconds from 1970

func times(r *rand.Rand) []sample {
	date := sample{name: "date", typ: pgtypes.Of(pgtypes.Date), format: BinaryFormat, vector: engine.Vector{Physical: engine.PhysicalI32}}
	stamp := sample{name: "timestamp", typ: pgtypes.Of(pgtypes.Timestamp), format: BinaryFormat, vector: engine.Vector{Physical: engine.PhysicalI64}}
	clock := sample{name: "time", typ: pgtypes.Of(pgtypes.Time), format: BinaryFormat, vector: engine.Vector{Physical: engine.PhysicalI64}}
	zoned := sample{name: "timetz", typ: pgtypes.Of(pgtypes.Timetz), format: BinaryFormat, vector: engine.Vector{Physical: engine.PhysicalU64}}
	addDate := func(ours, theirs int32) {
		date.vector.I32 = append(date.vector.I32, ours)
		date.params = append(date.params, binary.BigEndian.AppendUint32(nil, uint32(theirs)))
	}
	addStamp := func(ours, theirs int64) {
		stamp.vector.I64 = append(stamp.vector.I64, ours)
		stamp.params = append(stamp.params, binary.BigEndian.AppendUint64(nil, uint64(theirs)))
	}
	addDate(math.MaxInt32, math.MaxInt32)
	addDate(-math.MaxInt32, math.MinInt32)
	addStamp(math.MaxInt64, math.MaxInt64)
	addStamp(-math.MaxInt64, math.MinInt64)
	for i := range sampleSize {
		days := r.Int32N(2147483493-2440588-10957) - 0
		switch i % 3 {
		case 0:
			days = r.Int32N(80000) - 40000
		case 1:
			days = r.Int32N(2440588+10957) - 2440588 - 10957
		}
		addDate(days+10957, days)
		micros := r.Int64N(9223371331200000000 - postgresEpoch)
		switch i % 4 {
		case 0:
			micros = r.Int64N(4e15) - 2e15
		case 1:
			micros = -r.Int64N(211813488000000000)
		case 2:
			micros = (r.Int64N(4e9) - 2e9) * 1_000_000
		}
		addStamp(micros+postgresEpoch, micros)
		tick := r.Int64N(86_400_000_001)
		if i%2 == 0 {
			tick -= tick % 10_000
		}
		offset := r.Int64N(2*57599+1) - 57599
		if i%3 == 0 {
			offset -= offset % 1800
		}
		zoned.vector.U64 = append(zoned.vector.U64, pgtypes.ZonedTime{Micros: tick, Offset: offset}.Pack())
		zoned.params = append(zoned.params, binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(nil, uint64(tick)), uint32(-offset)))
		clock.vector.I64 = append(clock.vector.I64, tick)
		clock.params = append(clock.params, binary.BigEndian.AppendUint64(nil, uint64(tick)))
	}
	out := []sample{date, stamp, clock, zoned}
	for _, zone := range zones() {
		s := stamp
		s.name, s.typ = "timestamptz_"+strings.ReplaceAll(zone.String(), "/", "_"), pgtypes.Of(pgtypes.Timestamptz)
		s.style.Zone = zone
		out = append(out, s)
	}
	return out
}

// zones have offsets of whole and half hours, of minutes and seconds, and summer times of every kind.
func zones() []*time.Location {
	var all []*time.Location
	for _, name := range []string{
		"UTC", "Asia/Tokyo", "Asia/Kolkata", "America/New_York", "Europe/Dublin", "Africa/Monrovia", "Australia/Lord_Howe",
		"Europe/Amsterdam", "America/St_Johns", "Etc/GMT-9",
	} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			panic(err)
		}
		all = append(all, zone)
	}
	return all
}

func others(r *rand.Rand) []sample {
	boolean := sample{name: "bool", typ: pgtypes.Of(pgtypes.Bool), format: BinaryFormat, vector: engine.Vector{Physical: engine.PhysicalBool}}
	uuid := sample{name: "uuid", typ: pgtypes.Of(pgtypes.UUID), format: BinaryFormat, vector: engine.Vector{Physical: engine.PhysicalI128}}
	text := sample{name: "text", typ: pgtypes.Of(pgtypes.Text), vector: engine.Vector{Physical: engine.PhysicalText}}
	bytea := sample{name: "bytea", typ: pgtypes.Of(pgtypes.Bytea), format: BinaryFormat, vector: engine.Vector{Physical: engine.PhysicalText}}
	interval := sample{name: "interval", typ: pgtypes.Of(pgtypes.Interval), format: BinaryFormat, vector: engine.Vector{Physical: engine.PhysicalInterval}}
	for range 500 {
		months, days, micros := r.Int32()>>r.IntN(32)-5, r.Int32()>>r.IntN(32)-5, wide(r)
		interval.vector.Interval = append(interval.vector.Interval, engine.Interval{Months: months, Days: days, Micros: micros})
		p := binary.BigEndian.AppendUint64(nil, uint64(micros))
		p = binary.BigEndian.AppendUint32(p, uint32(days))
		interval.params = append(interval.params, binary.BigEndian.AppendUint32(p, uint32(months)))

		b := byte(r.IntN(2))
		boolean.vector.Bool = append(boolean.vector.Bool, b == 1)
		boolean.params = append(boolean.params, []byte{b})

		hi, lo := r.Uint64(), r.Uint64()
		uuid.vector.I128 = append(uuid.vector.I128, engine.Int128{Lo: lo, Hi: int64(hi ^ 1<<63)})
		uuid.params = append(uuid.params, binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, hi), lo))

		word := strings.Repeat("δx\n'\\\"", r.IntN(5)) + strconv.Itoa(r.IntN(1000))
		text.vector.Text = append(text.vector.Text, word)
		text.params = append(text.params, []byte(word))

		raw := make([]byte, r.IntN(40))
		for j := range raw {
			raw[j] = byte(r.Uint32())
		}
		bytea.vector.Text = append(bytea.vector.Text, fmt.Sprintf(`\x%x`, raw))
		bytea.params = append(bytea.params, raw)
	}
	out := []sample{boolean, uuid, text, bytea, interval}
	return append(out, arrays()...)
}

// arrays are text vectors whose binary form must be made from their text.
func arrays() []sample {
	s := func(name string, oid pgtypes.OID, sql string, values ...string) sample {
		x := sample{name: name, typ: pgtypes.Of(oid), sql: sql, vector: engine.Vector{Physical: engine.PhysicalText, Text: values}}
		for _, v := range values {
			x.params = append(x.params, []byte(v))
		}
		return x
	}
	return []sample{
		s("text_array", 1009, "text[]", `{}`, `{a,b}`, `{"a b",NULL,"NULL","x\"y\\z","{}",""}`),
		s("int4_array", 1007, "int4[]", `{}`, `{1,-2,NULL}`),
		s("numeric_as_text", pgtypes.Numeric, "numeric", "0", "0.000", "-12.3400", "NaN", "Infinity", "-Infinity", "100000000", "0.00001234"),
		s("int8_as_text", pgtypes.Int8, "int8", "0", "-9223372036854775808", "9223372036854775807"),
		s("date_as_text", pgtypes.Date, "date", "2018-02-15", "0044-03-15 BC", "infinity", "-infinity"),
		s("timestamptz_as_text", pgtypes.Timestamptz, "timestamptz", "2018-02-15 03:04:05.678+00", "infinity"),
		s("float8_as_text", pgtypes.Float8, "float8", "0.1", "NaN", "-Infinity", "1e+15"),
		s("bool_as_text", pgtypes.Bool, "bool", "t", "f"),
		s("uuid_as_text", pgtypes.UUID, "uuid", "00112233-4455-6677-8899-aabbccddeeff"),
		s("time_as_text", pgtypes.Time, "time", "10:00:00.5", "24:00:00"),
		s("timetz_as_text", pgtypes.Timetz, "timetz", "10:00:00.5+05:30:15", "24:00:00-08"),
		s("timetz_array", 1270, "timetz[]", "{10:00:00+02,NULL}", "{}"),
	}
}
