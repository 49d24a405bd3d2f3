package near

import "testing"

func TestName(t *testing.T) {
	candidates := []string{"column_vindexes", "columns", "auto_increment", "type", "customer_seq", "corder_seq"}
	for got, want := range map[string]string{
		"column_vindexs": "column_vindexes",
		"columnVindexes": "column_vindexes",
		"autoincrement":  "auto_increment",
		"custmer_seq":    "customer_seq",
		"tpye":           "type",
		"zebra":          "",
		"colour":         "",
		"customer2_seq":  "customer_seq",
		"tye":            "type",
		"ty":             "",
		"":               "",
	} {
		if g := Name(got, candidates); g != want {
			t.Errorf("Name(%q) = %q, want %q", got, g, want)
		}
	}
}
