package vtgate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// maxPage bounds what is read of a page.
const maxPage = 64 << 20

// maxReason bounds what is read of a page that says why it is denied.
const maxReason = 200

// refusedError says that a vtgate answered and would not show a page, or not
// in a form that can be read. Every other error of get is silence.
type refusedError struct{ reason string }

func (e *refusedError) Error() string { return e.reason }

// Refused tells whether a vtgate answered and would not show a page, or not in a
// form that can be read. Every other error of a page is silence.
func Refused(err error) bool {
	var refused *refusedError
	return errors.As(err, &refused)
}

// get reads one status page of at most limit bytes.
func get(ctx context.Context, client *http.Client, address, path string, limit int64) ([]byte, error) {
	page, err := open(ctx, client, address, path)
	if err != nil {
		return nil, err
	}
	defer page.Close()
	body, err := io.ReadAll(io.LimitReader(page, limit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("get %s: %w", path, silence(ctx, err))
	case int64(len(body)) > limit:
		return nil, tooLarge(path, limit)
	}
	return body, nil
}

// open begins to read one status page.
func open(ctx context.Context, client *http.Client, address, path string) (io.ReadCloser, error) {
	page := url.URL{Scheme: "http", Host: address, Path: path}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, page.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", path, err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", path, silence(ctx, err))
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden && resp.StatusCode != http.StatusUnauthorized {
		return nil, &refusedError{fmt.Sprintf("get %s: %s", path, resp.Status)}
	}
	why, err := io.ReadAll(io.LimitReader(resp.Body, maxReason))
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", path, silence(ctx, err))
	}
	return nil, &refusedError{fmt.Sprintf("get %s: access denied: %s", path, firstLine(why))}
}

func tooLarge(path string, limit int64) error {
	return &refusedError{fmt.Sprintf("get %s: it is larger than %d bytes", path, limit)}
}

// errNoAnswer is a deadline that passed, in the same words for all ports.
var errNoAnswer = errors.New("no answer in time")

// NoAnswer tells that a vtgate did not answer within the time that it is given.
func NoAnswer(err error) bool { return errors.Is(err, errNoAnswer) }

// silence gives the cause of a failed call without the URL around it.
func silence(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errNoAnswer
	}
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func firstLine(body []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(body)), "\n")
	return line
}
