// An array of objects read into a table, by several threads where it is long.
#pragma once

#include <functional>

#include "json_table.hpp"

namespace poseval::json {

// Reads the array at the cursor, which ends about `end`: nothing is read ahead behind that. The result depends
// neither on it, nor on `threads`, nor on `stretch`, the most bytes that one thread reads at a time.
void read_array(Scanner& scan, std::string_view text, Table& table, const Limit& limit, int threads,
                std::int64_t stretch, std::int64_t end);

// A file, and what is to be done with its bytes, one part after the other; both are false where they fail, and may
// be called by another thread.
struct Source {
    std::int64_t size;
    std::function<bool(char* data, std::int64_t at, std::int64_t size)> read;
    std::function<bool(const char* data, std::int64_t size)> digest;
};

// Reads the array that starts at byte `start` of a file and ends with it, in parts of `size` bytes; the file is
// never held as a whole. Stops at anything that is not as usual: where it is told nothing of what is wrong.
void read_windows(const Source& source, std::int64_t start, std::int64_t size, Table& table, const Limit& limit);

}  // namespace poseval::json
