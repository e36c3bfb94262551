/* Every kind of C error, selected by the lead's id: each must end the invocation as a fault whose text names it. For a
 * lead id such as `instant|2026-07-05T16:30|Asia/Kolkata`, it asks the host for a time or a telephone number. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "jackfield_json.h"

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

/* Converts a text by the host. */
static bool converted(jf_str what, jf_str text, jf_str zone, jf_str *answer, jf_failure *failure) {
    return jf_is(what, "instant") ? jf_instant(text, zone, answer, failure)
           : jf_is(what, "local") ? jf_local(text, zone, answer, failure)
                                  : jf_phone_e164(text, "phone", answer, failure);
}

/* A status whose text lies in this function's own array. */
static void on_the_stack(jf_lead_status *status) {
    char word[8] = "open";
    status->status = (jf_str){word, 4};
}

/* What is read as JSON is written with the digits that were sent. */
static jf_str rewritten(void) {
    yyjson_val *sent = jf_json_read(JF_STR("{\"rate\": 1.10, \"name\": \"\\u0906\\u0000b\"}"));
    jf_json *object = jf_json_object();
    jf_json_add(object, "name", jf_json_str(yyjson_obj_get(sent, "name")));
    jf_json_add_raw(object, "rate", jf_json_of(yyjson_obj_get(sent, "rate")));
    return jf_json_written(object);
}

bool jf_query_status(jf_str lead_id, jf_lead_status *status, jf_failure *failure) {
    int64_t number = (int64_t)lead_id.len;
    jf_str what;
    jf_str text;
    jf_str zone;
    if (jf_split(lead_id, '|', &what, &text) && jf_split(text, '|', &text, &zone)) {
        status->lead_id = lead_id;
        status->last_call_attempt = JF_STR("2026-07-01t14:31:55.000+0530"); /* the SDK prints it anew */
        return converted(what, text, zone, &status->status, failure);
    }
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
    } else if (jf_is(lead_id, "moved")) {
        return jf_fail_because(failure, JF_CONFLICT, JF_STR("the revision moved"));
    } else if (jf_is(lead_id, "on-the-stack")) {
        status->lead_id = lead_id;
        on_the_stack(status);
        return true;
    } else if (jf_is(lead_id, "json")) {
        status->lead_id = lead_id;
        status->status = rewritten();
        return true;
    } else if (jf_is(lead_id, "silent")) {
        return false;
    } else if (jf_is(lead_id, "not-utf8")) {
        status->status = JF_STR("Caf\xE9");
        status->lead_id = lead_id;
        return true;
    }
    status->lead_id = lead_id;
    status->status = jf_format("%lld", (long long)number);
    return true;
}

bool jf_write_disposition(const jf_disposition *call, jf_str idempotency_key, jf_receipt *receipt,
                          jf_failure *failure) {
    (void)call;
    (void)idempotency_key;
    (void)receipt;
    return jf_fail_because(failure, JF_UNKNOWN, JF_STR("this guest writes nothing"));
}

/* Reads `id,phone` lines. A line whose number the host does not know is refused alone. */
bool jf_parse_leads(const jf_inbound *inbound, jf_leads *leads, jf_failure *failure) {
    (void)failure;
    jf_lines lines = {.rest = inbound->body};
    jf_str line;
    while (jf_next_line(&lines, &line)) {
        jf_str number;
        jf_lead *lead = jf_add_lead(leads);
        (void)jf_split(line, ',', &lead->id, &number);
        lead->created_at = JF_STR("2026-07-01T14:31:55+0530");
        (void)!jf_phone_e164(number, "phone", &lead->phone, &lead->refusal);
    }
    return true;
}
