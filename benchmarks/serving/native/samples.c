#include "samples.h"

#include <stdlib.h>

#include "common.h"

void samples_add(struct samples *samples, uint64_t nanoseconds) {
    if (samples->count == samples->capacity) {
        samples->capacity = samples->capacity ? samples->capacity * 2 : 1 << 16;
        samples->microseconds = realloc(samples->microseconds, samples->capacity * sizeof(uint32_t));
        if (!samples->microseconds) die("No memory for %zu samples.", samples->capacity);
    }
    uint64_t microseconds = nanoseconds / 1000;
    samples->microseconds[samples->count++] = microseconds > UINT32_MAX ? UINT32_MAX : (uint32_t)microseconds;
}

static int compare(const void *one, const void *other) {
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
    return (a > b) - (a < b);
}

void samples_sort(struct samples *samples) {
    if (samples->count) qsort(samples->microseconds, samples->count, sizeof(uint32_t), compare);
}

double samples_ms(const struct samples *samples, double share) {
    if (!samples->count) return 0;
    return samples->microseconds[(size_t)((double)(samples->count - 1) * share)] / 1e3;
}
