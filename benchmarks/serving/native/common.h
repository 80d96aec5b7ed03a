/* What the load client and the limit server share. */
#ifndef COMMON_H
#define COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growing row of bytes. */
struct bytes {
    char *data;
    size_t length, capacity;
};

/* Standard input, by lines. */
struct commands {
    struct bytes waiting;
    bool ended;
};

/* Ends the program with what went wrong and what to do about it. */
void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* CLOCK_MONOTONIC in nanoseconds: Python's time.monotonic_ns() on Linux. */
uint64_t now_ns(void);

/* User and system time of this process. */
double cpu_seconds(void);

/* Raises the soft limit of open files to the hard one, and ends the program if ``sockets`` do not fit below it. */
void make_room_for(int sockets);

/* Ends the program if errno says that the system has nothing left to give; returns otherwise. */
void die_if_exhausted(const char *doing);

/* The whole number an option gives, or the program ends. */
long number_option(const char *name, const char *value, long least, long most);

void bytes_reserve(struct bytes *bytes, size_t capacity);
void bytes_append(struct bytes *bytes, const char *data, size_t length);
void bytes_free(struct bytes *bytes);
void bytes_drop(struct bytes *bytes, size_t length); /* from the front */

/* Has an epoll report standard input with a data.ptr of NULL. A file, which epoll refuses, is read at once. */
void commands_watch(struct commands *commands, int epoll);
void commands_read(struct commands *commands, int epoll);

/* Takes the next whole line, without its end, cut to ``size``. */
bool commands_next(struct commands *commands, char *line, size_t size);

#endif
