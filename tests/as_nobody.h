// SPDX-License-Identifier: Apache-2.0
// What root may do and others may not, for a test that may be run by root.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

// Root may open everything: while this lives it is nobody, who may look into `folder`. Who is not
// root stays who it is.
class AsNobody {
 public:
  explicit AsNobody(const std::string& folder) : was_root_(::geteuid() == 0) {
    constexpr uid_t kNobody = 65'534;
    if (!was_root_) return;
    EXPECT_EQ(::chmod(folder.c_str(), 0755), 0);
    EXPECT_EQ(::setresuid(kNobody, kNobody, 0), 0);
  }
  ~AsNobody() {
    if (!was_root_) return;
    EXPECT_EQ(::setresuid(0, 0, 0), 0);
  }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;

 private:
  const bool was_root_;
};
