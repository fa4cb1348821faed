// Sequences of frames with people on both sides: what the tracking kernels walk over.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

namespace poseval::tracking {

namespace py = pybind11;

template <class T>
using In = py::array_t<T, py::array::c_style>;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// Distances of one frame, joint by joint: value(j, g, p).
struct FrameBlock {
    int joints = 0, objects = 0, hypotheses = 0;
    std::vector<double> value;

    const double* of_joint(int joint) const {
        return value.data() + static_cast<std::size_t>(joint) * objects * hypotheses;
    }
};

// Truth ("objects") and predictions ("hypotheses") of the same frames.
//
// Frames are visited unit by unit (a unit is a sequence): unit u has frames
// order[unit_start[u]] .. order[unit_start[u + 1] - 1]. Rows of people are grouped by frame on each side.
// Track ids are dense inside a unit: 0 .. count - 1.
class Scene {
public:
    Scene(In<std::int64_t> order, In<std::int64_t> unit_start, In<std::int64_t> truth_start,
          In<std::int64_t> prediction_start, In<std::uint8_t> truth_present, In<std::uint8_t> prediction_present,
          In<std::int64_t> truth_track, In<std::int64_t> prediction_track, In<std::int64_t> truth_tracks,
          In<std::int64_t> prediction_tracks)
        : order_(std::move(order)), unit_start_(std::move(unit_start)), truth_start_(std::move(truth_start)),
          prediction_start_(std::move(prediction_start)), truth_present_(std::move(truth_present)),
          prediction_present_(std::move(prediction_present)), truth_track_(std::move(truth_track)),
          prediction_track_(std::move(prediction_track)), truth_tracks_(std::move(truth_tracks)),
          prediction_tracks_(std::move(prediction_tracks)) {
        if (truth_present_.ndim() != 2 || prediction_present_.ndim() != 2 ||
            truth_present_.shape(1) != prediction_present_.shape(1) ||
            truth_start_.size() != prediction_start_.size() || unit_start_.size() < 1 ||
            truth_start_.size() < 1 || truth_tracks_.size() != units() || prediction_tracks_.size() != units() ||
            truth_track_.size() != truth_present_.shape(0) ||
            prediction_track_.size() != prediction_present_.shape(0)) {
            throw std::invalid_argument("columns of a scene do not fit together");
        }
    }

    // Distances come from coordinates, in units of each truth's head size.
    void use_joints(In<double> truth_xy, In<double> prediction_xy, In<double> head) {
        if (truth_xy.ndim() != 3 || prediction_xy.ndim() != 3 || truth_xy.shape(0) != objects_total() ||
            prediction_xy.shape(0) != hypotheses_total() || truth_xy.shape(1) != joints() ||
            prediction_xy.shape(1) != joints() || head.size() != objects_total()) {
            throw std::invalid_argument("coordinates do not fit the scene");
        }
        truth_xy_ = std::move(truth_xy);
        prediction_xy_ = std::move(prediction_xy);
        head_ = std::move(head);
        pairs_given_ = false;
    }

    // Distances (or similarities) of all pairs of a frame are given: [pairs], frame after frame, truth-major.
    void use_pairs(In<double> value, In<std::int64_t> pair_start) {
        if (joints() != 1 || pair_start.size() != truth_start_.size()) {
            throw std::invalid_argument("pairs do not fit the scene");
        }
        for (py::ssize_t f = 0; f + 1 < pair_start.size(); ++f) {
            if (pair_start.at(f + 1) - pair_start.at(f) != std::int64_t{objects(f)} * hypotheses(f)) {
                throw std::invalid_argument("pairs do not fit the scene");
            }
        }
        if (value.size() != pair_start.at(pair_start.size() - 1)) {
            throw std::invalid_argument("pairs do not fit the scene");
        }
        pair_value_ = std::move(value);
        pair_start_ = std::move(pair_start);
        pairs_given_ = true;
    }

    int joints() const { return static_cast<int>(truth_present_.shape(1)); }
    py::ssize_t units() const { return unit_start_.size() - 1; }
    py::ssize_t frames() const { return truth_start_.size() - 1; }
    py::ssize_t objects_total() const { return truth_present_.shape(0); }
    py::ssize_t hypotheses_total() const { return prediction_present_.shape(0); }
    py::ssize_t unit_begin(py::ssize_t u) const { return unit_start_.data()[u]; }
    py::ssize_t frame_at(py::ssize_t k) const { return order_.data()[k]; }
    py::ssize_t first_object(py::ssize_t f) const { return truth_start_.data()[f]; }
    py::ssize_t first_hypothesis(py::ssize_t f) const { return prediction_start_.data()[f]; }
    int objects(py::ssize_t f) const { return static_cast<int>(first_object(f + 1) - first_object(f)); }
    int hypotheses(py::ssize_t f) const {
        return static_cast<int>(first_hypothesis(f + 1) - first_hypothesis(f));
    }
    bool object_has(py::ssize_t row, int joint) const { return truth_present_.data()[row * joints() + joint] != 0; }
    bool hypothesis_has(py::ssize_t row, int joint) const {
        return prediction_present_.data()[row * joints() + joint] != 0;
    }
    int object_track(py::ssize_t row) const { return static_cast<int>(truth_track_.data()[row]); }
    int hypothesis_track(py::ssize_t row) const { return static_cast<int>(prediction_track_.data()[row]); }
    int object_tracks(py::ssize_t u) const { return static_cast<int>(truth_tracks_.data()[u]); }
    int hypothesis_tracks(py::ssize_t u) const { return static_cast<int>(prediction_tracks_.data()[u]); }

    // Distances of a frame; NaN where either side lacks the joint. A head of size 0 gives inf or NaN.
    void fill(py::ssize_t f, FrameBlock& block) const {
        const int objects_here = objects(f), hypotheses_here = hypotheses(f), count = joints();
        block.joints = count;
        block.objects = objects_here;
        block.hypotheses = hypotheses_here;
        block.value.assign(static_cast<std::size_t>(count) * objects_here * hypotheses_here, kNone);
        const py::ssize_t object = first_object(f), hypothesis = first_hypothesis(f);
        if (pairs_given_) {
            const double* from = pair_value_.data() + pair_start_.data()[f];
            std::copy(from, from + static_cast<std::size_t>(objects_here) * hypotheses_here, block.value.begin());
            return;
        }
        for (int g = 0; g < objects_here; ++g) {
            const double* a = truth_xy_.data() + (object + g) * count * 2;
            const double head = head_.data()[object + g];
            for (int p = 0; p < hypotheses_here; ++p) {
                const double* b = prediction_xy_.data() + (hypothesis + p) * count * 2;
                for (int j = 0; j < count; ++j) {
                    if (!object_has(object + g, j) || !hypothesis_has(hypothesis + p, j)) continue;
                    const double dx = a[2 * j] - b[2 * j], dy = a[2 * j + 1] - b[2 * j + 1];
                    block.value[(static_cast<std::size_t>(j) * objects_here + g) * hypotheses_here + p] =
                        std::sqrt(dx * dx + dy * dy) / head;
                }
            }
        }
    }

private:
    In<std::int64_t> order_, unit_start_, truth_start_, prediction_start_;
    In<std::uint8_t> truth_present_, prediction_present_;
    In<std::int64_t> truth_track_, prediction_track_, truth_tracks_, prediction_tracks_;
    In<double> truth_xy_, prediction_xy_, head_, pair_value_;
    In<std::int64_t> pair_start_;
    bool pairs_given_ = false;
};

// True where no object and no hypothesis has more than one candidate: then nothing is to be decided.
// `partner[o]` is then the only candidate of object o, or -1.
template <class Allowed>
bool isolated(int objects, int hypotheses, Allowed&& allowed, std::vector<int>& partner, std::vector<char>& taken) {
    partner.assign(static_cast<std::size_t>(objects), -1);
    taken.assign(static_cast<std::size_t>(hypotheses), 0);
    for (int o = 0; o < objects; ++o) {
        for (int h = 0; h < hypotheses; ++h) {
            if (!allowed(o, h)) continue;
            if (partner[o] >= 0 || taken[h]) return false;
            partner[o] = h;
            taken[h] = 1;
        }
    }
    return true;
}

}  // namespace poseval::tracking
