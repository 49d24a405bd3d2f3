package fileschema

// configSchema is that of vtsync.yaml. A test holds it against its reader.
func configSchema() object {
	tls := closed("TLS with client certificates.", object{
		"cert": text("The client's certificate; it goes with key."),
		"key":  text("Its key."),
		"ca":   text("The authority that the server's certificate is checked against."),
	})
	tls["dependentRequired"] = object{"cert": []string{"key"}, "key": []string{"cert"}}
	return with(closed("Which clusters there are, and how each is reached and changed.", object{
		"clusters": object{
			"type": "object", "description": "The clusters, by name.",
			"additionalProperties": object{"$ref": "#/$defs/cluster"},
		},
		"lint": closed("What lint is told.", object{
			"ignore": list("Findings that are known and do not count, each for a reason.", object{"$ref": "#/$defs/ignore"}),
		}),
	}), "$defs", object{
		"cluster": clusterSchema(),
		"vtgate":  vtgateSchema(),
		"tls":     tls,
		"ignore": closed("A suppression.", object{
			"rule":   text("The code of a rule, such as VS301."),
			"path":   text("A pattern of files from the folder of this one, such as keyspaces/customer/**."),
			"reason": text("Why, and until when."),
		}),
	})
}

func clusterSchema() object {
	return with(closed("One Vitess cluster and the files that it follows.", object{
		"path":     text("The folder that holds keyspaces/, from the folder of this file."),
		"topo":     text("The global topo: etcd2://HOST:PORT[,HOST:PORT]/ROOT."),
		"topo_tls": object{"$ref": "#/$defs/tls"},
		"backend": object{
			"enum":        []string{"topo", "vtctld"},
			"description": "How the cluster is written: topo by compare-and-swap, or vtctld, by check-then-write, where topo is out of reach.",
		},
		"state":   text("The file that holds vtsync's records where the backend is vtctld, from the folder of this file."),
		"vtgates": list("The vtgates that must serve a change.", object{"$ref": "#/$defs/vtgate"}),
		"vtctld":  vtctldSchema(),
		"cells": closed("What is said of cells.", object{
			"ignore": list("Decommissioned cells: neither written nor waited for.", text("A cell.")),
		}),
		"policy":       policySchema(),
		"vindex_types": list("Types of vindexes that the vtgates have and vtsync cannot construct.", text("A type.")),
	}), "oneOf", []object{
		{"required": []string{"topo"}, "properties": object{"backend": object{"const": "topo"}}},
		{"required": []string{"backend", "vtctld", "state"}, "properties": object{"backend": object{"const": "vtctld"}}},
	})
}

func policySchema() object {
	return closed("What bounds a change.", object{
		"timeout":         text("How long the planes may take to serve a change before the rollout parks, such as 60s."),
		"max_cell_bytes":  object{"type": "integer", "minimum": 1, "description": "The largest SrvVSchema that a plan may lead to."},
		"wait":            text("How long a rollout waits for migrations, workflows and freeze windows, such as 1h."),
		"breaker_percent": object{"type": "number", "exclusiveMinimum": 0, "maximum": 100, "description": "How many of a keyspace's serving shards may report a failed migration before a rollout stops."},
		"freeze": list("Windows in which nothing is begun.", closed("A freeze window: cron and for, or from and to.", object{
			"cron":     text("When it begins, as cron has it, such as 0 17 * * 5."),
			"for":      text("How long it lasts, such as 63h."),
			"from":     text("When it begins, such as 2026-12-20."),
			"to":       text("When it ends."),
			"timezone": text("The timezone of its times, such as Europe/Berlin; UTC where none is named."),
			"reason":   text("Why."),
		})),
		"approvals": closed("The people that a plan needs.", object{
			"required": object{"type": "integer", "minimum": 1, "description": "How many people must approve."},
			"from":     text("The mildest hazard of a plan that needs them."),
		}),
		"impact": closed("What a plan may do to the known queries.", object{
			"breaks":         action("Queries lose their plan."),
			"new_scatter":    action("Queries begin to ask all shards of a keyspace."),
			"unjudged":       action("Fewer than half of the executions can be judged."),
			"dearer_percent": object{"type": "number", "minimum": 0, "maximum": 100, "description": "The largest share of the executions that may become dearer; no limit where it is left out."},
		}),
	})
}

func vtctldSchema() object {
	return object{
		"description":          "The cluster's vtctld: HOST:PORT of its gRPC server, or a mapping that says more.",
		"type":                 []string{"string", "object"},
		"minLength":            1,
		"required":             []string{"address"},
		"additionalProperties": false,
		"properties": object{
			"address":      text("HOST:PORT of its gRPC server."),
			"user":         text("The user of static authentication."),
			"password_env": text("The environment variable that holds the password."),
			"tls":          object{"$ref": "#/$defs/tls"},
		},
	}
}

func vtgateSchema() object {
	port := object{"type": []string{"string", "integer"}, "minLength": 1}
	return object{
		"description": "A vtgate: HOST:PORT of its web pages, or a mapping that says more.",
		"type":        []string{"string", "object"},
		"minLength":   1,
		"properties": object{
			"address":      with(port, "description", "HOST:PORT of its web pages."),
			"mysql":        with(port, "description", "The port of its MySQL protocol."),
			"grpc":         with(port, "description", "The port of its gRPC."),
			"cell":         with(port, "description", "Its cell, where it does not say."),
			"user":         text("The MySQL user."),
			"password_env": text("The environment variable that holds the password."),
			"tls":          object{"$ref": "#/$defs/tls"},
		},
		"required":             []string{"address"},
		"additionalProperties": false,
	}
}

// closed is a mapping that has no other keys.
func closed(description string, properties object) object {
	return object{"type": "object", "description": description, "properties": properties, "additionalProperties": false}
}

func text(description string) object {
	return object{"type": "string", "minLength": 1, "description": description}
}

func action(description string) object {
	return object{"type": "string", "enum": []string{"deny", "allow"}, "description": description}
}

func list(description string, items object) object {
	return object{"type": "array", "description": description, "items": items}
}

// with gives a copy of the schema with one more key.
func with(schema object, key string, value any) object {
	out := object{key: value}
	for k, v := range schema {
		out[k] = v
	}
	return out
}
