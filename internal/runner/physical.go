package runner

import (
	"context"

	"github.com/vtsync/vtsync/internal/admit"
	"github.com/vtsync/vtsync/internal/ddl"
	"github.com/vtsync/vtsync/internal/planes"
)

// LookPhysical reads what the checks of a phase must know of MySQL and of the
// workflows: nothing twice, and the schemas only where every shard says that a
// migration is complete. An undo is not kept waiting for MySQL, so it asks for
// workflows alone. in needs no Physical yet.
func LookPhysical(ctx context.Context, p Physical, in admit.Input) planes.Physical {
	var ask planes.Ask
	undoes := in.Plan.Undoes != ""
	if !undoes {
		ask = ddl.Wants(admit.Needs(in), admit.Touched(in.Plan, in.Phase, in.Global))
	}
	ask.Workflows = withRecord(in.Global)
	found := p.Physical(ctx, ask)
	if undoes {
		return found
	}
	in.Physical = &found
	if more := ddl.WantsSchemas(admit.Needs(in), in.Global, found); len(more.Schemas) > 0 {
		found = ddl.Merge(found, p.Physical(ctx, more))
	}
	return found
}
