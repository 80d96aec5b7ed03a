#define _GNU_SOURCE
#include "common.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { OTHER_FILES = 16 }; /* standard streams, epoll, listener, and some to spare */

void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", program_invocation_short_name);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

uint64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

double cpu_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

void make_room_for(int sockets) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) < 0) die("getrlimit: %s", strerror(errno));
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) < 0) die("setrlimit: %s", strerror(errno));
    if (files.rlim_max != RLIM_INFINITY && (rlim_t)sockets + OTHER_FILES > files.rlim_max)
        die("%d sockets do not fit below the hard limit of %llu open files. Ask for fewer, or raise it (ulimit -Hn).",
            sockets, (unsigned long long)files.rlim_max);
}

void die_if_exhausted(const char *doing) {
    if (errno == EMFILE || errno == ENFILE)
        die("%s: %s. Ask for fewer sockets, or raise the limit of open files (ulimit -Hn).", doing, strerror(errno));
    if (errno == ENOBUFS || errno == ENOMEM)
        die("%s: %s. The kernel has no memory left for sockets; ask for fewer.", doing, strerror(errno));
    if (errno == EADDRNOTAVAIL)
        die("%s: no local port is free. Those of closed sockets come back within a minute.", doing);
}

long number_option(const char *name, const char *value, long least, long most) {
    char *end;
    errno = 0;
    long number = strtol(value, &end, 10);
    if (errno || end == value || *end || number < least || number > most)
        die("%s takes a whole number from %ld to %ld, not '%s'.", name, least, most, value);
    return number;
}

void bytes_reserve(struct bytes *bytes, size_t capacity) {
    if (capacity <= bytes->capacity) return;
    if (capacity < bytes->capacity * 2) capacity = bytes->capacity * 2;
    bytes->data = realloc(bytes->data, capacity);
    if (!bytes->data) die("No memory for a buffer of %zu bytes.", capacity);
    bytes->capacity = capacity;
}

void bytes_append(struct bytes *bytes, const char *data, size_t length) {
    if (!length) return;
    bytes_reserve(bytes, bytes->length + length);
    memcpy(bytes->data + bytes->length, data, length);
    bytes->length += length;
}

void bytes_free(struct bytes *bytes) {
    free(bytes->data);
    *bytes = (struct bytes){0};
}

void bytes_drop(struct bytes *bytes, size_t length) {
    bytes->length -= length;
    if (length && bytes->length) memmove(bytes->data, bytes->data + length, bytes->length);
}

void commands_watch(struct commands *commands, int epoll) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event) == 0) return;
    while (!commands->ended) commands_read(commands, -1);
}

void commands_read(struct commands *commands, int epoll) {
    char data[4096];
    ssize_t got = read(STDIN_FILENO, data, sizeof data);
    if (got > 0) {
        bytes_append(&commands->waiting, data, (size_t)got);
    } else if (got == 0 || errno != EINTR) {
        commands->ended = true;
        if (commands->waiting.length) bytes_append(&commands->waiting, "\n", 1); /* a last line without its end */
        if (epoll >= 0) epoll_ctl(epoll, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
    }
}

bool commands_next(struct commands *commands, char *line, size_t size) {
    struct bytes *waiting = &commands->waiting;
    char *end = waiting->length ? memchr(waiting->data, '\n', waiting->length) : NULL;
    if (!end) return false;
    size_t length = (size_t)(end - waiting->data);
    snprintf(line, size, "%.*s", (int)length, waiting->data);
    bytes_drop(waiting, length + 1);
    return true;
}
