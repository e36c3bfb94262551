/* Dates, money and phone numbers, and what the host says of them. */
#include "jackfield_test.h"

static void dates(void) {
    jf_datetime when = {0};
    const char *good[] = {"2026-07-05", "2028-02-29", "2000-02-29", "0001-01-01", "9999-12-31"};
    const char *bad[] = {"2026-02-29", "1900-02-29", "2026-13-01", "2026-00-10", "2026-01-00", "2026-04-31", "26-01-01",
                         "2026-1-1",   "2026-07-05 ", "2026/07/05", "", "0000-01-01", "२०२६-०७-०५"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        CHECK(jf_parse_date(jf_str_of(good[i]), &when));
    }
    CHECK(when.year == 9999 && when.month == 12 && when.day == 31);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK(!jf_parse_date(jf_str_of(bad[i]), &when));
    }
    CHECK(jf_parse_time(JF_STR("23:59"), &when) && when.hour == 23 && when.minute == 59);
    CHECK(jf_parse_time(JF_STR("00:00"), &when));
    CHECK(!jf_parse_time(JF_STR("24:00"), &when) && !jf_parse_time(JF_STR("9:05"), &when) &&
          !jf_parse_time(JF_STR("09:60"), &when) && !jf_parse_time(JF_STR("09:05:00"), &when));
}

static void instants(void) {
    const struct {
        const char *text;
        int64_t seconds;
        const char *in_india;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0, "1970-01-01T05:30:00+05:30"},
        {"2026-07-01T09:01:55.000Z", 1782896515, "2026-07-01T14:31:55+05:30"},
        {"2026-07-01T14:31:55+05:30", 1782896515, "2026-07-01T14:31:55+05:30"},
        {"2026-12-31T18:30:00Z", 1798741800, "2027-01-01T00:00:00+05:30"},
        {"2026-12-31T18:29:59.999Z", 1798741799, "2026-12-31T23:59:59+05:30"},
        {"2028-02-28T18:30:00Z", 1835375400, "2028-02-29T00:00:00+05:30"},
        {"2028-02-29T20:00:00Z", 1835467200, "2028-03-01T01:30:00+05:30"},
        {"1969-12-31T23:59:59Z", -1, "1970-01-01T05:29:59+05:30"},
        {"1900-03-01T00:00:00z", -2203891200, "1900-03-01T05:30:00+05:30"},
        {"2016-12-31T23:59:60Z", 1483228799, "2017-01-01T05:29:59+05:30"},
        {"2026-07-01 14:31:55+0530", 1782896515, "2026-07-01T14:31:55+05:30"},
        {"2026-07-01t09:01z", 1782896460, "2026-07-01T14:31:00+05:30"},
        {"2026-07-01T06:01:55-03", 1782896515, "2026-07-01T14:31:55+05:30"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t seconds = 7;
        CHECK(jf_parse_instant(jf_str_of(cases[i].text), &seconds));
        CHECK(seconds == cases[i].seconds);
        jf_datetime local = jf_in_ist(seconds);
        CHECK_TEXT(jf_rfc3339_ist(&local), cases[i].in_india);
    }
    const char *bad[] = {"", "2026-07-01", "2026-07-01T09:01:55", "2026-07-01_09:01:55Z", "2026-07-01T09:01:55.Z",
                         "2026-02-30T09:01:55Z", "2026-07-01T24:00:00Z", "2026-07-01T09:01:55+5:30",
                         "2026-07-01T09:01:55+05:60", "2026-07-01T09:01:55Zz", "2026-07-01T09:01:5",
                         "2026-07-01T09:01:55+053", "2026-07-01T09:01:55+24:00", "2026-07-01T09Z", "2026-07-01T09:01"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t seconds;
        char *exact = exactly(bad[i], strlen(bad[i]));
        CHECK(!jf_parse_instant((jf_str){exact, strlen(bad[i])}, &seconds));
        free(exact);
    }
    /* Every day of 400 years is written as it was read. */
    for (int64_t day = -100000; day < 60000; day += 1) {
        jf_datetime local = jf_in_ist(day * 86400 - 19800);
        int64_t seconds;
        CHECK(jf_is_datetime(&local) && local.hour == 0);
        CHECK(jf_parse_instant(jf_rfc3339_ist(&local), &seconds) && seconds == day * 86400 - 19800);
        if (day % 1000 == 0) {
            jf_invocation_ends();
            jf_invocation_begins();
        }
    }
    jf_datetime first = jf_in_ist(INT64_MIN);
    jf_datetime last = jf_in_ist(INT64_MAX);
    CHECK(first.year == 1 && first.month == 1 && first.day == 1 && last.year == 9999 && last.day == 31);
}

static void money(void) {
    const struct {
        int64_t rupees;
        const char *text;
    } cases[] = {
        {0, "0"},           {999, "999"},         {1000, "1,000"},
        {-1200, "-1,200"},  {100000, "1,00,000"}, {12000000, "1,20,00,000"},
        {INT64_MAX, "92,23,37,20,36,85,47,75,807"}, {INT64_MIN, "-92,23,37,20,36,85,47,75,808"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_TEXT(jf_rupees(cases[i].rupees), cases[i].text);
    }
}

/* Instants have one spelling, with the offset that they came with. */
static void instants_are_respelled(void) {
    const char *cases[][2] = {
        {"2026-07-01T09:01:55.000Z", "2026-07-01T09:01:55+00:00"},
        {"2026-07-01T14:31:55+0530", "2026-07-01T14:31:55+05:30"},
        {"2026-07-01t09:01:55.120z", "2026-07-01T09:01:55.12+00:00"},
        {"2026-07-01 14:31:55-03", "2026-07-01T14:31:55-03:00"},
        {"2026-07-01T14:31+0530", "2026-07-01T14:31:00+05:30"},
        {"2028-02-29T23:59:59.123456789Z", "2028-02-29T23:59:59.123456789+00:00"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_TEXT(jf_rfc3339(jf_str_of(cases[i][0])), cases[i][1]);
    }
    CHECK(!jf_has(jf_rfc3339(JF_STR("yesterday"))) && !jf_has(jf_rfc3339(JF_NONE)));
}

static void zones_are_the_hosts(void) {
    const struct test_conversion conversions[] = {
        {"2026-03-29T02:30", "Europe/Berlin", "2026-03-29T03:30:00+02:00", 0},
        {"2026-07-01T09:01:55Z", "Asia/Dubai", "2026-07-01T13:01:55+04:00", 0},
        {"2026-07-05T16:30", "IST", NULL, JF_UNKNOWN_ZONE},
        {"soon", "UTC", NULL, JF_INVALID_TIME},
        {NULL, NULL, NULL, 0},
    };
    test_host = (struct test_host){.conversions = conversions};
    jf_failure failure = {0};
    jf_str found;
    CHECK(jf_instant(JF_STR("2026-03-29T02:30"), JF_STR("Europe/Berlin"), &found, &failure));
    CHECK_TEXT(found, "2026-03-29T03:30:00+02:00");
    CHECK(jf_local(JF_STR("2026-07-01T09:01:55Z"), JF_STR("Asia/Dubai"), &found, &failure));
    CHECK_TEXT(found, "2026-07-01T13:01:55+04:00");
    CHECK(!jf_instant(JF_STR("2026-07-05T16:30"), JF_STR("IST"), &found, &failure) && failure.kind == JF_REJECTED);
    CHECK_TEXT(failure.code, "bad-zone");
    CHECK(!jf_local(JF_STR("soon"), JF_STR("UTC"), &found, &failure) && failure.kind == JF_REJECTED);
    CHECK_TEXT(failure.code, "bad-date");
}

static void visits(void) {
    const struct test_conversion conversions[] = {
        {"2026-07-05T11:00", "Asia/Kolkata", "2026-07-05T11:00:00+05:30", 0},
        {"2026-07-05T11:00", "Asia/Dubai", "2026-07-05T11:00:00+04:00", 0},
        {"2026-07-05T11:00", "Bharat/Delhi", NULL, JF_UNKNOWN_ZONE},
        {NULL, NULL, NULL, 0},
    };
    test_host = (struct test_host){.conversions = conversions};
    jf_disposition call = {.has_site_visit = true};
    jf_failure failure = {0};
    jf_str starts;
    call.site_visit.booked = true;
    call.site_visit.date = JF_STR("2026-07-05");
    CHECK(jf_visit_start(&call, &starts, &failure) && !jf_has(starts));
    call.site_visit.time_slot = JF_STR("11:00");
    CHECK(jf_visit_start(&call, &starts, &failure));
    CHECK_TEXT(starts, "2026-07-05T11:00:00+05:30");
    call.site_visit.timezone = JF_STR("Asia/Dubai");
    CHECK(jf_visit_start(&call, &starts, &failure));
    CHECK_TEXT(starts, "2026-07-05T11:00:00+04:00");
    call.site_visit.booked = false;
    CHECK(jf_visit_start(&call, &starts, &failure) && !jf_has(starts));
    call.site_visit.booked = true;
    call.site_visit.timezone = JF_STR("Bharat/Delhi");
    CHECK(!jf_visit_start(&call, &starts, &failure));
    CHECK_TEXT(failure.fields[0].field, "site_visit.timezone");
    call.site_visit.time_slot = JF_STR("25:00");
    CHECK(!jf_visit_start(&call, &starts, &failure));
    CHECK_TEXT(failure.fields[0].field, "site_visit.time_slot");
    call.site_visit.date = JF_STR("2026-02-30");
    CHECK(!jf_visit_start(&call, &starts, &failure));
    CHECK_TEXT(failure.fields[0].field, "site_visit.date");
}

static void phones(void) {
    const struct test_conversion conversions[] = {
        {"(0)98000 00000", "", "+919800000000", 0},
        {"soon", "", NULL, JF_NOT_A_NUMBER},
        {"9800000000", "", NULL, JF_NO_COUNTRY},
        {"+9198", "", NULL, JF_NOT_IN_PLAN},
        {NULL, NULL, NULL, 0},
    };
    test_host = (struct test_host){.conversions = conversions};
    jf_failure failure = {0};
    jf_str found;
    CHECK(jf_phone_e164(JF_STR("(0)98000 00000"), "Mobile", &found, &failure) && failure.kind == JF_NO_FAILURE);
    CHECK_TEXT(found, "+919800000000");
    const char *refused[][2] = {
        {"soon", "is not a telephone number"},
        {"9800000000", "has no country code, and the tenant's file has no `country`"},
        {"+9198", "is not in its country's numbering plan: too short, too long, or an unknown prefix"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        CHECK(!jf_phone_e164(jf_str_of(refused[i][0]), "Mobile", &found, &failure) && failure.kind == JF_REJECTED);
        CHECK_TEXT(failure.code, "bad-phone");
        CHECK_TEXT(failure.fields[0].field, "Mobile");
        CHECK_TEXT(failure.fields[0].message, refused[i][1]);
    }
    CHECK_TEXT(jf_phone_ten_digits(JF_STR("+919700000000")), "9700000000");
    const char *others[] = {"9700000000", "+91 9700000000", "+14155550100", "+915800000000", "+9197000000001"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        CHECK(!jf_has(jf_phone_ten_digits(jf_str_of(others[i]))));
    }
}

int main(void) {
    dates();
    instants();
    instants_are_respelled();
    zones_are_the_hosts();
    visits();
    money();
    phones();
    return 0;
}
