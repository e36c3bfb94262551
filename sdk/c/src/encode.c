/* Encodings for text in paths, forms and JSON, and reading of lines. */
#include <string.h>

#include "internal.h"

static const char HEX[] = "0123456789ABCDEF";

static bool is_alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Percent-encodes everything but letters, digits and the bytes of `also`. */
static jf_str percent_encode(jf_str text, const char *also, bool plus_for_space) {
    jf_text encoded = {0};
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (is_alphanumeric(c) || (c != 0 && strchr(also, c) != NULL)) {
            jf_add_char(&encoded, c);
        } else if (c == ' ' && plus_for_space) {
            jf_add_char(&encoded, '+');
        } else {
            unsigned char byte = (unsigned char)c;
            jf_add(&encoded, (jf_str){(char[]){'%', HEX[byte >> 4], HEX[byte & 15]}, 3});
        }
    }
    return jf_text_str(&encoded);
}

jf_str jf_path_encode(jf_str text) {
    return percent_encode(text, "-._~", false);
}

jf_str jf_form_encode(jf_str text) {
    return percent_encode(text, "*-._", true);
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

jf_str jf_form_decode(jf_str text) {
    jf_text decoded = {0};
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        int high = c == '%' && text.len - i > 2 ? hex_digit(text.ptr[i + 1]) : -1;
        int low = high < 0 ? -1 : hex_digit(text.ptr[i + 2]);
        if (low >= 0) {
            jf_add_char(&decoded, (char)(high * 16 + low));
            i += 2;
        } else {
            jf_add_char(&decoded, c == '+' ? ' ' : c);
        }
    }
    return jf_text_str(&decoded);
}

jf_str jf_form_get(jf_str form, const char *name) {
    while (form.len > 0) {
        jf_str pair;
        jf_str key;
        jf_str value;
        (void)jf_split(form, '&', &pair, &form);
        bool has_value = jf_split(pair, '=', &key, &value);
        if (jf_is(jf_form_decode(key), name)) {
            return has_value ? jf_form_decode(value) : JF_STR("");
        }
    }
    return JF_NONE;
}

jf_str jf_hex(const uint8_t *bytes, size_t count) {
    static const char LOWER[] = "0123456789abcdef";
    char *text = jf_alloc(count * 2 + 1);
    for (size_t i = 0; i < count; i++) {
        text[2 * i] = LOWER[bytes[i] >> 4];
        text[2 * i + 1] = LOWER[bytes[i] & 15];
    }
    return (jf_str){text, count * 2};
}

jf_str jf_json_text(jf_str text) {
    jf_text json = {0};
    text = jf_utf8_lossy(text);
    jf_add_char(&json, '"');
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '"' || c == '\\') {
            jf_add_char(&json, '\\');
            jf_add_char(&json, c);
        } else if ((unsigned char)c < 0x20) {
            jf_addf(&json, "\\u%04x", (unsigned char)c);
        } else {
            jf_add_char(&json, c);
        }
    }
    jf_add_char(&json, '"');
    return jf_text_str(&json);
}

bool jf_next_line(jf_lines *lines, jf_str *line) {
    if (lines->rest.len == 0) {
        return false;
    }
    (void)jf_split(lines->rest, '\n', line, &lines->rest);
    lines->number++;
    if (line->len > 0 && line->ptr[line->len - 1] == '\r') {
        line->len--;
    }
    return true;
}

bool jf_pair(jf_str line, jf_str *key, jf_str *value) {
    return jf_split(line, '=', key, value) && key->len > 0;
}
