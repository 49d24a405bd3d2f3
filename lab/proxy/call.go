package proxy

import (
	"strings"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// Op is one key that a request writes or deletes.
type Op struct {
	Key    string
	Value  []byte
	Delete bool
}

// Call is one request of the client, as far as the proxy understands it.
type Call struct {
	Client string // as given to New
	Server string // as given to New
	Peer   string // the client's end of the connection
	Method string // such as KV/Txn or Lease/LeaseGrant

	Keys []string // every key that the request names
	Ops  []Op     // what it writes or deletes, in either branch of a Txn
	// Write says that the request can change the etcd: its keys or its leases.
	Write bool
}

// decode fills in what the request of a unary call says. A method or a message
// that it doesn't know is a call without keys, and is forwarded as it is.
func decode(method string, body message) Call {
	c := Call{Method: method}
	switch method {
	case "KV/Range":
		var r pb.RangeRequest
		if r.Unmarshal(body) == nil {
			c.Keys = []string{string(r.Key)}
		}
	case "KV/Put":
		var r pb.PutRequest
		if r.Unmarshal(body) == nil {
			c.put(&r)
		}
		c.Write = true
	case "KV/DeleteRange":
		var r pb.DeleteRangeRequest
		if r.Unmarshal(body) == nil {
			c.remove(&r)
		}
		c.Write = true
	case "KV/Txn":
		var r pb.TxnRequest
		if r.Unmarshal(body) == nil {
			c.txn(&r)
		}
		c.Write = len(c.Ops) > 0
	case "Lease/LeaseGrant", "Lease/LeaseRevoke":
		c.Write = true
	}
	return c
}

func (c *Call) put(r *pb.PutRequest) {
	c.Keys = append(c.Keys, string(r.Key))
	c.Ops = append(c.Ops, Op{Key: string(r.Key), Value: r.Value})
}

func (c *Call) remove(r *pb.DeleteRangeRequest) {
	c.Keys = append(c.Keys, string(r.Key))
	c.Ops = append(c.Ops, Op{Key: string(r.Key), Delete: true})
}

func (c *Call) txn(r *pb.TxnRequest) {
	for _, cmp := range r.Compare {
		c.Keys = append(c.Keys, string(cmp.Key))
	}
	for _, branch := range [][]*pb.RequestOp{r.Success, r.Failure} {
		for _, op := range branch {
			switch op := op.Request.(type) {
			case *pb.RequestOp_RequestRange:
				c.Keys = append(c.Keys, string(op.RequestRange.Key))
			case *pb.RequestOp_RequestPut:
				c.put(op.RequestPut)
			case *pb.RequestOp_RequestDeleteRange:
				c.remove(op.RequestDeleteRange)
			case *pb.RequestOp_RequestTxn:
				c.txn(op.RequestTxn)
			}
		}
	}
}

// landed reads from the reply of a write whether it changed a key, and at
// which revision. A Txn whose comparison failed has not, unless its other
// branch writes.
func landed(method string, reply message) (bool, int64) {
	switch method {
	case "KV/Put":
		var r pb.PutResponse
		if r.Unmarshal(reply) == nil && r.Header != nil {
			return true, r.Header.Revision
		}
	case "KV/DeleteRange":
		var r pb.DeleteRangeResponse
		if r.Unmarshal(reply) == nil && r.Header != nil {
			return r.Deleted > 0, r.Header.Revision
		}
	case "KV/Txn":
		var r pb.TxnResponse
		if r.Unmarshal(reply) == nil && r.Header != nil {
			return changed(&r), r.Header.Revision
		}
	}
	return false, 0
}

func changed(r *pb.TxnResponse) bool {
	for _, op := range r.Responses {
		switch op := op.Response.(type) {
		case *pb.ResponseOp_ResponsePut:
			return true
		case *pb.ResponseOp_ResponseDeleteRange:
			if op.ResponseDeleteRange.Deleted > 0 {
				return true
			}
		case *pb.ResponseOp_ResponseTxn:
			if changed(op.ResponseTxn) {
				return true
			}
		}
	}
	return false
}

// shortMethod turns /etcdserverpb.KV/Txn into KV/Txn.
func shortMethod(full string) string {
	service, method, _ := strings.Cut(strings.TrimPrefix(full, "/"), "/")
	return service[strings.LastIndex(service, ".")+1:] + "/" + method
}
