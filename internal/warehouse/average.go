package warehouse

// average writes AVG as Redshift has it, where the average of whole numbers is a whole number: the sum divided by the
// count, whose types DuckDB knows. What stands behind the call, FILTER and OVER, belongs to both.
func (r *rewriter) average() error {
	from := r.at + 1
	to := r.closed(from)
	if r.tokens[min(to, len(r.tokens)-1)].is("filter") {
		to = r.closed(to + 1)
	}
	if to < len(r.tokens) && r.tokens[to].is("over") {
		if to++; to < len(r.tokens) && r.tokens[to].is("(") {
			to = r.closed(to)
		} else {
			to++ // a window by its name
		}
	}
	if to > len(r.tokens) {
		return r.unexpected()
	}
	arguments, err := r.part(from, to)
	if err != nil {
		return err
	}
	return r.emit("tg_rs_mean(sum"+arguments+" / count"+arguments+")", to-r.at)
}

// closed gives the token behind the parenthesis that closes the one at a token; beyond the end if there is none.
func (r *rewriter) closed(at int) int {
	depth := 0
	for ; at < len(r.tokens); at++ {
		switch {
		case r.tokens[at].is("("):
			depth++
		case r.tokens[at].is(")"):
			if depth--; depth == 0 {
				return at + 1
			}
		}
	}
	return len(r.tokens) + 1
}

// part rewrites some of the tokens by themselves.
func (r *rewriter) part(from, to int) (string, error) {
	inner := rewriter{cursor: &cursor{statement: r.statement, at: from}, s: r.s, arguments: r.arguments, unit: -1}
	if err := inner.upTo(to); err != nil {
		return "", err
	}
	return inner.out.String(), nil
}
