package cluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
)

// Process is one component, in an operating system process of its own. Its
// methods may be called concurrently.
type Process struct {
	Name string
	Dir  string // its working folder
	Log  string // the file with what it printed, over all restarts

	path    string
	args    []string
	env     []string // ours if nil
	spawner *spawner
	ready   func(context.Context) error // returns when it serves
	wire    wire

	mu   sync.Mutex // guards all below
	cmd  *exec.Cmd
	dead chan struct{} // closed when cmd has been waited for
}

// wire is told what becomes of a process, so that the proxies in front of a
// dead or frozen etcd look dead or frozen to their clients.
type wire interface {
	Cut()
	Freeze()
	Restore()
}

// noWire is the wire of a process that no proxy stands in front of.
type noWire struct{}

func (noWire) Cut()     {}
func (noWire) Freeze()  {}
func (noWire) Restore() {}

// start runs the process without waiting for it to serve.
func (p *Process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	log, err := os.OpenFile(p.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	defer func() { _ = log.Close() }()     // the process has its own copy
	cmd := exec.Command(p.path, p.args...) //nolint:noctx // it lives until Kill or Stop
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = p.Dir, p.env, log, log
	if err := p.spawner.start(cmd); err != nil {
		return fmt.Errorf("lab: starting %s: %w", p.Name, err)
	}
	dead := make(chan struct{})
	p.cmd, p.dead = cmd, dead
	go func() {
		_ = cmd.Wait() // how it ended is in its log
		close(dead)
	}()
	return nil
}

// wait returns when the process serves, or early with an error when it dies.
func (p *Process) wait(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var err error // of ready; set before asked is closed
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		err = p.ready(ctx)
	}()
	select {
	case <-asked:
		if err != nil {
			return fmt.Errorf("lab: waiting for %s: %w\n%s", p.Name, err, p.Tail(20))
		}
		return nil
	case <-p.Dead():
		cancel()
		<-asked
		return fmt.Errorf("lab: %s died before it served\n%s", p.Name, p.Tail(20))
	}
}

// Kill ends the process with SIGKILL and returns when it is gone. A process
// that is gone already stays gone.
func (p *Process) Kill() {
	p.wire.Cut()
	p.end()
}

// end is Kill for a cluster that stops: its proxies go away with it.
func (p *Process) end() {
	p.signal(syscall.SIGKILL)
	<-p.Dead()
}

// Freeze stops the process with SIGSTOP: its connections stay, and nothing
// answers.
func (p *Process) Freeze() {
	p.wire.Freeze()
	p.signal(syscall.SIGSTOP)
}

// Thaw continues a frozen process.
func (p *Process) Thaw() {
	p.signal(syscall.SIGCONT)
	p.wire.Restore()
}

// Restart kills the process if need be, starts it again with the same command
// line, ports and data, and returns when it serves.
func (p *Process) Restart(ctx context.Context) error {
	p.Kill()
	if err := p.start(); err != nil {
		return err
	}
	if err := p.wait(ctx); err != nil {
		return err
	}
	p.wire.Restore()
	return nil
}

// Alive says whether the process exists, frozen or not.
func (p *Process) Alive() bool {
	select {
	case <-p.Dead():
		return false
	default:
		return true
	}
}

// Dead is closed when the process is gone. Restart makes a new one.
func (p *Process) Dead() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead
}

// PID is that of the running process, or of the last one that ran.
func (p *Process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cmd.Process.Pid
}

func (p *Process) signal(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.cmd.Process.Signal(s) // only fails when it is gone
}

// Tail is the end of the log, for a message to a person.
func (p *Process) Tail(lines int) string {
	content, err := os.ReadFile(p.Log)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimSpace(string(content)), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// spawner starts all processes of a cluster from one thread, which lives as
// long as the cluster: Linux kills a child with a parent-death signal when the
// thread that made it ends, not the process.
type spawner struct {
	requests chan spawnRequest
	done     chan struct{}
}

type spawnRequest struct {
	cmd    *exec.Cmd
	result chan error
}

func newSpawner() *spawner {
	s := &spawner{requests: make(chan spawnRequest), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for r := range s.requests {
			r.result <- r.cmd.Start()
		}
	}()
	return s
}

// start runs cmd so that it dies with this process, however that ends.
func (s *spawner) start(cmd *exec.Cmd) error {
	dieWithParent(cmd)
	r := spawnRequest{cmd: cmd, result: make(chan error, 1)}
	s.requests <- r
	return <-r.result
}

// stop ends the thread. Every process must be dead.
func (s *spawner) stop() {
	close(s.requests)
	<-s.done
}
