// SPDX-License-Identifier: Apache-2.0
#include "agent/report/report.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/report/run_program.h"
#include "proto/cloud_event.h"

namespace agent {
namespace {

using Json = nlohmann::ordered_json;

std::error_code last_error() { return {errno, std::generic_category()}; }

// Of this process only, and gone with this object.
class Folder {
 public:
  Folder() {
    std::error_code error;
    std::string name =
        (std::filesystem::temp_directory_path(error) / "wattspool-report-XXXXXX").string();
    if (!error && ::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// "bench.tar.gz" -> "bench".
std::string top_folder(const std::string& path) {
  std::string name = std::filesystem::path(path).filename().string();
  for (const std::string_view end : {".gz", ".tgz", ".tar"}) {
    if (name.size() > end.size() && name.ends_with(end)) name.resize(name.size() - end.size());
  }
  return name;
}

proto::Result<void> write_files(const std::string& folder, const std::vector<ReportFile>& files) {
  if (::mkdir(folder.c_str(), 0700) != 0) return proto::fail(last_error(), "create " + folder);
  for (const ReportFile& one : files) {
    const std::string path = folder + "/" + one.file;
    std::ofstream out(path, std::ios::binary);
    if (!(out << one.text).flush()) return proto::fail(last_error(), "write " + path);
  }
  return {};
}

// tar and gzip are on every Debian; a library would bring 40 MB of others onto the bench.
proto::Result<void> pack(const std::string& folder, const std::string& name, int fd,
                         const proto::Clock& clock) {
  ProgramLimits limits;
  limits.time = std::chrono::minutes(1);
  limits.out_fd = fd;
  const auto tar = run_program({"tar", "--create", "--gzip", "--file=-", "--owner=0", "--group=0",
                                "--mode=u=rwX,go=", "--directory=" + folder, "--", name},
                               limits, clock);
  if (!tar) return tl::unexpected(tar.error());
  if (tar->exit_code == 0 && !tar->cut_off) return {};
  return proto::fail(std::make_error_code(std::errc::io_error), "tar: " + tar->err);
}

}  // namespace

std::vector<ReportFile> gather_report(const std::vector<ReportStep>& steps,
                                      const Secrets& secrets) {
  std::vector<ReportFile> files;
  for (const ReportStep& step : steps) {
    Gathered gathered = step.gather();
    files.push_back({step.file, step.what, secrets.scrub(std::move(gathered.text)),
                     secrets.scrub(std::move(gathered.failure))});
  }
  return files;
}

std::string manifest_json(const std::vector<ReportFile>& files, const proto::Clock& clock) {
  Json json{{"schema", 1}, {"at", proto::rfc3339_us(clock.utc_ns() / 1000)}};
  Json& list = json["files"] = Json::array();
  for (const ReportFile& one : files) {
    list.push_back({{"file", one.file},
                    {"what", one.what},
                    {"size_bytes", one.text.size()},
                    {"failure", one.failure.empty() ? Json() : Json(one.failure)}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

proto::Result<void> write_report(const std::string& path, const std::vector<ReportFile>& files,
                                 const proto::Clock& clock) {
  const Folder folder;
  if (folder.path().empty()) return proto::fail(last_error(), "create a folder in $TMPDIR");
  const std::string name = top_folder(path);
  std::vector<ReportFile> all = files;
  all.push_back({"manifest.json", "", manifest_json(files, clock), ""});
  if (auto written = write_files(folder.path() + "/" + name, all); !written) return written;
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return proto::fail(last_error(), "create " + path);
  auto packed = pack(folder.path(), name, fd, clock);
  if (::close(fd) != 0 && packed) packed = proto::fail(last_error(), "write " + path);
  if (!packed) ::unlink(path.c_str());
  return packed;
}

}  // namespace agent
