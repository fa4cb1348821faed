// Lists of numbers, and lists of records, as values of a row.
#include <algorithm>

#include "json_row.hpp"

namespace poseval::json {

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
        const auto put = [&](double value) {
            if (phase < field.head) column.values.push(value);
            else column.tail.push(value);
            if (++phase == field.stride) phase = 0;
            ++count;
        };
        scan_.p = read_numbers(scan_.p, scan_.end, limit_.numbers, put);
        do {
            put(element(index, field, count));
            if (count > limit_.numbers) scan_.stop(Bad::numbers);
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
    scan_.items([&] {
        if (scan_.kind() != Kind::array) {
            wrong_type(index, place++);
            return;
        }
        scan_.items([&] {
            column.values.push(element(index, field, place++));
            if (place > limit_.numbers) scan_.stop(Bad::numbers);
        });
        column.inner.push(static_cast<std::int64_t>(column.values.size()));
    });
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
    scan_.items([&] {
        const std::int64_t numbers = column.records->numbers;
        read_record(scan_, *column.records, limit_);
        table_.numbers += column.records->numbers - numbers;
    });
    column.mark.push(static_cast<std::uint8_t>(Mark::given));
    column.start.push(column.records->count);
}

}  // namespace poseval::json
