// SPDX-License-Identifier: Apache-2.0
// The few codes that the forwarder treats in a way of their own, by name.
#pragma once

#include <string_view>

namespace agent {

// Another producer with our transactional id began, or the broker gave up on our transaction: the
// two cannot be told apart by the code.
bool is_fenced(int code);
// The record was taken back by an abort or purge: a consequence, never the cause.
bool is_purged(int code);
bool is_queue_full(int code);
bool is_denied_transactional_id(int code);
// A connection that did not come about for the sake of a certificate (the broker's, its authority,
// or ours) or of credentials: with other files it would. `detail` is the library's text.
bool is_refused_access(int code, std::string_view detail);
// The detail says that the broker's certificate, or ours, was refused.
bool is_about_broker_certificate(std::string_view detail);
bool is_about_our_certificate(std::string_view detail);

}  // namespace agent
