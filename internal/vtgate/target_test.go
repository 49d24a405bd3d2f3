package vtgate

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vtsync/vtsync/internal/errs"
)

func TestParseTarget(t *testing.T) {
	for _, tc := range []struct {
		text string
		want Target
	}{
		{"127.0.0.1:15001", Target{HTTP: "127.0.0.1:15001"}},
		{"vtgate.prod:15001,mysql=15306", Target{HTTP: "vtgate.prod:15001", MySQL: 15306}},
		{"[::1]:15001, grpc=15991, cell=zone1, user=vt", Target{HTTP: "[::1]:15001", GRPC: 15991, Cell: "zone1", User: "vt"}},
	} {
		got, err := ParseTarget(tc.text)
		if err != nil {
			t.Errorf("%s: %v", tc.text, err)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.text, diff)
		}
	}
}

func TestParseTargetRefuses(t *testing.T) {
	for _, tc := range []struct{ text, msg, near string }{
		{"", `"" is not HOST:PORT`, ""},
		{"15001", `"15001" is not HOST:PORT`, ""},
		{":15001", `":15001" is not HOST:PORT`, ""},
		{"h:http", `"http" is not a port`, ""},
		{"h:0", `"0" is not a port`, ""},
		{"http://h:15001", "is a URL", ""},
		{"h:1,mysqll=2", `unknown key "mysqll"`, "mysql"},
		{"h:1,mysql=70000", `"70000" is not a port`, ""},
		{"h:1,mysql", `"mysql" is not KEY=VALUE`, ""},
		{"h:1,cell=", `"cell=" is not KEY=VALUE`, ""},
		{"h:1,cell=a,cell=b", "cell is given twice", ""},
		{"h:1,", `"" is not KEY=VALUE`, ""},
		{"h:1,,cell=a", `"" is not KEY=VALUE`, ""},
	} {
		_, err := ParseTarget(tc.text)
		var invalid *errs.Invalid
		if !errors.As(err, &invalid) || !strings.Contains(invalid.Msg, tc.msg) || invalid.Near != tc.near || invalid.Next == "" {
			t.Errorf("%q: error %v, want Invalid with %q near %q", tc.text, err, tc.msg, tc.near)
		}
	}
}

func TestNewRefusesABadAddress(t *testing.T) {
	if _, err := New(Target{HTTP: "nowhere"}); err == nil {
		t.Error("no error for a target without a port")
	}
}

func FuzzParseTarget(f *testing.F) {
	f.Add("h:1,mysql=2,grpc=3,cell=c,user=u")
	f.Add("[::1]:1,")
	f.Fuzz(func(t *testing.T, text string) {
		target, err := ParseTarget(text)
		if err != nil {
			return
		}
		if target.HTTP == "" || target.address(7) == "" {
			t.Errorf("%q gives %+v without a host", text, target)
		}
	})
}

func TestParseFlags(t *testing.T) {
	for _, tc := range []struct {
		name    string
		cmdline string
		want    flags
	}{
		{"none", "vtgate", flags{}},
		{"next argument", "vtgate --cell zone1 --grpc-port 15991 --mysql-server-port 15306", flags{mysql: 15306, grpc: 15991, cell: "zone1"}},
		{"equals and underscores", "vtgate --cell=zone1 -grpc_port=1 --mysql_server_port=2", flags{mysql: 2, grpc: 1, cell: "zone1"}},
		{"turned off", "vtgate --mysql-server-port -1 --grpc-port=0", flags{}},
		{"watches", "vtgate --keyspaces-to-watch a,b --keyspaces_to_watch=c", flags{watches: []string{"a", "b", "c"}}},
		{"tracker off", "vtgate --schema-change-signal=false", flags{untracked: true}},
		{"tracker off, old spelling", "vtgate -schema_change_signal=0", flags{untracked: true}},
		{"tracker on", "vtgate --schema-change-signal --schema-change-signal=true", flags{}},
		{"how it plans", "vtgate --no_scatter --enable-views=false --planner-version Gen4Greedy --foreign-key-mode=disallow --no-scatter-extra", flags{planning: map[string]string{
			"no-scatter": "true", "enable-views": "false", "planner-version": "Gen4Greedy", "foreign-key-mode": "disallow",
		}}},
		{"value missing", "vtgate --cell", flags{}},
		{"names alike", "vtgate --cells-to-watch=z1 --mysql-server-port-extra=1", flags{}},
	} {
		got := parseFlags(strings.Fields(tc.cmdline))
		if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(flags{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}

func FuzzParseVars(f *testing.F) {
	f.Add([]byte(`{"BuildVersion":"24.0.1","cmdline":["vtgate","--cell=zone1"],"VtgateVSchemaCounts":{"Reload":3}}`))
	f.Add([]byte(`{"cmdline":["--","-"]}`))
	f.Fuzz(func(t *testing.T, page []byte) {
		v, err := parseVars(page, time.Now())
		if v.flags.mysql < 0 || v.flags.mysql > 65535 || err != nil && v.version != "" {
			t.Errorf("got %+v, %v", v, err)
		}
	})
}
