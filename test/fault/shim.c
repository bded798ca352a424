/*
 * Stands between the daemon and the C library (LD_PRELOAD): counts the calls that touch the state directory or a socket
 * in it, over all threads and over the processes the daemon starts, and lets one of them go wrong. What to do lies in a
 * mapped file, the board, which the harness writes and reads while the daemon runs: so a fault can be armed between
 * two requests.
 *
 * Only calls that change something, or that open or connect, are counted; stat, read and close of files are not: a kill
 * before one of them finds the disk as a kill behind the call before it did. The layout of the board stands in board.ts, too.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

enum class { WRITE = 1, SYNC = 2, OPEN = 4, RENAME = 8, UNLINK = 16, TRUNCATE = 32, MKDIR = 64, LINK = 128, META = 256, SOCKET = 512, LIST = 1024, GROW = 2048, LOOK = 4096 };
enum mode { KILL_BEFORE = 1, KILL_AFTER = 2, FAIL = 3, SHORT = 4, DROP = 5, STOP_AFTER = 6 };
enum { RULES = 2, PART = 48, ENTRY = 128, ENTRIES = 8192 };

struct rule {
  _Atomic uint32_t armed;
  uint32_t classes;      /* which calls count */
  uint32_t at, times;    /* the first that goes wrong, from 1, and how many do */
  uint32_t mode, error;
  uint32_t with_parent;  /* a kill takes the daemon that started this process with it */
  _Atomic uint32_t count, fired;
  char part[PART];       /* only paths with this in them; all when empty */
};

struct board {
  _Atomic uint32_t daemon;   /* pid of the first process that came */
  _Atomic uint32_t tracing;
  _Atomic uint32_t entries;
  uint32_t spare;
  struct rule rules[RULES];
  char fired[256];           /* what the first call that went wrong was */
  char trace[ENTRIES][ENTRY];
};

static struct board *board;
static char root[512];
static size_t root_length;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("FAULT_BOARD"), *below = getenv("FAULT_ROOT");
  if (path == NULL || below == NULL || strlen(below) >= sizeof root) return;
  int file = (int)openat(AT_FDCWD, path, O_RDWR | O_CLOEXEC);
  if (file < 0) return;
  void *mapped = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (mapped == MAP_FAILED) return;
  strcpy(root, below);
  root_length = strlen(root);
  uint32_t nobody = 0;
  atomic_compare_exchange_strong(&((struct board *)mapped)->daemon, &nobody, (uint32_t)getpid());
  board = mapped;
}

static int is_below(const char *path) {
  return path != NULL && strncmp(path, root, root_length) == 0 && (path[root_length] == '/' || path[root_length] == 0);
}

static void die(const struct rule *rule) {
  uint32_t daemon = atomic_load(&board->daemon);
  if (rule->with_parent && daemon != (uint32_t)getpid()) kill((pid_t)daemon, SIGKILL);
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

/* What becomes of a call: the rule that strikes, or NULL. */
static struct rule *fate(uint32_t class, const char *name, const char *path) {
  if (board == NULL || !is_below(path)) return NULL;
  const char *relative = path[root_length] == 0 ? "." : path + root_length + 1;
  if (atomic_load(&board->tracing)) {
    uint32_t at = atomic_fetch_add(&board->entries, 1);
    if (at < ENTRIES) snprintf(board->trace[at], ENTRY, "%s %u %s %s", getpid() == (pid_t)atomic_load(&board->daemon) ? "serve" : "init", class, name, relative);
  }
  struct rule *strikes = NULL;
  for (int i = 0; i < RULES; i += 1) {
    struct rule *rule = &board->rules[i];
    if (!atomic_load(&rule->armed) || !(rule->classes & class)) continue;
    if (rule->part[0] != 0 && strstr(relative, rule->part) == NULL) continue;
    uint32_t n = atomic_fetch_add(&rule->count, 1) + 1;
    if (strikes != NULL || n < rule->at || n - rule->at >= rule->times) continue;
    if (atomic_fetch_add(&rule->fired, 1) == 0 && board->fired[0] == 0) snprintf(board->fired, sizeof board->fired, "%s %s", name, relative);
    strikes = rule;
  }
  if (strikes != NULL && strikes->mode == KILL_BEFORE) die(strikes);
  return strikes;
}

/* The path behind a descriptor: of a file, or of the listening socket that a connection came through. */
static const char *path_of(int file, char *into, size_t size) {
  char link[40];
  if (board == NULL || file < 0) return NULL;
  int saved = errno;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, into, size - 1);
  const char *path = NULL;
  if (length > 0) {
    into[length] = 0;
    path = into;
    if (strncmp(into, "socket:", 7) == 0) {
      struct sockaddr_un name;
      socklen_t bytes = sizeof name;
      path = NULL;
      if (getsockname(file, (struct sockaddr *)&name, &bytes) == 0 && name.sun_family == AF_UNIX && bytes > sizeof(sa_family_t)) {
        snprintf(into, size, "%s", name.sun_path);
        path = into;
      }
    }
  }
  errno = saved;
  return path;
}

static int is_socket(int file) {
  struct stat what;
  return fstat(file, &what) == 0 && S_ISSOCK(what.st_mode);
}

#define REAL(type, name, ...) \
  static type (*real)(__VA_ARGS__); \
  if (real == NULL) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

/* The call itself, unless it is to fail instead or only said to be made, and the kill or the stop that comes behind it. */
#define ANSWER(type, rule, call) \
  if ((rule) != NULL && (rule)->mode == DROP) return (type)0; \
  if ((rule) != NULL && (rule)->mode == FAIL) { errno = (int)(rule)->error; return (type)-1; } \
  type result = (call); \
  if ((rule) != NULL && (rule)->mode == KILL_AFTER) die(rule); \
  if ((rule) != NULL && (rule)->mode == STOP_AFTER) raise(SIGSTOP); \
  return result

#define ON_PATH(class, name, path, parameters, arguments) \
  int name parameters { \
    REAL(int, name, ON_PATH_TYPES_##name); \
    struct rule *rule = fate(class, #name, path); \
    ANSWER(int, rule, real arguments); \
  }

#define ON_PATH_TYPES_rename const char *, const char *
#define ON_PATH_TYPES_link const char *, const char *
#define ON_PATH_TYPES_symlink const char *, const char *
#define ON_PATH_TYPES_unlink const char *
#define ON_PATH_TYPES_rmdir const char *
#define ON_PATH_TYPES_mkdir const char *, mode_t
#define ON_PATH_TYPES_chmod const char *, mode_t
#define ON_PATH_TYPES_utimensat int, const char *, const struct timespec *, int

ON_PATH(RENAME, rename, to, (const char *from, const char *to), (from, to))
ON_PATH(LINK, link, to, (const char *from, const char *to), (from, to))
ON_PATH(LINK, symlink, path, (const char *target, const char *path), (target, path))
ON_PATH(UNLINK, unlink, path, (const char *path), (path))
ON_PATH(UNLINK, rmdir, path, (const char *path), (path))
ON_PATH(MKDIR, mkdir, path, (const char *path, mode_t bits), (path, bits))
ON_PATH(META, chmod, path, (const char *path, mode_t bits), (path, bits))
ON_PATH(META, utimensat, path, (int at, const char *path, const struct timespec times[2], int flags), (at, path, times, flags))

/* Whoever opens a file to read it wants something else than one who makes it, writes to it, or syncs a directory. */
static uint32_t open_class(const char *path, int flags) {
  struct stat what;
  if (board == NULL || (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT)) return OPEN;
  return stat(path, &what) == 0 && S_ISREG(what.st_mode) ? LOOK : OPEN;
}

static int open_as(const char *name, int (*real)(const char *, int, ...), const char *path, int flags, mode_t bits) {
  struct rule *rule = fate(open_class(path, flags), name, path);
  ANSWER(int, rule, real(path, flags, bits));
}

int open(const char *path, int flags, ...) {
  REAL(int, open, const char *, int, ...);
  va_list more;
  va_start(more, flags);
  mode_t bits = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
  va_end(more);
  return open_as("open", real, path, flags, bits);
}

int open64(const char *path, int flags, ...) {
  REAL(int, open64, const char *, int, ...);
  va_list more;
  va_start(more, flags);
  mode_t bits = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
  va_end(more);
  return open_as("open", real, path, flags, bits);
}

int scandir64(const char *path, struct dirent64 ***names, int (*filter)(const struct dirent64 *),
              int (*compare)(const struct dirent64 **, const struct dirent64 **)) {
  REAL(int, scandir64, const char *, struct dirent64 ***, int (*)(const struct dirent64 *),
       int (*)(const struct dirent64 **, const struct dirent64 **));
  struct rule *rule = fate(LIST, "scandir", path);
  ANSWER(int, rule, real(path, names, filter, compare));
}

#define ON_FILE(class, name, type, types, parameters, arguments) \
  type name parameters { \
    REAL(type, name, types); \
    char path[600]; \
    struct rule *rule = fate(class, #name, path_of(file, path, sizeof path)); \
    ANSWER(type, rule, real arguments); \
  }
#define COMMA ,

ON_FILE(SYNC, fsync, int, int, (int file), (file))
ON_FILE(SYNC, fdatasync, int, int, (int file), (file))
ON_FILE(TRUNCATE, ftruncate64, int, int COMMA off64_t, (int file, off64_t bytes), (file, bytes))
ON_FILE(META, fchmod, int, int COMMA mode_t, (int file, mode_t bits), (file, bits))
ON_FILE(META, futimens, int, int COMMA const struct timespec *, (int file, const struct timespec times[2]), (file, times))
ON_FILE(SOCKET, accept4, int, int COMMA struct sockaddr * COMMA socklen_t * COMMA int,
        (int file, struct sockaddr *name, socklen_t *bytes, int flags), (file, name, bytes, flags))
ON_FILE(SOCKET, accept, int, int COMMA struct sockaddr * COMMA socklen_t *, (int file, struct sockaddr *name, socklen_t *bytes), (file, name, bytes))
ON_FILE(SOCKET, listen, int, int COMMA int, (int file, int backlog), (file, backlog))
ON_FILE(SOCKET, shutdown, int, int COMMA int, (int file, int how), (file, how))
ON_FILE(SOCKET, sendmsg, ssize_t, int COMMA const struct msghdr * COMMA int, (int file, const struct msghdr *message, int flags), (file, message, flags))
ON_FILE(SOCKET, send, ssize_t, int COMMA const void * COMMA size_t COMMA int,
        (int file, const void *bytes, size_t size, int flags), (file, bytes, size, flags))
ON_FILE(SOCKET, recvmsg, ssize_t, int COMMA struct msghdr * COMMA int, (int file, struct msghdr *message, int flags), (file, message, flags))

static const char *unix_path(const struct sockaddr *name) {
  return name != NULL && name->sa_family == AF_UNIX ? ((const struct sockaddr_un *)name)->sun_path : NULL;
}

int bind(int file, const struct sockaddr *name, socklen_t bytes) {
  REAL(int, bind, int, const struct sockaddr *, socklen_t);
  struct rule *rule = fate(SOCKET, "bind", unix_path(name));
  ANSWER(int, rule, real(file, name, bytes));
}

int connect(int file, const struct sockaddr *name, socklen_t bytes) {
  REAL(int, connect, int, const struct sockaddr *, socklen_t);
  struct rule *rule = fate(SOCKET, "connect", unix_path(name));
  ANSWER(int, rule, real(file, name, bytes));
}

/* Reads count on sockets only. */
ssize_t read(int file, void *bytes, size_t size) {
  REAL(ssize_t, read, int, void *, size_t);
  char path[600];
  struct rule *rule = board != NULL && is_socket(file) ? fate(SOCKET, "read", path_of(file, path, sizeof path)) : NULL;
  ANSWER(ssize_t, rule, real(file, bytes, size));
}

/* A write that makes its file longer needs room; one in place does not. */
static uint32_t write_class(int file, off64_t end) {
  struct stat what;
  if (board == NULL || fstat(file, &what) != 0) return WRITE;
  return S_ISREG(what.st_mode) && end > what.st_size ? GROW : WRITE;
}

/* How much of a write is really made, and how much is said to be. */
#define SOME(rule, size) ((rule) != NULL && (rule)->mode == SHORT && (size) > 1 ? (size) / 2 : (size))
#define DROPPED(rule, size) if ((rule) != NULL && (rule)->mode == DROP) return (ssize_t)(size)

ssize_t write(int file, const void *bytes, size_t size) {
  REAL(ssize_t, write, int, const void *, size_t);
  char path[600];
  const char *where = path_of(file, path, sizeof path);
  struct rule *rule = fate(where != NULL && is_socket(file) ? SOCKET : WRITE, "write", where);
  DROPPED(rule, size);
  ANSWER(ssize_t, rule, real(file, bytes, SOME(rule, size)));
}

ssize_t pwrite64(int file, const void *bytes, size_t size, off64_t position) {
  REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t);
  char path[600];
  struct rule *rule = fate(write_class(file, position + (off64_t)size), "pwrite64", path_of(file, path, sizeof path));
  DROPPED(rule, size);
  ANSWER(ssize_t, rule, real(file, bytes, SOME(rule, size), position));
}

ssize_t writev(int file, const struct iovec *parts, int count) {
  REAL(ssize_t, writev, int, const struct iovec *, int);
  char path[600];
  const char *where = path_of(file, path, sizeof path);
  struct rule *rule = fate(where != NULL && is_socket(file) ? SOCKET : WRITE, "writev", where);
  ANSWER(ssize_t, rule, real(file, parts, count));
}

ssize_t pwritev64(int file, const struct iovec *parts, int count, off64_t position) {
  REAL(ssize_t, pwritev64, int, const struct iovec *, int, off64_t);
  char path[600];
  struct rule *rule = fate(WRITE, "pwritev64", path_of(file, path, sizeof path));
  ANSWER(ssize_t, rule, real(file, parts, count, position));
}
