/* A loader of OpenCL whose device is lost: that of the system, where launches in the context that makes the one after
 * LOST_AFTER of them fail with LOST_STATUS, and from then on all releases do. A new context works. opencl.c
 * names it in INSTANTON_OPENCL. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The context that is lost. */
static void *lost_context = NULL;

static int32_t lost(void) { return (int32_t)atoi(getenv("LOST_STATUS")); }

#define QUEUE_CONTEXT 0x1090
int32_t clGetCommandQueueInfo(void *queue, uint32_t what, size_t size_of_value, void *to, size_t *size);
int32_t clEnqueueNDRangeKernel(void *queue, void *kernel, uint32_t dimensions, const size_t *offset, const size_t *size,
                               const size_t *group, uint32_t waits, const void *wait_list, void *event);

int32_t clEnqueueNDRangeKernel(void *queue, void *kernel, uint32_t dimensions, const size_t *offset, const size_t *size,
                               const size_t *group, uint32_t waits, const void *wait_list, void *event) {
  static int launches = 0;
  int32_t (*launch)(void *, void *, uint32_t, const size_t *, const size_t *, const size_t *, uint32_t, const void *,
                    void *);
  void *address = dlsym(RTLD_NEXT, "clEnqueueNDRangeKernel");
  memcpy(&launch, &address, sizeof launch);
  void *context = NULL;
  if (clGetCommandQueueInfo(queue, QUEUE_CONTEXT, sizeof context, &context, NULL) != 0) return lost();
  if (launches++ == atoi(getenv("LOST_AFTER"))) lost_context = context;
  return context == lost_context ? lost() : launch(queue, kernel, dimensions, offset, size, group, waits, wait_list, event);
}

/* The library counts the references of its context itself. */
int32_t clRetainMemObject(void *object);
int32_t clRetainMemObject(void *object) {
  (void)object;
  return lost();
}

#define RELEASE(name)                       \
  int32_t name(void *object);               \
  int32_t name(void *object) {              \
    int32_t (*release)(void *);             \
    void *address = dlsym(RTLD_NEXT, #name); \
    memcpy(&release, &address, sizeof release); \
    return lost_context != NULL ? lost() : release(object); \
  }
RELEASE(clReleaseCommandQueue)
RELEASE(clReleaseMemObject)
RELEASE(clReleaseKernel)
RELEASE(clReleaseProgram)
RELEASE(clReleaseContext)
