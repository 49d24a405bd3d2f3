package queries

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/vtsync/vtsync/internal/errs"
)

// document reads a JSON document part by part, and knows the line of each.
type document struct {
	dec   *json.Decoder
	input *positions
}

func newDocument(in *bufio.Reader, limit int) *document {
	input := &positions{in: in, limit: int64(limit), line: 1}
	return &document{dec: json.NewDecoder(input), input: input}
}

// delim reads one bracket.
func (d *document) delim(want json.Delim) error {
	token, err := d.dec.Token()
	if err != nil {
		return d.wrong(err)
	}
	if token != want {
		return d.invalid(d.dec.InputOffset(), fmt.Sprintf("%q is missing here", want.String()))
	}
	return nil
}

// key reads the name of an object's next member.
func (d *document) key() (string, error) {
	token, err := d.dec.Token()
	if err != nil {
		return "", d.wrong(err)
	}
	key, ok := token.(string)
	if !ok {
		return "", d.invalid(d.dec.InputOffset(), "the name of a field is missing here")
	}
	return key, nil
}

// more tells whether the array or object has another element.
func (d *document) more() bool {
	d.input.forget(d.dec.InputOffset())
	return d.dec.More()
}

// part reads the next value whole, and the offset that it begins at.
func (d *document) part() (json.RawMessage, int64, error) {
	var raw json.RawMessage
	if err := d.dec.Decode(&raw); err != nil {
		return nil, 0, d.wrong(err)
	}
	return raw, d.dec.InputOffset() - int64(len(raw)), nil
}

// end makes sure that nothing follows.
func (d *document) end() error {
	offset := d.dec.InputOffset()
	if _, err := d.dec.Token(); !errors.Is(err, io.EOF) {
		return d.invalid(offset, "there is something behind its end")
	}
	return nil
}

// wrong puts a place to what the decoder says, and drops its words: they quote.
func (d *document) wrong(err error) error {
	var syntax *json.SyntaxError
	switch {
	case d.input.err != nil:
		// Of compressed data that ends too early.
		return d.input.err
	case errors.As(err, &syntax), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return d.invalid(d.dec.InputOffset()+d.mistake(), "it is not valid JSON here")
	}
	return err
}

// mistake looks for the place of a syntax error in what comes next: the decoder's
// own count is wrong where a document is read by parts.
func (d *document) mistake() int64 {
	rest, _ := io.ReadAll(d.dec.Buffered())
	value := bytes.TrimLeft(rest, " \t\r\n,:")
	var raw json.RawMessage
	var syntax *json.SyntaxError
	if !errors.As(json.Unmarshal(value, &raw), &syntax) {
		return 0
	}
	at := syntax.Offset
	if at < int64(len(value)) {
		at-- // it counts the wrong character too
	}
	return int64(len(rest)-len(value)) + at
}

func (d *document) invalid(offset int64, msg string) error {
	line, column := d.input.at(offset)
	return &errs.Invalid{Pos: errs.Position{Line: line, Column: column}, Msg: msg}
}

func (d *document) line(offset int64) int {
	line, _ := d.input.at(offset)
	return line
}

// positions remembers where the lines begin that were read but not forgotten.
type positions struct {
	in    io.Reader
	limit int64
	err   error

	read      int64 // bytes given so far
	forgotten int64
	line      int   // the line at forgotten
	lineStart int64 // where it begins
	starts    []int64
}

var errTooLong = &errs.Invalid{Msg: fmt.Sprintf("one of its parts is longer than %d MiB", maxLine>>20)}

func (p *positions) Read(b []byte) (int, error) {
	if p.read-p.forgotten > p.limit {
		return 0, p.fail(&errs.Invalid{Pos: errs.Position{Line: p.line}, Msg: errTooLong.Msg})
	}
	n, err := p.in.Read(b)
	for i, c := range b[:n] {
		if c == '\n' {
			p.starts = append(p.starts, p.read+int64(i)+1)
		}
	}
	p.read += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		return n, p.fail(err)
	}
	return n, err
}

func (p *positions) fail(err error) error {
	p.err = err
	return err
}

// forget drops what lies before an offset.
func (p *positions) forget(offset int64) {
	gone, _ := slices.BinarySearch(p.starts, offset+1)
	if gone > 0 {
		p.line += gone
		p.lineStart = p.starts[gone-1]
		p.starts = append(p.starts[:0], p.starts[gone:]...)
	}
	p.forgotten = offset
}

// at gives the line and the column of an offset that is not forgotten.
func (p *positions) at(offset int64) (line, column int) {
	before, _ := slices.BinarySearch(p.starts, offset+1)
	start := p.lineStart
	if before > 0 {
		start = p.starts[before-1]
	}
	return p.line + before, int(offset-start) + 1
}
