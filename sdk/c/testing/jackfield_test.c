#include "jackfield_test.h"

struct test_host test_host;

bool jf_host_send(const jf_request *request, jf_response *response, jf_transport_error *error) {
    CHECK(test_host.sent_count < TEST_REQUESTS);
    size_t number = test_host.sent_count++;
    test_host.sent[number] = *request;
    if (test_host.fails) {
        *error = test_host.error;
        return false;
    }
    if (test_host.answers[number].status == 0) {
        (void)fprintf(stderr, "test_host.answers[%zu] has no status, but this was sent: %s %.*s\n", number,
                      request->method, (int)request->url.len, request->url.ptr);
        exit(1);
    }
    *response = test_host.answers[number];
    return true;
}

bool jf_host_hmac(const char *credential, jf_str bytes, uint8_t tag[32]) {
    (void)credential;
    memset(tag, (int)bytes.len & 0xFF, 32);
    return test_host.has_key;
}

/* The scripted answer to a question; a question without one fails the test. */
static int converted(jf_str text, jf_str zone, jf_str *answer) {
    const struct test_conversion *each = test_host.conversions;
    for (; each != NULL && each->text != NULL; each++) {
        if (jf_is(text, each->text) && jf_is(zone, each->zone)) {
            *answer = each->error == 0 ? jf_str_of(each->answer) : JF_NONE;
            return each->error;
        }
    }
    (void)fprintf(stderr,
                  "test_host.conversions has no answer for \"%.*s\" in \"%.*s\": the double knows no time zones and no "
                  "telephone numbers, so add what the host says, or run `jackfield adapter check`, which asks the host\n",
                  (int)text.len, text.ptr, (int)zone.len, zone.ptr);
    exit(1);
}

jf_date_error jf_host_instant(jf_str local, jf_str zone, jf_str *instant) {
    return (jf_date_error)converted(local, zone, instant);
}

jf_date_error jf_host_local(jf_str instant, jf_str zone, jf_str *local) {
    return (jf_date_error)converted(instant, zone, local);
}

jf_phone_error jf_host_phone(jf_str number, jf_str *e164) {
    return (jf_phone_error)converted(number, JF_STR(""), e164);
}

jf_str jf_setting(const char *name) {
    static const struct test_setting usual[] = {{"base_url", "https://crm.example"}, {NULL, NULL}};
    const struct test_setting *each = test_host.settings == NULL ? usual : test_host.settings;
    for (; each->name != NULL; each++) {
        if (strcmp(name, each->name) == 0) {
            return jf_str_of(each->value);
        }
    }
    return JF_NONE;
}

void jf_log(jf_level level, const char *message, const jf_field *fields, size_t count) {
    CHECK(level <= JF_ERROR && message != NULL && (count == 0 || fields != NULL));
    test_host.lines_logged++;
}

int64_t jf_now(void) {
    return 1782896515;
}

void test_check_text(const char *file, int line, const char *what, jf_str given, jf_str expected) {
    if (!jf_eq(given, expected)) {
        (void)fprintf(stderr, "%s:%d: %s is \"%.*s\",\nnot \"%.*s\"\n", file, line, what, (int)given.len,
                      given.len == 0 ? "" : given.ptr, (int)expected.len, expected.len == 0 ? "" : expected.ptr);
        exit(1);
    }
}

char *exactly(const char *bytes, size_t len) {
    char *copy = malloc(len == 0 ? 1 : len);
    CHECK(copy != NULL);
    if (len > 0) {
        memcpy(copy, bytes, len);
    }
    return copy;
}

uint32_t test_random(void) {
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32);
}
