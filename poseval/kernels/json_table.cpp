// Reads JSON objects into columns: one pass, no tree.
#include "json_table.hpp"

#include <algorithm>
#include <limits>

namespace poseval::json {

namespace {

constexpr double NOT_GIVEN = std::numeric_limits<double>::quiet_NaN();
constexpr int UNKNOWN_REST = std::numeric_limits<int>::min();

bool has_start(const Field& field) {
    return field.shape == Shape::list || field.shape == Shape::lists || field.type == Type::table;
}

// Reads the values of one row; the row's record number is `table.count` while it is being read.
class Row {
public:
    Row(Scanner& scan, Table& table, const Limit& limit) : scan_(scan), table_(table), limit_(limit) {}

    void read();

private:
    void keys();
    void value(int index);
    void absent(int index, Mark mark);
    void wrong(int index, std::int64_t element, Wrong kind, std::int64_t found = 0) {
        table_.wrong(index, element, scan_.offset(), kind, found);
    }
    void wrong_type(int index, std::int64_t element) {
        wrong(index, element, Wrong::type, static_cast<std::int64_t>(scan_.kind()));
        scan_.skip();
    }
    int field_of_key();
    int search(std::string_view name);
    double element(int index, const Field& field, std::int64_t place);
    void one_number(int index, const Field& field, Column& column);
    void one_integer(int index, Column& column);
    void one_flag(int index, Column& column);
    void one_text(int index, Column& column);
    void one_id(int index, Column& column);
    void fixed_list(int index, const Field& field, Column& column);
    void list(int index, const Field& field, Column& column);
    void lists(int index, const Field& field, Column& column);
    void records(int index, Column& column);
    bool integer(int index, std::int64_t& value);
    bool put_text(int index, Column& column);

    Scanner& scan_;
    Table& table_;
    const Limit& limit_;
    std::size_t slot_ = 0;
};

// The field whose key stands at the cursor (on its quote), or ~i for the i-th unknown key.
int Row::field_of_key() {
    const std::size_t slot = slot_++;
    if (slot < table_.order.size()) {
        const auto& [text, index] = table_.order[slot];
        if (static_cast<std::size_t>(scan_.end - scan_.p) >= text.size() &&
            std::memcmp(scan_.p, text.data(), text.size()) == 0) {
            scan_.p += text.size();
            return index;
        }
    }
    if (*scan_.p != '"') scan_.unexpected();
    const char* begin = scan_.p;
    bool escaped = false;
    const std::string_view raw = scan_.string(escaped);
    const int index = escaped ? search(unescape(raw)) : search(raw);
    if (index != UNKNOWN_REST && slot <= table_.order.size() && slot < 64) {
        if (slot == table_.order.size()) table_.order.emplace_back();
        table_.order[slot] = {std::string(begin, scan_.p), index};
    }
    return index;
}

int Row::search(std::string_view name) {
    const auto& fields = table_.schema->fields;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (fields[i].name == name) return static_cast<int>(i);
    }
    for (std::size_t i = 0; i < table_.unknown.size(); ++i) {
        if (table_.unknown[i].first == name) return ~static_cast<int>(i);
    }
    if (table_.unknown.size() >= UNKNOWN_KEPT) return UNKNOWN_REST;
    table_.unknown.emplace_back(name, 0);
    return ~static_cast<int>(table_.unknown.size() - 1);
}

void Row::read() {
    table_.offset.push(scan_.offset());
    if (scan_.kind() == Kind::object) keys();
    else wrong_type(-1, -1);
    const auto row = static_cast<std::size_t>(table_.count);
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
        if (table_.columns[i].mark.size() == row) absent(static_cast<int>(i), Mark::absent);
    }
    ++table_.count;
}

void Row::keys() {
    scan_.enter();
    ++scan_.p;
    scan_.space();
    if (*scan_.p == '}') {
        ++scan_.p;
        scan_.leave();
        return;
    }
    const auto row = static_cast<std::size_t>(table_.count);
    std::int64_t count = 0;
    do {
        if (++count > limit_.keys) scan_.stop(Bad::keys);
        const char* at = scan_.p;
        const int index = field_of_key();
        scan_.space();
        scan_.expect(':');
        scan_.space();
        if (index < 0) {
            if (index == UNKNOWN_REST) ++table_.unknown_rest;
            else ++table_.unknown[static_cast<std::size_t>(~index)].second;
            scan_.skip();
        } else if (table_.columns[static_cast<std::size_t>(index)].mark.size() > row) {
            table_.wrong(index, -1, at - scan_.base, Wrong::repeated);
            scan_.skip();
        } else {
            value(index);
        }
    } while (scan_.more('}'));
    scan_.leave();
}

void Row::absent(int index, Mark mark) {
    const Field& field = table_.schema->fields[static_cast<std::size_t>(index)];
    Column& column = table_.columns[static_cast<std::size_t>(index)];
    column.mark.push(static_cast<std::uint8_t>(mark));
    if (has_start(field)) {
        column.start.push(column.start.back());
        return;
    }
    if (field.shape == Shape::fixed) {
        column.values.fill(static_cast<std::size_t>(field.length), NOT_GIVEN);
        return;
    }
    switch (field.type) {
        case Type::number: column.values.push(NOT_GIVEN); break;
        case Type::integer: case Type::flag: column.integers.push(-1); break;
        case Type::id: column.integers.push(-1); [[fallthrough]];
        case Type::text: column.text_start.push(static_cast<std::int64_t>(column.text.size())); break;
        case Type::span: column.integers.fill(2, -1); break;
        case Type::table: break;
    }
}

void Row::value(int index) {
    const Field& field = table_.schema->fields[static_cast<std::size_t>(index)];
    Column& column = table_.columns[static_cast<std::size_t>(index)];
    if (*scan_.p == 'n' && field.type != Type::span) {
        if (field.null_stride == 0) wrong(index, -1, Wrong::null);
        scan_.literal("null");
        absent(index, Mark::null);
        return;
    }
    if (field.type == Type::table) return records(index, column);
    switch (field.shape) {
        case Shape::fixed: return fixed_list(index, field, column);
        case Shape::list: return list(index, field, column);
        case Shape::lists: return lists(index, field, column);
        case Shape::one: break;
    }
    switch (field.type) {
        case Type::number: return one_number(index, field, column);
        case Type::integer: return one_integer(index, column);
        case Type::flag: return one_flag(index, column);
        case Type::text: return one_text(index, column);
        case Type::id: return one_id(index, column);
        case Type::span: {
            column.mark.push(static_cast<std::uint8_t>(Mark::given));
            column.integers.push(scan_.offset());
            scan_.skip();
            column.integers.push(scan_.offset());
            return;
        }
        case Type::table: return;
    }
}

// One number of a list or a scalar; NaN (and a fault) for what is none.
double Row::element(int index, const Field& field, std::int64_t place) {
    double short_value = 0.0;
    if (const char* behind = read_short(scan_.p, scan_.end, short_value)) {
        scan_.p = behind;
        return short_value;
    }
    const char c = *scan_.p;
    if (is_digit(c) || (c == '-' && scan_.p[1] != 'I')) {
        const char* at = scan_.p;
        const double value = to_double(scan_.number());
        if (std::isfinite(value)) return value;
        table_.wrong(index, place, at - scan_.base, Wrong::nonfinite);
        return NOT_GIVEN;
    }
    switch (scan_.kind()) {
        case Kind::nonfinite:
            wrong(index, place, Wrong::nonfinite);
            scan_.nonfinite();
            return NOT_GIVEN;
        case Kind::null:
            if (field.null_stride == 0 || place % field.null_stride != field.null_at) {
                wrong(index, place, Wrong::null);
            }
            scan_.literal("null");
            return NOT_GIVEN;
        default:
            wrong_type(index, place);
            return NOT_GIVEN;
    }
}

void Row::one_number(int index, const Field& field, Column& column) {
    const double value = element(index, field, -1);
    column.mark.push(static_cast<std::uint8_t>(Mark::given));
    column.values.push(value);
    ++table_.numbers;
}

// An exact integer at the cursor; false, with a fault, for anything else.
bool Row::integer(int index, std::int64_t& value) {
    const char* at = scan_.p;
    const Kind found = scan_.kind();
    if (found == Kind::nonfinite) {
        wrong(index, -1, Wrong::nonfinite);
        scan_.nonfinite();
        return false;
    }
    if (found != Kind::number) {
        wrong_type(index, -1);
        return false;
    }
    switch (to_integer(scan_.number(), value)) {
        case IntegerFault::none: return true;
        case IntegerFault::fraction: table_.wrong(index, -1, at - scan_.base, Wrong::fraction); return false;
        case IntegerFault::range: table_.wrong(index, -1, at - scan_.base, Wrong::range); return false;
    }
    return false;
}

void Row::one_integer(int index, Column& column) {
    std::int64_t value = -1;
    integer(index, value);
    column.mark.push(static_cast<std::uint8_t>(Mark::given));
    column.integers.push(value);
    ++table_.numbers;
}

void Row::one_flag(int index, Column& column) {
    std::int64_t value = -1;
    if (scan_.kind() == Kind::boolean) {
        value = scan_.boolean() ? 1 : 0;
    } else {
        const std::int64_t at = scan_.offset();
        if (integer(index, value) && value != 0 && value != 1) table_.wrong(index, -1, at, Wrong::flag, value);
    }
    column.mark.push(static_cast<std::uint8_t>(Mark::given));
    column.integers.push(value);
}

// Appends the string at the cursor to the column's text; a text that is too long stays out, with a fault.
bool Row::put_text(int index, Column& column) {
    const std::int64_t at = scan_.offset();
    bool escaped = false;
    std::string_view raw = scan_.string(escaped);
    std::string resolved;
    if (escaped && raw.size() <= static_cast<std::size_t>(table_.schema->text_bytes) * 6) {
        resolved = unescape(raw);
        raw = resolved;
    }
    if (raw.size() > static_cast<std::size_t>(table_.schema->text_bytes)) {
        table_.wrong(index, -1, at, Wrong::long_text, static_cast<std::int64_t>(raw.size()));
        return false;
    }
    column.text.append(raw.data(), raw.size());
    return true;
}

void Row::one_text(int index, Column& column) {
    if (scan_.kind() == Kind::string) put_text(index, column);
    else wrong_type(index, -1);
    column.mark.push(static_cast<std::uint8_t>(Mark::given));
    column.text_start.push(static_cast<std::int64_t>(column.text.size()));
}

void Row::one_id(int index, Column& column) {
    std::int64_t value = -1;
    Mark mark = Mark::given;
    if (scan_.kind() == Kind::string) {
        put_text(index, column);
        mark = Mark::text;
    } else {
        integer(index, value);
    }
    column.mark.push(static_cast<std::uint8_t>(mark));
    column.integers.push(value);
    column.text_start.push(static_cast<std::int64_t>(column.text.size()));
    ++table_.numbers;
}

void Row::fixed_list(int index, const Field& field, Column& column) {
    if (scan_.kind() != Kind::array) {
        wrong_type(index, -1);
        absent(index, Mark::given);
        return;
    }
    const std::int64_t at = scan_.offset();
    const std::size_t before = column.values.size();
    std::int64_t count = 0;
    scan_.enter();
    ++scan_.p;
    scan_.space();
    if (*scan_.p == ']') {
        ++scan_.p;
    } else {
        do {
            const double value = element(index, field, count);
            if (count++ < field.length) column.values.push(value);
        } while (scan_.more(']'));
    }
    scan_.leave();
    Mark mark = Mark::given;
    if (count == 0 && field.null_stride != 0) {
        mark = Mark::null;  // an empty list says "none" where null may
    } else if (count != field.length) {
        table_.wrong(index, -1, at, Wrong::length, count);
    }
    column.values.resize_down(before + static_cast<std::size_t>(std::min(count, field.length)));
    while (column.values.size() < before + static_cast<std::size_t>(field.length)) {
        column.values.push(NOT_GIVEN);
    }
    column.mark.push(static_cast<std::uint8_t>(mark));
    table_.numbers += field.length;
}

void Row::list(int index, const Field& field, Column& column) {
    if (scan_.kind() != Kind::array) {
        wrong_type(index, -1);
        absent(index, Mark::given);
        return;
    }
    const std::int64_t at = scan_.offset();
    const std::size_t values_before = column.values.size();
    const std::size_t tail_before = column.tail.size();
    std::int64_t count = 0;
    std::int64_t phase = 0;
    scan_.enter();
    ++scan_.p;
    scan_.space();
    if (*scan_.p == ']') {
        ++scan_.p;
    } else {
        do {
            const double value = element(index, field, count);
            if (phase < field.head) column.values.push(value);
            else column.tail.push(value);
            if (++phase == field.stride) phase = 0;
            if (++count > limit_.numbers) scan_.stop(Bad::numbers);
        } while (scan_.more(']'));
    }
    scan_.leave();
    if (phase != 0) {
        table_.wrong(index, -1, at, Wrong::length, count);
        const auto whole = static_cast<std::size_t>(count / field.stride);
        column.values.resize_down(values_before + whole * static_cast<std::size_t>(field.head));
        column.tail.resize_down(tail_before + whole * static_cast<std::size_t>(field.stride - field.head));
    }
    column.mark.push(static_cast<std::uint8_t>(Mark::given));
    column.start.push(column.start.back() + count / field.stride);
    table_.numbers += count;
}

void Row::lists(int index, const Field& field, Column& column) {
    std::int64_t place = 0;
    if (scan_.kind() != Kind::array) {
        wrong_type(index, -1);
        absent(index, Mark::given);
        return;
    }
    scan_.enter();
    ++scan_.p;
    scan_.space();
    if (*scan_.p == ']') {
        ++scan_.p;
    } else {
        do {
            if (scan_.kind() != Kind::array) {
                wrong_type(index, place++);
                continue;
            }
            scan_.enter();
            ++scan_.p;
            scan_.space();
            if (*scan_.p == ']') {
                ++scan_.p;
            } else {
                do {
                    column.values.push(element(index, field, place++));
                    if (place > limit_.numbers) scan_.stop(Bad::numbers);
                } while (scan_.more(']'));
            }
            scan_.leave();
            column.inner.push(static_cast<std::int64_t>(column.values.size()));
        } while (scan_.more(']'));
    }
    scan_.leave();
    column.mark.push(static_cast<std::uint8_t>(Mark::given));
    column.start.push(static_cast<std::int64_t>(column.inner.size()) - 1);
    table_.numbers += place;
}

void Row::records(int index, Column& column) {
    if (scan_.kind() != Kind::array) {
        wrong_type(index, -1);
        absent(index, Mark::given);
        return;
    }
    scan_.enter();
    ++scan_.p;
    scan_.space();
    if (*scan_.p == ']') {
        ++scan_.p;
    } else {
        do {
            const std::int64_t numbers = column.records->numbers;
            read_record(scan_, *column.records, limit_);
            table_.numbers += column.records->numbers - numbers;
        } while (scan_.more(']'));
    }
    scan_.leave();
    column.mark.push(static_cast<std::uint8_t>(Mark::given));
    column.start.push(column.records->count);
}

}  // namespace

Table::Table(const Schema& schema_) : schema(&schema_), columns(schema_.fields.size()) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const Field& field = schema_.fields[i];
        if (field.records) columns[i].records = std::make_unique<Table>(*field.records);
    }
    clear();
}

void Table::clear() {
    count = numbers = unknown_rest = 0;
    offset.clear();
    faults.clear();
    fault_counts.clear();
    for (auto& [name, times] : unknown) times = 0;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        Column& column = columns[i];
        column.mark.clear();
        column.values.clear();
        column.tail.clear();
        column.integers.clear();
        column.text.clear();
        for (auto* starts : {&column.start, &column.inner, &column.text_start}) {
            starts->clear();
            starts->push(0);
        }
        if (column.records) column.records->clear();
    }
}

void Table::reserve(double times) {
    const auto enlarge = [times](auto& buffer) {
        buffer.reserve(static_cast<std::size_t>(static_cast<double>(buffer.size()) * times));
    };
    enlarge(offset);
    for (Column& column : columns) {
        enlarge(column.mark);
        enlarge(column.values);
        enlarge(column.tail);
        enlarge(column.integers);
        enlarge(column.start);
        enlarge(column.inner);
        enlarge(column.text);
        enlarge(column.text_start);
        if (column.records) column.records->reserve(times);
    }
}

void Table::wrong(int field, std::int64_t element, std::int64_t at, Wrong kind, std::int64_t found) {
    ++fault_counts[{field, static_cast<int>(kind)}];
    if (faults.size() < FAULTS_KEPT) faults.push_back({field, count, element, at, kind, found});
}

// Joins the rows of a later stretch of the same array.
void Table::append(const Table& other) {
    for (const Fault& fault : other.faults) {
        if (faults.size() >= FAULTS_KEPT) break;
        faults.push_back(fault);
        faults.back().record += count;
    }
    for (const auto& [key, times] : other.fault_counts) fault_counts[key] += times;
    for (const auto& [name, times] : other.unknown) {
        if (times == 0) continue;
        const auto known =
            std::find_if(unknown.begin(), unknown.end(), [&](const auto& entry) { return entry.first == name; });
        if (known != unknown.end()) known->second += times;
        else if (unknown.size() < UNKNOWN_KEPT) unknown.emplace_back(name, times);
        else unknown_rest += times;
    }
    unknown_rest += other.unknown_rest;
    offset.append(other.offset);
    for (std::size_t i = 0; i < columns.size(); ++i) {
        Column& into = columns[i];
        const Column& from = other.columns[i];
        into.mark.append(from.mark);
        into.start.append_offsets(from.start, into.start.back());
        into.inner.append_offsets(from.inner, into.inner.back());
        into.text_start.append_offsets(from.text_start, into.text_start.back());
        into.values.append(from.values);
        into.tail.append(from.tail);
        into.integers.append(from.integers);
        into.text.append(from.text);
        if (into.records) into.records->append(*from.records);
    }
    count += other.count;
    numbers += other.numbers;
}

void read_record(Scanner& scan, Table& table, const Limit& limit) {
    if (table.count >= limit.records) scan.stop(Bad::records);
    Row(scan, table, limit).read();
    if (table.numbers > limit.numbers) scan.stop(Bad::numbers);
}

}  // namespace poseval::json
