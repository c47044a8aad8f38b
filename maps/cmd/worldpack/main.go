// Command worldpack makes the pack of the world's outline from the npm package world-atlas:
//
//	worldpack -in dashboard/node_modules/world-atlas -out maps/pack/data/world.mbtiles
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"fieldkit/maps/mbtiles"
	"fieldkit/maps/outline"
	"fieldkit/maps/tile"
	"fieldkit/maps/topojson"
)

func main() {
	in := flag.String("in", "dashboard/node_modules/world-atlas", "`folder` of the npm package world-atlas")
	out := flag.String("out", "maps/pack/data/world.mbtiles", "`file` to write")
	maxZoom := flag.Uint("maxzoom", 6, "deepest zoom, 0 to 8")
	flag.Parse()
	if flag.NArg() > 0 || *maxZoom > 8 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*in, *out, uint8(*maxZoom)); err != nil {
		fmt.Fprintln(os.Stderr, "worldpack:", err)
		os.Exit(1)
	}
}

func run(in, out string, maxZoom uint8) error {
	text, err := os.ReadFile(filepath.Join(in, "countries-50m.json"))
	if err != nil {
		return err
	}
	topology, err := topojson.Decode(text)
	if err != nil {
		return err
	}
	world, err := outline.New(topology)
	if err != nil {
		return err
	}
	tiles, err := world.Tiles(maxZoom)
	if err != nil {
		return err
	}
	return mbtiles.Create(out, metadata(maxZoom), func(yield func(tile.Tile, []byte) bool) {
		for _, t := range tiles {
			if !yield(t.At, t.Data) {
				return
			}
		}
	})
}

// metadata is the rows of the pack.
func metadata(maxZoom uint8) []mbtiles.Row {
	return []mbtiles.Row{
		{Name: "name", Value: "World outline"},
		{Name: "description", Value: "Land, borders and countries of the world, Natural Earth 1:50m"},
		{Name: "attribution", Value: `<a href="https://www.naturalearthdata.com/">Natural Earth</a>`},
		{Name: "format", Value: "pbf"},
		{Name: "type", Value: "baselayer"},
		{Name: "version", Value: "1.0.0"},
		{Name: "minzoom", Value: "0"},
		{Name: "maxzoom", Value: fmt.Sprint(maxZoom)},
		{Name: "bounds", Value: fmt.Sprintf("-180,%.4f,180,%.4f", -tile.MaxLatitude, tile.MaxLatitude)},
		{Name: "center", Value: "10,25,1"},
		{Name: "json", Value: `{"vector_layers":[` +
			`{"id":"land","description":"land, as polygons","fields":{}},` +
			`{"id":"boundary","description":"borders between countries, as lines","fields":{"admin_level":"Number"}},` +
			`{"id":"country_label","description":"countries, as points","fields":{"name":"String","rank":"Number"}}]}`},
	}
}
