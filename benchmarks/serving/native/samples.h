/* Times that were measured, each kept: percentiles are exact. */
#ifndef SAMPLES_H
#define SAMPLES_H

#include <stddef.h>
#include <stdint.h>

struct samples {
    uint32_t *microseconds;
    size_t count, capacity;
};

void samples_add(struct samples *samples, uint64_t nanoseconds);
void samples_sort(struct samples *samples);

/* The sample below which ``share`` of all lie, in milliseconds; 0 without any. Sort first. */
double samples_ms(const struct samples *samples, double share);

#endif
