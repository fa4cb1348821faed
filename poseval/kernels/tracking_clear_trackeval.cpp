// CLEAR MOT by the event rules of TrackEval (metrics/clear.py), which are those of MOT16 (Milan et al. 2016).
//
// An object prefers the hypothesis that it had in the frame before, and that frame alone; apart from that the sum
// of similarities is maximised, whatever the number of pairs. A switch is counted against the hypothesis that the
// object had last, however long ago.
#include "assignment.hpp"
#include "tracking.hpp"

namespace poseval::tracking {

namespace {

constexpr double kPreferred = 1000.0;  // what the hypothesis of the frame before is worth in similarity
constexpr double kTiny = std::numeric_limits<double>::epsilon();

// What one joint remembers of its sequence, by dense track id of the object.
struct Past {
    std::vector<int> last;      // hypothesis of the last match, -1 for none
    std::vector<int> previous;  // hypothesis in the last frame that had both sides, -1 for none
    std::vector<int> present, tracked, pieces;

    void reset(int objects) {
        last.assign(objects, -1);
        previous.assign(objects, -1);
        present.assign(objects, 0);
        tracked.assign(objects, 0);
        pieces.assign(objects, 0);
    }
};

struct Events {
    std::int64_t misses = 0, switches = 0, false_positives = 0, objects = 0, detections = 0;
    std::int64_t tracks = 0, mostly_tracked = 0, partly_tracked = 0, mostly_lost = 0, fragments = 0;
    double similarity = 0.0;
};

class TrackEvalClear {
public:
    TrackEvalClear(const Scene& scene, double threshold, double radius)
        : scene_(scene), threshold_(threshold), radius_(radius) {}

    // One frame and joint.
    void step(py::ssize_t f, int joint, const FrameBlock& block, Past& past, Events& events) {
        gather(f, joint, block, past);
        const int objects = static_cast<int>(object_.size()), hypotheses = static_cast<int>(hypothesis_.size());
        events.objects += objects;
        for (const int id : object_) ++past.present[id];
        if (objects == 0 || hypotheses == 0) {  // the frame before stays the one that both sides were in
            events.misses += objects;
            events.false_positives += hypotheses;
            return;
        }
        const std::vector<int>& chosen = solver_.solve(cost_, objects, hypotheses);
        now_.assign(past.previous.size(), -1);
        int matches = 0;
        double similarity = 0.0;
        for (int o = 0; o < objects; ++o) {
            const std::size_t at = static_cast<std::size_t>(o) * hypotheses + std::max(chosen[o], 0);
            if (chosen[o] < 0 || -cost_[at] <= kTiny) continue;
            const int id = object_[o], hypothesis = hypothesis_[chosen[o]];
            events.switches += past.last[id] >= 0 && past.last[id] != hypothesis;
            past.pieces[id] += past.previous[id] < 0;
            ++past.tracked[id];
            past.last[id] = now_[id] = hypothesis;
            similarity += similarity_[at];
            ++matches;
        }
        past.previous.swap(now_);
        events.similarity += similarity;
        events.detections += matches;
        events.misses += objects - matches;
        events.false_positives += hypotheses - matches;
    }

private:
    void gather(py::ssize_t f, int joint, const FrameBlock& block, const Past& past) {
        object_.clear();
        hypothesis_.clear();
        columns_.clear();
        similarity_.clear();
        cost_.clear();
        for (int p = 0; p < block.hypotheses; ++p) {
            const py::ssize_t row = scene_.first_hypothesis(f) + p;
            if (!scene_.hypothesis_has(row, joint)) continue;
            columns_.push_back(p);
            hypothesis_.push_back(scene_.hypothesis_track(row));
        }
        const double* value = block.of_joint(joint);
        for (int g = 0; g < block.objects; ++g) {
            const py::ssize_t row = scene_.first_object(f) + g;
            if (!scene_.object_has(row, joint)) continue;
            const int id = scene_.object_track(row);
            object_.push_back(id);
            for (std::size_t k = 0; k < columns_.size(); ++k) {
                const double d = value[static_cast<std::size_t>(g) * block.hypotheses + columns_[k]];
                const double given = radius_ > 0 ? 1.0 - d / radius_ : d, s = given > 0 ? given : 0.0;
                const double preferred = hypothesis_[k] == past.previous[id] ? kPreferred : 0.0;
                similarity_.push_back(s);
                cost_.push_back(s < threshold_ - kTiny ? 0.0 : -(preferred + s));
            }
        }
    }

    const Scene& scene_;
    double threshold_, radius_;
    std::vector<int> object_, hypothesis_, columns_, now_;
    std::vector<double> similarity_, cost_;
    Assignment solver_;
};

// Share of an object's frames in which it was tracked: above 0.8 mostly tracked, below 0.2 mostly lost.
void count_tracks(const Past& past, Events& events) {
    for (std::size_t id = 0; id < past.present.size(); ++id) {
        if (past.present[id] == 0) continue;
        const double share = static_cast<double>(past.tracked[id]) / past.present[id];
        ++events.tracks;
        ++(share > 0.8 ? events.mostly_tracked : share >= 0.2 ? events.partly_tracked : events.mostly_lost);
        events.fragments += std::max(past.pieces[id] - 1, 0);
    }
}

}  // namespace

py::dict clear_trackeval_counts(const Scene& scene, double threshold, double radius) {
    const py::ssize_t units = scene.units(), joints = scene.joints();
    std::vector<Events> events(static_cast<std::size_t>(units * joints));
    {
        const py::gil_scoped_release release;
        for_pieces(units, scene.units_a_thread(), [&](py::ssize_t begin, py::ssize_t end) {
            TrackEvalClear clear(scene, threshold, radius);
            FrameBlock block;
            std::vector<Past> past(static_cast<std::size_t>(joints));
            for (py::ssize_t u = begin; u < end; ++u) {
                for (Past& one : past) one.reset(scene.object_tracks(u));
                Events* of_unit = events.data() + u * joints;
                for (py::ssize_t k = scene.unit_begin(u); k < scene.unit_begin(u + 1); ++k) {
                    scene.fill(scene.frame_at(k), block);
                    for (py::ssize_t j = 0; j < joints; ++j)
                        clear.step(scene.frame_at(k), static_cast<int>(j), block, past[j], of_unit[j]);
                }
                for (py::ssize_t j = 0; j < joints; ++j) count_tracks(past[j], of_unit[j]);
            }
        });
    }
    py::dict out;
    const auto column = [&](const char* name, std::int64_t Events::*field) {
        py::array_t<std::int64_t> values({units, joints});
        for (std::size_t k = 0; k < events.size(); ++k) values.mutable_data()[k] = events[k].*field;
        out[name] = values;
    };
    column("misses", &Events::misses);
    column("switches", &Events::switches);
    column("false_positives", &Events::false_positives);
    column("objects", &Events::objects);
    column("detections", &Events::detections);
    column("tracks", &Events::tracks);
    column("mostly_tracked", &Events::mostly_tracked);
    column("partly_tracked", &Events::partly_tracked);
    column("mostly_lost", &Events::mostly_lost);
    column("fragments", &Events::fragments);
    py::array_t<double> similarity({units, joints});
    for (std::size_t k = 0; k < events.size(); ++k) similarity.mutable_data()[k] = events[k].similarity;
    out["similarity"] = similarity;
    return out;
}

}  // namespace poseval::tracking
