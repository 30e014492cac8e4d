// SPDX-License-Identifier: Apache-2.0
// libusb with its one event thread, for all instruments of a process.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

#include "proto/result.h"

struct libusb_context;

namespace drivers {

class LibusbContext {
 public:
  static proto::Result<std::unique_ptr<LibusbContext>> make();
  ~LibusbContext();  // after the last session
  LibusbContext(const LibusbContext&) = delete;
  LibusbContext& operator=(const LibusbContext&) = delete;

  libusb_context* get() const { return context_; }
  std::uint64_t heartbeat() const { return heartbeat_; }  // of the event thread

 private:
  explicit LibusbContext(libusb_context* context);
  void handle_events();

  libusb_context* const context_;
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> heartbeat_{0};
  std::thread thread_;
};

}  // namespace drivers
