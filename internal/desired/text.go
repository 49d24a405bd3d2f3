package desired

import (
	"bytes"
	"unicode/utf8"
)

// cleanText skips a byte order mark, which Windows editors write, and refuses
// what is not UTF-8 or holds no content at all.
func cleanText(data []byte, p *problems) ([]byte, bool) {
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	if !utf8.Valid(data) {
		bad := 0
		for utf8.FullRune(data[bad:]) {
			r, size := utf8.DecodeRune(data[bad:])
			if r == utf8.RuneError && size == 1 {
				break
			}
			bad += size
		}
		e := p.add(codeSyntax, pointAt(data, bad), "byte 0x%02x is not valid UTF-8", data[bad])
		e.Next = "save the file as UTF-8"
		return nil, false
	}
	if len(bytes.TrimSpace(data)) == 0 {
		refuseEmpty(p)
		return nil, false
	}
	return data, true
}

// refuseEmpty is the answer to a file with nothing in it: more likely an
// accident than a wish for a keyspace without tables.
func refuseEmpty(p *problems) {
	e := p.add(codeSyntax, point{1, 1}, "the file is empty")
	e.Next = "write {} for an empty VSchema, or remove the file to stop managing the keyspace"
}

// pointAt gives the place of a byte offset.
func pointAt(data []byte, offset int) point {
	before := data[:offset]
	start := bytes.LastIndexByte(before, '\n') + 1
	return point{
		line:   bytes.Count(before, []byte("\n")) + 1,
		column: utf8.RuneCount(before[start:]) + 1,
	}
}
