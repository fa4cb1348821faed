// Masks and numbers of blocks against one byte at a time, on random text: for processors that the compiled module
// is not built for here. Says what it looked at; ends with 1 at the first difference.
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "json_blocks.hpp"

using namespace poseval::json;

namespace {

void want(bool good, const char* what) {
    if (good) return;
    std::printf("differs: %s\n", what);
    std::exit(1);
}

#if defined(POSEVAL_BLOCKS)
template <class Test>
std::uint64_t mask_of(const char* text, Test test) {
    std::uint64_t out = 0;
    for (int i = 0; i < BLOCK; ++i) out |= static_cast<std::uint64_t>(test(text[i])) << i;
    return out;
}

void check_masks(const char* text) {
    const Block block(text);
    for (const char c : {'"', '\\', ' ', ',', '.', '-', '0', '\0', '\x80', '\xff'}) {
        want(block.equal(c) == mask_of(text, [c](char byte) { return byte == c; }), "equal");
    }
    for (const char c : {'{', '}'}) {
        want(block.folded(c) == mask_of(text, [c](char byte) { return static_cast<char>(byte | 0x20) == c; }),
             "folded");
    }
    want(block.digits() == mask_of(text, is_digit), "digits");
}
#endif

// Numbers of a list as blocks give them, and the rest as the reader of single numbers does.
std::vector<double> numbers_of(const std::string& text) {
    std::vector<double> out;
    const char *p = text.data() + 1, *end = text.data() + text.size();
    p = read_numbers(p, end, 1 << 20, [&](double value) { out.push_back(value); });
    while (*p != ']') {
        if (*p == ',' || *p == ' ') {
            ++p;
            continue;
        }
        const Number number = read_number(p, end);
        want(number.end != nullptr, "a number of the rest");
        out.push_back(to_double(number));
        p = number.end;
    }
    return out;
}

}  // namespace

int main() {
    std::mt19937_64 random(1);
    std::size_t numbers = 0;
    for (int round = 0; round < 20'000; ++round) {
#if defined(POSEVAL_BLOCKS)
        std::string text(BLOCK, '\0');
        const std::string likely = "0123456789.,- []{}\"\\";
        for (char& c : text) {
            c = random() % 4 ? likely[random() % likely.size()] : static_cast<char>(random());
        }
        check_masks(text.data());
#endif
        std::string list = "[";
        std::vector<double> wanted;
        for (std::uint64_t k = random() % 60; k-- > 0;) {
            const int places = static_cast<int>(random() % 5);
            const double value = static_cast<double>(static_cast<std::int64_t>(random() % 2'000'001) - 1'000'000);
            char digits[40];
            std::snprintf(digits, sizeof digits, "%.*f", places, value / std::pow(10.0, static_cast<int>(random() % 5)));
            if (list.size() > 1) list += random() % 2 ? ", " : ",";
            list += digits;
            wanted.push_back(std::strtod(digits, nullptr));
        }
        list += "]";
        const std::vector<double> found = numbers_of(list);
        want(found.size() == wanted.size(), "how many numbers");
        want(std::memcmp(found.data(), wanted.data(), found.size() * sizeof(double)) == 0, "numbers");
        numbers += found.size();
    }
#if defined(POSEVAL_BLOCKS)
    std::printf("%s: %zu numbers\n", POSEVAL_BLOCKS, numbers);
#else
    std::printf("plain: %zu numbers\n", numbers);
#endif
}
