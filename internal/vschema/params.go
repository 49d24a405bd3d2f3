package vschema

import (
	"maps"
	"strings"
)

// The params of the lookup vindexes that Vitess ships. Booleans are exactly
// "true" or "false" to Vitess (boolFromMap), and absent is "false".
const (
	paramTable                = "table"
	paramFrom                 = "from"
	paramAutocommit           = "autocommit"
	paramMultiShardAutocommit = "multi_shard_autocommit"
	paramReadLock             = "read_lock"
	// ParamWriteOnly marks a lookup vindex that is still being backfilled.
	ParamWriteOnly = "write_only"
)

// lookupDefaults gives, per type of lookup vindex, the params whose absence
// means a value. A param that the type does not take is unknown to it: Vitess
// ignores it and reports it, so it is kept.
var lookupDefaults = func() map[string]map[string]string {
	internal := map[string]string{"ignore_nulls": "false", "batch_lookup": "false", paramReadLock: "exclusive", ParamWriteOnly: "false"}
	common := with(internal, paramAutocommit, paramMultiShardAutocommit)
	lookup := with(common, "no_verify")
	return map[string]map[string]string{
		"consistent_lookup":                  internal,
		"consistent_lookup_unique":           internal,
		"lookup_hash":                        common,
		"lookup_hash_unique":                 common,
		"lookup_unicodeloosemd5_hash":        common,
		"lookup_unicodeloosemd5_hash_unique": common,
		"lookup":                             lookup,
		"lookup_unique":                      lookup,
	}
}()

func with(m map[string]string, names ...string) map[string]string {
	out := maps.Clone(m)
	for _, n := range names {
		out[n] = "false"
	}
	return out
}

// IsLookup tells whether Vitess ships a lookup vindex of this type: only such
// vindexes have a lookup table and can be owned.
func IsLookup(vindexType string) bool {
	_, ok := lookupDefaults[vindexType]
	return ok
}

// canonicalParams gives the params as vtgate reads them for that type. Params
// of other types than the lookup vindexes, and so of types that this build
// does not know, are kept verbatim.
func canonicalParams(vindexType string, params map[string]string) map[string]string {
	if len(params) == 0 {
		return nil
	}
	defaults, ok := lookupDefaults[vindexType]
	if !ok {
		return params
	}
	out := maps.Clone(params)
	for name, value := range defaults {
		if v, set := out[name]; set && v == value {
			delete(out, name)
		}
	}
	_, takes := defaults[paramMultiShardAutocommit]
	if takes && out[paramMultiShardAutocommit] == "true" && out[paramAutocommit] == "true" {
		delete(out, paramAutocommit) // the other one turns it on anyway
	}
	if table, set := out[paramTable]; set {
		out[paramTable] = plainName(table)
	}
	if from, set := out[paramFrom]; set {
		cols := strings.Split(from, ",")
		for i := range cols {
			cols[i] = strings.TrimSpace(cols[i])
		}
		out[paramFrom] = strings.Join(cols, ",")
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
