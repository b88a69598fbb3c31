// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace isolab {

/// SHA-256 of the bytes as 64 lower-case hexadecimal digits (by OpenSSL's libcrypto).
std::string sha256_hex(std::string_view bytes);
/// The same digest in base64, as a Content-Security-Policy names it.
std::string sha256_base64(std::string_view bytes);

}  // namespace isolab
