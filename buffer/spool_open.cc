// SPDX-License-Identifier: Apache-2.0
// Opening a spool: lock, identify, probe, begin a stream; set a damaged file aside.
#include <algorithm>
#include <bit>
#include <cctype>
#include <sstream>

#include "buffer/spool_impl.h"
#include "proto/crc32c.h"

namespace buffer {
namespace {

// Places of each lane that an opening looks at. The walk down to each touches other nodes of the
// tree, so that damage near the roots is found now and not by the forwarder.
constexpr std::uint64_t kProbesPerLane = 32;

proto::Result<void> check(const SpoolOptions& options) {
  if (options.quota_bytes < kQuotaMin) {
    return proto::fail(SpoolErrc::kInvalidOption, "open spool " + options.path + ": quota " +
                                                      std::to_string(options.quota_bytes) +
                                                      " bytes is below the least, " +
                                                      std::to_string(kQuotaMin) + " bytes");
  }
  if (options.page_bytes < 512 || options.page_bytes > 65'536 ||
      !std::has_single_bit(options.page_bytes)) {
    return proto::fail(SpoolErrc::kInvalidOption,
                       "open spool " + options.path + ": page_bytes must be a power of two");
  }
  return {};
}

// What setting the file aside mends. An I/O error or a full disk is not damage: it may pass.
bool is_damage(const proto::Error& error) {
  return error.code == SpoolErrc::kDamaged || error.code == SpoolErrc::kNotASpool ||
         error.code == SpoolErrc::kRowCorrupt;
}

std::string previous_text(const OpenReport& report) {
  std::string text = report.previous_stream->to_hex();
  for (const proto::Lane lane : kRowLanes) {
    text += ' ' + std::to_string(report.previous_last_sequence.at(lane).value());
  }
  return text;
}

// Nothing when the text is not of that form: then the chain begins anew.
void read_previous(const std::string& text, OpenReport& report) {
  std::istringstream words(text);
  std::string hex;
  words >> hex;
  const auto stream = proto::StreamId::from_hex(hex);
  std::map<proto::Lane, proto::Sequence> last;
  for (const proto::Lane lane : kRowLanes) {
    std::uint64_t sequence = 0;
    words >> sequence;
    last[lane] = proto::Sequence(sequence);
  }
  if (!stream || !words) return;
  report.previous_stream = stream;
  report.previous_last_sequence = std::move(last);
}

}  // namespace

proto::Result<std::unique_ptr<Spool>> Spool::open(const SpoolOptions& options,
                                                  const proto::Clock& clock) {
  if (const auto valid = check(options); !valid) return tl::unexpected(valid.error());
  auto lock = SpoolLock::acquire(options.path);
  if (!lock) return tl::unexpected(lock.error());
  auto impl = std::make_unique<Impl>(options, clock, std::move(*lock));
  std::string damage = take_condemnation(options.path);
  proto::Result<void> opened;
  if (damage.empty()) {
    opened = impl->open_file();
    if (!opened && is_damage(opened.error())) damage = opened.error().message();
  }
  if (!damage.empty()) {
    SpoolLock same_lock = std::move(impl->lock);
    impl.reset();  // closes the file
    auto aside = set_aside(options.path, clock.utc_ns() / 1000);
    if (!aside) return tl::unexpected(aside.error());
    impl = std::make_unique<Impl>(options, clock, std::move(same_lock));
    opened = impl->open_file();
    impl->report.set_aside = *aside;
    impl->report.damage = damage;
  }
  if (!opened) return tl::unexpected(opened.error());
  return std::unique_ptr<Spool>(new Spool(std::move(impl)));
}

proto::Result<void> Spool::Impl::open_file() {
  const int code = db.open(options.path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs.name());
  if (code != SQLITE_OK) return db.failure(code, "open spool " + options.path);
  if (const auto set = configure_writer(db, options); !set) return set;
  const auto found = identify(db, options.path);
  if (!found) return tl::unexpected(found.error());
  if (const auto set = enter_wal_mode(db, options); !set) return set;
  if (*found == Found::kNew) {
    if (const auto made = create_schema(db, options.path); !made) return made;
  }
  if (const int started = space.start(); started != SQLITE_OK) {
    return db.failure(started, "open spool " + options.path);
  }
  if (const auto begun = begin_stream(*found); !begun) return begun;
  release_checkpoints(db);
  return {};
}

proto::Result<void> Spool::Impl::begin_stream(Found found) {
  if (found == Found::kCurrent) {
    const auto begun = has_begun();
    if (!begun) return tl::unexpected(begun.error());
    if (!*begun) found = Found::kNew;
  }
  report.created = found == Found::kNew;
  report.stream = proto::StreamId::random();
  std::vector<StateChange> changes;
  if (found == Found::kCurrent) {
    if (const auto loaded = load_previous(); !loaded) return loaded;
    if (const auto probed = probe(); !probed) return probed;
  }
  for (const proto::Lane lane : kRowLanes) {
    LaneLedger& ledger = ledgers[slot(lane)];
    if (found == Found::kNew) ledger.head = ledger.unacked_from = Position(1);
    ledger.seq_last = proto::Sequence(0);
    changes.push_back({lane_state_key(lane), ledger.floor().to_text()});
  }
  changes.push_back({std::string(kStreamStateKey), report.stream.to_hex()});
  if (report.previous_stream) {
    changes.push_back({std::string(kPreviousStateKey), previous_text(report)});
  }
  changes.push_back({std::string(kQuotaStateKey), std::to_string(options.quota_bytes)});
  // Nobody observes yet, so a full ring must not turn for it: the entries take the place of older
  // ones of the same size.
  const Commit entries = {
      .rows = {}, .state = changes, .latest = {}, .acks = {}, .latest_acks = {}};
  CommitReport done;
  if (try_commit(entries, 0, done) == SQLITE_OK) {
    refresh_totals();
    return {};
  }
  auto begun = commit(entries);
  if (!begun) return tl::unexpected(begun.error());
  report.evicted = std::move(begun->evicted);
  return {};
}

// False for a file that was killed between its tables and its first stream. One that has rows or
// other entries and no stream is damaged.
proto::Result<bool> Spool::Impl::has_begun() {
  const auto stream = state.get(kStreamStateKey);
  if (!stream) return tl::unexpected(stream.error());
  if (*stream) return true;
  const auto entries = state.with_prefix("");
  if (!entries) return tl::unexpected(entries.error());
  std::vector<StoredMeta> metas;
  for (const proto::Lane lane : kRowLanes) {
    const int code = rows.scan(lane, Position(1), Walk::kUp, 1, metas);
    if (code != SQLITE_OK) return db.failure(code, "open spool " + options.path);
  }
  return !entries->empty() || !metas.empty();
}

// The ledgers, and which stream ended where.
proto::Result<void> Spool::Impl::load_previous() {
  const auto text = state.get(kStreamStateKey);
  if (!text) return tl::unexpected(text.error());
  const auto newest = proto::StreamId::from_hex(text->value_or(""));
  auto loaded = load_ledgers(db, rows, state, newest.value_or(report.stream), options.path);
  if (!loaded) return tl::unexpected(loaded.error());
  ledgers = std::move(*loaded);
  const bool has_rows = std::ranges::any_of(
      kRowLanes, [this](proto::Lane lane) { return ledgers[slot(lane)].seq_last.value() > 0; });
  if (newest && has_rows) {
    report.previous_stream = newest;
    for (const proto::Lane lane : kRowLanes) {
      report.previous_last_sequence[lane] = ledgers[slot(lane)].seq_last;
    }
    return {};
  }
  const auto before = state.get(kPreviousStateKey);
  if (!before) return tl::unexpected(before.error());
  read_previous(before->value_or(""), report);
  return {};
}

proto::Result<void> Spool::Impl::probe() {
  const std::string what = "probe spool " + options.path;
  const auto entries = state.with_prefix("");
  if (!entries) return tl::unexpected(entries.error());
  const auto values = state.unsent_latest(UINT32_MAX);
  if (!values && values.error().code != SpoolErrc::kRowCorrupt) {
    return tl::unexpected(values.error());
  }
  std::vector<StoredMeta> metas;
  for (const proto::Lane lane : kRowLanes) {
    const LaneLedger& ledger = ledgers[slot(lane)];
    if (ledger.empty()) continue;
    const std::uint64_t span = ledger.tail.value() - ledger.head.value();
    for (std::uint64_t i = 0; i <= kProbesPerLane; ++i) {
      const Position at(ledger.head.value() + span / kProbesPerLane * i);
      metas.clear();
      const int code = rows.scan(lane, at, Walk::kUp, 1, metas);
      if (code != SQLITE_OK) return db.failure(code, what);
    }
    // The newest row was written last: where a file was cut, it is the first to be missing.
    const int code = rows.read(lane, ledger.tail, [](const StoredMeta&, auto) { return true; });
    if (code != SQLITE_OK) return db.failure(code, what);
  }
  return {};
}

}  // namespace buffer
