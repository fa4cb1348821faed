// Columns filled from JSON objects by a declared schema.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "buffer.hpp"
#include "json_scan.hpp"

namespace poseval::json {

// The names are the words of the Python face.
enum class Type : int { number, integer, flag, text, id, span, table };
enum class Shape : int { one, fixed, list, lists };

inline constexpr const char* TYPE_NAMES[] = {"number", "integer", "flag", "text", "id", "span", "records"};
inline constexpr const char* SHAPE_NAMES[] = {"one", "fixed", "list", "lists"};

// State of one field in one record; exported to Python.
enum class Mark : std::uint8_t { absent, given, null, text };

// What can be wrong with one value; the reading goes on.
enum class Wrong : int { type, nonfinite, null, repeated, length, fraction, range, flag, long_text };

inline constexpr const char* WRONG_NAMES[] = {
    "type", "nonfinite", "null", "repeated", "length", "fraction", "range", "flag", "long_text",
};

struct Fault {
    int field;  // -1: the record itself
    std::int64_t record;
    std::int64_t element;  // -1 when the fault is of the whole value
    std::int64_t offset;
    Wrong kind;
    std::int64_t found;  // Kind of the value for `type`, length for `length`
};

inline constexpr std::size_t FAULTS_KEPT = 1000;   // per table; the rest are counted
inline constexpr std::size_t UNKNOWN_KEPT = 256;   // distinct unknown keys with a name; the rest are counted

struct Schema;

struct Field {
    std::string name;
    Type type = Type::number;
    Shape shape = Shape::one;
    std::int64_t length = 0;  // of a fixed list
    std::int64_t stride = 1;  // a list of points: so many numbers each,
    std::int64_t head = 1;    // the first `head` of which go to `values`, the rest to `tail`
    std::int64_t null_stride = 0;  // 0: null is a fault; else null is NaN at element % null_stride == null_at,
    std::int64_t null_at = 0;      // and for the value as a whole
    std::unique_ptr<Schema> records;
};

struct Schema {
    std::vector<Field> fields;
    std::int64_t text_bytes = 1024;  // longest text value
};

struct Limit {
    std::int64_t depth;
    std::int64_t keys;
    std::int64_t records;
    std::int64_t numbers;
};

struct Table;

struct Column {
    Buffer<std::uint8_t> mark;    // [N]
    Buffer<double> values;        // numbers
    Buffer<double> tail;          // numbers of points behind the head
    Buffer<std::int64_t> integers;  // integers, flags, ids; spans as start, end
    Buffer<std::int64_t> start;   // [N + 1] into values (points, not numbers) or the inner lists
    Buffer<std::int64_t> inner;   // lists of lists: [M + 1] into values
    Buffer<char> text;            // UTF-8
    Buffer<std::int64_t> text_start;  // [N + 1]
    std::unique_ptr<Table> records;
};

struct Table {
    explicit Table(const Schema& schema_);

    void append(const Table& other);
    void clear();
    // Makes room for `times` as many rows as `sample` has. The system gives memory only where it is written to,
    // so a high guess costs nothing.
    void reserve(const Table& sample, double times);
    void wrong(int field, std::int64_t element, std::int64_t offset, Wrong kind, std::int64_t found = 0);

    const Schema* schema;
    std::int64_t count = 0;
    std::int64_t numbers = 0;  // values kept, for the limit
    Buffer<std::int64_t> offset;  // [N] byte offset of each record
    std::vector<Column> columns;
    std::vector<Fault> faults;
    std::map<std::pair<int, int>, std::int64_t> fault_counts;  // (field, kind)
    std::vector<std::pair<std::string, std::int64_t>> unknown;
    std::int64_t unknown_rest = 0;
    // Keys in the order of the last record: most files repeat it, and a comparison beats a search.
    std::vector<std::pair<std::string, int>> order;
};

// Reads the value at the cursor into a new row of the table; what is no object is a fault with field -1.
void read_record(Scanner& scan, Table& table, const Limit& limit);

}  // namespace poseval::json
