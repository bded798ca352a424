/*
 * A disk that remembers every write it was sent, and in which order (FUSE, spoken here without a library, because one file is
 * all there is): `recorder IMAGE LOG DIRECTORY` mounts a filesystem on DIRECTORY whose only file, `disk`, holds what IMAGE
 * holds; a loop device on it is the disk. Each write and each flush is appended to LOG before it is answered, so that
 * a flush in LOG covers the writes before it, and what was in LOG when an acknowledgement came was sent before it.
 *
 * LOG is a row of entries as in write-log.ts: four bytes of kind (1 a write, 2 a flush), four of length, eight of offset,
 * then the bytes. It ends when it is unmounted, and dies with whoever started it. One request at a time; only root can do this.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MAX_WRITE = 128 * 1024, BUFFER = MAX_WRITE + 64 * 1024, DISK = 2 };
enum kind { WRITE = 1, FLUSH = 2 };

struct entry {
  uint32_t kind, length;
  uint64_t offset;
};

static int device, image, record;
static struct stat disk;

static void fail(const char *what) {
  fprintf(stderr, "recorder: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void answer(const struct fuse_in_header *to, int error, const void *bytes, size_t size) {
  struct fuse_out_header header = { .len = (uint32_t)(sizeof header + size), .error = -error, .unique = to->unique };
  struct iovec parts[] = { { &header, sizeof header }, { (void *)bytes, size } };
  /* A request that was interrupted is forgotten by the kernel, and its answer refused. */
  if (writev(device, parts, size > 0 ? 2 : 1) < 0 && errno != ENOENT) fail("answering");
}

static void note(enum kind kind, uint64_t offset, const void *bytes, uint32_t length) {
  struct entry entry = { .kind = kind, .length = length, .offset = offset };
  struct iovec parts[] = { { &entry, sizeof entry }, { (void *)bytes, length } };
  if (writev(record, parts, length > 0 ? 2 : 1) != (ssize_t)(sizeof entry + length)) fail("the log of writes");
}

static struct fuse_attr attributes(uint64_t node) {
  struct fuse_attr attr = { .ino = node, .nlink = 1, .mode = node == DISK ? S_IFREG | 0600 : S_IFDIR | 0700, .blksize = 4096 };
  if (node == DISK) attr.size = (uint64_t)disk.st_size;
  return attr;
}

static void begin(const struct fuse_in_header *to, const struct fuse_init_in *in) {
  struct fuse_init_out out = {
    .major = FUSE_KERNEL_VERSION, .minor = in->minor < FUSE_KERNEL_MINOR_VERSION ? in->minor : FUSE_KERNEL_MINOR_VERSION,
    .max_readahead = in->max_readahead, .flags = FUSE_BIG_WRITES, .max_write = MAX_WRITE, .time_gran = 1,
  };
  answer(to, 0, &out, sizeof out);
}

static void look_up(const struct fuse_in_header *to, const char *name) {
  if (strcmp(name, "disk") != 0) return answer(to, ENOENT, NULL, 0);
  struct fuse_entry_out out = { .nodeid = DISK, .attr = attributes(DISK), .entry_valid = 3600, .attr_valid = 3600 };
  answer(to, 0, &out, sizeof out);
}

static void read_some(const struct fuse_in_header *to, const struct fuse_read_in *in) {
  static char bytes[BUFFER];
  ssize_t length = pread(image, bytes, in->size < sizeof bytes ? in->size : sizeof bytes, (off_t)in->offset);
  if (length < 0) return answer(to, errno, NULL, 0);
  answer(to, 0, bytes, (size_t)length);
}

static void write_some(const struct fuse_in_header *to, const struct fuse_write_in *in) {
  const char *bytes = (const char *)(in + 1);
  note(WRITE, in->offset, bytes, in->size);
  if (pwrite(image, bytes, in->size, (off_t)in->offset) != (ssize_t)in->size) return answer(to, EIO, NULL, 0);
  struct fuse_write_out out = { .size = in->size };
  answer(to, 0, &out, sizeof out);
}

static void handle(const struct fuse_in_header *in) {
  const void *body = in + 1;
  switch (in->opcode) {
    case FUSE_INIT: return begin(in, body);
    case FUSE_LOOKUP: return look_up(in, body);
    case FUSE_GETATTR: case FUSE_SETATTR: {
      struct fuse_attr_out out = { .attr = attributes(in->nodeid), .attr_valid = 3600 };
      return answer(in, 0, &out, sizeof out);
    }
    case FUSE_OPEN: case FUSE_OPENDIR: {
      struct fuse_open_out out = { 0 };
      return answer(in, 0, &out, sizeof out);
    }
    case FUSE_READ: return read_some(in, body);
    case FUSE_WRITE: return write_some(in, body);
    case FUSE_FSYNC:
      note(FLUSH, 0, NULL, 0);
      return answer(in, 0, NULL, 0);
    case FUSE_STATFS: {
      struct fuse_statfs_out out = { .st = { .bsize = 4096, .frsize = 4096, .namelen = 255 } };
      return answer(in, 0, &out, sizeof out);
    }
    case FUSE_FORGET: case FUSE_BATCH_FORGET: case FUSE_INTERRUPT: return;
    case FUSE_FLUSH: case FUSE_RELEASE: case FUSE_RELEASEDIR: case FUSE_DESTROY: return answer(in, 0, NULL, 0);
    default: return answer(in, ENOSYS, NULL, 0);
  }
}

int main(int count, char **words) {
  if (count != 4) {
    fprintf(stderr, "usage: recorder IMAGE LOG DIRECTORY\n");
    return 2;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  image = open(words[1], O_RDWR | O_CLOEXEC);
  if (image < 0 || fstat(image, &disk) != 0) fail(words[1]);
  record = open(words[2], O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
  if (record < 0) fail(words[2]);
  device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
  if (device < 0) fail("/dev/fuse");
  char options[100];
  snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=%u,group_id=%u", device, getuid(), getgid());
  if (mount("recorder", words[3], "fuse", MS_NOSUID | MS_NODEV, options) != 0) fail("mount");
  puts("ready");
  fflush(stdout);
  static char request[BUFFER];
  for (;;) {
    ssize_t length = read(device, request, sizeof request);
    if (length >= 0) handle((const struct fuse_in_header *)request);
    else if (errno == ENODEV) return 0;
    else if (errno != EINTR && errno != ENOENT && errno != EAGAIN) fail("reading requests");
  }
}
