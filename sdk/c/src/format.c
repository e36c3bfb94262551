/* printf's formats, and JF_FMT. libc's own reads a text up to its first NUL, even one whose length is given, so that
 * what stands behind it would be lost without a word. */
#include <stdio.h>
#include <string.h>

#include "internal.h"

/* JF_FMT without its `%`. */
#define WHOLE_TEXT "-p"
/* The longest conversion, such as `%+-0#20.10jd`, with its NUL. */
#define SPEC_SIZE 48

/* What was printed so far, and what is left to print. */
typedef struct {
    char *buffer;
    size_t size;
    size_t len;
    va_list arguments;
} output;

static void put(output *out, const char *bytes, size_t count) {
    if (count > 0 && out->len < out->size) {
        size_t room = out->size - out->len;
        memcpy(out->buffer + out->len, bytes, count < room ? count : room);
    }
    out->len += count;
}

/* Appends to a conversion. */
static void extend(char spec[SPEC_SIZE], const char *more, size_t count) {
    size_t len = strlen(spec);
    if (count >= SPEC_SIZE - len) {
        jf_panic("a format has a conversion that is too long: %s", spec);
    }
    memcpy(spec + len, more, count);
    spec[len + count] = 0;
}

static const char *skip_digits(const char *at) {
    while (*at >= '0' && *at <= '9') {
        at++;
    }
    return at;
}

/* Copies a number, or the argument that `*` stands for, to a conversion. */
static const char *number(output *out, char spec[SPEC_SIZE], const char *at) {
    if (*at == '*') {
        char digits[16];
        int len = snprintf(digits, sizeof digits, "%d", va_arg(out->arguments, int));
        extend(spec, digits, (size_t)len);
        return at + 1;
    }
    const char *end = skip_digits(at);
    extend(spec, at, (size_t)(end - at));
    return end;
}

static intmax_t signed_argument(output *out, const char *length) {
    switch (*length) {
    case 'h':
        return length[1] == 'h' ? (signed char)va_arg(out->arguments, int) : (short)va_arg(out->arguments, int);
    case 'l':
        return length[1] == 'l' ? va_arg(out->arguments, long long) : va_arg(out->arguments, long);
    case 'j':
        return va_arg(out->arguments, intmax_t);
    case 'z':
    case 't':
        return va_arg(out->arguments, ptrdiff_t);
    default:
        return va_arg(out->arguments, int);
    }
}

static uintmax_t unsigned_argument(output *out, const char *length) {
    switch (*length) {
    case 'h':
        return length[1] == 'h' ? (unsigned char)va_arg(out->arguments, unsigned)
                                : (unsigned short)va_arg(out->arguments, unsigned);
    case 'l':
        return length[1] == 'l' ? va_arg(out->arguments, unsigned long long) : va_arg(out->arguments, unsigned long);
    case 'j':
        return va_arg(out->arguments, uintmax_t);
    case 'z':
    case 't':
        return va_arg(out->arguments, size_t);
    default:
        return va_arg(out->arguments, unsigned);
    }
}

/* Prints the next argument as libc does: `spec` lacks the length and the conversion. */
static void convert(output *out, char spec[SPEC_SIZE], const char *length, char conversion) {
    char *target = out->len < out->size ? out->buffer + out->len : NULL;
    size_t room = target == NULL ? 0 : out->size - out->len;
    bool is_integer = strchr("diouxX", conversion) != NULL;
    if (is_integer) {
        extend(spec, "j", 1);
    }
    extend(spec, &conversion, 1);
    int len = -1;
    if (conversion == 'd' || conversion == 'i') {
        len = snprintf(target, room, spec, signed_argument(out, length));
    } else if (is_integer) {
        len = snprintf(target, room, spec, unsigned_argument(out, length));
    } else if (conversion == 's' && *length == 0) {
        len = snprintf(target, room, spec, va_arg(out->arguments, const char *));
    } else if (conversion == 'c' && *length == 0) {
        len = snprintf(target, room, spec, va_arg(out->arguments, int));
    } else if (conversion == 'p') {
        len = snprintf(target, room, spec, va_arg(out->arguments, void *));
    } else if (strchr("aAeEfFgG", conversion) != NULL && *length != 'L') {
        len = snprintf(target, room, spec, va_arg(out->arguments, double));
    }
    if (len < 0) {
        jf_panic("a text cannot be formatted by %s", spec);
    }
    out->len += (size_t)len;
}

/* Prints one conversion, from behind its `%`, and returns what follows it. */
static const char *conversion(output *out, const char *at) {
    if (*at == '%') {
        put(out, "%", 1);
        return at + 1;
    }
    if (strncmp(at, WHOLE_TEXT, strlen(WHOLE_TEXT)) == 0) {
        const jf_str *text = va_arg(out->arguments, const void *);
        put(out, text->ptr, text->len);
        return at + strlen(WHOLE_TEXT);
    }
    char spec[SPEC_SIZE] = "%";
    size_t flags = strspn(at, "-+ #0");
    extend(spec, at, flags);
    at = number(out, spec, at + flags);
    if (*at == '.') {
        char precision[SPEC_SIZE] = ".";
        at = number(out, precision, at + 1);
        if (precision[1] != '-') { /* a negative one counts as none */
            extend(spec, precision, strlen(precision));
        }
    }
    char length[3] = "";
    for (size_t i = 0; i < 2 && *at != 0 && strchr("hljztL", *at) != NULL; i++) {
        length[i] = *at++;
    }
    if (*at == 0) {
        jf_panic("a format ends inside a conversion: %s", spec);
    }
    convert(out, spec, length, *at);
    return at + 1;
}

size_t jf_print(char *buffer, size_t size, const char *format, va_list arguments) {
    output out = {.buffer = buffer, .size = size};
    va_copy(out.arguments, arguments);
    while (*format != 0) {
        size_t plain = strcspn(format, "%");
        put(&out, format, plain);
        format += plain;
        if (*format == '%') {
            format = conversion(&out, format + 1);
        }
    }
    va_end(out.arguments);
    if (size > 0) {
        buffer[out.len < size ? out.len : size - 1] = 0;
    }
    return out.len;
}
