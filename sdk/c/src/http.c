/* One request, one answer, and what each answer means for the host. */
#include "internal.h"

bool jf_url(jf_str *url, jf_failure *failure, jf_str base, const jf_str *segments, size_t count) {
    jf_text text = {0};
    jf_add(&text, base);
    for (size_t i = 0; i < count; i++) {
        jf_str segment = segments[i];
        if (segment.len == 0 || jf_is(segment, ".") || jf_is(segment, "..")) {
            return jf_reject(failure, JF_STR("bad-id"),
                             JF_STR("an id that is empty, `.` or `..` cannot stand in a URL of the CRM"));
        }
        jf_add_char(&text, '/');
        jf_add(&text, jf_path_encode(segment));
    }
    *url = jf_text_str(&text);
    return true;
}

jf_request *jf_request_new(const char *method, jf_str url) {
    jf_request *request = jf_alloc(sizeof *request);
    request->method = jf_copy(jf_str_of(method)).ptr;
    request->url = jf_copy(url);
    return request;
}

jf_request *jf_get(jf_str url) {
    return jf_request_new("GET", url);
}

jf_request *jf_post(jf_str url) {
    return jf_request_new("POST", url);
}

jf_request *jf_put(jf_str url) {
    return jf_request_new("PUT", url);
}

jf_request *jf_patch(jf_str url) {
    return jf_request_new("PATCH", url);
}

void jf_header(jf_request *request, const char *name, jf_str value) {
    struct jf_header *added =
        jf_list_add((void **)&request->headers, &request->header_count, sizeof *request->headers);
    *added = (struct jf_header){jf_copy(jf_str_of(name)), jf_copy(value)};
}

static void add_pair(jf_text *text, jf_str name, jf_str value) {
    jf_add(text, jf_form_encode(name));
    jf_add_char(text, '=');
    jf_add(text, jf_form_encode(value));
}

void jf_query(jf_request *request, const char *name, jf_str value) {
    jf_query_pair(request, jf_str_of(name), value);
}

void jf_query_pair(jf_request *request, jf_str name, jf_str value) {
    jf_text url = {0};
    jf_str path;
    jf_str query;
    jf_add(&url, request->url);
    jf_add_char(&url, jf_split(request->url, '?', &path, &query) ? '&' : '?');
    add_pair(&url, name, value);
    request->url = jf_text_str(&url);
}

void jf_form(jf_request *request, const char *name, jf_str value) {
    jf_form_pair(request, jf_str_of(name), value);
}

void jf_form_pair(jf_request *request, jf_str name, jf_str value) {
    if (!request->has_form) {
        request->has_form = true;
        jf_header(request, "content-type", JF_STR("application/x-www-form-urlencoded"));
    } else {
        jf_add_char(&request->form, '&');
    }
    add_pair(&request->form, name, value);
}

void jf_body(jf_request *request, const char *content_type, jf_str bytes) {
    if (request->has_form) {
        jf_panic("a request has one body: jf_form or jf_body, not both");
    }
    request->body = jf_copy(bytes);
    jf_header(request, "content-type", jf_str_of(content_type));
}

void jf_sign(jf_request *request, jf_signer *sign) {
    request->sign = sign;
}

const char *jf_request_method(const jf_request *request) {
    return request->method;
}

/* Path and query of the URL, with the `?` between them. */
static jf_str target(const jf_request *request) {
    jf_str rest;
    jf_str fragment;
    (void)jf_split(request->url, '#', &rest, &fragment);
    size_t at = 0;
    /* Behind the scheme's `//`, up to the next `/` or `?`. */
    while (at + 1 < rest.len && !(rest.ptr[at] == '/' && rest.ptr[at + 1] == '/')) {
        at++;
    }
    at += 2;
    while (at < rest.len && rest.ptr[at] != '/' && rest.ptr[at] != '?') {
        at++;
    }
    return jf_slice(rest, at, rest.len);
}

jf_str jf_request_path(const jf_request *request) {
    jf_str path;
    jf_str query;
    (void)jf_split(target(request), '?', &path, &query);
    return path.len == 0 ? JF_STR("/") : path;
}

jf_str jf_request_query(const jf_request *request) {
    jf_str path;
    jf_str query;
    return jf_split(target(request), '?', &path, &query) ? query : JF_STR("");
}

jf_str jf_request_body(const jf_request *request) {
    return request->has_form ? jf_text_str(&request->form) : jf_has(request->body) ? request->body : JF_STR("");
}

bool jf_send(jf_request *request, jf_response *response, jf_failure *failure) {
    request->body = jf_request_body(request);
    if (request->sign != NULL && !request->sign(request, failure)) {
        return false;
    }
    jf_transport_error error = {0};
    if (jf_host_send(request, response, &error)) {
        return true;
    }
    static const char *const words[] = {"denied", "unreachable", "no-answer", "too-large"};
    const char *what = words[error.kind];
    JF_LOG(JF_WARN, "no answer from the CRM", {"what", jf_str_of(what)}, {"reason", error.reason});
    bool sent = error.kind == JF_NO_REPLY || error.kind == JF_TOO_LARGE;
    jf_str reason = jf_format("%s: " JF_FMT, what, JF_ARG(error.reason));
    return jf_fail_because(failure, sent ? JF_UNKNOWN : JF_UNAVAILABLE, reason);
}

jf_str jf_response_header(const jf_response *response, const char *name) {
    for (size_t i = 0; i < response->header_count; i++) {
        if (jf_is_nocase(response->headers[i].name, name)) {
            return response->headers[i].value;
        }
    }
    return JF_NONE;
}

bool jf_unreadable(const jf_response *response, const char *why, jf_failure *failure) {
    unsigned status = response->status;
    JF_LOG(JF_WARN, "the CRM's answer cannot be read", {"status", jf_format("%u", status)}, {"why", jf_str_of(why)});
    jf_str reason = jf_format("the CRM's answer with status %u cannot be read: %s", status, why);
    return jf_fail_because(failure, JF_UNKNOWN, reason);
}

bool jf_response_text(const jf_response *response, jf_str *text, jf_failure *failure) {
    if (!jf_is_utf8(response->body)) {
        return jf_unreadable(response, "not UTF-8", failure);
    }
    *text = response->body;
    return true;
}

static bool rate_limited(const jf_response *response, jf_failure *failure) {
    jf_str delay = jf_trim(jf_response_header(response, "retry-after"));
    int64_t seconds = 0;
    if (jf_is_digits(delay) && jf_integer(delay, &seconds) && seconds <= UINT32_MAX) {
        return jf_fail_rate_limited(failure, (uint32_t)seconds);
    }
    return jf_fail(failure, JF_RATE_LIMITED);
}

bool jf_accept(const jf_response *response, jf_failure *failure) {
    return jf_accept_or(response, NULL, failure);
}

bool jf_accept_or(const jf_response *response, jf_explain *explain, jf_failure *failure) {
    uint16_t status = response->status;
    if (status >= 200 && status <= 299) {
        return true;
    }
    jf_str answered = jf_format("the CRM answered %u", (unsigned)status);
    if (status == 401 || status == 403) {
        return jf_fail_because(failure, JF_UNAUTHORIZED, answered);
    }
    if (status == 404) {
        return jf_fail(failure, JF_NOT_FOUND);
    }
    if (status == 412) {
        return jf_fail_because(failure, JF_CONFLICT, answered);
    }
    if (status == 429) {
        return rate_limited(response, failure);
    }
    if (status >= 400 && status <= 499 && status != 408) {
        *failure = (jf_failure){0};
        if (explain != NULL) {
            explain(response, failure);
        }
        if (failure->kind != JF_REJECTED) {
            (void)jf_reject(failure, jf_format("http-%u", (unsigned)status),
                            JF_STR("the CRM refused the request and did not say why"));
        }
        return false;
    }
    return jf_fail_because(failure, status == 503 ? JF_UNAVAILABLE : JF_UNKNOWN, answered);
}

bool jf_judge(const jf_response *response, jf_explain *judge, jf_failure *failure) {
    *failure = (jf_failure){0};
    judge(response, failure);
    return failure->kind == JF_NO_FAILURE;
}
