package desired

// The lint rules that the problems of a file stand under. A file that could
// not be read from disk has no code.
const (
	codeSyntax    = "VS101" // not JSON, not YAML, or a part of YAML that is refused
	codeUnknown   = "VS102" // a field that Vitess would drop
	codeDuplicate = "VS103" // a field or a name that stands there twice
	codeValue     = "VS104" // a value that the field cannot hold
	codeLayout    = "VS105" // a file that is no VSchema, or stands in the wrong place
)
