// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/rates.h"

#include <fmt/format.h>

#include <cmath>
#include <string>

#include "agent/pipeline/pipeline_errc.h"

namespace agent {
namespace {

constexpr double kBordersApartS = 10e-6;
constexpr double kRateMax_hz = 1e9;

// The whole-number rates next to `rate_hz`, on both sides, that divide `value_rate_hz`.
std::string rates_that_fit(double rate_hz, std::uint64_t value_rate_hz) {
  const auto fits = [&](std::uint64_t rate) { return value_rate_hz % rate == 0; };
  auto below = static_cast<std::uint64_t>(std::max(1.0, std::floor(rate_hz)));
  while (below > 1 && !fits(below)) --below;
  auto above = static_cast<std::uint64_t>(std::max(1.0, std::ceil(rate_hz)));
  while (above < value_rate_hz && !fits(above)) ++above;
  return above >= value_rate_hz ? fmt::format("{} Hz fits", below)
                                : fmt::format("{} Hz and {} Hz fit", below, above);
}

proto::Result<std::uint64_t> values_per(std::string_view setting, double rate_hz,
                                        std::uint64_t value_rate_hz) {
  const auto value_rate = static_cast<double>(value_rate_hz);
  const bool in_range = rate_hz > 0 && rate_hz <= value_rate;
  const double values = in_range ? std::round(value_rate / rate_hz) : 0;
  if (in_range && std::abs(values * rate_hz - value_rate) <= 1e-9 * value_rate) {
    return static_cast<std::uint64_t>(values);
  }
  return proto::fail(PipelineErrc::kRateDoesNotDivide,
                     fmt::format("check {} = {} Hz against {} values per second ({})", setting,
                                 rate_hz, value_rate_hz, rates_that_fit(rate_hz, value_rate_hz)));
}

}  // namespace

proto::Result<Rates> make_rates(const PipelineOptions& options, double sample_id_rate_hz,
                                std::uint32_t ids_per_value) {
  const double value_rate_hz = ids_per_value == 0 ? 0 : sample_id_rate_hz / ids_per_value;
  if (!(value_rate_hz >= 1 && value_rate_hz <= kRateMax_hz) ||
      value_rate_hz != std::round(value_rate_hz)) {
    return proto::fail(PipelineErrc::kRateDoesNotDivide,
                       fmt::format("check the instrument's rate of {} ids per second, {} per value",
                                   sample_id_rate_hz, ids_per_value));
  }
  Rates rates;
  rates.id_rate_hz = sample_id_rate_hz;
  rates.ids_per_value = ids_per_value;
  rates.value_rate_hz = static_cast<std::uint64_t>(value_rate_hz);
  rates.border_ids = static_cast<std::uint64_t>(std::llround(kBordersApartS * sample_id_rate_hz));
  const auto interval =
      values_per("telemetry.rate", options.telemetry_rate_hz, rates.value_rate_hz);
  if (!interval) return tl::make_unexpected(interval.error());
  rates.interval_ids = *interval * ids_per_value;
  if (options.waveform != WaveformMode::kDecimated) return rates;
  const auto window = values_per("waveform.rate", options.waveform_rate_hz, rates.value_rate_hz);
  if (!window) return tl::make_unexpected(window.error());
  rates.window_ids = *window * ids_per_value;
  return rates;
}

proto::Result<void> check_rates(const PipelineOptions& options, double sample_id_rate_hz,
                                std::uint32_t ids_per_value) {
  const auto rates = make_rates(options, sample_id_rate_hz, ids_per_value);
  if (!rates) return tl::make_unexpected(rates.error());
  return {};
}

}  // namespace agent
