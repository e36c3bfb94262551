#include "mapping.h"

#include <string.h>

/* Widths of mortar's fields. */
#define PARTY_DIGITS 10
#define CALL_BYTES 64
#define TEXT_BYTES 120
/* The largest amount, in rupees: mortar has 15 digits for paise. */
#define MAX_RUPEES INT64_C(9999999999999)

/* The end of a text that was cut: an ellipsis. */
static const jf_str MARK = {"\xE2\x80\xA6", 3};

static bool bad_value(const char *field, const char *what, jf_failure *failure) {
    (void)jf_reject(failure, JF_STR("bad-value"), JF_STR("mortar has no room for a value as it stands"));
    return jf_reject_field(failure, jf_str_of(field), jf_str_of(what));
}

/* A party's number: ten digits, padded with zeros. */
static bool party_number(jf_str lead_id, jf_str *number, jf_failure *failure) {
    if (!jf_is_digits(lead_id) || lead_id.len > PARTY_DIGITS) {
        return bad_value("lead_id", "is not a number of at most ten digits", failure);
    }
    jf_str zeros = jf_slice(JF_STR("0000000000"), lead_id.len, PARTY_DIGITS);
    *number = jf_format(JF_FMT JF_FMT, JF_ARG(zeros), JF_ARG(lead_id));
    return true;
}

bool enquiry(jf_str lead_id, jf_str *body, jf_failure *failure) {
    draft draft = {0};
    jf_str number;
    if (!party_number(lead_id, &number, failure)) {
        return false;
    }
    message_add(&draft, "PARTY", number);
    *body = message_end(&draft);
    return true;
}

static const char *code(jf_outcome outcome) {
    switch (outcome) {
    case JF_QUALIFIED_VISIT_BOOKED:
        return "D01";
    case JF_QUALIFIED_NO_VISIT:
        return "D02";
    case JF_CALLBACK_REQUESTED:
        return "D03";
    case JF_NOT_INTERESTED_BUDGET:
        return "D04";
    case JF_NOT_INTERESTED_LOCATION:
        return "D05";
    case JF_NOT_INTERESTED_TIMELINE:
        return "D06";
    case JF_ALREADY_PURCHASED:
        return "D07";
    case JF_WRONG_NUMBER:
        return "D08";
    case JF_DNC_REQUESTED:
        return "D09";
    case JF_NO_ANSWER:
        return "D10";
    case JF_INVALID_NUMBER:
        return "D11";
    case JF_DUPLICATE_SUPPRESSED:
        return "D12";
    case JF_OTHER_OUTCOME:
        break;
    }
    return "D99";
}

/* Mortar's code for a language; NULL if it has none. */
static const char *language(jf_str name) {
    static const struct {
        const char *name;
        const char *code;
    } known[] = {
        {"hindi", "HIN"},   {"english", "ENG"}, {"punjabi", "PAN"},  {"marathi", "MAR"},   {"gujarati", "GUJ"},
        {"bengali", "BEN"}, {"tamil", "TAM"},   {"telugu", "TEL"},   {"kannada", "KAN"},   {"malayalam", "MAL"},
        {"urdu", "URD"},    {"odia", "ORI"},    {"assamese", "ASM"}, {"hinglish", "HIN"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (jf_is_nocase(name, known[i].name)) {
            return known[i].code;
        }
    }
    return NULL;
}

static jf_str yes_or_no(jf_maybe_bool flag) {
    return !flag.has ? JF_STR(" ") : flag.value ? JF_STR("Y") : JF_STR("N");
}

/* A count in the given number of digits, or as many spaces. */
static bool counted(draft *draft, const char *key, jf_maybe_u32 count, int digits, const char *field,
                    jf_failure *failure) {
    jf_str text = count.has ? jf_format("%0*u", digits, (unsigned)count.value) : jf_format("%*s", digits, "");
    if (text.len > (size_t)digits) {
        return bad_value(field, "has more digits than mortar keeps", failure);
    }
    message_add(draft, key, text);
    return true;
}

/* Rupees as paise: a sign and 15 digits, or 16 spaces. */
static bool amount(draft *draft, const char *key, jf_maybe_i64 rupees, const char *field, jf_failure *failure) {
    if (!rupees.has) {
        message_add(draft, key, JF_STR("                "));
        return true;
    }
    if (rupees.value > MAX_RUPEES || rupees.value < -MAX_RUPEES) {
        return bad_value(field, "is more than mortar's 15 digits of paise hold", failure);
    }
    message_add(draft, key, jf_format("%+016lld", (long long)rupees.value * 100));
    return true;
}

/* When the call was reported, in Indian time, the only one that mortar knows. */
static bool reported(draft *draft, jf_str accepted_at, jf_failure *failure) {
    int64_t seconds;
    if (!jf_parse_instant(accepted_at, &seconds)) {
        return bad_value("accepted_at", "is not an instant of RFC 3339", failure);
    }
    jf_datetime when = jf_in_ist(seconds);
    message_add(draft, "DATE", jf_format("%04d%02d%02d", when.year, when.month, when.day));
    message_add(draft, "TIME", jf_format("%02d%02d", when.hour, when.minute));
    return true;
}

static bool is_indian(jf_str zone) {
    return !jf_has(zone) || jf_is(zone, "Asia/Kolkata") || jf_is(zone, "Asia/Calcutta");
}

/* The known parts of a booked visit in Indian time; spaces for unknown parts, and for a visit that is not booked. */
static bool visit(draft *draft, const jf_disposition *call, jf_failure *failure) {
    jf_datetime when = {0};
    bool booked = call->has_site_visit && call->site_visit.booked;
    bool has_date = booked && jf_has(call->site_visit.date);
    bool has_time = booked && jf_has(call->site_visit.time_slot);
    if (has_date && !jf_parse_date(call->site_visit.date, &when)) {
        return bad_value("site_visit.date", "is not a date as YYYY-MM-DD", failure);
    }
    if (has_time && !jf_parse_time(call->site_visit.time_slot, &when)) {
        return bad_value("site_visit.time_slot", "is not a time as HH:MM", failure);
    }
    if (has_date && has_time) {
        jf_str starts;
        int64_t seconds;
        if (!jf_visit_start(call, &starts, failure)) {
            return false;
        }
        if (!jf_parse_instant(starts, &seconds)) {
            jf_panic("the host's instant is not RFC 3339");
        }
        when = jf_in_ist(seconds);
    } else if ((has_date || has_time) && !is_indian(call->site_visit.timezone)) {
        return bad_value("site_visit.timezone", "is not India's, and half of a visit's start cannot be converted",
                         failure);
    }
    message_add(draft, "VDATE",
                has_date ? jf_format("%04d%02d%02d", when.year, when.month, when.day) : JF_STR("        "));
    message_add(draft, "VTIME", has_time ? jf_format("%02d%02d", when.hour, when.minute) : JF_STR("    "));
    return true;
}

static void append(jf_text *text, jf_str name, jf_str value) {
    if (!jf_has(value)) {
        return;
    }
    if (text->len > 0) {
        jf_add(text, JF_STR("; "));
    }
    jf_add(text, name);
    jf_add_char(text, '=');
    jf_add(text, value);
}

/* The values that mortar has no field for, most important first, cut to the length of its column. */
static jf_str remark(const jf_disposition *call) {
    jf_text text = {0};
    append(&text, JF_STR("outcome"), call->other_outcome); /* first: a D99 must say which outcome it is */
    append(&text, JF_STR("unit"), call->qualification.bhk_preference);
    append(&text, JF_STR("possession"), call->qualification.possession_timeline);
    append(&text, JF_STR("purpose"), call->qualification.purchase_intent);
    if (call->has_site_visit && !call->site_visit.booked) {
        append(&text, JF_STR("visit wish"), call->site_visit.date);
        append(&text, JF_STR("visit time"), call->site_visit.time_slot);
    }
    if (jf_has(call->language_used) && language(call->language_used) == NULL) {
        append(&text, JF_STR("language"), call->language_used);
    }
    for (size_t i = 0; i < call->extensions.count; i++) {
        const jf_extension *extension = &call->extensions.items[i];
        append(&text, extension->pointer, extension->json);
    }
    append(&text, JF_STR("recording"), call->recording_url);
    jf_str whole = jf_text_str(&text);
    if (whole.len <= TEXT_BYTES) {
        return whole;
    }
    jf_str kept = jf_slice(whole, 0, jf_utf8_fit(whole, TEXT_BYTES - MARK.len));
    return jf_format(JF_FMT JF_FMT, JF_ARG(kept), JF_ARG(MARK));
}

bool disposal(const jf_disposition *call, jf_str key, jf_str *body, jf_failure *failure) {
    draft draft = {0};
    jf_str number;
    const char *spoken = language(call->language_used);
    if (!party_number(call->lead_id, &number, failure)) {
        return false;
    }
    if (key.len > CALL_BYTES) {
        return bad_value("call_id", "is longer than mortar's 64 bytes", failure);
    }
    message_add(&draft, "PARTY", number);
    message_add(&draft, "CALL", key);
    message_add(&draft, "CODE", jf_str_of(code(call->outcome)));
    if (!reported(&draft, call->accepted_at, failure) ||
        !counted(&draft, "SECS", call->duration_seconds, 6, "duration_seconds", failure) ||
        !counted(&draft, "SCORE", call->qualification.ai_intent_score, 3, "qualification.ai_intent_score", failure) ||
        !amount(&draft, "BUDLO", call->qualification.budget_min, "qualification.budget_min", failure) ||
        !amount(&draft, "BUDHI", call->qualification.budget_max, "qualification.budget_max", failure) ||
        !visit(&draft, call, failure)) {
        return false;
    }
    message_add(&draft, "LOAN", yes_or_no(call->qualification.loan_required));
    message_add(&draft, "NRI", yes_or_no(call->qualification.nri_flag));
    message_add(&draft, "DND", call->dnc_requested ? JF_STR("Y") : JF_STR("N"));
    message_add(&draft, "DUPE", call->duplicate_detected ? JF_STR("Y") : JF_STR("N"));
    message_add(&draft, "LANG", spoken == NULL ? JF_STR("   ") : jf_str_of(spoken));
    message_add(&draft, "TEXT", remark(call));
    *body = message_end(&draft);
    return true;
}

/* 01xx: the mistakes, as pairs of FLD and MSG; a MSG before any FLD is about the whole entry. */
static bool refused(const message *answer, jf_str code, jf_failure *failure) {
    jf_str overall = JF_STR("mortar refused the entry");
    jf_str field = JF_NONE;
    if (answer->count > 1 && jf_is(answer->lines[1].key, "MSG")) {
        overall = answer->lines[1].value;
    }
    (void)jf_reject(failure, code, overall);
    for (size_t i = 0; i < answer->count; i++) {
        if (jf_is(answer->lines[i].key, "FLD")) {
            field = answer->lines[i].value;
        } else if (jf_is(answer->lines[i].key, "MSG") && jf_has(field)) {
            (void)jf_reject_field(failure, field, answer->lines[i].value);
        }
    }
    return false;
}

bool return_code(const message *answer, jf_failure *failure) {
    /* The code must be the first line, so that a text further down is not mistaken for it. */
    jf_str code = answer->count > 0 && jf_is(answer->lines[0].key, "RC") ? answer->lines[0].value : JF_NONE;
    if (code.len != 4 || !jf_is_digits(code)) {
        return jf_fail_because(failure, JF_UNKNOWN, JF_STR("mortar's answer does not begin with a return code"));
    }
    if (jf_is(code, "0000")) {
        return true;
    }
    if (jf_starts_with(code, "01")) {
        return refused(answer, code, failure);
    }
    if (jf_is(code, "0401")) {
        return jf_fail_because(failure, JF_UNAUTHORIZED, JF_STR("mortar answered RC=0401: it refused X-Mortar-Mac"));
    }
    if (jf_is(code, "0404")) {
        return jf_fail(failure, JF_NOT_FOUND);
    }
    if (jf_is(code, "0429")) {
        jf_str wait = message_get(answer, "WAIT");
        int64_t seconds;
        if (wait.len == 4 && jf_is_digits(wait) && jf_integer(wait, &seconds)) {
            return jf_fail_rate_limited(failure, (uint32_t)seconds);
        }
        return jf_fail(failure, JF_RATE_LIMITED);
    }
    /* Mortar writes nothing in these two cases. No record moved, so neither is a conflict. */
    if (jf_is(code, "0409")) {
        jf_str reason = JF_STR("mortar answered RC=0409: someone has the party open at a terminal");
        return jf_fail_because(failure, JF_UNAVAILABLE, reason);
    }
    if (jf_is(code, "0900")) {
        return jf_fail_because(failure, JF_UNAVAILABLE, JF_STR("mortar answered RC=0900: its night batch is running"));
    }
    /* 05xx is a crash, before or after the document was made. Any other code is not documented. */
    const char *meaning = jf_starts_with(code, "05") ? "it crashed" : "a code that its manual does not have";
    return jf_fail_because(failure, JF_UNKNOWN, jf_format("mortar answered RC=" JF_FMT ": %s", JF_ARG(code), meaning));
}

/* `Y`, `N`, or a space for a flag that is not set. */
static bool flag(jf_str text, bool *value) {
    *value = jf_is(text, "Y");
    return *value || jf_is(text, "N") || jf_is(text, " ");
}

static bool all_spaces(jf_str text) {
    return jf_has(text) && jf_trim(text).len == 0;
}

/* When the party was last called: two fields, both spaces if it never was. */
static bool last_call(const message *answer, jf_str *instant) {
    jf_str date = message_get(answer, "CALLED");
    jf_str time = message_get(answer, "AT");
    if (all_spaces(date) && all_spaces(time)) {
        *instant = JF_NONE;
        return true;
    }
    if (date.len != 8 || time.len != 4) {
        return false;
    }
    jf_datetime when = {0};
    jf_str year = jf_slice(date, 0, 4);
    jf_str month = jf_slice(date, 4, 6);
    jf_str day = jf_slice(date, 6, 8);
    jf_str hour = jf_slice(time, 0, 2);
    jf_str minute = jf_slice(time, 2, 4);
    if (!jf_parse_date(jf_format(JF_FMT "-" JF_FMT "-" JF_FMT, JF_ARG(year), JF_ARG(month), JF_ARG(day)), &when) ||
        !jf_parse_time(jf_format(JF_FMT ":" JF_FMT, JF_ARG(hour), JF_ARG(minute)), &when)) {
        return false;
    }
    *instant = jf_rfc3339_ist(&when);
    return true;
}

/* The name of a stage, and whether parties in it may be called. In a stage that is not known here, they may not. */
static jf_str stage(jf_str number, bool *open) {
    static const struct {
        const char *number;
        const char *word;
        bool open;
    } known[] = {
        {"10", "new", true},      {"20", "contacted", true}, {"30", "visit_fixed", false},
        {"40", "booked", false}, {"90", "closed", false},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (jf_is(number, known[i].number)) {
            *open = known[i].open;
            return jf_str_of(known[i].word);
        }
    }
    *open = false;
    return jf_format("stage_" JF_FMT, JF_ARG(number));
}

bool party(const message *answer, jf_str lead_id, jf_lead_status *status, jf_failure *failure) {
    jf_str number;
    if (!party_number(lead_id, &number, failure)) {
        return false;
    }
    jf_str stage_number = message_get(answer, "STAGE");
    bool open = false;
    /* Another party's answer, or a field that differs from the manual, is no basis for a call. */
    if (!jf_eq(message_get(answer, "PARTY"), number) || stage_number.len != 2 || !jf_is_digits(stage_number) ||
        !flag(message_get(answer, "DND"), &status->dnc) ||
        !flag(message_get(answer, "SPOKE"), &status->human_contacted) ||
        !last_call(answer, &status->last_call_attempt)) {
        jf_str reason = JF_STR("mortar's answer is about another party, or a field is not as in its manual");
        return jf_fail_because(failure, JF_UNKNOWN, reason);
    }
    status->lead_id = lead_id;
    status->status = stage(stage_number, &open);
    status->callable = open && !status->dnc && !status->human_contacted;
    return true;
}

bool document(const message *answer, jf_receipt *receipt, jf_failure *failure) {
    jf_str number = message_get(answer, "DOC");
    if (number.len == 0) {
        return jf_fail_because(failure, JF_UNKNOWN, JF_STR("mortar accepted the disposal and named no document"));
    }
    receipt->reference = number;
    return true;
}
