package queries

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/vtsync/vtsync/internal/errs"
)

// head is how much of a source is looked at to tell its form.
const head = 64 << 10

// Read takes in one source of any form, compressed by gzip or not, under the name
// that errors and notes give it. What a source has that is of no use is left out
// and noted; a source of no known form is Invalid, and so is one that has nothing else.
func (c *Corpus) Read(name string, r io.Reader) error {
	s := newSource(c, name)
	in := bufio.NewReaderSize(r, 4*head)
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			return &errs.Invalid{Pos: errs.Position{File: name}, Msg: "its gzip data is damaged", Err: err}
		}
		in = bufio.NewReaderSize(unpacked, 4*head)
	}
	if bom, _ := in.Peek(3); bytes.Equal(bom, []byte("\xef\xbb\xbf")) {
		_, _ = in.Discard(3)
	}
	start, err := in.Peek(head)
	if err != nil && !errors.Is(err, io.EOF) && !cut(err) {
		return fmt.Errorf("read %s: %w", name, err)
	}
	read := detect(start)
	if read == nil {
		return &errs.Invalid{
			Pos: errs.Position{File: name}, Msg: "it has no queries in a form that vtsync knows",
			Next: "give plain SQL, vtgate's query log (text or JSON), /debug/query_plans, the output of vt keys, MySQL's slow or general log, or what vtsync queries collect wrote",
		}
	}
	c.sources = append(c.sources, s)
	err = read(s, in)
	switch {
	case err == nil:
		return s.useless()
	case cut(err):
		s.note("its compressed data ends too early: what came before was read")
		return s.useless()
	default:
		return s.failed(err)
	}
}

// cut tells a compressed file that is not complete.
func cut(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }

func (s *source) failed(err error) error {
	var invalid *errs.Invalid
	if errors.As(err, &invalid) {
		invalid.Pos.File = s.name
		return err
	}
	return fmt.Errorf("read %s: %w", s.name, err)
}

// tabletTypes are Vitess's, in the three kinds that plans differ by.
var tabletTypes = map[string]string{
	"": "", "unknown": "", "primary": "primary", "master": "primary", "replica": "replica", "rdonly": "rdonly", "batch": "rdonly",
}

func tabletTypeOf(text string) (string, error) {
	t, ok := tabletTypes[strings.ToLower(text)]
	if !ok {
		return "", &errs.Invalid{Msg: "a tablet type must be primary, replica or rdonly"}
	}
	return t, nil
}

// lines gives a source's lines, of which it holds one at a time.
type lines struct {
	in     *bufio.Reader
	limit  int
	number int
	whole  bool // the last line given ended
	long   int64
	buf    []byte
}

// next gives a line without its end; it is valid until the next call. It skips
// lines above the limit. The error is io.EOF behind the last one.
func (l *lines) next() ([]byte, error) {
	for {
		line, err := l.read()
		if err != nil || line != nil {
			return line, err
		}
		l.long++
	}
}

// read gives nil for a line above the limit.
func (l *lines) read() ([]byte, error) {
	l.buf = l.buf[:0]
	if cap(l.buf) > 1<<20 {
		l.buf = nil
	}
	tooLong := false
	for {
		part, err := l.in.ReadSlice('\n')
		l.whole = err == nil
		line := part
		if len(l.buf) > 0 || errors.Is(err, bufio.ErrBufferFull) {
			tooLong = tooLong || len(l.buf)+len(part) > l.limit
			if !tooLong {
				l.buf = append(l.buf, part...)
				line = l.buf
			}
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && !errors.Is(err, io.EOF):
			return nil, err
		case err != nil && len(line) == 0 && !tooLong:
			return nil, err
		}
		l.number++
		if tooLong {
			return nil, nil
		}
		line = bytes.TrimSuffix(line, []byte("\n"))
		if line = bytes.TrimSuffix(line, []byte("\r")); line == nil {
			line = []byte{}
		}
		return line, nil
	}
}

// eachLine calls f for every line.
func (s *source) eachLine(in *bufio.Reader, f func(line []byte, l *lines)) error {
	l := &lines{in: in, limit: s.corpus.limits.line}
	defer func() { s.long += l.long }()
	for {
		line, err := l.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		f(line, l)
	}
}
