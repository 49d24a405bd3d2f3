package cli

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// progressAfter is how long something may take before it is worth a line.
const progressAfter = time.Second

// progress is one line on a terminal, rewritten while something takes long,
// and nothing at all where no terminal is.
type progress struct {
	w     io.Writer // nil where there is no terminal
	width int       // of the terminal, in columns
	stop  chan struct{}
	done  chan struct{}

	mu   sync.Mutex
	text string // guarded by mu
}

// startProgress begins the line; the caller ends it with finish.
func (c *command) startProgress(text string) *progress {
	p := &progress{text: text, stop: make(chan struct{}), done: make(chan struct{})}
	if isTerminal(c.env.Stderr) {
		p.w, p.width = c.env.Stderr, terminalWidth(c.env.Stderr)
	}
	go p.run(time.Now())
	return p
}

// say changes what is in hand.
func (p *progress) say(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text = text
}

func (p *progress) current() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text
}

// finish removes the line and waits until nothing more is written.
func (p *progress) finish() {
	close(p.stop)
	<-p.done
}

func (p *progress) run(began time.Time) {
	defer close(p.done)
	if p.w == nil {
		<-p.stop
		return
	}
	ticker := time.NewTicker(progressAfter / 5)
	defer ticker.Stop()
	shown := false
	for {
		select {
		case <-p.stop:
			if shown {
				fmt.Fprint(p.w, "\r\x1b[K")
			}
			return
		case now := <-ticker.C:
			if took := now.Sub(began); took >= progressAfter {
				shown = true
				line := fmt.Sprintf("%s (%ds)", p.current(), int(took.Seconds()))
				fmt.Fprint(p.w, "\r\x1b[K"+clip(line, p.width-1))
			}
		}
	}
}

// clip keeps a line on one row: a wrapped one could not be rewritten.
func clip(line string, width int) string {
	runes := []rune(line)
	if width < 1 || len(runes) <= width {
		return line
	}
	return string(runes[:width-1]) + "…"
}
