/* Reports synchronisation of Rust's standard library, which is not instrumented, to ThreadSanitizer: locks taken on the
 * slow path, and waits for a condition. The linker calls these functions instead of the originals (--wrap). */
#include <stdint.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

void __real_LOCK(void *mutex);
void __wrap_LOCK(void *mutex);
void __wrap_LOCK(void *mutex) {
  __real_LOCK(mutex);
  __tsan_acquire(mutex);
}

void __real_WAIT(void *condition, void *mutex);
void __wrap_WAIT(void *condition, void *mutex);
void __wrap_WAIT(void *condition, void *mutex) {
  __tsan_release(mutex);
  __real_WAIT(condition, mutex);
  __tsan_acquire(mutex);
}

void __real_ONCE(void *once, uint8_t force, void *work, const void *table, const void *place);
void __wrap_ONCE(void *once, uint8_t force, void *work, const void *table, const void *place);
void __wrap_ONCE(void *once, uint8_t force, void *work, const void *table, const void *place) {
  __real_ONCE(once, force, work, table, place);
  __tsan_release(once);
  __tsan_acquire(once);
}
