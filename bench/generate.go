package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// scaleKeyspaces is how many keyspaces the tables stand in: half of them
// sharded, each beside an unsharded one that serves it.
const scaleKeyspaces = 50

// lookupSuffix ends the names of lookup tables.
const lookupSuffix = "_by_email"

// keyspace is a VSchema as it stands in a file.
type keyspace struct {
	Sharded  bool              `json:"sharded,omitempty"`
	Vindexes map[string]vindex `json:"vindexes,omitempty"`
	Tables   map[string]table  `json:"tables"`
}

type vindex struct {
	Type   string            `json:"type"`
	Params map[string]string `json:"params,omitempty"`
	Owner  string            `json:"owner,omitempty"`
}

type table struct {
	Type           string         `json:"type,omitempty"`
	Source         string         `json:"source,omitempty"`
	ColumnVindexes []columnVindex `json:"column_vindexes,omitempty"`
	AutoIncrement  *autoIncrement `json:"auto_increment,omitempty"`
}

type columnVindex struct {
	Column string `json:"column"`
	Name   string `json:"name"`
}

type autoIncrement struct {
	Column   string `json:"column"`
	Sequence string `json:"sequence"`
}

// generate gives the VSchemas of scaleKeyspaces keyspaces with n tables in all,
// in the mix that a service brings: sharded tables with their sequences, every
// fourth with a lookup vindex and its table, a reference table and its source
// per sharded keyspace, and plain tables in the unsharded ones. No table has a
// column list: with one, ten thousand would not fit into etcd's largest value.
func generate(n int) map[string]*keyspace {
	out := map[string]*keyspace{}
	const pairs = scaleKeyspaces / 2
	for pair := range pairs {
		quota := n / pairs
		if pair < n%pairs {
			quota++
		}
		base, shards := fmt.Sprintf("base%02d", pair), fmt.Sprintf("shop%02d", pair)
		out[base], out[shards] = generatePair(pair, quota, base)
	}
	return out
}

// generatePair gives an unsharded keyspace, of that name, and the sharded one
// that it serves.
func generatePair(pair, quota int, name string) (base, shop *keyspace) {
	base = &keyspace{Tables: map[string]table{}}
	shop = &keyspace{Sharded: true, Vindexes: map[string]vindex{"xxhash": {Type: "xxhash"}}, Tables: map[string]table{}}
	left := func() int { return quota - len(base.Tables) - len(shop.Tables) }
	if left() >= 5 {
		country := fmt.Sprintf("country_%02d", pair)
		base.Tables[country] = table{}
		shop.Tables[country] = table{Type: "reference", Source: name + "." + country}
	}
	for i := 0; left() >= 3; i++ {
		main := fmt.Sprintf("orders_%02d_%03d", pair, i)
		base.Tables[main+"_seq"] = table{Type: "sequence"}
		t := table{
			ColumnVindexes: []columnVindex{{"customer_id", "xxhash"}},
			AutoIncrement:  &autoIncrement{"id", name + "." + main + "_seq"},
		}
		if i%4 == 0 {
			lookup := main + lookupSuffix
			base.Tables[lookup] = table{}
			shop.Vindexes[lookup] = vindex{
				Type:   "consistent_lookup_unique",
				Params: map[string]string{"table": name + "." + lookup, "from": "email", "to": "keyspace_id"},
				Owner:  main,
			}
			t.ColumnVindexes = append(t.ColumnVindexes, columnVindex{"email", lookup})
		}
		shop.Tables[main] = t
	}
	for left() > 0 {
		base.Tables[fmt.Sprintf("setting_%02d_%d", pair, left())] = table{}
	}
	return base, shop
}

// text is the VSchema as vtctldclient takes it.
func (k *keyspace) text() (string, error) {
	text, err := json.Marshal(k)
	return string(text), err
}

// creates gives the CREATE TABLEs of a keyspace, as mysqldump writes them.
func (k *keyspace) creates() string {
	var w strings.Builder
	for _, name := range slices.Sorted(maps.Keys(k.Tables)) {
		columns := "  `id` bigint NOT NULL,\n  `name` varchar(64) NOT NULL,\n  PRIMARY KEY (`id`)"
		comment := ""
		switch t := k.Tables[name]; {
		case t.Type == "sequence":
			columns = "  `id` int NOT NULL,\n  `next_id` bigint DEFAULT NULL,\n  `cache` bigint DEFAULT NULL,\n  PRIMARY KEY (`id`)"
			comment = " COMMENT='vitess_sequence'"
		case strings.HasSuffix(name, lookupSuffix):
			columns = "  `email` varchar(128) NOT NULL,\n  `keyspace_id` varbinary(128) NOT NULL,\n  PRIMARY KEY (`email`)"
		case t.AutoIncrement != nil:
			columns = "  `id` bigint NOT NULL,\n  `customer_id` bigint NOT NULL,\n  `email` varchar(128) DEFAULT NULL,\n" +
				"  `status` enum('open','paid','sent') NOT NULL DEFAULT 'open',\n  `total` decimal(10,2) NOT NULL,\n  `note` text,\n" +
				"  `created_at` datetime NOT NULL DEFAULT CURRENT_TIMESTAMP,\n  PRIMARY KEY (`id`),\n  KEY `customer` (`customer_id`,`created_at`)"
		}
		fmt.Fprintf(&w, "CREATE TABLE `%s` (\n%s\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4%s;\n\n", name, columns, comment)
	}
	return w.String()
}
