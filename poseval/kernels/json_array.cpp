// Stretches of an array are read ahead by other threads, in the hope that a record starts where they do.
#include "json_array.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>

#include "large_pages.hpp"
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

// Whether the '{' at `at` stands behind '}' and ',': a record probably starts there.
bool may_start(std::string_view text, std::size_t at) {
    const auto blank = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
    while (at > 0 && blank(text[at - 1])) --at;
    if (at == 0 || text[at - 1] != ',') return false;
    --at;
    while (at > 0 && blank(text[at - 1])) --at;
    return at > 0 && text[at - 1] == '}';
}

// Makes room for the rows of `bytes`, of which `sample` has those of `share`.
void reserve(Table& table, const Table& sample, std::int64_t bytes, std::int64_t share) {
    try {
        table.reserve(sample, 1.05 * static_cast<double>(bytes) / static_cast<double>(share));
    } catch (const std::bad_alloc&) {
        // The guess was too high, or the rows will not fit either: growing tells.
    }
}

// Offset in the `bytes` from `from` on where a record probably starts; -1 without one.
std::int64_t probable_record(std::string_view text, std::int64_t from, std::int64_t bytes) {
    const auto stop = static_cast<std::size_t>(std::min<std::int64_t>(from + bytes, text.size()));
    for (auto at = static_cast<std::size_t>(from); at < stop; ++at) {
        at = text.find('{', at);
        if (at == std::string_view::npos || at >= stop) break;
        if (may_start(text, at)) return static_cast<std::int64_t>(at);
    }
    return -1;
}

// The last such place of a text; -1 without one.
std::int64_t last_record(std::string_view text) {
    for (std::size_t at = text.rfind('{'); at != std::string_view::npos && at > 0; at = text.rfind('{', at - 1)) {
        if (may_start(text, at)) return static_cast<std::int64_t>(at);
    }
    return -1;
}

// Reads the first rows of an array of about `bytes`, and makes room for the others by them. Returns how many bytes
// the first rows take, or -1 when the array ended.
std::int64_t read_sample(Scanner& scan, Table& table, const Limit& limit, std::int64_t most, std::int64_t bytes) {
    const std::int64_t begin = scan.offset();
    if (read_stretch(scan, table, limit, begin + std::min(SAMPLE, most))) return -1;
    const std::int64_t share = scan.offset() - begin;
    reserve(table, table, bytes, share);
    return share;
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

// A part of a file, behind what was left of the part before.
struct Window {
    explicit Window(std::int64_t size) : memory(new char[static_cast<std::size_t>(2 * size + 1)]), room(size) {
        ask_for_large_pages(memory.get(), static_cast<std::size_t>(2 * size + 1));
    }

    // The text, of which `left` bytes are of the part before; a zero byte follows.
    std::string_view text() const {
        return {memory.get() + room - left, static_cast<std::size_t>(left + size)};
    }

    std::unique_ptr<char[]> memory;
    std::int64_t room;
    std::int64_t at = 0;  // where the part starts in the file
    std::int64_t left = 0, size = 0;
};

bool fill(Window& window, std::int64_t at, const Source& source) {
    window.at = at;
    window.left = 0;
    window.size = std::min(window.room, source.size - at);
    window.memory[static_cast<std::size_t>(window.room + window.size)] = '\0';
    return source.read(window.memory.get() + window.room, at, window.size);
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
    const std::int64_t share = read_sample(scan, table, limit, stretch, bytes);
    bool ended = share < 0;
    std::vector<Ahead> ahead;
    if (!ended) {
        ahead = readers_for(table, std::min<std::int64_t>(threads, bytes / std::min(stretch, SHORTEST) + 1));
        for (Ahead& one : ahead) reserve(*one.table, table, stretch, share);
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

// Two windows take turns: while the records of one become rows, it is digested and the other is filled.
void read_windows(const Source& source, std::int64_t start, std::int64_t size, Table& table, const Limit& limit) {
    Window windows[2]{Window(size), Window(size)};
    if (!fill(windows[0], 0, source)) throw Stop{Bad::truncated, 0};
    for (int turn = 0;; ++turn) {
        Window& window = windows[turn % 2];
        Window& other = windows[1 - turn % 2];
        const std::string_view text = window.text();
        const std::int64_t base = window.at - window.left, end = window.at + window.size;
        const bool last = end >= source.size, first = turn == 0;
        std::atomic<bool> good{true};
        Scanner scan(text, first ? start : 0, limit.depth, limit.keys);
        scan.base -= base;  // offsets are those of the file
        scan.depth = 1;
        {
            const auto ahead = [&] {
                good = source.digest(window.memory.get() + window.room, window.size) &&
                       (last || fill(other, end, source));
            };
            Helpers helpers;
            if (thread_limit < 2 || !helpers.start(ahead)) ahead();
            const std::int64_t cut = last ? static_cast<std::int64_t>(text.size()) : last_record(text);
            if (cut < 0) scan.stop(Bad::truncated);
            bool ended = false;
            if (first) {
                scan.expect('[');
                scan.space();
                ended = read_sample(scan, table, limit, cut / 2, source.size) < 0;
            }
            if (!ended) ended = read_stretch(scan, table, limit, last ? WHOLE : base + cut);
            if (ended != last) scan.stop(Bad::junk);
        }
        if (!good) scan.stop(Bad::truncated);
        if (last) return scan.finish();
        other.left = end - scan.offset();
        if (other.left > other.room) scan.stop(Bad::truncated);
        std::memcpy(other.memory.get() + other.room - other.left, scan.p, static_cast<std::size_t>(other.left));
    }
}

}  // namespace poseval::json
