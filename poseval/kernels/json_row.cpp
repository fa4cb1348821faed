// Keys and single values of a row.
#include "json_row.hpp"

#include "json_text.hpp"

namespace poseval::json {

namespace {

constexpr int UNKNOWN_REST = std::numeric_limits<int>::min();

bool has_start(const Field& field) {
    return field.shape == Shape::list || field.shape == Shape::lists || field.type == Type::table;
}

}  // namespace

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

// An element that `read_short` has left.
double Row::long_element(int index, const Field& field, std::int64_t place) {
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

void read_record(Scanner& scan, Table& table, const Limit& limit) {
    if (table.count >= limit.records) scan.stop(Bad::records);
    Row(scan, table, limit).read();
    if (table.numbers > limit.numbers) scan.stop(Bad::numbers);
}

}  // namespace poseval::json
