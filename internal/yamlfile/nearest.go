package yamlfile

import "fmt"

// DidYouMean gives ` (did you mean x?)` for the choice nearest to word, or "" if none is near.
func DidYouMean(word string, choices []string) string {
	best, distance := "", len(word)/2+1
	for _, c := range choices {
		if n := editDistance(word, c); n < distance {
			best, distance = c, n
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %s?)", best)
}

// editDistance is Levenshtein's, in bytes.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
