// SPDX-License-Identifier: Apache-2.0
#include "drivers/signal/trace.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <system_error>

#include "drivers/uint128.h"
#include "proto/check.h"

namespace drivers {
namespace {

constexpr std::uint64_t kValueRateHz = 1'000'000;
constexpr std::uintmax_t kTraceBytesMax = 256 << 20;

class TraceLoad final : public LoadShape {
 public:
  explicit TraceLoad(Trace trace)
      : trace_(std::move(trace)), turn_(trace_.samples.size() * kValueRateHz) {
    WS_CHECK(!trace_.samples.empty() && trace_.rate_hz >= 1 && trace_.rate_hz <= kValueRateHz);
  }

  // Positions are counted in millionths of a sample of the trace, so they are exact whatever the
  // rate.
  void fill(std::uint64_t first, std::span<double> out) const override {
    const std::uint64_t rate = trace_.rate_hz;
    auto position = static_cast<std::uint64_t>(static_cast<Uint128>(first) * rate % turn_);
    std::size_t done = 0;
    while (done < out.size()) {
      const std::size_t sample = position / kValueRateHz;
      const std::uint64_t fraction = position % kValueRateHz;
      const double from = trace_.samples[sample];
      const double step =
          trace_.samples[sample + 1 < trace_.samples.size() ? sample + 1 : 0] - from;
      const std::uint64_t left = (kValueRateHz - fraction + rate - 1) / rate;
      const auto count = std::min<std::uint64_t>(left, out.size() - done);
      for (std::uint64_t k = 0; k < count; ++k) {
        const auto parts = static_cast<std::int32_t>(fraction + k * rate);
        out[done + k] = from + step * (parts * 1e-6);
      }
      done += count;
      position = (position + count * rate) % turn_;
    }
  }

 private:
  Trace trace_;
  std::uint64_t turn_;
};

proto::Result<std::vector<std::byte>> read_file(const std::filesystem::path& path) {
  const std::string what = "read trace " + path.string();
  std::error_code status;
  const std::uintmax_t size = std::filesystem::file_size(path, status);
  if (status) return proto::fail(status, what);
  if (size > kTraceBytesMax) {
    return proto::fail(make_error_code(std::errc::file_too_large), what + ": at most 256 MiB");
  }
  std::vector<std::byte> bytes(size);
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return proto::fail({errno, std::generic_category()}, what);
  const std::size_t count = std::fread(bytes.data(), 1, bytes.size(), file);
  std::fclose(file);
  if (count != bytes.size()) return proto::fail(make_error_code(std::errc::io_error), what);
  return bytes;
}

}  // namespace

std::optional<TraceFormat> trace_format_from(std::string_view text) {
  if (text == "f32") return TraceFormat::kF32;
  if (text == "i16") return TraceFormat::kI16;
  return std::nullopt;
}

proto::Result<Trace> read_trace(const TraceFile& file) {
  const std::string what = "read trace " + file.path.string();
  const auto invalid = make_error_code(std::errc::invalid_argument);
  if (file.rate_hz < 1 || file.rate_hz > kValueRateHz) {
    return proto::fail(invalid, what + ": its rate must be 1 to 1000000 Hz");
  }
  auto bytes = read_file(file.path);
  if (!bytes) return tl::unexpected(bytes.error());
  const std::size_t width = file.format == TraceFormat::kF32 ? 4 : 2;
  if (bytes->empty() || bytes->size() % width != 0) {
    return proto::fail(invalid, what + ": its size is no multiple of a sample's, or 0");
  }
  Trace trace{std::vector<float>(bytes->size() / width), file.rate_hz};
  for (std::size_t k = 0; k < trace.samples.size(); ++k) {
    double value = 0;
    if (file.format == TraceFormat::kF32) {
      float raw = 0;
      std::memcpy(&raw, bytes->data() + k * width, width);
      value = raw;
    } else {
      std::int16_t raw = 0;
      std::memcpy(&raw, bytes->data() + k * width, width);
      value = raw;
    }
    trace.samples[k] = static_cast<float>(value * file.scale);
    if (!std::isfinite(trace.samples[k])) {
      return proto::fail(invalid, what + ": sample " + std::to_string(k) + " is not finite");
    }
  }
  return trace;
}

std::unique_ptr<LoadShape> make_trace_load(Trace trace) {
  return std::make_unique<TraceLoad>(std::move(trace));
}

}  // namespace drivers
