/*
 * Stands between a process and its system (LD_PRELOAD) and does what the test says through a file that both have mapped:
 * a wall clock that jumps, datagrams that cannot be sent, writes and syncs that take long, closes that tell what was lost. `preload.ts` builds and steers it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* The file; `preload.ts` has the same order. */
struct orders {
    volatile int64_t clock_seconds; /* added to the wall clock */
    volatile int64_t send_errno;    /* sending datagrams fails with this; 0: it works */
    volatile int64_t write_micros;  /* each write of a file takes so much longer */
    volatile int64_t sync_micros;   /* each fsync takes so much longer */
    volatile int64_t close_errno;   /* closing a file that was written says this; 0: it works */
    volatile int64_t clock_hits, send_hits, write_hits, sync_hits, close_hits;
};

static struct orders *orders;

__attribute__((constructor)) static void start(void) {
    const char *path = getenv("ULTRA_TEST_ORDERS");
    if (path == NULL) return;
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    void *mapped = mmap(NULL, sizeof(struct orders), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (mapped != MAP_FAILED) orders = mapped;
    close(file);
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (real == NULL) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static int64_t clock_offset(void) {
    if (orders == NULL) return 0;
    __sync_fetch_and_add(&orders->clock_hits, 1);
    return orders->clock_seconds;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    REAL(clock_gettime);
    int result = real(clock, time);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += clock_offset();
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    REAL(gettimeofday);
    int result = real(now, zone);
    if (result == 0) now->tv_sec += clock_offset();
    return result;
}

time_t time(time_t *to) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (to != NULL) *to = now.tv_sec;
    return now.tv_sec;
}

static int refused(void) {
    if (orders == NULL || orders->send_errno == 0) return 0;
    __sync_fetch_and_add(&orders->send_hits, 1);
    errno = (int)orders->send_errno;
    return 1;
}

ssize_t sendmsg(int socket, const struct msghdr *message, int flags) {
    REAL(sendmsg);
    return refused() ? -1 : real(socket, message, flags);
}

int sendmmsg(int socket, struct mmsghdr *messages, unsigned int count, int flags) {
    REAL(sendmmsg);
    return refused() ? -1 : real(socket, messages, count, flags);
}

static void wait_for_disk(void) {
    if (orders == NULL || orders->write_micros == 0) return;
    __sync_fetch_and_add(&orders->write_hits, 1);
    usleep((useconds_t)orders->write_micros);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
    REAL(pwrite);
    wait_for_disk();
    return real(file, bytes, count, offset);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
    REAL(pwrite64);
    wait_for_disk();
    return real(file, bytes, count, offset);
}

/* Without looking the real one up: it is also called where nothing may be allocated, in the process that waits for a disk. */
int fsync(int file) {
    if (orders != NULL && orders->sync_micros > 0) {
        __sync_fetch_and_add(&orders->sync_hits, 1);
        usleep((useconds_t)orders->sync_micros);
    }
    return (int)syscall(SYS_fsync, file);
}

/* Written at any place: journals are appended to. */
static int is_written(int file) {
    struct stat status;
    int flags = fcntl(file, F_GETFL);
    if (flags < 0 || (flags & O_ACCMODE) != O_RDWR || (flags & O_APPEND) != 0) return 0;
    return fstat(file, &status) == 0 && S_ISREG(status.st_mode);
}

/* Closed it is in any case, as the system does it. Without looking the real one up, as `fsync`. */
int close(int file) {
    int fails = orders != NULL && orders->close_errno != 0 && is_written(file);
    int result = (int)syscall(SYS_close, file);
    if (result != 0 || !fails) return result;
    __sync_fetch_and_add(&orders->close_hits, 1);
    errno = (int)orders->close_errno;
    return -1;
}
