// Columns filled from JSON objects by a declared schema.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "json_scan.hpp"

namespace poseval::json {

// A growing array of plain values. `realloc` lets the system move pages instead of copying them.
template <class T>
class Buffer {
public:
    Buffer() = default;
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    Buffer(Buffer&& other) noexcept { swap(other); }
    Buffer& operator=(Buffer&& other) noexcept {
        swap(other);
        return *this;
    }
    ~Buffer() { std::free(data_); }

    void push(T value) {
        if (size_ == capacity_) grow(size_ + 1);
        data_[size_++] = value;
    }

    void fill(std::size_t count, T value) {
        for (std::size_t i = 0; i < count; ++i) push(value);
    }

    void append(const Buffer& other) {
        if (other.size_ == 0) return;
        if (size_ + other.size_ > capacity_) grow(size_ + other.size_);
        std::memcpy(data_ + size_, other.data_, other.size_ * sizeof(T));
        size_ += other.size_;
    }

    void append(const T* values, std::size_t count) {
        if (count == 0) return;
        if (size_ + count > capacity_) grow(size_ + count);
        std::memcpy(data_ + size_, values, count * sizeof(T));
        size_ += count;
    }

    // Appends the other's values after its first, moved by `shift`: joins two columns of offsets.
    void append_offsets(const Buffer& other, T shift) {
        for (std::size_t i = 1; i < other.size_; ++i) push(other.data_[i] + shift);
    }

    void reserve(std::size_t count) {
        if (count > capacity_) grow(count);
    }

    void resize_down(std::size_t count) { size_ = count < size_ ? count : size_; }
    void clear() { size_ = 0; }
    std::size_t size() const { return size_; }
    T back() const { return data_[size_ - 1]; }
    T operator[](std::size_t i) const { return data_[i]; }
    const T* data() const { return data_; }

    // Gives the memory away, cut to size; the receiver frees it with std::free.
    T* release() {
        if (size_ != 0 && size_ < capacity_) {
            if (void* smaller = std::realloc(data_, size_ * sizeof(T))) data_ = static_cast<T*>(smaller);
        }
        size_ = capacity_ = 0;
        return std::exchange(data_, nullptr);
    }

private:
    void grow(std::size_t wanted) {
        std::size_t next = capacity_ < 64 ? 64 : capacity_ + capacity_ / 2;
        if (next < wanted) next = wanted;
        void* moved = std::realloc(data_, next * sizeof(T));
        if (moved == nullptr) throw std::bad_alloc();
        data_ = static_cast<T*>(moved);
        capacity_ = next;
    }
    void swap(Buffer& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
    }

    T* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

enum class Type : int { number, integer, flag, text, id, span, table };
enum class Shape : int { one, fixed, list, lists };

// State of one field in one record.
enum class Mark : std::uint8_t { absent = 0, given = 1, null = 2, text = 3 };

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
    int depth;
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
    // Makes room for `times` as many rows as there are. The system gives memory only where it is written to,
    // so a high guess costs nothing.
    void reserve(double times);
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
