// Large pages for large blocks of memory, where the system has them.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace poseval {

// Asks for pages of 2 MiB before a block is written for the first time: a fault for each page of 4 KiB takes
// longer than the copy of a file into them. As NumPy does for its arrays of this size.
inline void ask_for_large_pages(void* data, std::size_t size) {
#if defined(MADV_HUGEPAGE)
    constexpr std::uintptr_t PAGE = std::uintptr_t{2} << 20;
    if (size < 2 * PAGE) return;
    const auto begin = reinterpret_cast<std::uintptr_t>(data);
    const std::uintptr_t first = (begin + PAGE - 1) / PAGE * PAGE, end = (begin + size) / PAGE * PAGE;
    if (first < end) madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);  // or is as it was
#else
    (void)data, (void)size;
#endif
}

}  // namespace poseval
