// SPDX-License-Identifier: Apache-2.0
// The one place that includes librdkafka. Only files of this folder include it.
#pragma once

// Its type checks are statement expressions, which clang refuses to be pedantic about.
#define LIBRDKAFKA_TYPECHECKS 0
#include <librdkafka/rdkafka.h>
