// Area under precision over recall of many ranked lists at once (PASCAL VOC 2010 and later).
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "parallel.hpp"

namespace py = pybind11;
using namespace poseval;

namespace {

// How rows of equal score are ordered; exported to Python under these names.
enum Ties { LATER_FIRST, TOGETHER, HITS_FIRST };

// Rows that the counts of one list can add up to without rounding.
constexpr double MOST_ROWS = 9007199254740992.0;  // 2^53

struct Keyed {
    std::uint64_t key;
    std::int64_t row;
};

// Rises where the score falls; equal for equal scores, and highest for NaN.
std::uint64_t falling_key(double score) {
    if (std::isnan(score)) return ~std::uint64_t{0};
    const auto bits = std::bit_cast<std::uint64_t>(0.0 - score);  // 0 for both zeros
    return bits >> 63 ? ~bits : bits | std::uint64_t{1} << 63;
}

constexpr int DIGIT = 11;  // bits of a key that one pass sorts by
constexpr std::size_t DIGITS = (64 + DIGIT - 1) / DIGIT;
constexpr std::size_t BUCKETS = std::size_t{1} << DIGIT;

std::size_t digit_of(std::uint64_t key, std::size_t digit) {
    return key >> (DIGIT * digit) & (BUCKETS - 1);
}

// Stable, in time that grows with the rows alone: a pass for each digit of the key that differs.
void sort_by_digits(std::vector<Keyed>& rows) {
    std::vector<std::array<std::int64_t, BUCKETS>> counts(DIGITS);
    for (const Keyed& row : rows)
        for (std::size_t d = 0; d < DIGITS; ++d) ++counts[d][digit_of(row.key, d)];
    std::vector<Keyed> other(rows.size());
    for (std::size_t d = 0; d < DIGITS; ++d) {
        auto& next = counts[d];
        if (next[digit_of(rows.front().key, d)] == static_cast<std::int64_t>(rows.size())) continue;
        std::int64_t before = 0;
        for (std::int64_t& count : next) before += std::exchange(count, before);
        for (const Keyed& row : rows) other[static_cast<std::size_t>(next[digit_of(row.key, d)]++)] = row;
        rows.swap(other);
    }
}

constexpr std::size_t MANY = 1024;  // rows from which on digits are faster than comparisons

// Rows by rising key, equal ones in the order that they have.
void sort_by_key(std::vector<Keyed>& rows) {
    if (rows.size() >= MANY) sort_by_digits(rows);
    else std::stable_sort(rows.begin(), rows.end(), [](auto& a, auto& b) { return a.key < b.key; });
}

// Rows [R] by falling score, equal ones in their order, NaN last: NumPy's stable order of the negated scores.
py::array_t<std::int64_t> descending(const Doubles& score) {
    const py::ssize_t count = score.size();
    want_shape(score, "score", {ANY});
    py::array_t<std::int64_t> order(count);
    const double* const value = score.data();
    std::int64_t* const out = order.mutable_data();
    {
        const py::gil_scoped_release release;
        std::vector<Keyed> rows(static_cast<std::size_t>(count));
        for (py::ssize_t r = 0; r < count; ++r) rows[static_cast<std::size_t>(r)] = {falling_key(value[r]), r};
        sort_by_key(rows);
        for (py::ssize_t r = 0; r < count; ++r) out[r] = rows[static_cast<std::size_t>(r)].row;
    }
    return order;
}

// Cells whose rows are worth a thread of their own.
std::int64_t cells_a_thread(std::int64_t cells, std::int64_t rows) {
    constexpr std::int64_t ROWS = 20'000;
    return 1 + cells * ROWS / std::max<std::int64_t>(rows, 1);
}

// Rows [R] sorted by cell, then by falling score, then by falling row. Returns order [R] and start [C + 1].
py::tuple rank_rows(const Ints& cell, const Doubles& score, std::int64_t cells) {
    const py::ssize_t count = score.size();
    want_shape(score, "score", {ANY});
    want_shape(cell, "cell", {count});
    want_groups(cells, "cells");
    want_range(cell, "cell", 0, cells);
    want_no_nan(score, "score");  // it has no place in an order
    py::array_t<std::int64_t> order(count), start(cells + 1);
    const std::int64_t* const of = cell.data();
    const double* const value = score.data();
    std::int64_t *const out = order.mutable_data(), *const first = start.mutable_data();
    {
        const py::gil_scoped_release release;
        std::fill(first, first + cells + 1, 0);
        for (py::ssize_t r = 0; r < count; ++r) ++first[of[r] + 1];
        for (std::int64_t c = 0; c < cells; ++c) first[c + 1] += first[c];
        std::vector<std::int64_t> next(first, first + cells);
        for (py::ssize_t r = 0; r < count; ++r) out[next[of[r]]++] = r;
        for_pieces(cells, cells_a_thread(cells, count), [&](std::int64_t begin, std::int64_t end) {
            std::vector<Keyed> keyed;  // scores beside rows: sorting touches no far memory
            for (std::int64_t c = begin; c < end; ++c) {
                keyed.clear();
                for (std::int64_t k = first[c + 1]; k-- > first[c];)
                    keyed.push_back({falling_key(value[out[k]]), out[k]});
                sort_by_key(keyed);
                for (std::int64_t k = first[c]; k < first[c + 1]; ++k) out[k] = keyed[k - first[c]].row;
            }
        });
    }
    return py::make_tuple(order, start);
}

// Rows in a given order [R], spread over cells [C] without changing their order. Returns order and start.
py::tuple regroup_rows(const Ints& order, const Ints& cell, std::int64_t cells) {
    const py::ssize_t count = order.size();
    want_shape(order, "order", {ANY});
    want_shape(cell, "cell", {count});
    want_groups(cells, "cells");
    want_range(order, "order", 0, count);
    want_range(cell, "cell", 0, cells);
    const std::int64_t *const of = cell.data(), *const row = order.data();
    std::vector<bool> met(static_cast<std::size_t>(count));
    for (py::ssize_t r = 0; r < count; ++r) {
        want(!met[static_cast<std::size_t>(row[r])], "order", "wanted each row once");
        met[static_cast<std::size_t>(row[r])] = true;
    }
    py::array_t<std::int64_t> spread(count), start(cells + 1);
    std::int64_t *const out = spread.mutable_data(), *const first = start.mutable_data();
    {
        const py::gil_scoped_release release;
        std::fill(first, first + cells + 1, 0);
        for (py::ssize_t r = 0; r < count; ++r) ++first[of[r] + 1];
        for (std::int64_t c = 0; c < cells; ++c) first[c + 1] += first[c];
        std::vector<std::int64_t> next(first, first + cells);
        for (py::ssize_t r = 0; r < count; ++r) out[next[of[row[r]]]++] = row[r];
    }
    return py::make_tuple(spread, start);
}

// One ranked list: steps of (hits, rows) are folded into the area from the last to the first.
class Curve {
public:
    void clear() {
        steps_.clear();
        hits_ = rows_ = 0;
    }

    void add(std::int64_t hits, std::int64_t rows) {
        if (rows != 0) steps_.push_back({hits, rows});
        hits_ += hits;
        rows_ += rows;
    }

    std::int64_t hits() const { return hits_; }
    std::int64_t rows() const { return rows_; }

    // Area under the monotone curve, for `positives` > 0 things to find.
    double area(double positives) const {
        std::int64_t hits = hits_, rows = rows_;
        double envelope = 0.0, sum = 0.0;
        double higher = static_cast<double>(hits) / positives;
        for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
            envelope = std::max(envelope, static_cast<double>(hits) / static_cast<double>(rows));
            hits -= step->hits;
            rows -= step->rows;
            const double lower = static_cast<double>(hits) / positives;
            sum += (higher - lower) * envelope;
            higher = lower;
        }
        return sum;
    }

private:
    struct Step {
        std::int64_t hits, rows;
    };
    std::vector<Step> steps_;
    std::int64_t hits_ = 0, rows_ = 0;
};

// Area, hits and rows of every cell [C]. `weight` [R] repeats rows; `positives` [C] is what there is to find;
// the area is NaN where that is 0.
py::tuple average_precision(const Ints& order, const Ints& start, const Doubles& score, const Column<bool>& hit,
                            const Ints& weight, const Doubles& positives, int ties) {
    const py::ssize_t count = order.size(), cells = positives.size();
    want_shape(order, "order", {ANY});
    want_shape(positives, "positives", {ANY});
    want_shape(score, "score", {count});
    want_shape(hit, "hit", {count});
    want_shape(weight, "weight", {count});
    want_offsets(start, "start", cells, count);
    want_range(order, "order", 0, count);
    want(ties >= LATER_FIRST && ties <= HITS_FIRST, "ties", "is not known");
    double total = 0.0;
    for (py::ssize_t r = 0; r < count; ++r) {
        const std::int64_t repeats = weight.data()[order.data()[r]];
        want(repeats >= 0, "weight", "wanted 0 or more");
        total += static_cast<double>(repeats);
    }
    want(total <= MOST_ROWS, "weight", "wanted fewer rows in all");
    py::array_t<double> area(cells);
    py::array_t<std::int64_t> hits(cells), rows(cells);
    double* const areas = area.mutable_data();
    std::int64_t *const all_hits = hits.mutable_data(), *const all_rows = rows.mutable_data();
    const std::int64_t *row = order.data(), *first = start.data(), *times = weight.data();
    const double *value = score.data(), *wanted = positives.data();
    const bool* good = hit.data();
    {
        const py::gil_scoped_release release;
        for_pieces(cells, cells_a_thread(cells, count), [&](py::ssize_t begin, py::ssize_t end) {
            Curve curve;
            for (py::ssize_t c = begin; c < end; ++c) {
                curve.clear();
                for (std::int64_t k = first[c]; k < first[c + 1];) {
                    std::int64_t last = k + 1;
                    while (ties != LATER_FIRST && last < first[c + 1] && value[row[last]] == value[row[k]]) ++last;
                    std::int64_t right = 0, rows_here = 0;
                    for (; k < last; ++k) {
                        right += good[row[k]] ? times[row[k]] : 0;
                        rows_here += times[row[k]];
                    }
                    curve.add(right, ties == HITS_FIRST ? right : rows_here);
                    if (ties == HITS_FIRST) curve.add(0, rows_here - right);
                }
                all_hits[c] = curve.hits();
                all_rows[c] = curve.rows();
                areas[c] = wanted[c] > 0 ? curve.area(wanted[c]) : std::numeric_limits<double>::quiet_NaN();
            }
        });
    }
    return py::make_tuple(area, hits, rows);
}

}  // namespace

void bind_average_precision(py::module_& module) {
    module.def("descending", &descending, py::arg("score"));
    module.def("rank_rows", &rank_rows);
    module.def("regroup_rows", &regroup_rows);
    module.def("average_precision", &average_precision);
    module.attr("LATER_FIRST") = static_cast<int>(LATER_FIRST);
    module.attr("TOGETHER") = static_cast<int>(TOGETHER);
    module.attr("HITS_FIRST") = static_cast<int>(HITS_FIRST);
}
