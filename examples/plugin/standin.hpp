// A stand-in for Grid with its memory layout, and a small hybrid Monte Carlo of its own, for the test of the glue.
//
// LAYOUT of Grid's Lattice of real scalars. SIMD lanes hold sublattices: with n_d lanes along direction d (their product is
// the number of doubles in a vector) and extents L_d, a lane has r_d = L_d / n_d sites along d, and the number of site x is
//   lanes * sum_d (x_d mod r_d) R_d + sum_d (x_d div r_d) N_d,   R_d = r_0 ... r_(d-1),   N_d = n_0 ... n_(d-1).
// grid_layout.cpp compares this formula with Grid itself: none differed of 133 lattices with 1 to 256 lanes by Grid's index
// functions, and of 39 fields in the memory of builds with two and four lanes.
//
// ACTION, Grid's ScalarAction: S = sum_x [ (1/2) sum_mu (phi(x+mu) - phi(x))^2 + (1/2) m2 phi^2 + (1/24) lambda phi^4 ].
#ifndef STANDIN_HPP
#define STANDIN_HPP

#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <vector>

namespace standin {

using Coordinate = std::array<int, 4>;

/// Where the number of a site lies, counted from the first number of the field.
inline std::int64_t place(const Coordinate &x, const Coordinate &extent, const Coordinate &lanes) {
  std::int64_t outer = 0, inner = 0, outer_stride = 1, inner_stride = 1;
  for (std::size_t d = 0; d < x.size(); d++) {
    const int reduced = extent[d] / lanes[d];
    outer += x[d] % reduced * outer_stride;
    inner += x[d] / reduced * inner_stride;
    outer_stride *= reduced;
    inner_stride *= lanes[d];
  }
  return inner_stride * outer + inner;
}

/// The places of all sites, x fastest.
inline std::vector<std::int64_t> places(const Coordinate &extent, const Coordinate &lanes) {
  for (std::size_t d = 0; d < extent.size(); d++) {
    if (extent[d] % lanes[d] != 0) throw std::invalid_argument("lanes: expected divisors of the extents");
  }
  std::vector<std::int64_t> sites;
  Coordinate x;
  for (x[3] = 0; x[3] < extent[3]; x[3]++)
    for (x[2] = 0; x[2] < extent[2]; x[2]++)
      for (x[1] = 0; x[1] < extent[1]; x[1]++)
        for (x[0] = 0; x[0] < extent[0]; x[0]++) sites.push_back(place(x, extent, lanes));
  return sites;
}

struct Couplings {
  double mass_squared, lambda;
};

/// A field in two dimensions, extents of 1 in the others, as Grid runs it.
class Code {
 public:
  Code(int extent, const Coordinate &lanes, Couplings couplings, unsigned seed)
      : sites_(places({extent, extent, 1, 1}, lanes)), next_(2 * sites_.size()), before_(2 * sites_.size()),
        numbers_(sites_.size()), couplings_(couplings), random_(seed) {
    for (std::size_t i = 0; i < sites_.size(); i++) {
      const int n = extent, x = static_cast<int>(i) % n, y = static_cast<int>(i) / n;
      const auto site = [&](int a, int b) { return at(static_cast<std::size_t>((a + n) % n + n * ((b + n) % n))); };
      const std::size_t here = at(i);
      next_[2 * here] = site(x + 1, y);
      next_[2 * here + 1] = site(x, y + 1);
      before_[2 * here] = site(x - 1, y);
      before_[2 * here + 1] = site(x, y - 1);
    }
  }

  // The four functions that LearnedUpdate needs of a host.
  template <typename Reader>
  void read(Reader reader) const { reader(numbers_.data()); }
  template <typename Writer>
  void write(Writer writer) { writer(numbers_.data()); }
  double action() const { return action(numbers_); }
  double uniform() { return std::uniform_real_distribution<double>()(random_); }

  /// A trajectory with leapfrog steps; returns whether its end was accepted.
  bool trajectory(int steps, double length) {
    std::normal_distribution<double> normal;
    std::vector<double> phi = numbers_, momentum(phi.size());
    double energy = action(phi);
    for (double &p : momentum) {
      p = normal(random_);
      energy += 0.5 * p * p;
    }
    const double step = length / steps;
    kick(0.5 * step, phi, momentum);
    for (int n = 1; n <= steps; n++) {
      for (std::size_t i = 0; i < phi.size(); i++) phi[i] += step * momentum[i];
      kick(n < steps ? step : 0.5 * step, phi, momentum);
    }
    energy -= action(phi);
    for (const double p : momentum) energy -= 0.5 * p * p;
    if (!(std::log(uniform()) < energy)) return false;
    numbers_.swap(phi);
    return true;
  }

  const std::vector<std::int64_t> &sites() const { return sites_; }
  std::vector<double> &numbers() { return numbers_; }
  const std::vector<double> &numbers() const { return numbers_; }
  std::mt19937_64 &random() { return random_; }

 private:
  std::size_t at(std::size_t site) const { return static_cast<std::size_t>(sites_[site]); }
  double action(const std::vector<double> &phi) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < phi.size(); i++) {
      const double square = phi[i] * phi[i], dx = phi[next_[2 * i]] - phi[i], dy = phi[next_[2 * i + 1]] - phi[i];
      sum += 0.5 * (dx * dx + dy * dy) + (0.5 * couplings_.mass_squared + couplings_.lambda / 24.0 * square) * square;
    }
    return sum;
  }
  void kick(double step, const std::vector<double> &phi, std::vector<double> &momentum) const {
    for (std::size_t i = 0; i < phi.size(); i++) {
      const double around = phi[next_[2 * i]] + phi[next_[2 * i + 1]] + phi[before_[2 * i]] + phi[before_[2 * i + 1]];
      momentum[i] -= step * ((4.0 + couplings_.mass_squared + couplings_.lambda / 6.0 * phi[i] * phi[i]) * phi[i] - around);
    }
  }

  std::vector<std::int64_t> sites_;         // places of the sites, x fastest
  std::vector<std::size_t> next_, before_;  // of each number, the places of its neighbours in x and y
  std::vector<double> numbers_;
  Couplings couplings_;
  std::mt19937_64 random_;
};

}  // namespace standin

#endif
