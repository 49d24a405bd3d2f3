// Package load sends statements to vtgates at a steady rate and records every
// error with its time: it is the traffic under which tests change routing and
// tables.
//
// It must not import the cluster that it loads, nor Vitess: it is a client that
// knows addresses and SQL.
package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	defaultWorkers = 32
	defaultTimeout = 10 * time.Second
)

// Call is one statement to send.
type Call struct {
	SQL  string
	Args []any
	// Check, if not nil, is told the rows of the statement once it succeeded,
	// as text; an error is what they should have been. Calls are concurrent.
	Check func(rows [][]string) error
}

// Statement is a kind of statement.
type Statement struct {
	Name   string
	Weight int // how often it is chosen, beside the others; 1 if zero
	// Make gives the n-th statement of the load, of any kind, from 0. Calls are
	// concurrent.
	Make func(n int) Call
}

// Options say what to send where.
type Options struct {
	Addrs      []string      // MySQL addresses of vtgates, taken in turn
	Keyspace   string        // in use on each connection; none if empty
	Rate       int           // statements per second, in all
	Workers    int           // statements at a time, 32 if zero
	Timeout    time.Duration // of one statement, 10 s if zero
	Statements []Statement
}

func (o Options) withDefaults() (Options, error) {
	if len(o.Addrs) == 0 || o.Rate <= 0 || len(o.Statements) == 0 {
		return o, errors.New("load: it needs an address, a rate and a statement")
	}
	if o.Workers == 0 {
		o.Workers = defaultWorkers
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	return o, nil
}

// Load is a running load.
type Load struct {
	options Options
	target  target
	cancel  context.CancelFunc
	workers chan struct{}  // holds one for each statement that is under way
	done    sync.WaitGroup // the dispatcher and the workers
	stop    sync.Once
	stopErr error

	mu     sync.Mutex // guards all below
	report Report
}

// target is where statements go; tests have one of their own.
type target interface {
	// run sends the n-th statement and returns its rows, and who was asked.
	run(ctx context.Context, n int, c Call) (rows [][]string, addr string, err error)
	close() error
}

// Start begins to send, until Stop or the end of ctx.
func Start(ctx context.Context, options Options) (*Load, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	gates, err := openGates(options)
	if err != nil {
		return nil, err
	}
	return start(ctx, options, gates), nil
}

func start(ctx context.Context, options Options, to target) *Load {
	ctx, cancel := context.WithCancel(ctx)
	l := &Load{options: options, target: to, cancel: cancel, workers: make(chan struct{}, options.Workers)}
	l.report.Began = time.Now()
	l.report.OK = map[string]int{}
	l.done.Go(func() { l.dispatch(ctx) })
	return l
}

// dispatch sends each statement when its time has come. Times are counted from
// the start, so that the rate stays what it is however long statements take; a
// statement for which no worker is free is left out.
func (l *Load) dispatch(ctx context.Context) {
	choose := chooser(l.options.Statements)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for n := 0; ; n++ {
		due := l.report.Began.Add(time.Duration(n) * time.Second / time.Duration(l.options.Rate))
		timer.Reset(time.Until(due))
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		kind := choose()
		select {
		case l.workers <- struct{}{}:
			l.count(func(r *Report) { r.Sent++ })
			l.done.Go(func() {
				// What was sent is waited for: whether it was carried out
				// should be known.
				l.send(context.WithoutCancel(ctx), n, kind)
				<-l.workers
			})
		default:
			l.count(func(r *Report) { r.LeftOut++ })
		}
	}
}

// chooser picks statements by weight, in an order that is the same every time.
func chooser(statements []Statement) func() Statement {
	var byWeight []Statement
	for _, s := range statements {
		for range max(1, s.Weight) {
			byWeight = append(byWeight, s)
		}
	}
	order := rand.New(rand.NewPCG(1, 2))
	return func() Statement { return byWeight[order.IntN(len(byWeight))] }
}

func (l *Load) send(ctx context.Context, n int, kind Statement) {
	ctx, cancel := context.WithTimeout(ctx, l.options.Timeout)
	defer cancel()
	call := kind.Make(n)
	began := time.Now()
	rows, addr, err := l.target.run(ctx, n, call)
	took := time.Since(began)
	var wrong error
	if err == nil && call.Check != nil {
		wrong = call.Check(rows)
	}
	at := Event{At: began, Took: took, Addr: addr, Statement: kind.Name, SQL: call.SQL, Args: call.Args}
	l.count(func(r *Report) {
		r.Slowest = max(r.Slowest, took)
		switch {
		case err != nil:
			at.Err = err
			r.Errors = append(r.Errors, at)
		case wrong != nil:
			at.Err = wrong
			r.Wrong = append(r.Wrong, at)
		default:
			r.OK[kind.Name]++
		}
	})
}

func (l *Load) count(what func(*Report)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	what(&l.report)
}

// Report is what came of the load so far.
func (l *Load) Report() Report {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.report.clone(time.Now())
}

// Stop sends no more, waits for what is under way, and reports. Only the first
// call stops anything.
func (l *Load) Stop() (Report, error) {
	l.stop.Do(func() {
		l.cancel()
		l.done.Wait()
		if err := l.target.close(); err != nil {
			l.stopErr = fmt.Errorf("load: closing connections: %w", err)
		}
		l.count(func(r *Report) { r.ended = time.Now() })
	})
	return l.Report(), l.stopErr
}
