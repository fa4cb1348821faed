// Small passes over pose columns that NumPy needs several passes and copies for.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <stdexcept>

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

}  // namespace

void bind_poses(py::module_& module) {
    module.def("pose_extent", &extent, py::arg("xy"), py::arg("seen"));
    module.def("pose_predicted", &predicted, py::arg("xy"), py::arg("score"));
}
