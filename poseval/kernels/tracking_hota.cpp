// HOTA (Luiten et al. 2021) per joint or per whole pose.
//
// One assignment of greatest similarity per frame serves all thresholds alpha; pairs whose similarity reaches
// alpha are true positives. The aligned assignment multiplies similarities by how well the two tracks agree
// over the whole sequence (TrackEval, metrics/hota.py); the plain one does not (Doering et al. 2022, kit of
// PoseTrack21).
#include <unordered_map>

#include "tracking_hota.hpp"

namespace poseval::tracking {

namespace {

struct Match {
    int object, hypothesis;  // dense track ids
    int reached;             // number of alphas (ascending) that the similarity reaches
    double similarity;
};

// Sums of one unit and joint, one entry per alpha.
struct Sums {
    std::int64_t* matches;
    double *similarity, *association, *recall, *precision, *fragments;
};

// Association sums over the pairs of tracks: m * m / (|g| + |t| - m) and its kin.
class Association {
public:
    Association(std::size_t alphas) : alphas_(alphas) {}

    // `matches` in the order of frames; sizes are counts of the joint per track.
    void add(const std::vector<Match>& matches, const std::vector<int>& object_size,
             const std::vector<int>& hypothesis_size, const Sums& sums) {
        pair_.clear();
        pairs_.clear();
        count_.clear();
        last_.assign(object_size.size() * alphas_, -1);
        open_.clear();
        squares_.clear();
        for (const Match& match : matches) {
            const std::uint64_t key = static_cast<std::uint64_t>(match.object) << 32 |
                                      static_cast<std::uint32_t>(match.hypothesis);
            const auto [found, fresh] = pair_.try_emplace(key, static_cast<int>(pairs_.size()));
            if (fresh) {
                pairs_.push_back(match);
                count_.resize(count_.size() + alphas_, 0);
                open_.resize(open_.size() + alphas_, 0);
                squares_.resize(squares_.size() + alphas_, 0.0);
            }
            step(match, static_cast<std::size_t>(found->second) * alphas_, sums);
        }
        for (std::size_t k = 0; k < pairs_.size(); ++k) {
            const int g = object_size[pairs_[k].object], t = hypothesis_size[pairs_[k].hypothesis];
            for (std::size_t a = 0; a < alphas_; ++a) {
                const double m = count_[k * alphas_ + a];
                if (m == 0) break;  // no higher alpha has matches of this pair either
                const double open = open_[k * alphas_ + a];
                const double both = std::max(1.0, g + t - m);
                sums.association[a] += m * m / both;
                sums.recall[a] += m * m / std::max(1, g);
                sums.precision[a] += m * m / std::max(1, t);
                sums.fragments[a] += (squares_[k * alphas_ + a] + open * open) / both;
            }
        }
    }

private:
    // A fragment of a pair goes on while no other hypothesis is matched to the object in between.
    void step(const Match& match, std::size_t base, const Sums& sums) {
        for (int a = 0; a < match.reached; ++a) {
            int& last = last_[static_cast<std::size_t>(match.object) * alphas_ + a];
            int& open = open_[base + a];
            if (last != match.hypothesis) {
                squares_[base + a] += static_cast<double>(open) * open;
                open = 0;
            }
            last = match.hypothesis;
            ++open;
            ++count_[base + a];
            ++sums.matches[a];
            sums.similarity[a] += match.similarity;
        }
    }

    std::size_t alphas_;
    std::unordered_map<std::uint64_t, int> pair_;
    std::vector<Match> pairs_;
    std::vector<int> count_, open_, last_;
    std::vector<double> squares_;
};

struct Sizes {
    std::vector<int> object, hypothesis;

    void reset(int objects, int hypotheses) {
        object.assign(objects, 0);
        hypothesis.assign(hypotheses, 0);
    }
};

// How well pairs of tracks agree over a unit: the Jaccard index of their frames, each frame counting for as much
// as the pair is alike in it and unlike all others (TrackEval's global alignment score).
class Alignment {
public:
    void reset() { shared_.clear(); }

    void add(int object, int hypothesis, double share) { shared_[key(object, hypothesis)] += share; }

    double of(int object, int hypothesis, const Sizes& sizes) const {
        const auto found = shared_.find(key(object, hypothesis));
        if (found == shared_.end()) return 0.0;
        return found->second / (sizes.object[object] + sizes.hypothesis[hypothesis] - found->second);
    }

private:
    static std::uint64_t key(int object, int hypothesis) {
        return static_cast<std::uint64_t>(object) << 32 | static_cast<std::uint32_t>(hypothesis);
    }

    std::unordered_map<std::uint64_t, double> shared_;
};

// Counts of every unit and joint: objects and hypotheses, and those in frames without the other side.
struct Counts {
    std::vector<std::int64_t> objects, hypotheses, objects_alone, hypotheses_alone;

    explicit Counts(std::size_t cells)
        : objects(cells, 0), hypotheses(cells, 0), objects_alone(cells, 0), hypotheses_alone(cells, 0) {}
};

// Walks over the frames of one unit, first to count and align its tracks, then to match them.
class UnitWalk {
public:
    std::vector<Sizes> sizes;                 // of each joint
    std::vector<std::vector<Match>> matches;  // of each joint, in the order of frames

    UnitWalk(const Scene& scene, const std::vector<double>& alphas, double radius, bool aligned)
        : sizes(static_cast<std::size_t>(scene.joints())), matches(sizes.size()), scene_(scene),
          joints_(scene.joints()), aligned_(aligned), matcher_(alphas, radius), alignment_(sizes.size()) {}

    void count(py::ssize_t u, Counts& counts) {
        for (int j = 0; j < joints_; ++j) {
            sizes[j].reset(scene_.object_tracks(u), scene_.hypothesis_tracks(u));
            matches[j].clear();
            alignment_[j].reset();
        }
        for (py::ssize_t k = scene_.unit_begin(u); k < scene_.unit_begin(u + 1); ++k) {
            const py::ssize_t f = scene_.frame_at(k);
            if (aligned_) scene_.fill(f, block_);
            for (int j = 0; j < joints_; ++j) {
                count_frame(f, j, static_cast<std::size_t>(u) * joints_ + j, counts);
                if (aligned_) align_frame(f, j);
            }
        }
    }

    void match(py::ssize_t u) {
        for (py::ssize_t k = scene_.unit_begin(u); k < scene_.unit_begin(u + 1); ++k) {
            const py::ssize_t f = scene_.frame_at(k), object = scene_.first_object(f),
                              hypothesis = scene_.first_hypothesis(f);
            scene_.fill(f, block_);
            for (int j = 0; j < joints_; ++j) {
                matcher_.load(block_, j);
                matcher_.match(
                    [&](int g, int p, double s) {
                        matches[j].push_back({scene_.object_track(object + g),
                                              scene_.hypothesis_track(hypothesis + p), matcher_.reached(s), s});
                    },
                    [&](int g, int p) {
                        return aligned_ ? alignment_[j].of(scene_.object_track(object + g),
                                                           scene_.hypothesis_track(hypothesis + p), sizes[j])
                                        : 1.0;
                    });
            }
        }
    }

private:
    void count_frame(py::ssize_t f, int j, std::size_t cell, Counts& counts) {
        const py::ssize_t object = scene_.first_object(f), hypothesis = scene_.first_hypothesis(f);
        const int objects = scene_.objects(f), hypotheses = scene_.hypotheses(f);
        for (int g = 0; g < objects; ++g) {
            if (!scene_.object_has(object + g, j)) continue;
            ++sizes[j].object[scene_.object_track(object + g)];
            ++counts.objects[cell];
            counts.objects_alone[cell] += hypotheses == 0;
        }
        for (int p = 0; p < hypotheses; ++p) {
            if (!scene_.hypothesis_has(hypothesis + p, j)) continue;
            ++sizes[j].hypothesis[scene_.hypothesis_track(hypothesis + p)];
            ++counts.hypotheses[cell];
            counts.hypotheses_alone[cell] += objects == 0;
        }
    }

    void align_frame(py::ssize_t f, int j) {
        const py::ssize_t object = scene_.first_object(f), hypothesis = scene_.first_hypothesis(f);
        matcher_.load(block_, j);
        matcher_.shares([&](int g, int p, double share) {
            alignment_[j].add(scene_.object_track(object + g), scene_.hypothesis_track(hypothesis + p), share);
        });
    }

    const Scene& scene_;
    int joints_;
    bool aligned_;
    FrameMatcher matcher_;
    FrameBlock block_;
    std::vector<Alignment> alignment_;  // of each joint
};

}  // namespace

py::dict hota_counts(const Scene& scene, const std::vector<double>& alphas, double radius, bool aligned) {
    const py::ssize_t units = scene.units();
    const int joints = scene.joints();
    const std::size_t cells = static_cast<std::size_t>(units) * joints, levels = alphas.size();
    Counts counts(cells);
    std::vector<std::int64_t> matched(cells * levels, 0);
    std::vector<double> similarity(cells * levels, 0.0), association(similarity), recall(similarity),
        precision(similarity), fragments(similarity);
    {
        const py::gil_scoped_release release;
        for_pieces(units, scene.units_a_thread(), [&](py::ssize_t begin, py::ssize_t end) {
            UnitWalk walk(scene, alphas, radius, aligned);
            Association association_of(levels);
            for (py::ssize_t u = begin; u < end; ++u) {
                walk.count(u, counts);
                walk.match(u);
                for (int j = 0; j < joints; ++j) {
                    const std::size_t base = (static_cast<std::size_t>(u) * joints + j) * levels;
                    association_of.add(walk.matches[j], walk.sizes[j].object, walk.sizes[j].hypothesis,
                                       {matched.data() + base, similarity.data() + base,
                                        association.data() + base, recall.data() + base,
                                        precision.data() + base, fragments.data() + base});
                }
            }
        });
    }
    py::dict out;
    const std::vector<py::ssize_t> flat{units, joints};
    const std::vector<py::ssize_t> shape{units, joints, static_cast<py::ssize_t>(levels)};
    out["objects"] = py::array_t<std::int64_t>(flat, counts.objects.data());
    out["hypotheses"] = py::array_t<std::int64_t>(flat, counts.hypotheses.data());
    out["objects_alone"] = py::array_t<std::int64_t>(flat, counts.objects_alone.data());
    out["hypotheses_alone"] = py::array_t<std::int64_t>(flat, counts.hypotheses_alone.data());
    out["matched"] = py::array_t<std::int64_t>(shape, matched.data());
    out["similarity"] = py::array_t<double>(shape, similarity.data());
    out["association"] = py::array_t<double>(shape, association.data());
    out["association_recall"] = py::array_t<double>(shape, recall.data());
    out["association_precision"] = py::array_t<double>(shape, precision.data());
    out["fragments"] = py::array_t<double>(shape, fragments.data());
    return out;
}

}  // namespace poseval::tracking
