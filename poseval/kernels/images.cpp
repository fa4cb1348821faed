// Crops of images, and their pixels as a network takes them.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include "arrays.hpp"

namespace py = pybind11;
using namespace poseval;

namespace {

using Floats = Column<float>;

constexpr std::int64_t MOST_CHANNELS = 64;
constexpr double WHOLE = 6755399441055744.0;  // 1.5 * 2^52: a sum with it has whole numbers in its last bits

struct Image {
    const std::uint8_t* data;
    std::int64_t height, width, channels;

    // The pixel in column x of row y; zeros beside the image.
    const std::uint8_t* at(std::int64_t x, std::int64_t y, const std::uint8_t* zeros) const {
        return x < 0 || y < 0 || x >= width || y >= height ? zeros : data + (y * width + x) * channels;
    }
};

// A place along one side: the pixel before it, and the weights of that pixel and the next. Whatever lies farther
// out than one pixel, and NaN, reads from the zeros there.
struct Place {
    std::int64_t first;
    double before, after;

    Place(float value, std::int64_t side) {
        const float last = static_cast<float>(side);
        value = value > -1.0f ? std::min(value, last) : -1.0f;
        first = static_cast<std::int64_t>(value);
        first -= static_cast<float>(first) > value;
        after = static_cast<double>(value) - static_cast<double>(first);
        before = 1.0 - after;
    }
};

// To the nearest whole number, halves to the even one, as NumPy's rint.
std::uint8_t rounded(double value) { return static_cast<std::uint8_t>(std::bit_cast<std::uint64_t>(value + WHOLE)); }

// Blends the four pixels about a place into `out`: in float64, and in this order of operations, which are NumPy's bits.
template <int Channels>
void blend(const Image& image, const Place& across, const Place& down, std::uint8_t* out) {
    const std::int64_t channels = Channels ? Channels : image.channels;
    static constexpr std::uint8_t zeros[MOST_CHANNELS] = {};
    const std::uint8_t* corners[4];
    if (across.first >= 0 && down.first >= 0 && across.first + 1 < image.width && down.first + 1 < image.height) {
        corners[0] = image.data + (down.first * image.width + across.first) * channels;
        corners[1] = corners[0] + channels;
        corners[2] = corners[0] + image.width * channels;
        corners[3] = corners[2] + channels;
    } else {
        for (int k = 0; k < 4; ++k) corners[k] = image.at(across.first + k % 2, down.first + k / 2, zeros);
    }
    for (std::int64_t c = 0; c < channels; ++c) {
        const double upper = corners[0][c] * across.before + corners[1][c] * across.after;
        const double lower = corners[2][c] * across.before + corners[3][c] * across.after;
        out[c] = rounded(upper * down.before + lower * down.after);
    }
}

// Positions in float32. Without a turn all rows have the same places across, and all columns the same down.
template <int Channels>
void warp_all(const Image& image, const float* back, std::int64_t height, std::int64_t width, std::uint8_t* out) {
    const std::int64_t channels = Channels ? Channels : image.channels;
    const bool upright = back[1] == 0.0f && back[3] == 0.0f;
    std::vector<Place> places;
    for (std::int64_t x = 0; upright && x < width; ++x)
        places.emplace_back(static_cast<float>(x) * back[0] + back[2], image.width);
    for (std::int64_t row = 0; row < height; ++row) {
        const auto y = static_cast<float>(row);
        if (upright) {
            const Place down(y * back[4] + back[5], image.height);
            for (const Place& across : places) {
                blend<Channels>(image, across, down, out);
                out += channels;
            }
            continue;
        }
        for (std::int64_t x = 0; x < width; ++x, out += channels) {
            const auto column = static_cast<float>(x);
            const Place across(column * back[0] + y * back[1] + back[2], image.width);
            const Place down(column * back[3] + y * back[4] + back[5], image.height);
            blend<Channels>(image, across, down, out);
        }
    }
}

// An image [H, W, C] as bytes seen through a matrix [2, 3] from crop to image, bilinear, zeros outside.
py::array_t<std::uint8_t> warp(const Bytes& image, const Floats& back, std::int64_t height, std::int64_t width) {
    want_shape(image, "image", {ANY, ANY, ANY});
    want_shape(back, "back", {2, 3});
    want_groups(height, "height");
    want_groups(width, "width");
    const Image source{image.data(), image.shape(0), image.shape(1), image.shape(2)};
    want(source.channels >= 1 && source.channels <= MOST_CHANNELS, "image", "wanted 1 to 64 channels");
    want_groups(source.height, "image");
    want_groups(source.width, "image");
    want_cells("size", {height, width, source.channels});
    py::array_t<std::uint8_t> out({height, width, source.channels});
    std::uint8_t* target = out.mutable_data();
    const float* matrix = back.data();
    const py::gil_scoped_release release;
    if (source.channels == 3)
        warp_all<3>(source, matrix, height, width, target);
    else
        warp_all<0>(source, matrix, height, width, target);
    return out;
}

// Crops [N, H, W, C] as bytes to [N, C, H, W]: channel c is channel from[c] of the crops, through table [C, 256].
py::array_t<float> as_planes(const Bytes& crops, const Floats& table, const Ints& from) {
    want_shape(crops, "crops", {ANY, ANY, ANY, ANY});
    const std::int64_t count = crops.shape(0), pixels = crops.shape(1) * crops.shape(2), channels = crops.shape(3);
    want_shape(table, "table", {channels, 256});
    want_shape(from, "from", {channels});
    want_range(from, "from", 0, channels);
    want_cells("crops", {count, crops.shape(1), crops.shape(2), channels, 4});
    py::array_t<float> out({count, channels, crops.shape(1), crops.shape(2)});
    const std::uint8_t* bytes = crops.data();
    const float* values = table.data();
    const std::int64_t* channel = from.data();
    float* target = out.mutable_data();
    const py::gil_scoped_release release;
    for (std::int64_t n = 0; n < count; ++n, bytes += pixels * channels) {
        for (std::int64_t c = 0; c < channels; ++c, target += pixels) {
            const std::uint8_t* plane = bytes + channel[c];
            const float* value = values + c * 256;
            for (std::int64_t p = 0; p < pixels; ++p) target[p] = value[plane[p * channels]];
        }
    }
    return out;
}

// Maps [M, H, W] times `taps` along both axes, zeros beside them. Each pixel adds up its taps in their order.
py::array_t<float> blur(const Floats& maps, const Floats& taps) {
    want_shape(maps, "maps", {ANY, ANY, ANY});
    want_shape(taps, "taps", {ANY});
    const std::int64_t count = maps.shape(0), height = maps.shape(1), width = maps.shape(2), size = taps.size();
    want(size % 2 == 1, "taps", "wanted an odd number");
    want_cells("maps", {count, height, width, 4});
    py::array_t<float> out({count, height, width});
    const std::int64_t half = size / 2, pixels = height * width;
    const float *source = maps.data(), *tap = taps.data();
    float* target = out.mutable_data();
    const py::gil_scoped_release release;
    std::vector<float> across(static_cast<std::size_t>(count ? pixels : 0));
    std::fill(target, target + count * pixels, 0.0f);
    for (std::int64_t n = 0; n < count; ++n, source += pixels, target += pixels) {
        std::fill(across.begin(), across.end(), 0.0f);
        for (std::int64_t y = 0; y < height; ++y) {
            float* row = across.data() + y * width;
            for (std::int64_t i = 0; i < size; ++i) {
                const std::int64_t move = i - half;
                const std::int64_t begin = std::max<std::int64_t>(-move, 0), end = std::min(width - move, width);
                for (std::int64_t x = begin; x < end; ++x) row[x] += tap[i] * source[y * width + x + move];
            }
        }
        for (std::int64_t y = 0; y < height; ++y) {
            for (std::int64_t i = 0; i < size; ++i) {
                const std::int64_t from = y + i - half;
                if (from < 0 || from >= height) continue;
                for (std::int64_t x = 0; x < width; ++x)
                    target[y * width + x] += tap[i] * across[static_cast<std::size_t>(from * width + x)];
            }
        }
    }
    return out;
}

}  // namespace

void bind_images(py::module_& module) {
    module.def("image_warp", &warp, py::arg("image"), py::arg("back"), py::arg("height"), py::arg("width"));
    module.def("image_planes", &as_planes, py::arg("crops"), py::arg("table"), py::arg("from_channel"));
    module.def("image_blur", &blur, py::arg("maps"), py::arg("taps"));
}
