package lint

// Rule is one thing that lint checks. Its code never changes its meaning. What
// a person reads of it, with examples, stands in catalog/rules/CODE.txtar.
type Rule struct {
	Code     string
	Name     string
	Severity Severity // the worst that it gives
	// Whole tells that what it finds in one entry decides whether any other
	// entry of the keyspace is served.
	Whole bool
	// Net tells that it names what vtgate refuses and no other rule knows. It
	// has no example: that would be a rule of its own.
	Net bool
	// Change tells that what it finds is a hazard of a change and no mistake:
	// whoever names the code allows it.
	Change bool
	// Check gives the findings in one state of the routing. It is nil where
	// the differ says it all: the findings are then the changes of that code.
	Check func(*Facts) []Finding
}

// All lists every rule, by code.
var All = []Rule{
	// VS1xx: files and their format.
	unreadableFile,
	unknownField,
	duplicateName,
	impossibleValue,
	misplacedFile,
	badSuppression,
	unusedSuppression,
	forbiddenValue,

	// VS2xx: vindexes.
	badVindex,
	undefinedVindex,
	unknownParam,
	noPrimaryVindex,
	badPrimary,
	lookupPrimary,
	badColumns,
	contradictory,
	secondFunctional,
	columnCount,
	moreColumns,
	unusedVindex,
	fileBacked,
	sameButCase,
	namelessColumn,
	primaryVindexChanged,
	vindexTypeChanged,
	vindexParamChanged,
	ownedLookupDropped,
	vindexOwnerChanged,
	secondaryVindexAdded,
	writeOnlyRemoved,
	vindexColumnsChanged,
	usedVindexDropped,

	// VS3xx: sequences and auto_increment.
	unresolvedSequence,
	notASequence,
	shardedSequence,
	autoIncrementColumn,
	pinnedSequence,
	sequenceWithoutRow,
	autoIncrementDropped,
	autoIncrementChanged,
	sequenceDropped,
	autoIncrementAdded,

	// VS4xx: lookup vindexes.
	unresolvedLookupTable,
	wrongOwner,
	badLookupColumn,
	scatteredLookup,
	writeOnlyLookup,
	ignoredOwner,
	unownedLookup,
	lookupColumnCount,
	sharedLookupTable,
	unhashableKeyspaceID,
	uniqueByFirstColumn,
	sessionsLookupTable,
	selfLookup,

	// VS5xx: reference, pinned and unsharded tables.
	unresolvedSource,
	ignoredSource,
	shardedReference,
	shardedPinned,
	unknownTableType,
	unusedVindexes,
	shardedAgainstShards,
	badPin,
	keyspaceSharded,
	keyspaceUnsharded,
	tableTypeChanged,
	sourceChanged,
	pinnedChanged,
	becomesSequence,

	// VS6xx: columns and the physical schema.
	unlistedVindexColumn,
	badColumnList,
	emptyColumnList,
	unhashableColumn,
	looseCollation,
	missingVindexColumn,
	badAutoIncrementColumn,
	badSequenceTable,
	missingLookupColumn,
	lookupWithoutUniqueKey,
	narrowLookupColumn,
	wrongColumnList,
	undeclaredTable,
	uncreatedTable,
	shardsDisagree,
	shardsCountAlone,
	lookupWithUniqueKey,
	generatedColumn,
	uniqueByBeginning,
	tableDropped,
	listAuthoritative,
	listChanged,
	listReordered,
	keysManaged,

	// VS7xx: routing, shard, keyspace and mirror rules.
	ruleToNothing,
	twoTargets,
	unqualifiedTarget,
	duplicateRule,
	disabledTable,
	patternRule,
	unknownTabletType,
	emptyRule,
	ruleFromNowhere,
	halfMoved,
	chainedRule,
	shardRuleNowhere,
	ruleOfNoShard,
	keyspaceRuleNowhere,
	chainedKeyspaces,
	brokenMirror,
	mirrorPercent,

	// VS8xx: across keyspaces, and what vtgate builds of them.
	unbuildable,
	vanished,
	lostName,
	ambiguousName,
	bareReference,
	absentKeyspace,
	explicitRoutingRequired,

	// VS9xx: size and operations.
	hugeRouting,
	tenantWithoutColumn,
}
