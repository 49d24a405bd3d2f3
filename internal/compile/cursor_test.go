package compile

import (
	"context"
	"log/slog"
	"os"
	"reflect"
	"testing"

	vtlog "vitess.io/vitess/go/vt/log"
	"vitess.io/vitess/go/vt/vtgate/planbuilder/plancontext"

	"github.com/vtsync/vtsync/internal/impact"
)

func TestMain(m *testing.M) {
	vtlog.SwapLogger(slog.New(slog.DiscardHandler)) // as app does
	os.Exit(m.Run())
}

// TestCursor: nothing that the planner may ask the session for reaches for the
// executor that is not there, in this version of Vitess or the next.
func TestCursor(t *testing.T) {
	p := planner(t, Input{Routing: shop()})
	methods := reflect.TypeFor[plancontext.VSchema]()
	for i := range methods.NumMethod() {
		name := methods.Method(i).Name
		t.Run(name, func(t *testing.T) {
			c, err := p.cursor(impact.Query{Keyspace: "customer"})
			if err != nil {
				t.Fatal(err)
			}
			method := reflect.ValueOf(c).MethodByName(name)
			var args []reflect.Value
			for in := range method.Type().NumIn() {
				switch typ := method.Type().In(in); {
				case method.Type().IsVariadic() && in == method.Type().NumIn()-1:
				case typ == reflect.TypeFor[context.Context]():
					args = append(args, reflect.ValueOf(t.Context()))
				case typ.Kind() == reflect.Pointer:
					args = append(args, reflect.New(typ.Elem()))
				default:
					args = append(args, reflect.Zero(typ))
				}
			}
			method.Call(args) // panics where it does
		})
	}
}
