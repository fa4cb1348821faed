// Thousands of weighted precision-recall curves over the same ranking, of which only the means are wanted.
//
// LANES resamples are walked at once, so that each row costs a few vector instructions. The walk goes from
// the lowest score up: the running maximum of precision is then known at each hit, and a recall threshold is
// settled when the count of hits drops below what it needs. Only two totals per threshold come first.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "curves.hpp"
#include "numpy_bits.hpp"
#include "parallel.hpp"

namespace poseval {
namespace {

// One ranking, rows that count nowhere left out. `group` is the number of rows that tie inside a unit and
// hold a hit; written at the first and last of them, 1 elsewhere.
struct Ranking {
    std::vector<int64_t> unit, group;
    std::vector<uint64_t> hit, skip;  // [rows, A]
};

Ranking ranking_of(const Resampling& task, int64_t set) {
    const Ranked& rows = task.rows;
    const int64_t ranges = rows.ranges;
    const uint64_t every = task.thresholds == 64 ? ~uint64_t{0} : (uint64_t{1} << task.thresholds) - 1;
    Ranking out;
    std::vector<double> score;
    for (int64_t i = task.start[set]; i < task.start[set + 1]; ++i) {
        const int64_t row = rows.order[i];
        bool counts = false;
        for (int64_t a = 0; a < ranges; ++a) counts |= (rows.skip[row * ranges + a] & every) != every;
        if (!counts) continue;
        out.unit.push_back(rows.unit[row]);
        score.push_back(rows.score[row]);
        for (int64_t a = 0; a < ranges; ++a) {
            out.hit.push_back(rows.hit[row * ranges + a] & every);
            out.skip.push_back(rows.skip[row * ranges + a] & every);
        }
    }
    out.group.assign(out.unit.size(), 1);
    for (size_t i = 0, end; i < out.unit.size(); i = end) {
        uint64_t hits = 0;
        for (end = i; end < out.unit.size() && out.unit[end] == out.unit[i] && score[end] == score[i]; ++end)
            for (size_t a = 0; a < static_cast<size_t>(ranges); ++a)
                hits |= out.hit[end * static_cast<size_t>(ranges) + a];
        if (hits) out.group[i] = out.group[end - 1] = static_cast<int64_t>(end - i);
    }
    return out;
}

// LANES resamples of all rankings. Count is int32_t where the totals fit, which is nearly always.
template <class Count>
class Block {
  public:
    Block(const Resampling& task, const std::vector<Ranking>& rankings)
        : task_(task), rankings_(rankings), curves_(task.rows.ranges * task.thresholds) {
        const auto ranges = static_cast<size_t>(task.rows.ranges), curves = static_cast<size_t>(curves_);
        const auto sets = static_cast<size_t>(task.sets), points = static_cast<size_t>(task.points);
        weight_.resize(static_cast<size_t>(task.units) * LANES);
        base_.resize(ranges * LANES), total_.resize(ranges * LANES);
        extra_.resize(curves * LANES), hits_.resize(curves * LANES), need_.resize(curves * LANES);
        highest_.resize(curves * LANES), open_.resize(curves * LANES);
        needs_.resize(ranges * points * LANES);
        precision_.resize(LANES * curves * points * sets), recall_.resize(LANES * curves * sets);
        defined_.resize(LANES * ranges * sets);
        buffer_.reserve(static_cast<size_t>(task.thresholds) * points * sets);
    }

    void run(int64_t first) {
        first_ = first;
        lanes_ = std::min(LANES, task_.draws - first);
        gather_weights();
        for (int64_t set = 0; set < task_.sets; ++set) {
            count_positives(set);
            add_up(rankings_[static_cast<size_t>(set)]);
            open_thresholds(set);
            walk_up(rankings_[static_cast<size_t>(set)], set);
            close_thresholds(set);
        }
        for (int64_t lane = 0; lane < lanes_; ++lane) summarise(lane);
    }

  private:
    int64_t curve(int64_t a, int64_t t) const { return a * task_.thresholds + t; }

    void gather_weights() {
        std::fill(weight_.begin(), weight_.end(), Count{0});
        for (int64_t lane = 0; lane < lanes_; ++lane) {
            const int64_t* row = task_.weight + (first_ + lane) * task_.units;
            for (int64_t u = 0; u < task_.units; ++u)
                weight_[static_cast<size_t>(u * LANES + lane)] = static_cast<Count>(row[u]);
        }
    }

    void count_positives(int64_t set) {
        const int64_t ranges = task_.rows.ranges;
        std::fill(total_.begin(), total_.end(), int64_t{0});
        for (int64_t u = 0; u < task_.units; ++u) {
            const Count* weight = weight_.data() + u * LANES;
            for (int64_t a = 0; a < ranges; ++a) {
                const int64_t found = task_.positives[(u * task_.sets + set) * ranges + a];
                if (found == 0) continue;
                int64_t* total = total_.data() + a * LANES;
                for (int64_t lane = 0; lane < LANES; ++lane) total[lane] += weight[lane] * found;
            }
        }
    }

    // Adds `sign` times the weights to the counts that row i belongs to: `base_` of its range where it counts
    // at every threshold, `extra_` of each threshold where it counts at some.
    template <int Sign>
    void add(const Ranking& rows, size_t i, const Count* weight) {
        const int64_t ranges = task_.rows.ranges;
        const uint64_t every = task_.thresholds == 64 ? ~uint64_t{0} : (uint64_t{1} << task_.thresholds) - 1;
        for (int64_t a = 0; a < ranges; ++a) {
            const auto at = i * static_cast<size_t>(ranges) + static_cast<size_t>(a);
            const uint64_t skip = rows.skip[at];
            if (skip == 0) {
                add_lanes<Sign>(base_.data() + a * LANES, weight);
            } else if (skip != every) {
                for (uint64_t bits = every & ~skip; bits; bits &= bits - 1)
                    add_lanes<Sign>(extra_.data() + curve(a, std::countr_zero(bits)) * LANES, weight);
            }
            for (uint64_t bits = rows.hit[at]; bits; bits &= bits - 1)
                add_lanes<Sign>(hits_.data() + curve(a, std::countr_zero(bits)) * LANES, weight);
        }
    }

    template <int Sign>
    static void add_lanes(Count* to, const Count* weight) {
        for (int64_t lane = 0; lane < LANES; ++lane) to[lane] += Sign * weight[lane];
    }

    void add_up(const Ranking& rows) {
        std::fill(base_.begin(), base_.end(), Count{0});
        std::fill(extra_.begin(), extra_.end(), Count{0});
        std::fill(hits_.begin(), hits_.end(), Count{0});
        for (size_t i = 0; i < rows.unit.size(); ++i) add<1>(rows, i, weight_.data() + rows.unit[i] * LANES);
    }

    // How many hits each recall needs, and which recalls no resample reaches.
    void open_thresholds(int64_t set) {
        std::fill(highest_.begin(), highest_.end(), 0.0);
        for (int64_t a = 0; a < task_.rows.ranges; ++a)
            for (int64_t lane = 0; lane < LANES; ++lane) {
                const int64_t total = total_[static_cast<size_t>(a * LANES + lane)];
                defined_[static_cast<size_t>((lane * task_.sets + set) * task_.rows.ranges + a)] = total > 0;
                for (int64_t q = 0; q < task_.points; ++q)
                    needs_[static_cast<size_t>((a * LANES + lane) * task_.points + q)] =
                        total > 0 ? hits_for(task_.recalls[q], total) : 0;
                for (int64_t t = 0; t < task_.thresholds; ++t) open_curve(a, t, lane, set, total);
            }
    }

    // The smallest count whose ratio to the total, as rounded, is not below the recall.
    static Count hits_for(double recall, int64_t total) {
        const auto whole = static_cast<double>(total);
        double count = std::max(0.0, std::ceil(recall * whole));
        while (count > 0 && (count - 1) / whole >= recall) --count;
        while (count <= whole && count / whole < recall) ++count;
        return static_cast<Count>(count);
    }

    void open_curve(int64_t a, int64_t t, int64_t lane, int64_t set, int64_t total) {
        const auto at = static_cast<size_t>(curve(a, t) * LANES + lane);
        const Count reached = hits_[at];
        int64_t q = total > 0 ? task_.points - 1 : -1;
        for (; q >= 0 && need(a, lane, q) > reached; --q) precision_at(a, t, lane, set, q) = 0.0;
        open_[at] = q;
        need_[at] = q >= 0 ? need(a, lane, q) : Count{0};
        recall_[static_cast<size_t>((lane * curves_ + curve(a, t)) * task_.sets + set)] =
            total > 0 ? static_cast<double>(reached) / static_cast<double>(total) : 0.0;
    }

    Count need(int64_t a, int64_t lane, int64_t q) const {
        return needs_[static_cast<size_t>((a * LANES + lane) * task_.points + q)];
    }

    double& precision_at(int64_t a, int64_t t, int64_t lane, int64_t set, int64_t q) {
        const int64_t at = (lane * curves_ + curve(a, t)) * task_.points + q;
        return precision_[static_cast<size_t>(at * task_.sets + set)];
    }

    void walk_up(const Ranking& rows, int64_t set) {
        for (size_t end = rows.unit.size(); end > 0;) {
            const auto group = static_cast<size_t>(rows.group[end - 1]);
            const Count* weight = weight_.data() + rows.unit[end - 1] * LANES;
            if (group == 1 || *std::max_element(weight, weight + LANES) <= 1) {
                for (size_t i = end; i-- > end - group;) step(rows, i, set, weight);
            } else {
                repeat(rows, end - group, end, set, weight);
            }
            end -= group;
        }
    }

    void step(const Ranking& rows, size_t i, int64_t set, const Count* weight) {
        for (int64_t a = 0; a < task_.rows.ranges; ++a) {
            const auto at = i * static_cast<size_t>(task_.rows.ranges) + static_cast<size_t>(a);
            for (uint64_t bits = rows.hit[at]; bits; bits &= bits - 1)
                settle(a, std::countr_zero(bits), set, weight);
        }
        add<-1>(rows, i, weight);
    }

    // Rows that tie in a unit come as a whole as often as the unit weighs: one round per copy.
    void repeat(const Ranking& rows, size_t begin, size_t end, int64_t set, const Count* weight) {
        const Count most = *std::max_element(weight, weight + LANES);
        for (Count round = 0; round < most; ++round) {
            Count once[LANES];
            for (int64_t lane = 0; lane < LANES; ++lane) once[lane] = round < weight[lane] ? 1 : 0;
            for (size_t i = end; i-- > begin;) step(rows, i, set, once);
        }
    }

    // A hit, seen from below: precision with it, and the recalls that need it.
    void settle(int64_t a, int64_t t, int64_t set, const Count* weight) {
        const int64_t at = curve(a, t) * LANES;
        const Count *base = base_.data() + a * LANES, *extra = extra_.data() + at, *hits = hits_.data() + at;
        const Count* needed = need_.data() + at;
        double* highest = highest_.data() + at;
        for (int64_t lane = 0; lane < LANES; ++lane) {
            const auto counted = static_cast<double>(base[lane] + extra[lane]);
            highest[lane] = std::max(highest[lane], static_cast<double>(hits[lane]) / (counted + EPS));
        }
        int crossed = 0;
        for (int64_t lane = 0; lane < LANES; ++lane) crossed |= hits[lane] - weight[lane] < needed[lane];
        if (!crossed) return;
        for (int64_t lane = 0; lane < LANES; ++lane) fill(a, t, lane, set, hits[lane] - weight[lane]);
    }

    void fill(int64_t a, int64_t t, int64_t lane, int64_t set, Count below) {
        const auto at = static_cast<size_t>(curve(a, t) * LANES + lane);
        int64_t& q = open_[at];
        for (; q >= 0 && need(a, lane, q) > below; --q) precision_at(a, t, lane, set, q) = highest_[at];
        need_[at] = q >= 0 ? need(a, lane, q) : Count{0};
    }

    // What needs no hit at all takes the highest precision of the whole curve.
    void close_thresholds(int64_t set) {
        for (int64_t a = 0; a < task_.rows.ranges; ++a)
            for (int64_t t = 0; t < task_.thresholds; ++t)
                for (int64_t lane = 0; lane < LANES; ++lane) fill(a, t, lane, set, Count{-1});
    }

    void summarise(int64_t lane) {
        for (int64_t s = 0; s < task_.wanted; ++s) {
            const int64_t* row = task_.statistics + s * 3;
            const int64_t a = row[2], begin = row[1] < 0 ? 0 : row[1];
            const int64_t end = row[1] < 0 ? task_.thresholds : row[1] + 1;
            const int64_t points = row[0] == PRECISION ? task_.points : 1;
            const std::vector<double>& values = row[0] == PRECISION ? precision_ : recall_;
            const int64_t first = lane * curves_ + curve(a, 0);
            buffer_.clear();
            for (int64_t i = (first + begin) * points; i < (first + end) * points; ++i)
                for (int64_t set = 0; set < task_.sets; ++set)
                    if (defined_[static_cast<size_t>((lane * task_.sets + set) * task_.rows.ranges + a)])
                        buffer_.push_back(values[static_cast<size_t>(i * task_.sets + set)]);
            const auto count = static_cast<int64_t>(buffer_.size());
            task_.out[(first_ + lane) * task_.wanted + s] =
                count ? pairwise_sum(buffer_.data(), count) / static_cast<double>(count)
                      : std::numeric_limits<double>::quiet_NaN();
        }
    }

    const Resampling& task_;
    const std::vector<Ranking>& rankings_;
    const int64_t curves_;  // A * T
    int64_t first_ = 0, lanes_ = 0;
    std::vector<Count> weight_, base_, extra_, hits_, need_, needs_;
    std::vector<int64_t> total_, open_;
    std::vector<double> highest_, precision_, recall_, buffer_;
    std::vector<uint8_t> defined_;
};

template <class Count>
void run_blocks(const Resampling& task, const std::vector<Ranking>& rankings) {
    const int64_t blocks = (task.draws + LANES - 1) / LANES;
    for_pieces(blocks, 1, [&](int64_t begin, int64_t end) {
        Block<Count> block(task, rankings);
        for (int64_t i = begin; i < end; ++i) block.run(i * LANES);
    });
}

}  // namespace

void run(const Resampling& task) {
    std::vector<Ranking> rankings;
    for (int64_t set = 0; set < task.sets; ++set) rankings.push_back(ranking_of(task, set));
    // No total can exceed this: every row and every person at the heaviest weight.
    int64_t heaviest = 0, people = 0;
    for (int64_t i = 0; i < task.draws * task.units; ++i) heaviest = std::max(heaviest, task.weight[i]);
    for (int64_t i = 0; i < task.units * task.sets * task.rows.ranges; ++i) people += task.positives[i];
    const double bound = static_cast<double>(heaviest) * static_cast<double>(task.rows.count + people);
    if (bound < std::numeric_limits<int32_t>::max())
        run_blocks<int32_t>(task, rankings);
    else
        run_blocks<int64_t>(task, rankings);
}

}  // namespace poseval
