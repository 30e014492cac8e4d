// SPDX-License-Identifier: Apache-2.0
// The one place that includes librdkafka. Only files of this folder include it.
#pragma once

#include <librdkafka/rdkafka.h>
