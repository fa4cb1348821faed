// JSON text 64 bytes at a time: which of them are what, one bit each.
//
// After G. Langdale and D. Lemire, "Parsing gigabytes of JSON per second", VLDB Journal 28 (2019): classes of
// characters become bit masks, and what the grammar asks of neighbours becomes shifts of these.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstring>

#include "json_number.hpp"

// Without vectors of the processor's own, eight bytes at a time in plain integers are faster than blocks.
#if defined(POSEVAL_PLAIN)  // for tests
#elif defined(__SSE2__) || defined(_M_X64)
#define POSEVAL_BLOCKS "sse2"
#include <emmintrin.h>
#elif defined(__aarch64__) && defined(__ARM_NEON) && !defined(__ARM_BIG_ENDIAN)
#define POSEVAL_BLOCKS "neon"
#include <arm_neon.h>
#endif

namespace poseval::json {

inline constexpr int BLOCK = 64;

// Switched off by tests, so that every processor can show that both ways lead to the same.
inline std::atomic<bool> reads_blocks{true};

#if defined(POSEVAL_BLOCKS)

// 64 bytes from `at` on; bit i of every mask is byte i.
class Block {
public:
#if defined(__aarch64__)
    using Vector = uint8x16_t;
    static Vector load(const char* at) { return vld1q_u8(reinterpret_cast<const std::uint8_t*>(at)); }
    static Vector filled(int byte) { return vdupq_n_u8(static_cast<std::uint8_t>(byte)); }
    static Vector same(Vector a, Vector b) { return vceqq_u8(a, b); }
    static Vector either(Vector a, Vector b) { return vorrq_u8(a, b); }
    static Vector less(Vector a, Vector b) { return vsubq_u8(a, b); }
    static Vector lower(Vector a, Vector b) { return vminq_u8(a, b); }

    // The high bit of every byte of four vectors, whose bytes are all 0 or all 255.
    static std::uint64_t bits(const Vector (&part)[4]) {
        // Each byte keeps one bit of eight; pairs are added until eight bytes have become one.
        static constexpr std::uint8_t PLACES[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
        const Vector place = vld1q_u8(PLACES);
        const Vector low = vpaddq_u8(vandq_u8(part[0], place), vandq_u8(part[1], place));
        const Vector high = vpaddq_u8(vandq_u8(part[2], place), vandq_u8(part[3], place));
        const Vector both = vpaddq_u8(low, high);
        return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(both, both)), 0);
    }
#else
    using Vector = __m128i;
    static Vector load(const char* at) { return _mm_loadu_si128(reinterpret_cast<const Vector*>(at)); }
    static Vector filled(int byte) { return _mm_set1_epi8(static_cast<char>(byte)); }
    static Vector same(Vector a, Vector b) { return _mm_cmpeq_epi8(a, b); }
    static Vector either(Vector a, Vector b) { return _mm_or_si128(a, b); }
    static Vector less(Vector a, Vector b) { return _mm_sub_epi8(a, b); }
    static Vector lower(Vector a, Vector b) { return _mm_min_epu8(a, b); }

    // The high bit of every byte of four vectors.
    static std::uint64_t bits(const Vector (&part)[4]) {
        std::uint64_t out = 0;
        for (int i = 0; i < 4; ++i) {
            const auto some = static_cast<std::uint32_t>(_mm_movemask_epi8(part[i]));
            out |= static_cast<std::uint64_t>(some) << (16 * i);
        }
        return out;
    }
#endif

    explicit Block(const char* at) : part_{load(at), load(at + 16), load(at + 32), load(at + 48)} {}

    std::uint64_t equal(char c) const {
        const Vector wanted = filled(c);
        return mask([&](Vector bytes) { return same(bytes, wanted); });
    }

    // Bytes that equal `c` once bit 5 is set: [ and { differ in that bit alone, as ] and } do.
    std::uint64_t folded(char c) const {
        const Vector wanted = filled(c), bit = filled(0x20);
        return mask([&](Vector bytes) { return same(either(bytes, bit), wanted); });
    }

    std::uint64_t digits() const {
        const Vector zero = filled('0'), nine = filled(9);
        return mask([&](Vector bytes) {
            const Vector value = less(bytes, zero);
            return same(lower(value, nine), value);
        });
    }

private:
    template <class Test>
    std::uint64_t mask(Test test) const {
        const Vector found[4] = {test(part_[0]), test(part_[1]), test(part_[2]), test(part_[3])};
        return bits(found);
    }

    Vector part_[4];
};

// Each bit becomes the parity of the bits up to it.
inline std::uint64_t parity_so_far(std::uint64_t bits) {
    for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
    return bits;
}

// The brackets of a block that stand outside strings. Only the first `length` bytes were judged: a block ends
// early before a string that goes on behind it, and before anything that holds a backslash. The text must not
// begin inside a string.
struct Outside {
    explicit Outside(const char* at) {
        const Block block(at);
        brackets = block.folded('{') | block.folded('}');
        const std::uint64_t quotes = block.equal('"');
        if (quotes == 0) return;
        const std::uint64_t inside = parity_so_far(quotes);  // the opening quote counts, the closing one does not
        std::uint64_t known = quotes;
        if (const std::uint64_t escapes = block.equal('\\'); escapes != 0) {
            length = std::countr_zero(escapes);
            known &= (1ULL << length) - 1;
        }
        if ((std::popcount(known) & 1) != 0) length = 63 - std::countl_zero(known);
        brackets &= ~inside;
        if (length < BLOCK) brackets &= (1ULL << length) - 1;
    }

    std::uint64_t brackets = 0;
    int length = BLOCK;
};

// Numbers of a list in a block that begins with one of them, written with a comma or a comma and one space between
// them and without exponents, as far as they obey the grammar. All others are left to a reader that takes one at a
// time and knows what is wrong.
struct NumberBlock {
    explicit NumberBlock(const char* p) {
        const Block block(p);
        const std::uint64_t digit = block.digits(), space = block.equal(' ');
        point = block.equal('.');
        minus = block.equal('-');
        comma = block.equal(',');
        const std::uint64_t number = digit | point | minus;
        const std::uint64_t other = ~(number | comma | space);
        const std::uint64_t judged = other == 0 ? ~0ULL : (other & (0 - other)) - 1;
        start = number & ~(number << 1);
        if ((start & judged) <= 1) return;
        const int behind_last = 63 - std::countl_zero(start & judged);
        const std::uint64_t fraction = (point << 1) & digit;       // its first digit
        const std::uint64_t behind = (digit + fraction) & ~digit;  // its end; the sum carries through its digits
        const std::uint64_t whole = digit & ~((digit | point) << 1);  // first digit of the integer part
        const std::uint64_t wrong =
            (start & point) | (minus & ~start) | ((minus << 1) & ~digit)      // -1, not .1, 1-1 or -.1
            | (point & ~(digit << 1)) | ((point << 1) & ~digit)               // 0.5, not .5 or 5.
            | (behind & point)                                                // not 1.2.3
            | (block.equal('0') & whole & (digit >> 1))                       // not 012
            | ((number << 1) & ~number & ~comma) | (comma & ~(digit << 1))    // a comma behind each number,
            | ((comma << 1) & ~(start | space)) | (space & ~(comma << 1))     // a space at most behind the comma,
            | ((space << 1) & ~start);                                        // and then a number
        const std::uint64_t before_last = (1ULL << behind_last) - 1;
        if ((wrong & before_last) != 0) return;
        start &= before_last;
        length = behind_last;
    }

    // The number whose first byte, in the block at `p`, is `at`.
    double value(const char* p, const char* end, int at) const {
        const bool negative = ((minus >> at) & 1) != 0;
        const int first = at + negative;
        const int size = std::countr_zero(comma >> first);
        if (size > 8) return to_double(read_number(p + at, end));
        std::uint64_t chunk;
        std::memcpy(&chunk, p + first, 8);
        chunk ^= ASCII_ZEROS;
        const int whole = std::min(std::countr_zero(point >> first), size);
        int places = 0;
        if (whole < size) {
            places = size - whole - 1;
            const std::uint64_t before = (1ULL << (8 * whole)) - 1;
            chunk = (chunk & before) | ((chunk >> 8) & ~before);
        }
        const int digits = size - (places != 0);
        const double value = static_cast<double>(value_of_eight(chunk << (64 - 8 * digits))) / POWERS[places];
        return with_sign(value, negative);
    }

    std::uint64_t point, minus, comma;
    std::uint64_t start = 0;  // of the numbers judged
    int length = 0;           // where the number behind them starts; 0 when none was judged
};

#endif

// Passes over numbers of a list that starts at `p`; returns where a later one starts, or `p` itself.
inline const char* pass_numbers(const char* p, [[maybe_unused]] const char* end) {
#if defined(POSEVAL_BLOCKS)
    if (!reads_blocks.load(std::memory_order_relaxed)) return p;
    while (end - p >= BLOCK) {
        const NumberBlock block(p);
        if (block.length == 0) break;
        p += block.length;
    }
#endif
    return p;
}

// The same, giving each number to `take`; at most `most` numbers.
template <class Take>
const char* read_numbers(const char* p, [[maybe_unused]] const char* end, [[maybe_unused]] std::int64_t most,
                         [[maybe_unused]] Take take) {
#if defined(POSEVAL_BLOCKS)
    if (!reads_blocks.load(std::memory_order_relaxed)) return p;
    while (end - p >= BLOCK + 8 && most >= BLOCK) {  // a number is read with the seven bytes behind it
        const NumberBlock block(p);
        if (block.length == 0) break;
        for (std::uint64_t rest = block.start; rest != 0; rest &= rest - 1) {
            take(block.value(p, end, std::countr_zero(rest)));
            --most;
        }
        p += block.length;
    }
#endif
    return p;
}

}  // namespace poseval::json
