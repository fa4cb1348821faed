// The compiled module: every kernel file offers one bind function, called here and nowhere else.
#include <pybind11/pybind11.h>

namespace py = pybind11;

void bind_coco(py::module_& module);
void bind_curves(py::module_& module);
void bind_file(py::module_& module);
void bind_json(py::module_& module);
void bind_poses(py::module_& module);
void bind_average_precision(py::module_& module);
void bind_tracking(py::module_& module);

PYBIND11_MODULE(_kernels, module) {
    module.doc() = "Hot loops over columns; the faces with shapes and errors are the Python files beside it.";
    bind_coco(module);
    bind_curves(module);
    bind_file(module);
    bind_json(module);
    bind_poses(module);
    bind_average_precision(module);
    bind_tracking(module);
}
