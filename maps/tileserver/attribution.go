package tileserver

import (
	"html"
	"net/url"
	"regexp"
	"strings"
)

var (
	// link is an <a> element whose content has no markup.
	link = regexp.MustCompile(`(?is)<a\s([^<>]*)>([^<>]*)</a\s*>`)
	href = regexp.MustCompile(`(?is)(?:^|\s)href\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>` + "`" + `]+))`)
	tags = regexp.MustCompile(`(?s)<[^>]*>?`)
)

// safeAttribution keeps an attribution's text and its links to web pages. MBTiles and TileJSON have it as HTML that a
// page may show as it is, and a pack comes from anywhere: a script in it would sign reports with the reader's key, and an
// image would send requests out of the kit.
func safeAttribution(given string) string {
	var out strings.Builder
	rest := given
	for rest != "" {
		at := link.FindStringSubmatchIndex(rest)
		if at == nil {
			break
		}
		out.WriteString(plainText(rest[:at[0]]))
		attributes, text := rest[at[2]:at[3]], plainText(rest[at[4]:at[5]])
		if target, ok := webTarget(attributes); ok {
			out.WriteString(`<a href="` + html.EscapeString(target) + `" target="_blank" rel="noopener noreferrer">` + text + `</a>`)
		} else {
			out.WriteString(text)
		}
		rest = rest[at[1]:]
	}
	out.WriteString(plainText(rest))
	return strings.TrimSpace(out.String())
}

// plainText drops tags and escapes what is left; entities such as &copy; become the characters they stand for.
func plainText(s string) string {
	return html.EscapeString(html.UnescapeString(tags.ReplaceAllString(s, "")))
}

func webTarget(attributes string) (string, bool) {
	found := href.FindStringSubmatch(attributes)
	if found == nil {
		return "", false
	}
	target, err := url.Parse(strings.TrimSpace(html.UnescapeString(found[1] + found[2] + found[3])))
	if err != nil || target.Scheme != "https" && target.Scheme != "http" || target.Host == "" {
		return "", false
	}
	return target.String(), true
}
