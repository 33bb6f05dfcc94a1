// Hybrid Monte Carlo for phi^4 theory in two dimensions, with and without learned proposals, in C++17.
//
//   hmc_phi4 [MODELS [UPDATES]]
//
// Field, action, force, random numbers and accept/reject are the program's own; hmc_phi4.c is the same with timings. It
// prints <phi^2>, acceptance and tau_int of the magnetisation squared at 6 x 6, where <phi^2> = 0.16138658.
//
// Action: S = sum_x [ sum_mu (phi(x+mu) - phi(x))^2 + m2 phi^2 + lambda phi^4 ], m2 = -4, lambda = 6.975.
// Couplings: Albergo, Kanwar, Shanahan, arXiv:1904.12072, table I.
#include <instanton.hpp>

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <random>
#include <string>
#include <vector>

namespace {

constexpr int extent = 6, volume = extent * extent, steps = 12;
constexpr double mass_squared = -4.0, lambda = 6.975, length = 1.5;
using Field = std::array<double, volume>;

std::size_t site(int x, int y) { return static_cast<std::size_t>((x + extent) % extent + extent * ((y + extent) % extent)); }

double action(const Field &phi) {
  double sum = 0.0;
  for (int y = 0; y < extent; y++) {
    for (int x = 0; x < extent; x++) {
      const double here = phi[site(x, y)], square = here * here;
      sum += (4.0 + mass_squared + lambda * square) * square - 2.0 * here * (phi[site(x + 1, y)] + phi[site(x, y + 1)]);
    }
  }
  return sum;
}

void kick(double step, const Field &phi, Field &momentum) {
  for (int y = 0; y < extent; y++) {
    for (int x = 0; x < extent; x++) {
      const double here = phi[site(x, y)];
      const double around = phi[site(x + 1, y)] + phi[site(x - 1, y)] + phi[site(x, y + 1)] + phi[site(x, y - 1)];
      momentum[site(x, y)] -= step * ((8.0 + 2.0 * mass_squared + 4.0 * lambda * here * here) * here - 2.0 * around);
    }
  }
}

class Chain {
 public:
  explicit Chain(unsigned seed) : random_(seed) {}

  void trajectory() {
    Field phi = phi_, momentum;
    double before = action_, after = 0.0;
    for (double &p : momentum) {
      p = normal_(random_);
      before += 0.5 * p * p;
    }
    kick(0.5 * length / steps, phi, momentum);
    for (int n = 1; n <= steps; n++) {
      for (std::size_t i = 0; i < volume; i++) phi[i] += length / steps * momentum[i];
      kick((n < steps ? 1.0 : 0.5) * length / steps, phi, momentum);
    }
    for (const double p : momentum) after += 0.5 * p * p;
    const double proposed = action(phi);
    accept_or_reject(phi, proposed, before - proposed - after);
  }

  /// The code that a host adds for learned proposals: all of it.
  void learned_update(const instanton::Proposal &proposal) {
    Field phi;
    const double log_ratio = proposal.propose(counter_++, phi_, phi), proposed = action(phi);
    accept_or_reject(phi, proposed, action_ - proposed + log_ratio);
  }

  void report(const char *name) const {
    const auto square = instanton::autocorrelation(squares_), slow = instanton::autocorrelation(magnetisations_);
    std::printf("%-18s <phi^2> %.5f +- %.5f, acceptance %2.0f %%, tau_int of M^2 %.2f +- %.2f updates\n", name, square.mean,
                square.error, 100.0 * static_cast<double>(accepted_) / static_cast<double>(squares_.size()), slow.tau, slow.tau_error);
  }

 private:
  void accept_or_reject(const Field &phi, double new_action, double log_weight) {
    if (std::log(uniform_(random_)) < log_weight) {
      phi_ = phi;
      action_ = new_action;
      accepted_++;
    }
    double square = 0.0, sum = 0.0;
    for (const double x : phi_) {
      square += x * x;
      sum += x;
    }
    squares_.push_back(square / volume);
    magnetisations_.push_back(sum * sum / volume);
  }

  Field phi_{};
  double action_ = 0.0;
  std::uint64_t counter_ = 0;
  long accepted_ = 0;
  std::vector<double> squares_, magnetisations_;
  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
  std::uniform_real_distribution<double> uniform_;
};

}  // namespace

int main(int count, char **arguments) try {
  const std::string models = count > 1 ? arguments[1] : "models";
  const long updates = count > 2 ? std::strtol(arguments[2], nullptr, 10) : 200000;
  if (updates < 1000) {
    std::fprintf(stderr, "usage: hmc_phi4 [MODELS [UPDATES]], with at least 1000 UPDATES\n");
    return EXIT_FAILURE;
  }
  const instanton::Context context("{threads: 1, precision: 'f32'}");
  const instanton::Lattice lattice(context, {extent, extent});
  const auto model = instanton::Model::load(lattice, models + "/phi4_6x6.safetensors");
  const instanton::Proposal proposal(model);
  Chain alone(1), with_proposals(2);
  for (long n = 0; n < updates; n++) {
    alone.trajectory();
    if (n % 32 == 0) {
      with_proposals.trajectory();
    } else {
      with_proposals.learned_update(proposal);
    }
  }
  alone.report("HMC alone");
  with_proposals.report("HMC and proposals");
  return EXIT_SUCCESS;
} catch (const std::exception &error) {
  std::fprintf(stderr, "hmc_phi4: %s\n", error.what());
  return EXIT_FAILURE;
}
