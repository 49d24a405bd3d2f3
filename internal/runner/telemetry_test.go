package runner_test

import (
	"testing"

	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/vtsync/vtsync/internal/rollout"
)

// TestSpans: a rollout has a span, each phase one below it, and each step one
// below its phase.
func TestSpans(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	before := otel.GetTracerProvider()
	otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)))
	t.Cleanup(func() { otel.SetTracerProvider(before) })

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
