package vtctld

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	vtctldatapb "vitess.io/vitess/go/vt/proto/vtctldata"
	"vitess.io/vitess/go/vt/sqlparser"

	"github.com/vtsync/vtsync/internal/planes"
)

const (
	// frozen is the message of streams whose workflow has been switched or
	// externalized.
	frozen = "FROZEN"
	// excluded is the filter of tables that a stream leaves out.
	excluded = "exclude"
	// reverseSuffix ends the names of the ways back.
	reverseSuffix = "_reverse"
	typeLookup    = "CreateLookupIndex"
	subPartial    = "Partial"
	subNone       = "None"
)

// workflows lists the workflows that write to a keyspace, in any state: one
// that is stopped still owns what it made. vtctld cannot tell while a shard has
// no primary; a keyspace that has no tablet at all, such as one that is only
// being built, has nowhere to keep a workflow.
func (c *Client) workflows(ctx context.Context, keyspace string) ([]planes.Workflow, error) {
	resp, err := call(ctx, c, "GetWorkflows", "list the workflows of keyspace "+keyspace, c.rpc.GetWorkflows,
		&vtctldatapb.GetWorkflowsRequest{Keyspace: keyspace, ActiveOnly: false})
	if err != nil {
		if !silent(err) && c.bare(ctx, keyspace) {
			return nil, nil
		}
		return nil, err
	}
	out := make([]planes.Workflow, 0, len(resp.Workflows))
	for _, w := range resp.Workflows {
		out = append(out, workflow(w))
	}
	return out, nil
}

// bare tells that no cell has a tablet record of a keyspace. A cell that does
// not answer may have one.
func (c *Client) bare(ctx context.Context, keyspace string) bool {
	resp, err := call(ctx, c, "GetTablets", "list the tablets of keyspace "+keyspace, c.rpc.GetTablets,
		&vtctldatapb.GetTabletsRequest{Keyspace: keyspace, Strict: true})
	return err == nil && len(resp.Tablets) == 0
}

// workflow is one workflow as the planes hold it.
func workflow(w *vtctldatapb.Workflow) planes.Workflow {
	out := planes.Workflow{
		Name:           w.Name,
		Type:           w.WorkflowType,
		Source:         w.GetSource().GetKeyspace(),
		Target:         w.GetTarget().GetKeyspace(),
		SourceShards:   slices.Sorted(slices.Values(w.GetSource().GetShards())),
		TargetShards:   slices.Sorted(slices.Values(w.GetTarget().GetShards())),
		LookupVindexes: slices.Sorted(slices.Values(w.GetOptions().GetLookupVindexes())),
		Partial:        w.WorkflowSubType == subPartial,
		MultiTenant:    w.GetOptions().GetTenantId() != "",
		Reverse:        strings.HasSuffix(w.Name, reverseSuffix),
	}
	if w.WorkflowSubType != subNone {
		out.SubType = w.WorkflowSubType
	}
	if w.WorkflowType == typeLookup && len(out.LookupVindexes) == 0 {
		out.LookupVindexes = []string{w.Name}
	}
	all := streams(w)
	out.State, out.Message = state(all)
	isFrozen := func(s *vtctldatapb.Workflow_Stream) bool { return s.Message == frozen }
	out.AnyFrozen = slices.ContainsFunc(all, isFrozen)
	out.Frozen = out.AnyFrozen && !slices.ContainsFunc(all, func(s *vtctldatapb.Workflow_Stream) bool { return !isFrozen(s) })
	out.Tables, out.SourceTables = tables(all)
	for _, s := range all {
		if cluster := s.GetBinlogSource().GetExternalCluster(); cluster != "" {
			out.Source = cluster + "/" + w.GetSource().GetKeyspace()
		}
	}
	return out
}

// streams gives all streams in the order of their shards, tablets and ids.
func streams(w *vtctldatapb.Workflow) []*vtctldatapb.Workflow_Stream {
	var out []*vtctldatapb.Workflow_Stream
	for _, key := range slices.Sorted(maps.Keys(w.ShardStreams)) {
		out = append(out, slices.SortedFunc(slices.Values(w.ShardStreams[key].GetStreams()),
			func(a, b *vtctldatapb.Workflow_Stream) int { return cmp.Compare(a.Id, b.Id) })...)
	}
	return out
}

func state(all []*vtctldatapb.Workflow_Stream) (state, message string) {
	states := map[string]bool{}
	for _, s := range all {
		states[s.State] = true
		message = cmp.Or(message, s.Message)
	}
	return strings.Join(slices.Sorted(maps.Keys(states)), ","), message
}

// tables tells which tables the streams fill and read. A rule that matches by
// an expression, as those of a Reshard do, names none: then there is no list.
func tables(all []*vtctldatapb.Workflow_Stream) (targets, sources []string) {
	filled, read := map[string]bool{}, map[string]bool{}
	named, understood := true, true
	for _, s := range all {
		for _, rule := range s.GetBinlogSource().GetFilter().GetRules() {
			switch {
			case rule.Filter == excluded:
				continue
			case strings.HasPrefix(rule.Match, "/"):
				named = false
				continue
			}
			filled[rule.Match] = true
			from, ok := sourceTable(rule.Match, rule.Filter)
			read[from] = true
			understood = understood && ok
		}
	}
	if !named {
		return nil, nil
	}
	targets = slices.Sorted(maps.Keys(filled))
	if understood {
		sources = slices.Sorted(maps.Keys(read))
	}
	return targets, sources
}

var parser = sync.OnceValues(func() (*sqlparser.Parser, error) { return sqlparser.New(sqlparser.Options{}) })

// sourceTable reads a rule's filter: a SELECT from the table that the stream
// reads, or a key range of the table of the same name.
func sourceTable(match, filter string) (string, bool) {
	if !strings.HasPrefix(strings.ToLower(strings.TrimSpace(filter)), "select") {
		return match, true
	}
	p, err := parser()
	if err != nil {
		return "", false
	}
	stmt, err := p.Parse(filter)
	if err != nil {
		return "", false
	}
	sel, ok := stmt.(*sqlparser.Select)
	if !ok || len(sel.From) != 1 {
		return "", false
	}
	from, ok := sel.From[0].(*sqlparser.AliasedTableExpr)
	if !ok {
		return "", false
	}
	name := sqlparser.GetTableName(from.Expr)
	return name.String(), !name.IsEmpty()
}
