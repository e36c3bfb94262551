/* What the SDK's own files share. Adapters do not include it. */
#ifndef JACKFIELD_INTERNAL_H
#define JACKFIELD_INTERNAL_H

#include "jackfield.h"

/* jf_panic_at leaves the function out if it is NULL. */

/* Compiled without the check of the stack that every other function begins with: it would check itself. */
#define JF_UNCHECKED __attribute__((__no_instrument_function__))

/* Memory of the call, zeroed, aligned to a power of two of at most 16. */
void *jf_alloc_aligned(size_t size, size_t align);
/* The call's last allocation grows in place where it can; else it moves. What is new is zeroed. */
void *jf_grow(void *ptr, size_t old_size, size_t size);
/* The call is over: what it allocated is given back when the next one asks for its first byte, since the host still
 * reads the results. */
void jf_call_over(void);
/* The next call begins, if the last one is over. */
void jf_call_begins(void);
/* Bytes that are taken from the heap, for tests. */
size_t jf_arena_held(void);

/* Room for one more item in a list that doubles: where the new item goes, zeroed. */
void *jf_list_add(void **items, size_t *count, size_t item_size);

struct jf_request {
    const char *method;
    jf_str url;
    struct jf_header *headers;
    size_t header_count;
    jf_str body;
    jf_text form;
    bool has_form;
};

/* Why there is no answer; in the order of the contract's cases. */
typedef enum { JF_DENIED, JF_UNREACHABLE, JF_NO_REPLY, JF_TOO_LARGE } jf_transport_kind;

typedef struct {
    jf_transport_kind kind;
    jf_str reason;
} jf_transport_error;

/* The contract's imports, which component.c gives in a component and tests/host.c in native tests. */
bool jf_host_send(const jf_request *request, jf_response *response, jf_transport_error *error);
bool jf_host_hmac(const char *credential, jf_str bytes, uint8_t tag[32]);

/* A description in the making. */
typedef struct {
    jf_str name;
    jf_setting_kind kind;
    bool required;
    jf_str doc;
} jf_described_setting;

typedef struct {
    jf_str name;
    jf_str kind;
    jf_str doc;
} jf_described_credential;

struct jf_description {
    jf_str name;
    jf_str version;
    jf_described_setting *settings;
    size_t setting_count;
    jf_described_credential *credentials;
    size_t credential_count;
    jf_str *origins;
    size_t origin_count;
    bool idempotent_writes;
};

#endif
