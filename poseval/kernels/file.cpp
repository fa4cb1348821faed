// The bytes of a file in one bytes object, copied by several threads where it is long.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <mutex>

#if defined(_WIN32)
#include <io.h>
#else
#include <unistd.h>
#endif

#include "arrays.hpp"
#include "file.hpp"
#include "large_pages.hpp"
#include "parallel.hpp"

namespace py = pybind11;

namespace poseval {

std::int64_t read_part(int handle, char* data, std::int64_t begin, std::int64_t size) {
    std::int64_t got = 0;
#if defined(_WIN32)
    static std::mutex one_place;  // reading moves the file's only position
    const std::lock_guard<std::mutex> lock(one_place);
    if (_lseeki64(handle, begin, SEEK_SET) < 0) return -1;
#endif
    while (got < size) {
#if defined(_WIN32)
        const auto part = static_cast<unsigned>(std::min<std::int64_t>(size - got, 1 << 30));
        const std::int64_t count = _read(handle, data + got, part);
#else
        const std::int64_t count = pread(handle, data + got, static_cast<std::size_t>(size - got), begin + got);
        if (count < 0 && errno == EINTR) continue;
#endif
        if (count < 0) return -1;
        if (count == 0) break;
        got += count;
    }
    return got;
}

}  // namespace poseval

namespace {

constexpr std::int64_t BYTES_A_THREAD = std::int64_t{2} << 20;  // bytes that are worth a thread

struct Outcome {
    std::int64_t got = 0;
    int error = 0;  // errno of a call that failed
};

// A file that became shorter meanwhile counts up to the first byte that was missing.
Outcome fill(int handle, char* data, std::int64_t size) {
    std::atomic<std::int64_t> whole{size};
    std::atomic<int> error{0};
    poseval::for_pieces(size, BYTES_A_THREAD, [&](std::int64_t begin, std::int64_t end) {
        const std::int64_t got = poseval::read_part(handle, data + begin, begin, end - begin);
        if (got < 0) error = errno;
        const std::int64_t reached = begin + std::max<std::int64_t>(got, 0);
        for (std::int64_t known = whole; reached < end && reached < known;)
            if (whole.compare_exchange_weak(known, reached)) break;
    });
    return {whole, error};
}

// The first `size` bytes of an open file, or as many as it has.
py::bytes file_start(int handle, std::int64_t size) {
    poseval::want(size >= 0, "size", "wanted 0 or more");
    auto out = py::reinterpret_steal<py::object>(PyBytes_FromStringAndSize(nullptr, size));
    if (!out) throw py::error_already_set();
    char* data = PyBytes_AS_STRING(out.ptr());
    Outcome outcome;
    {
        const py::gil_scoped_release release;
        poseval::ask_for_large_pages(data, static_cast<std::size_t>(size));
        outcome = fill(handle, data, size);
    }
    if (outcome.error != 0) {
        errno = outcome.error;
        PyErr_SetFromErrno(PyExc_OSError);
        throw py::error_already_set();
    }
    if (outcome.got == size) return py::reinterpret_steal<py::bytes>(out.release());
    PyObject* bytes = out.release().ptr();
    if (_PyBytes_Resize(&bytes, outcome.got) != 0) throw py::error_already_set();
    return py::reinterpret_steal<py::bytes>(bytes);
}

}  // namespace

void bind_file(py::module_& module) {
    module.def("file_start", &file_start, py::arg("handle"), py::arg("size"));
}
