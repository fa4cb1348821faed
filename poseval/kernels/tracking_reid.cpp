// HOTA for re-identification: identities are global, so association is summed over all sequences.
//
// Source: PoseTrack21's kit, metrics/hota_pose_reid.py: every threshold alpha has an assignment of its own.
#include <unordered_map>

#include "tracking_hota.hpp"

namespace poseval::tracking {

namespace {

// Rows of the tables: pairs as (unit, joint, object, hypothesis) and one number per alpha; ends as (unit, joint,
// alpha, object, hypothesis and length of the first piece, the same of the last piece, number of pieces).
struct PairRows {
    std::vector<std::int64_t> key, count, squares, ends;
};

// Matches of one unit and joint, pair by pair.
class PairCounter {
public:
    explicit PairCounter(std::size_t alphas) : alphas_(alphas) {}

    void reset(int objects) {
        place_.clear();
        pairs_.clear();
        count_.clear();
        open_.clear();
        squares_.clear();
        object_.assign(static_cast<std::size_t>(objects) * alphas_, {});
    }

    void add(int object, int hypothesis, std::size_t alpha) {
        const std::uint64_t key =
            static_cast<std::uint64_t>(object) << 32 | static_cast<std::uint32_t>(hypothesis);
        const auto [found, fresh] = place_.try_emplace(key, pairs_.size());
        if (fresh) {
            pairs_.push_back({object, hypothesis});
            count_.resize(count_.size() + alphas_, 0);
            open_.resize(open_.size() + alphas_, 0);
            squares_.resize(squares_.size() + alphas_, 0);
        }
        const std::size_t at = found->second * alphas_ + alpha;
        Pieces& pieces = object_[static_cast<std::size_t>(object) * alphas_ + alpha];
        if (pieces.last != hypothesis) {
            squares_[at] += open_[at] * open_[at];
            open_[at] = 0;
            ++pieces.count;
            if (pieces.count == 1) pieces.first = hypothesis;
        }
        pieces.last = hypothesis;
        ++open_[at];
        pieces.last_length = open_[at];
        if (pieces.count == 1) pieces.first_length = open_[at];
        ++count_[at];
    }

    void write(std::int64_t unit, std::int64_t joint, PairRows& rows) const {
        for (std::size_t k = 0; k < pairs_.size(); ++k) {
            rows.key.insert(rows.key.end(), {unit, joint, pairs_[k].object, pairs_[k].hypothesis});
            for (std::size_t a = k * alphas_; a < (k + 1) * alphas_; ++a) {
                rows.count.push_back(count_[a]);
                rows.squares.push_back(squares_[a] + open_[a] * open_[a]);
            }
        }
        for (std::size_t k = 0; k < object_.size(); ++k) {
            const Pieces& pieces = object_[k];
            if (pieces.count == 0) continue;
            const auto object = static_cast<std::int64_t>(k / alphas_), alpha = static_cast<std::int64_t>(k % alphas_);
            rows.ends.insert(rows.ends.end(), {unit, joint, alpha, object, pieces.first, pieces.first_length,
                                               pieces.last, pieces.last_length, pieces.count});
        }
    }

private:
    struct Pair {
        int object, hypothesis;
    };
    struct Pieces {  // of one object: runs of matches with one hypothesis
        int first = -1, last = -1;
        std::int64_t first_length = 0, last_length = 0, count = 0;
    };

    std::size_t alphas_;
    std::unordered_map<std::uint64_t, std::size_t> place_;
    std::vector<Pair> pairs_;
    std::vector<std::int64_t> count_, open_, squares_;
    std::vector<Pieces> object_;
};

void write_sizes(std::int64_t unit, std::int64_t joint, std::int64_t side, const std::vector<int>& size,
                 std::vector<std::int64_t>& rows) {
    for (std::size_t track = 0; track < size.size(); ++track) {
        if (size[track] == 0) continue;
        rows.insert(rows.end(), {unit, joint, side, static_cast<std::int64_t>(track), size[track]});
    }
}

py::array_t<std::int64_t> table(const std::vector<std::int64_t>& values, py::ssize_t width) {
    return py::array_t<std::int64_t>({static_cast<py::ssize_t>(values.size()) / width, width}, values.data());
}

}  // namespace

py::dict reid_counts(const Scene& scene, const std::vector<double>& alphas, double radius) {
    const py::ssize_t units = scene.units();
    const int joints = scene.joints();
    const std::size_t cells = static_cast<std::size_t>(units) * joints, levels = alphas.size();
    std::vector<std::int64_t> matched(cells * levels, 0), sizes;
    std::vector<double> similarity(cells * levels, 0.0);
    PairRows pairs;
    {
        const py::gil_scoped_release release;
        FrameBlock block;
        FrameMatcher matcher(alphas, radius);
        PairCounter counter(levels);
        std::vector<int> of_object, of_hypothesis;
        for (py::ssize_t u = 0; u < units; ++u) {
            for (int j = 0; j < joints; ++j) {
                const std::size_t base = (static_cast<std::size_t>(u) * joints + j) * levels;
                counter.reset(scene.object_tracks(u));
                of_object.assign(static_cast<std::size_t>(scene.object_tracks(u)), 0);
                of_hypothesis.assign(static_cast<std::size_t>(scene.hypothesis_tracks(u)), 0);
                for (py::ssize_t k = scene.unit_begin(u); k < scene.unit_begin(u + 1); ++k) {
                    const py::ssize_t f = scene.frame_at(k), object = scene.first_object(f),
                                      hypothesis = scene.first_hypothesis(f);
                    scene.fill(f, block);
                    for (int g = 0; g < block.objects; ++g) {
                        of_object[scene.object_track(object + g)] += scene.object_has(object + g, j);
                    }
                    for (int p = 0; p < block.hypotheses; ++p) {
                        of_hypothesis[scene.hypothesis_track(hypothesis + p)] +=
                            scene.hypothesis_has(hypothesis + p, j);
                    }
                    matcher.load(block, j);
                    for (std::size_t a = 0; a < levels; ++a) {
                        matcher.match_at(alphas[a], [&](int g, int p, double s) {
                            counter.add(scene.object_track(object + g), scene.hypothesis_track(hypothesis + p), a);
                            ++matched[base + a];
                            similarity[base + a] += s;
                        });
                    }
                }
                counter.write(u, j, pairs);
                write_sizes(u, j, 0, of_object, sizes);
                write_sizes(u, j, 1, of_hypothesis, sizes);
            }
        }
    }
    py::dict out;
    const std::vector<py::ssize_t> shape{units, joints, static_cast<py::ssize_t>(levels)};
    out["matched"] = py::array_t<std::int64_t>(shape, matched.data());
    out["similarity"] = py::array_t<double>(shape, similarity.data());
    out["pairs"] = table(pairs.key, 4);
    out["pair_count"] = table(pairs.count, static_cast<py::ssize_t>(levels));
    out["pair_squares"] = table(pairs.squares, static_cast<py::ssize_t>(levels));
    out["ends"] = table(pairs.ends, 9);
    out["sizes"] = table(sizes, 5);
    return out;
}

}  // namespace poseval::tracking
