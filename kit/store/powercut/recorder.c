// The functions of libc with which SQLite changes files, for the whole program: what is defined here stands before the
// C library's own. They do what those do, and note it when it is about the recorded folder. So SQLite's own unix layer
// is above, with its locks and its shared memory, and what is noted is what the kernel was asked for.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "recorder.h"

enum { EXISTS = 1, CREATE, REMOVE, WRITE, TRUNCATE, SYNC_BEGIN, SYNC_END, MARK };

#define DESCRIPTORS 4096
#define FILES 4096
#define NOBODY -1

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; // guards all below
static char *folder;                                      // NULL while nothing is recorded
static powercut_op *ops;
static long long count, room;
static int opened[DESCRIPTORS];   // the file behind a descriptor, plus 1
static char *names[FILES];        // of a file, NULL once it is removed
static int files;                 // the greatest number given out

// Out of memory, or more files than there is room for: a record with a hole would prove nothing.
static void *need(void *p) { if (!p) abort(); return p; }

static long long note(int kind, int file, long long at, const void *data, long long size) {
  if (count == room) {
    room = room ? 2 * room : 1024;
    ops = need(realloc(ops, room * sizeof *ops));
  }
  powercut_op *op = &ops[count];
  *op = (powercut_op){kind, file, at, size, NULL};
  if (size > 0) memcpy(op->data = need(malloc(size)), data, size);
  return count++;
}

static void note_name(int kind, int file) { note(kind, file, 0, names[file], strlen(names[file])); }

// inside is the part of a path below the folder: "" for the folder, NULL for what is elsewhere.
static const char *inside(const char *path) {
  size_t n;
  if (!folder || strncmp(path, folder, n = strlen(folder))) return NULL;
  if (!path[n]) return path + n;
  return path[n] == '/' ? path + n + 1 : NULL;
}

static int named(const char *name) {
  for (int i = 1; i <= files; i++)
    if (names[i] && !strcmp(names[i], name)) return i;
  return NOBODY;
}

static int fresh(const char *name) {
  if (++files == FILES) abort();
  names[files] = need(strdup(name));
  return files;
}

// file is the one behind a descriptor, NOBODY if it is not recorded.
static int file(int fd) { return folder && fd >= 0 && fd < DESCRIPTORS ? opened[fd] - 1 : NOBODY; }

static int open_(const char *path, int flags, mode_t mode) {
  pthread_mutex_lock(&mutex);
  const char *name = inside(path);
  int there = name && syscall(SYS_faccessat, AT_FDCWD, path, F_OK) == 0;
  int fd = syscall(SYS_openat, AT_FDCWD, path, flags, mode), err = errno;
  if (fd >= 0 && name) {
    int number = *name ? named(name) : 0;
    if (fd >= DESCRIPTORS) abort();
    if (number == NOBODY) {
      number = fresh(name);
      note_name(there ? EXISTS : CREATE, number);
    }
    if (there && (flags & O_TRUNC)) note(TRUNCATE, number, 0, NULL, 0);
    opened[fd] = number + 1;
  }
  pthread_mutex_unlock(&mutex);
  errno = err;
  return fd;
}

static ssize_t written(int fd, const void *data, long long at, ssize_t n) {
  int err = errno, number = file(fd);
  if (number != NOBODY && n > 0) note(WRITE, number, at, data, n);
  errno = err;
  return n;
}

static ssize_t pwrite_(int fd, const void *data, size_t size, long long at) {
  pthread_mutex_lock(&mutex);
  ssize_t n = written(fd, data, at, syscall(SYS_pwrite64, fd, data, size, at));
  pthread_mutex_unlock(&mutex);
  return n;
}

static int truncate_(int fd, long long length) {
  pthread_mutex_lock(&mutex);
  int result = syscall(SYS_ftruncate, fd, length), err = errno, number = file(fd);
  if (number != NOBODY && result == 0) note(TRUNCATE, number, length, NULL, 0);
  pthread_mutex_unlock(&mutex);
  errno = err;
  return result;
}

// A sync covers what was written before it began, and holds once it has ended.
static int sync_(int fd, long call) {
  long long begin = 0;
  pthread_mutex_lock(&mutex);
  int number = file(fd);
  if (number != NOBODY) begin = note(SYNC_BEGIN, number, 0, NULL, 0);
  pthread_mutex_unlock(&mutex);
  int result = syscall(call, fd), err = errno;
  pthread_mutex_lock(&mutex);
  if (number != NOBODY && result == 0 && folder) note(SYNC_END, number, begin, NULL, 0);
  pthread_mutex_unlock(&mutex);
  errno = err;
  return result;
}

int open(const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
  va_end(more);
  return open_(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
  va_end(more);
  return open_(path, flags, mode);
}

int close(int fd) {
  pthread_mutex_lock(&mutex);
  if (fd >= 0 && fd < DESCRIPTORS) opened[fd] = 0;
  pthread_mutex_unlock(&mutex);
  return syscall(SYS_close, fd);
}

ssize_t write(int fd, const void *data, size_t size) {
  pthread_mutex_lock(&mutex);
  long long at = file(fd) == NOBODY ? 0 : lseek(fd, 0, SEEK_CUR);
  ssize_t n = written(fd, data, at, syscall(SYS_write, fd, data, size));
  pthread_mutex_unlock(&mutex);
  return n;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { return pwrite_(fd, data, size, at); }
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) { return pwrite_(fd, data, size, at); }
int ftruncate(int fd, off_t length) { return truncate_(fd, length); }
int ftruncate64(int fd, off64_t length) { return truncate_(fd, length); }
int fsync(int fd) { return sync_(fd, SYS_fsync); }
int fdatasync(int fd) { return sync_(fd, SYS_fdatasync); }

int unlink(const char *path) {
  pthread_mutex_lock(&mutex);
  int result = syscall(SYS_unlinkat, AT_FDCWD, path, 0), err = errno;
  const char *name = inside(path);
  if (result == 0 && name) {
    int number = named(name);
    if (number == NOBODY) {
      number = fresh(name);
      note_name(EXISTS, number);
    }
    note_name(REMOVE, number);
    free(names[number]);
    names[number] = NULL;
  }
  pthread_mutex_unlock(&mutex);
  errno = err;
  return result;
}

int powercut_start(const char *path) {
  pthread_mutex_lock(&mutex);
  int free_ = !folder;
  if (free_) {
    folder = need(strdup(path));
    memset(opened, 0, sizeof opened);
  }
  pthread_mutex_unlock(&mutex);
  return free_;
}

void powercut_mark(long long number) {
  pthread_mutex_lock(&mutex);
  if (folder) note(MARK, 0, number, NULL, 0);
  pthread_mutex_unlock(&mutex);
}

// powercut_stop gives out what was recorded; the caller frees it.
void powercut_stop(powercut_op **out, long long *n) {
  pthread_mutex_lock(&mutex);
  *out = ops;
  *n = count;
  ops = NULL;
  count = room = 0;
  for (int i = 1; i <= files; i++) {
    free(names[i]);
    names[i] = NULL;
  }
  files = 0;
  free(folder);
  folder = NULL;
  pthread_mutex_unlock(&mutex);
}
