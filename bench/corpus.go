package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// corpusKeyspace is the sharded one of the pair that corpora are about.
const corpusKeyspace = "shop00"

// corpusVSchema is a pair of keyspaces with n sharded tables.
func corpusVSchema(n int) map[string]*keyspace {
	// Each table has its sequence, every fourth a lookup table, and one more is
	// the reference table in both keyspaces.
	base, shop := generatePair(0, 2*n+n/4+3, "base00")
	return map[string]*keyspace{"base00": base, corpusKeyspace: shop}
}

// mix is what a service asks of one of its tables: %[1]s is the table, %[2]s the
// next one, %[3]d a number of the query's own. The first are what most of the
// executions are.
var mix = []string{
	"select id, email, total from %[1]s where customer_id = %[3]d",
	"select id, status from %[1]s where customer_id = %[3]d and status = 'open' order by created_at desc limit 10",
	"select customer_id, total from %[1]s where email = 'c%[3]d@example.com'",
	"update %[1]s set status = 'paid' where customer_id = %[3]d and id = %[3]d",
	"select id from %[1]s where customer_id in (%[3]d, 2, 3)",
	"select count(*) from %[1]s where status = 'open' and total > %[3]d",
	"select o.id, p.total from %[1]s o join %[2]s p on o.customer_id = p.customer_id where o.customer_id = %[3]d",
	"select o.id, c.name from %[1]s o join country_00 c on o.total = c.id where o.customer_id = %[3]d",
	"select status, count(*), sum(total) from %[1]s group by status order by status",
	"select o.id, p.id from %[1]s o join %[2]s p on o.id = p.total where o.customer_id = %[3]d order by p.id limit 5",
	"delete from %[1]s where customer_id = %[3]d and created_at < '2020-01-01'",
	"select distinct customer_id from %[1]s where total between %[3]d and 900000 order by customer_id limit 20",
}

// corpus gives distinct queries over the tables of that VSchema, each table's in
// the order of mix.
func corpus(vschema map[string]*keyspace) []string {
	tables := slices.Sorted(maps.Keys(vschema[corpusKeyspace].Tables))
	tables = slices.DeleteFunc(tables, func(name string) bool { return !strings.HasPrefix(name, "orders_") })
	var out []string
	for i, table := range tables {
		next := tables[(i+1)%len(tables)]
		for _, form := range mix {
			out = append(out, fmt.Sprintf(form, table, next, i))
		}
	}
	return out
}

// withoutLookups gives a VSchema that every fourth table has lost its lookup vindex
// in, so that there is something to judge.
func withoutLookups(vschema map[string]*keyspace) map[string]*keyspace {
	out := maps.Clone(vschema)
	shop := *vschema[corpusKeyspace]
	shop.Vindexes = map[string]vindex{"xxhash": shop.Vindexes["xxhash"]}
	shop.Tables = maps.Clone(shop.Tables)
	for name, t := range shop.Tables {
		t.ColumnVindexes = t.ColumnVindexes[:min(1, len(t.ColumnVindexes))]
		shop.Tables[name] = t
	}
	out[corpusKeyspace] = &shop
	return out
}
