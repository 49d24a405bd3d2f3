package rollout

// Transition is one row of the machine's table: where an event may lead from a
// state. What it leads to depends on what the event brings.
type Transition struct {
	From State
	On   EventKind
	To   []State
	Why  string
}

// Table is the whole machine. Advance refuses every pair that has no row and
// every outcome that its row does not list. docs/states.md is generated from
// it.
var Table = []Transition{
	{Pending, EvStart, []State{Pending}, "ask the admission checks"},
	{Pending, EvAdmitted, []State{Applying, Waiting, DeniedState, Skipped}, "the checks allow, say not yet, say no, or every plane holds the change already; what only a person can lift parks at once"},
	{Pending, EvCancel, []State{Canceled}, "a person stopped it; nothing was written"},
	{Pending, EvResume, []State{Pending}, "ask the admission checks again"},
	{Pending, EvRollback, []State{Canceled}, "nothing was written"},

	{Waiting, EvAdmitted, []State{Applying, Waiting, DeniedState, Skipped, RollingBack}, "as in pending; a denial, or the breaker, after a written phase takes it back"},
	{Waiting, EvTick, []State{Waiting, Canceled}, "ask again; give up at the deadline, or park after a written phase"},
	{Waiting, EvCancel, []State{Canceled, Waiting}, "nothing was written; after a written phase it parks"},
	{Waiting, EvResume, []State{Waiting}, "ask the admission checks again"},
	{Waiting, EvRollback, []State{Canceled, RollingBack}, "take back the phases written, if any"},

	{Applying, EvLocked, []State{Applying}, "write the next global record"},
	{Applying, EvLockHeld, []State{Applying, Waiting}, "nothing of the phase written: wait; else try again, park at the deadline, or when the budget for retries is spent"},
	{Applying, EvGlobalsRead, []State{Applying}, "a later write was refused: take back the earlier ones of the phase"},
	{Applying, EvWrote, []State{Applying, Waiting}, "landed: the next; refused: unwind; no answer: the same CAS again, then fence; cannot tell any more: park; not sent for the sake of a workflow: ask the checks again where nothing of the phase was sent, else unwind, or, after a try without an answer, park; where vtctld is silent ask again, then park"},
	{Applying, EvFenced, []State{Applying, RollingBack, Canceled}, "it can no longer land: unwind; it had landed: go on; cannot tell: park"},
	{Applying, EvUnlocked, []State{Applying, Conflicted, Canceled, RollingBack}, "all landed: the cells; unwound: end, or look whether anybody shipped a part"},
	{Applying, EvInspected, []State{Applying, Conflicted, Canceled, RollingBack}, "a part of the phase was shipped by a foreign rebuild: heal the cells; else end"},
	{Applying, EvCellsRead, []State{Applying, Validating}, "write the cells that lack our entries"},
	{Applying, EvCellsWrote, []State{Validating}, "ask every cell and vtgate"},
	{Applying, EvTick, []State{Applying}, "try again"},
	{Applying, EvCancel, []State{Applying, Canceled}, "park; canceled where nothing was written yet"},
	{Applying, EvResume, []State{Applying, Waiting}, "repeat the step in hand; where nothing of the phase was sent yet, ask the admission checks again"},
	{Applying, EvRollback, []State{Applying, RollingBack, Canceled, Failed}, "fence a write without an answer first, then go back"},

	{Validating, EvJudged, []State{Validating, Committed, Waiting, RollingBack}, "all serve: commit or next phase; evidence: back; silence: wait, park at the deadline; a cell overwritten: heal"},
	{Validating, EvCellsRead, []State{Validating}, "write the cells that lost our entries"},
	{Validating, EvCellsWrote, []State{Validating}, "ask again"},
	{Validating, EvTick, []State{Validating}, "ask again"},
	{Validating, EvCancel, []State{Validating}, "park"},
	{Validating, EvResume, []State{Validating}, "ask again, with a new deadline"},
	{Validating, EvRollback, []State{RollingBack, Failed}, "a person asked"},

	{RollingBack, EvLocked, []State{RollingBack}, "read what global holds of ours"},
	{RollingBack, EvLockHeld, []State{RollingBack}, "try again, park at the deadline"},
	{RollingBack, EvGlobalsRead, []State{RollingBack}, "write back what is still ours"},
	{RollingBack, EvWrote, []State{RollingBack}, "the next; another wrote meanwhile: read again"},
	{RollingBack, EvUnlocked, []State{RollingBack}, "bring the cells to global"},
	{RollingBack, EvCellsRead, []State{RollingBack}, "write the cells that still hold ours"},
	{RollingBack, EvCellsWrote, []State{RollingBack}, "ask every cell and vtgate"},
	{RollingBack, EvJudged, []State{RollingBack, RolledBack, Failed}, "all serve what was: done; failed where others changed the same entries, or where there was nothing but cells to heal; park at the deadline"},
	{RollingBack, EvTick, []State{RollingBack}, "try again"},
	{RollingBack, EvCancel, []State{RollingBack}, "park"},
	{RollingBack, EvResume, []State{RollingBack}, "repeat the step in hand, with a new deadline"},
	{RollingBack, EvRollback, []State{RollingBack}, "the same as resume"},

	{Committed, EvResume, []State{Committed}, "settle the keyspace heads again"},
	{Skipped, EvResume, []State{Skipped}, "settle the keyspace heads again"},
	{DeniedState, EvResume, []State{DeniedState}, "settle the keyspace heads again"},
	{Canceled, EvResume, []State{Canceled}, "settle the keyspace heads again"},
	{Conflicted, EvResume, []State{Conflicted}, "settle the keyspace heads again"},
	{RolledBack, EvResume, []State{RolledBack}, "settle the keyspace heads again"},
	{Failed, EvResume, []State{Failed}, "settle the keyspace heads again"},
}

func row(from State, on EventKind) (Transition, bool) {
	for _, t := range Table {
		if t.From == from && t.On == on {
			return t, true
		}
	}
	return Transition{}, false
}
