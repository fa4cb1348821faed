// Ranked detections, and what a run of many resamples reads and writes.
#pragma once

#include <cstdint>

namespace poseval {

// Rows [R] with bit masks per area range [R, A], bit t for threshold t. `order` lists rows by descending
// score; rows of one unit that tie stand beside each other in it.
struct Ranked {
    const double* score;
    const uint64_t *hit, *skip;
    const int64_t *unit, *order;
    int64_t count, ranges;
};

// What a statistic is a mean of; exported to Python under these names.
enum Statistic : int64_t { PRECISION, RECALL };

// Resamples that are walked at once.
constexpr int64_t LANES = 16;

struct Resampling {
    Ranked rows;
    const int64_t* start = nullptr;  // [K + 1] offsets into `order`: one ranking per set (category)
    int64_t sets = 0;
    const int64_t* positives = nullptr;  // [U, K, A]
    int64_t units = 0;
    const int64_t* weight = nullptr;  // [B, U]
    int64_t draws = 0, thresholds = 0;
    const double* recalls = nullptr;  // [Q], ascending
    int64_t points = 0;
    const int64_t* statistics = nullptr;  // [S, 3] a Statistic, threshold or -1 for all, range
    int64_t wanted = 0;
    double* out = nullptr;  // [B, S]
};

void run(const Resampling& task);

}  // namespace poseval
