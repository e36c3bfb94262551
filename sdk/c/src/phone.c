/* Telephone numbers: E.164 by the host's numbering plans, and the ten digits that many Indian CRMs want. */
#include "internal.h"

bool jf_phone_e164(jf_str text, const char *field, jf_str *e164, jf_failure *failure) {
    const char *problem = NULL;
    switch (jf_host_phone(text, e164)) {
    case JF_NORMALIZED:
        return true;
    case JF_NOT_A_NUMBER:
        problem = "is not a telephone number";
        break;
    case JF_NO_COUNTRY:
        problem = "has no country code, and the tenant's file has no `country`";
        break;
    case JF_NOT_IN_PLAN:
        problem = "is not in its country's numbering plan: too short, too long, or an unknown prefix";
        break;
    }
    (void)jf_reject(failure, JF_STR("bad-phone"), JF_STR("a telephone number cannot be used"));
    return jf_reject_field(failure, jf_str_of(field), jf_str_of(problem));
}

static bool is_mobile(jf_str national) {
    return national.len == 10 && jf_is_digits(national) && national.ptr[0] >= '6';
}

jf_str jf_phone_ten_digits(jf_str e164) {
    jf_str national = jf_slice(e164, 3, e164.len);
    return jf_starts_with(e164, "+91") && is_mobile(national) ? national : JF_NONE;
}
