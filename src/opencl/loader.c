/* The functions of OpenCL, each of which calls the one of the same name in a loader that is opened when the first of
 * them is called.
 *
 * The crate that declares them has the linker look for a library named OpenCL. This file is that library, so that this
 * library is built without one and runs without one: where there is no loader, or it lacks a function, a call gives
 * CL_PLATFORM_NOT_FOUND_KHR. The loader is the file named by the environment variable INSTANTON_OPENCL, or else that
 * of the system. In the shared library all names are hidden, and in the static one that is
 * installed they are changed: a host's own calls of OpenCL are not affected. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HIDDEN __attribute__((visibility("hidden")))
#define PLATFORM_NOT_FOUND (-1001)
#define OUT_OF_RESOURCES (-5)

/* Types of arguments: any pointer, cl_uint, cl_int, cl_bitfield and size_t. */
typedef void *p;
typedef uint32_t u;
typedef int32_t i;
typedef uint64_t l;
typedef size_t z;

/* OpenCL 1.2 and its sharing with OpenGL. A row is the number of arguments, the name, the arguments' types. A STATUS
 * returns its status, an OBJECT writes it to its last argument, an ADDRESS has none. */
#define FUNCTIONS(STATUS, OBJECT, ADDRESS) \
  STATUS(3, clGetPlatformIDs, u, p, p)                                                             \
  STATUS(5, clGetPlatformInfo, p, u, z, p, p)                                                      \
  STATUS(5, clGetDeviceIDs, p, l, u, p, p)                                                         \
  STATUS(5, clGetDeviceInfo, p, u, z, p, p)                                                        \
  STATUS(5, clCreateSubDevices, p, p, u, p, p)                                                     \
  STATUS(1, clRetainDevice, p)                                                                     \
  STATUS(1, clReleaseDevice, p)                                                                    \
  OBJECT(6, clCreateContext, p, u, p, p, p, p)                                                     \
  OBJECT(5, clCreateContextFromType, p, l, p, p, p)                                                \
  STATUS(1, clRetainContext, p)                                                                    \
  STATUS(1, clReleaseContext, p)                                                                   \
  STATUS(5, clGetContextInfo, p, u, z, p, p)                                                       \
  OBJECT(4, clCreateCommandQueue, p, p, l, p)                                                      \
  STATUS(1, clRetainCommandQueue, p)                                                               \
  STATUS(1, clReleaseCommandQueue, p)                                                              \
  STATUS(5, clGetCommandQueueInfo, p, u, z, p, p)                                                  \
  OBJECT(5, clCreateBuffer, p, l, z, p, p)                                                         \
  OBJECT(5, clCreateSubBuffer, p, l, u, p, p)                                                      \
  OBJECT(8, clCreateImage2D, p, l, p, z, z, z, p, p)                                               \
  OBJECT(10, clCreateImage3D, p, l, p, z, z, z, z, z, p, p)                                        \
  OBJECT(6, clCreateImage, p, l, p, p, p, p)                                                       \
  STATUS(1, clRetainMemObject, p)                                                                  \
  STATUS(1, clReleaseMemObject, p)                                                                 \
  STATUS(6, clGetSupportedImageFormats, p, l, u, u, p, p)                                          \
  STATUS(5, clGetMemObjectInfo, p, u, z, p, p)                                                     \
  STATUS(5, clGetImageInfo, p, u, z, p, p)                                                         \
  STATUS(3, clSetMemObjectDestructorCallback, p, p, p)                                             \
  OBJECT(5, clCreateSampler, p, u, u, u, p)                                                        \
  STATUS(1, clRetainSampler, p)                                                                    \
  STATUS(1, clReleaseSampler, p)                                                                   \
  STATUS(5, clGetSamplerInfo, p, u, z, p, p)                                                       \
  OBJECT(5, clCreateProgramWithSource, p, u, p, p, p)                                              \
  OBJECT(7, clCreateProgramWithBinary, p, u, p, p, p, p, p)                                        \
  OBJECT(5, clCreateProgramWithBuiltInKernels, p, u, p, p, p)                                      \
  STATUS(1, clRetainProgram, p)                                                                    \
  STATUS(1, clReleaseProgram, p)                                                                   \
  STATUS(6, clBuildProgram, p, u, p, p, p, p)                                                      \
  STATUS(0, clUnloadCompiler, void)                                                                \
  STATUS(9, clCompileProgram, p, u, p, p, u, p, p, p, p)                                           \
  OBJECT(9, clLinkProgram, p, u, p, p, u, p, p, p, p)                                              \
  STATUS(5, clGetProgramInfo, p, u, z, p, p)                                                       \
  STATUS(6, clGetProgramBuildInfo, p, p, u, z, p, p)                                               \
  OBJECT(3, clCreateKernel, p, p, p)                                                               \
  STATUS(4, clCreateKernelsInProgram, p, u, p, p)                                                  \
  STATUS(1, clRetainKernel, p)                                                                     \
  STATUS(1, clReleaseKernel, p)                                                                    \
  STATUS(4, clSetKernelArg, p, u, z, p)                                                            \
  STATUS(5, clGetKernelInfo, p, u, z, p, p)                                                        \
  STATUS(6, clGetKernelArgInfo, p, u, u, z, p, p)                                                  \
  STATUS(6, clGetKernelWorkGroupInfo, p, p, u, z, p, p)                                            \
  STATUS(2, clWaitForEvents, u, p)                                                                 \
  STATUS(5, clGetEventInfo, p, u, z, p, p)                                                         \
  OBJECT(2, clCreateUserEvent, p, p)                                                               \
  STATUS(1, clRetainEvent, p)                                                                      \
  STATUS(1, clReleaseEvent, p)                                                                     \
  STATUS(2, clSetUserEventStatus, p, i)                                                            \
  STATUS(4, clSetEventCallback, p, i, p, p)                                                        \
  STATUS(5, clGetEventProfilingInfo, p, u, z, p, p)                                                \
  STATUS(1, clFlush, p)                                                                            \
  STATUS(1, clFinish, p)                                                                           \
  STATUS(9, clEnqueueReadBuffer, p, p, u, z, z, p, u, p, p)                                        \
  STATUS(14, clEnqueueReadBufferRect, p, p, u, p, p, p, z, z, z, z, p, u, p, p)                    \
  STATUS(9, clEnqueueWriteBuffer, p, p, u, z, z, p, u, p, p)                                       \
  STATUS(14, clEnqueueWriteBufferRect, p, p, u, p, p, p, z, z, z, z, p, u, p, p)                   \
  STATUS(9, clEnqueueFillBuffer, p, p, p, z, z, z, u, p, p)                                        \
  STATUS(9, clEnqueueCopyBuffer, p, p, p, z, z, z, u, p, p)                                        \
  STATUS(13, clEnqueueCopyBufferRect, p, p, p, p, p, p, z, z, z, z, u, p, p)                       \
  STATUS(11, clEnqueueReadImage, p, p, u, p, p, z, z, p, u, p, p)                                  \
  STATUS(11, clEnqueueWriteImage, p, p, u, p, p, z, z, p, u, p, p)                                 \
  STATUS(8, clEnqueueFillImage, p, p, p, p, p, u, p, p)                                            \
  STATUS(9, clEnqueueCopyImage, p, p, p, p, p, p, u, p, p)                                         \
  STATUS(9, clEnqueueCopyImageToBuffer, p, p, p, p, p, z, u, p, p)                                 \
  STATUS(9, clEnqueueCopyBufferToImage, p, p, p, z, p, p, u, p, p)                                 \
  OBJECT(10, clEnqueueMapBuffer, p, p, u, l, z, z, u, p, p, p)                                     \
  OBJECT(12, clEnqueueMapImage, p, p, u, l, p, p, p, p, u, p, p, p)                                \
  STATUS(6, clEnqueueUnmapMemObject, p, p, p, u, p, p)                                             \
  STATUS(7, clEnqueueMigrateMemObjects, p, u, p, l, u, p, p)                                       \
  STATUS(9, clEnqueueNDRangeKernel, p, p, u, p, p, p, u, p, p)                                     \
  STATUS(5, clEnqueueTask, p, p, u, p, p)                                                          \
  STATUS(10, clEnqueueNativeKernel, p, p, p, z, u, p, p, u, p, p)                                  \
  STATUS(2, clEnqueueMarker, p, p)                                                                 \
  STATUS(4, clEnqueueMarkerWithWaitList, p, u, p, p)                                               \
  STATUS(3, clEnqueueWaitForEvents, p, u, p)                                                       \
  STATUS(4, clEnqueueBarrierWithWaitList, p, u, p, p)                                              \
  STATUS(1, clEnqueueBarrier, p)                                                                   \
  ADDRESS(1, clGetExtensionFunctionAddress, p)                                                     \
  ADDRESS(2, clGetExtensionFunctionAddressForPlatform, p, p)                                       \
  OBJECT(4, clCreateFromGLBuffer, p, l, u, p)                                                      \
  OBJECT(6, clCreateFromGLTexture, p, l, u, i, u, p)                                               \
  STATUS(3, clGetGLObjectInfo, p, p, p)                                                            \
  STATUS(5, clGetGLTextureInfo, p, u, z, p, p)                                                     \
  OBJECT(4, clCreateFromGLRenderbuffer, p, l, u, p)                                                \
  STATUS(6, clEnqueueAcquireGLObjects, p, u, p, u, p, p)                                           \
  STATUS(6, clEnqueueReleaseGLObjects, p, u, p, u, p, p)                                           \
  STATUS(5, clGetGLContextInfoKHR, p, u, z, p, p)                                                  \
  OBJECT(6, clCreateFromGLTexture2D, p, l, u, i, u, p)                                             \
  OBJECT(6, clCreateFromGLTexture3D, p, l, u, i, u, p)

/* Arguments are counted down, so that the last one is a1. */
#define TAKES_0(type) type
#define TAKES_1(type) type a1
#define TAKES_2(type, ...) type a2, TAKES_1(__VA_ARGS__)
#define TAKES_3(type, ...) type a3, TAKES_2(__VA_ARGS__)
#define TAKES_4(type, ...) type a4, TAKES_3(__VA_ARGS__)
#define TAKES_5(type, ...) type a5, TAKES_4(__VA_ARGS__)
#define TAKES_6(type, ...) type a6, TAKES_5(__VA_ARGS__)
#define TAKES_7(type, ...) type a7, TAKES_6(__VA_ARGS__)
#define TAKES_8(type, ...) type a8, TAKES_7(__VA_ARGS__)
#define TAKES_9(type, ...) type a9, TAKES_8(__VA_ARGS__)
#define TAKES_10(type, ...) type a10, TAKES_9(__VA_ARGS__)
#define TAKES_11(type, ...) type a11, TAKES_10(__VA_ARGS__)
#define TAKES_12(type, ...) type a12, TAKES_11(__VA_ARGS__)
#define TAKES_13(type, ...) type a13, TAKES_12(__VA_ARGS__)
#define TAKES_14(type, ...) type a14, TAKES_13(__VA_ARGS__)
#define GIVES_0
#define GIVES_1 a1
#define GIVES_2 a2, GIVES_1
#define GIVES_3 a3, GIVES_2
#define GIVES_4 a4, GIVES_3
#define GIVES_5 a5, GIVES_4
#define GIVES_6 a6, GIVES_5
#define GIVES_7 a7, GIVES_6
#define GIVES_8 a8, GIVES_7
#define GIVES_9 a9, GIVES_8
#define GIVES_10 a10, GIVES_9
#define GIVES_11 a11, GIVES_10
#define GIVES_12 a12, GIVES_11
#define GIVES_13 a13, GIVES_12
#define GIVES_14 a14, GIVES_13

#define PLACE(count, name, ...) AT_##name,
enum { FUNCTIONS(PLACE, PLACE, PLACE) COUNT };
#define NAME(count, name, ...) #name,
static const char *const names[COUNT] = {FUNCTIONS(NAME, NAME, NAME)};

typedef void (*function)(void);
static function functions[COUNT];
static int found = 0;
/* The file of the loader, or the reason why there is none. */
static char description[512] = "";
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Keeps the reason of the first failure: that of the usual file name. */
static int fails(const char *file, const char *reason) {
  if (description[0] == '\0') snprintf(description, sizeof description, "%s%s%s", file, reason[0] == '\0' ? "" : ": ", reason);
  return 0;
}

static int open_file(const char *file) {
  void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) {
    const char *reason = dlerror(); /* names the file */
    return reason == NULL ? fails(file, "cannot be opened") : fails(reason, "");
  }
  if (dlsym(library, names[AT_clGetPlatformIDs]) == NULL) {
    dlclose(library);
    return fails(file, "holds no function clGetPlatformIDs");
  }
  for (int at = 0; at < COUNT; at++) {
    /* POSIX gives functions as objects; ISO C has no cast between them. */
    void *address = dlsym(library, names[at]);
    memcpy(&functions[at], &address, sizeof address);
  }
  snprintf(description, sizeof description, "%s", file);
  return 1;
}

static void open_loader(void) {
#ifdef __APPLE__
  static const char *const files[] = {"/System/Library/Frameworks/OpenCL.framework/OpenCL"};
#else
  static const char *const files[] = {"libOpenCL.so.1", "libOpenCL.so"};
#endif
  const char *named = getenv("INSTANTON_OPENCL");
  if (named != NULL && named[0] != '\0') {
    found = open_file(named);
    return;
  }
  for (size_t at = 0; at < sizeof files / sizeof *files && !found; at++) found = open_file(files[at]);
}

/* Opens the loader; returns 1 where it is found. `text` is then its file, or else the reason; it stays valid. */
HIDDEN int32_t instanton_opencl_loader(const char **text) {
  pthread_once(&once, open_loader);
  *text = description;
  return found;
}

static function loaded(int at) {
  pthread_once(&once, open_loader);
  return functions[at];
}

/* A status that OpenCL 1.2 does not define, at which the crate `ocl` would panic: it is returned as
 * CL_OUT_OF_RESOURCES, and its number is kept for instanton_opencl_status. */
static __thread int32_t unknown = 0;
static int32_t known(int32_t status) {
  const int is_known = (status <= 0 && status >= -19) || (status <= -30 && status >= -70) || status == -1000 ||
                       status == PLATFORM_NOT_FOUND || status == -9999;
  if (is_known) return status;
  unknown = status;
  return OUT_OF_RESOURCES;
}

/* Returns and clears the last such status of this thread; 0 where there was none. */
HIDDEN int32_t instanton_opencl_status(void) {
  const int32_t status = unknown;
  unknown = 0;
  return status;
}

/* Status returned by a call. A failed release is reported as success: the crate `ocl` would end the process on it. */
static int32_t given(const char *name, int32_t status) {
  return strncmp(name, "clRelease", 9) == 0 ? 0 : known(status);
}

#define STATUS(count, name, ...)                                         \
  HIDDEN int32_t name(TAKES_##count(__VA_ARGS__));                       \
  int32_t name(TAKES_##count(__VA_ARGS__)) {                             \
    const function at = loaded(AT_##name);                               \
    if (at == NULL) return PLATFORM_NOT_FOUND;                           \
    return given(#name, ((int32_t(*)(__VA_ARGS__))at)(GIVES_##count));   \
  }
#define OBJECT(count, name, ...)                                         \
  HIDDEN void *name(TAKES_##count(__VA_ARGS__));                         \
  void *name(TAKES_##count(__VA_ARGS__)) {                               \
    const function at = loaded(AT_##name);                               \
    void *object = at == NULL ? NULL : ((void *(*)(__VA_ARGS__))at)(GIVES_##count); \
    int32_t *status = a1;                                                \
    if (status != NULL) *status = at == NULL ? PLATFORM_NOT_FOUND : known(*status); \
    return object;                                                       \
  }
#define ADDRESS(count, name, ...)                                        \
  HIDDEN void *name(TAKES_##count(__VA_ARGS__));                         \
  void *name(TAKES_##count(__VA_ARGS__)) {                               \
    const function at = loaded(AT_##name);                               \
    return at == NULL ? NULL : ((void *(*)(__VA_ARGS__))at)(GIVES_##count); \
  }
FUNCTIONS(STATUS, OBJECT, ADDRESS)
