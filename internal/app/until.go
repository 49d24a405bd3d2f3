package app

import (
	"context"
	"io"
)

// until reads from r until the context ends. A read that waits then, for what
// somebody types or a pipe gives, is left to itself: it cannot be taken back.
func until(ctx context.Context, r io.Reader) io.Reader {
	u := &untilDone{ctx: ctx, parts: make(chan part)}
	go u.feed(r)
	return u
}

// part is what one read gave.
type part struct {
	data []byte
	err  error
}

type untilDone struct {
	ctx   context.Context
	parts chan part
	part
}

// partSize is how much is read at a time.
const partSize = 64 << 10

func (u *untilDone) feed(r io.Reader) {
	for {
		p := part{data: make([]byte, partSize)}
		var n int
		n, p.err = r.Read(p.data)
		p.data = p.data[:n]
		select {
		case u.parts <- p:
		case <-u.ctx.Done():
			return
		}
		if p.err != nil {
			return
		}
	}
}

func (u *untilDone) Read(into []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	if len(u.data) == 0 && u.err == nil {
		select {
		case u.part = <-u.parts:
		case <-u.ctx.Done():
			return 0, u.ctx.Err()
		}
	}
	n := copy(into, u.data)
	if u.data = u.data[n:]; len(u.data) > 0 {
		return n, nil
	}
	return n, u.err
}
