package lint

import "fmt"

var tenantWithoutColumn = Rule{
	Code: "VS902", Name: "multi-tenant keyspace without a tenant column", Severity: Warning,
	Check: func(f *Facts) []Finding {
		var out []Finding
		for _, ks := range f.keyspaces() {
			spec := f.srv.Keyspaces[ks].GetMultiTenantSpec()
			if spec == nil || spec.GetTenantIdColumnName() != "" {
				continue
			}
			out = append(out, Finding{
				Keyspace: ks,
				Path:     []string{"multi_tenant_spec", "tenant_id_column_name"},
				Message:  fmt.Sprintf("multi_tenant_spec of keyspace %s names no tenant_id_column_name", ks),
				Harm:     "the VSchema loads, and a multi-tenant MoveTables into the keyspace is refused: \"tenant column name not defined in multi-tenant spec\"",
				Next:     "set tenant_id_column_name and tenant_id_column_type, or take multi_tenant_spec out",
			})
		}
		return out
	},
}
