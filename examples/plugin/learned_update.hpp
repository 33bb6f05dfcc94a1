// Learned proposals inside a host's own Markov chain, for one real field: all that a host needs to add, without its headers.
//
// A host is anything with four functions, which only it knows how to do:
//   read(f)     calls f(const double *numbers) with the first number of its field
//   write(f)    calls f(double *numbers), and afterwards takes the field as changed
//   action()    S of the field as it is now, with the host's own couplings
//   uniform()   its next random number in [0, 1)
//
// The model knows the field in its own normalisation: host's field = scale * model's field, at the places that `sites` gives.
// A proposal is accepted with probability min(1, exp(S(old) - S(new) + log_ratio)), which is exact for any model; the
// Jacobian of `scale` is the same for all fields and drops out.
//
// Errors of the library are thrown as instanton::Error, and whatever the host's functions throw is passed on. In both cases
// the field is, bit for bit, that of the last decision, and the counter that of the next proposal.
#ifndef LEARNED_UPDATE_HPP
#define LEARNED_UPDATE_HPP

#include <instanton.hpp>

#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace plugin {

/// The host's declaration of its field.
struct Declaration {
  std::vector<std::int64_t> extent;  ///< x first
  std::vector<std::int64_t> sites;   ///< where the number of each site lies, counted from the first; x fastest
  double scale = 1.0;                ///< host's field = scale * model's field
};

class LearnedUpdate {
 public:
  LearnedUpdate(const std::string &model_file, const std::string &context, const Declaration &host)
      : context_(context),
        lattice_(context_, host.extent),
        model_(instanton::Model::load(lattice_, model_file)),
        layout_(lattice_, "{order: 'strides', fields: 'real', strides: {}}", host.sites),
        proposal_(model_),
        scale_(host.scale),
        before_(host.sites.size()),
        after_(host.sites.size()),
        current_(host.sites.size()),
        proposed_(host.sites.size()) {
    if (!std::isnormal(scale_)) throw std::invalid_argument("scale: expected a number that can be divided by, got " + std::to_string(scale_));
  }

  /// Makes `proposals` learned updates, one after the other; returns how many were accepted.
  template <typename Host>
  long run(Host &host, long proposals) {
    if (proposals < 1) return 0;
    host.read([&](const double *numbers) { take(numbers); });
    double value = finite(host.action());
    long accepted = 0;
    for (long n = 0; n < proposals; n++) accepted += propose(host, value) ? 1 : 0;
    return accepted;
  }

  /// The counter, which the host's checkpoint needs beside field and random numbers. A new proposal is made, so that
  /// the run that goes on has no remembered log q that a run from the checkpoint lacks: both are the same, bit for bit.
  std::uint64_t save() {
    restore(counter_);
    return counter_;
  }
  void restore(std::uint64_t counter) {
    proposal_ = instanton::Proposal(model_);
    counter_ = counter;
  }
  std::uint64_t counter() const noexcept { return counter_; }
  const instanton::Layout &layout() const noexcept { return layout_; }

 private:
  /// One proposal from current_, whose numbers in the host are before_ and whose action is `value`.
  template <typename Host>
  bool propose(Host &host, double &value) {
    const double log_ratio = proposal_.propose(counter_, current_, proposed_);
    for (std::size_t i = 0; i < after_.size(); i++) after_[i] = scale_ * proposed_[i];
    try {
      put(host, after_);
      const double new_value = host.action();
      // An action that is not a number compares as false: rejected.
      const bool accepted = std::log(host.uniform()) < value - new_value + log_ratio;
      counter_++;
      if (accepted) {
        value = new_value;
        current_.swap(proposed_);
        before_.swap(after_);
      } else {
        put(host, before_);
      }
      return accepted;
    } catch (...) {
      put(host, before_);
      throw;
    }
  }

  void take(const double *numbers) {
    const void *const base[] = {numbers};
    layout_.import_fields(base, before_);
    for (std::size_t i = 0; i < before_.size(); i++) current_[i] = before_[i] / scale_;
  }
  template <typename Host>
  void put(Host &host, const std::vector<double> &field) {
    host.write([&](double *numbers) {
      void *const base[] = {numbers};
      layout_.export_fields(field, base);
    });
  }
  static double finite(double value) {
    if (!std::isfinite(value)) throw std::domain_error("action of the host's field: expected a finite number, got " + std::to_string(value));
    return value;
  }

  instanton::Context context_;
  instanton::Lattice lattice_;
  instanton::Model model_;
  instanton::Layout layout_;
  instanton::Proposal proposal_;
  double scale_;
  std::uint64_t counter_ = 0;
  // Fields of the host, current and proposed, and the same in the model's normalisation; x fastest.
  std::vector<double> before_, after_, current_, proposed_;
};

}  // namespace plugin

#endif
