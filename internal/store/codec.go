package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/rollout"
)

// maxStoredBytes bounds what is decoded at all: no topo server that Vitess
// runs on takes larger values by default.
const maxStoredBytes = 2 << 20

// decode reads a record strictly. What our encoder would not have written,
// but for white space, is damage: an unknown or doubled field, another case,
// bytes that are no text, anything behind the end.
func decode(key string, raw []byte, into any) error {
	if len(raw) > maxStoredBytes {
		return damaged(key, fmt.Errorf("it has %d bytes, more than any record of vtsync's", len(raw)))
	}
	if err := checkFormat(key, raw); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return damaged(key, err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, raw); err != nil {
		return damaged(key, err)
	}
	again, err := json.Marshal(into)
	if err != nil {
		return damaged(key, err)
	}
	if !bytes.Equal(compact.Bytes(), again) {
		return damaged(key, fmt.Errorf("it differs from what vtsync writes, near byte %d", firstDifference(compact.Bytes(), again)))
	}
	return nil
}

// checkFormat tells a record of a newer vtsync from a damaged one.
func checkFormat(key string, raw []byte) error {
	var version struct {
		Format int `json:"format"`
	}
	err := json.Unmarshal(raw, &version)
	if err == nil && version.Format > rollout.Format {
		return &errs.Invalid{
			Msg:  fmt.Sprintf("record %s has format %d, this vtsync knows %d", key, version.Format, rollout.Format),
			Next: "use the newer vtsync that wrote it",
		}
	}
	if err == nil && version.Format != rollout.Format {
		err = fmt.Errorf("its format is %d, not %d", version.Format, rollout.Format)
	}
	if err != nil {
		return damaged(key, err)
	}
	return nil
}

func firstDifference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// decodeHead reads a keyspace's head.
func decodeHead(key, keyspace string, raw []byte) (rollout.Head, error) {
	var h rollout.Head
	if err := decode(key, raw, &h); err != nil {
		return rollout.Head{}, err
	}
	switch {
	case h.Keyspace != keyspace:
		return rollout.Head{}, damaged(key, fmt.Errorf("it is the head of keyspace %q", h.Keyspace))
	case h.Committed != "" && !validHash.MatchString(h.Committed):
		return rollout.Head{}, damaged(key, notAHash("what was committed last", h.Committed))
	}
	return h, nil
}

// decodeRecord reads a rollout's record.
func decodeRecord(key, id string, raw []byte) (rollout.Record, error) {
	var r rollout.Record
	if err := decode(key, raw, &r); err != nil {
		return rollout.Record{}, err
	}
	switch {
	case r.ID != id:
		return rollout.Record{}, damaged(key, fmt.Errorf("it is the record of rollout %q", r.ID))
	case r.State == "":
		return rollout.Record{}, damaged(key, errors.New("it has no state"))
	case r.Plan != "" && !validHash.MatchString(r.Plan):
		return rollout.Record{}, damaged(key, notAHash("its plan", r.Plan))
	}
	return r, nil
}

// notAHash says that the name of a kept value was damaged.
func notAHash(what, text string) error {
	return fmt.Errorf("it names %s by %.80q, which is not a hash", what, text)
}

// encodeRecord gives a record's bytes. The oldest lines of its log go first
// when it would be too large.
func encodeRecord(r *rollout.Record) ([]byte, error) {
	for {
		raw, err := json.Marshal(r)
		if err != nil {
			return nil, fmt.Errorf("encode rollout %s: %w", r.ID, err)
		}
		if len(raw) <= rollout.MaxRecordBytes {
			return raw, nil
		}
		if len(r.Log) == 0 {
			return nil, fmt.Errorf("the record of rollout %s has %d bytes, the limit is %d: it names too many keyspaces or cells", r.ID, len(raw), rollout.MaxRecordBytes)
		}
		r.Log = r.Log[(len(r.Log)+7)/8:] // an eighth at a time, at least one
	}
}
