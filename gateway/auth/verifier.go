package auth

import (
	"crypto/md5" //nolint:gosec // PostgreSQL's method md5 is made of it
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/xdg-go/scram"
)

// iterations of the verifiers that are made here, as PostgreSQL 15 makes them. More would be the clients' work, at
// every connection.
const iterations = 4096

const (
	saltBytes   = 16
	scramPrefix = "SCRAM-SHA-256$"
	md5Prefix   = "md5"
)

// Verifier is what is kept of a password, so that it can be checked and not read: the text of PostgreSQL's
// pg_authid.rolpassword.
type Verifier struct {
	scram scram.StoredCredentials
	md5   string // 32 hexadecimal digits; "" is of the kind SCRAM
}

// ParseVerifier reads a text of pg_authid: SCRAM-SHA-256$… or md5…. Its error never has the text in it, which may be
// the password itself.
func ParseVerifier(text string) (Verifier, error) {
	if digits, ok := strings.CutPrefix(text, md5Prefix); ok && len(digits) == hex.EncodedLen(md5.Size) {
		if _, err := hex.DecodeString(digits); err == nil && strings.ToLower(digits) == digits {
			return Verifier{md5: digits}, nil
		}
	}
	rest, ok := strings.CutPrefix(text, scramPrefix)
	if !ok {
		return Verifier{}, errors.New("is no verifier; tidegate passwd makes one of a password")
	}
	count, rest, _ := strings.Cut(rest, ":")
	salt, rest, _ := strings.Cut(rest, "$")
	stored, server, _ := strings.Cut(rest, ":")
	var v Verifier
	var errs [4]error
	var rawSalt []byte
	v.scram.Iters, errs[0] = strconv.Atoi(count)
	rawSalt, errs[1] = base64.StdEncoding.DecodeString(salt)
	v.scram.StoredKey, errs[2] = base64.StdEncoding.DecodeString(stored)
	v.scram.ServerKey, errs[3] = base64.StdEncoding.DecodeString(server)
	v.scram.Salt = string(rawSalt)
	if errors.Join(errs[:]...) != nil || v.scram.Iters < 1 || len(rawSalt) == 0 ||
		len(v.scram.StoredKey) != sha256.Size || len(v.scram.ServerKey) != sha256.Size {
		return Verifier{}, errors.New("is a broken verifier; it is SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY")
	}
	return v, nil
}

// NewVerifier makes one of the kind SCRAM, with a salt of its own.
func NewVerifier(password string) (Verifier, error) {
	salt := make([]byte, saltBytes)
	if _, err := rand.Read(salt); err != nil {
		return Verifier{}, fmt.Errorf("make a salt: %w", err)
	}
	return scramVerifier(password, salt)
}

// MD5Verifier makes one of the kind md5, which is for one user's name.
func MD5Verifier(user, password string) Verifier {
	return Verifier{md5: md5Hex(password + user)}
}

// FromPassword makes both kinds of verifiers of a password that is known. The salt is the one that the user would be
// asked with if nobody knew them, so that it is the same after a restart.
func (r *Rules) FromPassword(user, password string) ([]Verifier, error) {
	v, err := scramVerifier(password, r.salt(user))
	if err != nil {
		return nil, err
	}
	return []Verifier{v, MD5Verifier(user, password)}, nil
}

func scramVerifier(password string, salt []byte) (Verifier, error) {
	return derive(password, scram.KeyFactors{Salt: string(salt), Iters: iterations})
}

func derive(password string, factors scram.KeyFactors) (Verifier, error) {
	// The zero-width space is in two tables of RFC 3454. To PostgreSQL it is a blank, to the library it is nothing.
	client, err := scram.SHA256.NewClient("", strings.ReplaceAll(password, "\u200b", " "), "")
	if err != nil {
		// As PostgreSQL and its clients: what SASLprep does not take is used as it is.
		client, err = scram.SHA256.NewClientUnprepped("", password, "")
	}
	if err != nil {
		return Verifier{}, fmt.Errorf("make a verifier: %w", err)
	}
	stored, err := client.GetStoredCredentialsWithError(factors)
	if err != nil {
		return Verifier{}, fmt.Errorf("make a verifier: %w", err)
	}
	return Verifier{scram: stored}, nil
}

// String gives the text that ParseVerifier reads.
func (v Verifier) String() string {
	if v.md5 != "" {
		return md5Prefix + v.md5
	}
	b64 := base64.StdEncoding.EncodeToString
	return scramPrefix + strconv.Itoa(v.scram.Iters) + ":" + b64([]byte(v.scram.Salt)) + "$" + b64(v.scram.StoredKey) + ":" + b64(v.scram.ServerKey)
}

// Matches reports whether password, as it was typed, is the one of the verifier.
func (v Verifier) Matches(user, password string) bool {
	if v.md5 != "" {
		return same(v.md5, MD5Verifier(user, password).md5)
	}
	other, err := derive(password, v.scram.KeyFactors)
	return err == nil && same(string(v.scram.StoredKey), string(other.scram.StoredKey))
}

// same compares in a time that does not tell where two texts differ.
func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func md5Hex(s string) string {
	sum := md5.Sum([]byte(s)) //nolint:gosec // see the import
	return hex.EncodeToString(sum[:])
}
