// Sequences of frames with people on both sides: what the tracking kernels walk over.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "arrays.hpp"
#include "parallel.hpp"

namespace poseval::tracking {

constexpr py::ssize_t kFramesAThread = 64;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// Distances of one frame, joint by joint: value(j, g, p).
struct FrameBlock {
    int joints = 0, objects = 0, hypotheses = 0;
    std::vector<double> value;

    const double* of_joint(int joint) const {
        return value.data() + static_cast<std::size_t>(joint) * objects * hypotheses;
    }
};

// People of one side, checked when the scene is made.
struct Side {
    Ints start;     // [F + 1] cuts the rows into frames
    Bytes present;  // [N, K] which joints a row has
    Ints track;     // [N] dense ids: 0 .. tracks[u] - 1 in unit u
    Ints tracks;    // [U] how many tracks each unit has

    int first(py::ssize_t f) const { return static_cast<int>(start.data()[f]); }
    int count(py::ssize_t f) const { return first(f + 1) - first(f); }
};

// Truth ("objects") and predictions ("hypotheses") of the same frames.
//
// Frames are visited unit by unit (a unit is a sequence): unit u has frames
// order[unit_start[u]] .. order[unit_start[u + 1] - 1].
class Scene {
public:
    Scene(Ints order, Ints unit_start, Ints truth_start, Ints prediction_start, Bytes truth_present,
          Bytes prediction_present, Ints truth_track, Ints prediction_track, Ints truth_tracks,
          Ints prediction_tracks);

    // Distances come from coordinates, in units of each truth's head size.
    void use_joints(Doubles truth_xy, Doubles prediction_xy, Doubles head);

    // Distances (or similarities) of all pairs of a frame are given: [pairs], frame after frame, truth-major.
    void use_pairs(Doubles value, Ints pair_start);

    // Every kernel asks this first: without distances there is nothing to read.
    void want_distances() const;

    // Units whose frames are worth a thread of their own.
    py::ssize_t units_a_thread() const { return 1 + units() * kFramesAThread / std::max<py::ssize_t>(frames(), 1); }

    int joints() const { return static_cast<int>(truth_.present.shape(1)); }
    py::ssize_t units() const { return unit_start_.size() - 1; }
    py::ssize_t frames() const { return truth_.start.size() - 1; }
    py::ssize_t objects_total() const { return truth_.present.shape(0); }
    py::ssize_t hypotheses_total() const { return predictions_.present.shape(0); }
    py::ssize_t unit_begin(py::ssize_t u) const { return unit_start_.data()[u]; }
    py::ssize_t frame_at(py::ssize_t k) const { return order_.data()[k]; }
    py::ssize_t first_object(py::ssize_t f) const { return truth_.first(f); }
    py::ssize_t first_hypothesis(py::ssize_t f) const { return predictions_.first(f); }
    int objects(py::ssize_t f) const { return truth_.count(f); }
    int hypotheses(py::ssize_t f) const { return predictions_.count(f); }
    bool object_has(py::ssize_t row, int joint) const {
        return truth_.present.data()[row * joints() + joint] != 0;
    }
    bool hypothesis_has(py::ssize_t row, int joint) const {
        return predictions_.present.data()[row * joints() + joint] != 0;
    }
    int object_track(py::ssize_t row) const { return static_cast<int>(truth_.track.data()[row]); }
    int hypothesis_track(py::ssize_t row) const { return static_cast<int>(predictions_.track.data()[row]); }
    int object_tracks(py::ssize_t u) const { return static_cast<int>(truth_.tracks.data()[u]); }
    int hypothesis_tracks(py::ssize_t u) const { return static_cast<int>(predictions_.tracks.data()[u]); }

    // Distances of a frame; NaN where either side lacks the joint. A head of size 0 gives inf or NaN.
    void fill(py::ssize_t f, FrameBlock& block) const;

private:
    void want_tracks(const Side& side, const char* name) const;

    Ints order_, unit_start_;
    Side truth_, predictions_;
    Doubles truth_xy_, prediction_xy_, head_, pair_value_;
    Ints pair_start_;
    bool joints_given_ = false, pairs_given_ = false;
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
