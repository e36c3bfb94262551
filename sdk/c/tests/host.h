/* A host for native tests: returns the answer that the test sets, and records what it was sent. */
#ifndef TEST_HOST_H
#define TEST_HOST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* What the host says of a local time or an instant in a zone, or of a telephone number, whose `zone` is "". `error` is
 * one of jf_date_error or jf_phone_error. */
struct test_answer {
    const char *text;
    const char *zone;
    const char *answer;
    int error;
};

/* The next answer: a response, or an error if `fails`. */
extern struct test_host {
    jf_response answer;
    bool fails;
    jf_transport_error error;
    jf_request sent;
    /* The answers to questions for the host's time zones and numbering plans, in any order; the last has no text. */
    const struct test_answer *answers;
    bool has_key;
    const char *setting_name;
    const char *setting_value;
    int lines_logged;
} test_host;

#define CHECK(claim)                                                                                                  \
    do {                                                                                                              \
        if (!(claim)) {                                                                                               \
            (void)fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #claim);                           \
            exit(1);                                                                                                  \
        }                                                                                                             \
    } while (0)

#define CHECK_TEXT(given, expected)                                                                                   \
    do {                                                                                                              \
        jf_str given_ = (given);                                                                                      \
        jf_str expected_ = jf_str_of(expected);                                                                       \
        if (!jf_eq(given_, expected_)) {                                                                              \
            (void)fprintf(stderr, "%s:%d: %s is \"" JF_FMT "\",\nnot \"" JF_FMT "\"\n", __FILE__, __LINE__, #given,   \
                          JF_ARG(given_), JF_ARG(expected_));                                                         \
            exit(1);                                                                                                  \
        }                                                                                                             \
    } while (0)

/* The same bytes in memory of exactly their size, so that the address sanitizer detects every read beyond them. */
static inline char *exactly(const char *bytes, size_t len) {
    char *copy = malloc(len == 0 ? 1 : len);
    CHECK(copy != NULL);
    if (len > 0) {
        memcpy(copy, bytes, len);
    }
    return copy;
}

/* Pseudo-random numbers, the same in every run. */
static inline uint32_t test_random(void) {
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32);
}

#endif
