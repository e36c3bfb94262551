/* What the benchmarks of an invocation run, in C; the guest in Rust says why. */
#include "jackfield.h"

void jf_describe(jf_description *about) {
    jf_about(about, "bench-c", "1.0.0");
}

bool jf_query_status(jf_str lead_id, jf_lead_status *status, jf_failure *failure) {
    jf_response response;
    if (jf_is(lead_id, "waits") && !jf_send(jf_get(JF_STR("http://waits.example/")), &response, failure)) {
        return false;
    }
    status->lead_id = lead_id;
    status->callable = true;
    status->status = JF_STR("new");
    return true;
}

bool jf_write_disposition(const jf_disposition *call, jf_str idempotency_key, jf_receipt *receipt,
                          jf_failure *failure) {
    (void)idempotency_key;
    (void)failure;
    size_t length = call->recording_url.len + call->transcript_url.len;
    for (size_t i = 0; i < call->extensions.count; i++) {
        length += call->extensions.items[i].json.len;
    }
    receipt->reference = jf_format("%zu", length);
    return true;
}
