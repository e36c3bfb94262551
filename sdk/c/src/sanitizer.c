/* The functions that the compiler calls on undefined behaviour. Each ends the invocation with a message. Clang's own
 * library prints more than one line, and not every toolchain has it for WebAssembly.
 *
 * The compiler (-fsanitize=undefined) defines the names and parameters, and that each first parameter begins with the
 * position in the source. */
#ifdef __wasm__
#include "internal.h"

typedef struct {
    const char *file;
    uint32_t line;
    uint32_t column;
} place;

static _Noreturn void undefined(const place *at, const char *what) {
    jf_panic_at(at->file == NULL ? "?" : at->file, (int)at->line, NULL, "%s", what);
}

/* A handler has two names: one for recoverable checks, and one for checks that abort. */
#define HANDLER(name, parameters, what)                                                                               \
    _Noreturn void __ubsan_handle_##name parameters;                                                                  \
    _Noreturn void __ubsan_handle_##name parameters {                                                                 \
        undefined(at, what);                                                                                          \
    }
#define HANDLERS(name, parameters, what) HANDLER(name, parameters, what) HANDLER(name##_abort, parameters, what)

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wunused-parameter"

HANDLERS(add_overflow, (const place *at, void *left, void *right), "signed integer overflow in an addition")
HANDLERS(sub_overflow, (const place *at, void *left, void *right), "signed integer overflow in a subtraction")
HANDLERS(mul_overflow, (const place *at, void *left, void *right), "signed integer overflow in a multiplication")
HANDLERS(negate_overflow, (const place *at, void *value), "signed integer overflow in a negation")
HANDLERS(divrem_overflow, (const place *at, void *left, void *right), "a division by zero, or one that overflows")
HANDLERS(shift_out_of_bounds, (const place *at, void *left, void *right), "a shift by more than the type has bits")
HANDLERS(out_of_bounds, (const place *at, void *index), "an index out of bounds")
HANDLERS(vla_bound_not_positive, (const place *at, void *bound), "an array of no or negative length")
HANDLERS(float_cast_overflow, (const place *at, void *value), "a floating-point number that does not fit the integer")
HANDLERS(load_invalid_value, (const place *at, void *value), "a value that its type does not allow")
HANDLERS(implicit_conversion, (const place *at, void *from, void *to), "a conversion that changes the value")
HANDLERS(pointer_overflow, (const place *at, void *base, void *result), "pointer arithmetic that overflows")
HANDLERS(alignment_assumption, (const place *at, void *pointer, void *align, void *offset), "a misaligned pointer")
HANDLERS(nonnull_arg, (const place *at), "a null pointer as an argument that must not be one")
HANDLERS(nullability_arg, (const place *at), "a null pointer as an argument that must not be one")
HANDLERS(nonnull_return_v1, (const void *data, const place *at), "a null pointer returned where it must not be")
HANDLERS(nullability_return_v1, (const void *data, const place *at), "a null pointer returned where it must not be")
HANDLERS(invalid_builtin, (const place *at), "a builtin with an argument that it does not accept")
HANDLERS(function_type_mismatch, (const place *at, void *function), "a function called by a pointer of another type")
HANDLERS(type_mismatch_v1, (const place *at, void *pointer),
         pointer == NULL ? "a null pointer was used" : "a pointer to something else, or misaligned, was used")
HANDLER(builtin_unreachable, (const place *at), "unreachable code was reached")
HANDLER(missing_return, (const place *at), "a function ended without the value that it should return")

#pragma clang diagnostic pop
#endif
