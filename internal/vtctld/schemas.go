package vtctld

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"vitess.io/vitess/go/vt/mysqlctl/tmutils"
	topodatapb "vitess.io/vitess/go/vt/proto/topodata"
	vtctldatapb "vitess.io/vitess/go/vt/proto/vtctldata"

	"github.com/vtsync/vtsync/internal/planes"
)

// database is what Vitess writes into views for the name of their database.
const database = "{{.DatabaseName}}."

// schema reads the CREATE TABLEs of one shard's primary, and its CREATE VIEWs where
// they are asked for; no tables means all.
func (c *Client) schema(ctx context.Context, keyspace string, shard planes.Shard, tables []string, views bool) (planes.ShardSchema, error) {
	what := fmt.Sprintf("read the schema of shard %s/%s", keyspace, shard.Name)
	primary, err := parseAlias(shard.Primary)
	if err != nil {
		return planes.ShardSchema{}, fmt.Errorf("%s: %w", what, err)
	}
	resp, err := call(ctx, c, "GetSchema", what, c.rpc.GetSchema, &vtctldatapb.GetSchemaRequest{
		TabletAlias: primary, Tables: tables, TableSchemaOnly: true, IncludeViews: views,
	})
	if err != nil {
		return planes.ShardSchema{}, err
	}
	out := planes.ShardSchema{Tables: map[string]string{}}
	for _, t := range resp.GetSchema().GetTableDefinitions() {
		if t.Type != tmutils.TableView {
			out.Tables[t.Name] = t.Schema
			continue
		}
		if out.Views == nil {
			out.Views = map[string]string{}
		}
		// As a vttablet shows it to vtgates.
		out.Views[t.Name] = strings.ReplaceAll(t.Schema, database, "")
	}
	return out, nil
}

// parseAlias reads CELL-UID. A cell's name may hold hyphens.
func parseAlias(text string) (*topodatapb.TabletAlias, error) {
	if text == "" {
		return nil, fmt.Errorf("topo names no primary")
	}
	at := strings.LastIndexByte(text, '-')
	if at < 0 {
		return nil, fmt.Errorf("the primary's alias %q is not CELL-UID", text)
	}
	uid, err := strconv.ParseUint(text[at+1:], 10, 32)
	if err != nil {
		return nil, fmt.Errorf("the primary's alias %q is not CELL-UID: %w", text, err)
	}
	return &topodatapb.TabletAlias{Cell: text[:at], Uid: uint32(uid)}, nil
}
