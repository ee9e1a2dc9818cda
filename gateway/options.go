package gateway

import (
	"strings"

	"tidegate/internal/pgerr"
)

// parseOptions reads command-line options: -c name=value, -cname=value, --name=value; a backslash takes the next
// character as it is.
func parseOptions(options string) ([]pair, error) {
	words := splitOptions(options)
	var list []pair
	for i := 0; i < len(words); i++ {
		word, as := words[i], "-c "
		var setting string
		switch {
		case word == "-c" && i+1 < len(words):
			i++
			setting = words[i]
		case strings.HasPrefix(word, "-c") && word != "-c":
			setting = word[2:]
		case strings.HasPrefix(word, "--") && word != "--":
			setting, as = word[2:], "--"
		default:
			return nil, pgerr.New(pgerr.SyntaxError, "invalid command-line argument for server process: %s", word).
				WithHint(`Try "postgres --help" for more information.`)
		}
		name, value, ok := strings.Cut(setting, "=")
		if !ok {
			return nil, pgerr.New(pgerr.SyntaxError, "%s%s requires a value", as, name)
		}
		list = append(list, pair{strings.ToLower(strings.ReplaceAll(name, "-", "_")), value})
	}
	return list, nil
}

func splitOptions(options string) []string {
	var words []string
	var word strings.Builder
	inside := false
	for i := 0; i < len(options); i++ {
		switch c := options[i]; {
		case c == '\\' && i+1 < len(options):
			i++
			word.WriteByte(options[i])
			inside = true
		case strings.IndexByte(" \t\n\v\f\r", c) >= 0:
			if inside {
				words = append(words, word.String())
				word.Reset()
			}
			inside = false
		default:
			word.WriteByte(c)
			inside = true
		}
	}
	if inside {
		words = append(words, word.String())
	}
	return words
}
