package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/vschema"
)

// MaxBytes bounds a plan file.
const MaxBytes = 16 << 20

const nextPlan = "make it again: vtsync plan --out FILE"

// seal gives the plan its digest and ID.
func seal(p *Plan) error {
	digest, err := digestOf(p)
	if err != nil {
		return err
	}
	p.Digest, p.ID = digest, digest[:12]
	return nil
}

func digestOf(p *Plan) (string, error) {
	bare := *p
	bare.ID, bare.Digest = "", ""
	raw, err := json.Marshal(&bare)
	if err != nil {
		return "", fmt.Errorf("encode plan: %w", err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), nil
}

// Encode gives the plan's file: the same plan gives the same bytes. A plan that
// was changed after it was built has lost its meaning and is refused.
func Encode(p *Plan) ([]byte, error) {
	digest, err := digestOf(p)
	if err != nil {
		return nil, err
	}
	if digest != p.Digest || p.ID != digest[:12] {
		return nil, fmt.Errorf("encode plan %s: it was changed after it was built", p.ID)
	}
	raw, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode plan %s: %w", p.ID, err)
	}
	if len(raw) >= MaxBytes {
		return nil, &errs.Invalid{Msg: fmt.Sprintf("plan %s has %d bytes, and the limit is %d", p.ID, len(raw), MaxBytes), Next: "plan fewer keyspaces at once: --keyspace NAME"}
	}
	return append(raw, '\n'), nil
}

// Decode reads a plan's file. It is strict: a field that is not known, another
// format, a digest that does not match or anything behind the plan is Invalid.
func Decode(raw []byte) (*Plan, error) {
	if len(raw) > MaxBytes {
		return nil, invalid(fmt.Sprintf("the plan has %d bytes, and the limit is %d", len(raw), MaxBytes), nil)
	}
	var format struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(raw, &format); err != nil {
		e := invalid("the plan is damaged", err)
		e.Pos = position(raw, err)
		return nil, e
	}
	if format.Format != Format {
		return nil, invalid(fmt.Sprintf("the plan has format %d, and this vtsync reads format %d", format.Format, Format), nil)
	}
	// Compact first: a plan's values are raw JSON, and must not keep the
	// file's indentation.
	var compact bytes.Buffer
	if err := json.Compact(&compact, raw); err != nil {
		return nil, invalid("the plan is damaged", err)
	}
	p := &Plan{}
	dec := json.NewDecoder(bytes.NewReader(compact.Bytes()))
	dec.DisallowUnknownFields()
	if err := dec.Decode(p); err != nil {
		return nil, invalid("the plan is damaged", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, invalid("the plan is damaged: there is something behind it", nil)
	}
	// What a reader would see and Go would not, such as a field that stands
	// twice, is no part of the digest.
	if again, err := json.Marshal(p); err != nil || !bytes.Equal(again, compact.Bytes()) {
		return nil, invalid("the plan is damaged or was edited: it is not written as vtsync writes it", err)
	}
	digest, err := digestOf(p)
	if err != nil {
		return nil, invalid("the plan is damaged", err)
	}
	if p.Digest != digest || p.ID != digest[:12] {
		return nil, invalid("the plan is damaged or was edited: its digest does not match its content", nil)
	}
	if err := validate(p); err != nil {
		return nil, invalid("the plan cannot be used", err)
	}
	return p, nil
}

// validate checks what the digest cannot: that a plan somebody made up holds
// together.
func validate(p *Plan) error {
	if p.Impact != nil && p.Impact.Format != impact.Format {
		return fmt.Errorf("what it does to queries has format %d, and this vtsync reads format %d", p.Impact.Format, impact.Format)
	}
	for i, ph := range p.Phases {
		for _, w := range ph.Writes {
			base, ok := p.Base.Keyspaces[w.Keyspace]
			if !ok || base.Token.IsZero() {
				return fmt.Errorf("phase %d: keyspace %s has no base", i+1, w.Keyspace)
			}
			if _, err := vschema.DecodeJSON(w.Before); err != nil {
				return fmt.Errorf("phase %d: keyspace %s: %w", i+1, w.Keyspace, err)
			}
			after, err := vschema.DecodeJSON(w.After)
			if err != nil {
				return fmt.Errorf("phase %d: keyspace %s: %w", i+1, w.Keyspace, err)
			}
			if after == nil {
				return fmt.Errorf("phase %d: keyspace %s has nothing to write", i+1, w.Keyspace)
			}
			for _, c := range w.Changes {
				if c.Entry.Keyspace != w.Keyspace {
					return fmt.Errorf("phase %d: a change of keyspace %s stands under %s", i+1, c.Entry.Keyspace, w.Keyspace)
				}
			}
		}
	}
	return nil
}

func invalid(msg string, err error) *errs.Invalid {
	return &errs.Invalid{Msg: msg, Err: err, Next: nextPlan}
}

// position says where in the file a JSON error is, as far as it is known. The
// file's name is for the caller to add.
func position(raw []byte, err error) errs.Position {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return errs.Position{}
	}
	at := max(0, min(int(syntax.Offset), len(raw))-1) // of the last byte that was read
	return errs.Position{
		Line:   bytes.Count(raw[:at], []byte("\n")) + 1,
		Column: at - bytes.LastIndexByte(raw[:at], '\n'),
	}
}
