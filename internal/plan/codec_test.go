package plan

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/impact"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden pins the plan's JSON: it is a contract with whoever reads it.
func TestGolden(t *testing.T) {
	tests := map[string]func(t *testing.T) Input{
		"table_added_one_carried.json": func(t *testing.T) Input {
			s := store(t)
			serve(s, 1, "commerce", edited(t, commerceJSON, `"product":{},`, ``))
			in := input(s, keyspaces{"commerce": edited(t, commerceJSON, `"product":{}`, `"product":{},"invoice":{}`)})
			in.Commit = "4f1c0de"
			return in
		},
		"sequence_typo.json": func(t *testing.T) Input {
			return input(store(t), keyspaces{"customer": edited(t, customerJSON, "commerce.customer_seq", "commerce.custmer_seq")})
		},
	}
	for name, in := range tests {
		t.Run(name, func(t *testing.T) {
			got := encode(t, build(t, in(t)))
			path := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("the plan's JSON has changed; if that is meant, run with -update and raise Format where a reader could misread it:\n%s", got)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := encode(t, build(t, input(store(t), keyspaces{"commerce": edited(t, commerceJSON, `"product":{}`, `"product":{},"invoice":{}`)})))
	if _, err := Decode([]byte(good)); err != nil {
		t.Fatal(err)
	}
	replace := func(old, with string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%q is not in the plan", old)
		}
		return strings.Replace(good, old, with, 1)
	}
	tests := map[string]struct{ raw, text string }{
		"empty":                 {"", "damaged"},
		"not JSON":              {"commerce:\n", "damaged"},
		"truncated":             {good[:len(good)/2], "damaged"},
		"another format":        {replace(`"format": 1`, `"format": 2`), "format 2"},
		"no format":             {`{}`, "format 0"},
		"edited":                {replace(`"invoice"`, `"invoices"`), "digest"},
		"field that is doubled": {replace(`"format": 1`, `"format": 1, "cluster": "c2"`), "not written as vtsync writes it"},
		"field of another case": {replace(`"cluster"`, `"Cluster"`), "not written as vtsync writes it"},
		"unknown field":         {replace(`"format": 1`, `"format": 1, "farmat": 1`), "farmat"},
		"something behind":      {good + "{}", "damaged"},
		"bad UTF-8":             {replace(`"cluster": "c1"`, "\"cluster\": \"c\xff\""), "damaged"},
		"byte order mark":       {"\ufeff" + good, "damaged"},
		"deep":                  {strings.Repeat("[", 100000), "damaged"},
		"a list":                {"[]", "damaged"},
		"larger than allowed":   {strings.Repeat(" ", MaxBytes+1), "limit"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Decode([]byte(tt.raw))
			var invalid *errs.Invalid
			if !errors.As(err, &invalid) {
				t.Fatalf("error %v is not Invalid", err)
			}
			if !strings.Contains(err.Error(), tt.text) || invalid.Next == "" {
				t.Errorf("error %q lacks %q, or the next command", err, tt.text)
			}
		})
	}
	_, err := Decode([]byte("{\n  \"format\" 1}"))
	var invalid *errs.Invalid
	if want := (errs.Position{Line: 2, Column: 12}); !errors.As(err, &invalid) || invalid.Pos != want {
		t.Errorf("error %v at %+v, want it at %+v", err, invalid.Pos, want)
	}
	// Line ends and indentation are not content.
	if _, err := Decode([]byte(strings.ReplaceAll(good, "\n", "\r\n"))); err != nil {
		t.Errorf("with CRLF: %v", err)
	}
}

// TestDecodeRefusesForgery: a digest that fits does not make a plan whole.
func TestDecodeRefusesForgery(t *testing.T) {
	forge := map[string]func(*Plan){
		"no base":            func(p *Plan) { p.Base.Keyspaces = nil },
		"another report":     func(p *Plan) { p.Impact = &impact.Report{Format: 2} },
		"nothing to write":   func(p *Plan) { p.Phases[0].Writes[0].After = []byte("null") },
		"unknown vschema":    func(p *Plan) { p.Phases[0].Writes[0].After = []byte(`{"shardd":true}`) },
		"another's change":   func(p *Plan) { p.Phases[0].Writes[0].Changes[0].Entry.Keyspace = "customer" },
		"before is a number": func(p *Plan) { p.Phases[0].Writes[0].Before = []byte("1") },
		"token of no reading": func(p *Plan) {
			r := p.Base.Keyspaces["commerce"]
			r.Token.Version, r.Token.Hash = "", ""
			p.Base.Keyspaces["commerce"] = r
		},
	}
	for name, edit := range forge {
		t.Run(name, func(t *testing.T) {
			p := build(t, input(store(t), keyspaces{"commerce": edited(t, commerceJSON, `"product":{}`, `"product":{},"invoice":{}`)}))
			edit(p)
			if _, err := Encode(p); err == nil {
				t.Error("a plan that was changed after it was built can be encoded")
			}
			if err := seal(p); err != nil {
				t.Fatal(err)
			}
			_, err := Decode([]byte(encode(t, p)))
			var invalid *errs.Invalid
			if !errors.As(err, &invalid) {
				t.Errorf("error %v is not Invalid", err)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	for _, text := range []string{"", "{}", `{"format":1}`, `{"format":1,"phases":[{"writes":[{"keyspace":"a","before":null,"after":{}}]}]}`} {
		f.Add([]byte(text))
	}
	golden, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	if err != nil || len(golden) == 0 {
		f.Fatalf("no golden plans: %v", err)
	}
	for _, path := range golden {
		raw, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := Decode(raw)
		if err != nil {
			var invalid *errs.Invalid
			if !errors.As(err, &invalid) {
				t.Fatalf("error %v is not Invalid", err)
			}
			return
		}
		again, err := Encode(p)
		if err != nil {
			t.Fatal(err)
		}
		if q, err := Decode(again); err != nil || !bytes.Equal([]byte(encode(t, q)), again) {
			t.Fatalf("a decoded plan does not survive its file: %v", err)
		}
	})
}
