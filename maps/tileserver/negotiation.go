package tileserver

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// gzipSuffix tells the tag of the gzipped form of a tile from that of the plain one: they are different bytes
// (RFC 9110, 8.8.3.3).
const gzipSuffix = "-gz"

// hashTag is an entity tag from a body.
func hashTag(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:8])
}

// matching returns the entity tag of the If-None-Match fields that is tag, plain or of the gzipped form, in quotes; ""
// if none is. The comparison is the weak one (RFC 9110, 13.1.2). "*" matches nothing: whether a tile is there is not
// known yet.
func matching(fields []string, tag string) string {
	for _, field := range fields {
		for candidate := range strings.SplitSeq(field, ",") {
			candidate = strings.TrimPrefix(strings.Trim(candidate, " \t"), "W/")
			bare := strings.TrimSuffix(strings.TrimPrefix(candidate, `"`), `"`)
			if len(candidate) == len(bare)+2 && (bare == tag || bare == tag+gzipSuffix) {
				return candidate
			}
		}
	}
	return ""
}

func anyMatches(fields []string, tag string) bool { return matching(fields, tag) != "" }

// acceptsGzip reads Accept-Encoding (RFC 9110, 12.5.3). Without the field the client may be anything: it gets plain
// bytes, which everyone can read.
func acceptsGzip(fields []string) bool {
	accepted, star := false, false
	for _, field := range fields {
		if field == "gzip" || field == "gzip, deflate" || field == "gzip, deflate, br" || field == "gzip, deflate, br, zstd" {
			return true // what Go and the browsers send
		}
		for item := range strings.SplitSeq(field, ",") {
			coding, parameters, _ := strings.Cut(item, ";")
			coding = strings.ToLower(strings.Trim(coding, " \t"))
			if coding == "gzip" || coding == "x-gzip" {
				if isZero(parameters) {
					return false
				}
				accepted = true
			}
			star = star || coding == "*" && !isZero(parameters)
		}
	}
	return accepted || star
}

// isZero reports whether a weight is q=0, q=0.0, q=0.00 or q=0.000.
func isZero(parameters string) bool {
	name, value, _ := strings.Cut(strings.Trim(parameters, " \t"), "=")
	if !strings.EqualFold(strings.Trim(name, " \t"), "q") {
		return false
	}
	value = strings.Trim(value, " \t")
	return value != "" && strings.Trim(value, "0.") == "" && value[0] == '0'
}
