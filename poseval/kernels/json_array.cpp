// Stretches of an array are read ahead by other threads, in the hope that a record starts where they do.
#include "json_array.hpp"

#include <algorithm>
#include <limits>

#include "parallel.hpp"

namespace poseval::json {

namespace {

constexpr std::int64_t SAMPLE = 1 << 16;    // bytes read before the rows of the whole are estimated
constexpr std::int64_t SHORTEST = 1 << 18;  // bytes that are worth a thread
constexpr std::int64_t WHOLE = std::numeric_limits<std::int64_t>::max();

// Reads records from the cursor (on an element of the array) until an element starts at or behind `until`.
// Returns true when the array ended.
bool read_stretch(Scanner& scan, Table& table, const Limit& limit, std::int64_t until) {
    while (scan.offset() < until) {
        read_record(scan, table, limit);
        if (!scan.more(']')) return true;
    }
    return false;
}

// Offset of a '{' behind '}' and ',' in the `bytes` from `from` on: where a record probably starts; -1 without
// one.
std::int64_t probable_record(std::string_view text, std::int64_t from, std::int64_t bytes) {
    const auto blank = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
    const auto stop = static_cast<std::size_t>(std::min<std::int64_t>(from + bytes, text.size()));
    for (auto at = static_cast<std::size_t>(from); at < stop; ++at) {
        at = text.find('{', at);
        if (at == std::string_view::npos || at >= stop) break;
        std::size_t back = at;
        while (back > 0 && blank(text[back - 1])) --back;
        if (back == 0 || text[back - 1] != ',') continue;
        --back;
        while (back > 0 && blank(text[back - 1])) --back;
        if (back > 0 && text[back - 1] == '}') return static_cast<std::int64_t>(at);
    }
    return -1;
}

// A stretch read ahead of time, in the hope that a record starts where it does.
struct Ahead {
    std::int64_t begin = -1;
    std::int64_t next = -1;  // where the following stretch starts
    bool ended = false;
    bool usable = false;
    std::unique_ptr<Table> table;
};

void read_ahead(Ahead& ahead, std::string_view text, const Limit& limit, int depth, std::int64_t until) {
    Scanner scan(text, ahead.begin, limit.depth, limit.keys);
    scan.depth = depth;
    try {
        ahead.table->clear();
        ahead.ended = read_stretch(scan, *ahead.table, limit, until);
        ahead.next = scan.offset();
        ahead.usable = ahead.table->unknown_rest == 0;
    } catch (const Stop&) {
        // Either a wrong guess or a real fault: reading in order tells, and names the right place.
    } catch (const std::exception&) {
        // No memory: reading in order needs less.
    }
}

// One reader ahead for each thread beside the caller's.
std::vector<Ahead> readers_for(const Table& table, std::int64_t threads) {
    std::vector<Ahead> ahead(static_cast<std::size_t>(std::max<std::int64_t>(threads - 1, 0)));
    for (Ahead& one : ahead) one.table = std::make_unique<Table>(*table.schema);
    return ahead;
}

}  // namespace

// Stretches read ahead are kept only when the reading in order arrives exactly
// at their first byte, so the result does not depend on the number of threads or the length of a stretch.
void read_array(Scanner& scan, std::string_view text, Table& table, const Limit& limit, int threads,
                std::int64_t stretch, std::int64_t end) {
    scan.space();
    scan.enter();
    scan.expect('[');
    scan.space();
    if (*scan.p == ']') {
        ++scan.p;
        scan.leave();
        return;
    }
    const std::int64_t begin = scan.offset();
    const std::int64_t bytes = std::max<std::int64_t>(end - begin, 1);
    bool ended = read_stretch(scan, table, limit, begin + std::min(SAMPLE, stretch));
    std::vector<Ahead> ahead;
    if (!ended) {
        ahead = readers_for(table, std::min<std::int64_t>(threads, bytes / std::min(stretch, SHORTEST) + 1));
        const double share = static_cast<double>(scan.offset() - begin);
        try {
            for (Ahead& one : ahead) one.table->reserve(table, 1.05 * static_cast<double>(stretch) / share);
            table.reserve(table, 1.05 * static_cast<double>(bytes) / share);
        } catch (const std::bad_alloc&) {
            // The guess was too high, or the rows will not fit either: growing tells.
        }
    }
    while (!ended) {
        const std::int64_t here = scan.offset();
        const std::int64_t left = std::max<std::int64_t>(end - here, 0);
        const std::int64_t share = left / static_cast<std::int64_t>(ahead.size() + 1) + 1;
        const std::int64_t step = std::min(stretch, std::max(share, SHORTEST));
        std::int64_t reach = here + step;
        std::size_t used = 0;
        while (used < ahead.size() && reach < end) {
            const std::int64_t guess = probable_record(text, reach, step);
            if (guess < 0) break;
            ahead[used++].begin = guess;
            reach = guess + step;
        }
        if (used == 0) {
            ended = read_stretch(scan, table, limit, ahead.empty() || reach >= end ? WHOLE : reach);
            continue;
        }
        {
            Helpers helpers;
            for (std::size_t i = 0; i < used; ++i) {
                const std::int64_t until = i + 1 < used ? ahead[i + 1].begin : reach;
                ahead[i].usable = false;
                // Without a thread the stretch is read in order.
                helpers.start([&one = ahead[i], text, &limit, depth = scan.depth, until] {
                    read_ahead(one, text, limit, depth, until);
                });
            }
            ended = read_stretch(scan, table, limit, ahead[0].begin);
        }
        for (std::size_t i = 0; i < used && !ended; ++i) {
            const Ahead& one = ahead[i];
            if (!one.usable || one.begin != scan.offset() ||
                table.count + one.table->count > limit.records ||
                table.numbers + one.table->numbers > limit.numbers) {
                ahead.clear();  // guesses do not hold in this file
                break;
            }
            table.append(*one.table);
            scan.p = scan.base + one.next;
            ended = one.ended;
        }
    }
    scan.leave();
}

}  // namespace poseval::json
