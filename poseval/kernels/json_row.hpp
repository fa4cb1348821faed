// One JSON object becomes one row of a table.
#pragma once

#include <limits>

#include "json_table.hpp"

namespace poseval::json {

inline constexpr double NOT_GIVEN = std::numeric_limits<double>::quiet_NaN();

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
    // One number of a list or a scalar; NaN (and a fault) for what is none.
    double element(int index, const Field& field, std::int64_t place) {
        double value = 0.0;
        if (const char* behind = read_short(scan_.p, scan_.end, value)) {
            scan_.p = behind;
            return value;
        }
        return long_element(index, field, place);
    }
    double long_element(int index, const Field& field, std::int64_t place);
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

}  // namespace poseval::json
