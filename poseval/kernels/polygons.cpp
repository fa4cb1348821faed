// Points in polygons: even-odd rule, the boundary is outside.
#include "tracking.hpp"

namespace poseval::tracking {

namespace {

struct Pair {  // an unevaluated sum: high + low holds more than 100 bits
    double high, low;
};

Pair exact_difference(double a, double b) {
    const double high = a - b, part = high - a;
    return {high, (a - (high - part)) - (b + part)};
}

Pair exact_product(double a, double b) {
    const double high = a * b;
    return {high, std::fma(a, b, -high)};
}

Pair product(const Pair& a, const Pair& b) {
    Pair out = exact_product(a.high, b.high);
    out.low += a.high * b.low + a.low * b.high;
    const double high = out.high + out.low;
    return {high, out.low - (high - out.high)};
}

// Sign of the turn a -> b -> p: +1 left, -1 right, 0 on the line. A point of an image with decimal
// coordinates is often on an edge only up to rounding, so plain doubles would not do.
int turn(const double* a, const double* b, double x, double y) {
    const Pair first = product(exact_difference(b[0], a[0]), exact_difference(y, a[1]));
    const Pair second = product(exact_difference(b[1], a[1]), exact_difference(x, a[0]));
    const Pair high = exact_difference(first.high, second.high);
    const double sum = high.high + (high.low + (first.low - second.low));
    return (sum > 0) - (sum < 0);
}

// Whether (x, y) is strictly inside the closed ring of `count` vertices.
bool inside(const double* ring, std::int64_t count, double x, double y) {
    bool odd = false;
    for (std::int64_t k = 0; k < count; ++k) {
        const double* a = ring + 2 * k;
        const double* b = ring + 2 * (k + 1 == count ? 0 : k + 1);
        if (a[0] < x && b[0] < x) continue;
        if (b[0] == x && b[1] == y) return false;
        if (a[1] == y && b[1] == y) {
            if (std::min(a[0], b[0]) <= x && x <= std::max(a[0], b[0])) return false;
            continue;
        }
        if ((a[1] > y && b[1] <= y) || (b[1] > y && a[1] <= y)) {
            int side = turn(a, b, x, y);
            if (side == 0) return false;
            if (b[1] < a[1]) side = -side;
            odd ^= side > 0;
        }
    }
    return odd;
}

}  // namespace

// For points [M, 2] grouped by frame [M] (ascending) and polygons `vertices[start[r]:start[r + 1]]` of frame
// region_frame [R] (ascending): which points lie strictly inside a polygon of their frame.
py::array_t<bool> points_in_regions(In<double> points, In<std::int64_t> frame, In<double> vertices,
                                    In<std::int64_t> start, In<std::int64_t> region_frame) {
    if (points.size() != 2 * frame.size() || start.size() != region_frame.size() + 1) {
        throw std::invalid_argument("columns of points or regions do not fit together");
    }
    const py::ssize_t count = frame.size(), regions = region_frame.size();
    py::array_t<bool> result(count);
    bool* const out = result.mutable_data();
    std::fill(out, out + count, false);
    const std::int64_t *of_point = frame.data(), *of_region = region_frame.data(), *first = start.data();
    const double *xy = points.data(), *all = vertices.data();
    const py::gil_scoped_release release;
    for (py::ssize_t r = 0; r < regions; ++r) {
        const std::int64_t size = first[r + 1] - first[r];
        const double* ring = all + 2 * first[r];
        if (size < 3) continue;
        double low[2] = {ring[0], ring[1]}, high[2] = {ring[0], ring[1]};
        for (std::int64_t k = 1; k < size; ++k) {
            for (int axis = 0; axis < 2; ++axis) {
                low[axis] = std::min(low[axis], ring[2 * k + axis]);
                high[axis] = std::max(high[axis], ring[2 * k + axis]);
            }
        }
        const std::int64_t* begin = std::lower_bound(of_point, of_point + count, of_region[r]);
        for (py::ssize_t k = begin - of_point; k < count && of_point[k] == of_region[r]; ++k) {
            const double x = xy[2 * k], y = xy[2 * k + 1];
            if (out[k] || !(x > low[0] && x < high[0] && y > low[1] && y < high[1])) continue;
            out[k] = inside(ring, size, x, y);
        }
    }
    return result;
}

}  // namespace poseval::tracking
