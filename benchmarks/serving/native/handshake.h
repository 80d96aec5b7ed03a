/* The proof a WebSocket server gives that it has understood the request (RFC 6455, section 4.2.2). */
#ifndef HANDSHAKE_H
#define HANDSHAKE_H

#include <stddef.h>

enum { ACCEPT_LENGTH = 28 };

/* Writes the Sec-WebSocket-Accept that answers ``key``, which has at most 64 characters, and a final NUL. */
void accept_for(const char *key, size_t length, char accept[ACCEPT_LENGTH + 1]);

#endif
