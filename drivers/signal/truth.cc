// SPDX-License-Identifier: Apache-2.0
#include "drivers/signal/truth.h"

#include <algorithm>
#include <memory>

#include "proto/check.h"

namespace drivers {

Truth compute_truth(const SampleSource& source, proto::IdRange ids) {
  Truth truth;
  if (ids.last < ids.first) return truth;
  proto::ExactAccumulator accumulator;
  const auto chunk = std::make_unique<Chunk>();
  // Values of even ids only: [begin, end).
  const std::uint64_t begin = (ids.first.value() + 1) / kIdsPerValue;
  const std::uint64_t end = ids.last.value() / kIdsPerValue + 1;
  for (std::uint64_t value = begin; value < end;) {
    const std::uint64_t index = value / kChunkValues;
    const std::uint64_t offset = value % kChunkValues;
    const std::uint64_t count = std::min<std::uint64_t>(kChunkValues - offset, end - value);
    source.fill(index, {}, *chunk);
    accumulator.add(std::span(chunk->current).subspan(offset, count),
                    std::span(chunk->voltage).subspan(offset, count));
    value += count;
  }
  WS_CHECK(accumulator.invalid_count() == 0);  // no source makes a value that is not finite
  truth.sample_count = accumulator.valid_count();
  auto sums = accumulator.take();
  truth.current = sums.current;
  truth.voltage = sums.voltage;
  truth.power = sums.power;
  return truth;
}

}  // namespace drivers
