// Tables: their rows counted, joined and cleared, and the faults kept.
#include "json_table.hpp"

#include <algorithm>

namespace poseval::json {

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

void Table::reserve(const Table& sample, double times) {
    const auto enlarge = [times](auto& buffer, const auto& like) {
        buffer.reserve(static_cast<std::size_t>(static_cast<double>(like.size()) * times));
    };
    enlarge(offset, sample.offset);
    for (std::size_t i = 0; i < columns.size(); ++i) {
        Column& column = columns[i];
        const Column& like = sample.columns[i];
        enlarge(column.mark, like.mark);
        enlarge(column.values, like.values);
        enlarge(column.tail, like.tail);
        enlarge(column.integers, like.integers);
        enlarge(column.start, like.start);
        enlarge(column.inner, like.inner);
        enlarge(column.text, like.text);
        enlarge(column.text_start, like.text_start);
        if (column.records) column.records->reserve(*like.records, times);
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

}  // namespace poseval::json
