/* The handshake, as a client makes it (RFC 6455, section 4.1). */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "crowd.h"
#include "handshake.h"

enum { ANSWER_MOST = 1 << 16 };

/* One key for all: it only shows that the server has read it, and the answer is computed once. */
static const char key[] = "bG9hZCBjbGllbnQga2V5IQ==";

void crowd_read_keys(void) {
    struct options *options = &crowd.options;
    FILE *file = fopen(options->keys_file, "r");
    if (!file) die("--keys %s: %s", options->keys_file, strerror(errno));
    options->keys = calloc((size_t)options->count, sizeof *options->keys);
    if (!options->keys) die("No memory for %d keys.", options->count);
    for (int i = 0; i < options->count; i++) {
        size_t size = 0;
        if (getline(&options->keys[i], &size, file) < 0)
            die("--keys %s: %d lines are too few for %d sockets.", options->keys_file, i, options->count);
        options->keys[i][strcspn(options->keys[i], "\r\n")] = 0;
    }
    fclose(file);
}

/* The path, with the user's id for each %d. It is no format: '%' may stand in it for itself. */
static void append_path(struct bytes *request, int user) {
    const char *rest = crowd.options.path, *place;
    char digits[16];
    int length = snprintf(digits, sizeof digits, "%d", user);
    for (; (place = strstr(rest, "%d")); rest = place + 2) {
        bytes_append(request, rest, (size_t)(place - rest));
        bytes_append(request, digits, (size_t)length);
    }
    bytes_append(request, rest, strlen(rest));
}

static void append_header(struct bytes *request, const char *name, const char *value) {
    bytes_append(request, name, strlen(name));
    bytes_append(request, ": ", 2);
    bytes_append(request, value, strlen(value));
    bytes_append(request, "\r\n", 2);
}

void upgrade_ask(struct connection *connection) {
    static struct bytes request;
    const struct options *options = &crowd.options;
    long number = connection - crowd.connections;
    char host[32], origin[48];
    snprintf(host, sizeof host, "localhost:%d", options->port);
    snprintf(origin, sizeof origin, "http://%s", host);
    request.length = 0;
    bytes_append(&request, "GET ", 4);
    append_path(&request, options->first + (int)number);
    bytes_append(&request, " HTTP/1.1\r\n", 11);
    append_header(&request, "Host", host);
    append_header(&request, "Origin", origin);
    append_header(&request, "Upgrade", "websocket");
    append_header(&request, "Connection", "Upgrade");
    append_header(&request, "Sec-WebSocket-Version", "13");
    append_header(&request, "Sec-WebSocket-Key", key);
    if (options->subprotocol) append_header(&request, "Sec-WebSocket-Protocol", options->subprotocol);
    if (options->keys) append_header(&request, "X-API-Key", options->keys[number]);
    bytes_append(&request, "\r\n", 2);
    connection->state = UPGRADING;
    ssize_t sent = send(connection->descriptor, request.data, request.length, MSG_NOSIGNAL);
    if (sent < 0) die_if_exhausted("send");
    if (sent != (ssize_t)request.length) connection_lost(connection, "the request could not be sent");
}

size_t upgrade_answered(struct connection *connection, const char *data, size_t length, uint64_t now) {
    static char expected[ACCEPT_LENGTH + 1];
    if (!*expected) accept_for(key, sizeof key - 1, expected);
    const char *end = memmem(data, length, "\r\n\r\n", 4);
    if (!end) {
        if (length > ANSWER_MOST) connection_lost(connection, "an answer without end");
        return 0;
    }
    size_t size = (size_t)(end - data) + 4;
    if (size < 16 || memcmp(data, "HTTP/1.1 101", 12)) {
        const char *line_end = memchr(data, '\r', size);
        connection_lost(connection, "refused: %.*s", (int)(line_end - data), data);
    } else if (!memmem(data, size, expected, ACCEPT_LENGTH)) {
        connection_lost(connection, "wrong Sec-WebSocket-Accept");
    } else {
        connection->state = GREETING;
        open_if_greeted(connection, now);
    }
    return size;
}
