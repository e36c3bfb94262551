/* Money as Indian CRMs write it. */
#include "internal.h"

jf_str jf_rupees(int64_t rupees) {
    uint64_t amount = rupees < 0 ? 0 - (uint64_t)rupees : (uint64_t)rupees;
    jf_str plain = jf_format("%llu", (unsigned long long)amount);
    jf_text text = {0};
    if (rupees < 0) {
        jf_add_char(&text, '-');
    }
    for (size_t i = 0; i < plain.len; i++) {
        size_t to_come = plain.len - i;
        /* A comma precedes the last three digits and every two digits before them. */
        if (i > 0 && to_come >= 3 && to_come % 2 == 1) {
            jf_add_char(&text, ',');
        }
        jf_add_char(&text, plain.ptr[i]);
    }
    return jf_text_str(&text);
}
