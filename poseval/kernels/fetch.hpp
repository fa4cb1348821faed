// Memory asked for before it is read.
#pragma once

#include <cstddef>
#include <cstdint>

namespace poseval {

constexpr std::int64_t AHEAD = 6;  // rows that are on their way from memory while one is worked on

// Asks for bytes that will be read soon.
inline void fetch([[maybe_unused]] const void* at, [[maybe_unused]] std::size_t size) {
#if defined(__GNUC__)
    constexpr std::size_t LINE = 64;
    for (std::size_t k = 0; k < size; k += LINE) __builtin_prefetch(static_cast<const char*>(at) + k);
#endif
}

}  // namespace poseval
