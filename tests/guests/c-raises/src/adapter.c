/* Every kind of C error, selected by the lead's id: each must end the invocation as a fault whose text names it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "jackfield.h"

void jf_describe(jf_description *about) {
    jf_about(about, "c-raises", "1.0.0");
}

static int sink;

/* Recurses without end. Not a tail call: the result depends on the frame's array. */
static int deep(int depth) {
    volatile char taken[512];
    taken[0] = (char)depth;
    return depth < 0 ? 0 : deep(depth + 1) + taken[0];
}

bool jf_query_status(jf_str lead_id, jf_lead_status *status, jf_failure *failure) {
    int64_t number = (int64_t)lead_id.len;
    if (jf_is(lead_id, "panic")) {
        jf_panic("no such stage:\n%s", "77");
    } else if (jf_is(lead_id, "panic-nul")) {
        jf_panic("no such stage: " JF_FMT " (%u known)", JF_ARG(JF_STR("a\0b")), 7u);
    } else if (jf_is(lead_id, "assert")) {
        assert(number == 0);
    } else if (jf_is(lead_id, "abort")) {
        abort();
    } else if (jf_is(lead_id, "overflow")) {
        int large = INT32_MAX;
        sink = large + (int)number;
    } else if (jf_is(lead_id, "past-the-end")) {
        static const int few[4] = {1, 2, 3, 4};
        sink = few[number];
    } else if (jf_is(lead_id, "null")) {
        const int *volatile nothing = NULL;
        sink = *nothing;
    } else if (jf_is(lead_id, "heap")) {
        for (;;) {
            memset(jf_alloc(1 << 20), 1, 1 << 20);
        }
    } else if (jf_is(lead_id, "stack")) {
        sink = deep(0);
    } else if (jf_is(lead_id, "silent")) {
        return false;
    } else if (jf_is(lead_id, "not-utf8")) {
        status->status = JF_STR("Caf\xE9");
        status->lead_id = lead_id;
        return true;
    }
    (void)failure;
    status->lead_id = lead_id;
    status->status = jf_format("%lld", (long long)number);
    return true;
}

bool jf_write_disposition(const jf_disposition *call, jf_str idempotency_key, jf_receipt *receipt,
                          jf_failure *failure) {
    (void)call;
    (void)idempotency_key;
    (void)receipt;
    return jf_fail(failure, JF_UNKNOWN);
}
