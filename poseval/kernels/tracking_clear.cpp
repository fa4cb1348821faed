// CLEAR MOT (Bernardin and Stiefelhagen 2008) per joint.
//
// The event rules are those of py-motmetrics: correspondences of the past are kept first, in the order of the
// truth, then the rest is assigned at least cost; the memory of an object's hypothesis has no time limit.
#include "assignment.hpp"
#include "tracking.hpp"

namespace poseval::tracking {

namespace {

enum Count { kMisses, kSwitches, kFalsePositives, kObjects, kDetections, kTracks, kMostlyTracked,
             kPartlyTracked, kMostlyLost, kFragments, kCounts };
const char* const kCountNames[kCounts] = {
    "misses", "switches", "false_positives", "objects", "detections", "tracks", "mostly_tracked",
    "partly_tracked", "mostly_lost", "fragments"};

// What one joint remembers while its sequence is walked. All vectors are indexed by dense track id.
struct Memory {
    std::vector<int> partner;          // of each object: the hypothesis it was last matched to
    std::vector<int> owner;            // of each hypothesis: the object of its last new match
    std::vector<char> hypothesis_met;  // the hypothesis was matched before
    std::vector<char> object_met;      // the object was matched before
    std::vector<int> present, tracked; // frames of each object
    std::vector<char> lost;            // the object was matched, and is missed since

    void reset(int objects, int hypotheses) {
        partner.assign(objects, -1);
        owner.assign(hypotheses, -1);
        hypothesis_met.assign(hypotheses, 0);
        object_met.assign(objects, 0);
        present.assign(objects, 0);
        tracked.assign(objects, 0);
        lost.assign(objects, 0);
    }
};

class Clear {
public:
    Clear(const Scene& scene, double gate) : scene_(scene), gate_(gate) {}

    // One frame, one joint. Adds to `count` [kCounts], `matched` and `other` (sums of distances).
    void step(py::ssize_t f, int joint, const FrameBlock& block, Memory& memory, std::int64_t* count,
              double& matched, double& other) {
        gather(f, joint, block, other);
        const int objects = static_cast<int>(object_.size()), hypotheses = static_cast<int>(hypothesis_.size());
        partner_.assign(objects, -1);
        taken_.assign(hypotheses, 0);
        if (objects > 0 && hypotheses > 0) {
            carry_over(memory, matched);
            match_rest(memory, count, matched, other);
        }
        count[kObjects] += objects;
        for (int o = 0; o < objects; ++o) {
            const int id = object_[o];
            ++memory.present[id];
            if (partner_[o] >= 0) {
                count[kFragments] += memory.lost[id];
                memory.lost[id] = 0;
                ++memory.tracked[id];
                ++count[kDetections];
            } else {
                memory.lost[id] = memory.tracked[id] > 0;
                ++count[kMisses];
            }
        }
        count[kFalsePositives] += std::count(taken_.begin(), taken_.end(), 0);
    }

private:
    void gather(py::ssize_t f, int joint, const FrameBlock& block, double& other) {
        object_.clear();
        hypothesis_.clear();
        rows_.clear();
        columns_.clear();
        for (int g = 0; g < block.objects; ++g) {
            const py::ssize_t row = scene_.first_object(f) + g;
            if (!scene_.object_has(row, joint)) continue;
            rows_.push_back(g);
            object_.push_back(scene_.object_track(row));
        }
        for (int p = 0; p < block.hypotheses; ++p) {
            const py::ssize_t row = scene_.first_hypothesis(f) + p;
            if (!scene_.hypothesis_has(row, joint)) continue;
            columns_.push_back(p);
            hypothesis_.push_back(scene_.hypothesis_track(row));
        }
        const double* value = block.of_joint(joint);
        distance_.resize(rows_.size() * columns_.size());
        std::size_t k = 0;
        for (const int g : rows_) {
            for (const int p : columns_) {
                const double d = value[static_cast<std::size_t>(g) * block.hypotheses + p];
                const bool within = d <= gate_;
                distance_[k++] = within ? d : kNone;
                if (within) other += d;
            }
        }
    }

    double& at(int o, int h) { return distance_[static_cast<std::size_t>(o) * hypothesis_.size() + h]; }

    void carry_over(Memory& memory, double& matched) {
        const int hypotheses = static_cast<int>(hypothesis_.size());
        for (int o = 0; o < static_cast<int>(object_.size()); ++o) {
            const int wanted = memory.partner[object_[o]];
            if (wanted < 0) continue;
            for (int h = 0; h < hypotheses; ++h) {
                if (taken_[h] || hypothesis_[h] != wanted) continue;
                if (!std::isnan(at(o, h))) {
                    partner_[o] = h;
                    taken_[h] = 1;
                    memory.object_met[object_[o]] = 1;
                    memory.hypothesis_met[wanted] = 1;
                    matched += at(o, h);
                }
                break;
            }
        }
    }

    void match_rest(Memory& memory, std::int64_t* count, double& matched, double& other) {
        const int objects = static_cast<int>(object_.size()), hypotheses = static_cast<int>(hypothesis_.size());
        for (int o = 0; o < objects; ++o) {
            for (int h = 0; h < hypotheses; ++h) {
                if (partner_[o] >= 0 || taken_[h]) at(o, h) = kNone;
            }
        }
        const bool simple = isolated(
            objects, hypotheses, [this](int o, int h) { return !std::isnan(at(o, h)); }, rest_, rest_taken_);
        const std::vector<int>& chosen = simple ? rest_ : solver_.solve(distance_, objects, hypotheses);
        for (int o = 0; o < objects; ++o) {
            const int h = chosen[o];
            if (h < 0) continue;
            const int object = object_[o], hypothesis = hypothesis_[h];
            const double d = at(o, h);
            if (memory.partner[object] >= 0 && memory.partner[object] != hypothesis) {
                ++count[kSwitches];
                if (!memory.hypothesis_met[hypothesis]) other += d;  // ASCEND
            }
            if (memory.owner[hypothesis] >= 0 && memory.owner[hypothesis] != object) {
                if (!memory.object_met[object]) other += d;  // MIGRATE
                other += d;                                  // TRANSFER
            }
            memory.hypothesis_met[hypothesis] = 1;
            memory.object_met[object] = 1;
            memory.partner[object] = hypothesis;
            memory.owner[hypothesis] = object;
            partner_[o] = h;
            taken_[h] = 1;
            matched += d;
        }
    }

    const Scene& scene_;
    double gate_;
    std::vector<int> object_, hypothesis_, rows_, columns_, partner_, rest_;
    std::vector<char> taken_, rest_taken_;
    std::vector<double> distance_;
    GatedAssignment solver_;
};

// Share of an object's frames in which it was tracked: at least 0.8 mostly tracked, below 0.2 mostly lost.
void count_tracks(const Memory& memory, std::int64_t* count) {
    for (std::size_t id = 0; id < memory.present.size(); ++id) {
        if (memory.present[id] == 0) continue;
        const double share = static_cast<double>(memory.tracked[id]) / memory.present[id];
        ++count[kTracks];
        ++count[share >= 0.8 ? kMostlyTracked : share < 0.2 ? kMostlyLost : kPartlyTracked];
    }
}

}  // namespace

py::dict clear_counts(const Scene& scene, double gate, bool skip_last_frame, bool dummies) {
    const py::ssize_t units = scene.units(), joints = scene.joints();
    std::vector<std::int64_t> count(static_cast<std::size_t>(units * joints) * kCounts, 0);
    std::vector<double> matched(static_cast<std::size_t>(units * joints), 0.0), other(matched);
    {
        const py::gil_scoped_release release;
        for_pieces(units, scene.units_a_thread(), [&](py::ssize_t first, py::ssize_t last) {
            Clear clear(scene, gate);
            FrameBlock block;
            std::vector<Memory> memory(static_cast<std::size_t>(joints));
            for (py::ssize_t u = first; u < last; ++u) {
                for (Memory& one : memory) one.reset(scene.object_tracks(u), scene.hypothesis_tracks(u));
                py::ssize_t end = scene.unit_begin(u + 1);
                if (skip_last_frame && end > scene.unit_begin(u)) --end;
                std::int64_t* of_unit = count.data() + u * joints * kCounts;
                for (py::ssize_t k = scene.unit_begin(u); k < end; ++k) {
                    const py::ssize_t f = scene.frame_at(k);
                    if (dummies && (scene.objects(f) == 0 || scene.hypotheses(f) == 0)) {
                        for (py::ssize_t j = 0; j < joints; ++j) {
                            ++of_unit[j * kCounts + kMisses];
                            ++of_unit[j * kCounts + kFalsePositives];
                            ++of_unit[j * kCounts + kObjects];
                        }
                        continue;
                    }
                    scene.fill(f, block);
                    for (py::ssize_t j = 0; j < joints; ++j) {
                        clear.step(f, static_cast<int>(j), block, memory[j], of_unit + j * kCounts,
                                   matched[u * joints + j], other[u * joints + j]);
                    }
                }
                for (py::ssize_t j = 0; j < joints; ++j) count_tracks(memory[j], of_unit + j * kCounts);
            }
        });
    }
    py::dict out;
    for (int c = 0; c < kCounts; ++c) {
        py::array_t<std::int64_t> column({units, joints});
        for (py::ssize_t k = 0; k < units * joints; ++k) column.mutable_data()[k] = count[k * kCounts + c];
        out[kCountNames[c]] = column;
    }
    out["matched_distance"] = py::array_t<double>({units, joints}, matched.data());
    out["other_distance"] = py::array_t<double>({units, joints}, other.data());
    return out;
}

}  // namespace poseval::tracking
