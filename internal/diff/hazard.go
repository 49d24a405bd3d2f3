package diff

import (
	"maps"
	"slices"
)

// The types of changes. The set is closed: every one has its hazard in the
// table below, and a test holds both against each other.
const (
	ShardedOn         ChangeType = "sharded_on"
	ShardedOff        ChangeType = "sharded_off"
	ExplicitOn        ChangeType = "require_explicit_routing_on"
	ExplicitOff       ChangeType = "require_explicit_routing_off"
	ForeignKeyChanged ChangeType = "foreign_key_mode_changed"
	TenantChanged     ChangeType = "multi_tenant_spec_changed"

	VindexAdded      ChangeType = "vindex_added"
	VindexDropped    ChangeType = "vindex_dropped"
	VindexType       ChangeType = "vindex_type_changed"
	VindexParam      ChangeType = "vindex_param_changed"
	VindexOwner      ChangeType = "vindex_owner_changed"
	WriteOnlyAdded   ChangeType = "write_only_added"
	WriteOnlyRemoved ChangeType = "write_only_removed"

	TableAdded            ChangeType = "table_added"
	TableDropped          ChangeType = "table_dropped"
	TableType             ChangeType = "table_type_changed"
	TableSource           ChangeType = "table_source_changed"
	TablePinned           ChangeType = "table_pinned_changed"
	PrimaryChanged        ChangeType = "primary_vindex_changed"
	ColumnVindexAdded     ChangeType = "column_vindex_added"
	ColumnVindexDropped   ChangeType = "column_vindex_dropped"
	ColumnVindexColumns   ChangeType = "column_vindex_columns_changed"
	ColumnVindexesOrdered ChangeType = "column_vindexes_reordered"
	AutoIncAdded          ChangeType = "auto_increment_added"
	AutoIncDropped        ChangeType = "auto_increment_dropped"
	AutoIncChanged        ChangeType = "auto_increment_changed"

	ColumnAdded      ChangeType = "column_added"
	ColumnDropped    ChangeType = "column_dropped"
	ColumnChanged    ChangeType = "column_changed"
	ColumnsOrdered   ChangeType = "columns_reordered"
	AuthoritativeOn  ChangeType = "column_list_authoritative_on"
	AuthoritativeOff ChangeType = "column_list_authoritative_off"
)

// risk is a hazard and what it is, in a line for people.
type risk struct {
	hazard Hazard
	why    string
}

// risks is the one table from change to hazard: what the change can do at
// worst where nothing more is known. refine says where more is known.
var risks = map[ChangeType]risk{
	ShardedOn:         {Outage, "vtgate stops routing tables that have no vindexes here"},
	ShardedOff:        {Outage, "vtgate sends every query to one shard, and fails where there are several"},
	ExplicitOn:        {Outage, "queries that name a table without its keyspace fail"},
	ExplicitOff:       {Replan, "unqualified table names may start to resolve to this keyspace"},
	ForeignKeyChanged: {Replan, "vtgate plans writes to tables with foreign keys anew"},
	TenantChanged:     {Replan, "only migrations of tenants read it"},

	VindexAdded:      {Safe, ""},
	VindexDropped:    {Safe, ""},
	VindexType:       {WriteLoss, "rows that were placed by the old type are not found by the new one"},
	VindexParam:      {WriteLoss, "rows that were placed or looked up by the old value may not be found by the new one"},
	VindexOwner:      {WriteLoss, "only the owner's writes keep the lookup table complete"},
	WriteOnlyAdded:   {Scatter, "vtgate no longer reads by this vindex"},
	WriteOnlyRemoved: {WriteLoss, "vtgate starts to read by this vindex: rows that were not backfilled become invisible"},

	TableAdded:            {Replan, "queries for this name resolve to it"},
	TableDropped:          {Outage, "vtgate no longer finds the table"},
	TableType:             {WriteLoss, "reads and writes go to other shards than those that hold the rows"},
	TableSource:           {WriteLoss, "writes go to another table"},
	TablePinned:           {WriteLoss, "rows on the old shard become unreachable"},
	PrimaryChanged:        {WriteLoss, "rows stay where the old primary vindex placed them and are not found by the new one"},
	ColumnVindexAdded:     {WriteLoss, "vtgate starts to read by this vindex: existing rows that it does not map become invisible"},
	ColumnVindexDropped:   {Scatter, "queries by these columns go to all shards"},
	ColumnVindexColumns:   {WriteLoss, "existing rows are mapped by the old columns"},
	ColumnVindexesOrdered: {Replan, "vtgate may choose another vindex of equal cost"},
	AutoIncAdded:          {Replan, "inserts without a value take one from the sequence"},
	AutoIncDropped:        {Outage, "inserts without a value fail"},
	AutoIncChanged:        {Outage, "inserts may take values that are in use already"},

	ColumnAdded:      {Replan, "vtgate knows one more column"},
	ColumnDropped:    {Replan, "vtgate no longer knows the column"},
	ColumnChanged:    {Replan, "vtgate compares and sorts by what it knows of the column"},
	ColumnsOrdered:   {Replan, "the order is used to expand select *"},
	AuthoritativeOn:  {Outage, "queries that name a column outside the list fail"},
	AuthoritativeOff: {Replan, "select * is no longer expanded"},
}

// ChangeTypes lists every type of change, sorted.
func ChangeTypes() []ChangeType { return slices.Sorted(maps.Keys(risks)) }

// Worse tells whether h is worse than o.
func (h Hazard) Worse(o Hazard) bool {
	return slices.Index(Hazards, h) > slices.Index(Hazards, o)
}

// MaxHazard gives the worst hazard of the changes; Safe where there is none.
func MaxHazard(changes []EntryChange) Hazard {
	worst := Safe
	for _, ec := range changes {
		for _, c := range ec.Changes {
			if c.Hazard.Worse(worst) {
				worst = c.Hazard
			}
		}
	}
	return worst
}
