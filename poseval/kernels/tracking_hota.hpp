// Similarities of a frame and their assignment, as HOTA needs them.
#pragma once

#include "assignment.hpp"
#include "numpy_bits.hpp"
#include "tracking.hpp"

namespace poseval::tracking {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

// Added to the similarity of pairs that reach the threshold where each threshold is matched on its own, so that
// they come first (the re-identification variant).
constexpr double kAboveThreshold = 1000.0;

class FrameMatcher {
public:
    FrameMatcher(const std::vector<double>& alphas, double radius) : alphas_(alphas), radius_(radius) {}

    // Similarities [objects, hypotheses] of one joint; 0 where a joint is absent or too far.
    void load(const FrameBlock& block, int joint) {
        const double* value = block.of_joint(joint);
        similarity_.resize(static_cast<std::size_t>(block.objects) * block.hypotheses);
        for (std::size_t k = 0; k < similarity_.size(); ++k) {
            const double s = radius_ > 0 ? 1.0 - value[k] / radius_ : value[k];
            similarity_[k] = s > 0 ? s : 0.0;  // NaN becomes 0, too
        }
        objects_ = block.objects;
        hypotheses_ = block.hypotheses;
    }

    // Matches of the one assignment that all alphas share: (g, p, similarity). `weight(g, p)` multiplies the
    // similarity that the assignment maximises.
    template <class Use, class Weight>
    void match(Use&& use, Weight&& weight) {
        const auto positive = [this](int g, int p) { return at(g, p) > 0; };
        if (isolated(objects_, hypotheses_, positive, partner_, taken_)) {
            for (int g = 0; g < objects_; ++g) {
                if (partner_[g] >= 0) use(g, partner_[g], at(g, partner_[g]));
            }
            return;
        }
        cost_.resize(similarity_.size());
        std::size_t k = 0;
        for (int g = 0; g < objects_; ++g) {
            for (int p = 0; p < hypotheses_; ++p, ++k) {
                cost_[k] = similarity_[k] > 0 ? -(weight(g, p) * similarity_[k]) : 0.0;
            }
        }
        solve(use);
    }

    // Each pair's share of all likeness that its object and its hypothesis have in this frame: (g, p, share).
    // Added up as NumPy adds rows and columns, because ties of the assignment hang on the last bit.
    template <class Use>
    void shares(Use&& use) {
        if (objects_ == 0 || hypotheses_ == 0) return;
        column_sum_.assign(similarity_.begin(), similarity_.begin() + hypotheses_);
        for (int g = 1; g < objects_; ++g) {
            for (int p = 0; p < hypotheses_; ++p) column_sum_[p] += at(g, p);
        }
        if (hypotheses_ == 1) column_sum_[0] = pairwise_sum(similarity_.data(), objects_);
        for (int g = 0; g < objects_; ++g) {
            const double row_sum =
                pairwise_sum(similarity_.data() + static_cast<std::size_t>(g) * hypotheses_, hypotheses_);
            for (int p = 0; p < hypotheses_; ++p) {
                const double both = column_sum_[p] + row_sum - at(g, p);
                if (at(g, p) > 0 && both > kEpsilon) use(g, p, at(g, p) / both);
            }
        }
    }

    // Matches of an assignment made for one alpha.
    template <class Use>
    void match_at(double alpha, Use&& use) {
        cost_.resize(similarity_.size());
        for (std::size_t k = 0; k < cost_.size(); ++k) {
            const double s = similarity_[k];
            cost_[k] = -((s >= alpha - kEpsilon ? kAboveThreshold : 0.0) + s);
        }
        solve([&](int g, int p, double s) {
            if (s >= alpha - kEpsilon) use(g, p, s);
        });
    }

    int reached(double similarity) const {
        int count = 0;
        while (count < static_cast<int>(alphas_.size()) && similarity >= alphas_[count] - kEpsilon) ++count;
        return count;
    }

private:
    double at(int g, int p) const { return similarity_[static_cast<std::size_t>(g) * hypotheses_ + p]; }

    template <class Use>
    void solve(Use&& use) {
        if (objects_ == 0 || hypotheses_ == 0) return;
        const std::vector<int>& chosen = solver_.solve(cost_, objects_, hypotheses_);
        for (int g = 0; g < objects_; ++g) {
            if (chosen[g] >= 0 && at(g, chosen[g]) > 0) use(g, chosen[g], at(g, chosen[g]));
        }
    }

    const std::vector<double>& alphas_;
    double radius_;
    int objects_ = 0, hypotheses_ = 0;
    std::vector<double> similarity_, cost_, column_sum_;
    std::vector<int> partner_;
    std::vector<char> taken_;
    Assignment solver_;
};

}  // namespace poseval::tracking
