/*
 * A disk that a test can switch while the daemon runs (LD_PRELOAD): what fdatasync, fsync and pread do is what a file in /run/disk
 * says, and is asked at every call and, while one hangs, a hundred times a second. Nothing there: the disk works.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int exists(const char *path) {
  return access(path, F_OK) == 0;
}

static unsigned slow_ms(void) {
  FILE *file = fopen("/run/disk/slow", "re");
  unsigned ms = 0;
  if (file == NULL) return 0;
  if (fscanf(file, "%u", &ms) != 1) ms = 0;
  fclose(file);
  return ms;
}

/* Whether a file is the log's or one beside it: the program's own files, which its threads load, are not on this disk. */
static int is_state(int fd) {
  char link[32];
  char path[256];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return strncmp(path, "/var/lib/", 9) == 0;
}

static int synced(const char *name, int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  struct stat stat;
  /* Libraries sync stdout when the process ends. */
  if (fstat(fd, &stat) != 0 || (!S_ISREG(stat.st_mode) && !S_ISDIR(stat.st_mode))) return real(fd);
  while (exists("/run/disk/hang")) usleep(10000);
  usleep(slow_ms() * 1000);
  if (exists("/run/disk/broken")) {
    errno = EIO;
    return -1;
  }
  return real(fd);
}

ssize_t pread64(int fd, void *into, size_t length, off64_t at) {
  ssize_t (*real)(int, void *, size_t, off64_t) = (ssize_t (*)(int, void *, size_t, off64_t))dlsym(RTLD_NEXT, "pread64");
  /* The writer's reads: those of the first thread are few, and their number is nobody's business. */
  if (gettid() != getpid() && is_state(fd)) usleep(slow_ms() * 1000);
  return real(fd, into, length, at);
}

ssize_t pread(int fd, void *into, size_t length, off_t at) {
  return pread64(fd, into, length, at);
}

int fdatasync(int fd) {
  return synced("fdatasync", fd);
}

int fsync(int fd) {
  return synced("fsync", fd);
}
