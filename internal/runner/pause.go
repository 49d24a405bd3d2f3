package runner

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/vtsync/vtsync/internal/rollout"
)

const (
	// firstPause is the longest pause before the second look: what is waited
	// for is mostly there by then.
	firstPause = 2 * time.Millisecond
	// firstWaitPause is that while a phase waits for MySQL, a workflow or a
	// window: nothing of those ends in milliseconds.
	firstWaitPause = 200 * time.Millisecond
)

// pauses are the pauses between two looks: they double from first to longest,
// with full jitter, so that rollouts which an election has stopped do not all
// come back at once.
func pauses(first, longest time.Duration) *backoff.ExponentialBackOff {
	// The library gives up to twice the interval.
	return &backoff.ExponentialBackOff{
		InitialInterval: first / 2, MaxInterval: longest / 2, Multiplier: 2, RandomizationFactor: 1,
	}
}

// wait is a pause with a deadline behind it.
func (x *run) wait(stop context.Context) rollout.Event {
	x.Progress(x.rec)
	x.rest(stop)
	limit := x.Limits.Write
	if x.rec.State == rollout.Waiting {
		limit = x.Limits.Wait
	}
	return rollout.Tick{At: x.at(), Expired: x.expired(limit)}
}

// longestWait is the longest pause once a phase has waited so long for MySQL, a
// workflow or a window: each look is a query to every primary, and what has not
// come in minutes is not late by half a minute.
func longestWait(first, waited time.Duration) time.Duration {
	switch {
	case waited < time.Minute:
		return first
	case waited < 10*time.Minute:
		return 5 * first
	default:
		return 15 * first
	}
}

// rest pauses a little longer each time, from when the state or the writes in
// hand began; a stop ends it at once.
func (x *run) rest(stop context.Context) {
	first, longest := firstPause, x.Limits.Poll
	if x.rec.State == rollout.Waiting && x.rec.Code != rollout.CodeLocked {
		first, longest = firstWaitPause, longestWait(x.Limits.WaitPoll, x.Now().Sub(x.rec.Began))
	}
	if x.pauses == nil || !x.rec.Began.Equal(x.paused) || x.pauses.InitialInterval != first/2 {
		x.paused, x.pauses = x.rec.Began, pauses(first, longest)
	}
	x.pauses.MaxInterval = longest / 2
	t := time.NewTimer(x.pauses.NextBackOff())
	defer t.Stop()
	select {
	case <-t.C:
	case <-stop.Done():
	}
}

func (x *run) expired(limit time.Duration) bool {
	return x.Now().Sub(x.rec.Began) > limit
}

// again reads, or releases a lock, once more while there is no answer, for as
// long as a write may take: neither decides anything by itself, so it is free to
// be repeated. A save is not: the store repeats that itself.
func again[T any](ctx context.Context, l Limits, read func() (T, error)) (T, error) {
	var last error
	v, err := backoff.Retry(ctx, func() (T, error) {
		v, err := read()
		if last = err; err != nil && !isUnknown(err) {
			err = backoff.Permanent(err)
		}
		return v, err
	}, backoff.WithBackOff(pauses(firstPause, l.Poll)), backoff.WithMaxElapsedTime(l.Write),
		backoff.WithNotify(func(err error, _ time.Duration) {
			trace.SpanFromContext(ctx).AddEvent("again", trace.WithAttributes(attribute.String("rollout.silence", err.Error())))
		}))
	if err != nil {
		err = last // where the time was up, the silence before it says more
	}
	return v, err
}

// traceRetry notes in the trace that something did not answer and is asked again.
func traceRetry(ctx context.Context, before, after rollout.Record) {
	if after.Attempted() <= before.Attempted() {
		return
	}
	last := after.Attempts[len(after.Attempts)-1]
	trace.SpanFromContext(ctx).AddEvent("retry", trace.WithAttributes(
		attribute.Int("rollout.attempt", after.Attempted()),
		attribute.String("rollout.retried", last.What),
		attribute.String("rollout.silence", last.Text)))
}

// attempt is how often the action in hand was tried before, and once more: a
// write by its own count, all else by the attempts of the rollout.
func (x *run) attempt(a rollout.Action) int {
	if w, ok := a.(rollout.SaveGlobal); ok {
		return x.rec.Globals[w.Index].Attempts
	}
	return x.rec.Attempted() + 1
}
