// The outline of a JSON file: what its top level holds and where, without building it.
#include "arrays.hpp"
#include "json_scan.hpp"
#include "json_text.hpp"

namespace py = pybind11;

namespace poseval::json {

// Raises _kernels.JsonStop(kind, offset).
[[noreturn]] void raise_stop(const Stop& stop) {
    const py::object type = py::module_::import("poseval.kernels._kernels").attr("JsonStop");
    const py::tuple arguments = py::make_tuple(BAD_NAMES[static_cast<int>(stop.kind)], stop.offset);
    PyErr_SetObject(type.ptr(), arguments.ptr());
    throw py::error_already_set();
}

namespace {

py::object key_text(std::string_view raw, bool escaped) {
    const std::string text = escaped ? unescape(raw) : std::string(raw);
    PyObject* made =
        PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "surrogatepass");
    if (made == nullptr) throw py::error_already_set();
    return py::reinterpret_steal<py::object>(made);
}

// Long arrays of records are checked when their columns are read; here only their end is looked for.
constexpr std::ptrdiff_t LONG = 1 << 20;

// (key, kind, start, end, items, first, checked): of an array, `items` counts its elements and `first` is the
// outline of its first element when that is an object, or the kind of that element. `deep` is false for the
// keys of a first element, whose own values are only skipped.
py::tuple entry(Scanner& scan, const py::object& key, bool deep);

py::list object_entries(Scanner& scan, bool deep) {
    py::list out;
    scan.enter();
    scan.expect('{');
    scan.space();
    if (*scan.p == '}') {
        ++scan.p;
        scan.leave();
        return out;
    }
    do {
        if (static_cast<std::int64_t>(out.size()) >= scan.max_keys) scan.stop(Bad::keys);
        if (*scan.p != '"') scan.unexpected();
        bool escaped = false;
        const std::string_view raw = scan.string(escaped);
        const py::object key = key_text(raw, escaped);
        scan.space();
        scan.expect(':');
        scan.space();
        out.append(entry(scan, key, deep));
    } while (scan.more('}'));
    scan.leave();
    return out;
}

// The first element of the array at the cursor (behind its bracket, on a value).
py::object first_element(Scanner& scan) {
    const Kind kind = scan.kind();
    if (kind == Kind::object) return object_entries(scan, false);
    scan.skip();
    return py::str(KIND_NAMES[static_cast<int>(kind)]);
}

py::tuple entry(Scanner& scan, const py::object& key, bool deep) {
    const Kind kind = scan.kind();
    const std::int64_t start = scan.offset();
    std::int64_t items = 0;
    py::object first = py::none();
    bool checked = true;
    if (kind == Kind::array) {
        scan.enter();
        ++scan.p;
        scan.space();
        if (*scan.p == ']') {
            ++scan.p;
        } else {
            if (deep) {
                first = first_element(scan);
            } else {
                first = py::str(KIND_NAMES[static_cast<int>(scan.kind())]);
                scan.skip();
            }
            ++items;
            checked = !deep || scan.end - scan.p < LONG || !py::isinstance<py::list>(first);
            py::gil_scoped_release release;
            if (checked) {
                while (scan.more(']')) {
                    scan.skip();
                    ++items;
                }
            } else {
                items += scan.hurry();
            }
        }
        scan.leave();
    } else {
        scan.skip();
    }
    const char* name = KIND_NAMES[static_cast<int>(kind)];
    return py::make_tuple(key, name, start, scan.offset(), items, first, checked);
}

}  // namespace

// Checks the value that starts at byte `start`, `depth` levels deep.
void check(const py::bytes& data, std::int64_t start, int depth, std::int64_t max_depth, std::int64_t max_keys) {
    const std::string_view text = data;
    want(start >= 0 && start <= static_cast<std::int64_t>(text.size()), "start", "out of range");
    want(depth >= 0 && depth <= DEEPEST, "depth", "out of range");
    want(max_depth >= 0 && max_keys >= 0, "limits", "wanted 0 or more");
    Scanner scan(text, start, max_depth, max_keys);
    scan.depth = depth;
    try {
        const py::gil_scoped_release release;
        scan.skip();
    } catch (const Stop& stop) {
        raise_stop(stop);
    }
}

// {"kind", "start", "end", "entries"}. An object is checked and walked to its end, but for long arrays of records
// in it. Of an array only the first element is read (`entries` holds it, `end` is -1): the rest is checked when
// its columns are read.
py::dict outline(const py::bytes& data, std::int64_t max_depth, std::int64_t max_keys) {
    const std::string_view text = data;
    want(max_depth >= 0 && max_keys >= 0, "limits", "wanted 0 or more");
    Scanner scan(text, 0, max_depth, max_keys);
    py::dict out;
    try {
        const auto starts = [&](std::string_view mark) { return text.substr(0, mark.size()) == mark; };
        if (starts("\xFF\xFE") || starts("\xFE\xFF") || text.substr(0, 4).find('\0') != text.npos) {
            scan.stop(Bad::encoding);  // UTF-16 or UTF-32
        }
        if (starts("\xEF\xBB\xBF")) scan.p += 3;
        scan.space();
        const Kind kind = scan.kind();
        out["kind"] = KIND_NAMES[static_cast<int>(kind)];
        out["start"] = scan.offset();
        out["entries"] = py::none();
        if (kind == Kind::object) {
            out["entries"] = object_entries(scan, true);
        } else if (kind == Kind::array) {
            scan.enter();
            ++scan.p;
            scan.space();
            if (*scan.p != ']') {
                out["entries"] = first_element(scan);
                out["end"] = -1;
                scan.space();
                if (*scan.p != ',' && *scan.p != ']') scan.unexpected();
                return out;
            }
            ++scan.p;
        } else {
            scan.skip();
        }
        scan.finish();
    } catch (const Stop& stop) {
        raise_stop(stop);
    }
    out["end"] = scan.offset();
    return out;
}

}  // namespace poseval::json
