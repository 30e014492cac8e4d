// SPDX-License-Identifier: Apache-2.0
// [kafka.settings]: names and values that librdkafka gets as they are, except for secrets.
#pragma once

#include <string>
#include <string_view>

#include "agent/config/secret_file.h"
#include "agent/config/settings.h"

namespace agent {

// Whether the value is the path of a secret's file, or a credential.
bool names_secret_file(std::string_view name);

// What check_kafka_settings() is given: a credential becomes the path of its file.
proto::Result<std::string> pass_through_value(const PassThrough& entry,
                                              const Credentials& credentials);

// Whether the value can be printed. Not so when the name is not an allowed one: somebody may have
// written a password where it does not belong.
bool may_be_shown(const PassThrough& entry);

}  // namespace agent
