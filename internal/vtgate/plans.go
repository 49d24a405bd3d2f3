package vtgate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/vtsync/vtsync/internal/impact"
)

// A plan cache is larger than any other page. The bounds are for a page that
// never ends.
const (
	maxPlans     = 512 << 20
	plansTimeout = time.Minute
)

const plansPath = "/debug/query_plans"

// QueryPlan is one entry of a vtgate's plan cache.
//
// The page keys its entries by SQL alone, while the cache keeps one per keyspace
// and tablet type of the session: of several with the same text it shows one.
// Most texts are cached from their second run on, so ExecCount misses the first;
// it counts the runs that failed. Every change of a VSchema empties the cache.
type QueryPlan struct {
	// SQL is normalised: literals are bind variables.
	SQL        string   `json:"-"`
	TablesUsed []string // KEYSPACE.TABLE
	// Instructions is nil where vtgate shows none.
	Instructions *impact.Node
	ExecCount    int64
	ShardQueries int64
	Errors       int64
}

// QueryPlans reads the plans that a vtgate keeps now of its clients' queries, in the
// order in which it shows them. Those that it sends to lookup tables itself are left
// out: they are part of what the queries cost. Refused tells its errors apart.
func (r *Reader) QueryPlans(ctx context.Context) ([]QueryPlan, error) {
	lookups, err := r.readLookups(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, plansTimeout)
	defer cancel()
	plans, err := r.readPlans(ctx, maxPlans)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(plans, func(p QueryPlan) bool { return own(p, lookups) }), nil
}

// readLookups has the time of any other page: a vtgate that is silent shows it here.
func (r *Reader) readLookups(ctx context.Context) (map[string][]lookup, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	page, err := get(ctx, r.http, r.target.HTTP, vschemaPath, maxPage)
	if err != nil {
		return nil, err
	}
	found, err := parseLookups(page)
	if err != nil {
		return nil, &refusedError{fmt.Sprintf("decode %s: %v", vschemaPath, err)}
	}
	return found, nil
}

// readPlans reads one entry at a time: no more than the plans are kept.
func (r *Reader) readPlans(ctx context.Context, limit int64) ([]QueryPlan, error) {
	body, err := open(ctx, r.http, r.target.HTTP, plansPath)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	page := &noting{LimitedReader: io.LimitedReader{R: body, N: limit + 1}}
	dec := json.NewDecoder(page)
	plans, err := decodePlans(dec)
	switch {
	case page.N == 0:
		return nil, tooLarge(plansPath, limit)
	case err == nil:
		return plans, nil
	case page.err != nil:
		return nil, fmt.Errorf("get %s: %w", plansPath, silence(ctx, page.err))
	}
	// The decoder's own words quote the page, which literals may stand in.
	return nil, &refusedError{fmt.Sprintf("get %s: it is no list of plans (at byte %d)", plansPath, dec.InputOffset())}
}

func decodePlans(dec *json.Decoder) ([]QueryPlan, error) {
	if err := expect(dec, '{'); err != nil {
		return nil, err
	}
	var out []QueryPlan
	for dec.More() {
		sql, err := dec.Token()
		if err != nil {
			return nil, err
		}
		var entry QueryPlan
		if err := dec.Decode(&entry); err != nil {
			return nil, err
		}
		entry.SQL, _ = sql.(string) // a key is nothing else
		out = append(out, entry)
	}
	return out, expect(dec, '}')
}

func expect(dec *json.Decoder, want json.Delim) error {
	token, err := dec.Token()
	if err == nil && token != want {
		return errors.New("want " + want.String())
	}
	return err
}

// noting remembers why a page ended before its end.
type noting struct {
	io.LimitedReader
	err error
}

func (n *noting) Read(p []byte) (int, error) {
	read, err := n.LimitedReader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		n.err = err
	}
	return read, err
}
