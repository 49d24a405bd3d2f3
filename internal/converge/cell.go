package converge

import (
	"fmt"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// judgeCell compares a cell's record with the want, entry by entry.
func (e *expected) judgeCell(c planes.Cell) Verdict {
	v := Verdict{Name: c.Name, Cell: c.Name, Status: Serving}
	switch {
	case c.Err != "":
		v.Status, v.Detail = Silent, c.Err
		return v
	case c.Srv == nil:
		v.Status, v.Detail = Stale, "it has no SrvVSchema"
		return v
	}
	var missing []string
	for _, ks := range e.keyspaces {
		missing = append(missing, e.cellLacks(ks, c.Srv)...)
	}
	if len(missing) > 0 {
		v.Status, v.Detail = Stale, details(missing)
	}
	return v
}

// cellLacks tells which wanted entries of a keyspace a cell does not hold.
func (e *expected) cellLacks(keyspace string, srv *vschema.SrvVSchema) []string {
	want, wanted := e.want.Keyspaces[keyspace]
	have, held := srv.GetKeyspaces()[keyspace]
	if wanted && !held {
		return []string{fmt.Sprintf("it lacks keyspace %s", keyspace)}
	}
	var missing []string
	for _, entry := range e.entriesOf(keyspace) {
		if !vschema.EntryEqual(want, have, entry) {
			missing = append(missing, fmt.Sprintf("it does not hold the wanted %s", name(entry)))
		}
	}
	if !e.whole {
		return missing
	}
	for _, entry := range vschema.EntriesOf(keyspace, have) {
		if entry.Kind != vschema.SettingEntry && vschema.EntryJSON(want, entry) == nil {
			missing = append(missing, fmt.Sprintf("it still holds %s", name(entry)))
		}
	}
	return missing
}

// name gives an entry as it stands in a sentence: "table customer.orders".
func name(e vschema.Entry) string {
	return fmt.Sprintf("%s %s.%s", e.Kind, e.Keyspace, e.Name)
}
