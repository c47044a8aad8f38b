package tileserver

import (
	"strings"
	"testing"
)

func TestSafeAttribution(t *testing.T) {
	const linked = `<a href="https://www.openstreetmap.org/copyright" target="_blank" rel="noopener noreferrer">© OpenStreetMap contributors</a>`
	for given, want := range map[string]string{
		"":               "",
		"Natural Earth":  "Natural Earth",
		"A & B < C":      "A &amp; B",
		"A &amp; B":      "A &amp; B",
		`say "x" 'y'`:    "say &#34;x&#34; &#39;y&#39;",
		"&lt;b&gt;":      "&lt;b&gt;",
		"<b>bold</b> it": "bold it",
		`<a href="https://www.openstreetmap.org/copyright" target="_blank">&copy; OpenStreetMap contributors</a>`: linked,
		`<A class=x HREF='https://www.openstreetmap.org/copyright'>© OpenStreetMap contributors</A>`:              linked,
		`<a href="javascript:alert(1)">x</a>`:                                    "x",
		`<a href="JaVaScRiPt:alert(1)">x</a>`:                                    "x",
		`<a href="&#106;avascript:alert(1)">x</a>`:                               "x",
		`<a href="//evil.example">x</a>`:                                         "x",
		`<a href="/api/v1">x</a>`:                                                "x",
		`<a data-href="https://a.example">x</a>`:                                 "x",
		`<img src=x onerror=alert(1)>`:                                           "",
		`<img src=x onerror=alert(1)`:                                            "",
		`<script>alert(1)</script>`:                                              "alert(1)",
		`<scr<script>ipt>alert(1)</script>`:                                      "ipt&gt;alert(1)",
		`<a href="https://a.example" onclick="alert(1)">x</a>`:                   `<a href="https://a.example" target="_blank" rel="noopener noreferrer">x</a>`,
		`<a href='https://a.example/"onclick=alert(1)//'>x</a>`:                  `<a href="https://a.example/%22onclick=alert%281%29//" target="_blank" rel="noopener noreferrer">x</a>`,
		`<a href="https://a.example">x</a> and <a href="http://b.example">y</a>`: `<a href="https://a.example" target="_blank" rel="noopener noreferrer">x</a> and <a href="http://b.example" target="_blank" rel="noopener noreferrer">y</a>`,
	} {
		if got := safeAttribution(given); got != want {
			t.Errorf("%s\n becomes %s\n not     %s", given, got, want)
		}
	}
}

func FuzzSafeAttribution(f *testing.F) {
	f.Add(`&copy; <a href="https://example.org/">x</a>`)
	f.Add(`<a href='https://example.org/"'>x</a><img src=x onerror=y`)
	f.Add("<a href=https://[::1]/>&lt;script&gt;</a>")
	f.Fuzz(func(t *testing.T, given string) {
		// What is left has no tag but ours, each closed, and no quote outside of them.
		rest := safeAttribution(given)
		for {
			text, after, found := strings.Cut(rest, `<a href="http`)
			if strings.ContainsAny(text, `<>"'`) {
				t.Fatalf("%q becomes %q", given, safeAttribution(given))
			}
			if !found {
				return
			}
			target, after, ok := strings.Cut(after, `" target="_blank" rel="noopener noreferrer">`)
			content, after, closed := strings.Cut(after, "</a>")
			if !ok || !closed || strings.ContainsAny(target+content, `<>"'`) {
				t.Fatalf("%q becomes %q", given, safeAttribution(given))
			}
			rest = after
		}
	})
}
