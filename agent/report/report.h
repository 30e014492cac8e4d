// SPDX-License-Identifier: Apache-2.0
// A bundle for whoever helps: one archive of text files, without secrets, readable for its owner
// only. A step that fails leaves its reason in the manifest; it never ends the report.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/report/secrets.h"
#include "proto/clock.h"
#include "proto/result.h"

namespace agent {

struct Gathered {
  std::string text;
  std::string failure;  // why it is not whole; empty: it is
};

struct ReportStep {
  std::string file;  // "status.json"
  std::string what;  // for the manifest
  std::function<Gathered()> gather;
};

struct ReportFile {
  std::string file;
  std::string what;
  std::string text;
  std::string failure;
};

// One after the other; nothing that `secrets` knows is left in what it returns.
std::vector<ReportFile> gather_report(const std::vector<ReportStep>& steps, const Secrets& secrets);

// JSON, schema 1: at, files[] (file, what, size_bytes, failure).
std::string manifest_json(const std::vector<ReportFile>& files, const proto::Clock& clock);

// A .tar.gz in which all files are in one folder with the archive's name. `path` must not exist
// yet; its mode is 0600. On an error there is no file.
proto::Result<void> write_report(const std::string& path, const std::vector<ReportFile>& files,
                                 const proto::Clock& clock);

}  // namespace agent
