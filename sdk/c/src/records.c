/* Functions that fill the contract's records. */
#include <string.h>

#include "internal.h"

bool jf_fail(jf_failure *failure, jf_failure_kind kind) {
    *failure = (jf_failure){.kind = kind};
    return false;
}

bool jf_fail_because(jf_failure *failure, jf_failure_kind kind, jf_str reason) {
    *failure = (jf_failure){.kind = kind, .reason = jf_copy(reason)};
    return false;
}

bool jf_fail_rate_limited(jf_failure *failure, uint32_t seconds) {
    *failure = (jf_failure){.kind = JF_RATE_LIMITED, .has_retry_after = true, .retry_after = seconds};
    return false;
}

bool jf_reject(jf_failure *failure, jf_str code, jf_str message) {
    *failure = (jf_failure){.kind = JF_REJECTED, .code = jf_copy(code), .message = jf_copy(message)};
    return false;
}

bool jf_reject_field(jf_failure *failure, jf_str field, jf_str message) {
    if (failure->kind != JF_REJECTED) {
        (void)jf_reject(failure, JF_STR("rejected"), JF_STR("the request was refused"));
    }
    jf_field_error *added =
        jf_list_add((void **)&failure->fields, &failure->field_count, sizeof *failure->fields);
    *added = (jf_field_error){jf_copy(field), jf_copy(message)};
    return false;
}

void jf_extend(jf_extensions *list, jf_str pointer, jf_str json) {
    jf_extension *added = jf_list_add((void **)&list->items, &list->count, sizeof *list->items);
    *added = (jf_extension){jf_copy(pointer), jf_copy(json)};
}

jf_lead *jf_add_lead(jf_leads *leads) {
    jf_lead *added = jf_list_add((void **)&leads->items, &leads->count, sizeof *leads->items);
    added->call_priority = JF_NORMAL;
    return added;
}

const char *jf_outcome_word(jf_outcome outcome) {
    static const char *const words[] = {
        [JF_QUALIFIED_VISIT_BOOKED] = "qualified_visit_booked",
        [JF_QUALIFIED_NO_VISIT] = "qualified_no_visit",
        [JF_CALLBACK_REQUESTED] = "callback_requested",
        [JF_NOT_INTERESTED_BUDGET] = "not_interested_budget",
        [JF_NOT_INTERESTED_LOCATION] = "not_interested_location",
        [JF_NOT_INTERESTED_TIMELINE] = "not_interested_timeline",
        [JF_ALREADY_PURCHASED] = "already_purchased",
        [JF_WRONG_NUMBER] = "wrong_number",
        [JF_DNC_REQUESTED] = "dnc_requested",
        [JF_NO_ANSWER] = "no_answer",
        [JF_INVALID_NUMBER] = "invalid_number",
        [JF_DUPLICATE_SUPPRESSED] = "duplicate_suppressed",
        [JF_OTHER_OUTCOME] = "other",
    };
    return words[outcome];
}

void jf_about(jf_description *about, const char *name, const char *version) {
    about->name = jf_copy(jf_str_of(name));
    about->version = jf_copy(jf_str_of(version));
}

static void add_setting(jf_description *about, const char *name, jf_setting_kind kind, bool required,
                        const char *doc) {
    jf_described_setting *added =
        jf_list_add((void **)&about->settings, &about->setting_count, sizeof *about->settings);
    *added = (jf_described_setting){jf_copy(jf_str_of(name)), kind, required, jf_copy(jf_str_of(doc))};
}

void jf_about_origin(jf_description *about, const char *setting, const char *doc) {
    jf_str *added = jf_list_add((void **)&about->origins, &about->origin_count, sizeof *about->origins);
    *added = jf_copy(jf_str_of(setting));
    add_setting(about, setting, JF_URL_SETTING, true, doc);
}

void jf_about_required(jf_description *about, const char *setting, jf_setting_kind kind, const char *doc) {
    add_setting(about, setting, kind, true, doc);
}

void jf_about_optional(jf_description *about, const char *setting, jf_setting_kind kind, const char *doc) {
    add_setting(about, setting, kind, false, doc);
}

void jf_about_credential(jf_description *about, const char *name, jf_credential_kind kind, const char *doc) {
    static const char *const words[] = {
        [JF_BEARER] = "bearer", [JF_BASIC] = "basic", [JF_HEADER] = "header", [JF_HMAC] = "hmac"};
    jf_described_credential *added =
        jf_list_add((void **)&about->credentials, &about->credential_count, sizeof *about->credentials);
    *added = (jf_described_credential){jf_copy(jf_str_of(name)), jf_str_of(words[kind]), jf_copy(jf_str_of(doc))};
}

void jf_about_idempotent_writes(jf_description *about) {
    about->idempotent_writes = true;
}
