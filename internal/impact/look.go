package impact

import (
	"regexp"
	"slices"
	"strings"
)

// Look says of what class one side's plan is and what it costs.
func Look(p Plan, g Ground) Side {
	side, _ := look(p, g)
	return side
}

func look(p Plan, g Ground) (Side, cost) {
	if p.Err != nil {
		return Side{Class: NotPlannable, Error: withCode(*p.Err)}, cost{}
	}
	if p.Tree == nil {
		zero := 0
		return Side{Class: Local, Shards: &zero}, cost{}
	}
	v := visitor{ground: g, tables: p.Tables, memory: map[string]int{}}
	v.visit(*p.Tree)
	side := Side{Class: v.class(), LookupWrites: v.lookups}
	total := 0
	for _, s := range v.stops {
		s.route.Shards = known(s.shards)
		side.Routes = append(side.Routes, s.route)
		total += s.shards + s.reads
	}
	side.Shards = known(total)
	for _, w := range memoryWork {
		if v.memory[w.word] > 0 {
			side.Memory = append(side.Memory, w.word)
		}
	}
	c := v.cost()
	c.sequence, c.placed = g.sequence(*p.Tree), g.placed(*p.Tree)
	return side, c
}

// known is a number of shards; nil where nobody knows it.
func known(shards int) *int {
	if shards >= many {
		return nil
	}
	return &shards
}

var codePattern = regexp.MustCompile(`^VT\d{5}`)

// withCode takes Vitess's code from the text where nobody has.
func withCode(e Error) *Error {
	if e.Code == "" {
		e.Code = codePattern.FindString(e.Text)
	}
	return &e
}

// stop is one place where a plan asks shards or writes to them.
type stop struct {
	route  Route
	class  Class
	shards int // many where nobody knows
	// reads are those of a lookup vindex that reads its table by itself: by a plan
	// that is not in the tree.
	reads int
	write bool
}

// visitor gathers what a plan does.
type visitor struct {
	ground  Ground
	tables  []string
	stops   []stop
	memory  map[string]int
	joined  bool // rows of several stops meet in vtgate
	pairs   int  // of an Upsert: each is a row of its own
	lookups int
}

// class is the whole plan's.
func (v *visitor) class() Class {
	out, single, written := Local, 0, map[string]bool{}
	for _, s := range v.stops {
		if s.write {
			if severalShards(s.class) {
				return CrossShardDML
			}
			if s.shards > 0 {
				written[s.route.Keyspace] = true
			}
			if v.pairs > 1 && s.class == SingleShard {
				return CrossShardDML
			}
		}
		if s.class == SingleShard && !s.route.Lookup {
			single++
		}
		if slices.Index(Classes, s.class) > slices.Index(Classes, out) {
			out = s.class
		}
	}
	switch {
	case len(written) > 1:
		return CrossShardDML
	case len(written) > 0:
		return out
	case v.joined:
		return CrossJoin
	case out == SingleShard && single > 1:
		return FewShards
	}
	return out
}

func severalShards(c Class) bool { return c == FewShards || c == Scatter || c == CrossShardDML }

func (v *visitor) visit(n Node) {
	switch operators[n.Operator].kind {
	case routeKind:
		v.route(n)
	case writeKind:
		v.write(n)
		v.inputs(n)
	case lookupKind:
		v.lookup(n)
	case ddlKind:
		v.add(v.destination(n, "AllShards()"))
	case joinKind:
		v.join(n)
	case mirrorKind, switchKind:
		// The mirrored query runs beside the real one, and PlanSwitcher's second
		// plan only under conditions that its values seldom meet.
		if len(n.Inputs) > 0 {
			v.visit(n.Inputs[0])
		}
		return
	case upsertKind:
		v.upsert(n)
	case localKind:
		v.local(n)
	case memoryKind, wrapperKind, unknownKind:
		v.inputs(n)
	}
	if word := memoryWord(n); word != "" {
		v.memory[word]++
	}
}

func (v *visitor) inputs(n Node) {
	for _, in := range n.Inputs {
		v.visit(in)
	}
}

func (v *visitor) add(s stop) { v.stops = append(v.stops, s) }

// join visits the inputs. Rows only meet where at least two of them ask shards.
func (v *visitor) join(n Node) {
	asking := 0
	for i, in := range n.Inputs {
		begin := len(v.stops)
		v.visit(in)
		if i > 0 && nested(n) {
			for s := range v.stops[begin:] {
				v.stops[begin+s].route.PerRow = true
			}
		}
		if slices.ContainsFunc(v.stops[begin:], func(s stop) bool { return s.shards > 0 }) {
			asking++
		}
	}
	v.joined = v.joined || asking > 1
}

// nested tells a join that runs its second input once for each row of its first.
func nested(n Node) bool {
	return n.Operator == "SemiJoin" || n.Operator == "Join" && (n.Variant == "Join" || n.Variant == "LeftJoin")
}

func (v *visitor) route(n Node) {
	if n.Operator != "Route" || n.Variant == "ByDestination" {
		s := v.destination(n, n.text("TargetDestination"))
		s.write = n.Attrs["IsDML"] == true
		v.add(s)
		return
	}
	v.routing(n, false)
	if n.text("OrderBy") != "" && severalShards(v.stops[len(v.stops)-1].class) {
		v.memory["merge sort"]++
	}
}

// routing adds the stop of a node that has one of vtgate's opcodes.
func (v *visitor) routing(n Node, write bool) {
	s := stop{route: Route{Opcode: n.Variant, Keyspace: n.Keyspace, Vindex: n.text("Vindex")}, write: write}
	all := v.ground.all(n.Keyspace)
	s.class, s.shards = opcode(n.Variant, n.list("Values"), all)
	if v.ground.Lookups[n.Keyspace+"."+s.route.Vindex] {
		s.reads++
	}
	v.add(s)
}

// few is how many shards a query asks that asks some, where nothing says more.
const few = 3

// opcode gives the class of one of vtgate's opcodes, and how many of all shards it
// asks.
func opcode(name string, values []string, all int) (Class, int) {
	switch name {
	case "None":
		return Local, 0
	case "DBA", "Reference":
		return Reference, 1
	case "Unsharded", "Next":
		return Unsharded, 1
	case "EqualUnique":
		return SingleShard, 1
	case "IN", "MultiEqual":
		return FewShards, min(all, listed(values))
	case "Equal", "SubShard", "Between":
		return FewShards, min(all, few)
	}
	// Scatter, and what a later Vitess may add.
	return Scatter, all
}

// listed is how many items the lists of an IN have; for one that a bind variable
// holds, few.
func listed(values []string) int {
	items := 0
	for _, v := range values {
		n, ok := itemsOf(v)
		if !ok {
			return few
		}
		items = max(items, n)
	}
	if items == 0 {
		return few
	}
	return items
}

// destination is the stop of a node that names its shards itself.
func (v *visitor) destination(n Node, dest string) stop {
	s := stop{route: Route{Opcode: "ByDestination", Keyspace: n.Keyspace}, class: FewShards}
	all := v.ground.all(n.Keyspace)
	name, args, _ := strings.Cut(dest, "(")
	switch name {
	case "None":
		s.class = Local
	case "AnyShard":
		s.class, s.shards = Reference, 1
	case "Shard", "ExactKeyRange", "KeyspaceID":
		s.class, s.shards = SingleShard, 1
	case "Shards", "KeyspaceIDs":
		s.shards = min(all, 1+strings.Count(args, ","))
	case "AllShards":
		s.class, s.shards = Scatter, all
	default:
		s.shards = min(all, few)
	}
	if !n.Sharded && s.shards > 0 {
		s.class, s.shards = Unsharded, 1
	}
	return s
}

// lookup is a read of the lookup table, and of the shards that it names.
func (v *visitor) lookup(n Node) {
	begin := len(v.stops)
	v.inputs(n)
	if len(v.stops) == begin {
		return
	}
	values := n.list("Values")
	// What the query is about comes last in the plan, and first here.
	last := len(v.stops) - 1
	found := slices.Concat(v.stops[last:], v.stops[begin:last])
	v.stops = append(v.stops[:begin], found...)
	main, read := &v.stops[begin], v.stops[begin+1:]
	for i := range read {
		r := &read[i]
		r.route.Lookup = true
		if r.class != FewShards {
			continue
		}
		// The plan reads the table by a list, whether or not there is one.
		if n.Variant == "EqualUnique" || n.Variant == "Equal" {
			r.class, r.shards = SingleShard, 1
		} else {
			r.shards = min(v.ground.all(r.route.Keyspace), listed(values))
		}
	}
	main.route = Route{Opcode: n.Variant, Keyspace: n.Keyspace, Vindex: n.text("Vindex")}
	main.class, main.shards = opcode(n.Variant, values, v.ground.all(n.Keyspace))
	if to := n.Inputs[len(n.Inputs)-1]; to.text("OrderBy") != "" && severalShards(main.class) {
		v.memory["merge sort"]++
	}
}

// local is what vtgate answers; a vindex that is asked as a table may read its own.
func (v *visitor) local(n Node) {
	if vindex := n.text("Vindex"); v.ground.Lookups[n.Keyspace+"."+vindex] {
		v.add(stop{route: Route{Opcode: n.Variant, Keyspace: n.Keyspace, Vindex: vindex}, class: SingleShard, shards: 1})
	}
	v.inputs(n)
}
