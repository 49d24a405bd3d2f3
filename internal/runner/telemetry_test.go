package runner_test

import (
	"sync"
	"testing"

	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/vtsync/vtsync/internal/rollout"
)

// recorded is where all spans of the tests go: the runner's tracer heeds the
// first provider only.
var recorded = sync.OnceValue(func() *tracetest.SpanRecorder {
	spans := tracetest.NewSpanRecorder()
	otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)))
	return spans
})

// TestSpans: a rollout has a span, each phase one below it, and each step one
// below its phase.
func TestSpans(t *testing.T) {
	spans := recorded()
	spans.Reset()
	bubble(t, "a commit", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		w.state(t, start(t, w, w.process("one"), w.plan()), rollout.Committed, "")
	})
	var root, phase trace.SpanID
	var steps []string
	for _, s := range spans.Started() {
		if s.EndTime().IsZero() {
			t.Errorf("span %s has not ended", s.Name())
		}
		switch s.Name() {
		case "rollout":
			root = s.SpanContext().SpanID()
		case "rollout.phase":
			if phase = s.SpanContext().SpanID(); s.Parent().SpanID() != root {
				t.Error("the phase is not below the rollout")
			}
		case "rollout.step":
			if s.Parent().SpanID() != phase {
				t.Error("a step is not below the phase")
			}
			for _, a := range s.Attributes() {
				if a.Key == "rollout.action" {
					steps = append(steps, a.Value.AsString())
				}
			}
		}
	}
	want := []string{
		"admit phase 0", "lock customer", "save global 0", "unlock", "read cells", "write cells zone1,zone2", "judge",
	}
	if len(steps) != len(want) {
		t.Fatalf("steps %q, want %q", steps, want)
	}
	for i := range want {
		if steps[i] != want[i] {
			t.Errorf("step %d is %q, want %q", i, steps[i], want[i])
		}
	}
}

// TestRetrySpans: each try of what did not answer is in the trace: as an event
// of the phase, and as a number on the step that asks again.
func TestRetrySpans(t *testing.T) {
	spans := recorded()
	spans.Reset()
	retries := 0
	bubble(t, "an election at the first look", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		one := w.process("one")
		var once sync.Once
		one.OnSnapshot(func() { once.Do(func() { one.ElectAt(one.Calls() + 1) }) })
		rec := start(t, w, one, w.plan())
		w.state(t, rec, rollout.Committed, "")
		retries = rec.Attempted()
	})
	events, highest := 0, int64(0)
	for _, s := range spans.Ended() {
		for _, e := range s.Events() {
			if e.Name == "retry" {
				events++
			}
		}
		for _, a := range s.Attributes() {
			if a.Key == "rollout.attempt" {
				highest = max(highest, a.Value.AsInt64())
			}
		}
	}
	if retries == 0 || events != retries || highest != int64(retries)+1 {
		t.Errorf("%d retries, %d events, and attempts up to %d", retries, events, highest)
	}
}
