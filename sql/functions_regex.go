package sql

// matchList is the list of the groups of every match.
func matchList(flags string) string {
	return "list_transform(tg_regexp_matches($1, $2, " + flags + "), lambda " + eachName + ": tg_array_in(" + eachName + "))"
}

// patternList is the allow-list of functions of patterns. Of a function that gives a set the text is a list.
func patternList() []function {
	return []function{
		{name: "like_escape", args: "text,text|bytea,bytea", text: "tg_like_escape($1, $2)"},
		{name: "similar_to_escape", args: "text", text: `tg_similar($1, '\')`},
		{name: "similar_to_escape", args: "text,text", text: "tg_similar($1, $2)"},
		{name: "substring", args: "text,text", text: "tg_regexp_substring($1, $2)"},
		{name: "substring", args: "text,text,text", text: "tg_regexp_substring($1, tg_similar($2, $3))"},
		{name: "regexp_like", args: "text,text", text: "tg_regexp_like($1, $2, '')"},
		{name: "regexp_like", args: "text,text,text", text: "tg_regexp_like($1, $2, $3)"},
		{name: "regexp_match", args: "text,text", text: "tg_regexp_match($1, $2, '')"},
		{name: "regexp_match", args: "text,text,text", text: "tg_regexp_match($1, $2, $3)"},
		{name: "regexp_matches", args: "text,text", text: matchList("''")},
		{name: "regexp_matches", args: "text,text,text", text: matchList("$3")},
		{name: "regexp_split_to_array", args: "text,text", text: "tg_regexp_split($1, $2, '')"},
		{name: "regexp_split_to_array", args: "text,text,text", text: "tg_regexp_split($1, $2, $3)"},
		{name: "regexp_split_to_table", args: "text,text", text: "tg_regexp_split($1, $2, '')"},
		{name: "regexp_split_to_table", args: "text,text,text", text: "tg_regexp_split($1, $2, $3)"},
		{name: "regexp_replace", args: "text,text,text", text: "tg_regexp_replace($1, $2, $3, '')"},
		{name: "regexp_replace", args: "text,text,text,text", text: "tg_regexp_replace($1, $2, $3, $4)"},
		{name: "regexp_replace", args: "text,text,text,int4", text: "tg_regexp_replace($1, $2, [$3, ''], [$4, 1])"},
		{name: "regexp_replace", args: "text,text,text,int4,int4", text: "tg_regexp_replace($1, $2, [$3, ''], [$4, $5])"},
		{name: "regexp_replace", args: "text,text,text,int4,int4,text", text: "tg_regexp_replace($1, $2, [$3, $6], [$4, $5])"},
		{name: "regexp_count", args: "text,text", text: "tg_regexp_count($1, $2, '', 1)"},
		{name: "regexp_count", args: "text,text,int4", text: "tg_regexp_count($1, $2, '', $3)"},
		{name: "regexp_count", args: "text,text,int4,text", text: "tg_regexp_count($1, $2, $4, $3)"},
		{name: "regexp_instr", args: "text,text", text: "tg_regexp_instr($1, $2, '', [1, 1, 0, 0])"},
		{name: "regexp_instr", args: "text,text,int4", text: "tg_regexp_instr($1, $2, '', [$3, 1, 0, 0])"},
		{name: "regexp_instr", args: "text,text,int4,int4", text: "tg_regexp_instr($1, $2, '', [$3, $4, 0, 0])"},
		{name: "regexp_instr", args: "text,text,int4,int4,int4", text: "tg_regexp_instr($1, $2, '', [$3, $4, $5, 0])"},
		{name: "regexp_instr", args: "text,text,int4,int4,int4,text", text: "tg_regexp_instr($1, $2, $6, [$3, $4, $5, 0])"},
		{name: "regexp_instr", args: "text,text,int4,int4,int4,text,int4", text: "tg_regexp_instr($1, $2, $6, [$3, $4, $5, $7])"},
		{name: "regexp_substr", args: "text,text", text: "tg_regexp_substr($1, $2, '', [1, 1, 0, 0])"},
		{name: "regexp_substr", args: "text,text,int4", text: "tg_regexp_substr($1, $2, '', [$3, 1, 0, 0])"},
		{name: "regexp_substr", args: "text,text,int4,int4", text: "tg_regexp_substr($1, $2, '', [$3, $4, 0, 0])"},
		{name: "regexp_substr", args: "text,text,int4,int4,text", text: "tg_regexp_substr($1, $2, $5, [$3, $4, 0, 0])"},
		{name: "regexp_substr", args: "text,text,int4,int4,text,int4", text: "tg_regexp_substr($1, $2, $5, [$3, $4, 0, $6])"},
	}
}
