package proxy

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

type marshaler interface{ Marshal() ([]byte, error) }

func put(key, value string) *pb.RequestOp {
	return &pb.RequestOp{Request: &pb.RequestOp_RequestPut{RequestPut: &pb.PutRequest{Key: []byte(key), Value: []byte(value)}}}
}

func get(key string) *pb.RequestOp {
	return &pb.RequestOp{Request: &pb.RequestOp_RequestRange{RequestRange: &pb.RangeRequest{Key: []byte(key)}}}
}

func del(key string) *pb.RequestOp {
	return &pb.RequestOp{Request: &pb.RequestOp_RequestDeleteRange{RequestDeleteRange: &pb.DeleteRangeRequest{Key: []byte(key)}}}
}

func TestDecode(t *testing.T) {
	tests := []struct {
		name   string
		method string
		body   marshaler
		want   Call
	}{
		{"read", "KV/Range", &pb.RangeRequest{Key: []byte("a")}, Call{Keys: []string{"a"}}},
		{
			"put", "KV/Put", &pb.PutRequest{Key: []byte("a"), Value: []byte("1")},
			Call{Keys: []string{"a"}, Ops: []Op{{Key: "a", Value: []byte("1")}}, Write: true},
		},
		{
			"delete", "KV/DeleteRange", &pb.DeleteRangeRequest{Key: []byte("a")},
			Call{Keys: []string{"a"}, Ops: []Op{{Key: "a", Delete: true}}, Write: true},
		},
		{
			"a txn that only reads", "KV/Txn", &pb.TxnRequest{Success: []*pb.RequestOp{get("a")}},
			Call{Keys: []string{"a"}},
		},
		{
			"a txn with both branches and one inside", "KV/Txn",
			&pb.TxnRequest{
				Compare: []*pb.Compare{{Key: []byte("token")}},
				Success: []*pb.RequestOp{put("a", "1"), {Request: &pb.RequestOp_RequestTxn{
					RequestTxn: &pb.TxnRequest{Success: []*pb.RequestOp{put("b", "2")}},
				}}},
				Failure: []*pb.RequestOp{del("c")},
			},
			Call{
				Keys:  []string{"token", "a", "b", "c"},
				Ops:   []Op{{Key: "a", Value: []byte("1")}, {Key: "b", Value: []byte("2")}, {Key: "c", Delete: true}},
				Write: true,
			},
		},
		{"lease", "Lease/LeaseGrant", &pb.LeaseGrantRequest{TTL: 5}, Call{Write: true}},
		{"unknown method", "Maintenance/Status", &pb.StatusRequest{}, Call{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body, err := tt.body.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			tt.want.Method = tt.method
			if diff := cmp.Diff(tt.want, decode(tt.method, body)); diff != "" {
				t.Errorf("decode (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("KV/Txn", []byte{0x12, 0x02, 0x12, 0x00})
	f.Add("KV/Put", []byte{0x0a, 0x01, 'a'})
	f.Add("KV/Txn", []byte{0xff})
	f.Fuzz(func(_ *testing.T, method string, body []byte) {
		decode(method, body) // must not panic
		landed(method, body)
	})
}

func TestShortMethod(t *testing.T) {
	for full, want := range map[string]string{
		"/etcdserverpb.KV/Txn":         "KV/Txn",
		"/grpc.health.v1.Health/Check": "Health/Check",
		"/Unpackaged/Method":           "Unpackaged/Method",
	} {
		if got := shortMethod(full); got != want {
			t.Errorf("shortMethod(%q) = %q, want %q", full, got, want)
		}
	}
}
