// Identity measures (Ristani et al. 2016) per joint: whole tracks matched one to one.
#include <numeric>

#include "assignment.hpp"
#include "tracking.hpp"

namespace poseval::tracking {

namespace {

struct Edge {
    int object, hypothesis;
    double overlap;
};

// Most frames that a one-to-one matching of tracks can explain. Tracks that never meet need no common matrix:
// every connected group is solved alone, so that thousands of one-frame tracks stay cheap.
class TrackMatcher {
public:
    // `meetings` holds one key (object << 32 | hypothesis) per frame in which the two are within the gate.
    std::int64_t best(std::vector<std::uint64_t>& meetings, int objects, int hypotheses) {
        std::sort(meetings.begin(), meetings.end());
        parent_.resize(static_cast<std::size_t>(objects) + hypotheses);
        std::iota(parent_.begin(), parent_.end(), 0);
        edges_.clear();
        for (std::size_t k = 0; k < meetings.size();) {
            std::size_t end = k;
            while (end < meetings.size() && meetings[end] == meetings[k]) ++end;
            const int object = static_cast<int>(meetings[k] >> 32);
            const int hypothesis = static_cast<int>(meetings[k] & 0xffffffffu);
            edges_.push_back({object, hypothesis, static_cast<double>(end - k)});
            parent_[root(object)] = root(objects + hypothesis);
            k = end;
        }
        std::sort(edges_.begin(), edges_.end(),
                  [this](const Edge& a, const Edge& b) { return root(a.object) < root(b.object); });
        double sum = 0.0;
        for (std::size_t k = 0; k < edges_.size();) {
            std::size_t end = k;
            while (end < edges_.size() && root(edges_[end].object) == root(edges_[k].object)) ++end;
            sum += best_of_group(k, end);
            k = end;
        }
        return static_cast<std::int64_t>(sum + 0.5);
    }

private:
    int root(int node) {
        while (parent_[node] != node) node = parent_[node] = parent_[parent_[node]];
        return node;
    }

    static int place(std::vector<int>& known, int id) {
        const auto found = std::find(known.begin(), known.end(), id);
        if (found != known.end()) return static_cast<int>(found - known.begin());
        known.push_back(id);
        return static_cast<int>(known.size()) - 1;
    }

    double best_of_group(std::size_t begin, std::size_t end) {
        if (end - begin == 1) return edges_[begin].overlap;
        rows_.clear();
        columns_.clear();
        for (std::size_t k = begin; k < end; ++k) {
            place(rows_, edges_[k].object);
            place(columns_, edges_[k].hypothesis);
        }
        const int rows = static_cast<int>(rows_.size()), columns = static_cast<int>(columns_.size());
        cost_.assign(static_cast<std::size_t>(rows) * columns, 0.0);
        for (std::size_t k = begin; k < end; ++k) {
            const int row = place(rows_, edges_[k].object), column = place(columns_, edges_[k].hypothesis);
            cost_[static_cast<std::size_t>(row) * columns + column] = -edges_[k].overlap;
        }
        const std::vector<int>& chosen = solver_.solve(cost_, rows, columns);
        double sum = 0.0;
        for (int row = 0; row < rows; ++row) {
            if (chosen[row] >= 0) sum -= cost_[static_cast<std::size_t>(row) * columns + chosen[row]];
        }
        return sum;
    }

    std::vector<int> parent_, rows_, columns_;
    std::vector<Edge> edges_;
    std::vector<double> cost_;
    Assignment solver_;
};

// Adds the joints of one frame to the counts [joints] of both sides, and who meets whom within the gate.
void meet(const Scene& scene, py::ssize_t f, const FrameBlock& block, double gate,
          std::vector<std::vector<std::uint64_t>>& meetings, std::int64_t* truth, std::int64_t* predicted) {
    const py::ssize_t object = scene.first_object(f), hypothesis = scene.first_hypothesis(f);
    for (int j = 0; j < block.joints; ++j) {
        for (int g = 0; g < block.objects; ++g) truth[j] += scene.object_has(object + g, j);
        for (int p = 0; p < block.hypotheses; ++p) predicted[j] += scene.hypothesis_has(hypothesis + p, j);
        const double* value = block.of_joint(j);
        for (int g = 0; g < block.objects; ++g) {
            for (int p = 0; p < block.hypotheses; ++p, ++value) {
                if (!(*value <= gate)) continue;
                meetings[j].push_back(static_cast<std::uint64_t>(scene.object_track(object + g)) << 32 |
                                      static_cast<std::uint32_t>(scene.hypothesis_track(hypothesis + p)));
            }
        }
    }
}

}  // namespace

py::dict identity_counts(const Scene& scene, double gate) {
    const py::ssize_t units = scene.units();
    const int joints = scene.joints();
    const std::size_t cells = static_cast<std::size_t>(units) * joints;
    std::vector<std::int64_t> matched(cells, 0), truth(cells, 0), predicted(cells, 0);
    {
        const py::gil_scoped_release release;
        for_pieces(units, scene.units_a_thread(), [&](py::ssize_t begin, py::ssize_t end) {
            FrameBlock block;
            TrackMatcher matcher;
            std::vector<std::vector<std::uint64_t>> meetings(static_cast<std::size_t>(joints));
            for (py::ssize_t u = begin; u < end; ++u) {
                for (auto& list : meetings) list.clear();
                for (py::ssize_t k = scene.unit_begin(u); k < scene.unit_begin(u + 1); ++k) {
                    const std::size_t cell = static_cast<std::size_t>(u) * joints;
                    scene.fill(scene.frame_at(k), block);
                    meet(scene, scene.frame_at(k), block, gate, meetings, truth.data() + cell, predicted.data() + cell);
                }
                for (int j = 0; j < joints; ++j) {
                    matched[static_cast<std::size_t>(u) * joints + j] =
                        matcher.best(meetings[j], scene.object_tracks(u), scene.hypothesis_tracks(u));
                }
            }
        });
    }
    py::dict out;
    const std::vector<py::ssize_t> shape{units, joints};
    out["matched"] = py::array_t<std::int64_t>(shape, matched.data());
    out["objects"] = py::array_t<std::int64_t>(shape, truth.data());
    out["hypotheses"] = py::array_t<std::int64_t>(shape, predicted.data());
    return out;
}

}  // namespace poseval::tracking
