// SPDX-License-Identifier: Apache-2.0
// The distribution functions that the intervals and tests need, by Boost.Math; relative errors are
// below 1e-12. Arguments outside the given ranges give NaN.
#pragma once

namespace isolab {

/// Regularised incomplete gamma functions: lower P(a, x) and upper Q(a, x) = 1 - P; a > 0, x >= 0.
double gamma_p(double a, double x);
double gamma_q(double a, double x);
/// The x with P(a, x) = p; a > 0, 0 < p < 1.
double gamma_p_inverse(double a, double p);

/// Regularised incomplete beta function I_x(a, b); a, b > 0, 0 <= x <= 1.
double incomplete_beta(double a, double b, double x);
/// The x with I_x(a, b) = p; a, b > 0, 0 < p < 1.
double incomplete_beta_inverse(double a, double b, double p);

/// Student's t: the quantile that 2.5 % lie above; degrees of freedom > 0.
double student_t_975(double degrees);

}  // namespace isolab
