/* Mortar's messages. Requests and answers have the same format:
 *
 *     MORTAR/1          the protocol
 *     KEY=value         upper case; `\n` and `\\` in a value stand for a newline and a backslash
 *     END=3             the number of lines, this one included
 *
 * Lines end in CRLF. Spaces in values are significant: a field of spaces has no known value. */
#ifndef MORTAR_MESSAGE_H
#define MORTAR_MESSAGE_H

#include "jackfield.h"

/* A line of a message that was read. */
typedef struct {
    jf_str key;
    jf_str value;
} line;

/* A message that was read. */
typedef struct {
    line *lines;
    size_t count;
} message;

/* A message to append to; start with `draft draft = {0};`. */
typedef struct {
    jf_text text;
    size_t lines;
} draft;

/* Adds a line. Newlines are escaped; other control characters become spaces. */
void message_add(draft *draft, const char *key, jf_str value);
/* The whole message, with its first and last line. */
jf_str message_end(draft *draft);

/* Reads a whole message. False if it is not one: another protocol, an invalid line, a wrong count, cut off. */
bool message_read(jf_str text, message *message);
/* The value of the first line of that key; absent if there is none. */
jf_str message_get(const message *message, const char *key);

#endif
