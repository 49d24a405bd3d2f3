package cli

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// progressAfter is how long something may take before it is worth a line.
const progressAfter = time.Second

// progress is one line on a terminal, with some more below it at times,
// rewritten while something takes long, and nothing at all where no terminal is.
type progress struct {
	w     io.Writer // nil where there is no terminal
	width int       // of the terminal, in columns
	stop  chan struct{}
	done  chan struct{}

	mu   sync.Mutex
	text string   // guarded by mu
	more []string // guarded by mu: the lines below
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

// below changes the lines below.
func (p *progress) below(lines []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.more = lines
}

// drawn gives what writes all of it and leaves the cursor on its first line.
func (p *progress) drawn(took time.Duration) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := clip(fmt.Sprintf("%s (%ds)", p.text, int(took.Seconds())), p.width-1)
	for _, l := range p.more {
		text += "\n" + clip(l, p.width-1)
	}
	if n := len(p.more); n > 0 {
		text += fmt.Sprintf("\x1b[%dA", n)
	}
	return wipe + text
}

// wipe removes everything from the beginning of the cursor's line on.
const wipe = "\r\x1b[J"

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
				fmt.Fprint(p.w, wipe)
			}
			return
		case now := <-ticker.C:
			if took := now.Sub(began); took >= progressAfter {
				shown = true
				fmt.Fprint(p.w, p.drawn(took))
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
