package lint

import "slices"

// VindexTypes lists the types of vindexes that this build of Vitess knows,
// sorted.
func VindexTypes() []string { return slices.Sorted(slices.Values(vindexTypes)) }

// VindexParams lists the params that a type of vindex takes.
func VindexParams(typ string) []string { return slices.Clone(knownParams[typ]) }
