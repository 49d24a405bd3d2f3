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
	ColumnVindexRenamed   ChangeType = "column_vindex_renamed"
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

// risk is a hazard and what it is, in a line for people. Whatever a person has
// to allow has a code: that of the lint rule whose page says more.
type risk struct {
	hazard Hazard
	why    string
	code   string
}

// risks is the one table from change to hazard: what the change can do at
// worst where nothing more is known. refine says where more is known.
var risks = map[ChangeType]risk{
	ShardedOn:         {Outage, "vtgate stops routing tables that have no vindexes here", "VS541"},
	ShardedOff:        {Outage, "vtgate sends every query to one shard, and fails where there are several", "VS542"},
	ExplicitOn:        {Outage, "queries that name a table without its keyspace fail", "VS841"},
	ExplicitOff:       {Replan, "unqualified table names may start to resolve to this keyspace", ""},
	ForeignKeyChanged: {Replan, "vtgate plans writes to tables with foreign keys anew", ""},
	TenantChanged:     {Replan, "only migrations of tenants read it", ""},

	VindexAdded:      {Safe, "", ""},
	VindexDropped:    {Safe, "", ""},
	VindexType:       {WriteLoss, "rows that were placed by the old type are not found by the new one", "VS242"},
	VindexParam:      {WriteLoss, "rows that were placed or looked up by the old value may not be found by the new one", "VS243"},
	VindexOwner:      {WriteLoss, "only the owner's writes keep the lookup table complete", "VS245"},
	WriteOnlyAdded:   {Scatter, "vtgate no longer reads by this vindex", ""},
	WriteOnlyRemoved: {WriteLoss, "vtgate starts to read by this vindex: rows that were not backfilled become invisible", "VS247"},

	TableAdded:            {Replan, "queries for this name resolve to it", ""},
	TableDropped:          {Outage, "vtgate no longer finds the table", "VS641"},
	TableType:             {WriteLoss, "reads and writes go to other shards than those that hold the rows", "VS543"},
	TableSource:           {WriteLoss, "writes go to another table", "VS544"},
	TablePinned:           {WriteLoss, "rows on the old shard become unreachable", "VS545"},
	PrimaryChanged:        {WriteLoss, "rows stay where the old primary vindex placed them and are not found by the new one", "VS241"},
	ColumnVindexAdded:     {WriteLoss, "vtgate starts to read by this vindex: existing rows that it does not map become invisible", "VS246"},
	ColumnVindexDropped:   {Scatter, "queries by these columns go to all shards", ""},
	ColumnVindexColumns:   {WriteLoss, "existing rows are mapped by the old columns", "VS248"},
	ColumnVindexesOrdered: {Replan, "vtgate may choose another vindex of equal cost", ""},
	ColumnVindexRenamed:   {Replan, "the vindex is the same by another name", ""},
	AutoIncAdded:          {Outage, "inserts without a value take one from the sequence, which may be in use already", "VS344"},
	AutoIncDropped:        {Outage, "inserts without a value fail", "VS341"},
	AutoIncChanged:        {Outage, "inserts may take values that are in use already", "VS342"},

	ColumnAdded:      {Replan, "vtgate knows one more column", ""},
	ColumnDropped:    {Replan, "vtgate no longer knows the column", ""},
	ColumnChanged:    {Replan, "vtgate compares and sorts by what it knows of the column", ""},
	ColumnsOrdered:   {Replan, "the order is used to expand select *", ""},
	AuthoritativeOn:  {Outage, "queries that name a column outside the list fail", "VS642"},
	AuthoritativeOff: {Replan, "select * is no longer expanded", ""},
}

// The risks that refine finds in the surroundings of a change and that a person
// has to allow.
var (
	usedVindexDropped  = risk{Outage, "tables still use it: vtgate cannot load the keyspace", "VS249"}
	ownedLookupDropped = risk{WriteLoss, "its lookup table is no longer maintained: added back, it would hide the rows written since", "VS244"}
	sequenceDropped    = risk{Outage, "inserts that take values from the sequence fail", "VS343"}
	becomesSequence    = risk{Outage, "vtgate takes its rows for the state of a sequence", "VS546"}
	// With managed foreign keys vtgate plans them itself, and refuses what it
	// cannot: cycles, and keys that cross shards.
	foreignKeysManaged = risk{Outage, "vtgate takes over the foreign keys: writes fail where keys form a cycle or cross shards", "VS645"}
	// vtgate puts the whole list, invisible columns too, into an insert that
	// has none, and counts the values against it.
	listedColumnAdded    = risk{Outage, "the list is authoritative: an insert without column names fails until it gives this column a value too, and a select * until every shard has the column", "VS643"}
	listedColumnDropped  = risk{Outage, "the list is authoritative: queries that name the column fail", "VS643"}
	listedColumnsOrdered = risk{WriteLoss, "the list is authoritative: an insert without column names puts values into other columns", "VS644"}
)

// Codes lists the codes that a change can have, sorted.
func Codes() []string {
	all := slices.AppendSeq([]risk{
		usedVindexDropped, ownedLookupDropped, sequenceDropped, becomesSequence, foreignKeysManaged,
		listedColumnAdded, listedColumnDropped, listedColumnsOrdered,
	}, maps.Values(risks))
	var codes []string
	for _, r := range all {
		if r.code != "" {
			codes = append(codes, r.code)
		}
	}
	slices.Sort(codes)
	return slices.Compact(codes)
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
