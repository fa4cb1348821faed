// An array of objects read into a table, by several threads where it is long.
#pragma once

#include "json_table.hpp"

namespace poseval::json {

// Reads the array at the cursor, which ends about `end`: nothing is read ahead behind that. The result depends
// neither on it, nor on `threads`, nor on `stretch`, the most bytes that one thread reads at a time.
void read_array(Scanner& scan, std::string_view text, Table& table, const Limit& limit, int threads,
                std::int64_t stretch, std::int64_t end);

}  // namespace poseval::json
