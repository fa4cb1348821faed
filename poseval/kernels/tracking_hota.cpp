// HOTA (Luiten et al. 2021) per joint, as PoseTrack21 defines it for keypoints.
//
// One assignment of least negative similarity per frame and joint serves all thresholds alpha; pairs whose
// similarity reaches alpha are true positives. Source: Doering et al. 2022 and its evaluation kit.
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

}  // namespace

py::dict hota_counts(const Scene& scene, const std::vector<double>& alphas, double radius) {
    const py::ssize_t units = scene.units();
    const int joints = scene.joints();
    const std::size_t cells = static_cast<std::size_t>(units) * joints, levels = alphas.size();
    std::vector<std::int64_t> objects(cells, 0), hypotheses(cells, 0), matched(cells * levels, 0);
    std::vector<std::int64_t> objects_alone(cells, 0), hypotheses_alone(cells, 0);
    std::vector<double> similarity(cells * levels, 0.0), association(similarity), recall(similarity),
        precision(similarity), fragments(similarity);
    {
        const py::gil_scoped_release release;
        FrameBlock block;
        FrameMatcher matcher(alphas, radius);
        Association association_of(levels);
        std::vector<Sizes> sizes(static_cast<std::size_t>(joints));
        std::vector<std::vector<Match>> matches(static_cast<std::size_t>(joints));
        for (py::ssize_t u = 0; u < units; ++u) {
            for (int j = 0; j < joints; ++j) {
                sizes[j].reset(scene.object_tracks(u), scene.hypothesis_tracks(u));
                matches[j].clear();
            }
            for (py::ssize_t k = scene.unit_begin(u); k < scene.unit_begin(u + 1); ++k) {
                const py::ssize_t f = scene.frame_at(k), object = scene.first_object(f),
                                  hypothesis = scene.first_hypothesis(f);
                scene.fill(f, block);
                for (int j = 0; j < joints; ++j) {
                    const std::size_t cell = static_cast<std::size_t>(u) * joints + j;
                    for (int g = 0; g < block.objects; ++g) {
                        if (!scene.object_has(object + g, j)) continue;
                        ++sizes[j].object[scene.object_track(object + g)];
                        ++objects[cell];
                        objects_alone[cell] += block.hypotheses == 0;
                    }
                    for (int p = 0; p < block.hypotheses; ++p) {
                        if (!scene.hypothesis_has(hypothesis + p, j)) continue;
                        ++sizes[j].hypothesis[scene.hypothesis_track(hypothesis + p)];
                        ++hypotheses[cell];
                        hypotheses_alone[cell] += block.objects == 0;
                    }
                    matcher.load(block, j);
                    matcher.match([&](int g, int p, double s) {
                        matches[j].push_back({scene.object_track(object + g),
                                              scene.hypothesis_track(hypothesis + p), matcher.reached(s), s});
                    });
                }
            }
            for (int j = 0; j < joints; ++j) {
                const std::size_t base = (static_cast<std::size_t>(u) * joints + j) * levels;
                association_of.add(matches[j], sizes[j].object, sizes[j].hypothesis,
                                   {matched.data() + base, similarity.data() + base, association.data() + base,
                                    recall.data() + base, precision.data() + base, fragments.data() + base});
            }
        }
    }
    py::dict out;
    const std::vector<py::ssize_t> flat{units, joints};
    const std::vector<py::ssize_t> shape{units, joints, static_cast<py::ssize_t>(levels)};
    out["objects"] = py::array_t<std::int64_t>(flat, objects.data());
    out["hypotheses"] = py::array_t<std::int64_t>(flat, hypotheses.data());
    out["objects_alone"] = py::array_t<std::int64_t>(flat, objects_alone.data());
    out["hypotheses_alone"] = py::array_t<std::int64_t>(flat, hypotheses_alone.data());
    out["matched"] = py::array_t<std::int64_t>(shape, matched.data());
    out["similarity"] = py::array_t<double>(shape, similarity.data());
    out["association"] = py::array_t<double>(shape, association.data());
    out["association_recall"] = py::array_t<double>(shape, recall.data());
    out["association_precision"] = py::array_t<double>(shape, precision.data());
    out["fragments"] = py::array_t<double>(shape, fragments.data());
    return out;
}

}  // namespace poseval::tracking
