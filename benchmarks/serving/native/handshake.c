#include "handshake.h"

#include <stdint.h>
#include <string.h>

enum { BLOCK = 64, DIGEST = 20 };

static uint32_t rotate(uint32_t word, int bits) {
    return word << bits | word >> (32 - bits);
}

/* What round ``t`` of SHA-1 mixes in: its function of b, c and d, and its constant (FIPS 180-4, section 6.1.2). */
static uint32_t mixed(int t, uint32_t b, uint32_t c, uint32_t d) {
    if (t < 20) return ((b & c) | (~b & d)) + 0x5A827999u;
    if (t < 40) return (b ^ c ^ d) + 0x6ED9EBA1u;
    if (t < 60) return ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDCu;
    return (b ^ c ^ d) + 0xCA62C1D6u;
}

static void sha1_block(uint32_t hash[5], const unsigned char *block) {
    uint32_t w[80], v[5];
    for (int t = 0; t < 16; t++, block += 4)
        w[t] = (uint32_t)block[0] << 24 | (uint32_t)block[1] << 16 | (uint32_t)block[2] << 8 | block[3];
    for (int t = 16; t < 80; t++) w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    memcpy(v, hash, sizeof v);
    for (int t = 0; t < 80; t++) {
        uint32_t next = rotate(v[0], 5) + mixed(t, v[1], v[2], v[3]) + v[4] + w[t];
        v[4] = v[3];
        v[3] = v[2];
        v[2] = rotate(v[1], 30);
        v[1] = v[0];
        v[0] = next;
    }
    for (int i = 0; i < 5; i++) hash[i] += v[i];
}

/* SHA-1 of at most 119 bytes: two blocks hold them with their padding. */
static void sha1(const char *text, size_t length, unsigned char digest[DIGEST]) {
    unsigned char padded[2 * BLOCK] = {0};
    size_t size = length < BLOCK - 8 ? BLOCK : 2 * BLOCK;
    memcpy(padded, text, length);
    padded[length] = 0x80;
    padded[size - 2] = (unsigned char)(length * 8 >> 8);
    padded[size - 1] = (unsigned char)(length * 8);
    uint32_t hash[5] = {0x67452301u, 0xEFCDAB89u, 0x98BADCFEu, 0x10325476u, 0xC3D2E1F0u};
    for (size_t start = 0; start < size; start += BLOCK) sha1_block(hash, padded + start);
    for (int i = 0; i < DIGEST; i++) digest[i] = (unsigned char)(hash[i / 4] >> (24 - i % 4 * 8));
}

void accept_for(const char *key, size_t length, char accept[ACCEPT_LENGTH + 1]) {
    static const char magic[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char text[64 + sizeof magic];
    unsigned char digest[DIGEST + 1] = {0}; /* 21 bytes: whole groups of three */
    if (length > 64) length = 64;
    memcpy(text, key, length);
    memcpy(text + length, magic, sizeof magic - 1);
    sha1(text, length + sizeof magic - 1, digest);
    for (int i = 0, o = 0; i < DIGEST; i += 3) {
        uint32_t group = (uint32_t)digest[i] << 16 | (uint32_t)digest[i + 1] << 8 | digest[i + 2];
        for (int shift = 18; shift >= 0; shift -= 6) accept[o++] = alphabet[group >> shift & 63];
    }
    accept[ACCEPT_LENGTH - 1] = '=';
    accept[ACCEPT_LENGTH] = 0;
}
