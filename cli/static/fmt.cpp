// SPDX-License-Identifier: Apache-2.0
// The part of fmt that its library has, compiled from its headers: for the static program, since
// Debian has no libfmt.a.
#include <fmt/format-inl.h>

namespace fmt {
inline namespace v9 {
namespace detail {
template auto thousands_sep_impl<char>(locale_ref) -> thousands_sep_result<char>;
template auto decimal_point_impl<char>(locale_ref) -> char;
template auto dragonbox::to_decimal<double>(double) noexcept -> dragonbox::decimal_fp<double>;
template auto dragonbox::to_decimal<float>(float) noexcept -> dragonbox::decimal_fp<float>;
}  // namespace detail
}  // namespace v9
}  // namespace fmt
