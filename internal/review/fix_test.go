package review_test

import (
	"testing"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/review"
)

// fixed makes all fixes of a repository and gives one of its files.
func fixed(t *testing.T, folder review.Folder, report review.Report, file string) (string, int) {
	t.Helper()
	edits, err := review.Fixed([]review.Folder{folder}, report)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range edits {
		if e.File == file {
			return string(e.Data), len(e.Fixes)
		}
	}
	return "", 0
}

func TestFixed(t *testing.T) {
	const file = "keyspaces/customer/vschema.yaml"
	tests := []struct{ name, sequence, want string }{
		{"plain", "commerce.custmer_seq", "commerce.customer_seq"},
		{"single quotes", "'commerce.custmer_seq'", "'commerce.customer_seq'"},
		{"double quotes", `"commerce.custmer_seq"`, `"commerce.customer_seq"`},
		{"escaped", `"commerce.cust\x6der_seq"`, `"commerce.customer_seq"`},
		{"two slips", "commerce.custmr_sq", ""},
		{"numbered", "commerce.customer2_seq", ""},
		{"the keyspace, which may be live", "comerce.customer_seq", ""},
		{"of another keyspace", "orders.customer_seq", ""},
		{"nothing near", "commerce.nothing_like_it", ""},
		{"right", "commerce.customer_seq", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			folder := review.Folder{FS: repository(map[string]string{
				"keyspaces/commerce/vschema.yaml": sequences,
				"keyspaces/orders/vschema.yaml":   "sharded: true\n",
				file:                              customer(tt.sequence),
			})}
			report, err := review.All([]review.Folder{folder}, review.Suppressions{})
			if err != nil {
				t.Fatal(err)
			}
			want := ""
			if tt.want != "" {
				want = customer(tt.want)
			}
			if got, _ := fixed(t, folder, report, file); got != want {
				t.Errorf("fixed file:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// TestFixedTwoMinds corrects nothing in a place for which two rules name
// different names, and all the same the place beside it.
func TestFixedTwoMinds(t *testing.T) {
	const file = "keyspaces/a/vschema.json"
	folder := review.Folder{FS: repository(map[string]string{file: `{"tabels": {}, "shraded": true}`})}
	at := func(column int, old, renamed string) review.Finding {
		pos := errs.Position{File: file, Line: 1, Column: column}
		return review.Finding{
			Finding: lint.Finding{Code: "VS102", Pos: pos},
			Fix:     &review.Fix{Pos: pos, Old: old, New: renamed},
		}
	}
	report := review.Report{Findings: []review.Finding{
		at(2, "tabels", "tables"), at(2, "tabels", "labels"), at(16, "shraded", "sharded"), at(16, "shraded", "sharded"),
	}}
	got, n := fixed(t, folder, report, file)
	if want := `{"tabels": {}, "sharded": true}`; got != want || n != 1 {
		t.Errorf("fixed file = %s with %d fixes, want %s with one", got, n, want)
	}
}
