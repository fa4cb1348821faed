// Best-pose assignment, and the binding of the tracking kernels.
#include "tracking.hpp"

#include <pybind11/stl.h>

namespace poseval::tracking {

py::dict clear_counts(const Scene& scene, double gate, bool skip_last_frame, bool dummies);
py::dict clear_trackeval_counts(const Scene& scene, double threshold, double radius);
py::dict identity_counts(const Scene& scene, double gate);
py::dict hota_counts(const Scene& scene, const std::vector<double>& alphas, double radius, bool aligned);
py::dict reid_counts(const Scene& scene, const std::vector<double>& alphas, double radius);
py::array_t<bool> points_in_regions(In<double> points, In<std::int64_t> frame, In<double> vertices,
                                    In<std::int64_t> start, In<std::int64_t> region_frame);

namespace {

// What a predicted joint is; the order is part of the Python face.
enum Label : std::int8_t { kAbsent, kHit, kTooFar, kUnlabelled, kUnassigned };

// Poses of one frame assigned by share of joints within the gate (PCKh); see `best_pose` in tracking.py.
class PoseAssigner {
public:
    PoseAssigner(const Scene& scene, double gate) : scene_(scene), gate_(gate) {}

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

private:
    const Scene& scene_;
    double gate_;
    std::vector<double> best_;
    std::vector<int> owner_, labelled_;
};

py::tuple best_pose(const Scene& scene, double gate) {
    const py::ssize_t rows = scene.hypotheses_total(), joints = scene.joints();
    py::array_t<std::int64_t> owned(rows);
    py::array_t<std::int8_t> label({rows, joints});
    std::int64_t* const out = owned.mutable_data();
    std::int8_t* const labels = label.mutable_data();
    std::fill(out, out + rows, -1);
    std::fill(labels, labels + rows * joints, kAbsent);
    {
        const py::gil_scoped_release release;
        FrameBlock block;
        PoseAssigner assigner(scene, gate);
        for (py::ssize_t f = 0; f < scene.frames(); ++f) {
            scene.fill(f, block);
            const py::ssize_t object = scene.first_object(f), hypothesis = scene.first_hypothesis(f);
            const std::vector<int>& owner = assigner.assign(f, block);
            for (int g = 0; g < block.objects; ++g) {
                if (owner[g] >= 0) out[hypothesis + owner[g]] = object + g;
            }
            for (int p = 0; p < block.hypotheses; ++p) {
                const std::int64_t truth = out[hypothesis + p];
                for (int j = 0; j < joints; ++j) {
                    if (!scene.hypothesis_has(hypothesis + p, j)) continue;
                    std::int8_t& what = labels[(hypothesis + p) * joints + j];
                    if (truth < 0) {
                        what = kUnassigned;
                    } else if (!scene.object_has(truth, j)) {
                        what = kUnlabelled;
                    } else {
                        what = assigner.within(block, static_cast<int>(truth - object), p, j) ? kHit : kTooFar;
                    }
                }
            }
        }
    }
    return py::make_tuple(owned, label);
}

}  // namespace

}  // namespace poseval::tracking

void bind_tracking(pybind11::module_& module) {
    using namespace poseval::tracking;
    py::class_<Scene>(module, "Scene")
        .def(py::init<In<std::int64_t>, In<std::int64_t>, In<std::int64_t>, In<std::int64_t>, In<std::uint8_t>,
                      In<std::uint8_t>, In<std::int64_t>, In<std::int64_t>, In<std::int64_t>, In<std::int64_t>>())
        .def("use_joints", &Scene::use_joints)
        .def("use_pairs", &Scene::use_pairs);
    module.def("best_pose", &best_pose);
    module.def("clear_counts", &clear_counts);
    module.def("clear_trackeval_counts", &clear_trackeval_counts);
    module.def("identity_counts", &identity_counts);
    module.def("hota_counts", &hota_counts);
    module.def("reid_counts", &reid_counts);
    module.def("points_in_regions", &points_in_regions);
}
