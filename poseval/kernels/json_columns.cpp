// Columns of records as NumPy arrays: the binding to Python.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>

#include "json_array.hpp"
#include "json_text.hpp"
#include "parallel.hpp"

namespace py = pybind11;

namespace poseval::json {

py::dict outline(const py::bytes& data, int max_depth, std::int64_t max_keys);
void check(const py::bytes& data, std::int64_t start, int depth, int max_depth, std::int64_t max_keys);
[[noreturn]] void raise_stop(const Stop& stop);

namespace {

template <class T>
py::array_t<T> to_array(Buffer<T>& buffer) {
    const auto size = static_cast<py::ssize_t>(buffer.size());
    if (size == 0) return py::array_t<T>(0);
    T* data = buffer.release();
    py::capsule owner(data, [](void* memory) { std::free(memory); });
    return py::array_t<T>(size, data, owner);
}

py::object to_text(std::string_view text) {
    PyObject* made =
        PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "surrogatepass");
    if (made == nullptr) throw py::error_already_set();
    return py::reinterpret_steal<py::object>(made);
}

// Distinct texts in order of first appearance, and each row's place among them (-1: no text). Sorting, not
// hashing: nobody can choose names that make it slow.
py::tuple to_words(const Column& column) {
    const std::size_t rows = column.text_start.size() - 1;
    const auto word = [&](std::size_t row) {
        const auto begin = static_cast<std::size_t>(column.text_start[row]);
        return std::string_view(column.text.data() + begin,
                                static_cast<std::size_t>(column.text_start[row + 1]) - begin);
    };
    std::vector<std::size_t> order;
    const bool is_id = column.integers.size() != 0;
    for (std::size_t row = 0; row < rows; ++row) {
        const auto mark = static_cast<Mark>(column.mark[row]);
        if (mark == Mark::text || (mark == Mark::given && !is_id)) order.push_back(row);
    }
    std::vector<std::size_t> first(rows);
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return word(a) < word(b); });
    for (std::size_t i = 0; i < order.size(); ++i) {
        const bool same = i > 0 && word(order[i]) == word(order[i - 1]);
        first[order[i]] = same ? first[order[i - 1]] : order[i];
    }
    std::sort(order.begin(), order.end());
    Buffer<std::int64_t> codes;
    codes.fill(rows, -1);
    py::array_t<std::int64_t> out = to_array(codes);
    auto* code = out.mutable_data();
    py::list words;
    for (const std::size_t row : order) {
        if (first[row] == row) {
            code[row] = static_cast<std::int64_t>(words.size());
            words.append(to_text(word(row)));
        } else {
            code[row] = code[first[row]];
        }
    }
    return py::make_tuple(out, words);
}

py::dict to_python(Table& table);

py::dict to_python(const Field& field, Column& column) {
    py::dict out;
    const bool is_text = field.type == Type::text || field.type == Type::id;
    if (is_text) {
        const py::tuple words = to_words(column);
        out["codes"] = words[0];
        out["words"] = words[1];
    }
    out["mark"] = to_array(column.mark);
    if (field.type == Type::number) {
        out["values"] = to_array(column.values);
        if (field.shape == Shape::list) out["tail"] = to_array(column.tail);
    } else if (field.type != Type::table && field.type != Type::text) {
        out["values"] = to_array(column.integers);
    }
    if (field.shape == Shape::list || field.shape == Shape::lists || field.type == Type::table) {
        out["start"] = to_array(column.start);
    }
    if (field.shape == Shape::lists) out["inner"] = to_array(column.inner);
    if (column.records) out["records"] = to_python(*column.records);
    return out;
}

py::dict to_python(Table& table) {
    const auto& fields = table.schema->fields;
    const auto name_of = [&](int field) {
        return field < 0 ? std::string() : fields[static_cast<std::size_t>(field)].name;
    };
    py::dict out;
    py::dict columns;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        columns[py::str(fields[i].name)] = to_python(fields[i], table.columns[i]);
    }
    py::list faults;
    for (const Fault& fault : table.faults) {
        const char* found = fault.kind == Wrong::type ? KIND_NAMES[fault.found] : "";
        faults.append(py::make_tuple(WRONG_NAMES[static_cast<int>(fault.kind)], name_of(fault.field),
                                     fault.record, fault.element, fault.offset, found, fault.found));
    }
    py::list counts;
    for (const auto& [key, times] : table.fault_counts) {
        counts.append(py::make_tuple(name_of(key.first), WRONG_NAMES[key.second], times));
    }
    py::list unknown;
    for (const auto& [name, times] : table.unknown) {
        if (times > 0) unknown.append(py::make_tuple(to_text(name), times));
    }
    out["count"] = table.count;
    out["offset"] = to_array(table.offset);
    out["columns"] = columns;
    out["faults"] = faults;
    out["fault_counts"] = counts;
    out["unknown"] = unknown;
    out["unknown_rest"] = table.unknown_rest;
    return out;
}

// A schema from tuples (name, type, shape, length, stride, head, null_stride, null_at, records).
Schema to_schema(const py::list& fields, std::int64_t text_bytes) {
    Schema schema;
    schema.text_bytes = text_bytes;
    for (const py::handle& item : fields) {
        const auto spec = py::cast<py::tuple>(item);
        Field field;
        field.name = py::cast<std::string>(spec[0]);
        field.type = static_cast<Type>(py::cast<int>(spec[1]));
        field.shape = static_cast<Shape>(py::cast<int>(spec[2]));
        field.length = py::cast<std::int64_t>(spec[3]);
        field.stride = py::cast<std::int64_t>(spec[4]);
        field.head = py::cast<std::int64_t>(spec[5]);
        field.null_stride = py::cast<std::int64_t>(spec[6]);
        field.null_at = py::cast<std::int64_t>(spec[7]);
        if (field.type == Type::table) {
            field.records = std::make_unique<Schema>(to_schema(py::cast<py::list>(spec[8]), text_bytes));
        }
        schema.fields.push_back(std::move(field));
    }
    return schema;
}

py::dict columns(const py::bytes& data, std::int64_t start, int depth, bool last, const py::list& fields,
                 const py::tuple& limits, int threads, std::int64_t stretch, std::int64_t end) {
    const std::string_view text = data;
    const Schema schema = to_schema(fields, py::cast<std::int64_t>(limits[4]));
    const Limit limit{py::cast<int>(limits[0]), py::cast<std::int64_t>(limits[1]),
                      py::cast<std::int64_t>(limits[2]), py::cast<std::int64_t>(limits[3])};
    if (start < 0 || start > static_cast<std::int64_t>(text.size())) throw py::index_error("start");
    Table table(schema);
    Scanner scan(text, start, limit.depth, limit.keys);
    scan.depth = depth;
    try {
        py::gil_scoped_release release;
        read_array(scan, text, table, limit, threads > 0 ? threads : thread_limit(),
                   std::max<std::int64_t>(stretch, 1), end < 0 ? static_cast<std::int64_t>(text.size()) : end);
        if (last) scan.finish();
    } catch (const Stop& stop) {
        raise_stop(stop);
    }
    py::dict out = to_python(table);
    out["end"] = scan.offset();
    return out;
}

// Line (from 1) that holds byte `offset`.
py::ssize_t line_of(const py::bytes& data, py::ssize_t offset) {
    const std::string_view text = data;
    const auto end = std::clamp<py::ssize_t>(offset, 0, static_cast<py::ssize_t>(text.size()));
    return 1 + std::count(text.begin(), text.begin() + end, '\n');
}

}  // namespace

}  // namespace poseval::json

void bind_json(py::module_& module) {
    using namespace poseval::json;
    static py::exception<Stop> stop_type(module, "JsonStop", PyExc_ValueError);
    module.def("json_columns", &columns, py::arg("data"), py::arg("start"), py::arg("depth"), py::arg("last"),
               py::arg("fields"), py::arg("limits"), py::arg("threads"),
               py::arg("stretch"), py::arg("end"));
    module.def("json_outline", &outline, py::arg("data"), py::arg("depth"), py::arg("keys"));
    module.def("json_check", &check, py::arg("data"), py::arg("start"), py::arg("depth"),
               py::arg("max_depth"), py::arg("max_keys"));
    module.def("line_of", &line_of, py::arg("data"), py::arg("offset"));
}
