/* Connects the functions of an adapter with the contract's exports and imports. The only file that uses the generated
 * names (contract.h), and the only one that compiles for WebAssembly alone. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "contract.h"
#include "internal.h"

#ifdef __clang__
/* The sanitizer would name the generated types by the folder that they were generated into, and a component would
 * differ from machine to machine. */
#pragma clang attribute push(__attribute__((no_sanitize("undefined"))), apply_to = function)
#endif

#define ASSERT_SAME(ours, theirs) _Static_assert((int)(ours) == (int)(theirs), #ours " is not the contract's " #theirs)
ASSERT_SAME(JF_OTHER_OUTCOME, JACKFIELD_CRM_MODEL_OUTCOME_OTHER);
ASSERT_SAME(JF_DNC_REQUESTED, JACKFIELD_CRM_MODEL_OUTCOME_DNC_REQUESTED);
ASSERT_SAME(JF_ERROR, JACKFIELD_CRM_LOG_LEVEL_ERROR);
ASSERT_SAME(JF_URL_SETTING, EXPORTS_JACKFIELD_CRM_ABOUT_SETTING_KIND_URL);
ASSERT_SAME(JF_TOO_LARGE, JACKFIELD_CRM_HTTP_ERROR_TOO_LARGE);
ASSERT_SAME(JF_INVALID_TIME - JF_UNKNOWN_ZONE, JACKFIELD_CRM_DATES_DATE_ERROR_INVALID_TIME);
ASSERT_SAME(JF_NOT_IN_PLAN - JF_NOT_A_NUMBER, JACKFIELD_CRM_PHONES_PHONE_ERROR_NOT_IN_PLAN);

/* ---- Memory: the bindings' allocations belong to the invocation too ---------------------------------------------- */

/* Allocates memory for what the host passes in. The first allocation after the end of an invocation begins the next. */
__attribute__((__export_name__("cabi_realloc"))) void *cabi_realloc(void *ptr, size_t old_size, size_t align,
                                                                    size_t new_size);

void *cabi_realloc(void *ptr, size_t old_size, size_t align, size_t new_size) {
    jf_invocation_begins();
    if (new_size == 0) {
        return (void *)align;
    }
    return old_size == 0 ? jf_alloc_aligned(new_size, align) : jf_grow(ptr, old_size, new_size);
}

/* Allocates memory for the WASI adapter of the component, which needs it as long as the instance lives. That may be
 * longer than an invocation. */
__attribute__((__export_name__("cabi_realloc_adapter"))) void *cabi_realloc_adapter(void *ptr, size_t old_size,
                                                                                    size_t align, size_t new_size);

void *cabi_realloc_adapter(void *ptr, size_t old_size, size_t align, size_t new_size) {
    void *made = aligned_alloc(align < 16 ? 16 : align, (new_size + 15) & ~(size_t)15);
    if (made == NULL) {
        __builtin_trap(); /* no memory to report it */
    }
    if (old_size > 0) {
        memcpy(made, ptr, old_size < new_size ? old_size : new_size);
        free(ptr);
    }
    return made;
}

/* Replaces `free` in the generated code: see the recipe. The arena releases everything at once. */
void jf_bindings_free(void *ptr);

void jf_bindings_free(void *ptr) {
    (void)ptr;
}

/* The generated code references this to link the types in. The kit embeds them after linking. */
void __component_type_object_force_link_contract(void);

void __component_type_object_force_link_contract(void) {
}

/* ---- Texts ------------------------------------------------------------------------------------------------------- */

static jf_str in(contract_string_t text) {
    return text.len == 0 ? JF_STR("") : (jf_str){(const char *)text.ptr, text.len};
}

static jf_str in_bytes(contract_list_u8_t bytes) {
    return bytes.len == 0 ? JF_STR("") : (jf_str){(const char *)bytes.ptr, bytes.len};
}

static jf_str in_option(contract_option_string_t text) {
    return text.is_some ? in(text.val) : JF_NONE;
}

/* Text that crosses the boundary must be UTF-8, or the host stops the invocation; the CRM's texts need not be. */
static contract_string_t out(jf_str text) {
    jf_str clean = jf_utf8_lossy(text);
    return (contract_string_t){(uint8_t *)clean.ptr, clean.len};
}

/* Ends the invocation if a part of a result lies on the stack, which is below all other memory: the function that had it
 * has returned. */
static void check_lives(const char *name, const void *ptr) {
    extern const char __global_base; /* the linker's: the first byte above the stack */
    if (ptr != NULL && (uintptr_t)ptr < (uintptr_t)&__global_base) {
        jf_panic("%s lies in an array of a function that has returned: take jf_copy of it", name);
    }
}

/* Text of a result. */
static contract_string_t result(const char *name, jf_str text) {
    check_lives(name, text.len > 0 ? text.ptr : NULL);
    return out(text);
}

/* A member of a result, which is named as the adapter's author names it. */
#define RESULT(member) result(#member, member)

static contract_option_string_t result_option(const char *name, jf_str text) {
    return (contract_option_string_t){jf_has(text), result(name, text)};
}

#define RESULT_OPTION(member) result_option(#member, member)

/* An instant in its one spelling. The host says what is wrong with a text that is not an instant. */
static contract_option_string_t result_instant(const char *name, jf_str text) {
    check_lives(name, text.len > 0 ? text.ptr : NULL);
    jf_str respelled = jf_rfc3339(text);
    return result_option(name, jf_has(respelled) ? respelled : text);
}

#define RESULT_INSTANT(member) result_instant(#member, member)

static contract_string_t out_c(const char *text) {
    return out(jf_str_of(text));
}

static jackfield_crm_model_list_extension_t out_extensions(jf_extensions list) {
    check_lives("extensions.items", list.items);
    jackfield_crm_model_extension_t *items = jf_alloc(list.count * sizeof *items);
    for (size_t i = 0; i < list.count; i++) {
        items[i].pointer = RESULT(list.items[i].pointer);
        items[i].json = RESULT(list.items[i].json);
    }
    return (jackfield_crm_model_list_extension_t){items, list.count};
}

static jf_extensions in_extensions(jackfield_crm_model_list_extension_t list) {
    jf_extensions extensions = {0};
    for (size_t i = 0; i < list.len; i++) {
        jf_extend(&extensions, in(list.ptr[i].pointer), in(list.ptr[i].json));
    }
    return extensions;
}

/* ---- Imports ----------------------------------------------------------------------------------------------------- */

bool jf_host_send(const jf_request *request, jf_response *response, jf_transport_error *error) {
    jackfield_crm_http_header_t *headers = jf_alloc(request->header_count * sizeof *headers);
    for (size_t i = 0; i < request->header_count; i++) {
        headers[i].name = out(request->headers[i].name);
        headers[i].value = out(request->headers[i].value);
    }
    jackfield_crm_http_request_t wire = {
        .method = out_c(request->method),
        .url = out(request->url),
        .headers = {headers, request->header_count},
        .body = {(uint8_t *)request->body.ptr, request->body.len},
    };
    jackfield_crm_http_response_t answer = {0};
    jackfield_crm_http_error_t none = {0};
    if (!jackfield_crm_http_send(&wire, &answer, &none)) {
        /* All cases carry a text. */
        *error = (jf_transport_error){(jf_transport_kind)none.tag, in(none.val.denied)};
        return false;
    }
    *response = (jf_response){.status = answer.status, .body = in_bytes(answer.body)};
    for (size_t i = 0; i < answer.headers.len; i++) {
        struct jf_header *added =
            jf_list_add((void **)&response->headers, &response->header_count, sizeof *response->headers);
        *added = (struct jf_header){in(answer.headers.ptr[i].name), in(answer.headers.ptr[i].value)};
    }
    return true;
}

bool jf_host_hmac(const char *credential, jf_str bytes, uint8_t tag[32]) {
    contract_string_t name = out_c(credential);
    contract_list_u8_t data = {(uint8_t *)bytes.ptr, bytes.len};
    contract_list_u8_t made = {0};
    jackfield_crm_credentials_credential_error_t error;
    if (!jackfield_crm_credentials_hmac_sha256(&name, &data, &made, &error)) {
        return false;
    }
    if (made.len != 32) {
        jf_panic("the host made an HMAC of %zu bytes", made.len);
    }
    memcpy(tag, made.ptr, 32);
    return true;
}

jf_date_error jf_host_instant(jf_str local, jf_str zone, jf_str *instant) {
    contract_string_t texts[2] = {out(local), out(zone)};
    contract_string_t made = {0};
    jackfield_crm_dates_date_error_t error;
    if (!jackfield_crm_dates_instant(&texts[0], &texts[1], &made, &error)) {
        return (jf_date_error)(JF_UNKNOWN_ZONE + error.tag);
    }
    *instant = in(made);
    return JF_CONVERTED;
}

jf_date_error jf_host_local(jf_str instant, jf_str zone, jf_str *local) {
    contract_string_t texts[2] = {out(instant), out(zone)};
    contract_string_t made = {0};
    jackfield_crm_dates_date_error_t error;
    if (!jackfield_crm_dates_local(&texts[0], &texts[1], &made, &error)) {
        return (jf_date_error)(JF_UNKNOWN_ZONE + error.tag);
    }
    *local = in(made);
    return JF_CONVERTED;
}

jf_phone_error jf_host_phone(jf_str number, jf_str *e164) {
    contract_string_t text = out(number);
    contract_string_t made = {0};
    jackfield_crm_phones_phone_error_t error;
    if (!jackfield_crm_phones_normalize(&text, &made, &error)) {
        return (jf_phone_error)(JF_NOT_A_NUMBER + error.tag);
    }
    *e164 = in(made);
    return JF_NORMALIZED;
}

jf_str jf_setting(const char *name) {
    contract_string_t wanted = out_c(name);
    contract_string_t value = {0};
    return jackfield_crm_settings_get(&wanted, &value) ? in(value) : JF_NONE;
}

void jf_log(jf_level level, const char *message, const jf_field *fields, size_t count) {
    contract_string_t text = out_c(message);
    jackfield_crm_log_field_t *wire = jf_alloc(count * sizeof *wire);
    for (size_t i = 0; i < count; i++) {
        wire[i].name = out_c(fields[i].name);
        wire[i].value = out(fields[i].value);
    }
    jackfield_crm_log_list_field_t list = {wire, count};
    jackfield_crm_log_write((jackfield_crm_log_level_t)level, &text, &list);
}

int64_t jf_now(void) {
    return (int64_t)time(NULL);
}

/* ---- Exports ----------------------------------------------------------------------------------------------------- */

static jackfield_crm_model_rejection_t out_rejection(const jf_failure *failure) {
    check_lives("failure->fields", failure->fields);
    jackfield_crm_model_field_error_t *fields = jf_alloc(failure->field_count * sizeof *fields);
    for (size_t i = 0; i < failure->field_count; i++) {
        fields[i].field = RESULT(failure->fields[i].field);
        fields[i].message = RESULT(failure->fields[i].message);
    }
    return (jackfield_crm_model_rejection_t){
        .code = RESULT(failure->code),
        .message = RESULT(failure->message),
        .fields = {fields, failure->field_count},
    };
}

static void out_failure(const char *function, const jf_failure *failure, jackfield_crm_model_failure_t *wire) {
    switch (failure->kind) {
    case JF_NO_FAILURE:
        jf_panic("%s returned false and did not say why: return jf_fail(…) or jf_reject(…)", function);
    case JF_UNAVAILABLE:
        wire->tag = JACKFIELD_CRM_MODEL_FAILURE_UNAVAILABLE;
        wire->val.unavailable = RESULT_OPTION(failure->reason);
        return;
    case JF_UNKNOWN:
        wire->tag = JACKFIELD_CRM_MODEL_FAILURE_UNKNOWN;
        wire->val.unknown = RESULT_OPTION(failure->reason);
        return;
    case JF_RATE_LIMITED:
        wire->tag = JACKFIELD_CRM_MODEL_FAILURE_RATE_LIMITED;
        wire->val.rate_limited = (contract_option_u32_t){failure->has_retry_after, failure->retry_after};
        return;
    case JF_UNAUTHORIZED:
        wire->tag = JACKFIELD_CRM_MODEL_FAILURE_UNAUTHORIZED;
        wire->val.unauthorized = RESULT_OPTION(failure->reason);
        return;
    case JF_CONFLICT:
        wire->tag = JACKFIELD_CRM_MODEL_FAILURE_CONFLICT;
        wire->val.conflict = RESULT_OPTION(failure->reason);
        return;
    case JF_NOT_FOUND:
        wire->tag = JACKFIELD_CRM_MODEL_FAILURE_NOT_FOUND;
        return;
    case JF_REJECTED:
        wire->tag = JACKFIELD_CRM_MODEL_FAILURE_REJECTED;
        wire->val.rejected = out_rejection(failure);
        return;
    default:
        jf_panic("%s failed with kind %d, which does not exist", function, (int)failure->kind);
    }
}

void exports_jackfield_crm_about_describe(exports_jackfield_crm_about_description_t *wire) {
    jf_invocation_begins();
    jf_description about = {0};
    jf_describe(&about);
    exports_jackfield_crm_about_setting_t *settings = jf_alloc(about.setting_count * sizeof *settings);
    for (size_t i = 0; i < about.setting_count; i++) {
        const jf_described_setting *setting = &about.settings[i];
        settings[i] = (exports_jackfield_crm_about_setting_t){
            .name = out(setting->name),
            .kind = (exports_jackfield_crm_about_setting_kind_t)setting->kind,
            .required = setting->required,
            .doc = out(setting->doc),
        };
    }
    exports_jackfield_crm_about_credential_t *credentials = jf_alloc(about.credential_count * sizeof *credentials);
    for (size_t i = 0; i < about.credential_count; i++) {
        const jf_described_credential *credential = &about.credentials[i];
        credentials[i] = (exports_jackfield_crm_about_credential_t){
            out(credential->name), out(credential->kind), out(credential->doc)};
    }
    contract_string_t *origins = jf_alloc(about.origin_count * sizeof *origins);
    for (size_t i = 0; i < about.origin_count; i++) {
        origins[i] = out(about.origins[i]);
    }
    *wire = (exports_jackfield_crm_about_description_t){
        .name = out(about.name),
        .version = out(about.version),
        .settings = {settings, about.setting_count},
        .credentials = {credentials, about.credential_count},
        .origins = {origins, about.origin_count},
        .idempotent_writes = about.idempotent_writes,
    };
    jf_invocation_ends();
}

bool exports_jackfield_crm_status_query(contract_string_t *lead_id, exports_jackfield_crm_status_lead_status_t *wire,
                                        exports_jackfield_crm_status_failure_t *error) {
    jf_invocation_begins();
    jf_lead_status status = {0};
    jf_failure failure = {0};
    bool answered = jf_query_status(in(*lead_id), &status, &failure);
    if (answered) {
        *wire = (jackfield_crm_model_lead_status_t){
            .lead_id = RESULT(status.lead_id),
            .callable = status.callable,
            .status = RESULT(status.status),
            .dnc = status.dnc,
            .human_contacted = status.human_contacted,
            .last_call_attempt = RESULT_INSTANT(status.last_call_attempt),
            .extensions = out_extensions(status.extensions),
        };
    } else {
        out_failure("jf_query_status", &failure, error);
    }
    jf_invocation_ends();
    return answered;
}

static jf_maybe_u32 in_u32(contract_option_u32_t number) {
    return (jf_maybe_u32){number.is_some, number.is_some ? number.val : 0};
}

static jf_maybe_i64 in_i64(contract_option_s64_t number) {
    return (jf_maybe_i64){number.is_some, number.is_some ? number.val : 0};
}

static jf_maybe_bool in_bool(contract_option_bool_t flag) {
    return (jf_maybe_bool){flag.is_some, flag.is_some && flag.val};
}

static jf_disposition in_disposition(const jackfield_crm_model_disposition_t *wire) {
    const jackfield_crm_model_qualification_t *learned = &wire->qualification;
    jf_disposition call = {
        .call_id = in(wire->call_id),
        .lead_id = in(wire->lead_id),
        .outcome = (jf_outcome)wire->outcome.tag,
        .other_outcome = wire->outcome.tag == JF_OTHER_OUTCOME ? in(wire->outcome.val.other) : JF_NONE,
        .accepted_at = in(wire->accepted_at),
        .duration_seconds = in_u32(wire->duration_seconds),
        .recording_url = in_option(wire->recording_url),
        .transcript_url = in_option(wire->transcript_url),
        .qualification =
            {
                .ai_intent_score = in_u32(learned->ai_intent_score),
                .budget_min = in_i64(learned->budget_min),
                .budget_max = in_i64(learned->budget_max),
                .bhk_preference = in_option(learned->bhk_preference),
                .possession_timeline = in_option(learned->possession_timeline),
                .loan_required = in_bool(learned->loan_required),
                .purchase_intent = in_option(learned->purchase_intent),
                .nri_flag = in_bool(learned->nri_flag),
            },
        .has_site_visit = wire->site_visit.is_some,
        .dnc_requested = wire->dnc_requested,
        .duplicate_detected = wire->duplicate_detected,
        .language_used = in_option(wire->language_used),
        .extensions = in_extensions(wire->extensions),
    };
    if (wire->site_visit.is_some) {
        call.site_visit.booked = wire->site_visit.val.booked;
        call.site_visit.date = in_option(wire->site_visit.val.date);
        call.site_visit.time_slot = in_option(wire->site_visit.val.time_slot);
        call.site_visit.timezone = in_option(wire->site_visit.val.timezone);
    }
    return call;
}

bool exports_jackfield_crm_dispositions_write(exports_jackfield_crm_dispositions_disposition_t *disposition,
                                              contract_string_t *idempotency_key,
                                              exports_jackfield_crm_dispositions_receipt_t *wire,
                                              exports_jackfield_crm_dispositions_failure_t *error) {
    jf_invocation_begins();
    jf_disposition call = in_disposition(disposition);
    jf_receipt receipt = {0};
    jf_failure failure = {0};
    bool written = jf_write_disposition(&call, in(*idempotency_key), &receipt, &failure);
    if (written) {
        wire->reference = RESULT(receipt.reference);
    } else {
        out_failure("jf_write_disposition", &failure, error);
    }
    jf_invocation_ends();
    return written;
}

#ifdef JF_WITH_LOOKUP
bool exports_jackfield_crm_lookup_find(contract_string_t *lead_id, contract_string_t *idempotency_key,
                                       exports_jackfield_crm_lookup_option_receipt_t *wire,
                                       exports_jackfield_crm_lookup_failure_t *error) {
    jf_invocation_begins();
    jf_found found = {0};
    jf_failure failure = {0};
    bool answered = jf_find(in(*lead_id), in(*idempotency_key), &found, &failure);
    if (answered) {
        wire->is_some = found.found;
        wire->val.reference = RESULT(found.receipt.reference);
    } else {
        out_failure("jf_find", &failure, error);
    }
    jf_invocation_ends();
    return answered;
}
#endif

#ifdef JF_WITH_LEADS
static jackfield_crm_model_lead_t out_lead(const jf_lead *lead) {
    return (jackfield_crm_model_lead_t){
        .id = RESULT(lead->id),
        .phone = RESULT(lead->phone),
        .phone_alt = RESULT_OPTION(lead->phone_alt),
        .name = RESULT_OPTION(lead->name),
        .source = RESULT_OPTION(lead->source),
        .campaign_id = RESULT_OPTION(lead->campaign_id),
        .project_interest = RESULT_OPTION(lead->project_interest),
        .project_id = RESULT_OPTION(lead->project_id),
        .language_preference = RESULT_OPTION(lead->language_preference),
        .created_at = RESULT_INSTANT(lead->created_at),
        .call_priority = (jackfield_crm_model_priority_t)lead->call_priority,
        .extensions = out_extensions(lead->extensions),
    };
}

bool exports_jackfield_crm_leads_parse(exports_jackfield_crm_leads_inbound_t *inbound,
                                       exports_jackfield_crm_leads_list_result_lead_rejection_t *wire,
                                       exports_jackfield_crm_leads_failure_t *error) {
    jf_invocation_begins();
    jf_inbound webhook = {in(inbound->content_type), in_bytes(inbound->body), in(inbound->received_at)};
    jf_leads leads = {0};
    jf_failure failure = {0};
    bool read = jf_parse_leads(&webhook, &leads, &failure);
    if (read) {
        check_lives("leads->items", leads.items);
        exports_jackfield_crm_leads_result_lead_rejection_t *items = jf_alloc(leads.count * sizeof *items);
        for (size_t i = 0; i < leads.count; i++) {
            const jf_lead *lead = &leads.items[i];
            items[i].is_err = lead->refusal.kind != JF_NO_FAILURE;
            if (!items[i].is_err) {
                items[i].val.ok = out_lead(lead);
            } else if (lead->refusal.kind == JF_REJECTED) {
                items[i].val.err = out_rejection(&lead->refusal);
            } else {
                jf_panic("the refusal of lead %zu is of kind %d: one lead is refused by jf_reject; to fail for all, "
                         "return false",
                         i, (int)lead->refusal.kind);
            }
        }
        *wire = (exports_jackfield_crm_leads_list_result_lead_rejection_t){items, leads.count};
    } else {
        out_failure("jf_parse_leads", &failure, error);
    }
    jf_invocation_ends();
    return read;
}
#endif

#ifdef __clang__
#pragma clang attribute pop
#endif
