// SPDX-License-Identifier: Apache-2.0
#include "proto/arrow/schema_message.h"

#include <flatbuffers/flatbuffers.h>

#include <cstring>

#include "ipc_generated.h"
#include "proto/arrow/columns.h"

namespace proto::arrow {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;

constexpr const char* kVersionKey = "wattspool.version";
constexpr const char* kStreamKey = "wattspool.stream";
constexpr const char* kAgentKey = "wattspool.agent";
constexpr const char* kWordsKey = "wattspool.words";
constexpr const char* kCalibrationKey = "wattspool.calibration";

struct TypeOffset {
  ipc::Type id;
  Offset<void> table;
};

TypeOffset leaf_type(FlatBufferBuilder& builder, ColumnType type) {
  switch (type) {
    case ColumnType::kUtf8:
      return {ipc::Type_Utf8, ipc::CreateUtf8(builder).Union()};
    case ColumnType::kBinary:
      return {ipc::Type_Binary, ipc::CreateBinary(builder).Union()};
    case ColumnType::kUint32:
    case ColumnType::kListUint32:
      return {ipc::Type_Int, ipc::CreateInt(builder, 32, false).Union()};
    case ColumnType::kUint64:
      return {ipc::Type_Int, ipc::CreateInt(builder, 64, false).Union()};
    case ColumnType::kFloat64:
      return {ipc::Type_Float, ipc::CreateFloat(builder, ipc::Precision_Double).Union()};
    case ColumnType::kListFloat32:
      return {ipc::Type_Float, ipc::CreateFloat(builder, ipc::Precision_Single).Union()};
    case ColumnType::kTimestampNs:
      return {ipc::Type_Timestamp,
              ipc::CreateTimestamp(builder, ipc::Unit_Nano, builder.CreateString("UTC")).Union()};
  }
  return {ipc::Type_NONE, 0};
}

Offset<ipc::Field> make_field(FlatBufferBuilder& builder, const ColumnSpec& spec) {
  std::vector<Offset<ipc::Field>> children;
  const TypeOffset leaf = leaf_type(builder, spec.type);
  TypeOffset type = leaf;
  if (is_list(spec.type)) {
    const auto no_children = builder.CreateVector(std::vector<Offset<ipc::Field>>{});
    children.push_back(ipc::CreateField(builder, builder.CreateString("item"), false, leaf.id,
                                        leaf.table, 0, no_children));
    type = {ipc::Type_List, ipc::CreateList(builder).Union()};
  }
  const auto children_vector = builder.CreateVector(children);
  return ipc::CreateField(builder, builder.CreateString(spec.name.data(), spec.name.size()), false,
                          type.id, type.table, 0, children_vector);
}

void append_u32(std::vector<std::byte>& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) {
    out.push_back(static_cast<std::byte>(value >> shift));
  }
}

// Continuation, length with padding, flatbuffer, zeros up to a multiple of 8.
void append_framed(FlatBufferBuilder& builder, std::vector<std::byte>& out) {
  const std::size_t size = builder.GetSize();
  const std::size_t padded = (size + 7) / 8 * 8;
  append_u32(out, kContinuation);
  append_u32(out, static_cast<std::uint32_t>(padded));
  const auto* bytes = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
  out.insert(out.end(), bytes, bytes + size);
  out.insert(out.end(), padded - size, std::byte{0});
}

// A verified message in aligned memory of its own: a record's value may lie at any address.
class VerifiedMessage {
 public:
  explicit VerifiedMessage(std::span<const std::byte> metadata)
      : bytes_(reinterpret_cast<const std::uint8_t*>(metadata.data()),
               reinterpret_cast<const std::uint8_t*>(metadata.data()) + metadata.size()) {
    flatbuffers::Verifier verifier(bytes_.data(), bytes_.size(), 16, 4'096);
    if (!ipc::VerifyMessageBuffer(verifier)) return;
    const ipc::Message* message = ipc::GetMessage(bytes_.data());
    if (message->version() == ipc::Version_V5) message_ = message;
  }
  const ipc::Message* get() const { return message_; }

 private:
  std::vector<std::uint8_t> bytes_;
  const ipc::Message* message_ = nullptr;
};

bool same_leaf(const ipc::Field& field, ColumnType type) {
  switch (type) {
    case ColumnType::kUtf8:
      return field.type_type() == ipc::Type_Utf8;
    case ColumnType::kBinary:
      return field.type_type() == ipc::Type_Binary;
    case ColumnType::kUint32:
    case ColumnType::kListUint32: {
      const auto* number = field.type_as_Int();
      return number != nullptr && number->bits() == 32 && !number->is_signed();
    }
    case ColumnType::kUint64: {
      const auto* number = field.type_as_Int();
      return number != nullptr && number->bits() == 64 && !number->is_signed();
    }
    case ColumnType::kFloat64: {
      const auto* number = field.type_as_Float();
      return number != nullptr && number->precision() == ipc::Precision_Double;
    }
    case ColumnType::kListFloat32: {
      const auto* number = field.type_as_Float();
      return number != nullptr && number->precision() == ipc::Precision_Single;
    }
    case ColumnType::kTimestampNs: {
      const auto* time = field.type_as_Timestamp();
      return time != nullptr && time->unit() == ipc::Unit_Nano && time->zone() != nullptr &&
             time->zone()->string_view() == "UTC";
    }
  }
  return false;
}

bool same_field(const ipc::Field* field, const ColumnSpec& spec) {
  if (field == nullptr || field->name() == nullptr || field->name()->string_view() != spec.name) {
    return false;
  }
  if (!is_list(spec.type)) return same_leaf(*field, spec.type);
  return field->type_type() == ipc::Type_List && field->children() != nullptr &&
         field->children()->size() == 1 && field->children()->Get(0) != nullptr &&
         same_leaf(*field->children()->Get(0), spec.type);
}

// The verifier looks at the alignment of a vector's length, not of the structs behind it.
template <class Struct>
bool is_aligned(const flatbuffers::Vector<const Struct*>* structs) {
  return structs != nullptr &&
         reinterpret_cast<std::uintptr_t>(structs->Data()) % alignof(Struct) == 0;
}

// Absent when one of the first three is missing or there is no telling what it is.
std::optional<Origin> origin_of(const ipc::Schema& schema) {
  if (schema.metadata() == nullptr) return std::nullopt;
  const auto value_of = [&](std::string_view key) -> std::optional<std::string> {
    for (const ipc::KeyValue* pair : *schema.metadata()) {
      if (pair != nullptr && pair->key() != nullptr && pair->value() != nullptr &&
          pair->key()->string_view() == key) {
        return pair->value()->str();
      }
    }
    return std::nullopt;
  };
  const auto version = value_of(kVersionKey);
  const auto stream = StreamId::from_hex(value_of(kStreamKey).value_or(""));
  const auto agent = value_of(kAgentKey);
  if (!version || !stream || !agent) return std::nullopt;
  return Origin{*version,
                *stream,
                *agent,
                {value_of(kWordsKey).value_or(""), value_of(kCalibrationKey).value_or("")}};
}

}  // namespace

void append_schema_message(const WaveformBatch& batch, std::vector<std::byte>& out) {
  FlatBufferBuilder builder(2'048);
  std::vector<Offset<ipc::Field>> fields;
  fields.reserve(kColumns.size());
  for (const ColumnSpec& spec : kColumns) fields.push_back(make_field(builder, spec));
  const auto pair = [&](const char* key, const std::string& value) {
    const auto key_text = builder.CreateString(key);
    return ipc::CreateKeyValue(builder, key_text, builder.CreateString(value));
  };
  std::vector<Offset<ipc::KeyValue>> pairs = {
      pair(kVersionKey, batch.version),
      pair(kStreamKey, batch.stream.to_hex()),
      pair(kAgentKey, batch.agent_id),
  };
  if (!batch.words.empty()) {
    pairs.push_back(pair(kWordsKey, batch.words.signals));
    pairs.push_back(pair(kCalibrationKey, batch.words.calibration));
  }
  const auto field_vector = builder.CreateVector(fields);
  const auto pair_vector = builder.CreateVector(pairs);
  const auto schema = ipc::CreateSchema(builder, ipc::Endian_Little, field_vector, pair_vector);
  builder.Finish(
      ipc::CreateMessage(builder, ipc::Version_V5, ipc::Header_Schema, schema.Union(), 0));
  append_framed(builder, out);
}

void append_batch_message(std::int64_t rows, std::span<const Node> nodes,
                          std::span<const BodyBuffer> buffers, std::int64_t body_length,
                          std::vector<std::byte>& out) {
  FlatBufferBuilder builder(2'048);
  std::vector<ipc::Node> node_structs;
  node_structs.reserve(nodes.size());
  for (const Node& node : nodes) node_structs.emplace_back(node.length, 0);
  std::vector<ipc::Buffer> buffer_structs;
  buffer_structs.reserve(buffers.size());
  for (const BodyBuffer& buffer : buffers) {
    buffer_structs.emplace_back(buffer.offset, buffer.length);
  }
  const auto node_vector = builder.CreateVectorOfStructs(node_structs);
  const auto buffer_vector = builder.CreateVectorOfStructs(buffer_structs);
  const auto compression = ipc::CreateCompression(builder, ipc::Codec_Zstd, 0);
  const auto batch = ipc::CreateRecordBatch(builder, rows, node_vector, buffer_vector, compression);
  builder.Finish(ipc::CreateMessage(builder, ipc::Version_V5, ipc::Header_RecordBatch,
                                    batch.Union(), body_length));
  append_framed(builder, out);
}

std::optional<Origin> read_schema(std::span<const std::byte> metadata) {
  const VerifiedMessage verified(metadata);
  const ipc::Message* message = verified.get();
  const ipc::Schema* schema = message == nullptr ? nullptr : message->header_as_Schema();
  if (schema == nullptr || schema->endian() != ipc::Endian_Little || message->body_length() != 0 ||
      schema->fields() == nullptr || schema->fields()->size() < kColumns.size()) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < kColumns.size(); ++i) {
    if (!same_field(schema->fields()->Get(static_cast<flatbuffers::uoffset_t>(i)), kColumns[i])) {
      return std::nullopt;
    }
  }
  return origin_of(*schema);
}

std::optional<BatchLayout> read_batch(std::span<const std::byte> metadata) {
  const VerifiedMessage verified(metadata);
  const ipc::Message* message = verified.get();
  const ipc::RecordBatch* batch = message == nullptr ? nullptr : message->header_as_RecordBatch();
  if (batch == nullptr || !is_aligned(batch->nodes()) || !is_aligned(batch->buffers())) {
    return std::nullopt;
  }
  BatchLayout layout;
  layout.rows = batch->length();
  layout.body_length = message->body_length();
  if (const auto* compression = batch->compression()) {
    if (compression->codec() != ipc::Codec_Zstd || compression->method() != 0) return std::nullopt;
    layout.zstd = true;
  }
  for (const ipc::Node* node : *batch->nodes()) {
    if (node->nulls() != 0) return std::nullopt;
    layout.nodes.push_back({node->length()});
  }
  for (const ipc::Buffer* buffer : *batch->buffers()) {
    layout.buffers.push_back({buffer->offset(), buffer->length()});
  }
  return layout;
}

}  // namespace proto::arrow
