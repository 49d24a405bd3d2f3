package queries

import (
	"bufio"
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
)

// reader takes in a source of one form.
type reader func(s *source, in *bufio.Reader) error

// detect tells a source's form by how it begins; nil where it is none.
func detect(start []byte) reader {
	text := bytes.TrimSpace(start)
	if len(text) == 0 {
		return readSQL
	}
	if text[0] == '{' {
		return detectJSON(text)
	}
	// A log that was cut to size begins in the middle of a line.
	for i, line := range bytes.SplitN(text, []byte("\n"), 20) {
		line = bytes.TrimSuffix(line, []byte("\r"))
		switch {
		case isTextLog(line):
			return readTextLog
		case bytes.HasPrefix(line, []byte(`{"Method": `)) && i > 0:
			return readJSONLog
		case digestHeader.Match(line):
			return refuseDigest
		case slowHeader.Match(withoutStamp(line)):
			return readSlowLog
		case generalEntry.Match(line):
			return readGeneralLog
		}
	}
	if isSQL(string(text)) {
		return readSQL
	}
	return nil
}

// isTextLog looks for the two times of a line of vtgate's log.
func isTextLog(line []byte) bool {
	fields := bytes.Split(line, []byte("\t"))
	for i := 0; i+7 < len(fields); i++ {
		if logTime.Match(fields[i]) && logTime.Match(fields[i+1]) {
			return true
		}
	}
	return false
}

var logTime = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$`)

// detectJSON looks at the first keys of a JSON document.
func detectJSON(text []byte) reader {
	dec := json.NewDecoder(bytes.NewReader(text))
	if _, err := dec.Token(); err != nil {
		return nil
	}
	for first := true; ; first = false {
		token, err := dec.Token()
		key, isKey := token.(string)
		switch {
		case err == nil && !isKey && first:
			// An empty cache is a cache too.
			return readPlans
		case err != nil || !isKey:
			return nil
		}
		switch key {
		case "format":
			return readFile
		case "queries":
			return detectQueries(dec)
		case "failed":
			return readKeys
		case "Method", "SQL", "StmtType", "ActiveKeyspace", "TabletType", "BindVars", "SessionUUID":
			return readJSONLog
		case "OriginalSQL":
			// The log of a vttablet.
			return nil
		}
		var value json.RawMessage
		switch err := dec.Decode(&value); {
		case err != nil && first && bytes.Contains(text, []byte(`"QueryType"`)):
			// A plan larger than what is looked at.
			return readPlans
		case err != nil:
			return nil
		case isPlan(value):
			return readPlans
		case value[0] == '{' || value[0] == '[':
			return nil
		}
	}
}

func isPlan(value []byte) bool {
	var plan struct {
		Type, QueryType, Original *string
	}
	return json.Unmarshal(value, &plan) == nil && (plan.QueryType != nil || plan.Type != nil || plan.Original != nil)
}

// detectQueries tells vt's list of queries from vtsync's own.
func detectQueries(dec *json.Decoder) reader {
	for range 4 {
		token, err := dec.Token()
		if err != nil {
			break
		}
		if key, ok := token.(string); ok {
			switch key {
			case "queryStructure", "usageCount", "lineNumbers", "query", "lineNumber", "failed":
				return readKeys
			}
			return readFile
		}
	}
	return readFile
}

// isSQL looks at the first word.
func isSQL(text string) bool {
	for {
		text = leading(text)
		if !strings.HasPrefix(text, "--") {
			break
		}
		_, text, _ = strings.Cut(text, "\n")
	}
	if text == "" || strings.HasPrefix(text, "/*") {
		return true
	}
	word := strings.ToLower(firstWord(text))
	return word != "" && (sqlWords[word] || words[word] != "")
}

var sqlWords = map[string]bool{
	"select": true, "insert": true, "replace": true, "update": true, "delete": true, "with": true, "values": true,
	"table": true, "stream": true, "vstream": true, "create": true, "alter": true, "drop": true, "truncate": true, "rename": true,
	"set": true, "use": true, "show": true, "explain": true, "describe": true, "desc": true, "delimiter": true, "lock": true,
	"unlock": true, "rollback": true, "savepoint": true, "release": true, "grant": true, "revoke": true, "flush": true,
	"analyze": true, "optimize": true, "repair": true, "kill": true, "revert": true,
}
