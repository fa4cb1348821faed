// Precision over recall from ranked detections, each counted as often as its unit weighs.
#include <algorithm>
#include <limits>
#include <stdexcept>
#include <vector>

#include "arrays.hpp"
#include "curves.hpp"
#include "fetch.hpp"
#include "numpy_bits.hpp"
#include "parallel.hpp"

namespace py = pybind11;
using namespace poseval;

namespace {

constexpr double NaN = std::numeric_limits<double>::quiet_NaN();

// Every count stays below this, so that doubles hold it exactly.
constexpr double MOST_COUNTED = 9007199254740992.0;  // 2^53

// Hits of one curve when tied rows are walked copy by copy; more would take gigabytes.
constexpr size_t MOST_EVENTS = size_t{1} << 28;

Ranked ranked_of(const Doubles& score, const Masks& hit, const Masks& skip, const Ints& unit,
                 const Ints& order, int64_t units) {
    want_shape(score, "score", {ANY});
    want_no_nan(score, "score");  // it ties with nothing, not even with itself
    const int64_t rows = score.size();
    want_shape(hit, "hit", {rows, ANY});
    const int64_t ranges = hit.shape(1);
    want(ranges >= 1 && ranges <= MOST_RANGES, "hit", "wanted 1 to 4096 area ranges");
    want_shape(skip, "skip", {rows, ranges});
    want_shape(unit, "unit", {rows});
    want_shape(order, "order", {ANY});
    want_range(unit, "unit", 0, units);
    want_range(order, "order", 0, rows);
    return {score.data(), hit.data(), skip.data(), unit.data(), order.data(), order.size(), ranges};
}

// Weights and the numbers of people to be found: 0 or more, and small enough for exact counts.
void want_counts(const Ints& weight, const Ints& positives, int64_t rows) {
    double heaviest = 1.0, people = 0.0;
    for (int64_t i = 0; i < weight.size(); ++i) {
        want(weight.data()[i] >= 0, "weight", "wanted 0 or more");
        heaviest = std::max(heaviest, static_cast<double>(weight.data()[i]));
    }
    for (int64_t i = 0; i < positives.size(); ++i) {
        want(positives.data()[i] >= 0, "positives", "wanted 0 or more");
        people += static_cast<double>(positives.data()[i]);
    }
    want(heaviest * (static_cast<double>(rows) + people) <= MOST_COUNTED, "weight", "wanted smaller counts");
}

void want_recalls(const Doubles& recalls) {
    want_shape(recalls, "recalls", {ANY});
    const double *first = recalls.data(), *end = first + recalls.size();
    want(std::all_of(first, end, [](double recall) { return recall >= 0 && recall <= 1; }), "recalls",
         "wanted 0 to 1");
    want(std::is_sorted(first, end), "recalls", "wanted ascending");
}

void want_thresholds(int64_t thresholds) {
    want(thresholds >= 1 && thresholds <= 64, "thresholds", "wanted 1 to 64");
}

// A hit on the way down the ranking: counts after it, and its score.
struct Event {
    int64_t hits, counted;
    double score;
};

// The score of the first row of a ranking, counted or not.
struct Top {
    double score = 0.0;
    bool empty = true;
};

// A row that is a hit, or does not count, at some thresholds, and how many rows up to it count at all of them.
struct Step {
    uint64_t hit, some;  // some: thresholds at which it counts, if they are not all
    int64_t whole;
    double score;
};

// For each area range its rows that are told apart by thresholds; most are not. All ranges at once, because the rows
// of a ranking lie far apart in memory.
std::vector<std::vector<Step>> steps_of(const Ranked& rows, uint64_t every) {
    const auto ranges = static_cast<size_t>(rows.ranges);
    const size_t size = ranges * sizeof(uint64_t);
    std::vector<std::vector<Step>> steps(ranges);
    std::vector<int64_t> whole(ranges, 0);
    for (int64_t i = 0; i < rows.count; ++i) {
        if (i + AHEAD < rows.count) {
            const int64_t soon = rows.order[i + AHEAD] * rows.ranges;
            fetch(rows.skip + soon, size);
            fetch(rows.hit + soon, size);
        }
        const int64_t row = rows.order[i];
        for (size_t a = 0; a < ranges; ++a) {
            const uint64_t skip = rows.skip[row * rows.ranges + static_cast<int64_t>(a)] & every;
            if (skip == every) continue;
            const uint64_t hit = rows.hit[row * rows.ranges + static_cast<int64_t>(a)] & every;
            whole[a] += skip == 0;
            if (hit | skip) steps[a].push_back({hit, skip ? every & ~skip : 0, whole[a], rows.score[row]});
        }
    }
    return steps;
}

// Walks down the ranking at one threshold.
void walk(const std::vector<Step>& steps, uint64_t bit, std::vector<Event>& events) {
    events.clear();
    int64_t hits = 0, some = 0;
    for (const Step& step : steps) {
        some += (step.some & bit) != 0;
        if (step.hit & bit) events.push_back({++hits, step.whole + some, step.score});
    }
}

// The weighted rows of one area range in ranked order, without those that weigh 0 or count at no threshold.
struct Lane {
    std::vector<uint64_t> hit, skip;
    std::vector<int64_t> weight, group;  // group[i]: one past the rows tied with i
    std::vector<double> score;
};

Lane lane_of(const Ranked& rows, int64_t range, const int64_t* weight, uint64_t every, Top& top) {
    Lane lane;
    std::vector<int64_t> unit;
    for (int64_t i = 0; i < rows.count; ++i) {
        const int64_t row = rows.order[i];
        const int64_t times = weight[rows.unit[row]];
        if (times == 0) continue;
        if (top.empty) top = {rows.score[row], false};
        const uint64_t skip = rows.skip[row * rows.ranges + range];
        if ((skip & every) == every) continue;
        lane.hit.push_back(rows.hit[row * rows.ranges + range]);
        lane.skip.push_back(skip);
        lane.score.push_back(rows.score[row]);
        lane.weight.push_back(times);
        unit.push_back(rows.unit[row]);
    }
    lane.group.resize(unit.size());
    for (size_t i = unit.size(); i-- > 0;) {
        const bool tied = i + 1 < unit.size() && unit[i] == unit[i + 1] && lane.score[i] == lane.score[i + 1];
        lane.group[i] = tied ? lane.group[i + 1] : static_cast<int64_t>(i) + 1;
    }
    return lane;
}

// Walks down the ranking at one threshold. Copies of a unit stand behind each other, so rows of it that tie
// come as a whole as often as it weighs; a row that ties with none may come with its whole weight at once,
// because precision only rises inside a run of hits and only its end is ever read.
void walk_weighted(const Lane& lane, uint64_t bit, std::vector<Event>& events) {
    events.clear();
    int64_t hits = 0, counted = 0;
    const auto count = static_cast<int64_t>(lane.hit.size());
    for (int64_t i = 0; i < count;) {
        const int64_t end = lane.group[static_cast<size_t>(i)];
        const int64_t weight = lane.weight[static_cast<size_t>(i)];
        const int64_t rounds = end - i > 1 ? weight : 1, times = end - i > 1 ? 1 : weight;
        for (int64_t round = 0; round < rounds; ++round) {
            for (int64_t j = i; j < end; ++j) {
                const auto at = static_cast<size_t>(j);
                if (!(lane.skip[at] & bit)) counted += times;
                if (lane.hit[at] & bit) events.push_back({hits += times, counted, lane.score[at]});
            }
            if (events.size() > MOST_EVENTS) throw std::length_error("weight: too many copies of tied rows");
        }
        i = end;
    }
}

// Where the curves of one threshold and range go: out[q * step].
struct Target {
    double *precision, *score;
    int64_t step;
};

void sample(const Top& top, const std::vector<Event>& events, double positives, const Doubles& recalls,
            std::vector<double>& envelope, Target out) {
    const int64_t points = recalls.size();
    for (int64_t q = 0; q < points; ++q) out.precision[q * out.step] = out.score[q * out.step] = 0.0;
    envelope.resize(events.size());
    double highest = 0.0;
    for (size_t e = events.size(); e-- > 0;) {
        const auto counted = static_cast<double>(events[e].counted);
        envelope[e] = highest = std::max(highest, static_cast<double>(events[e].hits) / (counted + EPS));
    }
    for (int64_t q = 0; q < points; ++q) {
        const double wanted = recalls.data()[q];
        const auto reached = std::partition_point(events.begin(), events.end(), [&](const Event& event) {
            return static_cast<double>(event.hits) / positives < wanted;
        });
        // A recall of 0 is reached by the first row, whatever it is.
        if (wanted <= 0 && !top.empty) {
            out.precision[q * out.step] = highest;
            out.score[q * out.step] = top.score;
        } else if (reached != events.end()) {
            out.precision[q * out.step] = envelope[static_cast<size_t>(reached - events.begin())];
            out.score[q * out.step] = reached->score;
        } else {
            break;  // the rest stays 0, as it does where the reference leaves its loop
        }
    }
}

py::tuple accumulate(const Doubles& score, const Masks& hit, const Masks& skip, const Ints& unit,
                     const Ints& order, const Ints& weight, const Ints& positives, int64_t thresholds,
                     const Doubles& recalls) {
    want_shape(weight, "weight", {ANY});
    const bool weighted = weight.size() > 0;
    const int64_t units = weighted ? weight.size() : std::numeric_limits<int64_t>::max();
    const Ranked rows = ranked_of(score, hit, skip, unit, order, units);
    want_thresholds(thresholds);
    want_shape(recalls, "recalls", {ANY});  // in any order, as the reference takes them
    want_shape(positives, "positives", {rows.ranges});
    want_counts(weight, positives, rows.count);
    want_cells("precision", {thresholds, recalls.size(), rows.ranges});
    const int64_t ranges = rows.ranges, points = recalls.size();
    Doubles precision({thresholds, points, ranges}), scores({thresholds, points, ranges});
    Doubles recall({thresholds, ranges});
    double *p = precision.mutable_data(), *s = scores.mutable_data(), *r = recall.mutable_data();
    const int64_t* times = weighted ? weight.data() : nullptr;
    const int64_t* found = positives.data();
    const uint64_t every = thresholds == 64 ? ~uint64_t{0} : (uint64_t{1} << thresholds) - 1;
    {
        const py::gil_scoped_release unlocked;
        std::vector<std::vector<Step>> steps;
        if (!times) steps = steps_of(rows, every);
        for_pieces(ranges, rows.count < 20'000 || !times ? ranges : 1, [&](int64_t begin, int64_t end) {
            std::vector<Event> events;
            std::vector<double> envelope;
            for (int64_t a = begin; a < end; ++a) {
                const auto total = static_cast<double>(found[a]);
                Top top;
                Lane lane;
                if (times) lane = lane_of(rows, a, times, every, top);
                else if (rows.count) top = {rows.score[rows.order[0]], false};
                for (int64_t t = 0; t < thresholds; ++t) {
                    const int64_t at = t * points * ranges + a;
                    if (found[a] == 0) {
                        for (int64_t q = 0; q < points; ++q) p[at + q * ranges] = s[at + q * ranges] = NaN;
                    } else {
                        if (times) walk_weighted(lane, uint64_t{1} << t, events);
                        else walk(steps[static_cast<size_t>(a)], uint64_t{1} << t, events);
                        sample(top, events, total, recalls, envelope, {p + at, s + at, ranges});
                    }
                    const double reached = events.empty() ? 0.0 : static_cast<double>(events.back().hits);
                    r[t * ranges + a] = found[a] == 0 ? NaN : reached / total;
                }
            }
        });
    }
    return py::make_tuple(precision, recall, scores);
}

Doubles resample(const Doubles& score, const Masks& hit, const Masks& skip, const Ints& unit,
                 const Ints& order, const Ints& start, const Ints& positives, const Ints& weight,
                 int64_t thresholds, const Doubles& recalls, const Ints& statistics) {
    want_shape(weight, "weight", {ANY, ANY});
    const int64_t draws = weight.shape(0), units = weight.shape(1);
    Resampling task{ranked_of(score, hit, skip, unit, order, units)};
    const int64_t ranges = task.rows.ranges;
    want_thresholds(thresholds);
    want_recalls(recalls);
    want_offsets(start, "start", ANY, order.size());
    const int64_t sets = start.size() - 1;
    want(sets >= 1, "start", "wanted a ranking");
    want_shape(positives, "positives", {units, sets, ranges});
    want_counts(weight, positives, order.size());
    want_shape(statistics, "statistics", {ANY, 3});
    for (int64_t s = 0; s < statistics.shape(0); ++s) {
        const int64_t* row = statistics.data() + s * 3;
        want((row[0] == PRECISION || row[0] == RECALL) && row[1] >= -1 && row[1] < thresholds && row[2] >= 0 &&
                 row[2] < ranges,
             "statistics", "out of range");
    }
    want_cells("precision", {LANES, ranges, thresholds, std::max<int64_t>(recalls.size(), 1), sets});
    want_cells("weight", {LANES, units});
    want_cells("weight", {draws, units});
    task.start = start.data(), task.sets = sets;
    task.positives = positives.data(), task.units = units;
    task.weight = weight.data(), task.draws = draws;
    task.thresholds = thresholds;
    task.recalls = recalls.data(), task.points = recalls.size();
    task.statistics = statistics.data(), task.wanted = statistics.shape(0);
    Doubles out({draws, task.wanted});
    task.out = out.mutable_data();
    {
        const py::gil_scoped_release unlocked;
        run(task);
    }
    return out;
}

}  // namespace

void bind_curves(py::module_& module) {
    module.def("accumulate", &accumulate, py::arg("score"), py::arg("hit"), py::arg("skip"), py::arg("unit"),
               py::arg("order"), py::arg("weight"), py::arg("positives"), py::arg("thresholds"),
               py::arg("recalls"));
    module.def("resample", &resample, py::arg("score"), py::arg("hit"), py::arg("skip"), py::arg("unit"),
               py::arg("order"), py::arg("start"), py::arg("positives"), py::arg("weight"),
               py::arg("thresholds"), py::arg("recalls"), py::arg("statistics"));
    module.attr("PRECISION") = static_cast<int>(PRECISION);
    module.attr("RECALL") = static_cast<int>(RECALL);
}
