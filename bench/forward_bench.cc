// SPDX-License-Identifier: Apache-2.0
// How fast a backlog drains to a real broker, against a bare transactional producer that sends the
// same sizes in transactions of the same size. Usage: forward_bench BROKERS [--all] [--json]
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <memory>
#include <sstream>
#include <thread>

#include "agent/forward/forwarder.h"
#include "agent/kafka/rdkafka_c.h"
#include "agent/kafka/topics_create.h"
#include "bench/rows.h"
#include "bench/scratch_dir.h"
#include "bench/table.h"

namespace {

using bench::require;

// What a JS220 at full rate seals about twelve times a second.
constexpr std::size_t kRowBytes = 316'000;
constexpr int kTimeout_ms = 60'000;

double now_s() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

// Rows differ, but not each from each other: making them must not take longer than sending them.
const std::vector<std::byte>& payload_of(std::uint64_t index) {
  static const auto kPayloads = [] {
    std::vector<std::vector<std::byte>> payloads;
    for (std::uint64_t i = 0; i < 16; ++i) payloads.push_back(bench::random_bytes(kRowBytes, i));
    return payloads;
  }();
  return kPayloads[index % kPayloads.size()];
}

// A spool with a backlog, its writer and its forwarder.
class Backlog {
 public:
  Backlog(const std::string& brokers, std::uint64_t rows) : rows_(rows) {
    buffer::SpoolOptions spool_options;
    spool_options.path = dir_.file("spool.db");
    auto spool = buffer::Spool::open(spool_options, clock_);
    require(spool.has_value(), "open spool");
    options_.spool_path = spool_options.path;
    options_.stream = (*spool)->open_report().stream;
    options_.agent_id = "drain";
    options_.kafka = {{"bootstrap.servers", brokers}};
    fill(**spool);
    writer_ = std::make_unique<agent::SpoolWriter>(std::move(*spool), queue_,
                                                   agent::SpoolWriterOptions());
  }

  // From the first transaction's commit to the last one's: how long it takes to connect and to find
  // out what is delivered does not depend on the backlog.
  double drain_mb_per_s() {
    const std::uint64_t all = rows_ * kRowBytes;
    writer_->start();
    agent::Forwarder forwarder(options_, *writer_, clock_);
    forwarder.start();
    double first_s = 0;
    std::uint64_t first_bytes = 0;
    const double begin_s = now_s();
    while (true) {
      const auto status = forwarder.status();
      const double now = now_s();
      if (first_s == 0 && status.delivered_bytes_total > 0) {
        first_s = now;
        first_bytes = status.delivered_bytes_total;
      }
      if (status.delivered_bytes_total >= all) {
        forwarder.stop(std::chrono::seconds(1));
        writer_->stop();
        return static_cast<double>(all - first_bytes) / (now - first_s) * 1e-6;
      }
      require(now - begin_s < 300, "not drained: " + status.state + " " + status.explanation);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

 private:
  void fill(buffer::Spool& spool) {
    constexpr std::uint64_t kRowsPerCommit = 12;
    for (std::uint64_t done = 0; done < rows_;) {
      std::vector<buffer::NewRow> batch;
      for (; batch.size() < kRowsPerCommit && done < rows_; ++done) {
        batch.push_back(bench::make_row(proto::Lane::kWaveform, done, payload_of(done)));
      }
      const auto committed =
          spool.commit({.rows = batch, .state = {}, .latest = {}, .acks = {}, .latest_acks = {}});
      require(committed.has_value(), "fill the spool");
    }
  }

  const std::uint64_t rows_;
  bench::ScratchDir dir_;
  proto::SystemClock clock_;
  agent::ForwarderOptions options_;
  agent::SpoolQueue queue_{1 << 20};
  std::unique_ptr<agent::SpoolWriter> writer_;
};

class BareProducer {
 public:
  explicit BareProducer(const std::string& brokers) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    // As the agent sets them where it matters for speed (agent/kafka/rd_producer.cc).
    set(conf, "bootstrap.servers", brokers.c_str());
    set(conf, "transactional.id", "bare");
    set(conf, "linger.ms", "5");
    set(conf, "retry.backoff.ms", "5");
    set(conf, "queue.buffering.max.kbytes", "65536");
    char text[512] = "";
    producer_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    require(producer_ != nullptr, text);
    succeed(rd_kafka_init_transactions(producer_, kTimeout_ms), "init");
  }
  ~BareProducer() { rd_kafka_destroy(producer_); }
  BareProducer(const BareProducer&) = delete;
  BareProducer& operator=(const BareProducer&) = delete;

  double send_mb_per_s(std::uint64_t rows) {
    std::uint64_t sent = 0;
    transaction(rows, sent);
    const std::uint64_t first = sent;
    const double begin_s = now_s();
    while (sent < rows) transaction(rows, sent);
    return static_cast<double>((rows - first) * kRowBytes) / (now_s() - begin_s) * 1e-6;
  }

 private:
  static void set(rd_kafka_conf_t* conf, const char* name, const char* value) {
    char text[512] = "";
    require(rd_kafka_conf_set(conf, name, value, text, sizeof text) == RD_KAFKA_CONF_OK, text);
  }
  static void succeed(rd_kafka_error_t* error, const char* verb) {
    if (error == nullptr) return;
    require(false, std::string(verb) + ": " + rd_kafka_error_string(error));
  }

  void transaction(std::uint64_t rows, std::uint64_t& sent) {
    succeed(rd_kafka_begin_transaction(producer_), "begin");
    static const std::size_t kBytes = agent::ForwarderOptions().transaction_bytes_max;
    for (std::size_t bytes = 0; bytes < kBytes && sent < rows; ++sent) {
      const auto& payload = payload_of(sent);
      const auto code = rd_kafka_producev(
          producer_, RD_KAFKA_V_TOPIC("bench.waveform.v1"),
          RD_KAFKA_V_KEY(bench::kKey, std::string_view(bench::kKey).size()),
          RD_KAFKA_V_VALUE(const_cast<std::byte*>(payload.data()), payload.size()), RD_KAFKA_V_END);
      require(code == RD_KAFKA_RESP_ERR_NO_ERROR, rd_kafka_err2str(code));
      bytes += payload.size();
    }
    succeed(rd_kafka_commit_transaction(producer_, kTimeout_ms), "commit");
  }

  rd_kafka_t* producer_ = nullptr;
};

double drain_mb_per_s(const std::string& brokers, std::uint64_t rows) {
  Backlog backlog(brokers, rows);
  sync();
  return backlog.drain_mb_per_s();
}

double bare_mb_per_s(BareProducer& bare, std::uint64_t rows) {
  sync();
  return bare.send_mb_per_s(rows);
}

double rate_of_both(double first, double second) { return 2 / (1 / first + 1 / second); }

// Whoever comes second finds a disk and a broker that are busy with the first one's bytes: so each
// round is bare, drain, drain, bare.
void measure(const std::string& brokers, std::uint64_t mb, int rounds, bench::Table& table) {
  const std::uint64_t rows = mb * 1'000'000 / kRowBytes;
  std::vector<double> drains;
  std::vector<double> bares;
  std::vector<double> ratios;
  BareProducer bare(brokers);
  for (int round = 0; round < rounds; ++round) {
    const double bare_first = bare_mb_per_s(bare, rows);
    const double drain_first = drain_mb_per_s(brokers, rows);
    const double drain_second = drain_mb_per_s(brokers, rows);
    const double bare_second = bare_mb_per_s(bare, rows);
    drains.push_back(rate_of_both(drain_first, drain_second));
    bares.push_back(rate_of_both(bare_first, bare_second));
    ratios.push_back(drains.back() / bares.back());
  }
  table.add(
      {"drain of a backlog of " + std::to_string(mb) + " MB, against a bare transactional producer",
       bench::median(drains), "MB/s", bench::median(ratios), bench::at_least(0.8),
       bench::at_least(0.95)});
  table.add({"  bare transactional producer", bench::median(bares), "MB/s", {}, {}, {}});
}

}  // namespace

int main(int argc, char** argv) {
  require(argc > 1, "usage: forward_bench BROKERS [--all] [--json]");
  const std::string brokers = argv[1];
  bool all = false;
  for (int i = 2; i < argc; ++i) all = all || std::string_view(argv[i]) == "--all";
  bench::Table table("delivery", argc, argv);
  agent::TopicsOptions topics;
  topics.kafka = {{"bootstrap.servers", brokers}};
  std::ostringstream said;
  require(agent::run_topics_create(topics, said, std::cerr) == 0, "create the topics");
  measure(brokers, 128, 5, table);
  if (all) measure(brokers, 1000, 2, table);
  return table.finish();
}
