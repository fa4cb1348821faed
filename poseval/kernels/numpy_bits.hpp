// NumPy's arithmetic on float64 to the last bit: its eps and the order in which it adds.
#pragma once

#include <cstdint>
#include <limits>

namespace poseval {

// np.spacing(1), 2^-52.
constexpr double EPS = std::numeric_limits<double>::epsilon();

// Sum of a[0..n) as numpy.add.reduce forms it over contiguous memory: below 8 terms from left to right; up to
// 128 in eight running sums that are then folded in pairs, the rest added one by one; above that by halves
// whose length is a multiple of 8.
inline double pairwise_sum(const double* a, int64_t n) {
    if (n < 8) {
        double sum = 0.0;
        for (int64_t i = 0; i < n; ++i) sum += a[i];
        return sum;
    }
    if (n <= 128) {
        double lane[8];
        for (int j = 0; j < 8; ++j) lane[j] = a[j];
        int64_t i = 8;
        for (; i < n - n % 8; i += 8)
            for (int j = 0; j < 8; ++j) lane[j] += a[i + j];
        double sum = ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
        for (; i < n; ++i) sum += a[i];
        return sum;
    }
    int64_t half = n / 2;
    half -= half % 8;
    return pairwise_sum(a, half) + pairwise_sum(a + half, n - half);
}

}  // namespace poseval
