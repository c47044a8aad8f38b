package scope

import (
	"fieldkit/kit/event"
	"fieldkit/maps/tile"
)

// InvariantNames are the five invariants of white paper 4.1, in its order.
func InvariantNames() []string {
	return []string{"adjacency", "exclusion", "consistency", "boundary_discipline", "authority_nontransfer"}
}

// Invariants checks the five invariants as far as one event alone shows them. What needs the node's create is checked
// in the fold (package canvas).
func Invariants(e *event.Event) *event.Refusal {
	for _, check := range [...]func(*event.Event) *event.Refusal{adjacency, exclusion, consistency, boundaryDiscipline, authorityNontransfer} {
		if refusal := check(e); refusal != nil {
			refusal.File = BuiltIn
			return refusal
		}
	}
	return nil
}

// adjacency: a link joins what is in one tile or in two that touch.
func adjacency(e *event.Event) *event.Refusal {
	if e.Operation == event.LinkNodes && !tile.Adjacent(e.Tile, e.ToTile) {
		return refuse("adjacency", "to_tile", "", e.ToTile.String()+" does not touch "+e.Tile.String())
	}
	return nil
}

// exclusion: a node is created once, in one tile, under the id of the event that creates it.
func exclusion(e *event.Event) *event.Refusal {
	if e.Operation == event.CreateNode && e.BearsNode {
		return refuse("exclusion", "node_id", "", "a new node's id is its event's: create_node bears no node_id")
	}
	return nil
}

// consistency: an operation on a node names one, and nothing names itself.
func consistency(e *event.Event) *event.Refusal {
	switch e.Operation {
	case event.UpdateTransform, event.SetGeometry, event.SetMedia, event.LinkNodes, event.UnlinkNodes,
		event.DeleteNode, event.Merge, event.SetPhysics, event.SetProperties:
		if e.Node == "" && !(e.Layer == event.SpaceLog && e.Operation == event.SetProperties) {
			return refuse("consistency", "node_id", "", "is missing: the operation "+e.Operation+" is about a node")
		}
	}
	if e.Node == e.ID {
		return refuse("consistency", "node_id", "", "an event cannot be about itself")
	}
	switch e.Operation {
	case event.LinkNodes:
		if e.ToNode == e.ID {
			return refuse("consistency", "to_node", "", "a link cannot lead to itself")
		}
	case event.UnlinkNodes:
		if contains(e.Links, e.ID) {
			return refuse("consistency", "links", "", "an event cannot remove itself")
		}
	case event.Merge:
		if e.IntoNode == e.ID || e.IntoNode == e.Node {
			return refuse("consistency", "into_node", "", "a node cannot be merged into itself")
		}
	}
	return nil
}

// boundaryDiscipline: what leaves its tile says so, and what lies outside is known by derivation only.
func boundaryDiscipline(e *event.Event) *event.Refusal {
	if e.Scope.Boundary == "interior" {
		if e.Operation == event.LinkNodes && e.ToTile != e.Tile {
			return refuse("boundary_discipline", "to_tile", "", "leads out of the tile: scope.boundary must be boundary")
		}
		if e.Operation == event.Merge && e.IntoTile != e.Tile {
			return refuse("boundary_discipline", "into_tile", "", "leads out of the tile: scope.boundary must be boundary")
		}
	}
	if e.Scope.Boundary == "exterior" && e.Scope.Authority == "source" {
		return refuse("boundary_discipline", "scope.authority", "", "what is exterior is not known at the source: authority must be derived")
	}
	return nil
}

// authorityNontransfer: what is derived never decides over existence or over a space's rules. That it never outranks a
// source's value is the register's order.
func authorityNontransfer(e *event.Event) *event.Refusal {
	if e.Scope.Authority != "derived" {
		return nil
	}
	if e.Operation == event.DeleteNode || e.Operation == event.Merge {
		return refuse("authority_nontransfer", "scope.authority", "", e.Operation+" takes a source: it cannot be derived")
	}
	if e.Layer == event.SpaceLog {
		return refuse("authority_nontransfer", "scope.authority", "", "the space log takes a source: it cannot be derived")
	}
	return nil
}
