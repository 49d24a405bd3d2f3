package lint

// What can become of inserts when a sequence, or its use, changes.
var (
	autoIncrementDropped = changeRule("VS341", "auto_increment dropped")
	autoIncrementChanged = changeRule("VS342", "auto_increment takes its values elsewhere")
	sequenceDropped      = changeRule("VS343", "sequence dropped, or made another type of table")
	autoIncrementAdded   = changeRule("VS344", "auto_increment added to an existing table")
)
