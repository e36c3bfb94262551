/* Requests, the failure that each answer means, settings. */
#include "jackfield_test.h"

static jf_failure accepted(uint16_t status, jf_explain *explain) {
    jf_response response = {.status = status};
    jf_failure failure = {0};
    CHECK(jf_accept_or(&response, explain, &failure) == (failure.kind == JF_NO_FAILURE));
    return failure;
}

static void every_status_has_its_failure(void) {
    const struct {
        uint16_t status;
        jf_failure_kind kind;
    } cases[] = {
        {200, JF_NO_FAILURE},  {201, JF_NO_FAILURE}, {204, JF_NO_FAILURE},   {302, JF_UNKNOWN},  {100, JF_UNKNOWN},
        {400, JF_REJECTED},    {401, JF_UNAUTHORIZED}, {403, JF_UNAUTHORIZED}, {404, JF_NOT_FOUND}, {405, JF_REJECTED},
        {408, JF_UNKNOWN},     {409, JF_REJECTED},   {410, JF_REJECTED},     {422, JF_REJECTED}, {429, JF_RATE_LIMITED},
        {412, JF_CONFLICT},
        {500, JF_UNKNOWN},     {502, JF_UNKNOWN},    {503, JF_UNAVAILABLE},  {504, JF_UNKNOWN},  {0, JF_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        jf_failure failure = accepted(cases[i].status, NULL);
        CHECK(failure.kind == cases[i].kind);
        bool reasoned = failure.kind == JF_UNKNOWN || failure.kind == JF_UNAVAILABLE || failure.kind == JF_CONFLICT ||
                        failure.kind == JF_UNAUTHORIZED;
        CHECK(jf_has(failure.reason) == reasoned);
        if (reasoned) {
            jf_str answered = jf_format("the CRM answered %u", (unsigned)cases[i].status);
            CHECK(jf_eq(failure.reason, answered));
        }
    }
    jf_failure refused = accepted(409, NULL);
    CHECK_TEXT(refused.code, "http-409");
    CHECK_TEXT(refused.message, "the CRM refused the request and did not say why");
}

static void retry_after_is_read_as_seconds(void) {
    const struct {
        const char *value;
        bool has;
        uint32_t seconds;
    } cases[] = {
        {"30", true, 30},  {" 5 ", true, 5}, {"4294967295", true, UINT32_MAX}, {"4294967296", false, 0},
        {"-1", false, 0},  {"+1", false, 0}, {"Wed, 21 Oct 2026 07:28:00 GMT", false, 0}, {"", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jf_header header = {JF_STR("Retry-After"), jf_str_of(cases[i].value)};
        jf_response response = {.status = 429, .headers = &header, .header_count = 1};
        jf_failure failure = {0};
        CHECK(!jf_accept(&response, &failure) && failure.kind == JF_RATE_LIMITED);
        CHECK(failure.has_retry_after == cases[i].has && failure.retry_after == cases[i].seconds);
    }
}

static void because(const jf_response *response, jf_failure *failure) {
    (void)response;
    (void)jf_reject(failure, JF_STR("E1"), JF_STR("too long"));
    (void)jf_reject_field(failure, JF_STR("remark"), JF_STR("cut it"));
    (void)jf_reject_field(failure, JF_STR("date"), JF_STR("past"));
}

static void says_nothing(const jf_response *response, jf_failure *failure) {
    (void)response;
    (void)failure;
}

static void adapter_explains_a_refusal(void) {
    jf_failure explained = accepted(422, because);
    CHECK(explained.kind == JF_REJECTED && explained.field_count == 2);
    CHECK_TEXT(explained.code, "E1");
    CHECK_TEXT(explained.fields[1].message, "past");
    CHECK_TEXT(accepted(422, says_nothing).code, "http-422");
    CHECK(accepted(500, because).kind == JF_UNKNOWN);
}

/* A 409 whose body says that the record moved, and an error inside whatever status. */
static void moved_or_down(const jf_response *response, jf_failure *failure) {
    if (jf_is(response->body, "moved")) {
        (void)jf_fail_because(failure, JF_CONFLICT, JF_STR("the revision moved"));
    } else if (jf_is(response->body, "field")) {
        (void)jf_reject(failure, JF_STR("E7"), JF_STR("the remark is too long"));
    } else if (jf_is(response->body, "down")) {
        (void)jf_fail_because(failure, JF_UNAVAILABLE, JF_STR("status E503 inside an answer"));
    }
}

static void adapter_judges_before_the_sdk(void) {
    const uint16_t statuses[] = {200, 302, 401, 403, 404, 409, 412, 429, 500, 502, 503};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        jf_failure failure = {0};
        jf_response response = {.status = statuses[i], .body = JF_STR("moved")};
        CHECK(!jf_judge(&response, moved_or_down, &failure) && failure.kind == JF_CONFLICT);
        CHECK_TEXT(failure.reason, "the revision moved");
        response.body = JF_STR("field");
        CHECK(!jf_judge(&response, moved_or_down, &failure) && failure.kind == JF_REJECTED);
        response.body = JF_STR("down");
        CHECK(!jf_judge(&response, moved_or_down, &failure) && failure.kind == JF_UNAVAILABLE);
        response.body = JF_STR("else");
        CHECK(jf_judge(&response, moved_or_down, &failure) && failure.kind == JF_NO_FAILURE);
    }
}

static void only_an_unsent_request_is_unavailable(void) {
    const struct {
        jf_transport_kind kind;
        jf_failure_kind means;
    } cases[] = {{JF_DENIED, JF_UNAVAILABLE}, {JF_UNREACHABLE, JF_UNAVAILABLE}, {JF_NO_REPLY, JF_UNKNOWN},
                 {JF_TOO_LARGE, JF_UNKNOWN}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_host = (struct test_host){.fails = true, .error = {cases[i].kind, JF_STR("why")}};
        jf_response response;
        jf_failure failure = {0};
        CHECK(!jf_send(jf_get(JF_STR("https://a")), &response, &failure) && failure.kind == cases[i].means);
        CHECK(test_host.lines_logged == 1);
        static const char *const reasons[] = {"denied: why", "unreachable: why", "no-answer: why", "too-large: why"};
        CHECK_TEXT(failure.reason, reasons[i]);
    }
}

static void requests_are_built(void) {
    test_host = (struct test_host){.answers = {{.status = 200}}};
    jf_request *request = jf_post(JF_STR("https://a/x"));
    jf_query(request, "q", JF_STR("a b&c"));
    jf_query(request, "r", JF_STR("ख"));
    jf_form(request, "name", JF_STR("आ & b"));
    jf_form(request, "sum", JF_STR("1+1=2"));
    jf_header(request, "x-id", JF_STR("7"));
    jf_response response;
    jf_failure failure = {0};
    CHECK(jf_send(request, &response, &failure) && response.status == 200);
    CHECK_TEXT(test_host.sent[0].url, "https://a/x?q=a+b%26c&r=%E0%A4%96");
    CHECK_TEXT(test_host.sent[0].body, "name=%E0%A4%86+%26+b&sum=1%2B1%3D2");
    CHECK(strcmp(test_host.sent[0].method, "POST") == 0 && test_host.sent[0].header_count == 2);
    CHECK_TEXT(test_host.sent[0].headers[0].value, "application/x-www-form-urlencoded");
}

/* What an adapter hands in is copied: its own arrays may change or end before the request is sent. */
static void what_is_handed_in_is_copied(void) {
    test_host = (struct test_host){.answers = {{.status = 200}}};
    char text[] = "https://a/x";
    jf_request *request = jf_post((jf_str){text, 11});
    jf_header(request, "x-id", (jf_str){text, 5});
    jf_query(request, "q", (jf_str){text, 5});
    jf_body(request, "text/plain", (jf_str){text, 5});
    jf_extensions extensions = {0};
    jf_extend(&extensions, (jf_str){text, 5}, (jf_str){text, 5});
    memset(text, '!', sizeof text);
    jf_response response;
    jf_failure failure = {0};
    CHECK(jf_send(request, &response, &failure));
    CHECK_TEXT(test_host.sent[0].url, "https://a/x?q=https");
    CHECK_TEXT(test_host.sent[0].headers[0].value, "https");
    CHECK_TEXT(test_host.sent[0].body, "https");
    CHECK_TEXT(extensions.items[0].pointer, "https");
    CHECK_TEXT(extensions.items[0].json, "https");
}

static bool sign(jf_request *request, jf_failure *failure) {
    uint8_t tag[32];
    jf_str text = jf_format("%s " JF_FMT " " JF_FMT " " JF_FMT, jf_request_method(request),
                            JF_ARG(jf_request_path(request)), JF_ARG(jf_request_query(request)),
                            JF_ARG(jf_request_body(request)));
    jf_header(request, "x-text", text);
    return jf_hmac_sha256("signing", text, tag, failure);
}

static void signers_see_what_is_sent(void) {
    const struct {
        const char *url;
        const char *text;
    } cases[] = {
        {"https://a/x%2Fy?q=1", "POST /x%2Fy q=1&r=a+b k=1"},
        {"https://a", "POST / r=a+b k=1"},
        {"https://a?q=/", "POST / q=%2F&r=a+b k=1"},
        {"http://a:80/x//y", "POST /x//y r=a+b k=1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool slash = i == 2;
        test_host = (struct test_host){.answers = {{.status = 200}}, .has_key = true};
        jf_request *request = jf_post(slash ? JF_STR("https://a") : jf_str_of(cases[i].url));
        jf_sign(request, sign);
        if (slash) {
            jf_query(request, "q", JF_STR("/"));
        }
        jf_query(request, "r", JF_STR("a b"));
        jf_form(request, "k", JF_STR("1"));
        jf_response response;
        jf_failure failure = {0};
        CHECK(jf_send(request, &response, &failure) && test_host.sent[0].header_count == 2);
        CHECK_TEXT(test_host.sent[0].headers[1].value, cases[i].text);
    }
    test_host = (struct test_host){0};
    jf_request *request = jf_get(JF_STR("https://a"));
    jf_sign(request, sign);
    jf_response response;
    jf_failure failure = {0};
    CHECK(!jf_send(request, &response, &failure) && failure.kind == JF_UNAUTHORIZED && test_host.sent_count == 0);
}

static void id_stays_in_its_segment(void) {
    jf_str url;
    jf_failure failure = {0};
    CHECK(JF_URL(&url, &failure, JF_STR("https://a"), JF_STR("x"), JF_STR("../y?z#%")));
    CHECK_TEXT(url, "https://a/x/..%2Fy%3Fz%23%25");
    const jf_str bad[] = {JF_STR(""), JF_STR("."), JF_STR(".."), JF_NONE};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK(!JF_URL(&url, &failure, JF_STR("https://a"), bad[i], JF_STR("x")) && failure.kind == JF_REJECTED);
    }
}

static void answers_are_read(void) {
    struct jf_header headers[] = {{JF_STR("A"), JF_STR("1")}, {JF_STR("a"), JF_STR("2")}};
    jf_response response = {.status = 200, .headers = headers, .header_count = 2, .body = JF_STR("a\xFF")};
    jf_failure failure = {0};
    jf_str text;
    CHECK_TEXT(jf_response_header(&response, "a"), "1");
    CHECK(!jf_has(jf_response_header(&response, "b")));
    CHECK(!jf_response_text(&response, &text, &failure) && failure.kind == JF_UNKNOWN);
    CHECK_TEXT(failure.reason, "the CRM's answer with status 200 cannot be read: not UTF-8");
    response.body = JF_STR("ok");
    CHECK(jf_response_text(&response, &text, &failure));
}

static void settings_are_typed(void) {
    jf_failure failure = {0};
    jf_str text;
    int64_t number;
    bool flag;
    test_host = (struct test_host){.settings = (struct test_setting[]){{"n", "42"}, {NULL, NULL}}};
    CHECK(jf_required("n", &text, &failure) && jf_required_integer("n", &number, &failure) && number == 42);
    CHECK(!jf_required_boolean("n", &flag, &failure));
    CHECK(!jf_required("other", &text, &failure) && failure.kind == JF_REJECTED);
    CHECK_TEXT(failure.code, "bad-setting");
    CHECK_TEXT(failure.fields[0].field, "other");
    test_host.settings = (struct test_setting[]){{"n", "true"}, {NULL, NULL}};
    CHECK(jf_required_boolean("n", &flag, &failure) && flag && !jf_required_integer("n", &number, &failure));
    uint8_t tag[32];
    CHECK(!jf_hmac_sha256("key", JF_STR("x"), tag, &failure) && failure.kind == JF_UNAUTHORIZED);
    test_host.has_key = true;
    CHECK(jf_hmac_sha256("key", JF_STR("x"), tag, &failure) && tag[31] == 1);
}

int main(void) {
    every_status_has_its_failure();
    retry_after_is_read_as_seconds();
    adapter_explains_a_refusal();
    adapter_judges_before_the_sdk();
    only_an_unsent_request_is_unavailable();
    requests_are_built();
    what_is_handed_in_is_copied();
    signers_see_what_is_sent();
    id_stays_in_its_segment();
    answers_are_read();
    settings_are_typed();
    return 0;
}
