// SPDX-License-Identifier: Apache-2.0
// Layout, little endian:
//
//   0   4  magic "WSG1"
//   4   4  CRC-32C of all that follows
//   8   4  records
//   12  4  bytes of the body once decompressed
//   16  n  body: one zstd frame of
//            records x {start_utc_us i64, end_utc_us i64, crc32c u32, value_bytes u32}
//            the values, one after the other
#include "proto/record_group.h"

#include <zstd.h>

#include "proto/byte_order.h"
#include "proto/check.h"
#include "proto/crc32c.h"
#include "proto/decode_errc.h"

namespace proto {
namespace {

constexpr std::uint32_t kMagic = 0x3147'5357;  // "WSG1"
constexpr std::size_t kHeaderBytes = 16;
constexpr std::size_t kChecksumEnd = 8;
constexpr int kLevel = 3;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

struct Context {
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  std::unique_ptr<ZSTD_DCtx, Free> zstd{ZSTD_createDCtx()};
};

auto reject(DecodeErrc code) { return fail(code, "read record group"); }

// The frame's content, if it is one frame of exactly `size_bytes`.
Result<std::vector<std::byte>> inflate(std::span<const std::byte> frame, std::size_t size_bytes) {
  if (ZSTD_findFrameCompressedSize(frame.data(), frame.size()) != frame.size() ||
      ZSTD_getFrameContentSize(frame.data(), frame.size()) != size_bytes) {
    return reject(DecodeErrc::kMalformed);
  }
  std::vector<std::byte> body(size_bytes);
  const Context context;
  WS_CHECK(context.zstd != nullptr);
  const std::size_t written =
      ZSTD_decompressDCtx(context.zstd.get(), body.data(), body.size(), frame.data(), frame.size());
  if (written != size_bytes) return reject(DecodeErrc::kMalformed);
  return body;
}

Result<std::vector<GroupedRecord>> split(std::span<const std::byte> body, std::size_t count) {
  std::vector<GroupedRecord> records(count);
  std::span<const std::byte> values = body.subspan(count * kGroupEntryBytes);
  for (std::size_t i = 0; i < count; ++i) {
    const std::byte* entry = body.data() + i * kGroupEntryBytes;
    GroupedRecord& record = records[i];
    record.start_utc_us = load<std::int64_t>(entry);
    record.end_utc_us = load<std::int64_t>(entry + 8);
    record.crc32c = load<std::uint32_t>(entry + 16);
    const auto value_bytes = load<std::uint32_t>(entry + 20);
    if (value_bytes > values.size()) return reject(DecodeErrc::kMalformed);
    const auto value = values.first(value_bytes);
    if (crc32c(value) != record.crc32c) return reject(DecodeErrc::kChecksum);
    record.value.assign(reinterpret_cast<const char*>(value.data()), value.size());
    values = values.subspan(value_bytes);
  }
  if (!values.empty()) return reject(DecodeErrc::kMalformed);
  return records;
}

}  // namespace

struct RecordGroupWriter::Impl {
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };
  std::unique_ptr<ZSTD_CCtx, Free> zstd{ZSTD_createCCtx()};
  std::vector<std::byte> body;
};

RecordGroupWriter::RecordGroupWriter() : impl_(std::make_unique<Impl>()) {
  WS_CHECK(impl_->zstd != nullptr);
  ZSTD_CCtx_setParameter(impl_->zstd.get(), ZSTD_c_compressionLevel, kLevel);
}

RecordGroupWriter::~RecordGroupWriter() = default;

std::vector<std::byte> RecordGroupWriter::encode(std::span<const GroupedRecord> records) {
  WS_CHECK(!records.empty());
  std::vector<std::byte>& body = impl_->body;
  body.clear();
  for (const GroupedRecord& record : records) {
    append(body, record.start_utc_us);
    append(body, record.end_utc_us);
    append(body, crc32c(bytes_of(record.value)));
    append(body, static_cast<std::uint32_t>(record.value.size()));
  }
  for (const GroupedRecord& record : records) {
    const auto value = bytes_of(record.value);
    body.insert(body.end(), value.begin(), value.end());
  }
  WS_CHECK(body.size() <= kGroupBytesMax);

  const std::size_t bytes_max = kHeaderBytes + ZSTD_compressBound(body.size());
  std::vector<std::byte> group;
  group.reserve(bytes_max);
  append(group, kMagic);
  append(group, std::uint32_t{0});
  append(group, static_cast<std::uint32_t>(records.size()));
  append(group, static_cast<std::uint32_t>(body.size()));
  group.resize(bytes_max);
  const std::size_t frame_bytes =
      ZSTD_compress2(impl_->zstd.get(), group.data() + kHeaderBytes, group.size() - kHeaderBytes,
                     body.data(), body.size());
  WS_CHECK(!ZSTD_isError(frame_bytes));
  group.resize(kHeaderBytes + frame_bytes);
  const std::uint32_t crc = crc32c(std::span(group).subspan(kChecksumEnd));
  std::memcpy(group.data() + 4, &crc, sizeof crc);
  return group;
}

Result<std::vector<GroupedRecord>> decode_record_group(std::span<const std::byte> bytes) {
  if (bytes.size() < kHeaderBytes) return reject(DecodeErrc::kTruncated);
  if (load<std::uint32_t>(bytes.data()) != kMagic) return reject(DecodeErrc::kOtherFormat);
  if (crc32c(bytes.subspan(kChecksumEnd)) != load<std::uint32_t>(bytes.data() + 4)) {
    return reject(DecodeErrc::kChecksum);
  }
  const std::size_t count = load<std::uint32_t>(bytes.data() + 8);
  const std::size_t body_bytes = load<std::uint32_t>(bytes.data() + 12);
  if (body_bytes > kGroupBytesMax) return reject(DecodeErrc::kTooLarge);
  if (count == 0 || count > body_bytes / kGroupEntryBytes) return reject(DecodeErrc::kMalformed);
  const auto body = inflate(bytes.subspan(kHeaderBytes), body_bytes);
  if (!body) return tl::make_unexpected(body.error());
  return split(*body, count);
}

}  // namespace proto
