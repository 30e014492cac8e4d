// SPDX-License-Identifier: Apache-2.0
// The one form in which every benchmark tells its figures: a table for people, and with --json one
// JSON object per line. A figure that misses its `must` makes the program's exit code 1.
#pragma once

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

// A bound on the ratio where a figure has one, else on the value.
struct Bound {
  enum class Kind { kAtMost, kAtLeast };
  Kind kind = Kind::kAtMost;
  double limit = 0;

  bool holds(double measured) const {
    return kind == Kind::kAtMost ? measured <= limit : measured >= limit;
  }
};
inline Bound at_most(double limit) { return {Bound::Kind::kAtMost, limit}; }
inline Bound at_least(double limit) { return {Bound::Kind::kAtLeast, limit}; }

struct Figure {
  std::string figure;  // what was measured, in words
  double value = 0;
  std::string unit;
  std::optional<double> ratio;  // to what stands in `figure` after "against"
  std::optional<Bound> must;
  std::optional<Bound> aim;
};

class Table {
 public:
  // Understands --json; other arguments are the program's own.
  Table(std::string title, int argc, char** argv) : title_(std::move(title)) {
    for (int i = 1; i < argc; ++i) json_ = json_ || std::string_view(argv[i]) == "--json";
  }

  bool json() const { return json_; }
  void add(Figure figure) { figures_.push_back(std::move(figure)); }

  // Prints; returns the program's exit code.
  int finish() const {
    bool all_met = true;
    for (const Figure& figure : figures_) all_met = all_met && met(figure).value_or(true);
    json_ ? print_json() : print_text();
    return all_met ? 0 : 1;
  }

 private:
  static std::optional<bool> met(const Figure& figure) {
    if (!figure.must) return std::nullopt;
    return figure.must->holds(figure.ratio.value_or(figure.value));
  }

  static std::optional<bool> aim_met(const Figure& figure) {
    if (!figure.aim) return std::nullopt;
    return figure.aim->holds(figure.ratio.value_or(figure.value));
  }
  static std::string truth(const std::optional<bool>& value) {
    return value ? (*value ? "true" : "false") : "null";
  }

  static std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.4g", value);
    return text;
  }
  static std::string text_of(const std::optional<Bound>& bound) {
    if (!bound) return "";
    return (bound->kind == Bound::Kind::kAtMost ? "<= " : ">= ") + number(bound->limit);
  }
  static std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    return out + '"';
  }

  void print_json() const {
    for (const Figure& f : figures_) {
      const auto ok = met(f);
      std::printf(
          "{\"figure\":%s,\"value\":%s,\"unit\":%s,\"ratio\":%s,\"must\":%s,\"aim\":%s,"
          "\"ok\":%s,\"aim_ok\":%s}\n",
          quoted(f.figure).c_str(), number(f.value).c_str(), quoted(f.unit).c_str(),
          f.ratio ? number(*f.ratio).c_str() : "null",
          f.must ? quoted(text_of(f.must)).c_str() : "null",
          f.aim ? quoted(text_of(f.aim)).c_str() : "null", truth(ok).c_str(),
          truth(aim_met(f)).c_str());
    }
  }

  void print_text() const {
    std::size_t width = title_.size();
    for (const Figure& f : figures_) width = std::max(width, f.figure.size());
    const int w = static_cast<int>(width);
    std::printf("%-*s  %10s %-8s %8s %9s %9s\n", w, title_.c_str(), "value", "unit", "ratio",
                "must", "aim");
    for (const Figure& f : figures_) {
      const auto ok = met(f);
      std::printf(
          "%-*s  %10s %-8s %8s %9s %9s  %s\n", w, f.figure.c_str(), number(f.value).c_str(),
          f.unit.c_str(), f.ratio ? number(*f.ratio).c_str() : "", text_of(f.must).c_str(),
          text_of(f.aim).c_str(),
          !ok ? "" : (!*ok ? "MISSED" : (aim_met(f).value_or(false) ? "ok, aim met" : "ok")));
    }
  }

  std::string title_;
  bool json_ = false;
  std::vector<Figure> figures_;
};

inline double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace bench
