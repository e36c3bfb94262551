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
