package vtgate

import (
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/near"
)

// Target is where one vtgate is and how to talk to it.
type Target struct {
	// HTTP is the address of its status pages, host:port. It names the
	// vtgate everywhere.
	HTTP string
	// MySQL and GRPC are its other ports on the same host; 0 takes the one
	// of the vtgate's own command line, if it has one.
	MySQL, GRPC int
	// Cell is the cell that it serves in; empty takes the one of its command
	// line.
	Cell string
	// User and Password are used for MySQL and, where User is set, for gRPC.
	User, Password string
	// MySQLTLS and GRPCTLS are nil for plain connections.
	MySQLTLS, GRPCTLS *tls.Config
}

const targetForm = "HOST:PORT[,mysql=PORT][,grpc=PORT][,cell=NAME][,user=NAME]"

var targetKeys = []string{"mysql", "grpc", "cell", "user"}

// ParseTarget reads a target as it is given to --vtgate and in vtsync.yaml:
// HOST:PORT[,mysql=PORT][,grpc=PORT][,cell=NAME][,user=NAME].
func ParseTarget(text string) (Target, error) {
	address, rest, more := strings.Cut(text, ",")
	t := Target{HTTP: strings.TrimSpace(address)}
	if err := checkAddress(t.HTTP); err != nil {
		return Target{}, invalid(text, err.Error(), "")
	}
	if !more {
		return t, nil
	}
	seen := map[string]bool{}
	for option := range strings.SplitSeq(rest, ",") {
		option = strings.TrimSpace(option)
		key, value, ok := strings.Cut(option, "=")
		switch {
		case !ok || value == "":
			return Target{}, invalid(text, fmt.Sprintf("%q is not KEY=VALUE", option), "")
		case seen[key]:
			return Target{}, invalid(text, fmt.Sprintf("%s is given twice", key), "")
		}
		seen[key] = true
		if err := t.set(key, value); err != nil {
			return Target{}, invalid(text, err.Error(), near.Name(key, targetKeys))
		}
	}
	return t, nil
}

func (t *Target) set(key, value string) (err error) {
	switch key {
	case "mysql":
		t.MySQL, err = parsePort(value)
	case "grpc":
		t.GRPC, err = parsePort(value)
	case "cell":
		t.Cell = value
	case "user":
		t.User = value
	default:
		err = fmt.Errorf("unknown key %q", key)
	}
	return err
}

func invalid(text, problem, nearest string) error {
	return &errs.Invalid{
		Msg:  fmt.Sprintf("vtgate target %q: %s", text, problem),
		Near: nearest,
		Next: "give it as " + targetForm,
	}
}

func checkAddress(address string) error {
	if strings.Contains(address, "://") {
		return fmt.Errorf("%q is a URL, want HOST:PORT", address)
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" {
		return fmt.Errorf("%q is not HOST:PORT", address)
	}
	_, err = parsePort(port)
	return err
}

func parsePort(text string) (int, error) {
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		return 0, fmt.Errorf("%q is not a port", text)
	}
	return int(port), nil
}

// address gives host:port of another port of the same vtgate; "" without one.
func (t Target) address(port int) string {
	if port == 0 {
		return ""
	}
	host, _, _ := net.SplitHostPort(t.HTTP) // ParseTarget and New have checked it
	return net.JoinHostPort(host, strconv.Itoa(port))
}
