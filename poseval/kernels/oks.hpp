// Object keypoint similarity of one detection and one true person.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
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

// One true person, its labelled joints gathered once and then compared with many detections.
class OksTarget {
  public:
    explicit OksTarget(int64_t joints) : term_(static_cast<size_t>(joints)) {
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
        const double* box = truth.box + row * 4;
        left_ = box[0] - box[2];
        right_ = box[0] + box[2] * 2;
        top_ = box[1] - box[3];
        bottom_ = box[1] + box[3] * 2;
    }

    double similarity(const double* pose) {
        const auto count = static_cast<int64_t>(joint_.size());
        if (count == 0) return to_grown_box(pose);
        for (int64_t i = 0; i < count; ++i) {
            const int64_t k = joint_[static_cast<size_t>(i)];
            const double dx = pose[2 * k] - xy_[2 * k];
            const double dy = pose[2 * k + 1] - xy_[2 * k + 1];
            term_[static_cast<size_t>(i)] = term(dx, dy, k);
        }
        return pairwise_sum(term_.data(), count) / static_cast<double>(count);
    }

  private:
    // The divisions stay three and in this order: each rounds.
    double term(double dx, double dy, int64_t k) const {
        return std::exp(-((dx * dx + dy * dy) / truth_->variance[k] / scale_ / 2));
    }

    // A person without labelled joints is as far as each predicted joint lies outside its box grown by one
    // width and one height on every side; all joints count.
    double to_grown_box(const double* pose) {
        for (int64_t k = 0; k < truth_->joints; ++k) {
            const double x = pose[2 * k], y = pose[2 * k + 1];
            const double dx = std::max(0.0, left_ - x) + std::max(0.0, x - right_);
            const double dy = std::max(0.0, top_ - y) + std::max(0.0, y - bottom_);
            term_[static_cast<size_t>(k)] = term(dx, dy, k);
        }
        return pairwise_sum(term_.data(), truth_->joints) / static_cast<double>(truth_->joints);
    }

    const Truth* truth_ = nullptr;
    const double* xy_ = nullptr;
    double scale_ = 1.0, left_ = 0.0, right_ = 0.0, top_ = 0.0, bottom_ = 0.0;
    std::vector<int64_t> joint_;
    std::vector<double> term_;
};

}  // namespace poseval
