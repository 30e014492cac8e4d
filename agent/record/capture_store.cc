// SPDX-License-Identifier: Apache-2.0
#include "agent/record/capture_store.h"

#include <fcntl.h>
#include <unistd.h>
#include <zstd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>
#include <vector>

namespace agent {
namespace {

constexpr std::size_t kRawBytesMax = std::size_t{1} << 30;
constexpr std::array<char, 4> kZstdMagic = {'\x28', '\xB5', '\x2F', '\xFD'};

std::error_code last_error() { return {errno, std::generic_category()}; }

tl::unexpected<proto::Error> unreadable(const std::string& path, const std::string& why) {
  return proto::fail(std::make_error_code(std::errc::invalid_argument),
                     "read capture " + path + ": " + why);
}

proto::Result<std::vector<std::byte>> decompress(const std::string& path,
                                                 std::span<const char> bytes) {
  const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(),
                                                                        ZSTD_freeDCtx);
  std::vector<std::byte> out;
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  std::vector<std::byte> chunk(ZSTD_DStreamOutSize());
  while (in.pos < in.size) {
    ZSTD_outBuffer buffer{chunk.data(), chunk.size(), 0};
    const std::size_t code = ZSTD_decompressStream(context.get(), &buffer, &in);
    if (ZSTD_isError(code) != 0) {
      return unreadable(path, std::string("zstd: ") + ZSTD_getErrorName(code));
    }
    if (out.size() + buffer.pos > kRawBytesMax) {
      return unreadable(path, "it holds more than 1 GiB; record a shorter one");
    }
    out.insert(out.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(buffer.pos));
  }
  return out;
}

}  // namespace

struct CaptureWriter::Stream {
  explicit Stream(int file) : fd(file), context(ZSTD_createCCtx(), ZSTD_freeCCtx) {
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
    buffer.resize(ZSTD_CStreamOutSize());
  }
  ~Stream() { ::close(fd); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  const int fd;
  std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context;
  std::vector<std::byte> buffer;
};

CaptureWriter::CaptureWriter(std::string path) : path_(std::move(path)) {}
CaptureWriter::~CaptureWriter() = default;

proto::Result<std::unique_ptr<CaptureWriter>> CaptureWriter::create(
    const std::string& path, const proto::InstrumentId& instrument, std::int64_t start_utc_ns) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) {
    const auto code = last_error();
    const char* const remedy = code == std::errc::file_exists
                                   ? "; choose another name or remove it"
                                   : "; choose a folder that you may write to";
    return proto::fail(code, "create capture " + path + remedy);
  }
  std::unique_ptr<CaptureWriter> writer(new CaptureWriter(path));
  writer->stream_ = std::make_unique<Stream>(fd);
  writer->put(drivers::pack_capture_head(instrument, start_utc_ns), false);
  return writer;
}

void CaptureWriter::write(const drivers::Exchange& exchange) {
  const auto bytes = drivers::pack_exchange(exchange);
  ++exchanges_;
  raw_bytes_ += bytes.size();
  put(bytes, false);
}

void CaptureWriter::put(std::span<const std::byte> bytes, bool last) {
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  for (bool more = !failed(); more;) {
    ZSTD_outBuffer out{stream_->buffer.data(), stream_->buffer.size(), 0};
    const std::size_t left = ZSTD_compressStream2(stream_->context.get(), &out, &in,
                                                  last ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left) != 0) {
      failure_ = ZSTD_getErrorName(left);
      return;
    }
    for (std::size_t done = 0; done < out.pos;) {
      const ssize_t written = ::write(stream_->fd, stream_->buffer.data() + done, out.pos - done);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) {
        failure_ = last_error().message();
        return;
      }
      done += static_cast<std::size_t>(written);
      file_bytes_ += static_cast<std::uint64_t>(written);
    }
    more = last ? left > 0 : in.pos < in.size;
  }
}

proto::Result<void> CaptureWriter::finish() {
  put({}, true);
  if (!failed() && ::fsync(stream_->fd) != 0) failure_ = last_error().message();
  if (!failed()) return {};
  return proto::fail(std::make_error_code(std::errc::io_error),
                     "write capture " + path_ + ": " + failure_ + "; it is not whole");
}

proto::Result<drivers::Capture> read_capture(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return unreadable(path, "it cannot be opened: " + last_error().message());
  std::string bytes(std::istreambuf_iterator<char>(file), {});
  if (bytes.size() > kRawBytesMax) return unreadable(path, "it is larger than 1 GiB");
  std::vector<std::byte> raw;
  if (bytes.starts_with(std::string_view(kZstdMagic.data(), kZstdMagic.size()))) {
    auto plain = decompress(path, bytes);
    if (!plain) return tl::unexpected(plain.error());
    raw = std::move(*plain);
  } else {
    const auto view = std::as_bytes(std::span(bytes));
    raw.assign(view.begin(), view.end());
  }
  auto capture = drivers::parse_capture(raw);
  if (!capture) return unreadable(path, capture.error().message());
  return capture;
}

bool is_capture(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<char, drivers::kCaptureMagic.size()> head{};
  file.read(head.data(), head.size());
  const std::string_view text(head.data(), static_cast<std::size_t>(file.gcount()));
  return text == drivers::kCaptureMagic ||
         text.starts_with(std::string_view(kZstdMagic.data(), kZstdMagic.size()));
}

}  // namespace agent
