// Package rollout is the state machine of a rollout: Advance(Record, Event)
// gives the next Record and the actions to do. It is pure: no clock, no
// context, no goroutine, no I/O, no adapter and no logger; times come with the
// events. docs/states.md is generated from its table.
package rollout
