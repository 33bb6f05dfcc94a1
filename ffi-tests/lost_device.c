/* A loader of OpenCL whose device is lost: that of the system, with launches that fail after LOST_AFTER of them with
 * LOST_STATUS. opencl.c names it in INSTANTON_OPENCL. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int32_t clEnqueueNDRangeKernel(void *queue, void *kernel, uint32_t dimensions, const size_t *offset, const size_t *size,
                               const size_t *group, uint32_t waits, const void *wait_list, void *event);

int32_t clEnqueueNDRangeKernel(void *queue, void *kernel, uint32_t dimensions, const size_t *offset, const size_t *size,
                               const size_t *group, uint32_t waits, const void *wait_list, void *event) {
  static int launches = 0;
  int32_t (*launch)(void *, void *, uint32_t, const size_t *, const size_t *, const size_t *, uint32_t, const void *,
                    void *);
  void *address = dlsym(RTLD_NEXT, "clEnqueueNDRangeKernel");
  memcpy(&launch, &address, sizeof launch);
  if (launches++ >= atoi(getenv("LOST_AFTER"))) return (int32_t)atoi(getenv("LOST_STATUS"));
  return launch(queue, kernel, dimensions, offset, size, group, waits, wait_list, event);
}
