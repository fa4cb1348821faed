// Work shared over threads; the result never depends on how many there are.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace poseval {

inline constexpr int MOST_THREADS = 256;  // more help no machine and cost memory

// Threads that one call uses at most: set on import, as poseval/threads.py reads the environment.
inline std::atomic<int> thread_limit{1};

// Threads beside the caller's, waited for however the block is left.
class Helpers {
public:
    Helpers() = default;
    Helpers(const Helpers&) = delete;
    Helpers& operator=(const Helpers&) = delete;
    ~Helpers() {
        for (std::thread& thread : threads_) thread.join();
    }

    // False where the system gives no further thread: the caller then does that part itself.
    template <class Work>
    bool start(Work&& work) {
        try {
            threads_.emplace_back(std::forward<Work>(work));
        } catch (const std::system_error&) {
            return false;
        } catch (const std::bad_alloc&) {
            return false;
        }
        return true;
    }

private:
    std::vector<std::thread> threads_;
};

// Calls body(begin, end) for consecutive pieces of [0, count), each piece once. A body writes only to slots
// that belong to its piece, so the outcome is the same for any number of threads. `grain` is the number of
// items that is worth a thread of its own: below two grains nothing is started. The first exception of a
// body stops the rest and is thrown again here.
template <class Body>
void for_pieces(int64_t count, int64_t grain, Body body) {
    const int64_t threads = std::min<int64_t>(thread_limit, count / std::max<int64_t>(grain, 1));
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
    {
        Helpers helpers;
        for (int64_t i = 1; i < threads && helpers.start(std::ref(work)); ++i) {
        }
        work();
    }
    if (failure) std::rethrow_exception(failure);
}

}  // namespace poseval
