// SPDX-License-Identifier: Apache-2.0
// The only file that includes Boost: its headers take seconds to compile.
#include "analysis/statistics/distributions.h"

#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>

namespace isolab {
namespace {

namespace bmp = boost::math::policies;

// Boost computes in long double and rounds the result, which keeps probabilities down to 1e-308: in
// double their factors underflow from 1e-260 on.
constexpr bmp::policy<bmp::domain_error<bmp::ignore_error>, bmp::pole_error<bmp::ignore_error>,
                      bmp::overflow_error<bmp::ignore_error>,
                      bmp::evaluation_error<bmp::ignore_error>>
    kPolicy;

}  // namespace

double gamma_p(double a, double x) { return boost::math::gamma_p(a, x, kPolicy); }
double gamma_q(double a, double x) { return boost::math::gamma_q(a, x, kPolicy); }
double gamma_p_inverse(double a, double p) { return boost::math::gamma_p_inv(a, p, kPolicy); }

double incomplete_beta(double a, double b, double x) {
  return boost::math::ibeta(a, b, x, kPolicy);
}

double incomplete_beta_inverse(double a, double b, double p) {
  return boost::math::ibeta_inv(a, b, p, kPolicy);
}

double student_t_975(double degrees) {
  // P(|T| > t) = I_{v / (v + t^2)}(v / 2, 1 / 2).
  double rest = 0;  // 1 - x, without cancellation
  const double x = boost::math::ibeta_inv(degrees / 2, 0.5, 0.05, &rest, kPolicy);
  return std::sqrt(degrees * rest / x);
}

}  // namespace isolab
