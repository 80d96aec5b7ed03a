/* The least a WebSocket server can cost: what every other one is held against.
 *
 *   limit --port P [--dribble 1]
 *
 * Takes every handshake, greets it with one text message, and discards what comes. --port 0 takes a free port;
 * --dribble 1 sends byte by byte, to try readers. Prints {"listening":P}, then takes commands, a line each:
 *
 *   send BYTES                      one message of that many bytes, the same for all sockets: a send() each
 *   unicast RATE SECONDS BYTES      RATE messages a second, each to a random socket
 *   quit                            or the end of standard input
 *
 * and answers them with {"sent":n,"sockets":k,"seconds":..,"cpu_seconds":..}: the sends that went well, and what the
 * command took. Messages hold "ts": CLOCK_MONOTONIC nanoseconds; those of a send were written before its first
 * send(). Sockets block: a reader that lags holds all up, nothing is lost and nothing is queued here. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common.h"
#include "handshake.h"

enum { BATCH = 512, BACKLOG = 4096, REQUEST_MOST = 1 << 16, BYTES_LEAST = 40, BYTES_MOST = 1 << 20 };

struct peer {
    int descriptor;
    int place; /* among those that are open; -1 before */
    struct bytes request;
};

static struct commands commands;
static struct peer **open_peers;
static int opened, epoll, listener;
static bool dribble;

static bool send_all(int descriptor, const char *data, size_t length) {
    if (!dribble) return send(descriptor, data, length, MSG_NOSIGNAL) == (ssize_t)length;
    for (size_t i = 0; i < length; i++)
        if (send(descriptor, data + i, 1, MSG_NOSIGNAL) != 1) return false;
    return true;
}

static void drop(struct peer *peer) {
    if (peer->place >= 0) {
        open_peers[peer->place] = open_peers[--opened];
        open_peers[peer->place]->place = peer->place;
    }
    close(peer->descriptor);
    bytes_free(&peer->request);
    free(peer);
}

/* A text frame, unmasked as a server's are. */
static void build_frame(struct bytes *frame, const char *payload, size_t length) {
    unsigned char header[10] = {0x81};
    size_t extended = length < 126 ? 0 : length < 65536 ? 2 : 8;
    header[1] = extended == 0 ? (unsigned char)length : extended == 2 ? 126 : 127;
    for (size_t i = 0; i < extended; i++) header[2 + i] = (unsigned char)(length >> 8 * (extended - 1 - i));
    frame->length = 0;
    bytes_append(frame, (const char *)header, 2 + extended);
    bytes_append(frame, payload, length);
}

/* A message of exactly ``size`` bytes with the time in it. */
static void build_message(struct bytes *frame, size_t size) {
    static char payload[BYTES_MOST + 1];
    int length = snprintf(payload, sizeof payload, "{\"ts\":%llu,\"text\":\"", (unsigned long long)now_ns());
    memset(payload + length, 'x', size - (size_t)length - 2);
    memcpy(payload + size - 2, "\"}", 2);
    build_frame(frame, payload, size);
}

/* The value of a header; its name is given in lower case. Returns its length, 0 without it. */
static size_t header_of(const char *request, const char *end, const char *name, const char **value) {
    size_t length = strlen(name);
    for (const char *line = request; line && line < end; line = memchr(line, '\n', (size_t)(end - line))) {
        if (*line == '\n') line++;
        if ((size_t)(end - line) <= length || strncasecmp(line, name, length) || line[length] != ':') continue;
        const char *start = line + length + 1, *stop = memchr(start, '\r', (size_t)(end - start));
        while (start < stop && isblank((unsigned char)*start)) start++;
        while (start < stop && isblank((unsigned char)stop[-1])) stop--;
        *value = start;
        return (size_t)(stop - start);
    }
    return 0;
}

static bool greet(struct peer *peer, const char *end) {
    static const char greeting[] = "{\"type\":\"connection\",\"status\":\"connected\"}";
    static struct bytes frame;
    char accept[ACCEPT_LENGTH + 1], answer[256];
    const char *key = NULL;
    size_t key_length = header_of(peer->request.data, end, "sec-websocket-key", &key);
    if (!key_length) return false;
    accept_for(key, key_length, accept);
    int length = snprintf(answer, sizeof answer,
                          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Accept: %s\r\n\r\n", accept);
    build_frame(&frame, greeting, sizeof greeting - 1);
    peer->place = opened;
    open_peers[opened++] = peer;
    return send_all(peer->descriptor, answer, (size_t)length) && send_all(peer->descriptor, frame.data, frame.length);
}

static void peer_ready(struct peer *peer) {
    static char data[1 << 16];
    ssize_t got = recv(peer->descriptor, data, sizeof data, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
        drop(peer);
        return;
    }
    if (peer->place >= 0) return;
    struct bytes *request = &peer->request;
    bytes_append(request, data, (size_t)got);
    const char *end = memmem(request->data, request->length, "\r\n\r\n", 4);
    if (end ? !greet(peer, end + 2) : request->length > REQUEST_MOST) drop(peer);
    else if (end) bytes_free(request);
}

static void accept_all(void) {
    int descriptor, on = 1;
    while ((descriptor = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct peer *peer = calloc(1, sizeof *peer);
        if (!peer) die("No memory for one more socket.");
        peer->descriptor = descriptor;
        peer->place = -1;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = peer};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) < 0) die("epoll: %s", strerror(errno));
    }
    die_if_exhausted("accept");
}

/* A socket that fails here is dropped by the next read of it. */
static long send_to_each(size_t size) {
    static struct bytes frame;
    long sent = 0;
    build_message(&frame, size);
    for (int i = 0; i < opened; i++) sent += send_all(open_peers[i]->descriptor, frame.data, frame.length);
    return sent;
}

static void sleep_until(uint64_t when) {
    struct timespec time = {.tv_sec = (time_t)(when / 1000000000u), .tv_nsec = (long)(when % 1000000000u)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR) continue;
}

/* Whoever lags behind the pace sends at once until it has caught up. */
static long send_to_random(double rate, double seconds, size_t size) {
    static struct bytes frame;
    long sent = 0, total = opened ? (long)(rate * seconds) : 0;
    uint64_t start = now_ns();
    for (long i = 0; i < total; i++) {
        uint64_t due = start + (uint64_t)((double)i * 1e9 / rate);
        if (now_ns() < due) sleep_until(due);
        build_message(&frame, size);
        sent += send_all(open_peers[random() % opened]->descriptor, frame.data, frame.length);
    }
    return sent;
}

static void run_command(const char *line) {
    double rate, seconds, cpu = cpu_seconds();
    unsigned long size;
    uint64_t start = now_ns();
    long sent = -1;
    if (!strcmp(line, "quit")) exit(0);
    if (sscanf(line, "send %lu", &size) == 1 && size >= BYTES_LEAST && size <= BYTES_MOST)
        sent = send_to_each(size);
    else if (sscanf(line, "unicast %lf %lf %lu", &rate, &seconds, &size) == 3 && rate > 0 && seconds >= 0 &&
             size >= BYTES_LEAST && size <= BYTES_MOST)
        sent = send_to_random(rate, seconds, size);
    if (sent < 0)
        printf("{\"error\":\"Commands are: send BYTES, unicast RATE SECONDS BYTES, quit; BYTES is %d to %d.\"}\n",
               BYTES_LEAST, BYTES_MOST);
    else
        printf("{\"sent\":%ld,\"sockets\":%d,\"seconds\":%.6f,\"cpu_seconds\":%.6f}\n", sent, opened,
               (double)(now_ns() - start) / 1e9, cpu_seconds() - cpu);
    fflush(stdout);
}

static void start_listening(int port) {
    int on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, BACKLOG) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) < 0)
        die("Cannot listen on port %d: %s", port, strerror(errno));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &listener};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) < 0) die("epoll: %s", strerror(errno));
    printf("{\"listening\":%d}\n", ntohs(address.sin_port));
    fflush(stdout);
}

static void serve(void) {
    struct epoll_event events[BATCH];
    char line[256];
    for (;;) {
        while (commands_next(&commands, line, sizeof line)) run_command(line);
        if (commands.ended) exit(0);
        int ready = epoll_wait(epoll, events, BATCH, -1);
        for (int i = 0; i < ready; i++) {
            void *source = events[i].data.ptr;
            if (!source) commands_read(&commands, epoll);
            else if (source == &listener) accept_all();
            else peer_ready(source);
        }
    }
}

int main(int argc, char **argv) {
    int port = -1;
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(argv[i], "--port")) port = (int)number_option("--port", value, 0, 65535);
        else if (!strcmp(argv[i], "--dribble")) dribble = number_option("--dribble", value, 0, 1);
        else die("Unknown option '%s'; the head of limit.c names all.", argv[i]);
    }
    if (port < 0) die("--port is required.");
    struct rlimit files;
    make_room_for(0);
    getrlimit(RLIMIT_NOFILE, &files);
    open_peers = calloc(files.rlim_cur, sizeof *open_peers);
    if (!open_peers) die("No memory for %llu sockets.", (unsigned long long)files.rlim_cur);
    prctl(PR_SET_TIMERSLACK, 1UL); /* or the kernel may wake a paced sender 50 microseconds late */
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) die("epoll: %s", strerror(errno));
    commands_watch(&commands, epoll);
    start_listening(port);
    serve();
}
