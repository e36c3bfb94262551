/* JSON in memory of the invocation, by yyjson. */
#include "jackfield_json.h"

#include <stdlib.h>
#include <string.h>

#include "internal.h"

static void *take(void *context, size_t size) {
    (void)context;
    return jf_alloc(size);
}

static void *resize(void *context, void *ptr, size_t old_size, size_t size) {
    (void)context;
    return size <= old_size ? ptr : jf_grow(ptr, old_size, size);
}

/* The end of the invocation releases everything. */
static void release(void *context, void *ptr) {
    (void)context;
    (void)ptr;
}

static const yyjson_alc MEMORY = {take, resize, release, NULL};

/* The root of a document, or NULL and what is wrong with it. */
static yyjson_val *read(jf_str text, yyjson_read_err *error) {
    /* The flags do not write to the text: it is copied. */
    char *bytes = (char *)(uintptr_t)text.ptr;
    yyjson_read_flag flags = YYJSON_READ_NUMBER_AS_RAW | YYJSON_READ_ALLOW_BOM;
    return yyjson_doc_get_root(yyjson_read_opts(bytes, text.len, flags, &MEMORY, error));
}

yyjson_val *jf_json_read(jf_str text) {
    return read(text, NULL);
}

bool jf_response_json(const jf_response *response, yyjson_val **root, jf_failure *failure) {
    yyjson_read_err error = {0};
    *root = read(response->body, &error);
    if (*root != NULL) {
        return true;
    }
    /* yyjson's messages are its own words and quote nothing. */
    jf_str why = jf_format("not JSON: %s at byte %zu", error.msg == NULL ? "empty" : error.msg, error.pos);
    return jf_unreadable(response, why.ptr, failure);
}

jf_str jf_json_str(const yyjson_val *value) {
    return yyjson_is_str(value) ? (jf_str){yyjson_get_str(value), yyjson_get_len(value)} : JF_NONE;
}

/* The digits of a number; absent for any other value. */
static jf_str digits(const yyjson_val *value) {
    return yyjson_is_raw(value) ? (jf_str){yyjson_get_raw(value), yyjson_get_len(value)} : JF_NONE;
}

bool jf_json_real(const yyjson_val *value, double *number) {
    jf_str text = jf_copy(digits(value)); /* with a NUL behind it */
    if (!jf_has(text)) {
        return false;
    }
    *number = strtod(text.ptr, NULL);
    return true;
}

bool jf_json_integer(const yyjson_val *value, int64_t *number) {
    jf_str text = digits(value);
    if (jf_integer(text, number)) {
        return true;
    }
    double real;
    /* Beyond 2^53, a double does not tell neighbours apart. */
    const double exact = 9007199254740992.0;
    if (!jf_json_real(value, &real) || !(real >= -exact && real <= exact) || real != (double)(int64_t)real) {
        return false;
    }
    *number = (int64_t)real;
    return true;
}

jf_str jf_json_of(const yyjson_val *value) {
    size_t len = 0;
    char *text = yyjson_val_write_opts(value, YYJSON_WRITE_NOFLAG, &MEMORY, &len, NULL);
    return text == NULL ? JF_NONE : (jf_str){text, len};
}

jf_json *jf_json_object(void) {
    jf_json *object = jf_alloc(sizeof *object);
    object->document = yyjson_mut_doc_new(&MEMORY);
    object->root = yyjson_mut_obj(object->document);
    yyjson_mut_doc_set_root(object->document, object->root);
    return object;
}

static void add(jf_json *object, const char *name, yyjson_mut_val *value) {
    (void)yyjson_mut_obj_add(object->root, yyjson_mut_strcpy(object->document, name), value);
}

void jf_json_add(jf_json *object, const char *name, jf_str text) {
    if (jf_has(text)) {
        jf_str clean = jf_utf8_lossy(text);
        add(object, name, yyjson_mut_strncpy(object->document, clean.ptr, clean.len));
    }
}

void jf_json_add_integer(jf_json *object, const char *name, int64_t number) {
    add(object, name, yyjson_mut_sint(object->document, number));
}

void jf_json_add_boolean(jf_json *object, const char *name, bool flag) {
    add(object, name, yyjson_mut_bool(object->document, flag));
}

void jf_json_add_raw(jf_json *object, const char *name, jf_str json) {
    yyjson_val *value = jf_json_read(json);
    if (value == NULL) {
        jf_panic("the value of the member %s is not JSON", name);
    }
    add(object, name, yyjson_val_mut_copy(object->document, value));
}

jf_str jf_json_written(const jf_json *object) {
    size_t len = 0;
    char *text = yyjson_mut_write_opts(object->document, YYJSON_WRITE_NOFLAG, &MEMORY, &len, NULL);
    if (text == NULL) {
        jf_panic("a document cannot be written: a text in it is not UTF-8, or a number is not finite");
    }
    return (jf_str){text, len};
}

void jf_body_json(jf_request *request, const jf_json *object) {
    jf_body(request, "application/json", jf_json_written(object));
}
