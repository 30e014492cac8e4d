// SPDX-License-Identifier: Apache-2.0
// The numbers that name things. Each is a type of its own, so that a sequence cannot be passed as a
// sample id.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace proto {

template <class Tag, class Rep>
class Id {
 public:
  using rep = Rep;
  constexpr Id() = default;
  constexpr explicit Id(Rep value) : value_(value) {}
  constexpr Rep value() const { return value_; }
  constexpr auto operator<=>(const Id&) const = default;
  constexpr Id next() const { return Id(static_cast<Rep>(value_ + 1)); }

 private:
  Rep value_ = 0;
};

// Counter of the instrument's own sample clock (JS220: 2 MHz, 64 bits after extension). Below 2^53.
struct SampleIdTag {};
using SampleId = Id<SampleIdTag, std::uint64_t>;
constexpr SampleId operator+(SampleId id, std::uint64_t ids) { return SampleId(id.value() + ids); }
constexpr SampleId operator-(SampleId id, std::uint64_t ids) { return SampleId(id.value() - ids); }
// Ids from `from` up to, not including, `to`. Negative when `to` is before `from`.
constexpr std::int64_t distance(SampleId from, SampleId to) {
  return static_cast<std::int64_t>(to.value() - from.value());
}

// One unbroken life of an instrument's counter; counted per instrument within a stream, from 1.
struct SegmentIdTag {};
using SegmentId = Id<SegmentIdTag, std::uint32_t>;

// Number of one Kafka record, dense from 1 per (stream, lane).
struct SequenceTag {};
using Sequence = Id<SequenceTag, std::uint64_t>;

// Number of one telemetry record within its run, from 1, never reused.
struct RecordNumberTag {};
using RecordNumber = Id<RecordNumberTag, std::uint64_t>;

// Random 128-bit id, made at every opening of a spool for writing.
class StreamId {
 public:
  using Bytes = std::array<std::uint8_t, 16>;
  constexpr StreamId() = default;
  constexpr explicit StreamId(Bytes bytes) : bytes_(bytes) {}
  const Bytes& bytes() const { return bytes_; }
  std::string to_hex() const;  // 32 lower-case hex digits
  static std::optional<StreamId> from_hex(std::string_view hex);
  static StreamId random();  // from the kernel's random source
  auto operator<=>(const StreamId&) const = default;

 private:
  Bytes bytes_{};
};

// An agent, device, test, part ... id on the wire: [A-Za-z0-9._-]{1,64} (wire.md 1).
bool is_wire_id(std::string_view text);

}  // namespace proto

template <class Tag, class Rep>
struct std::hash<proto::Id<Tag, Rep>> {
  std::size_t operator()(const proto::Id<Tag, Rep>& id) const {
    return std::hash<Rep>()(id.value());
  }
};
