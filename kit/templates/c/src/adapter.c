/* The adapter for {{name}}, a CRM that answers in lines of `name=value` and accepts forms.
 *
 * Replace it piece by piece for your own CRM: the two requests, the lines that are read, the fields that are sent. */
#include "jackfield.h"

void jf_describe(jf_description *about) {
    jf_about(about, "{{name}}", "1.0.0");
    jf_about_origin(about, "base_url", "Where the CRM lives, such as https://crm.example");
    jf_about_credential(about, "crm", JF_BEARER, "The CRM's API token, which the host adds to requests");
}

/* The value of a line `name=value`; absent if there is no such line. */
static jf_str value_of(jf_str text, const char *name) {
    jf_lines lines = {.rest = text};
    jf_str line;
    jf_str key;
    jf_str value;
    while (jf_next_line(&lines, &line)) {
        if (jf_pair(line, &key, &value) && jf_is(key, name)) {
            return jf_trim(value);
        }
    }
    return JF_NONE;
}

/* The CRM's own reason for a refusal: `code=`, `message=`, and a line `field.NAME=what is wrong` for each field. */
static void explain(const jf_response *response, jf_failure *failure) {
    jf_str code = value_of(response->body, "code");
    jf_str message = value_of(response->body, "message");
    if (!jf_has(code) || !jf_has(message)) {
        return;
    }
    (void)jf_reject(failure, code, message);
    jf_lines lines = {.rest = response->body};
    jf_str line;
    jf_str key;
    jf_str value;
    while (jf_next_line(&lines, &line)) {
        if (jf_pair(line, &key, &value) && jf_starts_with(key, "field.")) {
            (void)jf_reject_field(failure, jf_slice(key, 6, key.len), value);
        }
    }
}

bool jf_query_status(jf_str lead_id, jf_lead_status *status, jf_failure *failure) {
    jf_str base_url;
    jf_str url;
    jf_str text;
    jf_response response;
    if (!jf_required("base_url", &base_url, failure) ||
        !JF_URL(&url, failure, base_url, JF_STR("leads"), lead_id) ||
        !jf_send(jf_get(url), &response, failure) ||
        !jf_accept_or(&response, explain, failure) ||
        !jf_response_text(&response, &text, failure)) {
        return false;
    }
    jf_str stage = value_of(text, "stage");
    jf_str dnc = value_of(text, "dnc");
    if (!jf_has(stage) || !(jf_is(dnc, "yes") || jf_is(dnc, "no"))) {
        return jf_unreadable(&response, "no stage, or no dnc", failure);
    }
    status->lead_id = lead_id;
    status->status = stage;
    status->dnc = jf_is(dnc, "yes");
    status->callable = jf_is(stage, "open") && !status->dnc;
    return true;
}

/* The CRM's names for the outcomes. */
static const char *result(jf_outcome outcome) {
    switch (outcome) {
    case JF_QUALIFIED_VISIT_BOOKED:
    case JF_QUALIFIED_NO_VISIT:
        return "hot";
    case JF_CALLBACK_REQUESTED:
    case JF_NO_ANSWER:
        return "again";
    case JF_DNC_REQUESTED:
        return "never";
    case JF_WRONG_NUMBER:
    case JF_INVALID_NUMBER:
        return "bad-number";
    case JF_NOT_INTERESTED_BUDGET:
    case JF_NOT_INTERESTED_LOCATION:
    case JF_NOT_INTERESTED_TIMELINE:
    case JF_ALREADY_PURCHASED:
        return "lost";
    case JF_DUPLICATE_SUPPRESSED:
        return "duplicate";
    case JF_OTHER_OUTCOME:
        break;
    }
    return "other";
}

bool jf_write_disposition(const jf_disposition *call, jf_str idempotency_key, jf_receipt *receipt,
                          jf_failure *failure) {
    jf_str base_url;
    jf_str url;
    jf_str text;
    jf_response response;
    if (!jf_required("base_url", &base_url, failure) ||
        !JF_URL(&url, failure, base_url, JF_STR("leads"), call->lead_id, JF_STR("calls"))) {
        return false;
    }
    jf_request *request = jf_post(url);
    jf_form(request, "call", idempotency_key);
    jf_form(request, "result", jf_str_of(result(call->outcome)));
    if (call->outcome == JF_OTHER_OUTCOME) {
        jf_form(request, "result_text", call->other_outcome);
    }
    if (call->duration_seconds.has) {
        jf_form(request, "seconds", jf_format("%u", call->duration_seconds.value));
    }
    if (call->qualification.budget_max.has) {
        jf_form(request, "budget", jf_rupees(call->qualification.budget_max.value));
    }
    if (call->has_site_visit && call->site_visit.booked && jf_has(call->site_visit.date)) {
        jf_form(request, "visit", call->site_visit.date);
    }
    if (!jf_send(request, &response, failure) ||
        !jf_accept_or(&response, explain, failure) ||
        !jf_response_text(&response, &text, failure)) {
        return false;
    }
    jf_str reference = value_of(text, "number");
    if (!jf_has(reference)) {
        /* The CRM accepted the call but returned no number, so it is not certain that it was stored. */
        return jf_unreadable(&response, "no number", failure);
    }
    receipt->reference = reference;
    return true;
}
