// Points in polygons: even-odd rule, the boundary is outside.
#include "tracking.hpp"

namespace poseval::tracking {

namespace {

// A sum of doubles without any rounding, as components that do not overlap, the smallest first.
// After J. R. Shewchuk, "Adaptive precision floating-point arithmetic and fast robust geometric predicates",
// Discrete & Computational Geometry 18, 1997.
class ExactSum {
public:
    void add(double value) {
        int kept = 0;
        for (int k = 0; k < size_; ++k) {
            const double sum = value + part_[k];
            const double back = sum - value;
            const double lost = (value - (sum - back)) + (part_[k] - back);
            if (lost != 0) part_[kept++] = lost;
            value = sum;
        }
        if (value != 0 || kept == 0) part_[kept++] = value;
        size_ = kept;
    }

    void add_product(double a, double b) {
        const double product = a * b;
        add(std::fma(a, b, -product));
        add(product);
    }

    int sign() const {
        const double largest = part_[size_ - 1];
        return (largest > 0) - (largest < 0);
    }

private:
    double part_[12];  // one for each number added
    int size_ = 0;
};

// `turn` without rounding, as long as no product leaves the range of doubles.
int exact_turn(const double* a, const double* b, double x, double y) {
    // (b0 - a0) (y - a1) - (b1 - a1) (x - a0), multiplied out; a0 a1 cancels.
    ExactSum sum;
    sum.add_product(b[0], y);
    sum.add_product(-b[0], a[1]);
    sum.add_product(-a[0], y);
    sum.add_product(-b[1], x);
    sum.add_product(b[1], a[0]);
    sum.add_product(a[1], x);
    return sum.sign();
}

// Sign of the turn a -> b -> (x, y): +1 to the left, -1 to the right, 0 on the line. A point of an image with
// decimal coordinates is often on an edge only up to rounding, so plain doubles decide only what is clear.
int turn(const double* a, const double* b, double x, double y) {
    constexpr double UNIT = std::numeric_limits<double>::epsilon() / 2;
    constexpr double DOUBT = (3 + 16 * UNIT) * UNIT;  // Shewchuk's bound of the error of five roundings
    const double first = (b[0] - a[0]) * (y - a[1]);
    const double second = (b[1] - a[1]) * (x - a[0]);
    const double difference = first - second;
    if (std::abs(difference) > DOUBT * (std::abs(first) + std::abs(second))) return difference > 0 ? 1 : -1;
    return exact_turn(a, b, x, y);
}

// Whether (x, y) is strictly inside the closed ring of `count` vertices: not on an edge, and a ray from it to the
// right crosses an odd number of edges. An edge with one end above the ray is crossed when the point lies to its
// left as it goes up, or to its right as it goes down.
bool inside(const double* ring, std::int64_t count, double x, double y) {
    bool odd = false;
    const double* a = ring + 2 * (count - 1);
    for (const double* b = ring; b != ring + 2 * count; a = b, b += 2) {
        const bool crosses = (a[1] > y) != (b[1] > y);
        const bool beside = !crosses && a[1] != y && b[1] != y;
        if (beside || std::max(a[0], b[0]) < x) continue;
        const int side = turn(a, b, x, y);
        if (side == 0 && std::min(a[0], b[0]) <= x && std::min(a[1], b[1]) <= y && y <= std::max(a[1], b[1])) {
            return false;
        }
        odd ^= crosses && side == (b[1] > a[1] ? 1 : -1);
    }
    return odd;
}

}  // namespace

// For points [M, 2] grouped by frame [M] (ascending) and polygons `vertices[start[r]:start[r + 1]]` of frame
// region_frame [R]: which points lie strictly inside a polygon of their frame.
Column<bool> points_in_regions(const Doubles& points, const Ints& frame, const Doubles& vertices, const Ints& start,
                               const Ints& region_frame) {
    const py::ssize_t count = frame.size(), regions = region_frame.size();
    want_shape(frame, "frame", {ANY});
    want_shape(points, "points", {count, 2});
    want_shape(region_frame, "region_frame", {ANY});
    want_shape(vertices, "vertices", {ANY, 2});
    want_offsets(start, "start", regions, vertices.shape(0));
    want(std::is_sorted(frame.data(), frame.data() + count), "frame", "wanted ascending");
    Column<bool> result(count);
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
