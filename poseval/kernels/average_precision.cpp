// Area under precision over recall of many ranked lists at once (PASCAL VOC 2010 and later).
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

namespace py = pybind11;

namespace {

template <class T>
using In = py::array_t<T, py::array::c_style | py::array::forcecast>;

// How rows of equal score are ordered.
enum Ties { kLaterFirst, kTogether, kHitsFirst };

// Rows [R] sorted by cell, then by falling score, then by falling row. Returns order [R] and start [C + 1].
py::tuple rank_rows(In<std::int64_t> cell, In<double> score, std::int64_t cells) {
    if (cell.size() != score.size()) throw std::invalid_argument("columns of rows do not fit together");
    const py::ssize_t count = cell.size();
    py::array_t<std::int64_t> order(count), start(cells + 1);
    const std::int64_t* const of = cell.data();
    const double* const value = score.data();
    std::int64_t *const out = order.mutable_data(), *const first = start.mutable_data();
    for (py::ssize_t r = 0; r < count; ++r) {
        if (of[r] < 0 || of[r] >= cells) throw std::out_of_range("cell of a row");
    }
    {
        const py::gil_scoped_release release;
        std::fill(first, first + cells + 1, 0);
        for (py::ssize_t r = 0; r < count; ++r) ++first[of[r] + 1];
        for (std::int64_t c = 0; c < cells; ++c) first[c + 1] += first[c];
        std::vector<std::int64_t> next(first, first + cells);
        for (py::ssize_t r = 0; r < count; ++r) out[next[of[r]]++] = r;
        std::vector<std::pair<double, std::int64_t>> keyed;  // scores beside rows: sorting touches no far memory
        for (std::int64_t c = 0; c < cells; ++c) {
            keyed.clear();
            for (std::int64_t k = first[c]; k < first[c + 1]; ++k) keyed.emplace_back(value[out[k]], out[k]);
            std::sort(keyed.begin(), keyed.end(), std::greater<>());
            for (std::int64_t k = first[c]; k < first[c + 1]; ++k) out[k] = keyed[k - first[c]].second;
        }
    }
    return py::make_tuple(order, start);
}

// Rows in a given order [R], spread over cells [C] without changing their order. Returns order and start.
py::tuple regroup_rows(In<std::int64_t> order, In<std::int64_t> cell, std::int64_t cells) {
    if (cell.size() != order.size()) throw std::invalid_argument("columns of rows do not fit together");
    const py::ssize_t count = cell.size();
    py::array_t<std::int64_t> spread(count), start(cells + 1);
    const std::int64_t *const of = cell.data(), *const row = order.data();
    std::int64_t *const out = spread.mutable_data(), *const first = start.mutable_data();
    for (py::ssize_t r = 0; r < count; ++r) {
        if (of[r] < 0 || of[r] >= cells || row[r] < 0 || row[r] >= count) throw std::out_of_range("cell of a row");
    }
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
    void clear() { steps_.clear(); }

    void add(std::int64_t hits, std::int64_t rows) {
        if (rows != 0) steps_.push_back({hits, rows});
    }

    // Area under the monotone curve, for `positives` > 0 things to find.
    double area(double positives, std::int64_t hits, std::int64_t rows) const {
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
};

// Area, hits and rows of every cell [C]. `weight` [R] repeats rows; `positives` [C] is what there is to find;
// the area is NaN where that is 0.
py::tuple average_precision(In<std::int64_t> order, In<std::int64_t> start, In<double> score, In<bool> hit,
                            In<std::int64_t> weight, In<double> positives, int ties) {
    const py::ssize_t cells = start.size() - 1;
    if (positives.size() != cells || score.size() != hit.size() || weight.size() != hit.size() ||
        order.size() != hit.size() || start.at(cells) != order.size()) {
        throw std::invalid_argument("columns of ranked lists do not fit together");
    }
    py::array_t<double> area(cells);
    py::array_t<std::int64_t> hits(cells), rows(cells);
    double* const areas = area.mutable_data();
    std::int64_t *const all_hits = hits.mutable_data(), *const all_rows = rows.mutable_data();
    const std::int64_t *row = order.data(), *first = start.data(), *times = weight.data();
    const double *value = score.data(), *wanted = positives.data();
    const bool* good = hit.data();
    {
        const py::gil_scoped_release release;
        Curve curve;
        for (py::ssize_t c = 0; c < cells; ++c) {
            curve.clear();
            std::int64_t sum_hits = 0, sum_rows = 0;
            for (std::int64_t k = first[c]; k < first[c + 1];) {
                std::int64_t end = k + 1;
                while (ties != kLaterFirst && end < first[c + 1] && value[row[end]] == value[row[k]]) ++end;
                std::int64_t right = 0, total = 0;
                for (; k < end; ++k) {
                    right += good[row[k]] ? times[row[k]] : 0;
                    total += times[row[k]];
                }
                if (ties == kHitsFirst) {
                    curve.add(right, right);
                    curve.add(0, total - right);
                } else {
                    curve.add(right, total);
                }
                sum_hits += right;
                sum_rows += total;
            }
            all_hits[c] = sum_hits;
            all_rows[c] = sum_rows;
            areas[c] = wanted[c] > 0 ? curve.area(wanted[c], sum_hits, sum_rows)
                                     : std::numeric_limits<double>::quiet_NaN();
        }
    }
    return py::make_tuple(area, hits, rows);
}

}  // namespace

void bind_average_precision(py::module_& module) {
    module.def("rank_rows", &rank_rows);
    module.def("regroup_rows", &regroup_rows);
    module.def("average_precision", &average_precision);
}
