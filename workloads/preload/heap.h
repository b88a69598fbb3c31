// SPDX-License-Identifier: Apache-2.0
// The two layers of the preloaded heap: where its pages come from (heap.cpp) and how they are
// handed out (heap_malloc.cpp).
#pragma once

#include <cstddef>

namespace isolab::heap {

/// Zeroed memory of the chosen kind, rounded up to whole pages; null when there is none.
void* map(std::size_t size);
/// All of what map() gave for this size.
void unmap(void* at, std::size_t size);

}  // namespace isolab::heap
