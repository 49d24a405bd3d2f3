package vtgate

import "testing"

func TestOwnQueries(t *testing.T) {
	lookups, err := parseLookups([]byte(`{"keyspaces": {"customer": {"vindexes": {
	  "hash": {}, "odd": [],
	  "email": {"table": "commerce.email_lookup", "from_columns": ["email", "kind"], "to": "keyspace_id"},
	  "bare": {"table": "bare_lookup", "from_columns": ["name"], "to": "id"}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	const table, bare = "commerce.email_lookup", "customer.bare_lookup"
	for _, tc := range []struct {
		table, sql string
		want       bool
	}{
		{table, "select email, keyspace_id from commerce.email_lookup where email in ::email", true},
		{table, "select email from commerce.email_lookup where email = :email and keyspace_id = :keyspace_id for update", true},
		{table, "insert into commerce.email_lookup(email, kind, keyspace_id) values (:email_0, :kind_0, :keyspace_id_0), (:email_1, :kind_1, :keyspace_id_1)", true},
		{table, "delete from commerce.email_lookup where email = :email and kind = :kind and keyspace_id = :keyspace_id", true},
		{bare, "select name, id from bare_lookup where name in ::name", true},
		{table, "select keyspace_id from email_lookup where email = :email /* VARCHAR */", false},
		{table, "select keyspace_id from email_lookup where email in ::vtg1", false},
		{table, "select keyspace_id from email_lookup where email = :v1", false},
		{table, "select count(*) from email_lookup", false},
		{table, "select email, keyspace_id from email_lookup where email in ::email limit 1", false},
		{"other.email_lookup", "select email, keyspace_id from email_lookup where email in ::email", false},
		{"customer.customer", "select a from customer where email = :email", false},
	} {
		if got := own(QueryPlan{SQL: tc.sql, TablesUsed: []string{tc.table}}, lookups); got != tc.want {
			t.Errorf("%s: own %v, want %v", tc.sql, got, tc.want)
		}
	}
	if own(QueryPlan{SQL: "select 1", TablesUsed: nil}, lookups) || own(QueryPlan{SQL: "select :email from email_lookup, t", TablesUsed: []string{table, "t"}}, lookups) {
		t.Error("a plan of no table, or of several, is vtgate's own")
	}
}
