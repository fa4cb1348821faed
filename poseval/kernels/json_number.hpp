// Numbers of JSON text as correctly rounded doubles and exact integers.
//
// Almost every number of a pose file is a short decimal. When all its digits fit a double exactly and the
// power of ten does too, one multiplication or division rounds once and is therefore correct (W. Clinger,
// "How to read floating point numbers accurately", PLDI 1990). All others go to the C++ library.
#pragma once

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <version>

#if !defined(__cpp_lib_to_chars)
#include <cstdlib>
#include <locale.h>
#if defined(__APPLE__)
#include <xlocale.h>
#endif
#endif

namespace poseval::json {

inline constexpr std::uint64_t EXACT_INTEGER = 1ULL << 53;  // every integer up to here is a double
inline constexpr int EXACT_POWER = 22;                      // 10^22 is the last power of ten that is one
inline constexpr int SAFE_DIGITS = 19;                      // so many decimal digits always fit 64 bits

inline constexpr double POWERS[EXACT_POWER + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

struct Number {
    const char* begin = nullptr;
    const char* end = nullptr;  // null when the text is not a number
    std::uint64_t digits = 0;   // all digits as one integer; exact only while count <= SAFE_DIGITS
    std::int64_t count = 0;     // how many digits
    std::int64_t power = 0;     // value = digits * 10^power
    bool negative = false;
    bool integer = true;        // neither fraction nor exponent
};

inline bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

inline constexpr std::uint64_t SCALES[8] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};

// Value of eight bytes that are digits already less their '0', the first byte the most significant.
inline std::uint64_t value_of_eight(std::uint64_t chunk) {
    chunk = chunk * 10 + (chunk >> 8);  // pairs
    return (((chunk & 0x000000FF000000FFULL) * 0x000F424000000064ULL) +
            (((chunk >> 16) & 0x000000FF000000FFULL) * 0x0000271000000001ULL)) >> 32;
}

// High bits of the eight bytes that are no digits, once '0' is taken away (`chunk ^ ASCII_ZEROS`): exact up to
// and including the first such byte, which is all that a run of digits needs.
inline constexpr std::uint64_t ASCII_ZEROS = 0x3030303030303030ULL;
inline std::uint64_t other_than_digits(std::uint64_t chunk) {
    return ((chunk + 0x7676767676767676ULL) | chunk) & 0x8080808080808080ULL;
}

// Appends the digits at `p` to `digits`; the run ends at a byte that is no digit (bytes objects end with a zero
// byte). Eight bytes at a time and without a branch per digit: lengths vary, so such branches are mispredicted.
inline const char* read_digits(const char* p, const char* limit, std::uint64_t& digits) {
    if constexpr (std::endian::native == std::endian::little) {
        while (limit - p >= 8) {
            std::uint64_t chunk;
            std::memcpy(&chunk, p, 8);
            chunk ^= ASCII_ZEROS;
            const std::uint64_t other = other_than_digits(chunk);
            if (other == 0) {
                digits = digits * 100000000ULL + value_of_eight(chunk);
                p += 8;
                continue;
            }
            const int run = std::countr_zero(other) >> 3;
            if (run == 0) return p;
            digits = digits * SCALES[run] + value_of_eight(chunk << (64 - 8 * run));
            return p + run;
        }
    }
    while (is_digit(*p)) {
        digits = digits * 10 + static_cast<std::uint64_t>(*p - '0');
        ++p;
    }
    return p;
}

// The same without the value.
inline const char* pass_digits(const char* p, const char* limit) {
    if constexpr (std::endian::native == std::endian::little) {
        while (limit - p >= 8) {
            std::uint64_t chunk;
            std::memcpy(&chunk, p, 8);
            const std::uint64_t other = other_than_digits(chunk ^ ASCII_ZEROS);
            if (other != 0) return p + (std::countr_zero(other) >> 3);
            p += 8;
        }
    }
    while (is_digit(*p)) ++p;
    return p;
}

// End of the number at `p`, or null when there is none; for values that nobody reads.
inline const char* pass_number(const char* p, const char* limit) {
    if (*p == '-') ++p;
    if (!is_digit(*p)) return nullptr;
    if (*p == '0') {
        if (is_digit(*++p)) return nullptr;
    } else {
        p = pass_digits(p, limit);
    }
    if (*p == '.') {
        if (!is_digit(*++p)) return nullptr;
        p = pass_digits(p, limit);
    }
    if ((*p | 0x20) == 'e') {
        ++p;
        if (*p == '-' || *p == '+') ++p;
        if (!is_digit(*p)) return nullptr;
        p = pass_digits(p, limit);
    }
    return p;
}

// The sign as a bit: whether a coordinate is negative is nothing that a branch could be predicted by.
inline double with_sign(double value, bool negative) {
    return std::bit_cast<double>(std::bit_cast<std::uint64_t>(value) | static_cast<std::uint64_t>(negative) << 63);
}

// Most numbers of a pose file are at most eight characters long: digits, and perhaps a point between them. They
// are read in one go: the point is taken out, and the digits become a number with three multiplications. Returns
// the end, or null for numbers of any other form, without having judged them.
inline const char* read_short(const char* p, const char* limit, double& value) {
    if constexpr (std::endian::native != std::endian::little) return nullptr;
    const bool negative = *p == '-';
    p += negative;
    if (limit - p < 9) return nullptr;
    std::uint64_t chunk;
    std::memcpy(&chunk, p, 8);
    chunk ^= ASCII_ZEROS;
    std::uint64_t other = other_than_digits(chunk);
    const int whole = other == 0 ? 0 : std::countr_zero(other) >> 3;
    if (whole == 0 || (whole > 1 && *p == '0')) return nullptr;
    int end = whole;
    int places = 0;
    if (p[whole] == '.') {
        other &= other - 1;
        end = other == 0 ? 8 : std::countr_zero(other) >> 3;
        places = end - whole - 1;
        if (places == 0 || (end == 8 && is_digit(p[8]))) return nullptr;
        const std::uint64_t before = (1ULL << (8 * whole)) - 1;
        chunk = (chunk & before) | ((chunk >> 8) & ~before);
    }
    if ((p[end] | 0x20) == 'e') return nullptr;
    const int digits = end - (places != 0);
    value = static_cast<double>(value_of_eight(chunk << (64 - 8 * digits))) / POWERS[places];
    value = with_sign(value, negative);
    return p + end;
}

// The grammar of RFC 8259: no leading zero or plus, digits on both sides of the point.
inline Number read_number(const char* p, const char* limit) {
    Number out;
    out.begin = p;
    if (*p == '-') {
        out.negative = true;
        ++p;
    }
    if (!is_digit(*p)) return out;
    const char* first = p;
    if (*p == '0') {
        if (is_digit(*++p)) return out;
    } else {
        p = read_digits(p, limit, out.digits);
    }
    out.count = p - first;
    if (*p == '.') {
        out.integer = false;
        const char* fraction = ++p;
        if (!is_digit(*p)) return out;
        p = read_digits(p, limit, out.digits);
        out.power = fraction - p;
        out.count -= out.power;
    }
    if ((*p | 0x20) == 'e') {
        out.integer = false;
        ++p;
        const bool down = *p == '-';
        if (down || *p == '+') ++p;
        if (!is_digit(*p)) return out;
        std::int64_t exponent = 0;
        while (is_digit(*p)) {
            // Beyond this any number of a file within the byte limit is 0 or infinite.
            if (exponent < 100000000000LL) exponent = exponent * 10 + (*p - '0');
            ++p;
        }
        out.power += down ? -exponent : exponent;
    }
    out.end = p;
    return out;
}

inline double library_double(const char* begin, const char* end) {
    double value = 0.0;
#if defined(__cpp_lib_to_chars)
    const auto result = std::from_chars(begin, end, value);
    if (result.ec == std::errc::result_out_of_range) return std::nan("");
#else
    static const locale_t c_locale = newlocale(LC_ALL_MASK, "C", nullptr);
    const std::string text(begin, end);
    value = strtod_l(text.c_str(), nullptr, c_locale);
#endif
    return value;
}

#if defined(__SIZEOF_INT128__)
inline constexpr std::uint64_t INTEGER_POWERS[SAFE_DIGITS + 1] = {
    1ULL, 10ULL, 100ULL, 1000ULL, 10000ULL, 100000ULL, 1000000ULL, 10000000ULL, 100000000ULL, 1000000000ULL,
    10000000000ULL, 100000000000ULL, 1000000000000ULL, 10000000000000ULL, 100000000000000ULL,
    1000000000000000ULL, 10000000000000000ULL, 100000000000000000ULL, 1000000000000000000ULL,
    10000000000000000000ULL};

// digits / 10^places, neither of them 0, at most `SAFE_DIGITS` places: one long division gives 64 bits of the
// quotient and whether anything is left, which is all that rounding to nearest, ties to even, asks for.
inline double exact_quotient(std::uint64_t digits, std::int64_t places) {
    const std::uint64_t power = INTEGER_POWERS[places];
    const int up = std::countl_zero(digits), down = std::countl_zero(power);
    const std::uint64_t above = digits << up, below = power << down;  // both with their highest bit set
    const int shift = above < below ? 64 : 63;                        // so that the quotient has 64 bits
    const auto dividend = static_cast<unsigned __int128>(above) << shift;
    const auto quotient = static_cast<std::uint64_t>(dividend / below);
    const bool exact = static_cast<std::uint64_t>(dividend) == quotient * below;
    constexpr int SPARE = 11;  // bits of the quotient that a double has no room for
    constexpr std::uint64_t HALF = 1ULL << (SPARE - 1);
    const std::uint64_t rest = quotient & (2 * HALF - 1);
    std::uint64_t mantissa = quotient >> SPARE;
    mantissa += rest > HALF || (rest == HALF && (!exact || (mantissa & 1) != 0));
    const std::int64_t exponent = SPARE - shift + down - up;
    constexpr std::int64_t BIAS = 1023;
    return static_cast<double>(mantissa) *
           std::bit_cast<double>(static_cast<std::uint64_t>(BIAS + exponent) << 52);
}
#endif

// The nearest double (ties to even); infinity when the number is beyond the range.
inline double to_double(const Number& number) {
    if (number.count <= SAFE_DIGITS && number.digits <= EXACT_INTEGER && number.power >= -EXACT_POWER &&
        number.power <= EXACT_POWER) {
        const double digits = static_cast<double>(number.digits);
        const double value =
            number.power < 0 ? digits / POWERS[-number.power] : digits * POWERS[number.power];
        return number.negative ? -value : value;
    }
#if defined(__SIZEOF_INT128__)
    if (number.count <= SAFE_DIGITS && number.digits != 0 && number.power < 0 && number.power >= -SAFE_DIGITS) {
        const double value = exact_quotient(number.digits, -number.power);
        return number.negative ? -value : value;
    }
#endif
    double value = library_double(number.begin, number.end);
    if (std::isnan(value)) {  // out of range: too large or too small, as the exponent of its first digit says
        const char* p = number.begin + (number.negative ? 1 : 0);
        std::int64_t leading = number.count + number.power;
        while (*p == '0' || *p == '.') {
            if (*p == '0') --leading;
            ++p;
        }
        value = leading > 0 && is_digit(*p) ? HUGE_VAL : 0.0;
        return number.negative ? -value : value;
    }
    return value;
}

enum class IntegerFault { none, fraction, range };

// Exact 64-bit integer; 1.0 and 1e3 are integers too as long as a double holds them exactly.
inline IntegerFault to_integer(const Number& number, std::int64_t& value) {
    if (!number.integer) {
        const double real = to_double(number);
        if (!std::isfinite(real)) return IntegerFault::range;
        if (real != std::trunc(real)) return IntegerFault::fraction;
        if (std::fabs(real) > static_cast<double>(EXACT_INTEGER)) return IntegerFault::range;
        value = static_cast<std::int64_t>(real);
        return IntegerFault::none;
    }
    const std::uint64_t bound = static_cast<std::uint64_t>(INT64_MAX) + (number.negative ? 1 : 0);
    if (number.count > SAFE_DIGITS || number.digits > bound) return IntegerFault::range;
    value = static_cast<std::int64_t>(number.negative ? 0 - number.digits : number.digits);
    return IntegerFault::none;
}

}  // namespace poseval::json
