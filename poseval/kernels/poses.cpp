// Small passes over pose columns that NumPy needs several passes and copies for.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "parallel.hpp"

namespace py = pybind11;

namespace {

constexpr std::int64_t GRAIN = 50'000;  // people that are worth a thread

using Doubles = py::array_t<double, py::array::c_style | py::array::forcecast>;
using Bytes = py::array_t<std::int8_t, py::array::c_style | py::array::forcecast>;

std::int64_t joints_of(const Doubles& xy) {
    if (xy.ndim() != 3 || xy.shape(2) != 2) throw std::invalid_argument("xy is not [N, K, 2]");
    return xy.shape(1);
}

// Area [N] of the smallest upright box around the joints with seen > 0; 0 where that has no width or height.
py::array_t<double> extent(const Doubles& xy, const Bytes& seen) {
    const std::int64_t joints = joints_of(xy);
    const std::int64_t rows = xy.shape(0);
    if (seen.size() != rows * joints) throw std::invalid_argument("seen is not [N, K]");
    py::array_t<double> out(rows);
    const double* points = xy.data();
    const std::int8_t* flags = seen.data();
    double* area = out.mutable_data();
    {
        py::gil_scoped_release release;
        poseval::for_pieces(rows, GRAIN, [=](std::int64_t begin, std::int64_t end) {
            constexpr double FAR = std::numeric_limits<double>::infinity();
            for (std::int64_t n = begin; n < end; ++n) {
                double low[2] = {FAR, FAR};
                double high[2] = {-FAR, -FAR};
                for (std::int64_t k = n * joints; k < (n + 1) * joints; ++k) {
                    if (flags[k] <= 0) continue;
                    for (int axis = 0; axis < 2; ++axis) {
                        low[axis] = std::min(low[axis], points[2 * k + axis]);
                        high[axis] = std::max(high[axis], points[2 * k + axis]);
                    }
                }
                const double width = high[0] - low[0];
                const double height = high[1] - low[1];
                area[n] = width > 0 && height > 0 ? width * height : 0.0;
            }
        });
    }
    return out;
}

// 2 where a joint is predicted, 0 where it is at (0, 0) with score 0: how files say that there is none.
py::array_t<std::int8_t> predicted(const Doubles& xy, const Doubles& score) {
    const std::int64_t joints = joints_of(xy);
    const std::int64_t rows = xy.shape(0);
    if (score.size() != rows * joints) throw std::invalid_argument("score is not [N, K]");
    py::array_t<std::int8_t> out({rows, joints});
    const double* points = xy.data();
    const double* scores = score.data();
    std::int8_t* seen = out.mutable_data();
    {
        py::gil_scoped_release release;
        poseval::for_pieces(rows, GRAIN, [=](std::int64_t begin, std::int64_t end) {
            for (std::int64_t k = begin * joints; k < end * joints; ++k) {
                const bool none = scores[k] == 0 && points[2 * k] == 0 && points[2 * k + 1] == 0;
                seen[k] = none ? 0 : 2;
            }
        });
    }
    return out;
}

using Ints = py::array_t<std::int64_t, py::array::c_style | py::array::forcecast>;

// Rows in order of their group 0 .. groups - 1, those of a group in table order; others are left out.
py::array_t<std::int64_t> group_order(const Ints& group, std::int64_t groups) {
    const std::int64_t rows = group.size();
    const std::int64_t* of = group.data();
    std::vector<std::int64_t> next(static_cast<std::size_t>(groups) + 1, 0);
    std::int64_t kept = 0;
    for (std::int64_t n = 0; n < rows; ++n) {
        if (of[n] < 0 || of[n] >= groups) continue;
        ++next[static_cast<std::size_t>(of[n]) + 1];
        ++kept;
    }
    for (std::size_t g = 1; g < next.size(); ++g) next[g] += next[g - 1];
    py::array_t<std::int64_t> out(kept);
    std::int64_t* order = out.mutable_data();
    for (std::int64_t n = 0; n < rows; ++n)
        if (of[n] >= 0 && of[n] < groups) order[next[static_cast<std::size_t>(of[n])]++] = n;
    return out;
}

// Rows of a table [N, ...] in another order, copied by several threads.
py::array take_rows(const py::array& table, const Ints& order) {
    if (table.ndim() < 1 || !(table.flags() & py::array::c_style)) throw std::invalid_argument("not a table");
    std::vector<py::ssize_t> shape(table.shape(), table.shape() + table.ndim());
    const std::int64_t rows = shape[0], wanted = order.size();
    shape[0] = wanted;
    py::array out(table.dtype(), shape);
    const std::int64_t* from = order.data();
    for (std::int64_t n = 0; n < wanted; ++n)
        if (from[n] < 0 || from[n] >= rows) throw std::invalid_argument("order is out of range");
    const auto size = rows ? static_cast<std::size_t>(table.nbytes() / rows) : 0;
    const char* source = static_cast<const char*>(table.data());
    char* target = static_cast<char*>(out.mutable_data());
    {
        py::gil_scoped_release release;
        poseval::for_pieces(wanted, GRAIN / 2, [=](std::int64_t begin, std::int64_t end) {
            for (std::int64_t n = begin; n < end; ++n)
                std::memcpy(target + n * size, source + from[n] * size, size);
        });
    }
    return out;
}

// Lowest and highest coordinate of all; NaN counts for neither.
py::tuple pose_bounds(const Doubles& xy) {
    const std::int64_t numbers = joints_of(xy) * 2, rows = xy.shape(0);
    const double* points = xy.data();
    constexpr double FAR = std::numeric_limits<double>::infinity();
    double low = FAR, high = -FAR;
    {
        py::gil_scoped_release release;
        std::mutex guard;
        poseval::for_pieces(rows, GRAIN / 2, [&](std::int64_t begin, std::int64_t end) {
            double lowest[4] = {FAR, FAR, FAR, FAR}, highest[4] = {-FAR, -FAR, -FAR, -FAR};
            for (std::int64_t k = begin * numbers; k < end * numbers; ++k) {
                lowest[k % 4] = points[k] < lowest[k % 4] ? points[k] : lowest[k % 4];
                highest[k % 4] = points[k] > highest[k % 4] ? points[k] : highest[k % 4];
            }
            const std::lock_guard<std::mutex> lock(guard);
            low = std::min(low, *std::min_element(lowest, lowest + 4));
            high = std::max(high, *std::max_element(highest, highest + 4));
        });
    }
    return py::make_tuple(low, high);
}

std::uint64_t mixed(std::uint64_t total, std::uint64_t bits) {
    total = (total ^ bits) * 0x9E3779B97F4A7C15ULL;  // odd, from the golden ratio: spreads bits
    return total ^ (total >> 29);
}

// How many rows equal an earlier one of the same frame and category in every coordinate, to the last bit.
// Rows are sorted by frame. Told by 64-bit hashes: two different poses of one frame agree once in 10^19 pairs.
std::int64_t pose_copies(const Doubles& xy, const Ints& frame, const Ints& category) {
    const std::int64_t numbers = joints_of(xy) * 2, rows = xy.shape(0);
    if (frame.size() != rows || category.size() != rows) throw std::invalid_argument("frame is not [N]");
    const double* points = xy.data();
    const std::int64_t *frames = frame.data(), *kinds = category.data();
    std::int64_t copies = 0;
    {
        py::gil_scoped_release release;
        std::vector<std::uint64_t> hash(static_cast<std::size_t>(rows));
        poseval::for_pieces(rows, GRAIN / 2, [=, &hash](std::int64_t begin, std::int64_t end) {
            for (std::int64_t n = begin; n < end; ++n) {
                // x and y apart: two chains of multiplications that do not wait for each other.
                std::uint64_t total = static_cast<std::uint64_t>(kinds[n]), other = 0;
                for (std::int64_t k = n * numbers; k < (n + 1) * numbers; k += 2) {
                    total = mixed(total, std::bit_cast<std::uint64_t>(points[k]));
                    other = mixed(other, std::bit_cast<std::uint64_t>(points[k + 1]));
                }
                hash[static_cast<std::size_t>(n)] = mixed(total, other);
            }
        });
        for (std::int64_t begin = 0, end; begin < rows; begin = end) {
            for (end = begin; end < rows && frames[end] == frames[begin];) ++end;
            std::sort(hash.begin() + begin, hash.begin() + end);
            for (std::int64_t n = begin + 1; n < end; ++n)
                copies += hash[static_cast<std::size_t>(n)] == hash[static_cast<std::size_t>(n) - 1];
        }
    }
    return copies;
}

}  // namespace

void bind_poses(py::module_& module) {
    module.def("pose_extent", &extent, py::arg("xy"), py::arg("seen"));
    module.def("pose_predicted", &predicted, py::arg("xy"), py::arg("score"));
    module.def("group_order", &group_order, py::arg("group"), py::arg("groups"));
    module.def("take_rows", &take_rows, py::arg("table"), py::arg("order"));
    module.def("pose_bounds", &pose_bounds, py::arg("xy"));
    module.def("pose_copies", &pose_copies, py::arg("xy"), py::arg("frame"), py::arg("category"));
}
