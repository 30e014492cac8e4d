// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/control_desk.h"

#include <string_view>
#include <utility>
#include <vector>

#include "agent/config/nearest_name.h"
#include "agent/control/control_errc.h"

namespace agent {

namespace {

std::string did_you_mean(const std::string& name, const std::vector<std::string>& names) {
  const std::vector<std::string_view> known(names.begin(), names.end());
  const auto near = nearest_name(name, known);
  return near ? "; did you mean \"" + std::string(*near) + "\"?" : "";
}

}  // namespace

proto::Result<InstrumentWorker*> find_instrument(const Parts& parts, const std::string& name) {
  std::vector<std::string> names;
  std::vector<InstrumentWorker*> of_serial;
  std::string listed;
  const auto parts_now = parts.instruments.all();
  for (const InstrumentPart* part : parts_now) {
    const proto::InstrumentId& id = part->worker->id();
    if (name == id.to_string() || name == id.device_id()) return part->worker.get();
    if (name == id.serial) of_serial.push_back(part->worker.get());
    names.push_back(id.to_string());
    listed += (listed.empty() ? "" : ", ") + names.back();
  }
  if (of_serial.size() == 1) return of_serial.front();
  if (name.empty() && names.size() == 1) return parts_now.front()->worker.get();
  const std::string there_are = listed.empty() ? "there is none" : "there are " + listed;
  if (name.empty()) {
    return proto::fail(ControlErrc::kUnknownInstrument,
                       "command without an instrument (" + there_are + ")");
  }
  return proto::fail(ControlErrc::kUnknownInstrument,
                     "instrument \"" + name + "\" (" + there_are + did_you_mean(name, names) + ")");
}

ControlDesk::ControlDesk(std::string path, Parts& parts, MainMailbox& mailbox, StatusJson status,
                         Log& log)
    : path_(std::move(path)),
      parts_(parts),
      mailbox_(mailbox),
      status_(std::move(status)),
      log_(log) {}

proto::Result<void> ControlDesk::open(std::int64_t now_ns) {
  opened_ns_ = now_ns;
  auto server = ControlServer::listen(
      path_,
      [this](ClientId client, const ControlRequest& request) { on_request(client, request); });
  if (server) {
    server_ = std::move(*server);
    return {};
  }
  if (server.error().code == std::errc::address_in_use) return tl::unexpected(server.error());
  log_.error("no control socket, so wattspool cannot ask; make its directory writable",
             {{"socket", path_}, {"reason", server.error().message()}});
  return {};
}

void ControlDesk::serve(std::int64_t now_ns) {
  for (auto& [client, document] : mailbox_.take()) {
    if (server_) server_->reply(client, std::move(document));
  }
  if (server_) server_->serve(now_ns);
}

void ControlDesk::on_tick(std::int64_t now_ns) {
  if (server_) {
    server_->expire(now_ns);
  } else if (now_ns - opened_ns_ >= kRetryNs) {
    // In use by now: whoever has it keeps it, and the log has said that there is none here.
    (void)open(now_ns);
  }
}

void ControlDesk::on_request(ClientId client, const ControlRequest& request) {
  if (const auto* run = std::get_if<RunRequest>(&request)) {
    on_run(client, *run);
  } else if (const auto* hold = std::get_if<HoldRequest>(&request)) {
    on_hold(client, *hold);
  } else {
    server_->reply(client, status_());
  }
}

void ControlDesk::on_run(ClientId client, const RunRequest& request) {
  const auto worker = find_instrument(parts_, request.instrument);
  if (!worker) {
    server_->reply(client, error_reply_json(worker.error()));
    return;
  }
  // An answer that comes after the server's deadline finds no client and is dropped there.
  (*worker)->submit(request.command, [this, client](proto::Result<RunReply> reply) {
    if (!reply) {
      mailbox_.post({client, error_reply_json(reply.error())});
      return;
    }
    // Behind the entries of the command, which are in the queue by now.
    SpoolEntry behind;
    behind.on_durable = [&mailbox = mailbox_, client, text = run_reply_json(*reply)] {
      mailbox.post({client, text});
    };
    parts_.queue.push(std::move(behind));
  });
}

void ControlDesk::on_hold(ClientId client, const HoldRequest& request) {
  const auto worker = find_instrument(parts_, request.instrument);
  if (!worker) {
    server_->reply(client, error_reply_json(worker.error()));
    return;
  }
  (*worker)->hold(request.command, [this, client](proto::Result<HoldReply> reply) {
    mailbox_.post({client, reply ? hold_reply_json(*reply) : error_reply_json(reply.error())});
  });
}

}  // namespace agent
