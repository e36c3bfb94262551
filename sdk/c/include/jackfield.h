/*
 * Jackfield's SDK for adapters in C (C11).
 *
 * You write the functions of the last section (jf_describe, jf_query_status, jf_write_disposition, and the optional
 * ones that your adapter.toml names under `exports`) and call the others. The sandbox offers nothing else: there are no
 * files, sockets, environment variables or threads.
 *
 * Memory. Everything that this SDK and jf_alloc return belongs to the invocation and is released at its end. Do not
 * free it, and do not store it in a static variable: an instance may serve another invocation later. What you pass to a
 * function of this SDK is copied; it need not live any longer.
 *
 * Results (jf_lead_status, jf_receipt, jf_found, jf_lead) are read after your function has returned. So a text in one is
 * the host's, this SDK's or a literal; take jf_copy of a text in an array of your own. One in an array of a function that
 * has returned ends the invocation as a fault that says so.
 *
 * Failures. A function that can fail returns false and writes the reason to its `jf_failure *failure`; return false as
 * well, immediately: `if (!jf_send(request, &response, failure)) return false;`. Do not retry: the host does, by the
 * failure's kind. For a programming error, use jf_panic (or assert): the invocation ends as a fault whose message
 * operators see.
 */
#ifndef JACKFIELD_H
#define JACKFIELD_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JF_PRINTF(format, first) __attribute__((__format__(__printf__, format, first)))
#define JF_MUST_USE __attribute__((__warn_unused_result__))

/* ---- Text ------------------------------------------------------------------------------------------------------- */

/* A piece of text or bytes: `len` bytes from `ptr`, with no NUL at the end. It does not own them. A text whose `ptr` is
 * NULL is absent (see jf_has), which is not the same as empty. Text from the host is UTF-8. It may hold any character,
 * a NUL too, so hand `ptr` to no function that takes a C string (strlen, strcmp, `%s`): it would lose what follows. */
typedef struct {
    const char *ptr;
    size_t len;
} jf_str;

/* A string literal as a jf_str: JF_STR("open"). */
#define JF_STR(literal) ((jf_str){"" literal, sizeof(literal) - 1})
/* An absent text. */
#define JF_NONE ((jf_str){NULL, 0})
/* To print one, whole: jf_format("lead " JF_FMT, JF_ARG(lead_id)). The argument is evaluated once. jf_format, jf_addf and
 * jf_panic know this spelling and print all bytes of the text, also behind a NUL; libc's printf does not know it. */
#define JF_FMT "%-p"
#define JF_ARG(text) ((const void *)(const jf_str[]){text})

/* A C string as a jf_str; absent for NULL. It is not copied. */
jf_str jf_str_of(const char *text);
/* Whether the text is present; it may be empty. */
bool jf_has(jf_str text);
/* Whether the bytes are the same. An absent text equals only another absent one. */
bool jf_eq(jf_str one, jf_str other);
/* Whether the bytes are those of this C string. */
bool jf_is(jf_str text, const char *other);
/* Likewise, ignoring the case of ASCII letters. */
bool jf_is_nocase(jf_str text, const char *other);
bool jf_starts_with(jf_str text, const char *start);
/* The bytes from `from` up to, not including, `to`; both are limited to the text's length. */
jf_str jf_slice(jf_str text, size_t from, size_t to);
/* The text without spaces, tabs, CR and LF at either end. */
jf_str jf_trim(jf_str text);
/* Splits at the first `separator`. Without one, returns false and `before` is the whole text. */
bool jf_split(jf_str text, char separator, jf_str *before, jf_str *after);
/* A whole number: an optional sign and decimal digits, nothing else. False if it is not a number or does not fit. */
bool jf_integer(jf_str text, int64_t *number);
/* Whether the text consists of digits 0 to 9, at least one. */
bool jf_is_digits(jf_str text);
/* Whether it is UTF-8. */
bool jf_is_utf8(jf_str text);
/* The text with U+FFFD in place of bytes that are not UTF-8. */
jf_str jf_utf8_lossy(jf_str text);
/* The length, at most `max`, to which the text can be cut without splitting a UTF-8 character. */
size_t jf_utf8_fit(jf_str text, size_t max);

/* ---- Memory of the invocation ----------------------------------------------------------------------------------- */

/* Zeroed memory until the end of the invocation. Never NULL: if there is none left, the invocation ends as a fault that
 * says so. */
void *jf_alloc(size_t size);
/* A copy that lives until the end of the invocation, followed by a NUL that is not part of its length. */
jf_str jf_copy(jf_str text);
/* Formats as printf does, and JF_FMT, into memory of the invocation; followed by a NUL. `%n`, `%ls` and long doubles
 * are not supported. */
jf_str jf_format(const char *format, ...) JF_PRINTF(1, 2);

/* A text to append to; start with `jf_text text = {0};`. */
typedef struct {
    char *ptr;
    size_t len;
    size_t capacity;
} jf_text;

void jf_add(jf_text *text, jf_str more);
void jf_add_char(jf_text *text, char more);
void jf_addf(jf_text *text, const char *format, ...) JF_PRINTF(2, 3);
/* What was added so far: present, even if empty. Valid until the next addition. */
jf_str jf_text_str(const jf_text *text);

/* ---- Programming errors ----------------------------------------------------------------------------------------- */

/* Ends the invocation as a fault. Operators see the message, with file, line and function: no personal data. */
#define jf_panic(...) jf_panic_at(__FILE__, __LINE__, __func__, __VA_ARGS__)
_Noreturn void jf_panic_at(const char *file, int line, const char *function, const char *format, ...)
    JF_PRINTF(4, 5);

/* ---- Failures --------------------------------------------------------------------------------------------------- */

/* Why an invocation did not succeed. The kind alone decides what the host does next. */
typedef enum {
    /* No failure has been set. */
    JF_NO_FAILURE,
    /* The CRM did not accept the request and nothing was written: down, overloaded, in maintenance. Retried. */
    JF_UNAVAILABLE,
    /* The request was sent and it is not known whether the CRM carried it out: no answer, a broken answer, a 500. The
     * host looks the write up first; without a lookup and idempotent writes, it goes to a person. */
    JF_UNKNOWN,
    /* The CRM asks to slow down. Retried after the delay that it asks for; does not count as an attempt. */
    JF_RATE_LIMITED,
    /* The credentials were refused. The host raises an alert at once. */
    JF_UNAUTHORIZED,
    /* The CRM understood the request and refused it. A person sees code, message and fields. */
    JF_REJECTED,
    /* The CRM does not know the lead. Goes to a person. */
    JF_NOT_FOUND,
    /* The CRM's record moved between reading and writing it, and nothing was written. Read again and try once more
     * first. The host retries within seconds, without counting the attempts. */
    JF_CONFLICT,
} jf_failure_kind;

/* A field that the CRM refused. */
typedef struct {
    jf_str field;
    jf_str message;
} jf_field_error;

/* A failure, filled by the functions below. */
typedef struct {
    jf_failure_kind kind;
    /* JF_UNAVAILABLE, JF_UNKNOWN, JF_UNAUTHORIZED and JF_CONFLICT: a sentence for the operator who looks at the
     * delivery; may be absent. */
    jf_str reason;
    /* JF_RATE_LIMITED: the delay in seconds that the CRM asks for, if any. */
    bool has_retry_after;
    uint32_t retry_after;
    /* JF_REJECTED: */
    jf_str code;
    jf_str message;
    jf_field_error *fields;
    size_t field_count;
} jf_failure;

/* All of these return false, so that `return jf_fail(failure, JF_UNKNOWN);` is a whole line. Their texts are copied. */

/* A failure of a kind without details. */
bool jf_fail(jf_failure *failure, jf_failure_kind kind);
/* A failure of one of the four kinds that have a reason: one sentence, such as `the CRM answered 200 with status E503`,
 * without personal data. The host shows at most 500 bytes of it. */
bool jf_fail_because(jf_failure *failure, jf_failure_kind kind, jf_str reason);
/* Rate-limited, with the delay in seconds that the CRM asks for. */
bool jf_fail_rate_limited(jf_failure *failure, uint32_t seconds);
/* Rejected, with the CRM's code (empty if it has none) and message: no personal data, since operators see them. */
bool jf_reject(jf_failure *failure, jf_str code, jf_str message);
/* Adds a field to a rejection; any other failure becomes a rejection first, with code `rejected`. */
bool jf_reject_field(jf_failure *failure, jf_str field, jf_str message);

/* ---- HTTP ------------------------------------------------------------------------------------------------------- */

/* A request to build and send, in memory of the invocation. The host adds the tenant's credentials: set no
 * `authorization`. */
typedef struct jf_request jf_request;

/* A complete answer. */
typedef struct {
    uint16_t status;
    struct jf_header {
        jf_str name;
        jf_str value;
    } *headers;
    size_t header_count;
    /* As the CRM sent it, at most 2 MiB. Untrusted, perhaps not UTF-8: see jf_response_text. */
    jf_str body;
} jf_response;

/* A URL of a base, as the host passes settings, and path segments, which are percent-encoded, so that an id with a
 * slash or a space stays one segment: JF_URL(&url, failure, base_url, JF_STR("leads"), lead_id). Fails, as a rejection,
 * for a segment that is empty, `.` or `..`, which URL parsers resolve even if it is encoded. */
#define JF_URL(url, failure, base, ...)                                                                               \
    jf_url(url, failure, base, (const jf_str[]){__VA_ARGS__}, sizeof((const jf_str[]){__VA_ARGS__}) / sizeof(jf_str))
JF_MUST_USE bool jf_url(jf_str *url, jf_failure *failure, jf_str base, const jf_str *segments, size_t count);

/* A request with any of the methods GET, POST, PUT, PATCH, DELETE and HEAD to an absolute URL. */
jf_request *jf_request_new(const char *method, jf_str url);
jf_request *jf_get(jf_str url);
jf_request *jf_post(jf_str url);
jf_request *jf_put(jf_str url);
jf_request *jf_patch(jf_str url);

/* Adds a header; its value is visible ASCII and spaces. As everywhere here, the texts are copied. */
void jf_header(jf_request *request, const char *name, jf_str value);
/* Adds a parameter to the URL's query, form-encoded. */
void jf_query(jf_request *request, const char *name, jf_str value);
/* Adds a field to a form body (application/x-www-form-urlencoded, UTF-8). */
void jf_form(jf_request *request, const char *name, jf_str value);
/* The same for names that are not literals, such as an extension's pointer. */
void jf_query_pair(jf_request *request, jf_str name, jf_str value);
void jf_form_pair(jf_request *request, jf_str name, jf_str value);
/* Sets any other body of at most 1 MiB, and its content type; jackfield_json.h has jf_body_json for JSON. */
void jf_body(jf_request *request, const char *content_type, jf_str bytes);

/* Signs a request when it is sent, when it is complete: `sign` reads the parts below and adds headers with jf_header. It
 * returns false and sets the failure if the request cannot be signed.
 *
 *   static bool sign(jf_request *request, jf_failure *failure) {
 *       uint8_t tag[32];
 *       jf_str text = jf_format("%s\n" JF_FMT "\n" JF_FMT "\n" JF_FMT, jf_request_method(request),
 *                               JF_ARG(jf_request_path(request)), JF_ARG(jf_request_query(request)),
 *                               JF_ARG(jf_request_body(request)));
 *       if (!jf_hmac_sha256("signing", text, tag, failure)) return false;
 *       jf_header(request, "x-signature", jf_hex(tag, sizeof tag));
 *       return true;
 *   }
 */
typedef bool jf_signer(jf_request *request, jf_failure *failure);
void jf_sign(jf_request *request, jf_signer *sign);
/* The parts of a request, as they are sent: the path percent-encoded, `/` if the URL has none; the query encoded and
 * without `?`, empty if there is none. */
const char *jf_request_method(const jf_request *request);
jf_str jf_request_path(const jf_request *request);
jf_str jf_request_query(const jf_request *request);
jf_str jf_request_body(const jf_request *request);

/* Sends the request, once, and waits for the answer, whatever its status. Fails as JF_UNAVAILABLE if nothing was sent
 * and JF_UNKNOWN if no complete answer came, each with the host's reason. */
JF_MUST_USE bool jf_send(jf_request *request, jf_response *response, jf_failure *failure);

/* True if the status is 2xx. Otherwise sets the failure that the status means:
 *
 *   401, 403            JF_UNAUTHORIZED
 *   404                 JF_NOT_FOUND
 *   408                 JF_UNKNOWN: the CRM gave up waiting, perhaps after acting on the request
 *   412                 JF_CONFLICT: the record moved since it was read, and nothing was written
 *   429                 JF_RATE_LIMITED, with Retry-After if it is a number of seconds
 *   other 4xx           JF_REJECTED, with what the function passed to jf_accept_or reads
 *   503                 JF_UNAVAILABLE
 *   1xx, 3xx, other 5xx JF_UNKNOWN: a redirect is not followed, and old CRMs redirect after a write
 *
 * If your CRM uses a status differently, or reports errors inside a 200, see jf_judge. */
JF_MUST_USE bool jf_accept(const jf_response *response, jf_failure *failure);
/* Reads the CRM's own reason from a refusal and sets it with jf_reject and jf_reject_field; does nothing if it cannot
 * be read. */
typedef void jf_explain(const jf_response *response, jf_failure *failure);
JF_MUST_USE bool jf_accept_or(const jf_response *response, jf_explain *explain, jf_failure *failure);
/* True unless `judge` sets a failure. It sees every answer before the SDK judges the status: an error inside a 200, a
 * 403 that refuses a single field, a 409 of a record that moved. It does nothing to an answer that it leaves to
 * jf_accept_or, which usually follows:
 *
 *   jf_send(request, &response, failure) && jf_judge(&response, moved, failure) &&
 *       jf_accept_or(&response, explain, failure) */
JF_MUST_USE bool jf_judge(const jf_response *response, jf_explain *judge, jf_failure *failure);

/* The first header of that name, ignoring case; absent if there is none. */
jf_str jf_response_header(const jf_response *response, const char *name);
/* The body as text; jackfield_json.h reads JSON. Fails as JF_UNKNOWN, with a line in the log, if it is not UTF-8. */
JF_MUST_USE bool jf_response_text(const jf_response *response, jf_str *text, jf_failure *failure);
/* Logs that an answer cannot be read and sets JF_UNKNOWN with the reason. `why` must not quote the answer, which may
 * contain personal data. Returns false. */
bool jf_unreadable(const jf_response *response, const char *why, jf_failure *failure);

/* ---- Encodings -------------------------------------------------------------------------------------------------- */

/* Percent-encoded for one segment of a path. */
jf_str jf_path_encode(jf_str text);
/* Encoded as a name or a value of a form. */
jf_str jf_form_encode(jf_str text);
/* Decodes a name or a value of a form; invalid encodings are left as they are. */
jf_str jf_form_decode(jf_str text);
/* The first value of a name in an encoded form, decoded; absent if there is none. */
jf_str jf_form_get(jf_str form, const char *name);
/* Lowercase hex. */
jf_str jf_hex(const uint8_t *bytes, size_t count);
/* A text as a JSON string, with its quotes. */
jf_str jf_json_text(jf_str text);

/* Lines that end in LF or CRLF, one after another: start with `jf_lines lines = {.rest = text};`. */
typedef struct {
    jf_str rest;
    /* The number of the line that was returned last, from 1. */
    size_t number;
} jf_lines;

/* The next line, without its line end; false if there is none left. */
bool jf_next_line(jf_lines *lines, jf_str *line);
/* Splits `KEY=value` at the first `=`. False if there is none, or nothing before it. Nothing is trimmed. */
bool jf_pair(jf_str line, jf_str *key, jf_str *value);

/* ---- Dates, money, phones --------------------------------------------------------------------------------------- */

/* A date and time of day without a zone. */
typedef struct {
    int year;
    int month; /* 1 to 12 */
    int day;   /* 1 to 31 */
    int hour;
    int minute;
    int second;
} jf_datetime;

/* Reads an existing date `YYYY-MM-DD` into year, month and day; does not change the rest. */
bool jf_parse_date(jf_str text, jf_datetime *into);
/* Reads `HH:MM`, 00:00 to 23:59, into hour and minute; does not change the rest. */
bool jf_parse_time(jf_str text, jf_datetime *into);
/* Whether the date and time exist, in the years 0001 to 9999. */
bool jf_is_datetime(const jf_datetime *when);
/* Reads an instant as seconds since 1970; fractions are dropped. It is RFC 3339, such as 2026-07-01T09:01:55.000Z, also
 * with lower-case letters, a blank in place of the T, no seconds, or an offset such as +0530. */
bool jf_parse_instant(jf_str instant, int64_t *seconds);
/* An instant in the contract's one spelling, with the offset that it has: `2026-07-01 14:31+0530` becomes
 * 2026-07-01T14:31:00+05:30. Absent if it is not an instant. */
jf_str jf_rfc3339(jf_str instant);

/* The instant of a local time in a named zone, by the host's time zones, as RFC 3339 with the zone's offset then.
 * `local` is YYYY-MM-DDTHH:MM with optional :SS and up to nine decimals; `zone` is an IANA name such as Asia/Dubai, or
 * UTC.
 *
 * A time that does not exist, because clocks go forward over it, is moved forward by the length of the gap. A time that
 * exists twice, because clocks go back, is the earlier one.
 *
 * Fails as a rejection with the code bad-zone, which names the field timezone, or bad-date, which names the field time. */
JF_MUST_USE bool jf_instant(jf_str local, jf_str zone, jf_str *instant, jf_failure *failure);
/* The local time of an instant in a named zone, as RFC 3339 with the zone's offset. Fails as jf_instant does. */
JF_MUST_USE bool jf_local(jf_str instant, jf_str zone, jf_str *local, jf_failure *failure);
/* Seconds since 1970 as date and time in Indian standard time (UTC+5:30, all year). */
jf_datetime jf_in_ist(int64_t seconds);
/* A time in India as the contract writes instants: 2026-07-01T14:31:55+05:30. */
jf_str jf_rfc3339_ist(const jf_datetime *in_india);
/* Rupees in Indian digit groups: 85,00,000. */
jf_str jf_rupees(int64_t rupees);
/* A telephone number, as CRMs write it, in E.164, such as +919800000000. The host understands brackets, dots, dashes
 * and blanks of every kind, 00 for +, the trunk prefix 0 and digits of other scripts, and knows the numbering plans of the
 * world. A number without a country code is one of the tenant's country. Fails as a rejection with the code bad-phone that
 * names `field`, which is what the CRM calls the number, and tells what is wrong. */
JF_MUST_USE bool jf_phone_e164(jf_str text, const char *field, jf_str *e164, jf_failure *failure);
/* The ten digits of an Indian mobile number in E.164; absent if it is not one. */
jf_str jf_phone_ten_digits(jf_str e164);

/* ---- The host --------------------------------------------------------------------------------------------------- */

/* The value of a setting of the tenant; absent if the tenant's file does not give it. */
jf_str jf_setting(const char *name);
/* A setting that jf_describe declares as required. Fails as a rejection that names it. The host checks settings when a
 * release is made, so that happens only if the adapter uses a setting otherwise than it declares it. */
JF_MUST_USE bool jf_required(const char *name, jf_str *value, jf_failure *failure);
JF_MUST_USE bool jf_required_integer(const char *name, int64_t *value, jf_failure *failure);
JF_MUST_USE bool jf_required_boolean(const char *name, bool *value, jf_failure *failure);

/* HMAC-SHA256 of the bytes, with the key of the tenant's `hmac` credential of that name, which stays in the host. Fails
 * as JF_UNAUTHORIZED if the release has no such credential. */
JF_MUST_USE bool jf_hmac_sha256(const char *credential, jf_str bytes, uint8_t tag[32], jf_failure *failure);

/* The severity of a log line. */
typedef enum { JF_DEBUG, JF_INFO, JF_WARN, JF_ERROR } jf_level;

/* A named value of a log line: ids and classes, never names, numbers or texts of a lead. */
typedef struct {
    const char *name;
    jf_str value;
} jf_field;

/* Writes a line to the host's log, which adds the ids of the invocation. */
void jf_log(jf_level level, const char *message, const jf_field *fields, size_t count);
/* JF_LOG(JF_WARN, "no such stage", {"stage", stage}); */
#define JF_LOG(level, message, ...)                                                                                   \
    jf_log(level, message, (const jf_field[]){__VA_ARGS__}, sizeof((const jf_field[]){__VA_ARGS__}) / sizeof(jf_field))

/* The current time, in seconds since 1970. */
int64_t jf_now(void);

/* ---- Records ---------------------------------------------------------------------------------------------------- */

/* Numbers and flags that may be missing. */
typedef struct { bool has; uint32_t value; } jf_maybe_u32;
typedef struct { bool has; int64_t value; } jf_maybe_i64;
typedef struct { bool has; bool value; } jf_maybe_bool;

/* A field that the contract does not name: a JSON pointer, such as /qualification/floor, and the value as JSON. */
typedef struct {
    jf_str pointer;
    jf_str json;
} jf_extension;

/* Extensions, in order. */
typedef struct {
    jf_extension *items;
    size_t count;
} jf_extensions;

/* Adds one. For plain text, write jf_extend(&list, pointer, jf_json_text(text)). */
void jf_extend(jf_extensions *list, jf_str pointer, jf_str json);

/* How a call ended. */
typedef enum {
    JF_QUALIFIED_VISIT_BOOKED,
    JF_QUALIFIED_NO_VISIT,
    JF_CALLBACK_REQUESTED,
    JF_NOT_INTERESTED_BUDGET,
    JF_NOT_INTERESTED_LOCATION,
    JF_NOT_INTERESTED_TIMELINE,
    JF_ALREADY_PURCHASED,
    JF_WRONG_NUMBER,
    /* The lead asked never to be called again. */
    JF_DNC_REQUESTED,
    JF_NO_ANSWER,
    JF_INVALID_NUMBER,
    JF_DUPLICATE_SUPPRESSED,
    /* An outcome that the contract does not name: see jf_disposition.other_outcome. */
    JF_OTHER_OUTCOME,
} jf_outcome;

/* The word of an outcome, such as `no_answer`; `other` for JF_OTHER_OUTCOME. */
const char *jf_outcome_word(jf_outcome outcome);

/* The structured outcome of one call. A text marked `optional` may be absent, because a call can end at any point. */
typedef struct {
    /* The call's id at the calling platform, unique forever. Not the idempotency key, which may be another text. */
    jf_str call_id;
    jf_str lead_id;
    jf_outcome outcome;
    /* JF_OTHER_OUTCOME: the outcome as the calling platform spelled it, never empty. */
    jf_str other_outcome;
    /* When the host accepted it: RFC 3339 in UTC. The same on every attempt. */
    jf_str accepted_at;
    jf_maybe_u32 duration_seconds;
    jf_str recording_url;  /* optional */
    jf_str transcript_url; /* optional */
    struct {
        jf_maybe_u32 ai_intent_score; /* 0 to 100 */
        jf_maybe_i64 budget_min;      /* whole rupees */
        jf_maybe_i64 budget_max;      /* whole rupees */
        jf_str bhk_preference;        /* optional, such as 3BHK */
        jf_str possession_timeline;   /* optional, such as 18_months */
        jf_maybe_bool loan_required;
        jf_str purchase_intent; /* optional, such as end_use */
        jf_maybe_bool nri_flag;
    } qualification;
    /* Whether a site visit was discussed; then site_visit has what is known about it. */
    bool has_site_visit;
    struct {
        bool booked;
        jf_str date;      /* optional, YYYY-MM-DD */
        jf_str time_slot; /* optional, HH:MM */
        jf_str timezone;  /* optional, such as Asia/Kolkata */
    } site_visit;
    bool dnc_requested;
    bool duplicate_detected;
    jf_str language_used; /* optional, such as hindi */
    jf_extensions extensions;
} jf_disposition;

/* When a booked site visit begins, by jf_instant: RFC 3339 in the visit's own zone, or India's if it names none. Absent
 * if no visit is booked, or its date or time is missing. Fails as a rejection that names the field whose value is not a
 * date, time or zone. */
JF_MUST_USE bool jf_visit_start(const jf_disposition *call, jf_str *starts, jf_failure *failure);

/* The CRM's answer to whether a lead may be called now. */
typedef struct {
    jf_str lead_id;
    bool callable;
    /* The lead's stage in the CRM's terms, lower case. */
    jf_str status;
    bool dnc;
    /* Whether a person of the developer group has spoken to the lead. */
    bool human_contacted;
    /* RFC 3339 with an offset, which the SDK prints anew by jf_rfc3339; absent if it was never called. */
    jf_str last_call_attempt;
    jf_extensions extensions;
} jf_lead_status;

/* Proof that the CRM holds a write. */
typedef struct {
    /* The CRM's own reference, at most 256 bytes, no personal data; empty if it has none. */
    jf_str reference;
} jf_receipt;

/* What a lookup found. */
typedef struct {
    bool found;
    jf_receipt receipt;
} jf_found;

/* How urgently a lead is to be called. */
typedef enum { JF_HIGH, JF_NORMAL, JF_LOW } jf_priority;

/* A lead in the contract's format. Every text but `id` and `phone` may be absent. */
typedef struct {
    jf_str id;
    jf_str phone; /* E.164 */
    jf_str phone_alt;
    jf_str name;
    jf_str source;
    jf_str campaign_id;
    jf_str project_interest;
    jf_str project_id;
    jf_str language_preference;
    jf_str created_at; /* RFC 3339 with an offset, which the SDK prints anew by jf_rfc3339 */
    jf_priority call_priority;
    jf_extensions extensions;
    /* A rejection here refuses this lead alone: it goes to review, and the other leads are called. The members above do
     * not matter then. Any function that fails can write to it: jf_phone_e164(text, "Mobile",
     * &lead->phone, &lead->refusal). */
    jf_failure refusal;
} jf_lead;

/* Leads that were read from a webhook. */
typedef struct {
    jf_lead *items;
    size_t count;
} jf_leads;

/* Adds a lead of normal priority and returns it to be filled. Valid until the next one is added. A lead's place is part
 * of its key, so add the leads in the webhook's order, also those that are refused. */
jf_lead *jf_add_lead(jf_leads *leads);

/* A webhook as it arrived, after its signature was verified. */
typedef struct {
    jf_str content_type;
    jf_str body; /* raw bytes */
    jf_str received_at;
} jf_inbound;

/* An adapter's description of itself; filled by the functions below. */
typedef struct jf_description jf_description;

/* The type of a setting's value, checked when a tenant's file is applied. */
typedef enum { JF_TEXT, JF_INTEGER, JF_BOOLEAN, JF_URL_SETTING } jf_setting_kind;
/* The kinds of credential. All but JF_HMAC are added to requests by the host. */
typedef enum { JF_BEARER, JF_BASIC, JF_HEADER, JF_HMAC } jf_credential_kind;

/* Sets the name, `[a-z][a-z0-9-]*`, and the version, MAJOR.MINOR.PATCH. Call it first. */
void jf_about(jf_description *about, const char *name, const char *version);
/* A required setting that holds the URL of a CRM that the adapter uses. The host passes it without a trailing
 * slash. */
void jf_about_origin(jf_description *about, const char *setting, const char *doc);
/* A setting that every release must have. */
void jf_about_required(jf_description *about, const char *setting, jf_setting_kind kind, const char *doc);
/* A setting that a tenant may leave out. */
void jf_about_optional(jf_description *about, const char *setting, jf_setting_kind kind, const char *doc);
/* A credential that the tenant's file must give. */
void jf_about_credential(jf_description *about, const char *name, jf_credential_kind kind, const char *doc);
/* Declares that writing the same disposition twice with the same key leaves one record. Only if the CRM itself
 * guarantees it. */
void jf_about_idempotent_writes(jf_description *about);

/* ---- What you implement ----------------------------------------------------------------------------------------- */

/* Describes the adapter. Invoked once, when it is pushed, without network and settings. */
void jf_describe(jf_description *about);
/* May this lead be called now? After any failure, the host answers that it must not. `status` is zeroed before. */
bool jf_query_status(jf_str lead_id, jf_lead_status *status, jf_failure *failure);
/* Writes a call's outcome to the CRM, once. `idempotency_key` is the same on every attempt: send it to the CRM, and
 * search by it and nothing else. It is 1 to 64 letters, digits and . _ ~ -, safe in headers, URLs and bodies. */
bool jf_write_disposition(const jf_disposition *disposition, jf_str idempotency_key, jf_receipt *receipt,
                          jf_failure *failure);
/* Was this write made? With `exports = ["lookup"]`. Set found = false only if the CRM certainly has no such record. */
bool jf_find(jf_str lead_id, jf_str idempotency_key, jf_found *found, jf_failure *failure);
/* The leads in a webhook; none for an event of another kind. With `exports = ["leads"]`. A failure here is that of the
 * whole webhook; jf_lead.refusal is that of one lead. */
bool jf_parse_leads(const jf_inbound *inbound, jf_leads *leads, jf_failure *failure);

#endif
