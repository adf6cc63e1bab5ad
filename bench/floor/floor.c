/*
 * What the system calls of a tree of small files take, on one thread: those that a sender cannot do without for each file (open, fstat, read,
 * fstat, close) and those of a receiver (open under a temporary name, write, fchmod, futimens, close, renameat2).
 *
 *     floor FOLDER FILES BYTES FOLDERS ROUNDS
 *
 * FOLDER is empty. Each round prints one line of JSON with microseconds a file for the sender and for the receiver: for all of it, which is
 * measured without a look at the clock in between, and for each call, which is measured in a pass of its own. bench/floor.ts builds and runs it.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NAME_BYTES 64
#define MOST_BYTES (1 << 20)

/* RENAME_NOREPLACE of <linux/fs.h>, which not every libc's <stdio.h> has. */
#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

enum call {
    CALL_FOLDER, /* of a receiver: mkdir; of both: open and close, once for all files in the folder */
    CALL_OPEN,
    CALL_STAT,
    CALL_READ,
    CALL_STAT_AGAIN,
    CALL_WRITE,
    CALL_CHMOD,
    CALL_TIMES,
    CALL_CLOSE,
    CALL_RENAME,
    CALLS,
};

static const char *const CALL_NAMES[CALLS] = {
    "folders", "open", "fstat", "read", "fstat again", "write", "fchmod", "futimens", "close", "renameat2",
};

/* The whole load, and a buffer for one file. */
struct load {
    long files, bytes, folders;
    char *buffer;
};

/* Where the time of a pass goes. With `each` false only `begin` and the end of the pass are read from the clock. */
struct watch {
    bool each;
    double last;
    double calls[CALLS];
};

static void fail(const char *format, ...)
{
    int code = errno;
    va_list values;
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    fprintf(stderr, ": %s\n", strerror(code));
    exit(1);
}

static double now_us(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

/* Counts the time since the last look for this call. */
static inline void done(struct watch *watch, enum call call)
{
    if (!watch->each)
        return;
    double now = now_us();
    watch->calls[call] += now - watch->last;
    watch->last = now;
}

/* Files are spread over the folders in order, as a walk would find them. */
static long first_of(const struct load *load, long folder)
{
    return load->files * folder / load->folders;
}

static int open_folder(int root, long folder)
{
    char name[NAME_BYTES];
    snprintf(name, sizeof name, "folder-%04ld", folder);
    int fd = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        fail("open %s", name);
    return fd;
}

static void make_folder(int root, long folder)
{
    char name[NAME_BYTES];
    snprintf(name, sizeof name, "folder-%04ld", folder);
    if (mkdirat(root, name, 0755) != 0)
        fail("mkdir %s", name);
}

static void send_file(const struct load *load, int folder, long file, struct watch *watch)
{
    char name[NAME_BYTES];
    struct stat before, after;
    snprintf(name, sizeof name, "file-%ld.bin", file);
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        fail("open %s", name);
    done(watch, CALL_OPEN);
    if (fstat(fd, &before) != 0)
        fail("fstat %s", name);
    done(watch, CALL_STAT);
    if (pread(fd, load->buffer, (size_t)load->bytes, 0) != load->bytes)
        fail("read %s", name);
    done(watch, CALL_READ);
    if (fstat(fd, &after) != 0)
        fail("fstat %s", name);
    done(watch, CALL_STAT_AGAIN);
    if (before.st_size != after.st_size || close(fd) != 0)
        fail("close %s", name);
    done(watch, CALL_CLOSE);
}

static void receive_file(const struct load *load, int folder, long file, struct watch *watch)
{
    static const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1700000000}};
    char part[NAME_BYTES], name[NAME_BYTES];
    snprintf(part, sizeof part, ".ultra-%08lx.part", file);
    snprintf(name, sizeof name, "file-%ld.bin", file);
    int fd = openat(folder, part, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        fail("open %s", part);
    done(watch, CALL_OPEN);
    if (pwrite(fd, load->buffer, (size_t)load->bytes, 0) != load->bytes)
        fail("write %s", part);
    done(watch, CALL_WRITE);
    if (fchmod(fd, 0644) != 0)
        fail("fchmod %s", part);
    done(watch, CALL_CHMOD);
    if (futimens(fd, times) != 0)
        fail("futimens %s", part);
    done(watch, CALL_TIMES);
    if (close(fd) != 0)
        fail("close %s", part);
    done(watch, CALL_CLOSE);
    if (renameat2(folder, part, folder, name, RENAME_NOREPLACE) != 0)
        fail("rename %s", name);
    done(watch, CALL_RENAME);
}

/* Sends or receives the whole load; returns microseconds a file. */
static double pass(const struct load *load, int root, bool receives, struct watch *watch)
{
    double begin = watch->last = now_us();
    for (long folder = 0; folder < load->folders; folder++) {
        if (receives)
            make_folder(root, folder);
        int fd = open_folder(root, folder);
        done(watch, CALL_FOLDER);
        for (long file = first_of(load, folder); file < first_of(load, folder + 1); file++)
            (receives ? receive_file : send_file)(load, fd, file, watch);
        close(fd);
        done(watch, CALL_FOLDER);
    }
    return (now_us() - begin) / (double)load->files;
}

/* Takes away what a pass of the receiver has made. */
static void clear(const struct load *load, int root)
{
    char name[NAME_BYTES];
    for (long folder = 0; folder < load->folders; folder++) {
        int fd = open_folder(root, folder);
        for (long file = first_of(load, folder); file < first_of(load, folder + 1); file++) {
            snprintf(name, sizeof name, "file-%ld.bin", file);
            if (unlinkat(fd, name, 0) != 0)
                fail("unlink %s", name);
        }
        close(fd);
        snprintf(name, sizeof name, "folder-%04ld", folder);
        if (unlinkat(root, name, AT_REMOVEDIR) != 0)
            fail("rmdir %s", name);
    }
}

static int make_root(const char *parent, const char *name)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", parent, name) >= (int)sizeof path)
        fail("%s is too long", parent);
    if (mkdir(path, 0755) != 0)
        fail("mkdir %s", path);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        fail("open %s", path);
    return fd;
}

static void print_side(const char *side, const struct load *load, double all, const struct watch *watch)
{
    printf("\"%s\": {\"all\": %.3f, \"calls\": {", side, all);
    const char *comma = "";
    for (int call = 0; call < CALLS; call++) {
        if (watch->calls[call] == 0)
            continue;
        printf("%s\"%s\": %.3f", comma, CALL_NAMES[call], watch->calls[call] / (double)load->files);
        comma = ", ";
    }
    printf("}}");
}

static void measure(const struct load *load, int source, int result)
{
    struct watch none = {0}, sender = {.each = true}, receiver = {.each = true};
    double sent = pass(load, source, false, &none);
    double received = pass(load, result, true, &none);
    clear(load, result);
    pass(load, source, false, &sender);
    pass(load, result, true, &receiver);
    clear(load, result);
    printf("{");
    print_side("sender", load, sent, &sender);
    printf(", ");
    print_side("receiver", load, received, &receiver);
    printf("}\n");
    fflush(stdout);
}

static long number(const char *text, long most)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno != 0 || *end != '\0' || value < 1 || value > most) {
        fprintf(stderr, "%s is no whole number from 1 to %ld\n", text, most);
        exit(2);
    }
    return value;
}

int main(int count, char **values)
{
    if (count != 6) {
        fprintf(stderr, "usage: floor FOLDER FILES BYTES FOLDERS ROUNDS\n");
        return 2;
    }
    struct load load = {
        .files = number(values[2], 4 << 20),
        .bytes = number(values[3], MOST_BYTES),
        .folders = number(values[4], 1 << 20),
    };
    long rounds = number(values[5], 1000);
    load.buffer = malloc((size_t)load.bytes);
    if (load.buffer == NULL)
        fail("memory for a file");
    memset(load.buffer, 1, (size_t)load.bytes);
    int source = make_root(values[1], "source"), result = make_root(values[1], "result");
    struct watch none = {0};
    pass(&load, source, true, &none);
    for (long round = 0; round < rounds; round++)
        measure(&load, source, result);
    free(load.buffer);
    return 0;
}
