package lint

import "testing"

func TestOneSlip(t *testing.T) {
	for pair, want := range map[[2]string]bool{
		{"custmer", "customer"}:         true,
		{"customr_seq", "customer_seq"}: true,
		{"cusotmer", "customer"}:        true,
		{"Customer", "customer"}:        true,
		{"custumer", "customer"}:        true,
		{"customer2", "customer"}:       false,
		{"customer2", "customer3"}:      false,
		{"seq_a", "seq_b"}:              false,
		{"", "a"}:                       false,
		{"a", "ab"}:                     false,
		{"AB", "ab"}:                    true,
		{"a.t", "b.t"}:                  false,
		{"orders_us", "orders_eu"}:      false,
		{"corder_seq", "customer_seq"}:  false,
	} {
		if got := oneSlip(pair[0], pair[1]); got != want {
			t.Errorf("%s for %s: %v, want %v", pair[0], pair[1], got, want)
		}
		if got := oneSlip(pair[1], pair[0]); got != want {
			t.Errorf("%s for %s: %v, want %v", pair[1], pair[0], got, want)
		}
	}
}

func TestCorrects(t *testing.T) {
	for _, tt := range []struct {
		name string
		f    Finding
		old  string
		want bool
	}{
		{"one slip", Finding{Code: "VS301", Severity: Error, Near: "commerce.customer_seq"}, "commerce.custmer_seq", true},
		{"two", Finding{Code: "VS301", Severity: Error, Near: "commerce.customer_seq"}, "commerce.custmr_seq", false},
		{"it may be right", Finding{Code: "VS701", Severity: Warning, Near: "commerce.product"}, "commerce.prodct", false},
		{"it is a name too", Finding{Code: "VS302", Severity: Error, Near: "commerce.users_seq", guess: true}, "commerce.user_seq", false},
		{"nothing near", Finding{Code: "VS301", Severity: Error}, "x", false},
		{"a field in another spelling", Finding{Code: "VS102", Severity: Error, Near: "column_vindexes"}, "ColumnVindexes", true},
		{"a name in another spelling", Finding{Code: "VS301", Severity: Error, Near: "order_line_seq"}, "orderlineseq", false},
	} {
		if got := tt.f.Corrects(tt.old); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
