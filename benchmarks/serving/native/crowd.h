/* The sockets of the load client, and what they have received. */
#ifndef CROWD_H
#define CROWD_H

#include <stdbool.h>
#include <stdint.h>

#include "common.h"
#include "samples.h"

enum state { UNBORN, CONNECTING, UPGRADING, GREETING, OPEN, GONE };

struct connection {
    int descriptor;
    enum state state;
    bool was_open;
    uint32_t greetings; /* text messages since the 101, while GREETING */
    uint32_t counted;   /* since the last reset, like all of ``struct tally`` */
    uint64_t started;
    struct bytes kept;      /* an answer or a frame of which a part has come */
    struct bytes fragments; /* of a message whose last frame is yet to come */
    bool text;              /* whether those fragments are of a text message */
};

struct options {
    int port, count, first, greetings, inflight, opening_seconds;
    const char *path, *keys_file, *subprotocol;
    char **keys;
};

/* Since the last reset; times are nanoseconds of CLOCK_MONOTONIC. */
struct tally {
    uint64_t count, others, bytes, first_sent, last_received;
    double cpu_before;
    struct samples latencies;
};

struct crowd {
    struct options options;
    struct connection *connections;
    int epoll;
    int started, opening, opened, failed, closed;
    struct tally tally;
    struct samples handshakes;
};

extern struct crowd crowd;

void crowd_open_more(void);       /* up to ``inflight`` at once */
void crowd_give_up_opening(void); /* what is not open by now has failed */
void crowd_reset(void);
void crowd_read_keys(void); /* one line of the file for each socket */
void connection_ready(struct connection *connection, uint32_t events);

/* Count one whole message, received at ``now``. */
void message_arrived(struct connection *connection, bool text, const char *data, size_t length, uint64_t now);

/* Count a socket as lost, with the reason on standard error for the first few. */
void connection_lost(struct connection *connection, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Ask the server for a WebSocket: the connection is made. */
void upgrade_ask(struct connection *connection);

/* Read the server's answer; returns its length, or 0 while a part of it is missing. */
size_t upgrade_answered(struct connection *connection, const char *data, size_t length, uint64_t now);

/* Count a socket as open if all greetings are here. */
void open_if_greeted(struct connection *connection, uint64_t now);

/* Take every whole frame from the front of ``data``; returns how many bytes those were. */
size_t frames_take(struct connection *connection, const char *data, size_t length, uint64_t now);

#endif
