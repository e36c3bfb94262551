/* Memory of the invocation: an arena that is emptied between invocations, so that an instance that serves many of them
 * does not grow beyond its largest one. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#if defined(__SANITIZE_ADDRESS__)
#define ADDRESS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ADDRESS_SANITIZER
#endif
#endif

#ifdef ADDRESS_SANITIZER
/* Every allocation has a block of its own, so that the sanitizer finds what reads beyond it, or after the invocation. */
#define BLOCK_SIZE ((size_t)1)
#else
/* Most invocations need less. A larger allocation gets a block of its own size. */
#define BLOCK_SIZE ((size_t)32 << 10)
#endif

typedef struct block {
    struct block *before;
    size_t size;
    size_t used;
    _Alignas(16) char bytes[];
} block;

static block *last;
static bool over;
static size_t held;

static block *new_block(size_t size) {
    if (size < BLOCK_SIZE) {
        size = BLOCK_SIZE;
    }
    block *made = size <= SIZE_MAX - sizeof(block) ? malloc(sizeof(block) + size) : NULL;
    if (made == NULL) {
        jf_panic("out of memory: %zu bytes more than the %zu that this invocation holds are not available", size, held);
    }
    held += size;
    *made = (block){.before = last, .size = size};
    return made;
}

void jf_invocation_ends(void) {
    over = true;
}

void jf_invocation_begins(void) {
    if (!over) {
        return;
    }
    over = false;
    while (last != NULL) {
        block *before = last->before;
        if (before == NULL && last->size == BLOCK_SIZE) {
            /* Keep the first block: most invocations need no other. */
            last->used = 0;
            break;
        }
        held -= last->size;
        free(last);
        last = before;
    }
}

size_t jf_arena_held(void) {
    return held;
}

void *jf_alloc_aligned(size_t size, size_t align) {
    size_t start = last == NULL ? 0 : (last->used + align - 1) & ~(align - 1);
    if (last == NULL || start > last->size || size > last->size - start) {
        last = new_block(size);
        start = 0;
    }
    last->used = start + size;
    return memset(last->bytes + start, 0, size);
}

void *jf_alloc(size_t size) {
    return jf_alloc_aligned(size, 16);
}

void *jf_grow(void *ptr, size_t old_size, size_t size) {
    if (ptr != NULL && last != NULL && (char *)ptr + old_size == last->bytes + last->used) {
        size_t start = (size_t)((char *)ptr - last->bytes);
        if (size >= old_size && size <= last->size - start) {
            memset((char *)ptr + old_size, 0, size - old_size);
            last->used = start + size;
            return ptr;
        }
    }
    char *moved = jf_alloc(size);
    if (old_size > 0) {
        memcpy(moved, ptr, old_size < size ? old_size : size);
    }
    return moved;
}

void *jf_list_add(void **items, size_t *count, size_t item_size) {
    /* The list is full when the count is zero or a power of two: then double its capacity. */
    if ((*count & (*count - 1)) == 0) {
        size_t room = *count == 0 ? 1 : *count * 2;
        if (room > SIZE_MAX / item_size) {
            jf_panic("out of memory: a list of %zu items", *count);
        }
        *items = jf_grow(*items, *count * item_size, room * item_size);
    }
    return (char *)*items + (*count)++ * item_size;
}
