#define _GNU_SOURCE
#include "crowd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_SIZE = 1 << 18, READ_MORE = 1 << 16, COMPLAINTS = 5 };

struct crowd crowd;

void connection_lost(struct connection *connection, const char *format, ...) {
    if (connection->state == OPEN) {
        crowd.closed++;
    } else {
        crowd.failed++;
        crowd.opening--;
    }
    connection->state = GONE;
    close(connection->descriptor);
    if (crowd.closed + crowd.failed > COMPLAINTS) return;
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "load: socket %ld: ", (long)(connection - crowd.connections));
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

static void begin(struct connection *connection) {
    connection->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection->descriptor < 0) {
        die_if_exhausted("socket");
        die("socket: %s", strerror(errno));
    }
    int on = 1;
    setsockopt(connection->descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)crowd.options.port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connection->state = CONNECTING;
    connection->started = now_ns();
    crowd.opening++;
    if (connect(connection->descriptor, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS) {
        die_if_exhausted("connect");
        connection_lost(connection, "connect: %s", strerror(errno));
        return;
    }
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = connection};
    if (epoll_ctl(crowd.epoll, EPOLL_CTL_ADD, connection->descriptor, &event) < 0) die("epoll: %s", strerror(errno));
}

void crowd_open_more(void) {
    while (crowd.started < crowd.options.count && crowd.opening < crowd.options.inflight)
        begin(&crowd.connections[crowd.started++]);
}

void crowd_give_up_opening(void) {
    for (int i = 0; i < crowd.started; i++) {
        struct connection *connection = &crowd.connections[i];
        if (connection->state != OPEN && connection->state != GONE) connection_lost(connection, "not open in time");
    }
    crowd.failed += crowd.options.count - crowd.started;
    crowd.started = crowd.options.count;
}

static void connected(struct connection *connection) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(connection->descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) {
        errno = error;
        die_if_exhausted("connect");
        connection_lost(connection, "connect: %s", strerror(error));
        return;
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    epoll_ctl(crowd.epoll, EPOLL_CTL_MOD, connection->descriptor, &event);
    upgrade_ask(connection);
}

void open_if_greeted(struct connection *connection, uint64_t now) {
    if (connection->greetings < (uint32_t)crowd.options.greetings) return;
    connection->state = OPEN;
    connection->was_open = true;
    crowd.opening--;
    crowd.opened++;
    samples_add(&crowd.handshakes, now - connection->started);
}

/* The integer after the first "ts": that has one, or 0. The quotes may be escaped: JSON within a text. */
static uint64_t sent_at(const char *data, size_t length) {
    const char *end = data + length, *place;
    while ((place = memmem(data, (size_t)(end - data), "\"ts", 3))) {
        uint64_t number = 0;
        data = place + 3;
        if (data < end && *data == '\\') data++;
        if (end - data < 2 || data[0] != '"' || data[1] != ':') continue;
        data += 2;
        if (data < end && *data == ' ') data++;
        while (data < end && *data >= '0' && *data <= '9') number = number * 10 + (uint64_t)(*data++ - '0');
        if (number) return number;
    }
    return 0;
}

void message_arrived(struct connection *connection, bool text, const char *data, size_t length, uint64_t now) {
    struct tally *tally = &crowd.tally;
    if (connection->state == GREETING) {
        connection->greetings += text;
        open_if_greeted(connection, now);
        return;
    }
    uint64_t sent = text ? sent_at(data, length) : 0;
    tally->bytes += length;
    if (!sent) {
        tally->others++;
        return;
    }
    tally->count++;
    connection->counted++;
    tally->last_received = now;
    if (!tally->first_sent || sent < tally->first_sent) tally->first_sent = sent;
    samples_add(&tally->latencies, now > sent ? now - sent : 0);
}

/* Bytes of an earlier read stand in ``kept``; without any, which is the rule, one buffer serves all sockets. */
static void read_some(struct connection *connection) {
    static char shared[READ_SIZE];
    struct bytes *kept = &connection->kept;
    size_t before = kept->length;
    if (before) bytes_reserve(kept, before + READ_MORE);
    char *place = before ? kept->data + before : shared;
    ssize_t got = recv(connection->descriptor, place, before ? kept->capacity - before : sizeof shared, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got < 0) die_if_exhausted("recv");
    if (got <= 0) {
        connection_lost(connection, "%s", got ? strerror(errno) : "ended by the server without a close frame");
        return;
    }
    uint64_t now = now_ns(); /* right after each recv, for all messages it brought */
    const char *data = before ? kept->data : shared;
    size_t length = before + (size_t)got, used = 0;
    if (connection->state == UPGRADING) used = upgrade_answered(connection, data, length, now);
    if (connection->state >= GREETING) used += frames_take(connection, data + used, length - used, now);
    if (before) {
        kept->length = length;
        bytes_drop(kept, used);
        if (!kept->length) bytes_free(kept); /* thousands of buffers add up */
    } else {
        bytes_append(kept, shared + used, length - used);
    }
}

void connection_ready(struct connection *connection, uint32_t events) {
    if (connection->state != CONNECTING)
        read_some(connection);
    else if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
        connected(connection);
}

void crowd_reset(void) {
    struct tally *tally = &crowd.tally;
    tally->count = tally->others = tally->bytes = tally->first_sent = tally->last_received = 0;
    tally->latencies.count = 0;
    tally->cpu_before = cpu_seconds();
    for (int i = 0; i < crowd.options.count; i++) crowd.connections[i].counted = 0;
}
