/* Frames a server sends (RFC 6455, section 5), and the few a client has to answer. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "crowd.h"

enum { CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };
enum { CONTROL_MOST = 125 };
static const uint64_t payload_most = 2u << 20; /* twice what any server here sends: beyond is a parser gone astray */

struct frame {
    int opcode;
    bool final;
    const char *payload;
    size_t length, size; /* size: with the header */
};

enum verdict { WHOLE, PARTIAL, BROKEN };

static enum verdict frame_read(const char *data, size_t length, struct frame *frame) {
    const unsigned char *head = (const unsigned char *)data;
    if (length < 2) return PARTIAL;
    uint64_t payload = head[1] & 127;
    size_t extended = payload == 127 ? 8 : payload == 126 ? 2 : 0;
    if (head[0] & 0x70 || head[1] & 0x80) return BROKEN; /* an extension nobody agreed on, or masked */
    if (length < 2 + extended) return PARTIAL;
    if (extended) payload = 0;
    for (size_t i = 0; i < extended; i++) payload = payload << 8 | head[2 + i];
    if (payload > payload_most) return BROKEN;
    *frame = (struct frame){
        .opcode = head[0] & 15,
        .final = head[0] & 0x80,
        .payload = data + 2 + extended,
        .length = (size_t)payload,
        .size = 2 + extended + (size_t)payload,
    };
    return length < frame->size ? PARTIAL : WHOLE;
}

/* Sends a control frame, masked with zeros: the mask has to be there, not to hide anything. */
static void send_control(struct connection *connection, int opcode, const char *payload, size_t length) {
    char frame[2 + 4 + CONTROL_MOST] = {(char)(0x80 | opcode), (char)(0x80 | length)};
    memcpy(frame + 6, payload, length);
    ssize_t sent = send(connection->descriptor, frame, 6 + length, MSG_NOSIGNAL);
    if (sent == (ssize_t)(6 + length)) return;
    if (sent < 0) die_if_exhausted("send");
    connection_lost(connection, "%s", sent < 0 ? strerror(errno) : "the server reads nothing");
}

static void take_control(struct connection *connection, const struct frame *frame) {
    if (frame->length > CONTROL_MOST || !frame->final) {
        connection_lost(connection, "a control frame that is too long or in parts");
    } else if (frame->opcode == PING) {
        send_control(connection, PONG, frame->payload, frame->length);
    } else if (frame->opcode == CLOSE) {
        const unsigned char *code = (const unsigned char *)frame->payload;
        int number = frame->length < 2 ? 1005 : code[0] << 8 | code[1];
        send_control(connection, CLOSE, frame->payload, frame->length < 2 ? 0 : 2);
        connection_lost(connection, "closed by the server with code %d", number);
    } else if (frame->opcode != PONG) {
        connection_lost(connection, "a frame of unknown kind %d", frame->opcode);
    }
}

static void take_fragment(struct connection *connection, const struct frame *frame, uint64_t now) {
    struct bytes *fragments = &connection->fragments;
    if (frame->opcode != CONTINUATION) {
        connection->text = frame->opcode == TEXT;
        fragments->length = 0;
    }
    bytes_append(fragments, frame->payload, frame->length);
    if (fragments->length > payload_most) {
        connection_lost(connection, "a message of more than %llu bytes", (unsigned long long)payload_most);
    } else if (frame->final) {
        message_arrived(connection, connection->text, fragments->data, fragments->length, now);
        fragments->length = 0;
    }
}

size_t frames_take(struct connection *connection, const char *data, size_t length, uint64_t now) {
    size_t used = 0;
    struct frame frame;
    while (connection->state != GONE) {
        enum verdict verdict = frame_read(data + used, length - used, &frame);
        if (verdict == PARTIAL) break;
        if (verdict == BROKEN) {
            connection_lost(connection, "what came is no frame of a server");
            break;
        }
        used += frame.size;
        if (frame.opcode > BINARY)
            take_control(connection, &frame);
        else if (frame.final && frame.opcode != CONTINUATION)
            message_arrived(connection, frame.opcode == TEXT, frame.payload, frame.length, now);
        else
            take_fragment(connection, &frame, now);
    }
    return used;
}
