#include "message.h"

/* More than any answer of mortar's has, and few enough that a hostile answer does no harm. */
#define MAX_LINES 200

static const char *const PROTOCOL = "MORTAR/1";

static void escape(jf_text *text, jf_str value) {
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        if (c == '\\') {
            jf_add(text, JF_STR("\\\\"));
        } else if (c == '\n') {
            jf_add(text, JF_STR("\\n"));
        } else {
            jf_add_char(text, (unsigned char)c < 0x20 || c == 0x7F ? ' ' : c);
        }
    }
}

void message_add(draft *draft, const char *key, jf_str value) {
    jf_addf(&draft->text, "%s=", key);
    escape(&draft->text, value);
    jf_add(&draft->text, JF_STR("\r\n"));
    draft->lines++;
}

jf_str message_end(draft *draft) {
    /* Adds the protocol before the lines and the count after them. */
    return jf_format("%s\r\n" JF_FMT "END=%zu\r\n", PROTOCOL, JF_ARG(jf_text_str(&draft->text)), draft->lines + 2);
}

static bool unescape(jf_str value, jf_str *plain) {
    jf_text text = {0};
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        if (c == '\\') {
            if (++i == value.len || (value.ptr[i] != 'n' && value.ptr[i] != '\\')) {
                return false;
            }
            c = value.ptr[i] == 'n' ? '\n' : '\\';
        }
        jf_add_char(&text, c);
    }
    *plain = jf_text_str(&text);
    return true;
}

static bool is_key(jf_str key) {
    for (size_t i = 0; i < key.len; i++) {
        if (key.ptr[i] < 'A' || key.ptr[i] > 'Z') {
            return false;
        }
    }
    return true;
}

bool message_read(jf_str text, message *message) {
    jf_lines lines = {.rest = text};
    jf_str each;
    if (!jf_is_utf8(text) || !jf_next_line(&lines, &each) || !jf_is(each, PROTOCOL)) {
        return false;
    }
    message->lines = jf_alloc(MAX_LINES * sizeof *message->lines);
    message->count = 0;
    while (jf_next_line(&lines, &each)) {
        line read;
        jf_str escaped;
        if (!jf_pair(each, &read.key, &escaped) || !is_key(read.key) || !unescape(escaped, &read.value)) {
            return false;
        }
        if (jf_is(read.key, "END")) {
            int64_t count = 0;
            return jf_integer(read.value, &count) && count == (int64_t)lines.number && lines.rest.len == 0;
        }
        if (message->count == MAX_LINES) {
            return false;
        }
        message->lines[message->count++] = read;
    }
    return false;
}

jf_str message_get(const message *message, const char *key) {
    for (size_t i = 0; i < message->count; i++) {
        if (jf_is(message->lines[i].key, key)) {
            return message->lines[i].value;
        }
    }
    return JF_NONE;
}
