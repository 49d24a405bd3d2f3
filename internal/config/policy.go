package config

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/freeze"
	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/near"
)

// Defaults of the policy.
const (
	DefaultTimeout = 60 * time.Second
	DefaultWait    = time.Hour
	// DefaultBreakerPercent lets one of seven shards fail, and not one of six.
	DefaultBreakerPercent = 15
	DefaultMaxCellBytes   = 3 << 19 // 1.5 MiB: etcd refuses a request at about that size
)

// maxApprovals bounds how many people a policy can ask for: a record keeps each.
const maxApprovals = 16

// Policy bounds how a cluster is changed.
type Policy struct {
	// Timeout is how long the planes may take to serve a written change
	// before the rollout parks.
	Timeout time.Duration
	// MaxCellBytes is the largest SrvVSchema that a plan may lead to.
	MaxCellBytes int
	// Wait is how long a rollout waits for what a phase needs: migrations,
	// workflows, freeze windows.
	Wait time.Duration
	// BreakerPercent is how many of a keyspace's serving shards may report a
	// failed migration, in percent, before a rollout stops.
	BreakerPercent float64
	// Freeze are the windows in which nothing is begun.
	Freeze []freeze.Window
	// Approvals are the people that a plan needs.
	Approvals Approvals
	// Impact bounds what a plan may do to the known queries; its zero value
	// denies what breaks them or makes them scatter.
	Impact impact.Policy
}

// Approvals say how many people must approve of a plan.
type Approvals struct {
	Required int
	// From is the mildest hazard of a plan that needs them; empty means every
	// plan does.
	From diff.Hazard
}

// DefaultPolicy is the policy of a cluster that names none.
func DefaultPolicy() Policy {
	return Policy{
		Timeout: DefaultTimeout, MaxCellBytes: DefaultMaxCellBytes,
		Wait: DefaultWait, BreakerPercent: DefaultBreakerPercent,
	}
}

func (r *reader) policy(n *yaml.Node, p *Policy) {
	r.mapping(n, "policy", fields{
		"timeout": func(n *yaml.Node) { r.duration(n, "timeout", "60s or 2m", &p.Timeout) },
		"wait":    func(n *yaml.Node) { r.duration(n, "wait", "30m or 12h", &p.Wait) },
		"breaker_percent": func(n *yaml.Node) {
			percent, err := strconv.ParseFloat(n.Value, 64)
			if err != nil || !(percent > 0 && percent <= 100) {
				r.fail(n, fmt.Sprintf("breaker_percent %q is not a number above 0, up to 100", n.Value), "")
				return
			}
			p.BreakerPercent = percent
		},
		"max_cell_bytes": func(n *yaml.Node) { r.count(n, "max_cell_bytes", &p.MaxCellBytes) },
		"freeze": func(n *yaml.Node) {
			r.eachItem(n, "freeze", func(n *yaml.Node) { r.window(n, &p.Freeze) })
		},
		"approvals": func(n *yaml.Node) { p.Approvals = r.approvals(n) },
		"impact":    func(n *yaml.Node) { r.impact(n, &p.Impact) },
	})
}

// impact reads what a plan may do to the known queries. What is left out stays
// as it is by default.
func (r *reader) impact(n *yaml.Node, p *impact.Policy) {
	action := func(what string, into *impact.Action) func(*yaml.Node) {
		return func(n *yaml.Node) {
			*into = impact.Action(r.oneOf(n, what, "action", []string{string(impact.Deny), string(impact.Allow)}))
		}
	}
	r.mapping(n, "impact", fields{
		"breaks":      action("breaks", &p.Breaks),
		"new_scatter": action("new_scatter", &p.NewScatter),
		"unjudged":    action("unjudged", &p.Unjudged),
		"dearer_percent": func(n *yaml.Node) {
			percent, err := strconv.ParseFloat(n.Value, 64)
			if err != nil || !(percent >= 0 && percent <= 100) {
				r.fail(n, fmt.Sprintf("dearer_percent %q is not a number from 0 to 100", n.Value), "leave it out to set no limit")
				return
			}
			p.DearerPercent = &percent
		},
	})
}

func (r *reader) duration(n *yaml.Node, what, example string, into *time.Duration) {
	d, err := time.ParseDuration(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || d <= 0 {
		r.fail(n, fmt.Sprintf("%s %q is not a positive duration", what, n.Value), "write it as "+example)
		return
	}
	*into = d
}

func (r *reader) count(n *yaml.Node, what string, into *int) {
	size, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || size <= 0 {
		r.fail(n, fmt.Sprintf("%s %q is not a positive whole number", what, n.Value), "")
		return
	}
	*into = size
}

// windowForms are the two ways to write a freeze window.
const windowForms = `{cron: "0 17 * * 5", for: 63h, timezone: Europe/Berlin, reason: weekend} or {from: 2026-12-20, to: 2027-01-02, reason: year end}`

// window reads one freeze window, in either form.
func (r *reader) window(n *yaml.Node, into *[]freeze.Window) {
	var (
		cron, from, to *yaml.Node
		length         time.Duration
		reason         string
		before         = len(r.errs)
		zone           = time.UTC
	)
	date := func(what string, into **yaml.Node) func(*yaml.Node) {
		return func(n *yaml.Node) { r.date(n, what); *into = n }
	}
	r.mapping(n, "a freeze window", fields{
		"cron": func(n *yaml.Node) { r.text(n, "cron"); cron = n },
		"from": date("from", &from), "to": date("to", &to),
		"for":      func(n *yaml.Node) { r.duration(n, "for", "90m or 63h", &length) },
		"timezone": func(n *yaml.Node) { zone = r.zone(n) },
		"reason":   func(n *yaml.Node) { reason = r.text(n, "reason") },
	})
	if len(r.errs) > before {
		return
	}
	var (
		w   freeze.Window
		err error
		at  *yaml.Node
	)
	switch repeated, once := cron != nil && length > 0, from != nil && to != nil; {
	case repeated && from == nil && to == nil:
		at = cron
		w, err = freeze.Repeated(cron.Value, length, zone, reason)
	case once && cron == nil && length == 0:
		at = from
		w, err = freeze.Between(from.Value, to.Value, zone, reason)
	default:
		r.fail(n, "a freeze window has either cron and for, or from and to", "write it as "+windowForms)
		return
	}
	switch {
	case reason == "":
		r.fail(n, "a freeze window has no reason", "add `reason: TEXT`: whoever is stopped by it reads that")
	case err != nil:
		r.add(&errs.Invalid{Pos: r.inside(at, err), Msg: "freeze window: " + err.Error(), Next: "write it as " + windowForms})
	default:
		*into = append(*into, w)
	}
}

// inside gives the place of a mistake within a text, where it is known and the
// text is written on one line as it is.
func (r *reader) inside(n *yaml.Node, err error) errs.Position {
	pos := r.pos(n)
	if field, ok := errors.AsType[*freeze.FieldError](err); ok {
		switch n.Style {
		case yaml.DoubleQuotedStyle, yaml.SingleQuotedStyle:
			pos.Column += 1 + field.Offset
		case 0:
			pos.Column += field.Offset
		default: // a block begins on another line
		}
	}
	return pos
}

// date checks a date, which people write with and without quotes.
func (r *reader) date(n *yaml.Node, what string) {
	written := n.Kind == yaml.ScalarNode && n.Tag == "!!timestamp"
	if !written && r.text(n, what) == "" {
		return
	}
	if err := freeze.CheckDate(n.Value); err != nil {
		r.fail(n, what+" "+err.Error(), "the timezone is a key of its own")
	}
}

// zone reads a timezone. That of the machine is refused: the same config must
// mean the same everywhere.
func (r *reader) zone(n *yaml.Node) *time.Location {
	name := r.text(n, "timezone")
	if name == "" {
		return time.UTC
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		r.fail(n, fmt.Sprintf("timezone %q is not known", name), "write it as Europe/Berlin or UTC")
		return time.UTC
	}
	return zone
}

func (r *reader) approvals(n *yaml.Node) Approvals {
	var a Approvals
	r.mapping(n, "approvals", fields{
		"required": func(n *yaml.Node) {
			r.count(n, "required", &a.Required)
			if a.Required > maxApprovals {
				r.fail(n, fmt.Sprintf("required %d is more than %d", a.Required, maxApprovals), "")
			}
		},
		"from": func(n *yaml.Node) {
			names := make([]string, len(diff.Hazards))
			for i, h := range diff.Hazards {
				names[i] = string(h)
			}
			a.From = diff.Hazard(r.oneOf(n, "from", "hazard", names))
		},
	})
	if a.Required == 0 && n.Kind == yaml.MappingNode && len(r.errs) == 0 {
		r.fail(n, "approvals says not how many are required", "add `required: 1`")
	}
	return a
}

// oneOf reads a text that is one of some names.
func (r *reader) oneOf(n *yaml.Node, what, kind string, names []string) string {
	text := r.text(n, what)
	for _, name := range names {
		if text == name {
			return text
		}
	}
	if text != "" {
		r.add(&errs.Invalid{
			Pos: r.pos(n), Msg: fmt.Sprintf("%s %q is no %s", what, text, kind),
			Near: near.Name(text, names), Next: "there are " + join(names),
		})
	}
	return ""
}
