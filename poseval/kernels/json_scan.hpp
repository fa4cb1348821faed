// A cursor over JSON text: white space, strings, numbers, and skipping values with bounded depth.
//
// The text must end with a zero byte behind `end` (bytes objects do). A zero byte is no white space, digit or
// string character, so single-byte loops need no bound.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "json_blocks.hpp"
#include "json_number.hpp"

namespace poseval::json {

// What ends the reading of a file at once. The names are the words of the Python face.
enum class Bad : int {
    truncated, junk, trailing_comma, comment, unexpected, control, encoding, escape, number, depth, keys,
    records, numbers,
};

inline constexpr const char* BAD_NAMES[] = {
    "truncated", "junk", "trailing_comma", "comment", "unexpected", "control", "encoding", "escape", "number",
    "depth", "keys", "records", "numbers",
};

struct Stop {
    Bad kind;
    std::int64_t offset;
};

// Kinds of a JSON value, told by its first byte.
enum class Kind : int { null, boolean, number, string, array, object, nonfinite };

inline constexpr const char* KIND_NAMES[] = {
    "null", "boolean", "number", "string", "array", "object", "nonfinite",
};

inline constexpr int DEEPEST = 1024;  // size of the fixed stack; the limit asked for is cut to it

class Scanner {
public:
    const char* base;
    const char* p;
    const char* end;
    int depth = 0;
    int max_depth;
    std::int64_t max_keys;

    Scanner(std::string_view text, std::int64_t start, std::int64_t max_depth_, std::int64_t max_keys_)
        : base(text.data()), p(text.data() + start), end(text.data() + text.size()),
          max_depth(static_cast<int>(max_depth_ < DEEPEST ? max_depth_ : DEEPEST)), max_keys(max_keys_) {}

    std::int64_t offset() const { return p - base; }

    [[noreturn]] void stop(Bad kind) const { throw Stop{kind, p - base}; }

    [[noreturn]] void unexpected() const {
        if (p >= end) stop(Bad::truncated);
        if (*p == '/' || *p == '#') stop(Bad::comment);
        stop(Bad::unexpected);
    }

    void space() {
        while (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t') ++p;
    }

    void expect(char c) {
        if (*p != c) unexpected();
        ++p;
    }

    // After an element: true when another follows (cursor on it), false at the closing bracket (behind it).
    bool more(char close) {
        if (*p == ',' && p[1] == ' ' && static_cast<unsigned char>(p[2]) > ' ' && p[2] != close) {
            p += 2;  // as Python writes it
            return true;
        }
        space();
        if (*p == ',') {
            ++p;
            space();
            if (*p == close) {
                stop(Bad::trailing_comma);
            }
            return true;
        }
        expect(close);
        return false;
    }

    // Walks the array at the cursor, calling `take` at the start of each item.
    template <class Take>
    void items(Take take) {
        enter();
        ++p;
        space();
        if (*p == ']') {
            ++p;
        } else {
            do {
                take();
            } while (more(']'));
        }
        leave();
    }

    Kind kind() const {
        switch (*p) {
            case '{': return Kind::object;
            case '[': return Kind::array;
            case '"': return Kind::string;
            case 't': case 'f': return Kind::boolean;
            case 'n': return Kind::null;
            case 'N': case 'I': return Kind::nonfinite;
            case '-': return p[1] == 'I' ? Kind::nonfinite : Kind::number;
            default:
                if (is_digit(*p)) return Kind::number;
                unexpected();
        }
    }

    void literal(const char* word) {
        const std::size_t length = std::strlen(word);
        if (static_cast<std::size_t>(end - p) < length || std::memcmp(p, word, length) != 0) {
            const char* at = p;
            while (*word != '\0' && *p == *word) {
                ++p;
                ++word;
            }
            if (p >= end) stop(Bad::truncated);
            p = at;
            stop(Bad::unexpected);
        }
        p += length;
    }

    Number number() {
        const Number found = read_number(p, end);
        if (found.end == nullptr) no_number();
        p = found.end;
        return found;
    }

    void pass_number() {
        const char* behind = json::pass_number(p, end);
        if (behind == nullptr) no_number();
        p = behind;
    }

    // NaN, Infinity and -Infinity are not JSON, but Python writes them; the caller decides what they mean.
    void nonfinite() {
        if (*p == '-') ++p;
        literal(*p == 'N' ? "NaN" : "Infinity");
    }

    bool boolean() {
        const bool value = *p == 't';
        literal(value ? "true" : "false");
        return value;
    }

    // From the opening quote; returns the raw text between the quotes. UTF-8 and escapes are checked.
    std::string_view string(bool& escaped) {
        const char* begin = ++p;
        escaped = false;
        for (;;) {
            while (end - p >= 8 && plain_eight(p)) p += 8;
            const unsigned char c = static_cast<unsigned char>(*p);
            if (c == '"') break;
            if (c == '\\') {
                escaped = true;
                check_escape();
            } else if (c < 0x20) {
                stop(p >= end ? Bad::truncated : Bad::control);
            } else if (c < 0x80) {
                ++p;
            } else {
                check_utf8();
            }
        }
        return {begin, static_cast<std::size_t>(p++ - begin)};
    }

    std::string_view string() {
        bool escaped = false;
        return string(escaped);
    }

    // `open`: count one level of nesting, or stop at the limit.
    void enter() {
        if (++depth > max_depth) stop(Bad::depth);
    }

    void leave() { --depth; }

    void skip();

    // To behind the bracket that closes the array at the cursor (past an element of it), looking at brackets and
    // quotes only; returns how many objects open at its level. What stands between them is not checked.
    std::int64_t hurry();

    // Only white space may follow.
    void finish() {
        space();
        if (p < end) stop(*p == '/' || *p == '#' ? Bad::comment : Bad::junk);
    }

private:
    [[noreturn]] void no_number() {
        const char* at = p;
        while (*p == '-' || *p == '+' || *p == '.' || *p == 'e' || *p == 'E' || is_digit(*p)) ++p;
        if (p >= end) stop(Bad::truncated);
        p = at;
        stop(Bad::number);
    }

    static bool has_zero(std::uint64_t chunk) {
        return ((chunk - 0x0101010101010101ULL) & ~chunk & 0x8080808080808080ULL) != 0;
    }

    // Whether none of eight bytes is a quote or a bracket of any kind; [ and { differ in one bit, as ] and } do.
    static bool dull_eight(const char* at) {
        std::uint64_t chunk;
        std::memcpy(&chunk, at, 8);
        constexpr std::uint64_t ONES = 0x0101010101010101ULL;
        const std::uint64_t folded = chunk | (ONES * 0x20);
        return !has_zero(chunk ^ (ONES * '"')) && !has_zero(folded ^ (ONES * '{')) &&
               !has_zero(folded ^ (ONES * '}'));
    }

    static bool plain_eight(const char* at) {
        std::uint64_t chunk;
        std::memcpy(&chunk, at, 8);
        constexpr std::uint64_t ONES = 0x0101010101010101ULL;
        constexpr std::uint64_t HIGH = 0x8080808080808080ULL;
        const std::uint64_t quote = chunk ^ (ONES * '"');
        const std::uint64_t slash = chunk ^ (ONES * '\\');
        const std::uint64_t special = (quote - ONES) | (slash - ONES) | (chunk - ONES * 0x20) | chunk;
        return (special & HIGH) == 0;
    }

    void check_escape() {
        ++p;
        switch (*p) {
            case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't':
                ++p;
                return;
            case 'u':
                ++p;
                for (int i = 0; i < 4; ++i, ++p) {
                    const char c = static_cast<char>(*p | 0x20);
                    if (!is_digit(*p) && (c < 'a' || c > 'f')) stop(p >= end ? Bad::truncated : Bad::escape);
                }
                return;
            default:
                stop(p >= end ? Bad::truncated : Bad::escape);
        }
    }

    // One character of two to four bytes: shortest form only, no surrogates, nothing above U+10FFFF.
    void check_utf8() {
        const auto byte = [this](int i) { return static_cast<unsigned char>(p[i]); };
        const auto tail = [&](int i) { return p + i < end && (byte(i) & 0xC0) == 0x80; };
        const unsigned char c = byte(0);
        if (c >= 0xC2 && c <= 0xDF && tail(1)) {
            p += 2;
        } else if (c >= 0xE0 && c <= 0xEF && tail(1) && tail(2) && !(c == 0xE0 && byte(1) < 0xA0) &&
                   !(c == 0xED && byte(1) > 0x9F)) {
            p += 3;
        } else if (c >= 0xF0 && c <= 0xF4 && tail(1) && tail(2) && tail(3) &&
                   !(c == 0xF0 && byte(1) < 0x90) && !(c == 0xF4 && byte(1) > 0x8F)) {
            p += 4;
        } else {
            stop(Bad::encoding);
        }
    }
};

// Skips one value of any kind, checking its grammar, with a fixed stack instead of recursion.
inline void Scanner::skip() {
    std::array<bool, DEEPEST + 1> is_object;
    std::array<std::int64_t, DEEPEST + 1> keys;
    const int floor = depth;
    const auto key = [&] {
        if (++keys[static_cast<std::size_t>(depth)] > max_keys) stop(Bad::keys);
        if (*p != '"') unexpected();
        string();
        space();
        expect(':');
        space();
    };
    bool first = false;  // of the elements of an array
    for (;;) {
        const Kind found = kind();
        bool opened = false;
        switch (found) {
            case Kind::object:
            case Kind::array: {
                enter();
                const auto level = static_cast<std::size_t>(depth);
                is_object[level] = found == Kind::object;
                keys[level] = 0;
                ++p;
                space();
                if (*p == (is_object[level] ? '}' : ']')) {
                    ++p;
                    leave();
                } else {
                    opened = true;
                    first = !is_object[level];
                    if (is_object[level]) key();
                }
                break;
            }
            case Kind::number:
                if (first) {
                    p = pass_numbers(p, end);
                    if (*p == '.') unexpected();  // as where the list is read: no number starts so
                }
                pass_number();
                break;
            case Kind::string: string(); break;
            case Kind::boolean: boolean(); break;
            case Kind::null: literal("null"); break;
            case Kind::nonfinite: nonfinite(); break;
        }
        while (!opened) {
            if (depth == floor) return;
            const bool object = is_object[static_cast<std::size_t>(depth)];
            if (more(object ? '}' : ']')) {
                if (object) key();
                first = false;
                opened = true;
            } else {
                leave();
            }
        }
    }
}

inline std::int64_t Scanner::hurry() {
    [[maybe_unused]] const bool blocks = reads_blocks.load(std::memory_order_relaxed);
    std::int64_t objects = 0;
    int level = 0;
    const auto bracket = [&] {  // false at the one that closes the array
        if (*p == '{' || *p == '[') {
            if (*p == '{' && level == 0) ++objects;
            if (depth + ++level > max_depth) stop(Bad::depth);
        } else if (level-- == 0) {
            expect(']');
            return false;
        }
        ++p;
        return true;
    };
    for (;;) {
#if defined(POSEVAL_BLOCKS)
        if (blocks && end - p >= BLOCK) {
            const Outside found(p);
            const char* block = p;
            for (std::uint64_t rest = found.brackets; rest != 0; rest &= rest - 1) {
                p = block + std::countr_zero(rest);
                if (!bracket()) return objects;
            }
            p = block + found.length;
            if (found.length == BLOCK) continue;
        }
#endif
        while (end - p >= 8 && dull_eight(p)) p += 8;
        switch (*p) {
            case '"':
                for (++p; *p != '"'; ++p) {
                    while (end - p >= 8 && plain_eight(p)) p += 8;
                    if (*p == '"') break;
                    if (*p == '\\') ++p;
                    if (p >= end) stop(Bad::truncated);
                }
                ++p;
                break;
            case '{': case '[': case '}': case ']':
                if (!bracket()) return objects;
                break;
            default:
                if (p >= end) stop(Bad::truncated);
                ++p;
        }
    }
}

}  // namespace poseval::json
