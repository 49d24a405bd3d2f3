package main

import (
	"context"
	"fmt"
)

const (
	commerceFile = "keyspaces/commerce/vschema.json"
	customerFile = "keyspaces/customer/vschema.json"
)

// The edits of the story.
const (
	beforeCustomer = `    "customer": {
      "column_vindexes"`
	couponTable = `    "coupon": {
      "column_vindexes": [
        { "column": "customer_id", "name": "hash" },
        { "column": "email", "name": "customer_email" }
      ],
      "auto_increment": {
        "column": "coupon_id",
        "sequence": "commerce.coupn_seq"
      }
    },
`
	// couponByEmail finds coupons through the lookup vindex that customer owns, so
	// no write depends on it.
	couponByEmail = `        { "column": "customer_id", "name": "hash" },
        { "column": "email", "name": "customer_email" }
      ],
      "auto_increment": {
        "column": "coupon_id",
`
	couponByCustomer = `        { "column": "customer_id", "name": "hash" }
      ],
      "auto_increment": {
        "column": "coupon_id",
`
	beforeCustomerSeq = `    "customer_seq": {
`
	couponSequence = `    "coupon_seq": {
      "type": "sequence"
    },
`
	cartByXXHash = `        { "column": "cart_id", "name": "xxhash" }
`
	cartByHash = `        { "column": "cart_id", "name": "hash" }
`
	beforeCart = `    "cart": {
      "column_vindexes"`
	addressTable = `    "address": {
      "column_vindexes": [
        { "column": "customer_id", "name": "hash" }
      ]
    },
`
	beforeTheirCart = `    "cart": {
`
	wishlistTable = `    "wishlist": {"column_vindexes": [{"column": "customer_id", "name": "hash"}]},
`
)

// story tells it all. The session keeps the first thing that is not as told.
func story(ctx context.Context, s *session, st *stage) {
	pulling(ctx, s)
	typos(ctx, s)
	hazards(ctx, s)
	applying(ctx, s, st)
	hottest(ctx, s, st)
	foreign(ctx, s, st)
	stale(ctx, s, st)
	back(ctx, s, st)
}

func pulling(ctx context.Context, s *session) {
	s.say("A Vitess cluster runs, with two cells and a vtgate in each. This is all that vtsync is told of it.")
	s.run(ctx, 0, "cat vtsync.yaml", "clusters:", "vtgates:")

	s.say("Take the live VSchema into files. From now on they are the source, and files, topo, cells and vtgates agree.")
	s.run(ctx, 0, "vtsync pull", "written "+commerceFile, "written "+customerFile)
	s.run(ctx, 0, "vtsync status", "in sync: commerce", "in sync: customer", "all planes agree")
}

func typos(ctx context.Context, s *session) {
	s.say("A new table, with a letter missing in its sequence's name: vtgate would take it, and each insert would fail. Plan stops it.")
	s.edit(commerceFile, beforeCustomerSeq, couponSequence+beforeCustomerSeq)
	s.edit(customerFile, beforeCustomer, couponTable+beforeCustomer)
	s.run(ctx, 1, "vtsync plan",
		"error VS301 "+customerFile+":42:21: ", `commerce.coupn_seq`, `(did you mean "commerce.coupon_seq"?)`, "; denied")

	s.say("The same typo without the keyspace: vtgate would drop the whole table from routing. Plan stops it.")
	s.edit(customerFile, `        "sequence": "commerce.coupn_seq"`, `        "sequence": "coupn_seq"`)
	s.run(ctx, 1, "vtsync plan",
		"error VS301 "+customerFile+":42:21: ", `sequence coupn_seq`, `(did you mean "coupon_seq"?)`, "; denied")
	s.edit(customerFile, `        "sequence": "coupn_seq"`, `        "sequence": "commerce.coupon_seq"`)
}

func hazards(ctx context.Context, s *session) {
	s.say("A change that would make rows unreachable is denied until somebody allows it by its code.")
	s.edit(customerFile, cartByXXHash, cartByHash)
	s.run(ctx, 3, "vtsync plan", "[write_loss VS241: ", "next: --allow VS241", "; denied")
	s.edit(customerFile, cartByHash, cartByXXHash)
}

func applying(ctx context.Context, s *session, st *stage) {
	s.say("What is left is valid. The plan names each change and its hazard, over both keyspaces.")
	s.run(ctx, 0, "vtsync plan", "+ table coupon_seq", "+ table coupon\n", "[replan: ", "2 changes in 2 keyspaces")

	s.say("Apply writes by compare-and-swap, and is done when every cell holds the change and every vtgate serves it.")
	s.run(ctx, 0, "vtsync apply --yes", ": committed", "global topo, keyspace commerce: landed",
		"global topo, keyspace customer: landed", "cell zone1: landed", "cell zone2: landed")

	s.say("Both cells hold it, as vtctld reads their etcds.")
	for _, g := range st.VTGates {
		s.run(ctx, 0, fmt.Sprintf(`vtctldclient --server %s GetSrvVSchema %s | grep -A 16 '"coupon": {'`, st.VTCtld, g.Cell),
			`"column": "customer_id"`, `"sequence": "commerce.coupon_seq"`)
	}

	s.say("Both vtgates serve it.")
	s.showTables(ctx, st.VTGates, "customer", []string{"coupon"}, nil)
	s.showTable(ctx, st.VTGates, "customer", "coupon", `"column":"coupon_id"`, `"name":"coupon_seq"`)
	s.run(ctx, 0, "vtsync status", "all planes agree")
}

func hottest(ctx context.Context, s *session, st *stage) {
	s.say("The application runs. No MySQL does in this demo, so each query fails after it is planned; the vtgates count it all the same.")
	s.traffic(ctx, st.VTGates, 45, "SELECT coupon_id, code FROM coupon WHERE email = 'ann@example.com'")
	s.traffic(ctx, st.VTGates, 8, "SELECT order_id, total FROM corder WHERE customer_id = 7")
	s.traffic(ctx, st.VTGates, 3, "SELECT coupon_id, code FROM coupon WHERE customer_id = 7")

	s.say("Keep what the vtgates know of it, beside the files. Literals are not kept.")
	s.run(ctx, 0, "vtsync queries collect", "3 queries", "queries/demo.json")

	s.say("A clean-up: coupon names a lookup vindex that another table owns and fills. No write depends on the line, and no rule of lint is against taking it out.")
	s.edit(customerFile, couponByEmail, couponByCustomer)
	s.run(ctx, 3, "vtsync plan", "[scatter: ", "begins to ask all 4 shards of customer", "denied: 1 of 3 queries, 83 % of executions, begins to ask all shards")

	s.say("Both plans of that query, side by side: by Vitess's own planner, before anything was applied.")
	s.run(ctx, 0, "vtsync impact --explain 1", "VindexLookup EqualUnique customer", "Route Scatter customer")

	s.say("So the line stays.")
	s.edit(customerFile, couponByCustomer, couponByEmail)
	s.run(ctx, 0, "vtsync plan", "nothing to do")
}

func foreign(ctx context.Context, s *session, st *stage) {
	s.say("One more change is planned and saved, to be applied once somebody has looked at it.")
	s.edit(customerFile, beforeCart, addressTable+beforeCart)
	s.run(ctx, 0, "vtsync plan --out plan.json", "+ table address", "1 change in 1 keyspace")

	s.say("Meanwhile a colleague adds a table by hand.")
	s.run(ctx, 0, "vtctldclient --server "+st.VTCtld+" GetVSchema customer > colleague.json")
	s.edit("colleague.json", beforeTheirCart, wishlistTable+beforeTheirCart)
	s.run(ctx, 0, "vtctldclient --server "+st.VTCtld+" ApplyVSchema --vschema-file colleague.json customer > /dev/null")

	s.say("That is drift: status names it, and what apply would do with it.")
	s.run(ctx, 1, "vtsync status", "in sync: commerce", "drift: customer", "changed by others, kept by apply", "+ table wishlist")
}

func stale(ctx context.Context, s *session, st *stage) {
	s.say("The saved plan was made from something else. It is refused, with what changed since.")
	s.run(ctx, 3, "vtsync apply --yes plan.json", ": denied", "is stale", "+ table wishlist", "cell zone1: planned", "cell zone2: planned")

	s.say("A new plan adds our table, and does not touch the colleague's, which the file does not have.")
	s.run(ctx, 0, "vtsync apply --yes", "+ table address", "made by others and kept", "+ table wishlist", ": committed")
	s.showTables(ctx, st.VTGates, "customer", []string{"address", "coupon", "wishlist"}, nil)
}

func back(ctx context.Context, s *session, st *stage) {
	s.say("Take the last rollout back. What others did since is kept.")
	s.run(ctx, 0, "vtsync rollback --yes", "- table address", "undoes: ", ": committed")
	s.showTables(ctx, st.VTGates, "customer", []string{"coupon", "wishlist"}, []string{"address"})

	s.say("Take it out of the file too, and the colleague's table in: all planes agree again.")
	s.edit(customerFile, addressTable+beforeCart, beforeCart)
	s.run(ctx, 0, "vtsync pull", "updated "+customerFile)
	s.run(ctx, 0, "vtsync status", "all planes agree")
	s.run(ctx, 0, "vtsync history", "committed")
}
