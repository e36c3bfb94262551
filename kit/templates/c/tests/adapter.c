/* Native tests: `jackfield adapter test`. Each .c file here is a program, which runs under the sanitizers where the
 * compiler has them; `jackfield adapter check` runs them too. */
#include "jackfield_test.h"

static void a_lead_is_callable_if_it_is_open(void) {
    const struct {
        jf_str answer;
        bool callable;
        bool dnc;
    } cases[] = {
        {JF_STR("stage=open\ndnc=no\n"), true, false},
        {JF_STR("stage=open\r\ndnc=yes\r\n"), false, true},
        {JF_STR("dnc=no\nstage=lost\n"), false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_host = (struct test_host){.answers = {{.status = 200, .body = cases[i].answer}}};
        jf_lead_status status = {0};
        jf_failure failure = {0};
        CHECK(jf_query_status(JF_STR("L/1"), &status, &failure));
        CHECK(status.callable == cases[i].callable && status.dnc == cases[i].dnc);
        CHECK_TEXT(status.lead_id, "L/1");
        CHECK(jf_starts_with(status.status, "open") || jf_starts_with(status.status, "lost"));
        CHECK_TEXT(test_host.sent[0].url, "https://crm.example/leads/L%2F1");
    }
}

/* An answer that cannot be read must not be mistaken for "may be called". */
static void an_unreadable_answer_is_unknown(void) {
    const char *answers[] = {"", "stage=open\n", "dnc=no\n", "stage=open\ndnc=perhaps\n", "<html>", "stage=\xFF\ndnc=no\n"};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        test_host = (struct test_host){.answers = {{.status = 200, .body = jf_str_of(answers[i])}}};
        jf_lead_status status = {0};
        jf_failure failure = {0};
        CHECK(!jf_query_status(JF_STR("L-1"), &status, &failure) && failure.kind == JF_UNKNOWN);
    }
}

static void a_call_is_sent_with_its_key(void) {
    test_host = (struct test_host){.answers = {{.status = 201, .body = JF_STR("number=4711\n")}}};
    jf_disposition call = {
        .call_id = JF_STR("C-1"), .lead_id = JF_STR("L-1"), .outcome = JF_OTHER_OUTCOME, .other_outcome = JF_STR("a & b")};
    jf_receipt receipt = {0};
    jf_failure failure = {0};
    CHECK(jf_write_disposition(&call, JF_STR("K-1"), &receipt, &failure));
    CHECK_TEXT(receipt.reference, "4711");
    CHECK_TEXT(test_host.sent[0].body, "call=K-1&result=other&result_text=a+%26+b");
}

int main(void) {
    a_lead_is_callable_if_it_is_open();
    an_unreadable_answer_is_unknown();
    a_call_is_sent_with_its_key();
    return 0;
}
