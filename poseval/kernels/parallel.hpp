// Work shared over threads; the result never depends on how many there are.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace poseval {

// POSEVAL_NUM_THREADS, or the cores this process may use.
inline int thread_limit() {
    if (const char* text = std::getenv("POSEVAL_NUM_THREADS")) {
        const long wanted = std::strtol(text, nullptr, 10);
        if (wanted >= 1) return static_cast<int>(std::min(wanted, 256L));
    }
    return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

// Calls body(begin, end) for consecutive pieces of [0, count), each piece once. A body writes only to slots
// that belong to its piece, so the outcome is the same for any number of threads. `grain` is the number of
// items that is worth a thread of its own: below two grains nothing is started. The first exception of a
// body stops the rest and is thrown again here.
template <class Body>
void for_pieces(int64_t count, int64_t grain, Body body) {
    const int64_t threads = std::min<int64_t>(thread_limit(), count / std::max<int64_t>(grain, 1));
    if (threads <= 1) {
        if (count > 0) body(int64_t{0}, count);
        return;
    }
    // Several pieces per thread: the cost of an item (people squared) varies a lot.
    const int64_t step = std::max<int64_t>(1, count / (threads * 8));
    std::atomic<int64_t> next{0};
    std::mutex guard;
    std::exception_ptr failure;
    auto work = [&] {
        try {
            for (int64_t begin; (begin = next.fetch_add(step)) < count;)
                body(begin, std::min(count, begin + step));
        } catch (...) {
            next.store(count);
            const std::lock_guard<std::mutex> lock(guard);
            if (!failure) failure = std::current_exception();
        }
    };
    std::vector<std::thread> pool;
    pool.reserve(static_cast<size_t>(threads - 1));
    for (int64_t i = 1; i < threads; ++i) pool.emplace_back(work);
    work();
    for (auto& thread : pool) thread.join();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace poseval
