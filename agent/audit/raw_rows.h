// SPDX-License-Identifier: Apache-2.0
// Raw rows of a waveform value -> the rows that calibrated samples would have been: the reading
// side of what a JS110 gives at full rate. Pure. From the protocol sheet of the JS110, sections 7.3
// and 9; the contract is in proto/README.md.
#pragma once

#include "proto/result.h"
#include "proto/waveform.h"

namespace agent {

// In place of each raw row: current, voltage, and the codes that were recorded and lie in the
// words; bit for bit what the driver's Block held. Without a calibration current and voltage are
// NaN. Other rows stay as they are. Trusts nothing of the value; a word takes up to 32 bytes.
// Errors: WaveformErrc, when it does
// not have what its raw rows need, or that is damaged.
proto::Result<proto::DecodedWaveform> decode_raw_rows(proto::DecodedWaveform waveform);

}  // namespace agent
