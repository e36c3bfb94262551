/*
 * JSON for adapters in C, by yyjson, whose header documents the functions to walk (yyjson_obj_get, yyjson_arr_iter, …)
 * and to build (yyjson_mut_obj_add_bool, yyjson_mut_arr_append, …) a document:
 *
 *   yyjson_val *lead;
 *   if (!jf_response_json(&response, &lead, failure)) return false;
 *   jf_str stage = jf_json_str(yyjson_obj_get(lead, "stage"));
 *   if (!jf_has(stage)) return jf_unreadable(&response, "no stage", failure);
 *
 *   jf_json *note = jf_json_object();
 *   jf_json_add(note, "call", idempotency_key);
 *   jf_json_add_integer(note, "budget", 8500000);
 *   jf_body_json(request, note);
 *
 * Everything here belongs to the invocation: free no document. Texts have a length and may hold a NUL. Numbers keep the
 * digits that were sent, as an amount must: they are read as they are written, and jf_json_integer says whether one fits.
 */
#ifndef JACKFIELD_JSON_H
#define JACKFIELD_JSON_H

#include "jackfield.h"
#include "yyjson.h"

/* Numbers are raw text here, of which yyjson's own readers make 0; jf_json_integer and jf_json_real read them. */
#pragma GCC poison yyjson_get_int yyjson_get_uint yyjson_get_sint yyjson_get_real yyjson_get_num

/* ---- Reading ---------------------------------------------------------------------------------------------------- */

/* The answer's body as JSON. Fails as JF_UNKNOWN, with a line in the log, if it is not JSON. */
JF_MUST_USE bool jf_response_json(const jf_response *response, yyjson_val **root, jf_failure *failure);
/* Any text as JSON, such as a webhook's body or an extension's value; NULL if it is not JSON. */
yyjson_val *jf_json_read(jf_str text);

/* The text of a string; absent for any other value and for NULL, which a missing member is. */
jf_str jf_json_str(const yyjson_val *value);
/* A whole number, also written as 1e3 or 12.00. False for any other value, or if it does not fit. */
bool jf_json_integer(const yyjson_val *value, int64_t *number);
/* Any number, rounded to a double. False for any other value. */
bool jf_json_real(const yyjson_val *value, double *number);
/* A value as JSON, with the digits that were sent: for an extension, or to be passed on. */
jf_str jf_json_of(const yyjson_val *value);

/* ---- Writing ---------------------------------------------------------------------------------------------------- */

/* An object to write. `document` and `root` are for yyjson's own functions, such as nested objects and lists. */
typedef struct {
    yyjson_mut_doc *document;
    yyjson_mut_val *root;
} jf_json;

/* An empty object. */
jf_json *jf_json_object(void);
/* Adds a text; an absent one is left out. The text is copied. */
void jf_json_add(jf_json *object, const char *name, jf_str text);
/* Adds a whole number. */
void jf_json_add_integer(jf_json *object, const char *name, int64_t number);
/* Adds true or false. */
void jf_json_add_boolean(jf_json *object, const char *name, bool flag);
/* Adds a value that is JSON already, such as an extension's, with its digits. Not JSON is a programming error. */
void jf_json_add_raw(jf_json *object, const char *name, jf_str json);
/* The text of the object. */
jf_str jf_json_written(const jf_json *object);
/* Sets a request's body, with its content type. */
void jf_body_json(jf_request *request, const jf_json *object);

#endif
