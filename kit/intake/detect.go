package intake

import (
	"bytes"
	"errors"
	"path"
	"strings"
)

// Detect tells the format by the file's name, and where the name says nothing, by its first bytes.
func Detect(name string, head []byte) (Format, error) {
	switch strings.ToLower(path.Ext(strings.ReplaceAll(name, `\`, "/"))) {
	case ".geojson", ".json", ".ndjson", ".jsonl", ".geojsonl", ".geojsons":
		return GeoJSON, nil
	case ".csv", ".tsv":
		return CSV, nil
	case ".gpx":
		return GPX, nil
	}
	head = bytes.TrimLeft(bytes.TrimPrefix(head, byteOrderMark), " \t\r\n\x1e")
	switch {
	case len(head) == 0:
		return "", errors.New("the file is empty")
	case head[0] == '{':
		return GeoJSON, nil
	case head[0] == '<':
		return GPX, nil
	case bytes.IndexByte(head, 0) < 0 && bytes.ContainsAny(firstLine(head), ",;\t"):
		return CSV, nil
	}
	return "", errors.New("neither GeoJSON, CSV nor GPX by its name or its first bytes")
}

var byteOrderMark = []byte("\xef\xbb\xbf")

func firstLine(b []byte) []byte {
	line, _, _ := bytes.Cut(b, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r"))
}

// foreignEncoding names an encoding that is not UTF-8 by the first bytes, or returns "".
func foreignEncoding(head []byte) string {
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return "UTF-16"
	}
	return ""
}
