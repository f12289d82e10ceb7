/* Under AddressSanitizer, what lies behind a frame in the receive buffer cannot be read while the frame is handled. */
#ifndef NOOK_GUARD_H
#define NOOK_GUARD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
static inline void guard_on(const uint8_t *from, size_t size) { __asan_poison_memory_region(from, size); }
static inline void guard_off(const uint8_t *from, size_t size) { __asan_unpoison_memory_region(from, size); }
#else
static inline void guard_on(const uint8_t *from, size_t size) { (void)from, (void)size; }
static inline void guard_off(const uint8_t *from, size_t size) { (void)from, (void)size; }
#endif

#endif
