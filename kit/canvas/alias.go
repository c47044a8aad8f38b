package canvas

// MayAlso reports whether the writer of w, which is a write to any node, may write to n as well.
func (c *Canvas) MayAlso(n *Node, w *Write) bool {
	return c.may(n, w.By.Principal, w.By.Key, w.effective)
}

// GoneWith reports whether n was deleted by somebody who may write to alias as well: then a merge of alias into n does not
// keep it on the map.
func (c *Canvas) GoneWith(n, alias *Node) bool {
	r := n.registers.get(Deleted)
	if r == nil {
		return false
	}
	for i := range r.writes {
		if c.MayAlso(alias, &r.writes[i]) {
			return true
		}
	}
	return false
}

// Outranks reports whether w counts more than o in a register.
func (w *Write) Outranks(o *Write) bool { return w.compare(o.Stamp) > 0 }
