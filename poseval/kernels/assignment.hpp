// Linear sum assignment by shortest augmenting paths.
//
// Source: D. F. Crouse, "On implementing 2D rectangular assignment algorithms", IEEE TAES 52(4), 2016.
// Where several assignments cost the same, the choice follows the order in which SciPy's
// linear_sum_assignment scans the columns (from the last to the first, a free column preferred), because
// the reference tools take theirs from it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace poseval::tracking {

// Reusable workspace: one per thread. Cost is a full matrix of finite numbers; O(n^3).
class Assignment {
public:
    // column_of_row()[i] is the column of row i, or -1 when there are more rows than columns.
    const std::vector<int>& solve(const std::vector<double>& cost, int rows, int columns) {
        const bool turned = columns < rows;
        const std::vector<double>* matrix = &cost;
        if (turned) {
            turned_.resize(cost.size());
            for (int i = 0; i < rows; ++i) {
                for (int j = 0; j < columns; ++j) turned_[at(j, i, rows)] = cost[at(i, j, columns)];
            }
            matrix = &turned_;
        }
        const int small = turned ? columns : rows;
        const int large = turned ? rows : columns;
        run(*matrix, small, large);
        if (!turned) return column_of_row_;
        result_.assign(static_cast<std::size_t>(rows), -1);
        for (int j = 0; j < columns; ++j) result_[static_cast<std::size_t>(column_of_row_[j])] = j;
        return result_;
    }

private:
    static std::size_t at(int row, int column, int columns) {
        return static_cast<std::size_t>(row) * static_cast<std::size_t>(columns) +
               static_cast<std::size_t>(column);
    }

    void run(const std::vector<double>& cost, int rows, int columns) {
        potential_row_.assign(rows, 0.0);
        potential_column_.assign(columns, 0.0);
        column_of_row_.assign(rows, -1);
        row_of_column_.assign(columns, -1);
        parent_.assign(columns, -1);
        open_.resize(columns);
        for (int row = 0; row < rows; ++row) {
            double length = 0.0;
            int column = search(cost, columns, row, length);
            update_potentials(rows, columns, row, length);
            while (true) {  // walk back to the root and turn the path's edges over
                const int owner = parent_[column];
                row_of_column_[column] = owner;
                std::swap(column_of_row_[owner], column);
                if (owner == row) break;
            }
        }
    }

    // Shortest path from a free row to a free column; returns that column and its length.
    int search(const std::vector<double>& cost, int columns, int root, double& length) {
        constexpr double kFar = std::numeric_limits<double>::infinity();
        distance_.assign(columns, kFar);
        row_done_.assign(column_of_row_.size(), 0);
        column_done_.assign(columns, 0);
        for (int k = 0; k < columns; ++k) open_[k] = columns - 1 - k;
        int left = columns;
        int row = root;
        while (true) {
            row_done_[row] = 1;
            double lowest = kFar;
            int chosen = 0;
            for (int k = 0; k < left; ++k) {
                const int column = open_[k];
                const double reached =
                    length + cost[at(row, column, columns)] - potential_row_[row] - potential_column_[column];
                if (reached < distance_[column]) {
                    parent_[column] = row;
                    distance_[column] = reached;
                }
                if (distance_[column] < lowest ||
                    (distance_[column] == lowest && row_of_column_[column] == -1)) {
                    lowest = distance_[column];
                    chosen = k;
                }
            }
            length = lowest;
            const int column = open_[chosen];
            column_done_[column] = 1;
            open_[chosen] = open_[--left];
            if (row_of_column_[column] == -1) return column;
            row = row_of_column_[column];
        }
    }

    void update_potentials(int rows, int columns, int root, double length) {
        potential_row_[root] += length;
        for (int row = 0; row < rows; ++row) {
            if (row_done_[row] && row != root) {
                potential_row_[row] += length - distance_[column_of_row_[row]];
            }
        }
        for (int column = 0; column < columns; ++column) {
            if (column_done_[column]) potential_column_[column] -= length - distance_[column];
        }
    }

    std::vector<double> turned_, potential_row_, potential_column_, distance_;
    std::vector<int> column_of_row_, row_of_column_, parent_, open_, result_;
    std::vector<char> row_done_, column_done_;
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
