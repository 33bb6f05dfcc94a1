/* stat64 and its kin, functions of their own since glibc 2.33, by those that every glibc has. */
#include <sys/stat.h>

#if defined(__x86_64__)
enum { STAT_VERSION = 1 };
#else
enum { STAT_VERSION = 0 };
#endif

int __xstat64(int version, const char *path, struct stat64 *status);
int __lxstat64(int version, const char *path, struct stat64 *status);
int __fxstat64(int version, int file, struct stat64 *status);
int __fxstatat64(int version, int folder, const char *path, struct stat64 *status, int flags);

int stat64(const char *path, struct stat64 *status) { return __xstat64(STAT_VERSION, path, status); }
int lstat64(const char *path, struct stat64 *status) { return __lxstat64(STAT_VERSION, path, status); }
int fstat64(int file, struct stat64 *status) { return __fxstat64(STAT_VERSION, file, status); }
int fstatat64(int folder, const char *path, struct stat64 *status, int flags) {
  return __fxstatat64(STAT_VERSION, folder, path, status, flags);
}
