/* Shared by the SDK's own files. Adapters do not include it. */
#ifndef JACKFIELD_INTERNAL_H
#define JACKFIELD_INTERNAL_H

#include "jackfield.h"

/* If jf_panic_at gets NULL for the function, it omits it from the message. */

/* Compiled without the stack check that every other function begins with: the check itself calls these. */
#define JF_UNCHECKED __attribute__((__no_instrument_function__))

/* Memory of the invocation, zeroed, aligned to a power of two of at most 16. */
void *jf_alloc_aligned(size_t size, size_t align);
/* Grows an allocation, in place if it is the last one and fits; otherwise moves it. New bytes are zeroed. */
void *jf_grow(void *ptr, size_t old_size, size_t size);
/* Marks the end of the invocation. Its memory is released when the next invocation allocates its first byte, since the
 * host still reads the results. */
void jf_invocation_ends(void);
/* Begins the next invocation if the last one has ended. */
void jf_invocation_begins(void);
/* Bytes allocated on the heap, for tests. */
size_t jf_arena_held(void);

/* As vsnprintf, but it knows JF_FMT (a pointer to a jf_str), allocates nothing, and leaves the arguments as they were. */
size_t jf_print(char *buffer, size_t size, const char *format, va_list arguments);

/* Appends a zeroed item to a list that doubles its capacity, and returns it. */
void *jf_list_add(void **items, size_t *count, size_t item_size);

struct jf_request {
    const char *method;
    jf_str url;
    struct jf_header *headers;
    size_t header_count;
    jf_str body;
    jf_text form;
    bool has_form;
    jf_signer *sign; /* NULL if it is not signed */
};

/* Why there is no answer, in the order of the contract's cases. */
typedef enum { JF_DENIED, JF_UNREACHABLE, JF_NO_REPLY, JF_TOO_LARGE } jf_transport_kind;

typedef struct {
    jf_transport_kind kind;
    jf_str reason;
} jf_transport_error;

/* The contract's imports, implemented by component.c in a component and by tests/host.c in native tests. */
bool jf_host_send(const jf_request *request, jf_response *response, jf_transport_error *error);
bool jf_host_hmac(const char *credential, jf_str bytes, uint8_t tag[32]);

/* Why a time was not converted, in the order of the contract's cases, after none. */
typedef enum { JF_CONVERTED, JF_UNKNOWN_ZONE, JF_INVALID_TIME } jf_date_error;
jf_date_error jf_host_instant(jf_str local, jf_str zone, jf_str *instant);
jf_date_error jf_host_local(jf_str instant, jf_str zone, jf_str *local);

/* Why a number was not normalised, likewise. */
typedef enum { JF_NORMALIZED, JF_NOT_A_NUMBER, JF_NO_COUNTRY, JF_NOT_IN_PLAN } jf_phone_error;
jf_phone_error jf_host_phone(jf_str number, jf_str *e164);

/* The parts of a description. */
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
