// SPDX-License-Identifier: Apache-2.0
// Whether the files that settings name still hold what a client was made of: librdkafka reads them
// once, when it is made.
#pragma once

#include <cstddef>

#include "agent/kafka/settings.h"

namespace agent {

// Of the text of every file (certificates, authorities, keys, keytab) that the settings name; one
// that cannot be read differs from each that can. Of a folder only the path counts. Secrets whose
// text is a setting's value are compared there.
std::size_t digest_of_files(const KafkaSettings& checked);

}  // namespace agent
