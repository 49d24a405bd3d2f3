package vtctld

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	vtctldatapb "vitess.io/vitess/go/vt/proto/vtctldata"

	"github.com/vtsync/vtsync/internal/errs"
)

// boundPath is where the state file keeps which cluster it is of.
const boundPath = "vtsync/cells"

// boundLimit bounds the question which cluster a vtctld is of, where that is not
// what one has come for.
const boundLimit = 2 * time.Second

// Bound refuses a state file that holds another cluster's records: its rollouts
// would be gone on with, its notes believed, in the wrong cluster. The first use
// ties the file to the cells and the topo servers that vtctld names; one of them
// must still be the same, so that cells may come, go and move. Where vtctld does
// not answer nothing is refused.
func (b *Backend) Bound(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, boundLimit)
	defer cancel()
	err := b.bound(ctx)
	if _, refused := errors.AsType[*errs.Invalid](err); refused {
		return err
	}
	return nil
}

// bound is Bound that needs an answer; once it has one it asks no more.
func (b *Backend) bound(ctx context.Context) error {
	b.boundMu.Lock()
	defer b.boundMu.Unlock()
	if b.isBound {
		return nil
	}
	names, err := b.cellNames(ctx)
	if err != nil {
		return err
	}
	now := make(map[string]string, len(names))
	for _, name := range names {
		resp, err := call(ctx, b.Client, "GetCellInfo", "read where cell "+name+" is", b.rpc.GetCellInfo, &vtctldatapb.GetCellInfoRequest{Cell: name})
		if err != nil {
			return err
		}
		now[name] = hashOf([]byte(resp.GetCellInfo().GetServerAddress() + " " + resp.GetCellInfo().GetRoot()))
	}
	b.isBound, err = b.bind(ctx, now)
	return err
}

// bind holds the cells against those that the state file is tied to, and ties it
// to them once it is in use: reading alone makes no file. It tells whether it is
// tied to them.
func (b *Backend) bind(ctx context.Context, now map[string]string) (bool, error) {
	raw, tok, err := b.state.Get(ctx, boundPath)
	if err != nil {
		return false, err
	}
	var was map[string]string
	if !tok.IsAbsent() {
		if err := json.Unmarshal(raw, &was); err != nil {
			return false, &errs.Invalid{Msg: "damaged record " + boundPath, Next: "put a backup of the state file back", Err: err}
		}
	}
	if maps.Equal(was, now) {
		return len(now) > 0, nil
	}
	same := 0
	for cell, at := range now {
		if was[cell] == at {
			same++
		}
	}
	if len(was) > 0 && len(now) > 0 && same == 0 {
		return false, &errs.Invalid{
			Msg:  fmt.Sprintf("the state file is another cluster's: no cell that vtctld %s names is where one of that cluster was", b.address),
			Next: "give each cluster a `state` file of its own in the config; where all topo servers of this cluster have moved, begin with a new file",
		}
	}
	if id, err := b.clusterID(ctx); err != nil || id == "" || len(now) == 0 {
		return false, err
	}
	if raw, err = json.Marshal(now); err != nil {
		return false, fmt.Errorf("keep which cluster the state file is of: %w", err)
	}
	_, err = b.state.Put(ctx, boundPath, raw, tok)
	if _, other := errors.AsType[*errs.Conflict](err); other {
		return false, nil // another process has just tied it: the next look tells
	}
	return err == nil, err
}
