package vschema

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// AbsentFingerprint is the fingerprint of an absent record.
const AbsentFingerprint = "absent"

// Fingerprint gives a hash, in hex, that two keyspaces share exactly when they
// are Equal. It depends on nothing but the content: not on map order, and not
// on the version of the protobuf library, so it may be stored.
func Fingerprint(ks *Keyspace) string {
	if ks == nil {
		return AbsentFingerprint
	}
	return hashMessage("vtsync/keyspace/1", Canonical(ks).ProtoReflect())
}

// hashMessage hashes a message under a domain, so that equal bytes of
// different kinds differ.
func hashMessage(domain string, m protoreflect.Message) string {
	e := encoder{sha256.New()}
	e.text(domain)
	e.message(m)
	return hex.EncodeToString(e.h.Sum(nil))
}

// encoder writes an unambiguous encoding into a hash, whose Write never fails:
// every text and every collection carries its length, fields come by number,
// map entries by key.
type encoder struct{ h hash.Hash }

func (e encoder) number(n int) {
	e.h.Write(binary.AppendVarint(nil, int64(n)))
}

func (e encoder) text(s string) {
	e.number(len(s))
	e.h.Write([]byte(s))
}

func (e encoder) message(m protoreflect.Message) {
	var fields []protoreflect.FieldDescriptor
	m.Range(func(fd protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		fields = append(fields, fd)
		return true
	})
	slices.SortFunc(fields, func(a, b protoreflect.FieldDescriptor) int { return int(a.Number() - b.Number()) })
	e.number(len(fields))
	for _, fd := range fields {
		e.number(int(fd.Number()))
		e.field(fd, m.Get(fd))
	}
	e.text(string(m.GetUnknown()))
}

func (e encoder) field(fd protoreflect.FieldDescriptor, v protoreflect.Value) {
	switch {
	case fd.IsMap():
		var keys []protoreflect.MapKey
		v.Map().Range(func(k protoreflect.MapKey, _ protoreflect.Value) bool {
			keys = append(keys, k)
			return true
		})
		slices.SortFunc(keys, func(a, b protoreflect.MapKey) int { return strings.Compare(a.String(), b.String()) })
		e.number(len(keys))
		for _, k := range keys {
			e.text(k.String())
			e.single(fd.MapValue(), v.Map().Get(k))
		}
	case fd.IsList():
		e.number(v.List().Len())
		for i := range v.List().Len() {
			e.single(fd, v.List().Get(i))
		}
	default:
		e.single(fd, v)
	}
}

func (e encoder) single(fd protoreflect.FieldDescriptor, v protoreflect.Value) {
	if fd.Message() != nil {
		e.message(v.Message())
		return
	}
	e.text(fmt.Sprint(v.Interface()))
}
