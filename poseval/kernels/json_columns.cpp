// Columns of records as NumPy arrays: the binding to Python.
#include <algorithm>
#include <iterator>
#include <tuple>

#include "arrays.hpp"
#include "file.hpp"
#include "json_array.hpp"
#include "json_text.hpp"
#include "parallel.hpp"

namespace py = pybind11;

namespace poseval::json {

py::dict outline(const py::bytes& data, std::int64_t max_depth, std::int64_t max_keys);
void check(const py::bytes& data, std::int64_t start, int depth, std::int64_t max_depth, std::int64_t max_keys);
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
        return to_text(field < 0 ? std::string_view() : fields[static_cast<std::size_t>(field)].name);
    };
    py::dict out;
    py::dict columns;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        columns[to_text(fields[i].name)] = to_python(fields[i], table.columns[i]);
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

// Numbers in a list of fixed length; a record needs room for all of them whether they are there or not.
constexpr std::int64_t LONGEST_FIXED = 1 << 20;
constexpr std::int64_t LARGEST_WINDOW = std::int64_t{1} << 30;
constexpr int DEEPEST_SCHEMA = 8;  // records in records

template <class Names>
int place_of(const py::handle& word, const Names& names, const char* what) {
    const auto text = py::cast<std::string>(word);
    const auto found = std::find(std::begin(names), std::end(names), text);
    want(found != std::end(names), what, "is not known");
    return static_cast<int>(found - std::begin(names));
}

// A name as files spell it: half a surrogate pair, which JSON can escape, is kept as `to_text` gives it.
std::string to_name(const py::handle& name) {
    want(py::isinstance<py::str>(name), "name", "wanted a text");
    const auto bytes = py::reinterpret_steal<py::bytes>(
        PyUnicode_AsEncodedString(name.ptr(), "utf-8", "surrogatepass"));
    if (!bytes) throw py::error_already_set();
    return bytes;
}

Schema to_schema(const py::list& fields, std::int64_t text_bytes, int depth);

// From a tuple (name, type, shape, length, stride, head, null_stride, null_at, records).
Field to_field(const py::handle& item, std::int64_t text_bytes, int depth) {
    want(py::isinstance<py::tuple>(item) && py::len(item) == 9, "fields", "wanted tuples of nine");
    const auto spec = py::reinterpret_borrow<py::tuple>(item);
    Field field;
    field.name = to_name(spec[0]);
    field.type = static_cast<Type>(place_of(spec[1], TYPE_NAMES, "type"));
    field.shape = static_cast<Shape>(place_of(spec[2], SHAPE_NAMES, "shape"));
    field.length = py::cast<std::int64_t>(spec[3]);
    field.stride = py::cast<std::int64_t>(spec[4]);
    field.head = py::cast<std::int64_t>(spec[5]);
    field.null_stride = py::cast<std::int64_t>(spec[6]);
    field.null_at = py::cast<std::int64_t>(spec[7]);
    want(field.shape == Shape::one || field.type == Type::number, "shape", "wanted a list of numbers only");
    want(field.length >= 0 && field.length <= LONGEST_FIXED, "length", "out of range");
    want(field.stride >= 1 && field.head >= 0 && field.head <= field.stride, "stride", "out of range");
    want(field.null_stride >= 0 && field.null_at >= 0, "null_stride", "out of range");
    if (field.type == Type::table) {
        want(py::isinstance<py::list>(spec[8]), "fields", "wanted a list of fields of records");
        field.records = std::make_unique<Schema>(
            to_schema(py::reinterpret_borrow<py::list>(spec[8]), text_bytes, depth + 1));
    }
    return field;
}

Schema to_schema(const py::list& fields, std::int64_t text_bytes, int depth) {
    want(depth <= DEEPEST_SCHEMA, "fields", "wanted fewer records in records");
    Schema schema;
    schema.text_bytes = text_bytes;
    try {
        for (const py::handle& item : fields) schema.fields.push_back(to_field(item, text_bytes, depth));
    } catch (const py::cast_error&) {
        throw py::type_error("fields: wanted words and whole numbers");
    }
    return schema;
}

using Limits = std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t>;

Limit limit_of(const Limits& limits) {
    const auto [deepest, keys, records, numbers, text_bytes] = limits;
    for (const std::int64_t bound : {deepest, keys, records, numbers, text_bytes}) {
        want(bound >= 0, "limits", "wanted 0 or more");
    }
    return {deepest, keys, records, numbers};
}

py::dict columns(const py::bytes& data, std::int64_t start, int depth, bool last, const py::list& fields,
                 const Limits& limits, int threads, std::int64_t stretch, std::int64_t end) {
    const std::string_view text = data;
    const auto bytes = static_cast<std::int64_t>(text.size());
    const Limit limit = limit_of(limits);
    want(start >= 0 && start <= bytes, "start", "out of range");
    want(depth >= 0 && depth <= DEEPEST, "depth", "out of range");
    want(threads >= 0 && threads <= MOST_THREADS, "threads", "out of range");
    want(stretch >= 1, "stretch", "wanted 1 or more");
    const Schema schema = to_schema(fields, std::get<4>(limits), 0);
    Table table(schema);
    Scanner scan(text, start, limit.depth, limit.keys);
    scan.depth = depth;
    try {
        py::gil_scoped_release release;
        read_array(scan, text, table, limit, threads > 0 ? threads : thread_limit.load(),
                   std::min(stretch, bytes + 1), end < 0 ? bytes : std::min(end, bytes));
        if (last) scan.finish();
    } catch (const Stop& stop) {
        raise_stop(stop);
    }
    py::dict out = to_python(table);
    out["end"] = scan.offset();
    return out;
}

// The same from an open file; None where the file is not as usual, which reading it as a whole will tell.
py::object file_columns(int handle, std::int64_t size, std::int64_t start, const py::list& fields,
                        const Limits& limits, std::int64_t window, const py::function& digest) {
    const Limit limit = limit_of(limits);
    want(size >= 0, "size", "wanted 0 or more");
    want(window >= 1 && window <= LARGEST_WINDOW, "window", "out of range");
    want(start >= 0 && start < std::min(size, window), "start", "out of range");
    const Schema schema = to_schema(fields, std::get<4>(limits), 0);
    Table table(schema);
    const Source source{
        size,
        [=](char* data, std::int64_t at, std::int64_t count) { return read_part(handle, data, at, count) == count; },
        [&](const char* data, std::int64_t count) {
            const py::gil_scoped_acquire locked;
            try {
                digest(py::memoryview::from_memory(data, count));
                return true;
            } catch (const py::error_already_set&) {
                return false;
            }
        }};
    try {
        py::gil_scoped_release release;
        read_windows(source, start, window, table, limit);
    } catch (const Stop&) {
        return py::none();
    }
    return to_python(table);
}

// Line (from 1) that holds byte `offset`.
py::ssize_t line_of(const py::bytes& data, py::ssize_t offset) {
    const std::string_view text = data;
    want(offset >= 0 && offset <= static_cast<py::ssize_t>(text.size()), "offset", "out of range");
    return 1 + std::count(text.begin(), text.begin() + offset, '\n');
}

}  // namespace

}  // namespace poseval::json

void bind_json(py::module_& module) {
    using namespace poseval::json;
    static py::exception<Stop> stop_type(module, "JsonStop", PyExc_ValueError);
    module.def("json_columns", &columns, py::arg("data"), py::arg("start"), py::arg("depth"), py::arg("last"),
               py::arg("fields"), py::arg("limits"), py::arg("threads"),
               py::arg("stretch"), py::arg("end"));
    module.def("json_file_columns", &file_columns, py::arg("handle"), py::arg("size"), py::arg("start"),
               py::arg("fields"), py::arg("limits"), py::arg("window"), py::arg("digest"));
    module.def("json_outline", &outline, py::arg("data"), py::arg("depth"), py::arg("keys"));
    module.def("json_check", &check, py::arg("data"), py::arg("start"), py::arg("depth"),
               py::arg("max_depth"), py::arg("max_keys"));
    module.def("line_of", &line_of, py::arg("data"), py::arg("offset"));
    module.def("read_in_blocks", [](bool on) { reads_blocks = on; }, py::arg("on"));
    const std::pair<const char*, Mark> marks[] = {{"MARK_ABSENT", Mark::absent},
                                                  {"MARK_GIVEN", Mark::given},
                                                  {"MARK_NULL", Mark::null},
                                                  {"MARK_TEXT", Mark::text}};
    for (const auto& [name, mark] : marks) module.attr(name) = static_cast<int>(mark);
}
