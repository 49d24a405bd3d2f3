// Package store keeps rollout records, history, pauses and the last committed
// values: in the cluster's own global topo under vtsync/, or in memory for
// tests. Every save is a CAS. It imports the topo adapter's small connection
// interface only, and must not import runner, cli or app.
package store
