// COCO keypoint evaluation: OKS and the greedy matching over thresholds and area ranges.
#include <pybind11/stl.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>

#include "arrays.hpp"
#include "fetch.hpp"
#include "oks.hpp"
#include "parallel.hpp"

namespace py = pybind11;
using namespace poseval;

namespace {

constexpr int64_t MOST_THRESHOLDS = 64;  // bits of a mask

// Poses [N, K, 2] whose rows may lie apart: a slice of joints is not copied.
using PoseRows = py::array_t<double, ALIGNED>;

Poses poses_of(const PoseRows& xy, const char* name, int64_t joints) {
    want_shape(xy, name, {ANY, joints, 2});
    const auto step = static_cast<py::ssize_t>(sizeof(double));
    // NumPy leaves the strides of axes of length 1 to chance.
    want(xy.size() == 0 || (xy.strides(0) % step == 0 && (joints == 1 || xy.strides(1) == 2 * step) &&
                            xy.strides(2) == step),
         name, "wanted joints beside each other");
    return {xy.data(), xy.strides(0) / step};
}

Truth truth_of(const PoseRows& xy, const Bytes& labelled, const Doubles& area, const Doubles& box,
               const Doubles& variance) {
    want_shape(variance, "variance", {ANY});
    const int64_t joints = variance.shape(0);
    want(joints > 0, "variance", "wanted a joint");
    const Poses poses = poses_of(xy, "truth_xy", joints);
    const int64_t rows = xy.shape(0);
    want_shape(labelled, "labelled", {rows, joints});
    want_shape(area, "area", {rows});
    want_shape(box, "box", {rows, 4});
    return {poses, labelled.data(), area.data(), box.data(), variance.data(), joints};
}

Doubles oks_pairs(const PoseRows& pose_xy, const PoseRows& truth_xy, const Bytes& labelled,
                  const Doubles& area, const Doubles& box, const Doubles& variance, const Ints& pose_row,
                  const Ints& truth_row) {
    const Truth truth = truth_of(truth_xy, labelled, area, box, variance);
    const Poses poses = poses_of(pose_xy, "pose_xy", truth.joints);
    const int64_t pairs = pose_row.size();
    want_shape(pose_row, "pose_row", {ANY});
    want_shape(truth_row, "truth_row", {pairs});
    want_range(pose_row, "pose_row", 0, pose_xy.shape(0));
    want_range(truth_row, "truth_row", 0, truth_xy.shape(0));
    Doubles out(pairs);
    double* value = out.mutable_data();
    const int64_t *p = pose_row.data(), *g = truth_row.data();
    {
        const py::gil_scoped_release unlocked;
        for_pieces(pairs, 20'000, [&](int64_t begin, int64_t end) {
            OksTarget target(truth.joints);
            for (int64_t i = begin, aimed = -1; i < end; ++i) {
                if (g[i] != aimed) target.aim(truth, aimed = g[i]);
                value[i] = target.similarity(poses.row(p[i]));
            }
        });
    }
    return out;
}

// Everything the matching reads and writes. Detections and truths come as row numbers in cell order.
struct Task {
    Poses poses;
    const double *score, *pose_area;
    const int64_t *pose_row, *pose_start;
    Truth truth;
    const uint8_t *ignored, *crowd, *unseen;
    const int64_t *truth_row, *truth_start;
    const double* threshold;
    int64_t thresholds;
    const double* range;  // [A, 2]
    int64_t ranges, max_dets;
    // results
    const int64_t *kept_start, *oks_start;
    int64_t *kept, *rank;
    uint64_t *hit, *skip;       // [R, A] bit per threshold
    uint8_t* truth_skip;        // [N, A], N truths in cell order
    int32_t* matched;           // [R, A, T] row of the truth, -1 none; or null
    double* oks;                // or null
    const double* given;        // OKS measured elsewhere, laid out like `oks`; null: measure here
};

// One thread's scratch and the work on one cell.
class CellMatcher {
  public:
    explicit CellMatcher(const Task& task)
        : task_(task), lowest_(*std::min_element(task.threshold, task.threshold + task.thresholds)),
          target_(task.truth.joints, task.oks ? 0.0 : reach(lowest_)) {}

    void match(int64_t cell) {
        cell_ = cell;
        first_ = task_.truth_start[cell];
        truths_ = task_.truth_start[cell + 1] - first_;
        rows_ = task_.kept_start[cell];
        kept_ = task_.kept_start[cell + 1] - rows_;
        keep_best();
        if (kept_ > 0) measure();
        near_.clear();
        for (int64_t d = 0; d < kept_ && truths_ > 0; ++d)
            if (best_[static_cast<size_t>(d)] >= reach(lowest_)) near_.push_back(d);
        find_steps();
        for (int64_t a = 0; a < task_.ranges; ++a) {
            sort_truths(a);
            // Most ranges have the order of the first, and then the same pairs.
            if (a == 0 || turn_ != paired_turn_ || split() != paired_split_) pair_up();
            if (!near_.empty()) write_pairs(a);
            skip_foreign_sizes(a);
        }
    }

  private:
    // The detections of highest score, ties in file order.
    void keep_best() {
        const int64_t begin = task_.pose_start[cell_], end = task_.pose_start[cell_ + 1];
        keyed_.clear();  // scores beside places: sorting touches no far memory
        for (int64_t n = begin; n < end; ++n) keyed_.emplace_back(task_.score[task_.pose_row[n]], n - begin);
        std::sort(keyed_.begin(), keyed_.end(), [](const auto& a, const auto& b) {
            return a.first > b.first || (a.first == b.first && a.second < b.second);
        });
        area_.clear();
        for (int64_t r = 0; r < kept_; ++r) {
            const int64_t row = task_.pose_row[begin + keyed_[static_cast<size_t>(r)].second];
            task_.kept[rows_ + r] = row;
            task_.rank[rows_ + r] = r;
            area_.push_back(task_.pose_area[row]);
        }
    }

    void measure() {
        oks_.resize(static_cast<size_t>(kept_ * truths_));
        best_.assign(static_cast<size_t>(kept_), -1.0);
        if (task_.given) {
            const double* given = task_.given + task_.oks_start[cell_];
            for (int64_t i = 0; i < kept_ * truths_; ++i) {
                oks_[static_cast<size_t>(i)] = given[i];
                double& best = best_[static_cast<size_t>(i / truths_)];
                best = std::max(best, given[i]);
            }
            return;
        }
        extent_.resize(static_cast<size_t>(kept_));
        const int64_t* rows = task_.kept + rows_;
        for (int64_t d = 0; d < kept_ && truths_ > 0; ++d) {
            if (d + AHEAD < kept_) fetch(task_.poses.row(rows[d + AHEAD]), task_.truth.joints * 2 * sizeof(double));
            extent_[static_cast<size_t>(d)] = Extent::of(task_.poses.row(rows[d]), task_.truth.joints);
        }
        for (int64_t g = 0; g < truths_; ++g) {
            target_.aim(task_.truth, task_.truth_row[first_ + g]);
            for (int64_t d = 0; d < kept_; ++d) {
                const bool far = target_.is_far(extent_[static_cast<size_t>(d)]);
                const double value = far ? 0.0 : target_.similarity(task_.poses.row(task_.kept[rows_ + d]));
                oks_[static_cast<size_t>(d * truths_ + g)] = value;
                best_[static_cast<size_t>(d)] = std::max(best_[static_cast<size_t>(d)], value);
            }
        }
        if (task_.oks && !oks_.empty())
            std::memcpy(task_.oks + task_.oks_start[cell_], oks_.data(), oks_.size() * sizeof(double));
    }

    // Truths that count first, those that do not after them; file order inside both.
    void sort_truths(int64_t a) {
        const double lo = task_.range[2 * a], hi = task_.range[2 * a + 1];
        turn_.clear();
        for (int64_t g = 0; g < truths_; ++g) {
            const int64_t row = task_.truth_row[first_ + g];
            const double area = task_.truth.area[row];
            const bool skip = task_.ignored[row] || area < lo || area > hi;
            task_.truth_skip[(first_ + g) * task_.ranges + a] = skip;
            if (!skip) turn_.push_back(g);
        }
        counted_ = turn_.size();
        for (int64_t g = 0; g < truths_; ++g)
            if (task_.truth_skip[(first_ + g) * task_.ranges + a]) turn_.push_back(g);
    }

    static double reach(double threshold) { return std::min(threshold, 1 - 1e-10); }

    // Thresholds that the same similarities reach lead to the same pairs.
    void find_steps() {
        steps_.clear();
        int64_t before = -1;
        for (int64_t t = 0; t < task_.thresholds && !near_.empty(); ++t) {
            const double wanted = reach(task_.threshold[t]);
            int64_t count = 0;
            for (const int64_t d : near_)
                for (int64_t g = 0; g < truths_; ++g) count += !(oks_[static_cast<size_t>(d * truths_ + g)] < wanted);
            if (count != before) steps_.push_back({wanted, 0});
            steps_.back().thresholds |= uint64_t{1} << t;
            before = count;
        }
    }

    // Where truths that do not count begin among the others; nowhere when all are of one kind.
    size_t split() const { return counted_ == turn_.size() ? 0 : counted_; }

    void pair_up() {
        pairs_.clear();
        paired_turn_ = turn_;
        paired_split_ = split();
        for (const Step& step : steps_) {
            taken_.assign(static_cast<size_t>(truths_), 0);
            for (const int64_t d : near_) {
                if (best_[static_cast<size_t>(d)] < step.wanted) continue;
                const int64_t g = choose(oks_.data() + d * truths_, step.wanted);
                if (g < 0) continue;
                taken_[static_cast<size_t>(g)] = !task_.crowd[task_.truth_row[first_ + g]];
                pairs_.push_back({d, g, step.thresholds});
            }
        }
    }

    void write_pairs(int64_t a) {
        for (const Pair& pair : pairs_) {
            const int64_t row = task_.truth_row[first_ + pair.truth];
            const int64_t slot = (rows_ + pair.detection) * task_.ranges + a;
            if (task_.truth_skip[(first_ + pair.truth) * task_.ranges + a])
                task_.skip[slot] |= pair.thresholds;
            else if (!task_.unseen[row])
                task_.hit[slot] |= pair.thresholds;
            if (!task_.matched) continue;
            for (uint64_t rest = pair.thresholds; rest != 0; rest &= rest - 1)
                task_.matched[slot * task_.thresholds + std::countr_zero(rest)] = static_cast<int32_t>(row);
        }
    }

    // The free truth of highest OKS, the later of equals; one that counts is never given up for one that
    // does not.
    int64_t choose(const double* oks, double wanted) const {
        int64_t held = -1;
        bool held_counts = false;
        for (size_t i = 0; i < turn_.size(); ++i) {
            const int64_t g = turn_[i];
            if (taken_[static_cast<size_t>(g)]) continue;
            if (held >= 0 && held_counts && i >= counted_) break;
            if (oks[g] < wanted) continue;
            wanted = oks[g];
            held = g;
            held_counts = i < counted_;
        }
        return held;
    }

    // A detection without a match whose own area lies outside the range does not count in it.
    void skip_foreign_sizes(int64_t a) {
        const double lo = task_.range[2 * a], hi = task_.range[2 * a + 1];
        const uint64_t every = task_.thresholds == 64 ? ~uint64_t{0} : (uint64_t{1} << task_.thresholds) - 1;
        for (int64_t d = 0; d < kept_; ++d) {
            const double area = area_[static_cast<size_t>(d)];
            if (area < lo || area > hi) {
                const int64_t slot = (rows_ + d) * task_.ranges + a;
                task_.skip[slot] |= every & ~task_.hit[slot];
            }
        }
    }

    struct Step {
        double wanted;
        uint64_t thresholds;  // a bit each
    };
    struct Pair {
        int64_t detection, truth;
        uint64_t thresholds;
    };

    const Task& task_;
    const double lowest_;
    OksTarget target_;
    int64_t cell_ = 0, first_ = 0, truths_ = 0, rows_ = 0, kept_ = 0;
    size_t counted_ = 0;
    std::vector<std::pair<double, int64_t>> keyed_;
    std::vector<int64_t> turn_, near_;  // near_: detections that any threshold can match
    std::vector<Step> steps_;
    std::vector<Pair> pairs_;            // of the order `paired_turn_` of truths
    std::vector<int64_t> paired_turn_;
    size_t paired_split_ = 0;
    std::vector<double> oks_, best_, area_;
    std::vector<Extent> extent_;  // of each kept detection
    std::vector<uint8_t> taken_;
};

// Offsets of what each cell writes: kept detections, and their OKS with every truth of the cell.
std::pair<Ints, Ints> plan(const Ints& pose_start, const Ints& truth_start, int64_t max_dets) {
    const int64_t cells = pose_start.shape(0) - 1;
    Ints kept_start(cells + 1), oks_start(cells + 1);
    int64_t *kept = kept_start.mutable_data(), *oks = oks_start.mutable_data();
    const int64_t *p = pose_start.data(), *g = truth_start.data();
    kept[0] = oks[0] = 0;
    for (int64_t c = 0; c < cells; ++c) {
        const int64_t count = std::min(p[c + 1] - p[c], max_dets);
        kept[c + 1] = kept[c] + count;
        oks[c + 1] = oks[c] + count * (g[c + 1] - g[c]);
    }
    return {kept_start, oks_start};
}

py::tuple oks_match(const PoseRows& pose_xy, const Doubles& score, const Doubles& pose_area,
                    const Ints& pose_row, const Ints& pose_start, const PoseRows& truth_xy,
                    const Bytes& labelled, const Doubles& area, const Doubles& box, const Bytes& ignored,
                    const Bytes& crowd, const Bytes& unseen, const Ints& truth_row, const Ints& truth_start,
                    const Doubles& variance, const Doubles& threshold, const Doubles& range,
                    int64_t max_dets, bool with_matched, bool with_oks,
                    const std::optional<Doubles>& given) {
    Task task{};
    task.truth = truth_of(truth_xy, labelled, area, box, variance);
    task.poses = poses_of(pose_xy, "pose_xy", task.truth.joints);
    const int64_t poses = pose_xy.shape(0), people = truth_xy.shape(0);
    want_shape(threshold, "threshold", {ANY});
    const int64_t thresholds = threshold.shape(0);
    want(thresholds >= 1 && thresholds <= MOST_THRESHOLDS, "threshold", "wanted 1 to 64");
    want_shape(range, "range", {ANY, 2});
    const int64_t ranges = range.shape(0);
    want(ranges <= MOST_RANGES, "range", "wanted at most 4096 area ranges");
    want(max_dets >= 0, "max_dets", "wanted 0 or more");
    want_shape(score, "score", {poses});
    want_no_nan(score, "score");  // it has no place in an order
    want_shape(pose_area, "pose_area", {poses});
    want_shape(ignored, "ignored", {people});
    want_shape(crowd, "crowd", {people});
    want_shape(unseen, "unseen", {people});
    want_shape(pose_row, "pose_row", {ANY});
    want_shape(truth_row, "truth_row", {ANY});
    want_offsets(pose_start, "pose_start", ANY, pose_row.size());
    const int64_t cells = pose_start.size() - 1;
    want_offsets(truth_start, "truth_start", cells, truth_row.size());
    want_range(pose_row, "pose_row", 0, poses);
    want_range(truth_row, "truth_row", 0, people);
    want(!with_matched || people <= std::numeric_limits<int32_t>::max(), "truth_xy", "wanted fewer people");
    want_cells("oks", {pose_row.size(), truth_row.size()});

    const auto [kept_start, oks_start] = plan(pose_start, truth_start, max_dets);
    const int64_t rows = kept_start.data()[cells];
    if (given) want_shape(*given, "given", {oks_start.data()[cells]});
    Ints kept(rows), rank(rows);
    Masks hit({rows, ranges}), skip({rows, ranges});
    Bytes truth_skip({truth_row.size(), py::ssize_t(ranges)});
    Column<int32_t> matched({with_matched ? rows : 0, ranges, thresholds});
    Doubles oks(with_oks ? oks_start.data()[cells] : 0);

    task.score = score.data(), task.pose_area = pose_area.data();
    task.pose_row = pose_row.data(), task.pose_start = pose_start.data();
    task.ignored = ignored.data(), task.crowd = crowd.data(), task.unseen = unseen.data();
    task.truth_row = truth_row.data(), task.truth_start = truth_start.data();
    task.threshold = threshold.data(), task.thresholds = thresholds;
    task.range = range.data(), task.ranges = ranges;
    task.kept_start = kept_start.data(), task.oks_start = oks_start.data();
    task.kept = kept.mutable_data(), task.rank = rank.mutable_data();
    task.hit = hit.mutable_data(), task.skip = skip.mutable_data();
    task.truth_skip = truth_skip.mutable_data();
    task.matched = with_matched ? matched.mutable_data() : nullptr;
    task.oks = with_oks ? oks.mutable_data() : nullptr;
    task.given = given ? given->data() : nullptr;
    {
        const py::gil_scoped_release unlocked;
        std::fill_n(task.hit, rows * ranges, uint64_t{0});
        std::fill_n(task.skip, rows * ranges, uint64_t{0});
        if (task.matched) std::fill_n(task.matched, rows * ranges * thresholds, -1);
        // A thread starts in the time that some hundred images take.
        for_pieces(cells, 256, [&task](int64_t begin, int64_t end) {
            CellMatcher matcher(task);
            for (int64_t cell = begin; cell < end; ++cell) matcher.match(cell);
        });
    }
    return py::make_tuple(kept, rank, kept_start, hit, skip, truth_skip, matched, oks, oks_start);
}

}  // namespace

void bind_coco(py::module_& module) {
    module.def("oks_pairs", &oks_pairs, py::arg("pose_xy"), py::arg("truth_xy"), py::arg("labelled"),
               py::arg("area"), py::arg("box"), py::arg("variance"), py::arg("pose_row"),
               py::arg("truth_row"));
    module.def("oks_match", &oks_match, py::arg("pose_xy"), py::arg("score"), py::arg("pose_area"),
               py::arg("pose_row"), py::arg("pose_start"), py::arg("truth_xy"), py::arg("labelled"),
               py::arg("area"), py::arg("box"), py::arg("ignored"), py::arg("crowd"), py::arg("unseen"),
               py::arg("truth_row"), py::arg("truth_start"), py::arg("variance"), py::arg("threshold"),
               py::arg("range"), py::arg("max_dets"), py::arg("with_matched"), py::arg("with_oks"),
               py::arg("given"));
    module.attr("MOST_THRESHOLDS") = MOST_THRESHOLDS;
}
