package jackfield

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"jackfield.dev/jackfield/internal/strict"
	"jackfield.dev/jackfield/internal/wire"
)

// Request builds a request. The host adds the tenant's credentials for the origin, so an adapter sets no authorization
// header. Nothing happens until it is sent.
//
// An error while building it is returned by [Request.Send], so that the methods can be chained.
type Request struct {
	host    *Host
	wire    wire.Request
	judge   func(*Response) error
	sign    func(Unsigned) (map[string]string, error)
	problem error
}

// Unsigned is a request that is complete, as [Request.Sign] sees it: all as it is sent.
type Unsigned struct {
	Method string
	// Path is percent-encoded; "/" if the URL has none.
	Path string
	// Query is encoded, without "?"; empty if there is none.
	Query string
	Body  []byte
}

// Get begins a GET of a resource: a base URL as the host passes settings, without a trailing slash, and path segments,
// which are percent-encoded, so that an id with a slash, a space or Hindi letters stays one segment. A segment that is
// empty, "." or ".." is refused as a [Rejected]: URL parsers resolve it even if it is encoded, so the request would go
// to another resource.
func (h *Host) Get(base string, segments ...string) *Request {
	return h.Request("GET", base, segments...)
}

// Post begins a POST; see [Host.Get] for the URL.
func (h *Host) Post(base string, segments ...string) *Request {
	return h.Request("POST", base, segments...)
}

// Put begins a PUT; see [Host.Get] for the URL.
func (h *Host) Put(base string, segments ...string) *Request {
	return h.Request("PUT", base, segments...)
}

// Patch begins a PATCH; see [Host.Get] for the URL.
func (h *Host) Patch(base string, segments ...string) *Request {
	return h.Request("PATCH", base, segments...)
}

// Request begins a request with any of the methods GET, POST, PUT, PATCH, DELETE and HEAD; see [Host.Get] for the URL.
func (h *Host) Request(method, base string, segments ...string) *Request {
	joined, err := Join(base, segments...)
	return &Request{host: h, wire: wire.Request{Method: method, URL: joined}, problem: err}
}

// Join returns the URL of a resource, as [Host.Get] builds it.
func Join(base string, segments ...string) (string, error) {
	var joined strings.Builder
	joined.WriteString(base)
	for _, segment := range segments {
		if segment == "" || segment == "." || segment == ".." {
			return "", Reject("bad-id", "an id that is empty, `.` or `..` cannot stand in a URL of the CRM")
		}
		joined.WriteByte('/')
		for _, b := range []byte(segment) {
			if unreserved(b) {
				joined.WriteByte(b)
			} else {
				const digits = "0123456789ABCDEF"
				joined.Write([]byte{'%', digits[b>>4], digits[b&15]})
			}
		}
	}
	return joined.String(), nil
}

// unreserved reports whether RFC 3986 lets the byte stand without encoding.
func unreserved(b byte) bool {
	letter := 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
	return letter || '0' <= b && b <= '9' || strings.IndexByte("-._~", b) >= 0
}

// Header adds a header.
func (r *Request) Header(name, value string) *Request {
	r.wire.Headers = append(r.wire.Headers, wire.Header{Name: name, Value: value})
	return r
}

// Query adds parameters to the URL, form-encoded, in the order of their names.
func (r *Request) Query(parameters url.Values) *Request {
	joint := "?"
	if strings.Contains(r.wire.URL, "?") {
		joint = "&"
	}
	r.wire.URL += joint + parameters.Encode()
	return r
}

// JSON sets a JSON body and its content type.
func (r *Request) JSON(value any) *Request {
	body, err := json.Marshal(value)
	if err != nil && r.problem == nil {
		r.problem = Reject("bad-request", "the adapter made a body that JSON cannot say").Field("body", err.Error())
	}
	return r.Bytes("application/json", body)
}

// Form sets a form body, application/x-www-form-urlencoded in UTF-8.
func (r *Request) Form(parameters url.Values) *Request {
	return r.Bytes("application/x-www-form-urlencoded", []byte(parameters.Encode()))
}

// Bytes sets a body of at most 1 MiB and its content type.
func (r *Request) Bytes(contentType string, body []byte) *Request {
	r.wire.Body = body
	return r.Header("content-type", contentType)
}

// Judge sets a function that sees the answer before the SDK judges its status, whatever it is: an error inside a 200, a
// 403 that refuses a single field, a 409 of a record that moved. Its error is what Send and Fetch return; it returns nil
// for an answer that it leaves to [Response.AcceptOr].
//
//	moved := func(answer *jackfield.Response) error {
//		if answer.Status() == 409 {
//			return jackfield.Conflict("the revision moved")
//		}
//		return nil
//	}
//	err := host.Put(base, "notes", id).JSON(note).Judge(moved).Fetch(&saved)
func (r *Request) Judge(judge func(*Response) error) *Request {
	r.judge = judge
	return r
}

// Sign sets a function that signs the request when it is sent: it sees the request complete, and returns the headers to
// add, or why the request cannot be signed, which Send then returns.
//
//	signed := func(it jackfield.Unsigned) (map[string]string, error) {
//		text := it.Method + "\n" + it.Path + "\n" + it.Query + "\n" + string(it.Body)
//		tag, err := host.HMACSHA256("signing", []byte(text))
//		return map[string]string{"x-signature": hex.EncodeToString(tag)}, err
//	}
//	err := host.Put(base, "notes", id).JSON(note).Sign(signed).Fetch(&saved)
func (r *Request) Sign(sign func(Unsigned) (map[string]string, error)) *Request {
	r.sign = sign
	return r
}

// signed adds the headers of the signature, in the order of their names.
func (r *Request) signed() error {
	if r.sign == nil {
		return nil
	}
	_, rest, _ := strings.Cut(r.wire.URL, "://")
	rest, _, _ = strings.Cut(rest, "#")
	place, query, _ := strings.Cut(rest, "?")
	path := "/"
	if at := strings.IndexByte(place, '/'); at >= 0 {
		path = place[at:]
	}
	headers, err := r.sign(Unsigned{Method: r.wire.Method, Path: path, Query: query, Body: r.wire.Body})
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		r.Header(name, headers[name])
	}
	return nil
}

// Send sends the request and waits for the answer, whatever its status. The error is [ErrUnavailable] if nothing was
// sent and [ErrUnknown] if no complete answer came, each with the host's reason, or that of [Request.Judge].
func (r *Request) Send() (*Response, error) {
	if r.problem != nil {
		return nil, r.problem
	}
	if err := r.signed(); err != nil {
		return nil, err
	}
	answer, failed := r.host.imports.Send(r.wire)
	if failed != nil {
		r.host.Log(LevelWarn, "no answer from the CRM", "what", failed.Words(), "reason", failed.Reason)
		reason := failed.Words() + ": " + failed.Reason
		if failed.Case == wire.Denied || failed.Case == wire.Unreachable {
			return nil, Unavailable(reason)
		}
		return nil, Unknown(reason)
	}
	response := &Response{host: r.host, wire: answer}
	if r.judge != nil {
		if err := r.judge(response); err != nil {
			return nil, err
		}
	}
	return response, nil
}

// Fetch sends the request, checks that the status is 2xx and reads the JSON: Send, Accept and JSON in one.
func (r *Request) Fetch(into any) error {
	return r.FetchOr(nil, into)
}

// FetchOr is [Request.Fetch] with the CRM's own reason for a refusal; see [Response.AcceptOr].
func (r *Request) FetchOr(explain func(*Response) *Rejected, into any) error {
	answer, err := r.Send()
	if err != nil {
		return err
	}
	if err := answer.AcceptOr(explain); err != nil {
		return err
	}
	return answer.JSON(into)
}

// Response is a complete answer of the CRM.
type Response struct {
	host *Host
	wire *wire.Response
}

// Status is the HTTP status code.
func (r *Response) Status() int {
	return int(r.wire.Status)
}

// Header returns the first header of that name, ignoring case; empty if there is none.
func (r *Response) Header(name string) string {
	for _, header := range r.wire.Headers {
		if strings.EqualFold(header.Name, name) {
			return header.Value
		}
	}
	return ""
}

// Bytes returns the body as the CRM sent it.
func (r *Response) Bytes() []byte {
	return r.wire.Body
}

// Text returns the body as text. The error is [ErrUnknown] if it is not UTF-8, since a broken answer does not say
// whether the request was carried out.
func (r *Response) Text() (string, error) {
	if !utf8.Valid(r.wire.Body) {
		return "", r.Unreadable("not UTF-8")
	}
	return string(r.wire.Body), nil
}

// JSON reads the body into the value that `into` points to, as encoding/json does but strictly: a field must be present
// and not null, unless it is a pointer or an interface, or its tag says omitempty. A number that is read into an
// interface is a json.Number, which keeps its digits. The error is [ErrUnknown] with the position of the mistake, but
// not the text, which may be personal.
func (r *Response) JSON(into any) error {
	if !utf8.Valid(r.wire.Body) {
		return r.Unreadable("not UTF-8")
	}
	if why := strict.Unmarshal(r.wire.Body, into); why != "" {
		return r.Unreadable(why)
	}
	return nil
}

// Unreadable logs that an answer cannot be read and returns [ErrUnknown] with the reason. It is for formats that the SDK
// does not read itself. Do not quote the answer, which may contain personal data.
func (r *Response) Unreadable(why string) error {
	status := strconv.Itoa(r.Status())
	r.host.Log(LevelWarn, "the CRM's answer cannot be read", "status", status, "why", why)
	return Unknown("the CRM's answer with status " + status + " cannot be read: " + why)
}

// Accept returns nil if the status is 2xx, and otherwise the failure that the status means; a [Rejected] names the
// status only.
//
//	401, 403                 ErrUnauthorized
//	404                      ErrNotFound
//	408                      ErrUnknown: the CRM gave up waiting, perhaps after acting on the request
//	412                      ErrConflict: the record moved since it was read, and nothing was written
//	429                      RateLimited, with Retry-After if it is a number of seconds
//	other 4xx                Rejected
//	503                      ErrUnavailable
//	1xx, 3xx, other 5xx      ErrUnknown: a redirect is not followed, and old CRMs redirect after a write
//
// If your CRM uses a status differently, or reports errors inside a 200, see [Request.Judge].
func (r *Response) Accept() error {
	return r.AcceptOr(nil)
}

// AcceptOr is [Response.Accept] with the CRM's own reason: for a 4xx that refuses the request, explain reads the CRM's
// code, message and fields from the body, which a person sees in review. If explain is nil or returns nil, the
// rejection names the status.
func (r *Response) AcceptOr(explain func(*Response) *Rejected) error {
	status := r.Status()
	answered := "the CRM answered " + strconv.Itoa(status)
	switch {
	case 200 <= status && status <= 299:
		return nil
	case status == 401 || status == 403:
		return Unauthorized(answered)
	case status == 404:
		return ErrNotFound
	case status == 412:
		return Conflict(answered)
	case status == 429:
		return &RateLimited{RetryAfter: r.retryAfter()}
	case status == 408 || status < 400 || status > 499 && status != 503:
		return Unknown(answered)
	case status == 503:
		return Unavailable(answered)
	}
	if explain != nil {
		if rejected := explain(r); rejected != nil {
			return rejected
		}
	}
	return Reject("http-"+strconv.Itoa(status), "the CRM refused the request and did not say why")
}

func (r *Response) retryAfter() *uint32 {
	seconds, err := strconv.ParseUint(strings.TrimSpace(r.Header("retry-after")), 10, 32)
	if err != nil {
		return nil
	}
	delay := uint32(seconds)
	return &delay
}
