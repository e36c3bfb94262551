/* Ends an invocation that cannot continue: the last line on standard error says why, and the host shows it with the
 * fault. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

/* The host shows 500 characters of the line. */
#define LINE_SIZE 512

JF_UNCHECKED static _Noreturn void die(const char *line, size_t left) {
    while (left > 0) {
        ssize_t written = write(2, line, left);
        if (written <= 0) {
            break;
        }
        line += written;
        left -= (size_t)written;
    }
    __builtin_trap();
}

JF_UNCHECKED _Noreturn void jf_panic_at(const char *file, int line, const char *function, const char *format, ...) {
    static char text[LINE_SIZE];
    char place[160];
    if (function == NULL) {
        (void)snprintf(place, sizeof place, " (%s:%d)\n", file, line);
    } else {
        (void)snprintf(place, sizeof place, " (%s:%d in %s)\n", file, line, function);
    }
    size_t tail = strlen(place);
    size_t room = sizeof text - tail;
    size_t used = (size_t)snprintf(text, room, "panic: ");
    va_list arguments;
    va_start(arguments, format);
    used += jf_print(text + used, room - used, format, arguments);
    va_end(arguments);
    used = used < room ? used : room - 1;
    /* The host shows the last line only, so the message must be on one line; a NUL in a text must not end it. */
    for (size_t i = 0; i < used; i++) {
        if (text[i] == '\n' || text[i] == '\r' || text[i] == 0) {
            text[i] = ' ';
        }
    }
    memcpy(text + used, place, tail);
    die(text, used + tail);
}

#ifdef __wasm__
/* The recipe compiles adapters with `abort` and `__assert_fail` renamed to these: libc's own print nothing, or more
 * than one line. */
_Noreturn void jf_abort(void);
_Noreturn void jf_assert_fail(const char *claim, const char *file, int line, const char *function);

_Noreturn void jf_abort(void) {
    static const char line[] = "panic: abort() was called\n";
    die(line, sizeof line - 1);
}

_Noreturn void jf_assert_fail(const char *claim, const char *file, int line, const char *function) {
    jf_panic_at(file, line, function, "assertion failed: %s", claim);
}

/* The stack lies below all other memory and grows towards address 0: close to 0, it is exhausted.
 * -finstrument-function-entry-bare calls the check at the start of every function of the adapter. */
#define STACK_RESERVE 8192

JF_UNCHECKED void __cyg_profile_func_enter_bare(void);

JF_UNCHECKED void __cyg_profile_func_enter_bare(void) {
    static bool dying; /* the report itself uses some of the reserve */
    if ((size_t)__builtin_frame_address(0) < STACK_RESERVE && !dying) {
        dying = true;
        static const char line[] =
            "panic: the stack is exhausted: too deep a recursion, or too large an array in a function\n";
        die(line, sizeof line - 1);
    }
}
#endif
