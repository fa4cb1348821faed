// Small passes over pose columns that NumPy needs several passes and copies for.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <mutex>
#include <vector>

#include <pybind11/stl.h>

#include "arrays.hpp"
#include "fetch.hpp"
#include "parallel.hpp"

namespace py = pybind11;
using namespace poseval;

namespace {

constexpr std::int64_t POSES_A_THREAD = 50'000;  // people that are worth a thread

std::int64_t joints_of(const Doubles& xy) {
    want_shape(xy, "xy", {ANY, ANY, 2});
    want_groups(xy.shape(0), "xy");
    return xy.shape(1);
}

// Area [N] of the smallest upright box around the joints with seen > 0; 0 where that has no width or height.
py::array_t<double> extent(const Doubles& xy, const Column<std::int8_t>& seen) {
    const std::int64_t joints = joints_of(xy);
    const std::int64_t rows = xy.shape(0);
    want_shape(seen, "seen", {rows, joints});
    py::array_t<double> out(rows);
    const double* points = xy.data();
    const std::int8_t* flags = seen.data();
    double* area = out.mutable_data();
    {
        py::gil_scoped_release release;
        for_pieces(rows, POSES_A_THREAD, [=](std::int64_t begin, std::int64_t end) {
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
    want_shape(score, "score", {rows, joints});
    py::array_t<std::int8_t> out({rows, joints});
    const double* points = xy.data();
    const double* scores = score.data();
    std::int8_t* seen = out.mutable_data();
    {
        py::gil_scoped_release release;
        for_pieces(rows, POSES_A_THREAD, [=](std::int64_t begin, std::int64_t end) {
            for (std::int64_t k = begin * joints; k < end * joints; ++k) {
                const bool none = scores[k] == 0 && points[2 * k] == 0 && points[2 * k + 1] == 0;
                seen[k] = none ? 0 : 2;
            }
        });
    }
    return out;
}

// Rows in order of their group 0 .. groups - 1, those of a group in table order; others are left out.
py::array_t<std::int64_t> group_order(const Ints& group, std::int64_t groups) {
    want_shape(group, "group", {ANY});
    want_groups(groups, "groups");
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
    want(table.ndim() >= 1 && (table.flags() & py::array::c_style), "table", "wanted rows beside each other");
    // Bytes are copied; an object's reference count would not know.
    want(!py::cast<bool>(table.dtype().attr("hasobject")), "table", "wanted plain values, not objects");
    want_shape(order, "order", {ANY});
    std::vector<py::ssize_t> shape(table.shape(), table.shape() + table.ndim());
    const std::int64_t rows = shape[0], wanted = order.size();
    shape[0] = wanted;
    want_range(order, "order", 0, rows);
    py::array out(table.dtype(), shape);
    const std::int64_t* from = order.data();
    const auto size = rows ? static_cast<std::size_t>(table.nbytes() / rows) : 0;
    const char* source = static_cast<const char*>(table.data());
    char* target = static_cast<char*>(out.mutable_data());
    {
        py::gil_scoped_release release;
        for_pieces(wanted, POSES_A_THREAD / 2, [=](std::int64_t begin, std::int64_t end) {
            for (std::int64_t n = begin; n < end; ++n) {
                if (n + AHEAD < end) fetch(source + from[n + AHEAD] * size, size);
                std::memcpy(target + n * size, source + from[n] * size, size);
            }
        });
    }
    return out;
}

// Every row number once.
void want_permutation(const Ints& order, std::int64_t rows) {
    want_shape(order, "order", {rows});
    want_range(order, "order", 0, rows);
    std::vector<char> met(static_cast<std::size_t>(rows), 0);
    for (std::int64_t n = 0; n < rows; ++n) {
        char& there = met[static_cast<std::size_t>(order.data()[n])];
        want(!there, "order", "wanted every row once");
        there = 1;
    }
}

// Moves the rows of `size` bytes along the cycles of the permutation: one row aside, then each into its place.
void order_in_place(char* table, std::size_t size, const std::int64_t* order, std::int64_t rows) {
    std::vector<char> done(static_cast<std::size_t>(rows), 0), aside(size);
    const auto row = [=](std::int64_t n) { return table + static_cast<std::size_t>(n) * size; };
    for (std::int64_t first = 0; first < rows; ++first) {
        if (done[static_cast<std::size_t>(first)] || order[first] == first) continue;
        std::memcpy(aside.data(), row(first), size);
        std::int64_t place = first, soon = first;
        for (std::int64_t k = 0; k < AHEAD; ++k) soon = order[soon];
        for (std::int64_t from; (from = order[place]) != first; place = from) {
            fetch(row(soon = order[soon]), size);
            std::memcpy(row(place), row(from), size);
            done[static_cast<std::size_t>(place)] = 1;
        }
        std::memcpy(row(place), aside.data(), size);
        done[static_cast<std::size_t>(place)] = 1;
    }
}

// Puts the rows of tables [N, ...] into another order without a second copy of them.
void order_rows(const std::vector<py::array>& tables, const Ints& order) {
    struct Table {
        char* data;
        std::size_t size;
    };
    std::vector<Table> all;
    const std::int64_t rows = order.size();
    want_permutation(order, rows);
    for (py::array table : tables) {
        want((table.flags() & py::array::c_style) && table.writeable(), "tables", "wanted rows beside each other");
        want(!py::cast<bool>(table.dtype().attr("hasobject")), "tables", "wanted plain values, not objects");
        want(table.ndim() >= 1 && table.shape(0) == rows, "tables", "wanted as many rows as the order");
        const auto size = rows ? static_cast<std::size_t>(table.nbytes() / rows) : 0;
        all.push_back({static_cast<char*>(table.mutable_data()), size});
    }
    const std::int64_t* from = order.data();
    const auto count = static_cast<std::int64_t>(all.size());
    const py::gil_scoped_release release;
    for_pieces(count, rows < POSES_A_THREAD ? count : 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t k = begin; k < end; ++k) {
            const Table& table = all[static_cast<std::size_t>(k)];
            order_in_place(table.data, table.size, from, rows);
        }
    });
}

std::uint64_t mixed(std::uint64_t total, std::uint64_t bits) {
    total = (total ^ bits) * 0x9E3779B97F4A7C15ULL;  // odd, from the golden ratio: spreads bits
    return total ^ (total >> 29);
}

// What one look at every pose tells, in one pass over the largest column.
struct Seen {
    double low = std::numeric_limits<double>::infinity();  // lowest and highest coordinate; NaN counts for neither
    double high = -std::numeric_limits<double>::infinity();
    std::int64_t points = 0;  // poses whose joints all lie in one point

    void join(const Seen& other) {
        low = std::min(low, other.low);
        high = std::max(high, other.high);
        points += other.points;
    }

    // A pose of `numbers` coordinates, x and y in turn; returns a hash of their bits that begins with `kind`.
    std::uint64_t look(const double* pose, std::int64_t numbers, std::uint64_t kind) {
        // x and y apart: two chains of multiplications that do not wait for each other.
        std::uint64_t total = kind, other = 0;
        bool one_point = true;
        for (std::int64_t k = 0; k < numbers; k += 2) {
            const double x = pose[k], y = pose[k + 1];
            total = mixed(total, std::bit_cast<std::uint64_t>(x));
            other = mixed(other, std::bit_cast<std::uint64_t>(y));
            low = x < low ? x : low;
            low = y < low ? y : low;
            high = x > high ? x : high;
            high = y > high ? y : high;
            one_point &= x == pose[0] && y == pose[1];
        }
        points += one_point;
        return mixed(total, other);
    }
};

// (copies, lowest, highest, points). Copies are rows that equal an earlier one of the same frame and category in
// every coordinate, to the last bit, told by 64-bit hashes: two different poses of one frame agree once in 10^19
// pairs. Rows are sorted by frame.
py::tuple pose_review(const Doubles& xy, const Ints& frame, const Ints& category) {
    const std::int64_t numbers = joints_of(xy) * 2, rows = xy.shape(0);
    want_shape(frame, "frame", {rows});
    want_shape(category, "category", {rows});
    const double* points = xy.data();
    const std::int64_t *frames = frame.data(), *kinds = category.data();
    std::int64_t copies = 0;
    Seen all;
    {
        py::gil_scoped_release release;
        std::mutex guard;
        std::vector<std::uint64_t> hash(static_cast<std::size_t>(rows));
        for_pieces(rows, POSES_A_THREAD / 2, [&](std::int64_t begin, std::int64_t end) {
            Seen seen;
            for (std::int64_t n = begin; n < end; ++n) {
                const auto kind = static_cast<std::uint64_t>(kinds[n]);
                hash[static_cast<std::size_t>(n)] = seen.look(points + n * numbers, numbers, kind);
            }
            const std::lock_guard<std::mutex> lock(guard);
            all.join(seen);
        });
        for (std::int64_t begin = 0, end; begin < rows; begin = end) {
            for (end = begin; end < rows && frames[end] == frames[begin];) ++end;
            std::sort(hash.begin() + begin, hash.begin() + end);
            for (std::int64_t n = begin + 1; n < end; ++n)
                copies += hash[static_cast<std::size_t>(n)] == hash[static_cast<std::size_t>(n) - 1];
        }
    }
    return py::make_tuple(copies, all.low, all.high, all.points);
}

}  // namespace

void bind_poses(py::module_& module) {
    module.def("pose_extent", &extent, py::arg("xy"), py::arg("seen"));
    module.def("pose_predicted", &predicted, py::arg("xy"), py::arg("score"));
    module.def("group_order", &group_order, py::arg("group"), py::arg("groups"));
    module.def("take_rows", &take_rows, py::arg("table"), py::arg("order"));
    module.def("order_rows", &order_rows, py::arg("tables"), py::arg("order"));
    module.def("pose_review", &pose_review, py::arg("xy"), py::arg("frame"), py::arg("category"));
}
