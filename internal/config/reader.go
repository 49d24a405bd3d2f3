package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/near"
	"github.com/vtsync/vtsync/internal/yamldoc"
)

// maxErrors bounds how much of a broken file is reported at once.
const maxErrors = 20

// reader turns YAML nodes into a Config and collects what is wrong with them.
type reader struct {
	file string
	errs []error
}

// fields maps the keys that a mapping may have to what reads their value.
type fields map[string]func(*yaml.Node)

func (r *reader) config(data []byte) *Config {
	c := &Config{File: r.file, Clusters: map[string]*Cluster{}}
	root := r.document(data)
	if root == nil {
		return c
	}
	r.mapping(root, "the config", fields{
		"clusters": func(n *yaml.Node) {
			r.eachPair(n, "clusters", func(key, value *yaml.Node) {
				c.Clusters[key.Value] = r.cluster(key, value)
			})
		},
		"lint": func(n *yaml.Node) {
			r.mapping(n, "lint", fields{"ignore": func(n *yaml.Node) {
				r.eachItem(n, "ignore", func(n *yaml.Node) { c.Ignores = append(c.Ignores, r.ignore(n)) })
			}})
		},
	})
	return c
}

// ignore reads one suppression. It stands where its rule is named.
func (r *reader) ignore(n *yaml.Node) Ignore {
	out := Ignore{Pos: r.pos(n)}
	r.mapping(n, "a suppression", fields{
		"rule":   func(n *yaml.Node) { out.Rule, out.Pos = r.text(n, "rule"), r.pos(n) },
		"path":   func(n *yaml.Node) { out.Path = r.text(n, "path") },
		"reason": func(n *yaml.Node) { out.Reason = r.text(n, "reason") },
	})
	return out
}

// document gives the one document's root node, or nil after an error.
func (r *reader) document(data []byte) *yaml.Node {
	doc, second, err := yamldoc.Read(data)
	switch {
	case err != nil:
		r.add(&errs.Invalid{Pos: errs.Position{File: r.file, Line: err.Line}, Msg: "not valid YAML: " + err.Msg})
	case doc == nil || len(doc.Content) == 0:
		r.add(&errs.Invalid{Pos: errs.Position{File: r.file, Line: 1, Column: 1}, Msg: "the config is empty"})
	case second != nil:
		r.fail(second, "a config is one YAML document, and here a second one begins", "")
	default:
		return doc.Content[0]
	}
	return nil
}

func (r *reader) cluster(key, n *yaml.Node) *Cluster {
	c := &Cluster{Name: key.Value, Path: ".", Backend: BackendTopo, Policy: DefaultPolicy()}
	r.mapping(n, "a cluster", fields{
		"path":     func(n *yaml.Node) { c.Path, c.PathPos = r.text(n, "path"), r.pos(n) },
		"topo":     func(n *yaml.Node) { c.Topo = Text{Value: r.text(n, "topo"), Pos: r.pos(n)} },
		"topo_tls": func(n *yaml.Node) { c.TopoTLS = r.tls(n, "topo_tls") },
		"backend": func(n *yaml.Node) {
			c.Backend = Backend(r.oneOf(n, "backend", "backend", []string{string(BackendTopo), string(BackendVTCtld)}))
		},
		"state": func(n *yaml.Node) { c.State = Text{Value: r.text(n, "state"), Pos: r.pos(n)} },
		"vtgates": func(n *yaml.Node) {
			r.eachItem(n, "vtgates", func(n *yaml.Node) { c.VTGates = append(c.VTGates, r.vtgate(n)) })
		},
		"vtctld": func(n *yaml.Node) { c.VTCtld = r.vtctld(n) },
		"cells": func(n *yaml.Node) {
			r.mapping(n, "cells", fields{"ignore": func(n *yaml.Node) { c.IgnoredCells = r.texts(n, "ignore") }})
		},
		"policy":       func(n *yaml.Node) { r.policy(n, &c.Policy) },
		"vindex_types": func(n *yaml.Node) { c.VindexTypes = r.texts(n, "vindex_types") },
	})
	if len(r.errs) == 0 {
		r.reach(key, c)
	}
	return c
}

// reach holds a cluster to what its backend needs, and to nothing that would
// look as if it had a meaning.
func (r *reader) reach(key *yaml.Node, c *Cluster) {
	at := func(t Text, msg, next string) { r.add(&errs.Invalid{Pos: t.Pos, Msg: msg, Next: next}) }
	if c.Backend == BackendTopo {
		if c.Topo.Value == "" {
			r.fail(key, fmt.Sprintf("cluster %s has no topo", c.Name), "add `topo: etcd2://HOST:PORT/ROOT`")
		}
		if c.State.Value != "" {
			at(c.State, "state is for `backend: vtctld` only: the cluster's topo holds the records otherwise", "take it out")
		}
		return
	}
	if c.VTCtld.Address.Value == "" {
		r.fail(key, fmt.Sprintf("cluster %s is written through vtctld, and names none", c.Name), "add `vtctld: HOST:PORT`")
	}
	if c.State.Value == "" {
		r.fail(key, fmt.Sprintf("cluster %s is written through vtctld, and has no file for vtsync's records", c.Name), "add `state: FILE`")
	}
	if c.Topo.Value != "" {
		at(c.Topo, "a cluster that is written through vtctld has no topo", "take `topo` out, or `backend: vtctld`: topo is the better one")
	}
	if !c.TopoTLS.IsZero() {
		r.fail(key, fmt.Sprintf("cluster %s is written through vtctld, so topo_tls has no meaning", c.Name), "take it out; `tls` below `vtctld` is for vtctld")
	}
}

// ownStates refuses a file that two clusters would keep their records in.
func (r *reader) ownStates(c *Config) {
	of := map[string]string{}
	for _, name := range c.Names() {
		cl := c.Clusters[name]
		file := filepath.Clean(c.StateFile(cl))
		if cl.State.Value == "" {
			continue
		}
		if other, taken := of[file]; taken {
			r.add(&errs.Invalid{
				Pos: cl.State.Pos, Msg: fmt.Sprintf("clusters %s and %s have the same state file %s", other, name, file),
				Next: "give each a file of its own",
			})
			continue
		}
		of[file] = name
	}
}

func (r *reader) tls(n *yaml.Node, what string) TLS {
	var t TLS
	r.mapping(n, what, fields{
		"cert": func(n *yaml.Node) { t.Cert = r.text(n, "cert") },
		"key":  func(n *yaml.Node) { t.Key = r.text(n, "key") },
		"ca":   func(n *yaml.Node) { t.CA = r.text(n, "ca") },
	})
	if (t.Cert == "") != (t.Key == "") {
		r.fail(n, what+": cert and key go together", "give both, or only ca")
	}
	return t
}

// vtgate reads either form: a text is the short form as --vtgate takes it.
func (r *reader) vtgate(n *yaml.Node) VTGate {
	v := VTGate{Pos: r.pos(n)}
	if n.Kind == yaml.ScalarNode {
		v.Spec = r.text(n, "vtgate")
		return v
	}
	spec := map[string]string{}
	keep := func(key string) func(*yaml.Node) {
		return func(n *yaml.Node) { spec[key] = r.textOrNumber(n, key) }
	}
	r.mapping(n, "a vtgate", fields{
		"address": keep("address"), "mysql": keep("mysql"), "grpc": keep("grpc"), "cell": keep("cell"),
		"user": func(n *yaml.Node) { v.User = r.text(n, "user") },
		"password_env": func(n *yaml.Node) {
			v.PasswordEnv = r.text(n, "password_env")
		},
		"tls": func(n *yaml.Node) { v.TLS = r.tls(n, "tls") },
	})
	if spec["address"] == "" {
		r.fail(n, "a vtgate has no address", "add `address: HOST:PORT`, the port of its web pages")
	}
	v.Spec = spec["address"]
	for _, key := range []string{"mysql", "grpc", "cell"} {
		if spec[key] != "" {
			v.Spec += "," + key + "=" + spec[key]
		}
	}
	return v
}

// vtctld reads either form: a text is the address.
func (r *reader) vtctld(n *yaml.Node) VTCtld {
	if n.Kind == yaml.ScalarNode {
		return VTCtld{Address: Text{Value: r.text(n, "vtctld"), Pos: r.pos(n)}}
	}
	var v VTCtld
	r.mapping(n, "vtctld", fields{
		"address":      func(n *yaml.Node) { v.Address = Text{Value: r.text(n, "address"), Pos: r.pos(n)} },
		"user":         func(n *yaml.Node) { v.User = r.text(n, "user") },
		"password_env": func(n *yaml.Node) { v.PasswordEnv = r.text(n, "password_env") },
		"tls":          func(n *yaml.Node) { v.TLS = r.tls(n, "tls") },
	})
	if v.Address.Value == "" {
		r.fail(n, "vtctld has no address", "add `address: HOST:PORT`, the port of its gRPC server")
	}
	return v
}

// mapping reads a mapping that may have the known keys only.
func (r *reader) mapping(n *yaml.Node, what string, known fields) {
	names := make([]string, 0, len(known))
	for name := range known {
		names = append(names, name)
	}
	slices.Sort(names)
	r.eachPair(n, what, func(key, value *yaml.Node) {
		read, ok := known[key.Value]
		if !ok {
			r.add(&errs.Invalid{
				Pos:  r.pos(key),
				Msg:  fmt.Sprintf("%s has no key %q", what, key.Value),
				Near: near.Name(key.Value, names),
				Next: "the keys are " + strings.Join(names, ", "),
			})
			return
		}
		read(value)
	})
}

// eachPair visits the pairs of a mapping in the order of the file.
func (r *reader) eachPair(n *yaml.Node, what string, visit func(key, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		r.fail(n, fmt.Sprintf("%s must be a mapping, not %s", what, kindName(n)), "")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode || key.Value == "":
			r.fail(key, what+" has a key that is not a name", "")
		case seen[key.Value]:
			r.fail(key, fmt.Sprintf("%s has the key %q twice", what, key.Value), "")
		default:
			seen[key.Value] = true
			visit(key, value)
		}
	}
}

func (r *reader) eachItem(n *yaml.Node, what string, visit func(*yaml.Node)) {
	if n.Kind != yaml.SequenceNode {
		r.fail(n, fmt.Sprintf("%s must be a list, not %s", what, kindName(n)), "")
		return
	}
	for _, item := range n.Content {
		visit(item)
	}
}

func (r *reader) texts(n *yaml.Node, what string) []string {
	var out []string
	r.eachItem(n, what, func(n *yaml.Node) { out = append(out, r.text(n, what)) })
	return out
}

func (r *reader) text(n *yaml.Node, what string) string {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!str" || n.Value == "" {
		r.fail(n, fmt.Sprintf("%s must be a text, not %s", what, kindName(n)), "")
		return ""
	}
	return n.Value
}

// textOrNumber reads a port, which people write with and without quotes.
func (r *reader) textOrNumber(n *yaml.Node, what string) string {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!int" {
		return n.Value
	}
	return r.text(n, what)
}

func (r *reader) fail(n *yaml.Node, msg, next string) {
	r.add(&errs.Invalid{Pos: r.pos(n), Msg: msg, Next: next})
}

func (r *reader) add(err error) {
	if len(r.errs) < maxErrors {
		r.errs = append(r.errs, err)
	}
}

func (r *reader) pos(n *yaml.Node) errs.Position {
	return errs.Position{File: r.file, Line: n.Line, Column: n.Column}
}

// kindName says what a node is. Anchors and aliases are not followed, so that
// a small file cannot stand for a huge one.
func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias (write the value out)"
	case yaml.ScalarNode:
		if n.Tag == "!!null" || n.Value == "" {
			return "empty"
		}
		return fmt.Sprintf("%q", n.Value)
	case yaml.DocumentNode:
		return "a document"
	default:
		return "this"
	}
}
