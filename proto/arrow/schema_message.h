// SPDX-License-Identifier: Apache-2.0
// Arrow metadata messages: built, framed, and checked against our own schema when read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "proto/waveform.h"

namespace proto::arrow {

struct BodyBuffer {
  std::int64_t offset = 0;  // within the body
  std::int64_t length = 0;  // without padding
};
struct Node {
  std::int64_t length = 0;
};

void append_schema_message(const WaveformBatch& batch, std::vector<std::byte>& out);
// The metadata of the record batch; the caller appends the body.
void append_batch_message(std::int64_t rows, std::span<const Node> nodes,
                          std::span<const BodyBuffer> buffers, std::int64_t body_length,
                          std::vector<std::byte>& out);

// The reading side. `metadata` is one verified flatbuffer.
// Who wrote a batch, as its schema's metadata says.
struct Origin {
  std::string version;
  StreamId stream;
  std::string agent_id;
  WordsOrigin words;  // empty: no raw rows
};
// Of a schema message whose first fields are kColumns; absent: it is not ours. Fields that a later
// version appends are ignored.
std::optional<Origin> read_schema(std::span<const std::byte> metadata);
struct BatchLayout {
  std::int64_t rows = 0;
  std::vector<Node> nodes;
  std::vector<BodyBuffer> buffers;
  bool zstd = false;
  std::int64_t body_length = 0;
};
std::optional<BatchLayout> read_batch(std::span<const std::byte> metadata);

}  // namespace proto::arrow
