package vschema

import (
	"bytes"
	"encoding/json"
	"fmt"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

var jsonNull = json.RawMessage("null")

// EncodeJSON gives ks as compact protojson with the proto's field names,
// faithful to what is set and deterministic; nil gives null. It survives being
// embedded in other JSON unchanged. It panics on text that is not UTF-8, which
// no decoder lets in.
func EncodeJSON(ks *Keyspace) json.RawMessage {
	if ks == nil {
		return jsonNull
	}
	return encodeMessage(ks)
}

// DecodeJSON reads what EncodeJSON wrote. It is strict: a field that is not
// known is an error, not dropped.
func DecodeJSON(b json.RawMessage) (*Keyspace, error) {
	if isNull(b) {
		return nil, nil // an absent record
	}
	ks := &Keyspace{}
	if err := protojson.Unmarshal(b, ks); err != nil {
		return nil, fmt.Errorf("decode vschema from JSON: %w", err)
	}
	return ks, nil
}

func encodeMessage(m proto.Message) json.RawMessage {
	raw, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err != nil {
		panic(fmt.Sprintf("vschema: encode %s as JSON: %v", m.ProtoReflect().Descriptor().FullName(), err))
	}
	// protojson puts random spaces between tokens on purpose, and json.Marshal
	// escapes <, > and & in raw messages that it embeds.
	var compact, out bytes.Buffer
	if err := json.Compact(&compact, raw); err != nil {
		panic(fmt.Sprintf("vschema: protojson gave invalid JSON: %v", err))
	}
	json.HTMLEscape(&out, compact.Bytes())
	return out.Bytes()
}

func isNull(b json.RawMessage) bool { return bytes.Equal(bytes.TrimSpace(b), jsonNull) }
