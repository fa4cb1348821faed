// The compiled module: every kernel file offers one bind function, called here and nowhere else.
#include "arrays.hpp"
#include "parallel.hpp"

namespace py = pybind11;
using namespace poseval;

void bind_coco(py::module_& module);
void bind_curves(py::module_& module);
void bind_file(py::module_& module);
void bind_images(py::module_& module);
void bind_json(py::module_& module);
void bind_poses(py::module_& module);
void bind_average_precision(py::module_& module);
void bind_tracking(py::module_& module);

namespace {

void set_thread_limit(int threads) {
    want(threads >= 1 && threads <= MOST_THREADS, "threads", "out of range");
    thread_limit = threads;
}

}  // namespace

PYBIND11_MODULE(_kernels, module) {
    module.doc() = "Hot loops over columns; the faces with shapes and errors are the Python files beside it.";
    module.def("set_thread_limit", &set_thread_limit, py::arg("threads"));
    module.attr("MOST_THREADS") = MOST_THREADS;
    bind_coco(module);
    bind_curves(module);
    bind_file(module);
    bind_images(module);
    bind_json(module);
    bind_poses(module);
    bind_average_precision(module);
    bind_tracking(module);
}
