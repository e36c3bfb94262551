/*
 * A host for native tests in C: it returns the answers that the test sets, and keeps what it was sent. `jackfield adapter
 * test` compiles each .c file in tests/ with the adapter to a program, under the sanitizers where the compiler has them:
 *
 *   #include "jackfield_test.h"
 *
 *   int main(void) {
 *       test_host = (struct test_host){.answers = {{.status = 200, .body = JF_STR("stage=open\ndnc=no\n")}}};
 *       jf_lead_status status = {0};
 *       jf_failure failure = {0};
 *       CHECK(jf_query_status(JF_STR("L-1"), &status, &failure) && status.callable);
 *       CHECK_TEXT(test_host.sent[0].url, "https://crm.example/leads/L-1");
 *   }
 *
 * It has no tables of time zones and telephone numbers, which are the host's: the test says what the host answers.
 */
#ifndef JACKFIELD_TEST_H
#define JACKFIELD_TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* The most requests of a test. */
#define TEST_REQUESTS 8

struct test_setting {
    const char *name;
    const char *value;
};

/* What the host says of a local time or an instant in a zone, or of a telephone number, whose `zone` is "". `error` is
 * one of jf_date_error or jf_phone_error. */
struct test_conversion {
    const char *text;
    const char *zone;
    const char *answer;
    int error;
};

extern struct test_host {
    /* The answers to the requests, in their order. A request without one fails the test, unless `fails`. */
    jf_response answers[TEST_REQUESTS];
    bool fails;
    jf_transport_error error;
    /* The requests that were sent. */
    jf_request sent[TEST_REQUESTS];
    size_t sent_count;
    /* The settings of the tenant; the last has no name. NULL: only base_url, https://crm.example. */
    const struct test_setting *settings;
    /* What the host converts, in any order; the last has no text. */
    const struct test_conversion *conversions;
    /* Whether there is a key to sign with; a tag is the length of the bytes, 32 times. */
    bool has_key;
    int lines_logged;
} test_host;

/* Fails the test unless the claim holds. */
#define CHECK(claim)                                                                                                  \
    do {                                                                                                              \
        if (!(claim)) {                                                                                               \
            (void)fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #claim);                           \
            exit(1);                                                                                                  \
        }                                                                                                             \
    } while (0)

/* Fails the test unless a text is that of a C string. */
#define CHECK_TEXT(given, expected) test_check_text(__FILE__, __LINE__, #given, given, jf_str_of(expected))
void test_check_text(const char *file, int line, const char *what, jf_str given, jf_str expected);

/* The same bytes in memory of exactly their size, so that the address sanitizer detects every read beyond them. The
 * test frees it. */
char *exactly(const char *bytes, size_t len);

/* Pseudo-random numbers, the same in every run. */
uint32_t test_random(void);

#endif
