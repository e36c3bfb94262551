#include "host.h"

struct test_host test_host;

bool jf_host_send(const jf_request *request, jf_response *response, jf_transport_error *error) {
    test_host.sent = *request;
    *response = test_host.answer;
    *error = test_host.error;
    return !test_host.fails;
}

bool jf_host_hmac(const char *credential, jf_str bytes, uint8_t tag[32]) {
    (void)credential;
    memset(tag, (int)bytes.len & 0xFF, 32);
    return test_host.has_key;
}

/* The scripted answer to a question; a question without one fails the test. */
static int answered(jf_str text, jf_str zone, jf_str *answer) {
    const struct test_answer *each = test_host.answers;
    for (; each != NULL && each->text != NULL; each++) {
        if (jf_is(text, each->text) && jf_is(zone, each->zone)) {
            *answer = each->error == 0 ? jf_str_of(each->answer) : JF_NONE;
            return each->error;
        }
    }
    (void)fprintf(stderr, "test_host.answers has no answer for \"" JF_FMT "\" in \"" JF_FMT "\"\n", JF_ARG(text),
                  JF_ARG(zone));
    exit(1);
}

jf_date_error jf_host_instant(jf_str local, jf_str zone, jf_str *instant) {
    return (jf_date_error)answered(local, zone, instant);
}

jf_date_error jf_host_local(jf_str instant, jf_str zone, jf_str *local) {
    return (jf_date_error)answered(instant, zone, local);
}

jf_phone_error jf_host_phone(jf_str number, jf_str *e164) {
    return (jf_phone_error)answered(number, JF_STR(""), e164);
}

jf_str jf_setting(const char *name) {
    bool known = test_host.setting_name != NULL && strcmp(name, test_host.setting_name) == 0;
    return known ? jf_str_of(test_host.setting_value) : JF_NONE;
}

void jf_log(jf_level level, const char *message, const jf_field *fields, size_t count) {
    CHECK(level <= JF_ERROR && message != NULL && (count == 0 || fields != NULL));
    test_host.lines_logged++;
}

int64_t jf_now(void) {
    return 1782896515;
}
