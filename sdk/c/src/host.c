/* Settings and signatures: the contract's imports, with a failure where the tenant's file lacks something. */
#include "internal.h"

static bool bad_setting(const char *name, const char *what, jf_failure *failure) {
    (void)jf_reject(failure, JF_STR("bad-setting"),
                    JF_STR("a setting of the tenant is not what the adapter needs; describe it so that the host checks "
                           "it"));
    return jf_reject_field(failure, jf_str_of(name), jf_str_of(what));
}

bool jf_required(const char *name, jf_str *value, jf_failure *failure) {
    *value = jf_setting(name);
    return jf_has(*value) || bad_setting(name, "is missing", failure);
}

bool jf_required_integer(const char *name, int64_t *value, jf_failure *failure) {
    jf_str text;
    return jf_required(name, &text, failure) &&
           (jf_integer(text, value) || bad_setting(name, "is not a whole number", failure));
}

bool jf_required_boolean(const char *name, bool *value, jf_failure *failure) {
    jf_str text;
    if (!jf_required(name, &text, failure)) {
        return false;
    }
    *value = jf_is(text, "true");
    return *value || jf_is(text, "false") || bad_setting(name, "is neither true nor false", failure);
}

bool jf_hmac_sha256(const char *credential, jf_str bytes, uint8_t tag[32], jf_failure *failure) {
    if (jf_host_hmac(credential, bytes, tag)) {
        return true;
    }
    JF_LOG(JF_ERROR, "no hmac credential of this name", {"credential", jf_str_of(credential)});
    return jf_fail(failure, JF_UNAUTHORIZED);
}
