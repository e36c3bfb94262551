/* The contents of mortar's messages, and the failures that its answers mean. */
#include "mapping.h"

#include "jackfield_test.h"

static jf_disposition a_call(jf_outcome outcome) {
    return (jf_disposition){.call_id = JF_STR("C-1"),
                            .lead_id = JF_STR("4711"),
                            .outcome = outcome,
                            .other_outcome = outcome == JF_OTHER_OUTCOME ? JF_STR("wants a penthouse") : JF_NONE,
                            .accepted_at = JF_STR("2026-07-01T09:01:55.000Z"),
                            .dnc_requested = outcome == JF_DNC_REQUESTED};
}

/* The value of a key in the message for a call. */
static jf_str sent(const jf_disposition *call, const char *key) {
    jf_str body = JF_NONE;
    jf_failure failure = {0};
    message read;
    CHECK(disposal(call, JF_STR("C-1"), &body, &failure));
    CHECK(message_read(body, &read));
    CHECK(read.count == 17);
    return message_get(&read, key);
}

static void refused_for(const jf_disposition *call, const char *field) {
    jf_str body = JF_NONE;
    jf_failure failure = {0};
    CHECK(!disposal(call, call->call_id, &body, &failure) && failure.kind == JF_REJECTED);
    CHECK(failure.field_count == 1 && !jf_has(body));
    CHECK_TEXT(failure.fields[0].field, field);
}

static void every_outcome_has_its_code(void) {
    const char *codes[] = {"D01", "D02", "D03", "D04", "D05", "D06", "D07", "D08", "D09", "D10", "D11", "D12", "D99"};
    for (int outcome = 0; outcome <= JF_OTHER_OUTCOME; outcome++) {
        jf_disposition call = a_call((jf_outcome)outcome);
        CHECK_TEXT(sent(&call, "CODE"), codes[outcome]);
        CHECK_TEXT(sent(&call, "DND"), outcome == JF_DNC_REQUESTED ? "Y" : "N");
        CHECK_TEXT(sent(&call, "TEXT"), outcome == JF_OTHER_OUTCOME ? "outcome=wants a penthouse" : "");
    }
}

static void unknown_values_are_spaces(void) {
    jf_disposition call = a_call(JF_NO_ANSWER);
    const struct {
        const char *key;
        const char *value;
    } cases[] = {
        {"PARTY", "0000004711"}, {"CALL", "C-1"},  {"DATE", "20260701"},         {"TIME", "1431"},
        {"SECS", "      "},      {"SCORE", "   "}, {"BUDLO", "                "}, {"BUDHI", "                "},
        {"VDATE", "        "},   {"VTIME", "    "}, {"LOAN", " "},                {"NRI", " "},
        {"DND", "N"},            {"DUPE", "N"},    {"LANG", "   "},              {"TEXT", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_TEXT(sent(&call, cases[i].key), cases[i].value);
    }
}

static void amounts_at_their_edges(void) {
    const struct {
        int64_t rupees;
        const char *text;
    } cases[] = {
        {0, "+000000000000000"},
        {1, "+000000000000100"},
        {-8500000, "-000000850000000"},
        {12000000, "+000001200000000"},
        {9999999999999, "+999999999999900"},
        {-9999999999999, "-999999999999900"},
    };
    jf_disposition call = a_call(JF_NO_ANSWER);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        call.qualification.budget_max = (jf_maybe_i64){true, cases[i].rupees};
        CHECK_TEXT(sent(&call, "BUDHI"), cases[i].text);
    }
    const int64_t too_much[] = {10000000000000, -10000000000000, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof too_much / sizeof *too_much; i++) {
        call = a_call(JF_NO_ANSWER);
        call.qualification.budget_max = (jf_maybe_i64){true, too_much[i]};
        refused_for(&call, "qualification.budget_max");
        call = a_call(JF_NO_ANSWER);
        call.qualification.budget_min = (jf_maybe_i64){true, too_much[i]};
        refused_for(&call, "qualification.budget_min");
    }
}

static void counts_and_ids_at_their_edges(void) {
    jf_disposition call = a_call(JF_NO_ANSWER);
    call.duration_seconds = (jf_maybe_u32){true, 999999};
    call.qualification.ai_intent_score = (jf_maybe_u32){true, 0};
    CHECK_TEXT(sent(&call, "SECS"), "999999");
    CHECK_TEXT(sent(&call, "SCORE"), "000");
    call.duration_seconds.value = 1000000;
    refused_for(&call, "duration_seconds");
    call = a_call(JF_NO_ANSWER);
    call.qualification.ai_intent_score = (jf_maybe_u32){true, UINT32_MAX};
    refused_for(&call, "qualification.ai_intent_score");

    const char *numbers[] = {"0", "1234567890", "0000000001"};
    const char *padded[] = {"0000000000", "1234567890", "0000000001"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        call = a_call(JF_NO_ANSWER);
        call.lead_id = jf_str_of(numbers[i]);
        CHECK_TEXT(sent(&call, "PARTY"), padded[i]);
    }
    const char *none[] = {"", "12345678901", "L-1", " 1", "-1", "१२", "1\n2"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        call = a_call(JF_NO_ANSWER);
        call.lead_id = jf_str_of(none[i]);
        refused_for(&call, "lead_id");
    }
    call = a_call(JF_NO_ANSWER);
    call.call_id = jf_copy((jf_str){"0123456789012345678901234567890123456789012345678901234567890123x", 65});
    refused_for(&call, "call_id");
}

static void dates_at_their_edges(void) {
    const struct {
        const char *at;
        const char *date;
        const char *time;
    } cases[] = {
        {"2026-12-31T18:30:00.000Z", "20270101", "0000"},
        {"2026-12-31T18:29:59.999Z", "20261231", "2359"},
        {"2028-02-28T18:30:00.000Z", "20280229", "0000"},
        {"2028-02-29T23:00:00.000Z", "20280301", "0430"},
    };
    jf_disposition call = a_call(JF_NO_ANSWER);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        call.accepted_at = jf_str_of(cases[i].at);
        CHECK_TEXT(sent(&call, "DATE"), cases[i].date);
        CHECK_TEXT(sent(&call, "TIME"), cases[i].time);
    }
    call.accepted_at = JF_STR("yesterday");
    refused_for(&call, "accepted_at");
}

static void visits(void) {
    jf_disposition call = a_call(JF_QUALIFIED_VISIT_BOOKED);
    call.has_site_visit = true;
    call.site_visit.booked = true;
    CHECK_TEXT(sent(&call, "VDATE"), "        ");
    call.site_visit.date = JF_STR("2028-02-29");
    CHECK_TEXT(sent(&call, "VDATE"), "20280229");
    CHECK_TEXT(sent(&call, "VTIME"), "    ");
    call.site_visit.timezone = JF_STR("Asia/Dubai");
    refused_for(&call, "site_visit.timezone"); /* a date alone has no time to convert */
    const struct test_conversion conversions[] = {
        {"2028-02-29T00:00", "Asia/Kolkata", "2028-02-29T00:00:00+05:30", 0},
        {"2028-02-29T23:00", "Asia/Dubai", "2028-02-29T23:00:00+04:00", 0},
        {"2028-02-29T23:00", "IST", NULL, JF_UNKNOWN_ZONE},
        {NULL, NULL, NULL, 0},
    };
    test_host = (struct test_host){.conversions = conversions};
    call.site_visit.time_slot = JF_STR("23:00");
    CHECK_TEXT(sent(&call, "VDATE"), "20280301");
    CHECK_TEXT(sent(&call, "VTIME"), "0030");
    call.site_visit.timezone = JF_STR("IST");
    refused_for(&call, "site_visit.timezone");
    call.site_visit.time_slot = JF_STR("00:00");
    call.site_visit.timezone = JF_STR("Asia/Kolkata");
    CHECK_TEXT(sent(&call, "VDATE"), "20280229");
    CHECK_TEXT(sent(&call, "VTIME"), "0000");
    call.site_visit.timezone = JF_NONE;
    call.site_visit.date = JF_STR("2026-02-29");
    refused_for(&call, "site_visit.date");
    call.site_visit.date = JF_STR("2026-03-01");
    call.site_visit.time_slot = JF_STR("24:00");
    refused_for(&call, "site_visit.time_slot");
    call.site_visit.booked = false; /* then it goes into the remark, in any format */
    CHECK_TEXT(sent(&call, "VDATE"), "        ");
    CHECK_TEXT(sent(&call, "TEXT"), "visit wish=2026-03-01; visit time=24:00");
}

static void texts_are_cut_between_characters(void) {
    jf_disposition call = a_call(JF_OTHER_OUTCOME);
    jf_text words = {0};
    for (int i = 0; i < 60; i++) {
        jf_add(&words, JF_STR("बात"));
    }
    call.other_outcome = jf_text_str(&words);
    jf_str text = sent(&call, "TEXT");
    CHECK(text.len <= 120 && text.len > 114 && jf_is_utf8(text));
    CHECK(memcmp(text.ptr + text.len - 3, "\xE2\x80\xA6", 3) == 0);

    call.other_outcome = jf_slice(jf_format("%0112d", 0), 0, 112);
    CHECK(sent(&call, "TEXT").len == 120 && sent(&call, "TEXT").ptr[119] == '0');
    call.other_outcome = jf_format("%0113d", 0);
    CHECK(sent(&call, "TEXT").len == 120 && sent(&call, "TEXT").ptr[119] == '\xA6');
}

static void no_value_forges_a_line(void) {
    jf_disposition call = a_call(JF_OTHER_OUTCOME);
    call.other_outcome = JF_STR("a\r\nDND=Y\nEND=1\\\x01\x7F");
    CHECK_TEXT(sent(&call, "TEXT"), "outcome=a \nDND=Y\nEND=1\\  ");
    CHECK_TEXT(sent(&call, "DND"), "N");
}

/* A NUL is a control character like others: what follows it is written. */
static void nul_cuts_no_text(void) {
    jf_disposition call = a_call(JF_OTHER_OUTCOME);
    call.other_outcome = JF_STR("price too high\0call in March");
    call.qualification.bhk_preference = JF_STR("3\0BHK");
    jf_extend(&call.extensions, JF_STR("/a\0b"), JF_STR("1"));
    CHECK_TEXT(sent(&call, "TEXT"), "outcome=price too high call in March; unit=3 BHK; /a b=1");
}

static void values_without_a_field_are_remarked(void) {
    jf_disposition call = a_call(JF_NO_ANSWER);
    jf_extension floor = {JF_STR("/qualification/floor"), JF_STR("\"बारह\"")};
    call.extensions = (jf_extensions){&floor, 1};
    call.language_used = JF_STR("bhojpuri");
    call.qualification.bhk_preference = JF_STR("3BHK");
    CHECK_TEXT(sent(&call, "TEXT"), "unit=3BHK; language=bhojpuri; /qualification/floor=\"बारह\"");
    CHECK_TEXT(sent(&call, "LANG"), "   ");
    call.language_used = JF_STR("Hindi");
    CHECK_TEXT(sent(&call, "LANG"), "HIN");
    call.qualification.loan_required = (jf_maybe_bool){true, true};
    call.qualification.nri_flag = (jf_maybe_bool){true, false};
    CHECK_TEXT(sent(&call, "LOAN"), "Y");
    CHECK_TEXT(sent(&call, "NRI"), "N");
}

static jf_failure coded(const char *lines) {
    message answer;
    jf_failure failure = {0};
    jf_text text = {0};
    size_t count = 2;
    jf_add(&text, JF_STR("MORTAR/1\r\n"));
    for (const char *at = lines; *at != 0; at++) {
        count += *at == '\n';
    }
    jf_addf(&text, "%sEND=%zu\r\n", lines, count);
    CHECK(message_read(jf_text_str(&text), &answer));
    CHECK(return_code(&answer, &failure) == (failure.kind == JF_NO_FAILURE));
    return failure;
}

static void every_return_code_has_its_failure(void) {
    const struct {
        const char *lines;
        jf_failure_kind kind;
    } cases[] = {
        {"RC=0000\r\n", JF_NO_FAILURE},
        {"RC=0100\r\n", JF_REJECTED},
        {"RC=0199\r\n", JF_REJECTED},
        {"RC=0401\r\n", JF_UNAUTHORIZED},
        {"RC=0404\r\n", JF_NOT_FOUND},
        {"RC=0409\r\nMSG=open at a terminal\r\n", JF_UNAVAILABLE},
        {"RC=0429\r\n", JF_RATE_LIMITED},
        {"RC=0500\r\n", JF_UNKNOWN},
        {"RC=0599\r\n", JF_UNKNOWN},
        {"RC=0900\r\n", JF_UNAVAILABLE},
        {"RC=0777\r\n", JF_UNKNOWN},
        {"RC=0\r\n", JF_UNKNOWN},
        {"RC=00000\r\n", JF_UNKNOWN},
        {"RC=\r\n", JF_UNKNOWN},
        {"RC=O000\r\n", JF_UNKNOWN},
        {"", JF_UNKNOWN},
        {"DOC=1\r\nRC=0000\r\n", JF_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        jf_failure failure = coded(cases[i].lines);
        CHECK(failure.kind == cases[i].kind);
        CHECK(jf_has(failure.reason) == (failure.kind == JF_UNKNOWN || failure.kind == JF_UNAVAILABLE ||
                                         failure.kind == JF_UNAUTHORIZED));
    }
    CHECK_TEXT(coded("RC=0500\r\n").reason, "mortar answered RC=0500: it crashed");
    jf_failure busy = coded("RC=0429\r\nWAIT=0030\r\n");
    CHECK(busy.has_retry_after && busy.retry_after == 30);
    CHECK(!coded("RC=0429\r\nWAIT=    \r\n").has_retry_after && !coded("RC=0429\r\nWAIT=soon\r\n").has_retry_after);
    jf_failure refused = coded("RC=0101\r\nMSG=entry refused\r\nFLD=SECS\r\nMSG=must be digits\r\nFLD=TEXT\r\nMSG=too long\r\n");
    CHECK(refused.field_count == 2);
    CHECK_TEXT(refused.code, "0101");
    CHECK_TEXT(refused.message, "entry refused");
    CHECK_TEXT(refused.fields[0].field, "SECS");
    CHECK_TEXT(refused.fields[1].message, "too long");
}

static jf_failure_kind answered(const char *party_line, const char *rest, jf_lead_status *status) {
    jf_str text = jf_format("MORTAR/1\r\nRC=0000\r\nPARTY=%s\r\n%sEND=9\r\n", party_line, rest);
    message answer;
    jf_failure failure = {0};
    if (!message_read(text, &answer)) {
        return JF_UNKNOWN;
    }
    *status = (jf_lead_status){0};
    CHECK(party(&answer, JF_STR("4711"), status, &failure) == (failure.kind == JF_NO_FAILURE));
    return failure.kind;
}

static void parties_are_read(void) {
    jf_lead_status status;
    CHECK(answered("0000004711", "STAGE=10\r\nDND=N\r\nSPOKE= \r\nCALLED=20260705\r\nAT=1630\r\n", &status) ==
          JF_NO_FAILURE);
    CHECK(status.callable && !status.dnc && !status.human_contacted);
    CHECK_TEXT(status.lead_id, "4711");
    CHECK_TEXT(status.status, "new");
    CHECK_TEXT(status.last_call_attempt, "2026-07-05T16:30:00+05:30");
    CHECK(answered("0000004711", "STAGE=20\r\nDND=Y\r\nSPOKE=N\r\nCALLED=        \r\nAT=    \r\n", &status) ==
          JF_NO_FAILURE);
    CHECK(!status.callable && status.dnc && !jf_has(status.last_call_attempt));
    CHECK(answered("0000004711", "STAGE=77\r\nDND=N\r\nSPOKE=N\r\nCALLED=        \r\nAT=    \r\n", &status) ==
          JF_NO_FAILURE);
    CHECK(!status.callable);
    CHECK_TEXT(status.status, "stage_77");
    const char *unreadable[] = {
        "STAGE=1\r\nDND=N\r\nSPOKE=N\r\nCALLED=        \r\nAT=    \r\n",
        "STAGE=10\r\nDND=n\r\nSPOKE=N\r\nCALLED=        \r\nAT=    \r\n",
        "STAGE=10\r\nDND=\r\nSPOKE=N\r\nCALLED=        \r\nAT=    \r\n",
        "STAGE=10\r\nZZZ=N\r\nSPOKE=N\r\nCALLED=        \r\nAT=    \r\n",
        "STAGE=10\r\nDND=N\r\nSPOKE=N\r\nCALLED=20260230\r\nAT=1630\r\n",
        "STAGE=10\r\nDND=N\r\nSPOKE=N\r\nCALLED=20260701\r\nAT=2400\r\n",
        "STAGE=10\r\nDND=N\r\nSPOKE=N\r\nCALLED=20260701\r\nAT=    \r\n",
    };
    for (size_t i = 0; i < sizeof unreadable / sizeof *unreadable; i++) {
        CHECK(answered("0000004711", unreadable[i], &status) == JF_UNKNOWN);
    }
    CHECK(answered("0000004712", "STAGE=10\r\nDND=N\r\nSPOKE=N\r\nCALLED=        \r\nAT=    \r\n", &status) ==
          JF_UNKNOWN);
}

static bool reads(const char *text) {
    message read;
    return message_read(jf_str_of(text), &read);
}

static void only_whole_messages_are_read(void) {
    CHECK(reads("MORTAR/1\r\nRC=0000\r\nEND=3\r\n") && reads("MORTAR/1\nEND=2\n"));
    const char *broken[] = {
        "", "MORTAR/1", "MORTAR/1\r\n", "MORTAR/2\r\nEND=2\r\n", "MORTAR/1\r\nRC=0000\r\n",
        "MORTAR/1\r\nRC=0000\r\nEND=4\r\n", "MORTAR/1\r\nRC=0000\r\nEND=3\r\nmore", "MORTAR/1\r\nRC\r\nEND=3\r\n",
        "MORTAR/1\r\nrc=0000\r\nEND=3\r\n", "MORTAR/1\r\nA=\\x\r\nEND=3\r\n", "MORTAR/1\r\nA=\\\r\nEND=3\r\n",
        "MORTAR/1\r\nA=\xFF\r\nEND=3\r\n", "MORTAR/1\r\n\r\nEND=3\r\n", "<html>", "MORTAR/1\r\nEND=two\r\n",
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        CHECK(!reads(broken[i]));
    }
}

/* A whole answer with bytes changed, removed or inserted is read or refused, and never read out of bounds. */
static void hostile_answers(void) {
    static const char whole[] = "MORTAR/1\r\nRC=0101\r\nMSG=a\\nb\\\\\r\nFLD=SECS\r\nMSG=\xE0\xA4\x96\r\nWAIT=0030\r\n"
                                "PARTY=0000004711\r\nSTAGE=10\r\nDND=N\r\nSPOKE= \r\nCALLED=20260705\r\nAT=1630\r\nEND=13\r\n";
    int read = 0;
    for (int round = 0; round < 50000; round++) {
        char bytes[sizeof whole];
        size_t len = test_random() % 8 == 0 ? test_random() % sizeof whole : sizeof whole - 1;
        memcpy(bytes, whole, len);
        for (uint32_t changes = test_random() % 4; changes > 0 && len > 0; changes--) {
            bytes[test_random() % len] = (char)(test_random() % 3 == 0 ? test_random() : (uint32_t)whole[test_random() % (sizeof whole - 1)]);
        }
        char *exact = exactly(bytes, len);
        message answer;
        if (message_read((jf_str){exact, len}, &answer)) {
            jf_failure failure = {0};
            jf_lead_status status = {0};
            jf_receipt receipt;
            read++;
            (void)return_code(&answer, &failure);
            (void)party(&answer, JF_STR("4711"), &status, &failure);
            (void)document(&answer, &receipt, &failure);
        }
        free(exact);
        jf_invocation_ends();
        jf_invocation_begins();
    }
    CHECK(read > 1000);
}

int main(void) {
    every_outcome_has_its_code();
    unknown_values_are_spaces();
    amounts_at_their_edges();
    counts_and_ids_at_their_edges();
    dates_at_their_edges();
    visits();
    texts_are_cut_between_characters();
    no_value_forges_a_line();
    nul_cuts_no_text();
    values_without_a_field_are_remarked();
    every_return_code_has_its_failure();
    parties_are_read();
    only_whole_messages_are_read();
    hostile_answers();
    return 0;
}
