package proxy

import (
	"fmt"

	"google.golang.org/grpc/mem"
)

// message is one gRPC message, undecoded.
type message []byte

// rawCodec moves messages without knowing their types. It takes the name of
// the codec that client and server use, so that the wire looks untouched.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	m, ok := v.(*message)
	if !ok {
		return nil, fmt.Errorf("proxy: can't send a %T", v)
	}
	return mem.BufferSlice{mem.SliceBuffer(*m)}, nil
}

func (rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	m, ok := v.(*message)
	if !ok {
		return fmt.Errorf("proxy: can't receive a %T", v)
	}
	*m = data.Materialize()
	return nil
}
