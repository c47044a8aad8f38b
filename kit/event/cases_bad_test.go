package event

import (
	"encoding/base64"
	"strings"
)

// badCases have one fault each. What can be signed is, with a right id, so that nothing but the rule refuses it.
func badCases() map[string]vector {
	all := make(map[string]vector)
	for _, c := range badEnvelopes {
		all[c.name] = c.signed()
	}
	for _, c := range badPayloads {
		all[c.name] = c.signed()
	}
	for _, c := range badUnsigned {
		f := base(c.operation).edited(`event_id="evt-001"`, `actor_id="user:alice"`).edited(c.edits...)
		all[c.name] = c.vector(f.json())
	}
	for name, v := range badTexts() {
		all[name] = v
	}
	for name, v := range badIdentities() {
		all[name] = v
	}
	return all
}

type badCase struct {
	name, comment, operation string
	edits                    []string
	rule, field              string
}

func (c badCase) signed() vector {
	h := honest(seed(1))
	f := base(c.operation)
	f = f.edited(`actor_id="key:`+h.key+`"`, `clock=[1781300000,0]`).edited(c.edits...)
	return c.vector(h.sealed(f))
}

func (c badCase) vector(text string) vector {
	v := vector{Comment: c.comment, Input: text}
	if strings.ToValidUTF8(text, "") != text {
		v.Input, v.InputBase64 = "", base64.StdEncoding.EncodeToString([]byte(text))
	}
	v.Expect.Rule, v.Expect.Field = c.rule, c.field
	return v
}

// badTexts break section 1, before a member is looked at.
func badTexts() map[string]vector {
	h := honest(seed(1))
	good := h.sealed(complete(h, base(SetProperties)))
	all := make(map[string]vector)
	add := func(name, comment, text, rule, field string) {
		all[name] = badCase{comment: comment, rule: rule, field: field}.vector(text)
	}
	add("size-16385", "16,385 bytes of canonical form", h.sealed(padded(h, complete(h, base(SetProperties)), MaxSize+1)), "size", "")
	add("size-65537", "65,537 bytes as received, almost all of it white space", good+strings.Repeat(" ", MaxLine+1-len(good)), "size", "")
	add("utf8", "a byte that UTF-8 does not have", strings.Replace(good, "water", "w\xffter", 1), "utf8", "")
	add("utf8-surrogate", "an escaped lone surrogate", strings.Replace(good, "water", `\ud800`, 1), "utf8", "properties.tags.0")
	add("syntax-cut", "cut off before its last brace", good[:len(good)-1], "syntax", "")
	add("syntax-cut-half", "half an event", good[:len(good)/2], "syntax", "properties.checked")
	add("syntax-comma", "a trailing comma", good[:len(good)-1]+",}", "syntax", "")
	add("syntax-second", "two events on one line", good+good, "syntax", "")
	add("syntax-nan", "NaN", strings.Replace(good, "1.5", "NaN", 1), "syntax", "properties.tags.1.deep.0")
	add("syntax-nothing", "nothing", "\n", "syntax", "")
	add("duplicate-id", "event_id twice, the same", `{"event_id":`+string(oracleCanonical(decodeFields(good)["event_id"]))+","+good[1:], "duplicate_key", "event_id")
	add("duplicate-escaped", "operation twice, once with an escape", `{"oper\u0061tion":"delete_node",`+good[1:], "duplicate_key", "operation")
	add("duplicate-signature", "two signatures' values", strings.Replace(good, `"signature":{`, `"signature":{"value":"AAAA",`, 1), "duplicate_key", "signature.value")
	add("duplicate-deep", "a name twice in a property", strings.Replace(good, `{"deep":`, `{"deep":1,"deep":`, 1), "duplicate_key", "properties.tags.1.deep")
	add("depth-17", "the event, and 16 levels below it", strings.Replace(good, "[1.5]", nested(13), 1), "depth", "")
	add("depth-bomb", "20,000 levels", strings.Replace(good, "[1.5]", nested(20000), 1), "depth", "")
	add("number-1e400", "beyond binary64", strings.Replace(good, "1.5", "1e400", 1), "number", "properties.tags.1.deep.0")
	add("number-2-53", "2^53", strings.Replace(good, "1.5", "9007199254740992", 1), "number", "properties.tags.1.deep.0")
	add("number-2-53-1", "2^53 + 1, which binary64 does not hold", strings.Replace(good, "1.5", "-9007199254740993", 1), "number", "properties.tags.1.deep.0")
	add("number-fraction", "a fraction that rounds to 2^53", strings.Replace(good, "1.5", "9007199254740991.5", 1), "number", "properties.tags.1.deep.0")
	add("number-exponent", "an exponent that leads beyond 2^53", strings.Replace(good, "1.5", "1e16", 1), "number", "properties.tags.1.deep.0")
	add("number-timestamp", "a timestamp beyond everything", strings.Replace(good, `"timestamp":1781300000`, `"timestamp":1e999`, 1), "number", "timestamp")
	add("type-array", "an array of an event", "["+good+"]", "type", "")
	add("type-string", "an event in a string", string(oracleCanonical(good)), "type", "")
	add("type-null", "null", "null", "type", "")
	return all
}

// badIdentities break section 3.
func badIdentities() map[string]vector {
	h := honest(seed(1))
	f := complete(h, base(SetProperties))
	good := h.sealed(f)
	all := make(map[string]vector)
	add := func(name, comment, text, rule, field string) {
		all[name] = badCase{comment: comment, rule: rule, field: field}.vector(text)
	}
	changed := func(edits ...string) string { return string(oracleCanonical(decodeFields(good).edited(edits...))) }
	member := func(text, name string) string { return string(oracleCanonical(decodeFields(text)[name])) }
	other := h.sealed(f.edited("timestamp=1781300001", "clock=[1781300001,0]"))

	add("id-altered", "a property was changed after signing", changed("properties.severity=5"), "id", "event_id")
	add("id-added", "a member was added after signing", changed("extra=null"), "id", "event_id")
	add("id-removed", "a member was removed after signing", changed("-properties.tags"), "id", "event_id")
	add("id-other-event", "the id of another event by the same key", changed("event_id="+member(other, "event_id")), "id", "event_id")
	add("id-other-key", "the key was replaced by another", changed(`signature.key="`+honest(seed(2)).key+`"`), "id", "event_id")
	add("id-signature-member", "a member was added to the signature", changed("signature.note=1"), "id", "event_id")
	add("id-capitals", "the right id in capitals", changed("event_id=\"evt-"+strings.ToUpper(member(good, "event_id")[5:37])+"\""), "id", "event_id")
	add("id-not-derived", "a signed event under an id of v0", changed(`event_id="evt-001"`), "id", "event_id")
	add("id-of-v0-reserved", "a v0 event under an id of the form of signed events", changed("-signature"), "id", "event_id")
	add("clock-altered", "the clock was changed after signing, within its limits", string(oracleCanonical(decodeFields(h.sealed(f.edited(`previous_events=["evt-001"]`))).edited("clock=[1781300000,1]"))), "id", "event_id")

	value := decodeFields(good)["signature"].(map[string]any)["value"].(string)
	add("signature-type", "signature is not an object", changed(`signature="`+value+`"`), "type", "signature")
	add("signature-null", "signature is null", changed(`signature=null`), "type", "signature")
	add("signature-empty", "signature is empty", changed(`signature={}`), "missing", "signature.key")
	add("signature-no-value", "a key without a value", changed("-signature.value"), "missing", "signature.value")
	add("signature-value-type", "the value is not a string", changed("signature.value=7"), "type", "signature.value")
	add("signature-padded", "the value with padding", changed(`signature.value="`+value+`=="`), "signature", "signature.value")
	add("signature-short", "63 bytes", changed(`signature.value="`+value[:84]+`"`), "signature", "signature.value")
	add("signature-alphabet", "plain base64 instead of base64url", changed(`signature.value="+/`+value[2:]+`"`), "signature", "signature.value")
	add("signature-left-over", "bits are left over in the last character", changed(`signature.value="`+value[:85]+`_"`), "signature", "signature.value")
	add("signature-line-break", "a line break in the value, which some decoders skip", changed(`signature.value="`+value[:85]+`\n"`), "signature", "signature.value")

	for _, c := range []struct{ name, comment, key, rule string }{
		{"key-short", "31 bytes", h.key[:42], "key"},
		{"key-long", "33 bytes", h.key[:43] + "A", "key"},
		{"key-padded", "the key with padding", h.key + "=", "key"},
		{"key-alphabet", "plain base64 instead of base64url", "+/" + h.key[2:], "key"},
		{"key-left-over", "bits are left over in the last character", h.key[:42] + "_", "key"},
		{"key-empty", "an empty key", "", "key"},
	} {
		// The actor is left as it is: any actor may stand beside any key.
		add(c.name, c.comment, hand{c.key, h.sign}.sealed(f), c.rule, "signature.key")
	}
	return all
}
