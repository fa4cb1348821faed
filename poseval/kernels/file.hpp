// Parts of an open file.
#pragma once

#include <cstdint>

namespace poseval {

// Reads the bytes from `begin` on, `size` of them, or as many as the file has; -1, with errno, where it cannot be
// read.
std::int64_t read_part(int handle, char* data, std::int64_t begin, std::int64_t size);

}  // namespace poseval
