/* Dates, money and phone numbers. */
#include "host.h"

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
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t seconds = 7;
        CHECK(jf_parse_instant(jf_str_of(cases[i].text), &seconds));
        CHECK(seconds == cases[i].seconds);
        jf_datetime local = jf_in_ist(seconds);
        CHECK_TEXT(jf_rfc3339_ist(&local), cases[i].in_india);
    }
    const char *bad[] = {"", "2026-07-01", "2026-07-01T09:01:55", "2026-07-01 09:01:55Z", "2026-07-01T09:01:55.Z",
                         "2026-02-30T09:01:55Z", "2026-07-01T24:00:00Z", "2026-07-01T09:01:55+5:30",
                         "2026-07-01T09:01:55+05:60", "2026-07-01T09:01:55Zz", "2026-07-01T09:01:5"};
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

static void phones(void) {
    const char *good[] = {"9800000000", "09800000000", "919800000000", "+91 98000-00000", "(98000) 00000"};
    const char *bad[] = {"",         "5800000000",   "980000000",      "98000000000", "98000OOOOO",
                         "९८००००००००", "+14155550100", "+9198000000001", "0000000000000000000000000000"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        CHECK_TEXT(jf_phone_e164(jf_str_of(good[i])), "+919800000000");
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK(!jf_has(jf_phone_e164(jf_str_of(bad[i]))));
    }
    CHECK_TEXT(jf_phone_ten_digits(JF_STR("+919700000000")), "9700000000");
    CHECK(!jf_has(jf_phone_ten_digits(JF_STR("9700000000"))) && !jf_has(jf_phone_ten_digits(JF_STR("+91 9700000000"))));
}

int main(void) {
    dates();
    instants();
    money();
    phones();
    return 0;
}
