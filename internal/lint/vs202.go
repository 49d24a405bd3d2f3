package lint

import "fmt"

var undefinedVindex = Rule{
	Code: "VS202", Name: "column vindex that is not defined", Severity: Error, Whole: true,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachColumnVindex(func(use columnVindex) {
			vs := f.srv.Keyspaces[use.ks]
			if _, ok := vs.Vindexes[use.cv.GetName()]; ok {
				return
			}
			finding := use.finding("name")
			finding.Message = fmt.Sprintf("table %s names vindex %s, which keyspace %s does not define", use.table, use.cv.GetName(), use.ks)
			finding.Near = f.nearest(use.cv.GetName(), sortedKeys(vs.Vindexes))
			finding.Harm = stopsBuild(use.ks)
			finding.Next = fmt.Sprintf("define the vindex in keyspace %s, or name one that is", use.ks)
			out = append(out, finding)
		})
		return out
	},
}
