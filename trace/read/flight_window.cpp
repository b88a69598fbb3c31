// SPDX-License-Identifier: Apache-2.0
#include "trace/read/flight_window.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

namespace isolab {

void FlightWindow::add(int cpu, std::span<const std::byte> page) {
  PageCursor cursor;
  if (cursor.open(page, layout_, cpu) != PageFault::none) return;
  Page kept{cursor.page_time(), cursor.page_time(), {page.begin(), page.end()}};
  for (TraceEvent event; cursor.next(event);) kept.last = event.time;
  bytes_ += kept.bytes.size();
  rings_[cpu].push_back(std::move(kept));
}

std::vector<std::vector<std::byte>> FlightWindow::unread(std::uint64_t until) const {
  std::vector<std::vector<std::byte>> out;
  for (const auto& [cpu, ring] : rings_) {
    auto& bytes = out.emplace_back();
    for (const auto& page : ring)
      if (page.last > read_until_ && page.first <= until)
        bytes.insert(bytes.end(), page.bytes.begin(), page.bytes.end());
  }
  return out;
}

void FlightWindow::forget_front(std::deque<Page>& ring) {
  bytes_ -= ring.front().bytes.size();
  ring.pop_front();
}

void FlightWindow::finish(std::uint64_t until) {
  read_until_ = std::max(read_until_, until);
  const std::uint64_t oldest = until - std::min(until, limits_.keep);
  for (auto& [cpu, ring] : rings_)
    while (!ring.empty() && ring.front().last < oldest) forget_front(ring);
  while (bytes_ > limits_.most_bytes) {
    std::deque<Page>* first = nullptr;
    for (auto& [cpu, ring] : rings_)
      if (!ring.empty() && (first == nullptr || ring.front().first < first->front().first))
        first = &ring;
    if (first == nullptr) return;
    forget_front(*first);
    ++forgotten_;
  }
}

Result<void> FlightWindow::write(const std::filesystem::path& directory, std::uint64_t from) const {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  for (const auto& [cpu, ring] : rings_) {
    const auto path = directory / fmt::format("cpu{}.raw", cpu);
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    for (const auto& page : ring)
      if (page.last >= from)
        out.write(reinterpret_cast<const char*>(page.bytes.data()),
                  static_cast<std::streamsize>(page.bytes.size()));
    if (!out.flush()) return Error{ErrorKind::io, "cannot write " + path.string()};
  }
  return {};
}

}  // namespace isolab
