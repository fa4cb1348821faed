// A growing array of plain values.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "large_pages.hpp"

namespace poseval {

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
        if (next > std::numeric_limits<std::ptrdiff_t>::max() / sizeof(T)) throw std::bad_alloc();
        void* moved = std::realloc(data_, next * sizeof(T));
        if (moved == nullptr) throw std::bad_alloc();
        ask_for_large_pages(moved, next * sizeof(T));
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

}  // namespace poseval
