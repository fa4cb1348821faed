// Arrays from Python, checked where they enter; the code behind a check trusts every size and index.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>

namespace poseval {

namespace py = pybind11;

constexpr int ALIGNED = py::detail::npy_api::NPY_ARRAY_ALIGNED_;
constexpr int BESIDE = py::array::c_style;

// Aligned values beside each other. Other types are converted only where every value keeps its meaning: real
// numbers never become integers, so no NaN becomes an index.
template <class T>
using Column = py::array_t<T, BESIDE | ALIGNED>;
using Bytes = Column<std::uint8_t>;
using Doubles = Column<double>;
using Ints = Column<std::int64_t>;
using Masks = Column<std::uint64_t>;

constexpr py::ssize_t ANY = -1;  // a length that is not prescribed

// Rows, and groups that rows are counted in. NumPy allows any length where another one is 0, so that a result
// could be far larger than everything it is made from.
constexpr std::int64_t MOST_GROUPS = std::int64_t{1} << 28;

// Products of lengths up to this fit 64 bits; memory gives out long before.
constexpr double MOST_CELLS = 4e18;

constexpr std::int64_t MOST_RANGES = 4096;  // area ranges: COCO has three

// Python sees a ValueError.
[[noreturn]] inline void refuse(const char* name, const std::string& what) {
    throw std::invalid_argument(std::string(name) + ": " + what);
}

inline void want(bool good, const char* name, const char* what) {
    if (!good) refuse(name, what);
}

inline void want_shape(const py::array& array, const char* name, std::initializer_list<py::ssize_t> shape) {
    bool same = array.ndim() == static_cast<py::ssize_t>(shape.size());
    py::ssize_t axis = 0;
    for (const py::ssize_t length : shape) {
        if (!same) break;
        same = length == ANY || array.shape(axis) == length;
        ++axis;
    }
    if (same) return;
    const auto listed = [](const auto& lengths) {
        std::string text = "[";
        for (const py::ssize_t length : lengths) {
            text += (text.size() > 1 ? ", " : "") + (length == ANY ? "any" : std::to_string(length));
        }
        return text + "]";
    };
    std::string given = "[";
    for (py::ssize_t k = 0; k < array.ndim(); ++k) given += (k ? ", " : "") + std::to_string(array.shape(k));
    refuse(name, "columns do not fit together: wanted the shape " + listed(shape) + ", not " + given + "]");
}

// Every value in low .. end - 1.
inline void want_range(const Ints& values, const char* name, std::int64_t low, std::int64_t end) {
    const std::int64_t* value = values.data();
    for (py::ssize_t i = 0; i < values.size(); ++i) {
        if (value[i] < low || value[i] >= end) {
            refuse(name, "out of range: " + std::to_string(value[i]) + " at place " + std::to_string(i));
        }
    }
}

// Offsets [groups + 1] that begin at 0, never fall and end at `rows`.
inline void want_offsets(const Ints& start, const char* name, std::int64_t groups, std::int64_t rows) {
    want_shape(start, name, {groups < 0 ? ANY : groups + 1});
    const py::ssize_t count = start.size();
    const std::int64_t* at = start.data();
    want(count >= 1 && at[0] == 0 && at[count - 1] == rows, name, "wanted offsets from 0 to the number of rows");
    for (py::ssize_t i = 1; i < count; ++i) want(at[i - 1] <= at[i], name, "wanted offsets that never fall");
}

inline void want_groups(std::int64_t groups, const char* name) {
    if (groups < 0 || groups > MOST_GROUPS) refuse(name, "wanted 0 to " + std::to_string(MOST_GROUPS));
}

inline void want_no_nan(const Doubles& values, const char* name) {
    const double* value = values.data();
    for (py::ssize_t i = 0; i < values.size(); ++i) want(value[i] == value[i], name, "holds NaN");
}

// A product of lengths that does not overflow.
inline void want_cells(const char* name, std::initializer_list<std::int64_t> lengths) {
    double cells = 1.0;
    for (const std::int64_t length : lengths) cells *= static_cast<double>(length);
    want(cells <= MOST_CELLS, name, "wanted fewer cells");
}

}  // namespace poseval
