// Minimum-cost assignment of rows to columns.
//
// Rows are added one by one: a tree of shortest paths grows from the new row until it meets a free column, and
// the path to that column changes hands. After D. F. Crouse, "On implementing 2D rectangular assignment
// algorithms", IEEE Transactions on Aerospace and Electronic Systems 52(4), 2016.
//
// Which of several cheapest assignments is found is part of the behaviour, since published programs take theirs
// from SciPy's linear_sum_assignment and this is the same one:
//   - the smaller side is assigned row by row, in order; with as many rows as columns that is the rows;
//   - open columns stand in a list, at first from the last column to the first; one that joins the tree leaves
//     its place to the column at the end of the list;
//   - of equally near columns the free one furthest down the list joins the tree; without a free one among
//     them, the first in the list.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

namespace poseval::tracking {

// Reusable workspace: one per thread. O(n^3).
class Assignment {
public:
    // Column of each row of a full matrix, -1 for none when there are more rows than columns. A cost of infinity
    // forbids a pair.
    //
    // Throws std::invalid_argument where not all of the smaller side can be assigned at a finite cost.
    const std::vector<int>& solve(const std::vector<double>& cost, int rows, int columns) {
        if (rows <= columns) {
            assign_all(cost, rows, columns);
            return column_of_;
        }
        turned_.resize(cost.size());
        for (std::size_t k = 0, row = 0; row < static_cast<std::size_t>(rows); ++row) {
            for (std::size_t column = 0; column < static_cast<std::size_t>(columns); ++column, ++k) {
                turned_[column * static_cast<std::size_t>(rows) + row] = cost[k];
            }
        }
        assign_all(turned_, columns, rows);
        return row_of_;
    }

private:
    // A column that no path has reached for good, and the shortest path known to it.
    struct Open {
        double distance;
        int column;
        int from;  // node of the tree from which the last step is made
    };

    // A row of the tree; all but the root own the column by which they were reached.
    struct Node {
        double distance;
        int row;
        int column;
        int from;
    };

    void assign_all(const std::vector<double>& cost, int rows, int columns) {
        row_price_.assign(static_cast<std::size_t>(rows), 0.0);
        column_price_.assign(static_cast<std::size_t>(columns), 0.0);
        column_of_.assign(static_cast<std::size_t>(rows), -1);
        row_of_.assign(static_cast<std::size_t>(columns), -1);
        for (int row = 0; row < rows; ++row) {
            const Open found = grow_tree(cost, columns, row);
            adjust_prices(found.distance);
            hand_over(found);
        }
    }

    // Until the nearest open column is a free one; returns that.
    Open grow_tree(const std::vector<double>& cost, int columns, int root) {
        constexpr double FAR = std::numeric_limits<double>::infinity();
        open_.clear();
        for (int column = columns; column-- > 0;) open_.push_back({FAR, column, -1});
        tree_.assign(1, {0.0, root, -1, -1});
        while (true) {
            Open& nearest = open_[step_from(static_cast<int>(tree_.size()) - 1, cost, columns)];
            const Open found = nearest;
            if (!std::isfinite(found.distance)) {
                throw std::invalid_argument("cost: no assignment of finite cost");
            }
            const int owner = row_of_[static_cast<std::size_t>(found.column)];
            if (owner < 0) return found;
            nearest = open_.back();
            open_.pop_back();
            tree_.push_back({found.distance, owner, found.column, found.from});
        }
    }

    // Shortens paths by a step from the newest node; returns the place of the nearest open column.
    std::size_t step_from(int newest, const std::vector<double>& cost, int columns) {
        const Node& node = tree_[static_cast<std::size_t>(newest)];
        const double* const of_row = cost.data() + static_cast<std::size_t>(node.row) * static_cast<std::size_t>(columns);
        const double price = row_price_[static_cast<std::size_t>(node.row)];
        double lowest = std::numeric_limits<double>::infinity();
        std::size_t place = 0;
        for (std::size_t k = 0; k < open_.size(); ++k) {
            Open& open = open_[k];
            const auto column = static_cast<std::size_t>(open.column);
            const double distance = node.distance + of_row[column] - price - column_price_[column];
            if (distance < open.distance) {
                open.distance = distance;
                open.from = newest;
            }
            if (open.distance < lowest || (open.distance == lowest && row_of_[column] < 0)) {
                lowest = open.distance;
                place = k;
            }
        }
        return place;
    }

    // So that no reduced cost becomes negative, and those on the paths of the tree are 0.
    void adjust_prices(double length) {
        row_price_[static_cast<std::size_t>(tree_[0].row)] += length;
        for (std::size_t k = 1; k < tree_.size(); ++k) {
            const double rise = length - tree_[k].distance;
            row_price_[static_cast<std::size_t>(tree_[k].row)] += rise;
            column_price_[static_cast<std::size_t>(tree_[k].column)] -= rise;
        }
    }

    // Every row on the path takes the column that comes after it, down to the root, which had none.
    void hand_over(const Open& end) {
        int column = end.column;
        for (int at = end.from; at >= 0; at = tree_[static_cast<std::size_t>(at)].from) {
            const Node& node = tree_[static_cast<std::size_t>(at)];
            row_of_[static_cast<std::size_t>(column)] = node.row;
            column_of_[static_cast<std::size_t>(node.row)] = column;
            column = node.column;
        }
    }

    std::vector<double> turned_, row_price_, column_price_;
    std::vector<int> column_of_, row_of_;
    std::vector<Open> open_;
    std::vector<Node> tree_;
};

// Minimum-cost assignment where NaN forbids a pair: as many pairs as possible first, then the least sum.
class GatedAssignment {
public:
    // Column of each row, -1 for none. A forbidden pair costs more than any change of the allowed ones.
    const std::vector<int>& solve(const std::vector<double>& cost, int rows, int columns) {
        double largest = 0.0;
        for (const double value : cost) {
            if (!std::isnan(value)) largest = std::max(largest, std::abs(value));
        }
        const double forbidden = 2.0 * std::min(rows, columns) * (largest + 1.0) + 1.0;
        filled_.resize(cost.size());
        for (std::size_t k = 0; k < cost.size(); ++k) filled_[k] = std::isnan(cost[k]) ? forbidden : cost[k];
        result_ = inner_.solve(filled_, rows, columns);
        for (int row = 0; row < rows; ++row) {
            const int column = result_[row];
            if (column >= 0 && std::isnan(cost[static_cast<std::size_t>(row) * columns + column])) {
                result_[row] = -1;
            }
        }
        return result_;
    }

private:
    Assignment inner_;
    std::vector<double> filled_;
    std::vector<int> result_;
};

}  // namespace poseval::tracking
