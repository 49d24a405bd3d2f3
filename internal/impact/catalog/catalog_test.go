package catalog

import (
	"encoding/json"
	"reflect"
	"testing"

	"google.golang.org/protobuf/proto"
)

func TestLoad(t *testing.T) {
	entries, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) < 40 {
		t.Errorf("%d changes, want at least 40", len(entries))
	}
	for _, e := range entries {
		switch {
		case e.About == "":
			t.Errorf("%s: nothing says what the change is", e.Name)
		case len(e.Expect) == 0:
			t.Errorf("%s: no query", e.Name)
		case proto.Equal(e.Before.Routing, e.After.Routing) && reflect.DeepEqual(e.Before.Shards, e.After.Shards):
			t.Errorf("%s: both sides are the same", e.Name)
		}
	}
}

func TestMerge(t *testing.T) {
	for _, c := range []struct{ value, patch, want string }{
		{`{"a": 1, "b": 2}`, `{"a": 3}`, `{"a": 3, "b": 2}`},
		{`{"a": {"x": 1, "y": 2}}`, `{"a": {"x": null}}`, `{"a": {"y": 2}}`},
		{`{"a": [1, 2]}`, `{"a": [3]}`, `{"a": [3]}`},
		{`{"a": 1}`, `{"a": {"b": {"c": null, "d": 1}}}`, `{"a": {"b": {"d": 1}}}`},
		{`null`, `{"a": null}`, `{}`},
	} {
		if got := merge(decode(t, c.value), decode(t, c.patch)); !reflect.DeepEqual(got, decode(t, c.want)) {
			t.Errorf("%s with %s is %v, want %s", c.value, c.patch, got, c.want)
		}
	}
}

func decode(t *testing.T, text string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestExpectationsRefuse(t *testing.T) {
	for _, line := range []string{
		"dearer scatter | select 1",
		"dearer scatter scatter select 1",
		"worse scatter scatter | select 1",
		"dearer scatter everything | select 1",
	} {
		if _, err := expectations(line); err == nil {
			t.Errorf("%q was taken", line)
		}
	}
}
