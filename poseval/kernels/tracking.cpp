// Best-pose assignment, and the binding of the tracking kernels.
#include "tracking.hpp"

#include <pybind11/stl.h>

#include "assignment.hpp"

namespace poseval::tracking {

py::dict clear_counts(const Scene& scene, double gate, bool skip_last_frame, bool dummies);
py::dict clear_trackeval_counts(const Scene& scene, double threshold, double radius);
py::dict identity_counts(const Scene& scene, double gate);
py::dict hota_counts(const Scene& scene, const std::vector<double>& alphas, double radius, bool aligned);
py::dict reid_counts(const Scene& scene, const std::vector<double>& alphas, double radius);
Column<bool> points_in_regions(const Doubles& points, const Ints& frame, const Doubles& vertices, const Ints& start,
                               const Ints& region_frame);

namespace {

// What a predicted joint is; exported to Python under these names.
enum Label : std::int8_t { ABSENT, HIT, TOO_FAR, UNLABELLED, UNASSIGNED };

// Numbers that a distance is compared with; NaN would be compared with in vain.
void want_gate(double gate) { want(!std::isnan(gate), "gate", "wanted a number"); }

void want_radius(double radius) {
    want(std::isfinite(radius) && radius >= 0, "radius", "wanted a finite number, 0 or more");
}

void want_alphas(const std::vector<double>& alphas) {
    constexpr std::size_t MOST_ALPHAS = 1000;
    want(!alphas.empty() && alphas.size() <= MOST_ALPHAS, "alphas", "wanted 1 to 1000");
    want(std::all_of(alphas.begin(), alphas.end(), [](double alpha) { return std::isfinite(alpha); }) &&
             std::is_sorted(alphas.begin(), alphas.end()),
         "alphas", "wanted finite numbers, ascending");
}

// Poses of one frame assigned by share of joints within the gate (PCKh); see `best_pose` in tracking.py.
class PoseAssigner {
public:
    PoseAssigner(const Scene& scene, double gate) : scene_(scene), gate_(gate) {}

    // Writes the owned row of each prediction of the frame, and what each of its joints is.
    void label(py::ssize_t f, const FrameBlock& block, std::int64_t* owned, std::int8_t* labels) {
        const py::ssize_t object = scene_.first_object(f), hypothesis = scene_.first_hypothesis(f);
        const std::vector<int>& owner = assign(f, block);
        for (int g = 0; g < block.objects; ++g) {
            if (owner[g] >= 0) owned[hypothesis + owner[g]] = object + g;
        }
        for (int p = 0; p < block.hypotheses; ++p) {
            const std::int64_t truth = owned[hypothesis + p];
            for (int j = 0; j < block.joints; ++j) {
                if (!scene_.hypothesis_has(hypothesis + p, j)) continue;
                std::int8_t& what = labels[(hypothesis + p) * block.joints + j];
                if (truth < 0) {
                    what = UNASSIGNED;
                } else if (!scene_.object_has(truth, j)) {
                    what = UNLABELLED;
                } else {
                    what = within(block, static_cast<int>(truth - object), p, j) ? HIT : TOO_FAR;
                }
            }
        }
    }

private:
    // owner_of_truth[g]: prediction row (in its frame) that owns truth g, or -1.
    const std::vector<int>& assign(py::ssize_t f, const FrameBlock& block) {
        const int objects = block.objects, hypotheses = block.hypotheses;
        best_.assign(static_cast<std::size_t>(objects), 0.0);
        owner_.assign(static_cast<std::size_t>(objects), -1);
        labelled_.assign(static_cast<std::size_t>(objects), 0);
        for (int g = 0; g < objects; ++g) {
            for (int j = 0; j < block.joints; ++j) labelled_[g] += scene_.object_has(scene_.first_object(f) + g, j);
        }
        for (int p = 0; p < hypotheses; ++p) {
            int chosen = 0;
            double share = -1.0;
            for (int g = 0; g < objects; ++g) {
                const double value = labelled_[g] == 0 ? 0.0 : static_cast<double>(hits(block, g, p)) / labelled_[g];
                if (value > share) {
                    share = value;
                    chosen = g;
                }
            }
            if (objects > 0 && share > best_[chosen]) {  // the first prediction keeps a tie
                best_[chosen] = share;
                owner_[chosen] = p;
            }
        }
        return owner_;
    }

    int hits(const FrameBlock& block, int g, int p) const {
        int count = 0;
        for (int j = 0; j < block.joints; ++j) count += within(block, g, p, j);
        return count;
    }

    bool within(const FrameBlock& block, int g, int p, int joint) const {
        return block.of_joint(joint)[static_cast<std::size_t>(g) * block.hypotheses + p] <= gate_;
    }

    const Scene& scene_;
    double gate_;
    std::vector<double> best_;
    std::vector<int> owner_, labelled_;
};

py::tuple best_pose(const Scene& scene, double gate) {
    scene.want_distances();
    want_gate(gate);
    const py::ssize_t rows = scene.hypotheses_total(), joints = scene.joints();
    py::array_t<std::int64_t> owned(rows);
    py::array_t<std::int8_t> label({rows, joints});
    std::int64_t* const out = owned.mutable_data();
    std::int8_t* const labels = label.mutable_data();
    std::fill(out, out + rows, -1);
    std::fill(labels, labels + rows * joints, ABSENT);
    {
        const py::gil_scoped_release release;
        for_pieces(scene.frames(), kFramesAThread, [&](py::ssize_t begin, py::ssize_t end) {
            FrameBlock block;
            PoseAssigner assigner(scene, gate);
            for (py::ssize_t f = begin; f < end; ++f) {
                scene.fill(f, block);
                assigner.label(f, block, out, labels);
            }
        });
    }
    return py::make_tuple(owned, label);
}

py::dict checked_clear(const Scene& scene, double gate, bool skip_last_frame, bool dummies) {
    scene.want_distances();
    want_gate(gate);
    return clear_counts(scene, gate, skip_last_frame, dummies);
}

py::dict checked_clear_trackeval(const Scene& scene, double threshold, double radius) {
    scene.want_distances();
    want_gate(threshold);
    want_radius(radius);
    return clear_trackeval_counts(scene, threshold, radius);
}

py::dict checked_identity(const Scene& scene, double gate) {
    scene.want_distances();
    want_gate(gate);
    return identity_counts(scene, gate);
}

py::dict checked_hota(const Scene& scene, const std::vector<double>& alphas, double radius, bool aligned) {
    scene.want_distances();
    want_alphas(alphas);
    want_radius(radius);
    return hota_counts(scene, alphas, radius, aligned);
}

py::dict checked_reid(const Scene& scene, const std::vector<double>& alphas, double radius) {
    scene.want_distances();
    want_alphas(alphas);
    want_radius(radius);
    return reid_counts(scene, alphas, radius);
}

// Column of each row of a cost matrix, or -1; see assignment.hpp.
Ints assign(const Doubles& cost) {
    want_shape(cost, "cost", {ANY, ANY});
    const py::ssize_t rows = cost.shape(0), columns = cost.shape(1);
    want_groups(rows, "cost");
    want_groups(columns, "cost");
    Ints out(rows);
    std::int64_t* const to = out.mutable_data();
    const std::vector<double> copy(cost.data(), cost.data() + cost.size());
    const py::gil_scoped_release release;
    std::fill(to, to + rows, -1);
    if (copy.empty()) return out;
    Assignment solver;
    const std::vector<int>& chosen = solver.solve(copy, static_cast<int>(rows), static_cast<int>(columns));
    std::copy(chosen.begin(), chosen.end(), to);
    return out;
}

}  // namespace

}  // namespace poseval::tracking

void bind_tracking(pybind11::module_& module) {
    using namespace poseval;
    using namespace poseval::tracking;
    py::class_<Scene>(module, "Scene")
        .def(py::init<Ints, Ints, Ints, Ints, Bytes, Bytes, Ints, Ints, Ints, Ints>())
        .def("use_joints", &Scene::use_joints)
        .def("use_pairs", &Scene::use_pairs);
    module.def("best_pose", &best_pose);
    module.def("clear_counts", &checked_clear);
    module.def("clear_trackeval_counts", &checked_clear_trackeval);
    module.def("identity_counts", &checked_identity);
    module.def("hota_counts", &checked_hota);
    module.def("reid_counts", &checked_reid);
    module.def("assign", &assign);
    module.def("points_in_regions", &points_in_regions);
    const std::pair<const char*, Label> labels[] = {
        {"LABEL_ABSENT", ABSENT},         {"LABEL_HIT", HIT},
        {"LABEL_TOO_FAR", TOO_FAR},       {"LABEL_UNLABELLED", UNLABELLED},
        {"LABEL_UNASSIGNED", UNASSIGNED}};
    for (const auto& [name, label] : labels) module.attr(name) = static_cast<int>(label);
}
