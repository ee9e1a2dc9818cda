package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"

	"github.com/xdg-go/scram"
)

// Check reports whether password, as it was typed, is the user's. It takes as long for a user that is not there.
func (r *Rules) Check(user, password string) bool {
	if u := r.Users[user]; u != nil && len(u.Verifiers) > 0 {
		ok := u.Verifiers[0].Matches(user, password)
		if u.Verifiers[0].md5 != "" { // it must not be told from nobody by its time
			r.nobodys(user, scramKind).Matches(user, password)
		}
		return ok
	}
	return r.nobodys(user, scramKind).Matches(user, password)
}

// HasMD5 reports whether the user's password can be asked for by the method md5.
func (r *Rules) HasMD5(user string) bool {
	_, ok := r.Users[user].verifier(md5Kind)
	return ok
}

// CheckMD5 reports whether answer is what a client makes of the password and salt.
func (r *Rules) CheckMD5(user string, salt []byte, answer string) bool {
	return same(answer, md5Prefix+md5Hex(r.kept(user, md5Kind).md5+string(salt)))
}

type kind bool

const (
	scramKind kind = false
	md5Kind   kind = true
)

// verifier gives the user's verifier of a kind.
func (u *User) verifier(k kind) (v Verifier, ok bool) {
	if u == nil {
		return v, false
	}
	for _, v := range u.Verifiers {
		if (v.md5 != "") == bool(k) {
			return v, true
		}
	}
	return v, false
}

// kept gives a user's verifier of a kind, or one that no password matches.
func (r *Rules) kept(user string, k kind) Verifier {
	if v, ok := r.Users[user].verifier(k); ok {
		return v
	}
	return r.nobodys(user, k)
}

// nobodys gives a verifier that no password matches: always the same one for a name, so that asking twice does not
// tell whether there is such a user.
func (r *Rules) nobodys(user string, k kind) Verifier {
	nothing := r.derive("nothing", user)
	if k == md5Kind {
		return Verifier{md5: hex.EncodeToString(nothing[:16])}
	}
	return Verifier{scram: scram.StoredCredentials{
		KeyFactors: scram.KeyFactors{Salt: string(r.salt(user)), Iters: iterations},
		StoredKey:  nothing, ServerKey: nothing,
	}}
}

func (r *Rules) salt(user string) []byte { return r.derive("salt", user)[:saltBytes] }

// derive gives 32 bytes that only who has the secret can tell.
func (r *Rules) derive(what, user string) []byte {
	mac := hmac.New(sha256.New, r.Secret)
	mac.Write([]byte(what + "\x00" + user))
	return mac.Sum(nil)
}
