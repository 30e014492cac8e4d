// SPDX-License-Identifier: Apache-2.0
// The few codes that the forwarder treats in a way of their own, by name.
#pragma once

namespace agent {

// Another producer with our transactional id began, or the broker gave up on our transaction: the
// two cannot be told apart by the code.
bool is_fenced(int code);
// The record was taken back by an abort or purge: a consequence, never the cause.
bool is_purged(int code);
bool is_queue_full(int code);
bool is_denied_transactional_id(int code);

}  // namespace agent
