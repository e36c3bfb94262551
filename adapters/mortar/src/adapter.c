/*
 * The adapter for mortar, an ERP of the nineties behind HTTP: lines of KEY=value, fixed-width codes, every message
 * authenticated by an HMAC, return codes inside HTTP 200.
 *
 * This file makes the requests; mapping.c fills them and interprets the answers, and message.c writes and reads
 * mortar's messages. Mortar appends a document for every disposal that it accepts and cannot be searched, so the
 * adapter neither declares idempotent writes nor exports a lookup.
 */
#include "mapping.h"

void jf_describe(jf_description *about) {
    jf_about(about, "mortar", "1.0.0");
    jf_about_origin(about, "base_url", "Where mortar's gateway lives, such as https://erp.example");
    jf_about_credential(about, "signing", JF_HMAC, "The key that mortar's operator gave out for X-Mortar-Mac");
}

/* Mortar says inside a 200 that a party is unknown. A 404 is from the proxy in front of it. */
static void proxy(const jf_response *response, jf_failure *failure) {
    if (response->status == 404) {
        (void)jf_reject(failure, JF_STR("http-404"), JF_STR("nothing of mortar's is there: is base_url right?"));
    }
}

/* Posts a message and reads the answer. Any return code but that of success is a failure. */
static bool post(const char *program, jf_str body, message *answer, jf_failure *failure) {
    jf_str base_url;
    jf_str url;
    jf_response response;
    uint8_t mac[32];
    if (!jf_required("base_url", &base_url, failure) ||
        !JF_URL(&url, failure, base_url, JF_STR("mortar"), JF_STR("v1"), jf_str_of(program)) ||
        !jf_hmac_sha256("signing", body, mac, failure)) {
        return false;
    }
    jf_request *request = jf_post(url);
    jf_header(request, "x-mortar-mac", jf_hex(mac, sizeof mac));
    jf_body(request, "text/plain; charset=utf-8", body);
    if (!jf_send(request, &response, failure) || !jf_judge(&response, proxy, failure) ||
        !jf_accept(&response, failure)) {
        return false;
    }
    if (!message_read(response.body, answer)) {
        return jf_unreadable(&response, "not a whole message of mortar's", failure);
    }
    return return_code(answer, failure);
}

bool jf_query_status(jf_str lead_id, jf_lead_status *status, jf_failure *failure) {
    jf_str body;
    message answer;
    return enquiry(lead_id, &body, failure) && post("enquiry", body, &answer, failure) &&
           party(&answer, lead_id, status, failure);
}

bool jf_write_disposition(const jf_disposition *call, jf_str idempotency_key, jf_receipt *receipt,
                          jf_failure *failure) {
    jf_str body;
    message answer;
    return disposal(call, idempotency_key, &body, failure) && post("disposal", body, &answer, failure) &&
           document(&answer, receipt, failure);
}
