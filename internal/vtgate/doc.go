// Package vtgate is the adapter to vtgates: it asks one what it serves now.
// What that means is converge's to judge. It reads /debug/vars and
// /debug/vschema over HTTP, SHOW VSCHEMA over MySQL or vtgate's gRPC, and
// grpc.health.v1. It must not import topo, rollout or another adapter, and
// never sends a statement that touches rows.
package vtgate
