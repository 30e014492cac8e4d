// SPDX-License-Identifier: Apache-2.0
// Prints how many thousand ticks a second the processor's time stamp counter makes. A guest without
// hardware acceleration reads the host's counter, and takes the rate that its command line states
// for granted: so a test can let the guest's clock go slowly.
#include <x86intrin.h>

#include <chrono>
#include <cstdio>
#include <thread>

int main() {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  const unsigned long long first = __rdtsc();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const auto end = Clock::now();
  const unsigned long long ticks = __rdtsc() - first;
  const double ms = std::chrono::duration<double, std::milli>(end - begin).count();
  std::printf("%.0f\n", static_cast<double>(ticks) / ms);
}
