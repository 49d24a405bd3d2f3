package runnertest

import "slices"

// Overwrite writes any bytes to a record, blindly, as other programs can.
func (c *Cluster) Overwrite(path string, value []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(Other, path, value)
}

// AddCell adds a cell with a vtgate. It serves what another cell does, as after
// Vitess's rebuild; nothing where like is empty.
func (c *Cluster) AddCell(name, like string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cells = append(slices.Clone(c.cells), name)
	c.vtgates = append(c.vtgates, VTGate{Target: "vtgate-" + name, Cell: name})
	if like != "" {
		c.put(Other, CellPath(name), c.current(CellPath(like)).Value)
	}
}

// RemoveCell decommissions a cell: global lists it no more, and nothing there
// answers.
func (c *Cluster) RemoveCell(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cells = slices.DeleteFunc(slices.Clone(c.cells), func(s string) bool { return s == name })
	c.vtgates = slices.DeleteFunc(slices.Clone(c.vtgates), func(g VTGate) bool { return g.Cell == name })
	c.silent[name] = true
}
