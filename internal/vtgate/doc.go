// Package vtgate is the adapter to vtgates: it asks one what it serves now.
// What that means is converge's to judge. It reads /debug/vars, /debug/vschema
// and /debug/query_plans over HTTP, SHOW VSCHEMA and VEXPLAIN PLAN over MySQL or
// vtgate's gRPC, and grpc.health.v1. It must not import topo, rollout or another
// adapter, and never sends a statement that changes rows.
package vtgate
