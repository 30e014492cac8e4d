// SPDX-License-Identifier: Apache-2.0
// librdkafka's mock cluster in its own process, with the product's topics: the broker of `./dev
// demo` where no real one is installed. Prints its bootstrap servers, then obeys lines on standard
// input: down, up, quit. Ends with its input. It keeps 5 MiB per partition and knows no isolation
// and no TLS: for at_least_once only.
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

#include "proto/topics.h"

namespace {

int usage() {
  std::cerr << "usage: mock_broker [--prefix TEXT] [--partitions COUNT] [--brokers COUNT]\n";
  return 2;
}

struct Options {
  std::string prefix = "bench.";
  int partitions = 3;
  int brokers = 1;
};

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    if (i + 1 >= argc) return false;
    if (name == "--prefix") {
      options.prefix = argv[i + 1];
    } else if (name == "--partitions") {
      options.partitions = std::atoi(argv[i + 1]);
    } else if (name == "--brokers") {
      options.brokers = std::atoi(argv[i + 1]);
    } else {
      return false;
    }
  }
  return options.partitions > 0 && options.brokers > 0;
}

void serve(rd_kafka_mock_cluster_t* cluster, int brokers) {
  std::string line;
  while (std::getline(std::cin, line) && line != "quit") {
    if (line != "down" && line != "up") {
      std::cerr << "mock_broker: unknown command `" << line << "`; known: down, up, quit\n";
      continue;
    }
    for (int broker = 1; broker <= brokers; ++broker) {
      if (line == "down") {
        rd_kafka_mock_broker_set_down(cluster, broker);
      } else {
        rd_kafka_mock_broker_set_up(cluster, broker);
      }
    }
    std::cout << line << std::endl;
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) return usage();
  char text[256] = "";
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_t* owner = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
  if (owner == nullptr) {
    std::cerr << "mock_broker: " << text << "\n";
    return 1;
  }
  rd_kafka_mock_cluster_t* cluster = rd_kafka_mock_cluster_new(owner, options.brokers);
  for (const proto::TopicSpec& spec : proto::kTopics) {
    const std::string name = options.prefix + std::string(spec.suffix);
    rd_kafka_mock_topic_create(cluster, name.c_str(), options.partitions, options.brokers);
  }
  std::cout << rd_kafka_mock_cluster_bootstraps(cluster) << std::endl;
  serve(cluster, options.brokers);
  rd_kafka_mock_cluster_destroy(cluster);
  rd_kafka_destroy(owner);
  return 0;
}
