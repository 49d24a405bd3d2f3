package plan

import (
	"fmt"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// base records what the plan was decided on: the keyspaces that it writes or
// ships to a cell, those that references of written ones lead to, and all
// rules. A plan with nothing to do was decided on every keyspace that it is for.
func (b *builder) base() {
	base := Base{
		Keyspaces: make(map[string]BaseRecord),
		Rules:     make(map[vschema.RuleKind]BaseRecord),
		Last:      b.last,
		Beside:    b.beside,
		Commit:    b.in.Commit,
	}
	for _, kind := range vschema.RuleKinds {
		base.Rules[kind] = BaseRecord{
			Token:       b.global.Rules.Tokens[kind],
			Fingerprint: vschema.RulesFingerprint(kind, rulesIn(b.global, kind)),
		}
	}
	add := func(ks string, withValue bool) {
		rec := b.global.Keyspaces[ks]
		r := BaseRecord{Token: rec.Token, Fingerprint: vschema.Fingerprint(rec.VSchema)}
		if withValue {
			r.Value = b.encode(ks, rec.VSchema)
		}
		base.Keyspaces[ks] = r
	}
	for _, ref := range lint.References(sharedSrv(b.globalAfter()), sortedKeys(b.after)...) {
		add(ref, false)
	}
	for _, ks := range b.shipped() {
		add(ks, b.after[ks] != nil)
	}
	if len(b.plan.Phases) == 0 {
		for ks := range b.managed { // all of them are recorded as committed
			add(ks, true)
		}
	}
	b.plan.Base = base
}

// Stale tells whether a record that the plan writes, ships or resolves
// references in now has other content than when the plan was made, and what
// changed in it since. Another version with the same content is not stale.
// Rules and other keyspaces are for Recheck.
func Stale(p *Plan, g planes.Global) (changes []diff.EntryChange, stale bool) {
	for _, ks := range sortedKeys(p.Base.Keyspaces) {
		base, now := p.Base.Keyspaces[ks], g.Keyspaces[ks]
		if now.Err == "" && base.Fingerprint == vschema.Fingerprint(now.VSchema) {
			continue
		}
		stale = true
		if then, err := vschema.DecodeJSON(base.Value); err == nil && len(base.Value) > 0 && now.Err == "" {
			changes = append(changes, diff.Between(ks, then, now.VSchema)...)
			continue
		}
		text := fmt.Sprintf("keyspace %s, which the plan depends on, has changed", ks)
		if now.Err != "" {
			text = fmt.Sprintf("keyspace %s can no longer be read: %s", ks, now.Err)
		}
		changes = append(changes, diff.EntryChange{
			Entry:   vschema.Entry{Keyspace: ks},
			Changes: []diff.Change{{Hazard: diff.Safe, Text: text}},
		})
	}
	return changes, stale
}
