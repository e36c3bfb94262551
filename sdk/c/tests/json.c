/* JSON: what is read keeps its digits and its length, and what is not JSON is unreadable. */
#include "jackfield_json.h"
#include "jackfield_test.h"

static yyjson_val *read(const char *text) {
    yyjson_val *root = jf_json_read(jf_str_of(text));
    CHECK(root != NULL);
    return root;
}

static void texts_have_a_length(void) {
    yyjson_val *root = read("{\"name\": \"a\\u0000b \\ud83c\\udfe0\", \"n\": 1, \"none\": null}");
    CHECK(jf_eq(jf_json_str(yyjson_obj_get(root, "name")), JF_STR("a\0b 🏠")));
    CHECK(!jf_has(jf_json_str(yyjson_obj_get(root, "n"))) && !jf_has(jf_json_str(yyjson_obj_get(root, "none"))));
    CHECK(!jf_has(jf_json_str(yyjson_obj_get(root, "missing"))) && !jf_has(jf_json_str(NULL)));
}

static void numbers_keep_their_digits(void) {
    const char *text = "{\"ref\":100000000000000000000001,\"rate\":1.10,\"limit\":1e2,\"n\":-0}";
    CHECK_TEXT(jf_json_of(read(text)), text);
    const struct {
        const char *text;
        bool whole;
        int64_t number;
    } cases[] = {
        {"0", true, 0},    {"-42", true, -42},   {"1e3", true, 1000},   {"12.00", true, 12}, {"1.5", false, 0},
        {"1e99", false, 0}, {"\"7\"", false, 0}, {"true", false, 0},    {"null", false, 0},
        {"9223372036854775807", true, INT64_MAX}, {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t number = 7;
        CHECK(jf_json_integer(read(cases[i].text), &number) == cases[i].whole);
        CHECK(number == (cases[i].whole ? cases[i].number : 7));
    }
    double real;
    CHECK(jf_json_real(read("1.5"), &real) && real == 1.5 && !jf_json_real(read("[]"), &real));
}

static void answers_that_are_not_json_are_unreadable(void) {
    const char *bad[] = {"", " ", "{", "{\"a\":01}", "<html>", "{\"a\":1}x", "\"\xFF\"", "[1,]", "nul"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *exact = exactly(bad[i], strlen(bad[i]));
        jf_response response = {.status = 200, .body = {exact, strlen(bad[i])}};
        jf_failure failure = {0};
        yyjson_val *root;
        CHECK(!jf_response_json(&response, &root, &failure) && failure.kind == JF_UNKNOWN);
        CHECK(jf_starts_with(failure.reason, "the CRM's answer with status 200 cannot be read: not JSON: "));
        free(exact);
    }
    jf_response marked = {.status = 200, .body = JF_STR("\xEF\xBB\xBF{\"a\":1}")};
    jf_failure failure = {0};
    yyjson_val *root;
    CHECK(jf_response_json(&marked, &root, &failure) && yyjson_is_obj(root));
}

/* Neither reading nor writing recurses, so no depth exhausts the stack. */
static void depth_is_harmless(void) {
    jf_text deep = {0};
    for (int i = 0; i < 100000; i++) {
        jf_add_char(&deep, '[');
    }
    CHECK(jf_json_read(jf_text_str(&deep)) == NULL);
    for (int i = 0; i < 100000; i++) {
        jf_add_char(&deep, ']');
    }
    CHECK(jf_eq(jf_json_of(jf_json_read(jf_text_str(&deep))), jf_text_str(&deep)));
}

static void objects_are_written(void) {
    char name[] = "call";
    jf_json *note = jf_json_object();
    jf_json_add(note, name, JF_STR("a\"\0\xFF"));
    memset(name, '!', sizeof name - 1);
    jf_json_add(note, "left-out", JF_NONE);
    jf_json_add_integer(note, "budget", INT64_MIN);
    jf_json_add_boolean(note, "booked", true);
    jf_json_add_raw(note, "floor", JF_STR("[1.10]"));
    yyjson_mut_obj_add_null(note->document, note->root, "own");
    jf_request *request = jf_post(JF_STR("https://a"));
    jf_body_json(request, note);
    CHECK_TEXT(request->body, "{\"call\":\"a\\\"\\u0000\xEF\xBF\xBD\",\"budget\":-9223372036854775808,\"booked\":true,"
                              "\"floor\":[1.10],\"own\":null}");
    CHECK_TEXT(request->headers[0].value, "application/json");
}

/* Whatever the bytes are, nothing is read beyond them. */
static void hostile_bytes(void) {
    static const char alphabet[] = "[]{}\",:0123456789.eE+-\\u tfn\xE0\xA4\x96\xFF\0";
    for (int round = 0; round < 20000; round++) {
        size_t len = test_random() % 40;
        char bytes[40];
        for (size_t i = 0; i < len; i++) {
            bytes[i] = alphabet[test_random() % (sizeof alphabet - 1)];
        }
        char *exact = exactly(bytes, len);
        yyjson_val *root = jf_json_read((jf_str){exact, len});
        free(exact);
        if (root != NULL) {
            int64_t number;
            (void)jf_json_integer(root, &number);
            CHECK(jf_json_read(jf_json_of(root)) != NULL);
        }
        jf_invocation_ends();
        jf_invocation_begins();
    }
}

int main(void) {
    texts_have_a_length();
    numbers_keep_their_digits();
    answers_that_are_not_json_are_unreadable();
    depth_is_harmless();
    objects_are_written();
    hostile_bytes();
    return 0;
}
