package intake

import "testing"

func TestWKT(t *testing.T) {
	for in, want := range map[string]string{
		"POINT(9.5 47.1)":                                          `{"type":"Point","coordinates":[9.5,47.1]}`,
		"point z ( 9.5   47.1 12 )":                                `{"type":"Point","coordinates":[9.5,47.1,12]}`,
		"POINTZ(9.5 47.1 12)":                                      `{"type":"Point","coordinates":[9.5,47.1,12]}`,
		"POINT M (9.5 47.1 12)":                                    `{"type":"Point","coordinates":[9.5,47.1]}`,
		"POINTZM(9.5 47.1 12 7)":                                   `{"type":"Point","coordinates":[9.5,47.1,12]}`,
		"SRID=4326;POINT(-9.5 -47.1)":                              `{"type":"Point","coordinates":[-9.5,-47.1]}`,
		"LINESTRING(9 47,10 48)":                                   `{"type":"LineString","coordinates":[[9,47],[10,48]]}`,
		"POLYGON((9 47,10 48,9 48,9 47),(1 1,2 2,1 2,1 1))":        `{"type":"Polygon","coordinates":[[[9,47],[10,48],[9,48],[9,47]],[[1,1],[2,2],[1,2],[1,1]]]}`,
		"MULTIPOINT((9 47),(10 48))":                               `{"type":"MultiPoint","coordinates":[[9,47],[10,48]]}`,
		"MULTIPOINT(9 47,10 48)":                                   `{"type":"MultiPoint","coordinates":[[9,47],[10,48]]}`,
		"MULTILINESTRING((9 47,10 48))":                            `{"type":"MultiLineString","coordinates":[[[9,47],[10,48]]]}`,
		"MULTIPOLYGON(((9 47,10 48,9 48,9 47)))":                   `{"type":"MultiPolygon","coordinates":[[[[9,47],[10,48],[9,48],[9,47]]]]}`,
		"GEOMETRYCOLLECTION(POINT(9 47), LINESTRING(9 47, 10 48))": `{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[9,47]},{"type":"LineString","coordinates":[[9,47],[10,48]]}]}`,
		"POINT(9.123456789 47)":                                    `{"type":"Point","coordinates":[9.1234568,47]}`,
	} {
		got, err := parseWKT(in)
		if err != nil || string(got) != want {
			t.Errorf("%s: %s, %v", in, got, err)
		}
	}
	for _, in := range []string{
		"", "POINT", "POINT EMPTY", "POINT(", "POINT()", "POINT(9)", "POINT(9 47", "POINT(9 47) x", "POINT(9 x)", "POINT((9 47))", "POINT(1 2 3 4 5)",
		"POINT M (9 47)", "CIRCULARSTRING(1 1,2 2,3 3)", "LINESTRING(9 47;10 48)", "SRID=2056;POINT(9 47)", "Z(9 47)", "LINESTRING 9 47", "POINT K (9 47)",
		"GEOMETRYCOLLECTION(GEOMETRYCOLLECTION(POINT(1 1)))", "POLYGON(9 47,10 48)", "POINT(NaN NaN)", "9.5 47.1",
	} {
		if got, err := parseWKT(in); err == nil {
			t.Errorf("%q is taken for %s", in, got)
		}
	}
}
