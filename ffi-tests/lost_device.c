/* A loader of OpenCL whose device is lost: that of the system, with launches that fail after LOST_AFTER of them with
 * LOST_STATUS, and from then on all releases too. opencl.c names it in INSTANTON_OPENCL. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static int is_lost = 0;

static int32_t lost(void) { return (int32_t)atoi(getenv("LOST_STATUS")); }

int32_t clEnqueueNDRangeKernel(void *queue, void *kernel, uint32_t dimensions, const size_t *offset, const size_t *size,
                               const size_t *group, uint32_t waits, const void *wait_list, void *event);

int32_t clEnqueueNDRangeKernel(void *queue, void *kernel, uint32_t dimensions, const size_t *offset, const size_t *size,
                               const size_t *group, uint32_t waits, const void *wait_list, void *event) {
  static int launches = 0;
  int32_t (*launch)(void *, void *, uint32_t, const size_t *, const size_t *, const size_t *, uint32_t, const void *,
                    void *);
  void *address = dlsym(RTLD_NEXT, "clEnqueueNDRangeKernel");
  memcpy(&launch, &address, sizeof launch);
  is_lost = is_lost || launches++ >= atoi(getenv("LOST_AFTER"));
  return is_lost ? lost() : launch(queue, kernel, dimensions, offset, size, group, waits, wait_list, event);
}

#define RELEASE(name)                       \
  int32_t name(void *object);               \
  int32_t name(void *object) {              \
    int32_t (*release)(void *);             \
    void *address = dlsym(RTLD_NEXT, #name); \
    memcpy(&release, &address, sizeof release); \
    return is_lost ? lost() : release(object); \
  }
RELEASE(clReleaseCommandQueue)
RELEASE(clReleaseMemObject)
RELEASE(clReleaseKernel)
RELEASE(clReleaseProgram)
RELEASE(clReleaseContext)
