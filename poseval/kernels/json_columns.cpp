// Columns from JSON.
#include <pybind11/pybind11.h>

#include <algorithm>
#include <string_view>

namespace py = pybind11;

namespace {

// Line (from 1) that holds byte `offset`.
py::ssize_t line_of(const py::bytes& data, py::ssize_t offset) {
    const std::string_view text = data;
    const py::ssize_t end = std::clamp<py::ssize_t>(offset, 0, static_cast<py::ssize_t>(text.size()));
    return 1 + std::count(text.begin(), text.begin() + end, '\n');
}

}  // namespace

void bind_json(py::module_& module) {
    module.def("line_of", &line_of, py::arg("data"), py::arg("offset"));
}
