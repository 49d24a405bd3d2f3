package e2e

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"
	vtctldatapb "vitess.io/vitess/go/vt/proto/vtctldata"

	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/vschema"
)

// TestHarmOfSize shows what VS901 says: beyond etcd's limit a VSchema is saved
// and no cell gets it, nor anything that comes after it. Below it all is well.
func TestHarmOfSize(t *testing.T) {
	l := newHarmLab(t)
	ctx := t.Context()
	srv := &vschema.SrvVSchema{Keyspaces: map[string]*vschema.Keyspace{}}
	apply := func(ks string, v *vschema.Keyspace) error {
		srv.Keyspaces[ks] = v
		_, err := l.vtctld.ApplyVSchema(ctx, &vtctldatapb.ApplyVSchemaRequest{Keyspace: ks, VSchema: v})
		return err
	}
	says := func(want lint.Severity) {
		t.Helper()
		var got lint.Severity
		for _, f := range lint.Check(lint.Input{After: srv}) {
			if f.Code == "VS901" {
				got = f.Severity
			}
		}
		if got != want {
			t.Errorf("at %d bytes lint says %q, want %q", proto.Size(srv), got, want)
		}
	}

	if err := apply("commerce", wide("c", 16)); err != nil {
		t.Fatal(err)
	}
	says("")
	if err := apply("lookup", wide("l", 16)); err != nil {
		t.Fatal(err)
	}
	says(lint.Warning)

	err := apply("archive", wide("a", 16))
	if err == nil || !strings.Contains(err.Error(), "request is too large") {
		t.Fatalf("ApplyVSchema beyond the limit: %v", err)
	}
	says(lint.Error)
	saved, err := l.vtctld.GetVSchema(ctx, &vtctldatapb.GetVSchemaRequest{Keyspace: "archive"})
	if err != nil || !proto.Equal(saved.VSchema, srv.Keyspaces["archive"]) {
		t.Errorf("it is not what was saved (%v)", err)
	}
	small := &vschema.Keyspace{Tables: map[string]*vschema.Table{"small": {}}}
	if err := apply("tenants", small); err == nil || !strings.Contains(err.Error(), "request is too large") {
		t.Errorf("a small change of another keyspace, after it: %v", err)
	}
	if served, err := l.serves(ctx, "tenants", "small"); err != nil || served {
		t.Errorf("the vtgate serves what came after it: %t, %v", served, err)
	}
}

// wide is an unsharded keyspace of tables with a thousand columns each, about
// 40 KB a table.
func wide(prefix string, tables int) *vschema.Keyspace {
	v := &vschema.Keyspace{Tables: map[string]*vschema.Table{}}
	for i := range tables {
		t := &vschema.Table{}
		for c := range 1000 {
			t.Columns = append(t.Columns, &vschemapb.Column{Name: fmt.Sprintf("a_column_whose_name_is_long_%08d", c)})
		}
		v.Tables[fmt.Sprintf("%s_%d", prefix, i)] = t
	}
	return v
}
