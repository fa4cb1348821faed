// Object keypoint similarity of one detection and one true person.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "numpy_bits.hpp"

namespace poseval {


// Poses as rows of [joints][x, y]; rows may lie further apart than they are long (a slice of joints).
struct Poses {
    const double* data;
    int64_t row_stride;  // in doubles
    const double* row(int64_t index) const { return data + index * row_stride; }
};

// What OKS needs to know of the true people, G rows.
struct Truth {
    Poses xy;
    const uint8_t* labelled;  // [G, K]
    const double* area;       // [G]
    const double* box;        // [G, 4] x, y, width, height as in the file
    const double* variance;   // [K] (2 sigma)^2
    int64_t joints;
};

// The smallest upright box around a pose; a NaN counts for no side.
struct Extent {
    double low[2], high[2];

    static Extent of(const double* pose, int64_t joints) {
        constexpr double none = std::numeric_limits<double>::infinity();
        double left = none, top = none, right = -none, bottom = -none;  // of their own: kept in registers
        for (int64_t k = 0; k < joints; ++k) {
            const double x = pose[2 * k], y = pose[2 * k + 1];
            left = x < left ? x : left;
            top = y < top ? y : top;
            right = x > right ? x : right;
            bottom = y > bottom ? y : bottom;
        }
        return {{left, top}, {right, bottom}};
    }
};

// One true person, its labelled joints gathered once and then compared with many detections.
class OksTarget {
  public:
    // `needed`: a similarity that cannot reach it may be given as 0; with 0 all are exact.
    explicit OksTarget(int64_t joints, double needed = 0.0)
        : needed_(needed * (1 - 1e-9)), term_(static_cast<size_t>(joints)),
          variance_(static_cast<size_t>(joints)), reach_(static_cast<size_t>(joints)) {
        joint_.reserve(static_cast<size_t>(joints));
    }

    void aim(const Truth& truth, int64_t row) {
        truth_ = &truth;
        xy_ = truth.xy.row(row);
        scale_ = truth.area[row] + EPS;
        joint_.clear();
        const uint8_t* labelled = truth.labelled + row * truth.joints;
        for (int64_t k = 0; k < truth.joints; ++k)
            if (labelled[k]) joint_.push_back(k);
        boxed_ = joint_.empty();
        if (boxed_)
            for (int64_t k = 0; k < truth.joints; ++k) joint_.push_back(k);
        for (size_t i = 0; i < joint_.size(); ++i) variance_[i] = truth.variance[joint_[i]];
        const double* box = truth.box + row * 4;
        left_ = box[0] - box[2];
        right_ = box[0] + box[2] * 2;
        top_ = box[1] - box[3];
        bottom_ = box[1] + box[3] * 2;
        for (int64_t k = 0; k < truth.joints; ++k)
            reach_[static_cast<size_t>(k)] = truth.variance[k] * scale_ * (2 * FAR * (1 + 1e-9));
        around_ = {{left_, top_}, {right_, bottom_}};
        if (!boxed_) gather_extent();
        radius_ = 0.0;
        for (const int64_t k : joint_) radius_ = std::max(radius_, std::sqrt(reach_[static_cast<size_t>(k)]));
        radius_ *= 1 + 1e-9;
    }

    // Whether every joint of a pose inside `pose` is too far from this person to come to what is needed.
    bool is_far(const Extent& pose) const {
        if (needed_ <= FAR_TERM) return false;
        for (int axis = 0; axis < 2; ++axis)
            if (pose.low[axis] - around_.high[axis] > radius_ || around_.low[axis] - pose.high[axis] > radius_)
                return true;
        return false;
    }

    double similarity(const double* pose) {
        const size_t count = joint_.size();
        int64_t near = 0;
        for (size_t i = 0; i < count; ++i) {
            const int64_t k = joint_[i];
            term_[i] = boxed_ ? to_grown_box(pose[2 * k], pose[2 * k + 1]) : to_joint(pose, k);
            near += term_[i] <= reach_[static_cast<size_t>(k)];
        }
        // Of most pairs no joint is near the other: that is seen without exp and division.
        const auto all = static_cast<double>(count), close = static_cast<double>(near);
        if (close + (all - close) * FAR_TERM < needed_ * all) return 0.0;
        // The divisions stay three and in this order: each rounds.
        for (size_t i = 0; i < count; ++i) term_[i] = term_[i] / variance_[i] / scale_ / 2;
        for (size_t i = 0; i < count; ++i) term_[i] = std::exp(-term_[i]);
        return pairwise_sum(term_.data(), static_cast<int64_t>(count)) / all;
    }

  private:
    static constexpr double FAR = 8.0;           // exponent from which on a joint adds next to nothing ...
    static constexpr double FAR_TERM = 3.36e-4;  // ... and a bound of that, exp(-8)

    void gather_extent() {
        around_ = Extent::of(nullptr, 0);
        for (const int64_t k : joint_) {
            const Extent joint = Extent::of(xy_ + 2 * k, 1);
            for (int axis = 0; axis < 2; ++axis) {
                around_.low[axis] = std::min(around_.low[axis], joint.low[axis]);
                around_.high[axis] = std::max(around_.high[axis], joint.high[axis]);
            }
        }
    }

    double to_joint(const double* pose, int64_t k) const {
        const double dx = pose[2 * k] - xy_[2 * k];
        const double dy = pose[2 * k + 1] - xy_[2 * k + 1];
        return dx * dx + dy * dy;
    }

    // A person without labelled joints is as far as each predicted joint lies outside its box grown by one
    // width and one height on every side; all joints count.
    double to_grown_box(double x, double y) const {
        const double dx = std::max(0.0, left_ - x) + std::max(0.0, x - right_);
        const double dy = std::max(0.0, top_ - y) + std::max(0.0, y - bottom_);
        return dx * dx + dy * dy;
    }

    const Truth* truth_ = nullptr;
    const double* xy_ = nullptr;
    double needed_ = 0.0, scale_ = 1.0, left_ = 0.0, right_ = 0.0, top_ = 0.0, bottom_ = 0.0;
    Extent around_{};      // what a near joint lies in or beside
    double radius_ = 0.0;  // at most so far from it
    bool boxed_ = false;
    std::vector<int64_t> joint_;
    std::vector<double> term_, variance_;  // of the joints listed
    std::vector<double> reach_;            // of every joint
};

}  // namespace poseval
