/* Texts, memory and encodings. */
#include "jackfield_test.h"

static void texts(void) {
    CHECK(!jf_has(JF_NONE) && jf_has(JF_STR("")));
    CHECK(!jf_eq(JF_NONE, JF_STR("")) && jf_eq(JF_NONE, jf_str_of(NULL)));
    CHECK(jf_is_nocase(JF_STR("Retry-After"), "retry-AFTER") && !jf_is_nocase(JF_STR("retry"), "retry-after"));
    CHECK(!jf_is(JF_NONE, "") && jf_starts_with(JF_STR("abc"), "ab") && !jf_starts_with(JF_STR("a"), "ab"));
    CHECK_TEXT(jf_slice(JF_STR("abc"), 1, 99), "bc");
    CHECK_TEXT(jf_slice(JF_STR("abc"), 7, 2), "");
    CHECK_TEXT(jf_trim(JF_STR(" \t a b\r\n")), "a b");
    CHECK_TEXT(jf_trim(JF_STR("  ")), "");
    jf_str before;
    jf_str after;
    CHECK(jf_split(JF_STR("a=b=c"), '=', &before, &after));
    CHECK_TEXT(before, "a");
    CHECK_TEXT(after, "b=c");
    CHECK(!jf_split(JF_NONE, '=', &before, &after) && !jf_has(before) && !jf_has(after));
}

static void numbers(void) {
    const struct {
        const char *text;
        bool good;
        int64_t number;
    } cases[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"+42", true, 42},
        {"0042", true, 42},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"99999999999999999999999", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {"+-1", false, 0},
        {" 1", false, 0},
        {"1.0", false, 0},
        {"१२", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t number = 7;
        CHECK(jf_integer(jf_str_of(cases[i].text), &number) == cases[i].good);
        CHECK(number == (cases[i].good ? cases[i].number : 7));
    }
}

static void utf8(void) {
    const char *good[] = {"", "a", "ख", "₹", "🏠", "\xF4\x8F\xBF\xBF", "\xEE\x80\x80"};
    const char *bad[] = {"\x80",         "\xC0\x80",     "\xC3",             "\xE0\x80\x80",     "\xED\xA0\x80",
                         "\xE2\x82",     "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "a\xFFz"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        CHECK(jf_is_utf8(jf_str_of(good[i])));
        CHECK_TEXT(jf_utf8_lossy(jf_str_of(good[i])), good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK(!jf_is_utf8(jf_str_of(bad[i])));
        CHECK(jf_is_utf8(jf_utf8_lossy(jf_str_of(bad[i]))));
    }
    CHECK_TEXT(jf_utf8_lossy(JF_STR("Caf\xE9 x")), "Caf\xEF\xBF\xBD x");
    CHECK(jf_utf8_fit(JF_STR("कख"), 6) == 6 && jf_utf8_fit(JF_STR("कख"), 5) == 3 && jf_utf8_fit(JF_STR("कख"), 2) == 0);
}

static void building(void) {
    jf_text text = {0};
    CHECK_TEXT(jf_text_str(&text), "");
    for (int i = 0; i < 1000; i++) {
        jf_addf(&text, "%d,", i);
        (void)jf_alloc(i % 50); /* something else is allocated between, so that the text has to move */
    }
    CHECK(text.len == 3890);
    CHECK(jf_starts_with(jf_text_str(&text), "0,1,2,") && memcmp(text.ptr + text.len - 8, "998,999,", 8) == 0);
    CHECK_TEXT(jf_format("%s " JF_FMT " %05d", "a", JF_ARG(JF_STR("bcd")), -42), "a bcd -0042");
    CHECK_TEXT(jf_format(JF_FMT, JF_ARG(JF_NONE)), "");
}

/* A text keeps its length wherever it goes, though it holds a NUL. */
static void nul_in_a_text(void) {
    jf_str text = JF_STR("too high\0call in March");
    jf_str framed = JF_STR("[too high\0call in March] 7");
    CHECK(text.len == 22);
    CHECK(jf_eq(jf_format("[" JF_FMT "] %d", JF_ARG(text), 7), framed));
    int evaluated = 0;
    CHECK(jf_eq(jf_format(JF_FMT, JF_ARG((evaluated++, text))), text) && evaluated == 1);
    jf_text added = {0};
    jf_addf(&added, "[" JF_FMT "]%c%u", JF_ARG(text), ' ', 7u);
    CHECK(jf_eq(jf_text_str(&added), framed));
    CHECK(jf_eq(jf_format("%c", 0), JF_STR("\0")));
    CHECK(jf_eq(jf_copy(text), text) && jf_eq(jf_trim(text), text) && jf_eq(jf_utf8_lossy(text), text));
    CHECK(!jf_is(text, "too high") && !jf_is_nocase(text, "too high") && jf_starts_with(text, "too high"));
    CHECK_TEXT(jf_json_text(text), "\"too high\\u0000call in March\"");
    CHECK_TEXT(jf_path_encode(text), "too%20high%00call%20in%20March");
    CHECK(jf_eq(jf_form_decode(jf_form_encode(text)), text));
    jf_request *request = jf_post(JF_STR("https://crm.example"));
    jf_form_pair(request, JF_STR("/a\0b"), text);
    jf_query_pair(request, JF_STR("/a\0b"), text);
    CHECK_TEXT(jf_text_str(&request->form), "%2Fa%00b=too+high%00call+in+March");
    CHECK_TEXT(request->url, "https://crm.example?%2Fa%00b=too+high%00call+in+March");
    jf_failure failure = {0};
    (void)jf_reject(&failure, text, text);
    (void)jf_reject_field(&failure, text, text);
    CHECK(jf_eq(failure.code, text) && jf_eq(failure.message, text));
    CHECK(jf_eq(failure.fields[0].field, text) && jf_eq(failure.fields[0].message, text));
}

/* The same text as libc's own. */
#define CHECK_FORMAT(...)                                                                                             \
    do {                                                                                                              \
        char libc_[200];                                                                                              \
        (void)snprintf(libc_, sizeof libc_, __VA_ARGS__);                                                             \
        CHECK_TEXT(jf_format(__VA_ARGS__), libc_);                                                                    \
    } while (0)

static void formats(void) {
    CHECK_FORMAT("%d %i %5d|%-5d|%05d|%+d|% d", -1, 2, 3, 4, 5, 6, 7);
    CHECK_FORMAT("%u %o %x %#X %s %c %%", 1u, 8u, 255u, 255u, "text", 'c');
    CHECK_FORMAT("%hhd %hd %ld %lld %jd %td", (signed char)-7, (short)-8, -9L, INT64_C(-10) + 0LL, (intmax_t)-11,
                 (ptrdiff_t)-12);
    CHECK_FORMAT("%hhu %hu %lu %llu %ju %zu", (unsigned char)7, (unsigned short)8, 9UL, 10ULL, UINTMAX_MAX, SIZE_MAX);
    CHECK_FORMAT("%*d|%-*d|%.*d|%0*u|%*s|%.3s|%.*s", 4, 1, 4, 2, 3, 5, 6, 42u, 7, "seven", "cut off", 2, "cut");
    CHECK_FORMAT("%f %.2f %8.3e %g %a", 1.5, -2.345, 12345.678, 0.0001, 1.0);
    CHECK_FORMAT("%*d|%.*s", -4, 1, -1, "whole");
    CHECK_FORMAT("%016lld %+016lld", INT64_C(850) + 0LL, INT64_C(-850) + 0LL);
}

static void memory(void) {
    jf_invocation_ends();
    jf_invocation_begins();
    (void)jf_alloc(1);
    size_t least = jf_arena_held();
    for (int round = 0; round < 1000; round++) {
        jf_invocation_begins(); /* does nothing: the invocation has not ended */
        for (int i = 0; i < 20; i++) {
            size_t size = test_random() % 10000;
            char *bytes = jf_alloc(size);
            CHECK((uintptr_t)bytes % 16 == 0);
            for (size_t at = 0; at < size; at++) {
                CHECK(bytes[at] == 0);
                bytes[at] = 'x';
            }
        }
        char *large = jf_alloc(1 << 20);
        CHECK(large[(1 << 20) - 1] == 0);
        jf_invocation_ends();
        CHECK(large[0] == 0); /* the host reads results after the invocation */
        jf_invocation_begins();
        CHECK(jf_arena_held() == least);
    }
    int *list = NULL;
    size_t count = 0;
    for (int i = 0; i < 1000; i++) {
        int *added = jf_list_add((void **)&list, &count, sizeof *list);
        CHECK(*added == 0);
        *added = i;
        (void)jf_alloc(8);
    }
    for (int i = 0; i < 1000; i++) {
        CHECK(list[i] == i);
    }
}

static void encodings(void) {
    CHECK_TEXT(jf_path_encode(JF_STR("A/7 ख~.-_")), "A%2F7%20%E0%A4%96~.-_");
    CHECK_TEXT(jf_form_encode(JF_STR("a b&c=1+1*ख~")), "a+b%26c%3D1%2B1*%E0%A4%96%7E");
    CHECK_TEXT(jf_form_encode(((jf_str){"\0", 1})), "%00");
    CHECK_TEXT(jf_form_decode(JF_STR("a+b%26%e0%a4%96")), "a b&ख");
    CHECK_TEXT(jf_form_decode(JF_STR("100%")), "100%");
    CHECK_TEXT(jf_form_decode(JF_STR("%4")), "%4");
    CHECK_TEXT(jf_form_decode(JF_STR("%zz%2")), "%zz%2");
    jf_str form = JF_STR("name=%E0%A4%86+B&empty=&flag&name=second&&=x");
    CHECK_TEXT(jf_form_get(form, "name"), "आ B");
    CHECK_TEXT(jf_form_get(form, "empty"), "");
    CHECK_TEXT(jf_form_get(form, "flag"), "");
    CHECK(!jf_has(jf_form_get(form, "other")));
    const uint8_t bytes[] = {0x00, 0xff, 0x1a};
    CHECK_TEXT(jf_hex(bytes, sizeof bytes), "00ff1a");
    CHECK_TEXT(jf_json_text(JF_STR("a\"b\\c\nख\x01\xFF")), "\"a\\\"b\\\\c\\u000aख\\u0001\xEF\xBF\xBD\"");
}

static void lines(void) {
    jf_lines lines = {.rest = JF_STR("one=1\r\n\ntwo= 2 \nno pair\n=x\nlast=")};
    const char *expected[] = {"one=1", "", "two= 2 ", "no pair", "=x", "last="};
    jf_str line;
    jf_str key;
    jf_str value;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        CHECK(jf_next_line(&lines, &line) && lines.number == i + 1);
        CHECK_TEXT(line, expected[i]);
    }
    CHECK(!jf_next_line(&lines, &line));
    CHECK(jf_pair(JF_STR("two= 2 "), &key, &value));
    CHECK_TEXT(value, " 2 ");
    CHECK(jf_pair(JF_STR("last="), &key, &value) && jf_has(value) && value.len == 0);
    CHECK(!jf_pair(JF_STR("no pair"), &key, &value) && !jf_pair(JF_STR("=x"), &key, &value));
}

/* For any bytes, nothing is read beyond them, and every line is a part of them. */
static void hostile_bytes(void) {
    static const char alphabet[] = "\r\n=%+& aZ0\\\xE0\xA4\x96\xFF\0;";
    for (int round = 0; round < 20000; round++) {
        size_t len = test_random() % 40;
        char bytes[40];
        for (size_t i = 0; i < len; i++) {
            bytes[i] = alphabet[test_random() % (sizeof alphabet - 1)];
        }
        char *exact = exactly(bytes, len);
        jf_str text = {exact, len};
        jf_lines lines = {.rest = text};
        jf_str line;
        jf_str key;
        jf_str value;
        size_t seen = 0;
        while (jf_next_line(&lines, &line)) {
            seen += line.len;
            (void)jf_pair(line, &key, &value);
            (void)jf_trim(line);
        }
        CHECK(seen <= len);
        CHECK(jf_eq(jf_form_decode(jf_form_encode(text)), text));
        CHECK(jf_is_utf8(jf_utf8_lossy(text)) && jf_is_utf8(jf_json_text(text)));
        CHECK(jf_utf8_fit(text, len / 2) <= len / 2);
        (void)jf_form_get(text, "a");
        (void)jf_form_decode(text);
        (void)jf_rfc3339(text);
        int64_t number;
        (void)jf_integer(text, &number);
        (void)jf_parse_instant(text, &number);
        free(exact);
        jf_invocation_ends();
        jf_invocation_begins();
    }
}

int main(void) {
    texts();
    numbers();
    utf8();
    building();
    nul_in_a_text();
    formats();
    memory();
    encodings();
    lines();
    hostile_bytes();
    return 0;
}
