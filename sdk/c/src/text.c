/* Slices of text, and building text. */
#include <string.h>

#include "internal.h"

jf_str jf_str_of(const char *text) {
    return (jf_str){text, text == NULL ? 0 : strlen(text)};
}

bool jf_has(jf_str text) {
    return text.ptr != NULL;
}

bool jf_eq(jf_str one, jf_str other) {
    return jf_has(one) == jf_has(other) && one.len == other.len &&
           (one.len == 0 || memcmp(one.ptr, other.ptr, one.len) == 0);
}

bool jf_is(jf_str text, const char *other) {
    return jf_eq(text, jf_str_of(other));
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool jf_is_nocase(jf_str text, const char *other) {
    jf_str wanted = jf_str_of(other);
    if (!jf_has(text) || text.len != wanted.len) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (lower(text.ptr[i]) != lower(wanted.ptr[i])) {
            return false;
        }
    }
    return true;
}

bool jf_starts_with(jf_str text, const char *start) {
    size_t len = strlen(start);
    return jf_has(text) && text.len >= len && memcmp(text.ptr, start, len) == 0;
}

jf_str jf_slice(jf_str text, size_t from, size_t to) {
    if (!jf_has(text)) {
        return JF_NONE;
    }
    to = to < text.len ? to : text.len;
    from = from < to ? from : to;
    return (jf_str){text.ptr + from, to - from};
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

jf_str jf_trim(jf_str text) {
    size_t from = 0;
    size_t to = text.len;
    while (from < to && is_blank(text.ptr[from])) {
        from++;
    }
    while (to > from && is_blank(text.ptr[to - 1])) {
        to--;
    }
    return jf_slice(text, from, to);
}

bool jf_split(jf_str text, char separator, jf_str *before, jf_str *after) {
    const char *at = text.len == 0 ? NULL : memchr(text.ptr, separator, text.len);
    if (at == NULL) {
        *before = text;
        *after = JF_NONE;
        return false;
    }
    size_t index = (size_t)(at - text.ptr);
    *before = jf_slice(text, 0, index);
    *after = jf_slice(text, index + 1, text.len);
    return true;
}

bool jf_is_digits(jf_str text) {
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
    }
    return text.len > 0;
}

bool jf_integer(jf_str text, int64_t *number) {
    bool negative = jf_starts_with(text, "-");
    jf_str digits = jf_slice(text, negative || jf_starts_with(text, "+"), text.len);
    if (!jf_is_digits(digits)) {
        return false;
    }
    /* Accumulate negative numbers: there is one more of them than of positive ones. */
    int64_t counted = 0;
    for (size_t i = 0; i < digits.len; i++) {
        int digit = digits.ptr[i] - '0';
        if (counted < (INT64_MIN + digit) / 10) {
            return false;
        }
        counted = counted * 10 - digit;
    }
    if (!negative && counted == INT64_MIN) {
        return false;
    }
    *number = negative ? counted : -counted;
    return true;
}

/* The length of the character at `at` in bytes, or 0 if it is not valid UTF-8. */
static size_t character(jf_str text, size_t at) {
    const unsigned char *bytes = (const unsigned char *)text.ptr + at;
    size_t left = text.len - at;
    unsigned char first = bytes[0];
    if (first < 0x80) {
        return 1;
    }
    size_t len = first >= 0xC2 && first <= 0xDF ? 2 : (first & 0xF0) == 0xE0 ? 3 : first >= 0xF0 && first <= 0xF4 ? 4 : 0;
    if (len == 0 || len > left) {
        return 0;
    }
    /* Excludes overlong forms, halves of surrogate pairs, and code points beyond U+10FFFF. */
    unsigned char low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    unsigned char high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (bytes[1] < low || bytes[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < len; i++) {
        if ((bytes[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return len;
}

bool jf_is_utf8(jf_str text) {
    for (size_t at = 0; at < text.len;) {
        size_t len = character(text, at);
        if (len == 0) {
            return false;
        }
        at += len;
    }
    return true;
}

jf_str jf_utf8_lossy(jf_str text) {
    if (jf_is_utf8(text)) {
        return text;
    }
    jf_text clean = {0};
    for (size_t at = 0; at < text.len;) {
        size_t len = character(text, at);
        jf_add(&clean, len == 0 ? JF_STR("\xEF\xBF\xBD") : jf_slice(text, at, at + len));
        at += len == 0 ? 1 : len;
    }
    return jf_text_str(&clean);
}

size_t jf_utf8_fit(jf_str text, size_t max) {
    if (text.len <= max) {
        return text.len;
    }
    while (max > 0 && ((unsigned char)text.ptr[max] & 0xC0) == 0x80) {
        max--;
    }
    return max;
}

jf_str jf_copy(jf_str text) {
    if (!jf_has(text)) {
        return JF_NONE;
    }
    char *copy = jf_alloc(text.len + 1);
    if (text.len > 0) {
        memcpy(copy, text.ptr, text.len);
    }
    return (jf_str){copy, text.len};
}

void jf_add(jf_text *text, jf_str more) {
    if (more.len > text->capacity - text->len) {
        size_t needed = text->len + more.len;
        size_t capacity = text->capacity < 64 ? 64 : text->capacity * 2;
        capacity = capacity < needed ? needed : capacity;
        text->ptr = jf_grow(text->ptr, text->capacity, capacity);
        text->capacity = capacity;
    }
    if (more.len > 0) {
        memcpy(text->ptr + text->len, more.ptr, more.len);
        text->len += more.len;
    }
}

void jf_add_char(jf_text *text, char more) {
    jf_add(text, (jf_str){&more, 1});
}

static jf_str format(const char *format, va_list arguments) {
    size_t len = jf_print(NULL, 0, format, arguments);
    char *text = jf_alloc(len + 1);
    (void)jf_print(text, len + 1, format, arguments);
    return (jf_str){text, len};
}

jf_str jf_format(const char *pattern, ...) {
    va_list arguments;
    va_start(arguments, pattern);
    jf_str text = format(pattern, arguments);
    va_end(arguments);
    return text;
}

void jf_addf(jf_text *text, const char *pattern, ...) {
    va_list arguments;
    va_start(arguments, pattern);
    jf_add(text, format(pattern, arguments));
    va_end(arguments);
}

jf_str jf_text_str(const jf_text *text) {
    return (jf_str){text->ptr == NULL ? "" : text->ptr, text->len};
}
