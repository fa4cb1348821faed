// The scene that the tracking kernels walk over: checked here, so that they may trust every index.
#include "tracking.hpp"

namespace poseval::tracking {

namespace {

constexpr py::ssize_t MOST_JOINTS = 10'000;
constexpr py::ssize_t MOST_ROWS = std::numeric_limits<int>::max();  // rows and tracks are counted in int

void want_side(const Side& side, py::ssize_t frames, py::ssize_t units, const char* start, const char* present,
               const char* track, const char* tracks) {
    want_shape(side.present, present, {ANY, ANY});
    const py::ssize_t rows = side.present.shape(0);
    want(rows <= MOST_ROWS, present, "wanted fewer rows");
    want(side.present.shape(1) <= MOST_JOINTS, present, "wanted fewer joints");
    want_offsets(side.start, start, frames, rows);
    want_shape(side.track, track, {rows});
    want_shape(side.tracks, tracks, {units});
}

}  // namespace

Scene::Scene(Ints order, Ints unit_start, Ints truth_start, Ints prediction_start, Bytes truth_present,
             Bytes prediction_present, Ints truth_track, Ints prediction_track, Ints truth_tracks,
             Ints prediction_tracks)
    : order_(std::move(order)), unit_start_(std::move(unit_start)),
      truth_{std::move(truth_start), std::move(truth_present), std::move(truth_track), std::move(truth_tracks)},
      predictions_{std::move(prediction_start), std::move(prediction_present), std::move(prediction_track),
                   std::move(prediction_tracks)} {
    want_shape(order_, "order", {ANY});
    want_offsets(unit_start_, "unit_start", ANY, order_.size());
    want_shape(truth_.start, "truth_start", {ANY});
    want(truth_.start.size() >= 1, "truth_start", "wanted offsets from 0 to the number of rows");
    want_range(order_, "order", 0, frames());
    want_side(truth_, frames(), units(), "truth_start", "truth_present", "truth_track", "truth_tracks");
    want_side(predictions_, frames(), units(), "prediction_start", "prediction_present", "prediction_track",
              "prediction_tracks");
    want_shape(predictions_.present, "prediction_present", {ANY, joints()});
    want_tracks(truth_, "truth_track");
    want_tracks(predictions_, "prediction_track");
    for (py::ssize_t f = 0; f < frames(); ++f) want_cells("frame", {joints(), objects(f), hypotheses(f)});
}

// Dense ids inside each unit: never more of them than the unit has rows.
void Scene::want_tracks(const Side& side, const char* name) const {
    for (py::ssize_t u = 0; u < units(); ++u) {
        const std::int64_t tracks = side.tracks.data()[u];
        std::int64_t rows = 0;
        for (py::ssize_t k = unit_begin(u); k < unit_begin(u + 1); ++k) {
            const py::ssize_t f = frame_at(k);
            rows += side.count(f);
            for (py::ssize_t row = side.first(f); row < side.first(f + 1); ++row) {
                const std::int64_t track = side.track.data()[row];
                want(track >= 0 && track < tracks, name, "wanted ids from 0 to the number of tracks of their unit");
            }
        }
        want(tracks >= 0 && tracks <= rows, name, "wanted no more tracks than rows");
    }
}

void Scene::use_joints(Doubles truth_xy, Doubles prediction_xy, Doubles head) {
    want_shape(truth_xy, "truth_xy", {objects_total(), joints(), 2});
    want_shape(prediction_xy, "prediction_xy", {hypotheses_total(), joints(), 2});
    want_shape(head, "head", {objects_total()});
    truth_xy_ = std::move(truth_xy);
    prediction_xy_ = std::move(prediction_xy);
    head_ = std::move(head);
    joints_given_ = true;
    pairs_given_ = false;
}

void Scene::use_pairs(Doubles value, Ints pair_start) {
    want(joints() == 1, "pairs", "do not fit a scene of several joints");
    want_shape(value, "value", {ANY});
    want_offsets(pair_start, "pair_start", frames(), value.size());
    for (py::ssize_t f = 0; f < frames(); ++f) {
        want(pair_start.data()[f + 1] - pair_start.data()[f] == std::int64_t{objects(f)} * hypotheses(f),
             "pair_start", "wanted as many pairs as the frame has");
    }
    const double* const first = value.data();
    want(std::none_of(first, first + value.size(), [](double pair) { return std::isinf(pair); }), "value",
         "wanted finite numbers or NaN");
    pair_value_ = std::move(value);
    pair_start_ = std::move(pair_start);
    pairs_given_ = true;
}

void Scene::want_distances() const {
    want(joints_given_ || pairs_given_, "scene", "wanted coordinates or pairs first");
}

void Scene::fill(py::ssize_t f, FrameBlock& block) const {
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
    double* to = block.value.data();
    for (int j = 0; j < count; ++j) {
        for (int g = 0; g < objects_here; ++g, to += hypotheses_here) {
            if (!object_has(object + g, j)) continue;
            const double* const a = truth_xy_.data() + ((object + g) * count + j) * 2;
            const double head = head_.data()[object + g];
            const double* b = prediction_xy_.data() + (hypothesis * count + j) * 2;
            const std::uint8_t* has = predictions_.present.data() + hypothesis * count + j;
            for (int p = 0; p < hypotheses_here; ++p, b += 2 * count, has += count) {
                if (*has == 0) continue;
                const double dx = a[0] - b[0], dy = a[1] - b[1];
                to[p] = std::sqrt(dx * dx + dy * dy) / head;
            }
        }
    }
}

}  // namespace poseval::tracking
