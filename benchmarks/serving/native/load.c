/* A crowd of WebSocket clients in one thread, for measuring servers.
 *
 *   load --port P --count N --path '/ws/notifications?user_id=%d' [--first 1] [--keys FILE] [--subprotocol NAME]
 *        [--greetings G] [--inflight 64] [--opening-seconds 120]
 *
 * Socket i asks for the path with first + i in place of %d, and sends line i of FILE as X-API-Key. It is open once G
 * text messages have followed the server's 101. Nothing is compressed. When all are open, or have failed:
 *
 *   {"opened":N,"seconds":s,"failed":k,"p50_ms":..,"p99_ms":..}      from connect to greeted, for each socket
 *
 * Then commands, a line each, answered with one line of JSON:
 *
 *   reset                 forgets all messages so far
 *   wait COUNT SECONDS    answers like stats once COUNT messages are here, the time is over, or no socket is left
 *   stats                 answers with the figures since the last reset
 *   quit                  or the end of standard input
 *
 * Counted are text messages with "ts":<integer>, the CLOCK_MONOTONIC nanoseconds of their sending; every other message
 * is one of "others". "bytes" are the payloads of both. "closed" are the sockets lost since they were open: it is never
 * reset. The clock is read after each recv, so the error is the time one call takes, a few microseconds; what a
 * message waits for its turn among other ready sockets is part of its latency. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "crowd.h"

enum { BATCH = 512, NANOSECONDS_A_MS = 1000000 };

static struct commands commands;
static uint64_t wait_count, wait_until; /* wait_until is 0 unless a wait is on */

static void print_opening(double seconds) {
    samples_sort(&crowd.handshakes);
    printf("{\"opened\":%d,\"seconds\":%.6f,\"failed\":%d,\"p50_ms\":%.3f,\"p99_ms\":%.3f}\n", crowd.opened, seconds,
           crowd.failed, samples_ms(&crowd.handshakes, 0.5), samples_ms(&crowd.handshakes, 0.99));
}

static void print_stats(void) {
    struct tally *tally = &crowd.tally;
    uint32_t least = crowd.opened ? UINT32_MAX : 0, most = 0;
    for (int i = 0; i < crowd.options.count; i++) {
        const struct connection *connection = &crowd.connections[i];
        if (!connection->was_open) continue;
        if (connection->counted < least) least = connection->counted;
        if (connection->counted > most) most = connection->counted;
    }
    double seconds = ((double)tally->last_received - (double)tally->first_sent) / 1e9;
    const struct samples *latencies = &tally->latencies;
    samples_sort(&tally->latencies);
    printf("{\"count\":%llu,\"others\":%llu,\"bytes\":%llu,\"first_sent\":%llu,\"last_received\":%llu,\"rate\":%.1f,",
           (unsigned long long)tally->count, (unsigned long long)tally->others, (unsigned long long)tally->bytes,
           (unsigned long long)tally->first_sent, (unsigned long long)tally->last_received,
           seconds > 0 ? (double)tally->count / seconds : 0.0);
    printf("\"p50_ms\":%.3f,\"p90_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,", samples_ms(latencies, 0.5),
           samples_ms(latencies, 0.9), samples_ms(latencies, 0.99), samples_ms(latencies, 1));
    printf("\"min_per_socket\":%u,\"max_per_socket\":%u,\"closed\":%d,\"cpu_seconds\":%.6f}\n", least, most,
           crowd.closed, cpu_seconds() - tally->cpu_before);
}

static void run_command(const char *line) {
    unsigned long long count;
    double seconds;
    if (!strcmp(line, "reset")) {
        crowd_reset();
        puts("{\"reset\":true}");
    } else if (sscanf(line, "wait %llu %lf", &count, &seconds) == 2 && seconds >= 0) {
        wait_count = count;
        wait_until = now_ns() + (uint64_t)(seconds * 1e9);
    } else if (!strcmp(line, "stats")) {
        print_stats();
    } else if (!strcmp(line, "quit")) {
        puts("{\"quit\":true}");
        exit(0);
    } else {
        puts("{\"error\":\"Commands are: reset, wait COUNT SECONDS, stats, quit.\"}");
    }
}

/* Ends a wait that is over, and runs lines until one has to wait. */
static void serve_commands(void) {
    char line[256];
    for (;;) {
        if (wait_until) {
            bool over = crowd.tally.count >= wait_count || crowd.closed == crowd.opened || now_ns() >= wait_until;
            if (!over) break;
            wait_until = 0;
            print_stats();
        }
        if (!commands_next(&commands, line, sizeof line)) {
            if (commands.ended) exit(0);
            break;
        }
        run_command(line);
    }
    fflush(stdout);
}

/* Handles what is ready, waiting for it until ``until`` (nanoseconds; 0: for ever). */
static void turn(uint64_t until) {
    struct epoll_event events[BATCH];
    uint64_t now = now_ns();
    int milliseconds = -1;
    if (until) milliseconds = until > now ? (int)((until - now) / NANOSECONDS_A_MS) + 1 : 0;
    int ready = epoll_wait(crowd.epoll, events, BATCH, milliseconds);
    if (ready < 0 && errno != EINTR) die("epoll_wait: %s", strerror(errno));
    for (int i = 0; i < ready; i++) {
        if (events[i].data.ptr)
            connection_ready(events[i].data.ptr, events[i].events);
        else
            commands_read(&commands, crowd.epoll);
    }
}

static void open_all(void) {
    uint64_t start = now_ns(), until = start + (uint64_t)crowd.options.opening_seconds * 1000000000u;
    while (crowd.opened + crowd.failed < crowd.options.count) {
        crowd_open_more();
        if (!crowd.opening) continue; /* all of these failed at once */
        turn(until);
        if (now_ns() >= until) crowd_give_up_opening();
    }
    print_opening((double)(now_ns() - start) / 1e9);
    fflush(stdout);
}

static void read_option(struct options *options, const char *name, const char *value) {
    if (!strcmp(name, "--port")) options->port = (int)number_option(name, value, 1, 65535);
    else if (!strcmp(name, "--count")) options->count = (int)number_option(name, value, 1, 1000000);
    else if (!strcmp(name, "--first")) options->first = (int)number_option(name, value, 0, 1000000000);
    else if (!strcmp(name, "--greetings")) options->greetings = (int)number_option(name, value, 0, 1000);
    else if (!strcmp(name, "--inflight")) options->inflight = (int)number_option(name, value, 1, 1000000);
    else if (!strcmp(name, "--opening-seconds")) options->opening_seconds = (int)number_option(name, value, 1, 86400);
    else if (!strcmp(name, "--path")) options->path = value;
    else if (!strcmp(name, "--keys")) options->keys_file = value;
    else if (!strcmp(name, "--subprotocol")) options->subprotocol = value;
    else die("Unknown option '%s'; the head of load.c names all.", name);
}

int main(int argc, char **argv) {
    struct options *options = &crowd.options;
    *options = (struct options){.first = 1, .inflight = 64, .opening_seconds = 120};
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc) die("%s takes a value.", argv[i]);
        read_option(options, argv[i], argv[i + 1]);
    }
    if (!options->port || !options->count || !options->path) die("--port, --count and --path are required.");
    make_room_for(options->count);
    if (options->keys_file) crowd_read_keys();
    crowd.connections = calloc((size_t)options->count, sizeof *crowd.connections);
    if (!crowd.connections) die("No memory for %d sockets.", options->count);
    crowd.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (crowd.epoll < 0) die("epoll: %s", strerror(errno));
    commands_watch(&commands, crowd.epoll);
    open_all();
    for (;;) {
        serve_commands();
        turn(wait_until);
    }
}
