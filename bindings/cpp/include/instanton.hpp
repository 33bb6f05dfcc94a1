// Exact learned proposals for lattice field theory: the library instanton for C++17.
//
// Objects own what the library made and free it; they move and are not copied. Calls that fail throw instanton::Error, with
// the library's status and message. Arrays are spans: pointer and size, or anything with data() and size(); they are passed
// without a copy, and their sizes are checked. Specs, units and errors are those of instanton.h.
#ifndef INSTANTON_HPP
#define INSTANTON_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "instanton.h"

namespace instanton {

/// What went wrong: a status of instanton.h, and the library's message.
class Error : public std::runtime_error {
 public:
  Error(inst_status status, const std::string &message) : std::runtime_error(message), status_(status) {}
  inst_status status() const noexcept { return status_; }

 private:
  inst_status status_;
};

/// A span: pointer and size of an array that another object owns.
template <typename T>
class span {
 public:
  span(T *data, std::size_t size) noexcept : data_(data), size_(size) {}
  template <std::size_t N>
  span(T (&array)[N]) noexcept : data_(array), size_(N) {}
  template <typename Container, typename = std::enable_if_t<std::is_convertible_v<
                                    std::remove_pointer_t<decltype(std::declval<Container &>().data())> (*)[], T (*)[]>>>
  span(Container &&container) noexcept : data_(container.data()), size_(container.size()) {}

  T *data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }

 private:
  T *data_;
  std::size_t size_;
};

namespace detail {

/// The exception thrown by the watch function of this thread.
inline std::exception_ptr &thrown_by_watch() {
  thread_local std::exception_ptr thrown;
  return thrown;
}

inline void check(inst_status status) {
  if (status == INST_STOPPED && thrown_by_watch()) std::rethrow_exception(std::exchange(thrown_by_watch(), nullptr));
  if (status != INST_OK) throw Error(status, inst_last_error());
}

inline std::int64_t expect_size(const char *what, std::size_t got, std::int64_t expected) {
  if (expected < 0 || got != static_cast<std::uint64_t>(expected)) {
    throw Error(INST_BAD_SHAPE, std::string(what) + ": expected " + std::to_string(expected) + " numbers, got " + std::to_string(got));
  }
  return expected;
}

/// An object of the library, freed by `end`.
template <typename T, void (*end)(T *)>
class Object {
 public:
  /// The object of the C interface, for direct calls of it.
  T *get() const noexcept { return object_.get(); }

 protected:
  Object() = default;
  /// Makes the object by a call that writes its address.
  template <typename Make>
  void make(Make make) {
    T *object = nullptr;
    check(make(&object));
    object_.reset(object);
  }

 private:
  struct End {
    void operator()(T *object) const noexcept { end(object); }
  };
  std::unique_ptr<T, End> object_;
};

/// A text that a call of the library writes, after a first call for its size.
template <typename Write>
std::string text(Write write) {
  std::int64_t needed = 0;
  check(write(nullptr, 0, &needed));
  std::string text(static_cast<std::size_t>(needed), '\0');
  check(write(&text[0], needed, &needed));
  text.resize(text.size() - 1);
  return text;
}

/// Calls the library with functions of the host that may throw: their exception is thrown again after the call.
template <typename Call>
void pass_on(std::exception_ptr &thrown, Call call) {
  thrown = nullptr;
  const inst_status status = call();
  if (thrown) std::rethrow_exception(std::exchange(thrown, nullptr));
  check(status);
}

}  // namespace detail

/// Version of the library that is loaded, "1.2.3".
inline std::string version() { return inst_version(); }
/// The devices as a JSON list.
inline std::string devices() { return detail::text(inst_devices); }

/// For as long as it lives, long calls of this thread report their progress to its function: name of the work, steps
/// done of `total` (0: not known), and a figure such as the relative residual of a solve. A result of false, or an
/// exception, ends the call. A watch made while another one lives replaces it until it ends.
class Watch {
 public:
  using Function = std::function<bool(const std::string &work, std::int64_t done, std::int64_t total, double figure)>;

  explicit Watch(Function function) : function_(std::move(function)), outer_(current()) {
    detail::check(inst_watch(call, this));
    current() = this;
  }
  ~Watch() {
    current() = outer_;
    inst_watch(outer_ != nullptr ? call : nullptr, outer_);
  }
  Watch(const Watch &) = delete;
  Watch &operator=(const Watch &) = delete;

 private:
  static Watch *&current() {
    thread_local Watch *watch = nullptr;
    return watch;
  }
  static std::int32_t call(const char *work, std::int64_t done, std::int64_t total, double figure, void *user) {
    try {
      return static_cast<Watch *>(user)->function_(work, done, total, figure) ? 0 : 1;
    } catch (...) {
      detail::thrown_by_watch() = std::current_exception();
      return 1;
    }
  }

  Function function_;
  Watch *outer_;
};

/// Device, threads, seed.
class Context : public detail::Object<inst_context, inst_context_free> {
 public:
  explicit Context(const std::string &spec = "") {
    make([&](inst_context **out) { return inst_context_new(spec.c_str(), out); });
  }
};

/// A periodic lattice, x first.
class Lattice : public detail::Object<inst_lattice, inst_lattice_free> {
 public:
  Lattice(const Context &context, const std::vector<std::int64_t> &extent) : extent_(extent) {
    make([&](inst_lattice **out) {
      return inst_lattice_new(context.get(), static_cast<std::int32_t>(extent.size()), extent.data(), out);
    });
  }
  const std::vector<std::int64_t> &extent() const noexcept { return extent_; }
  std::int64_t volume() const noexcept {
    std::int64_t volume = 1;
    for (const std::int64_t length : extent_) volume *= length;
    return volume;
  }

 private:
  std::vector<std::int64_t> extent_;
};

/// Fields are drawn with weight exp(-S).
class Action : public detail::Object<inst_action, inst_action_free> {
 public:
  /// S of a field and, where `gradient` is not empty, dS/dphi.
  using Function = std::function<double(span<const double> field, span<double> gradient)>;

  Action(const Lattice &lattice, const std::string &spec) {
    make([&](inst_action **out) { return inst_action_new(lattice.get(), spec.c_str(), out); });
  }
  /// The host's own action. An exception of the function is thrown again by calls of this action and by training; other
  /// objects made from it throw INST_STOPPED. The function lives as long as this action, and has to outlive what is
  /// made from it.
  Action(const Lattice &lattice, Function function) : host_(std::make_unique<Host>(Host{std::move(function), nullptr})) {
    make([&](inst_action **out) { return inst_action_from_callback(lattice.get(), call, host_.get(), out); });
  }

  /// Count of numbers in a field.
  std::int64_t count() const {
    std::int64_t count = 0;
    detail::check(inst_action_count(get(), &count));
    return count;
  }
  /// S of fields[values.size()][count()].
  void value(span<const double> fields, span<double> values) const {
    const auto batch = static_cast<std::int64_t>(values.size());
    detail::expect_size("fields", fields.size(), batch * count());
    run([&] { return inst_action_value(get(), batch, fields.data(), values.data()); });
  }
  double value(span<const double> field) const {
    double value = 0.0;
    this->value(field, span<double>(&value, 1));
    return value;
  }
  /// dS/dphi of fields[batch][count()].
  void gradient(span<const double> fields, span<double> gradients) const {
    const std::int64_t numbers = count(), batch = static_cast<std::int64_t>(fields.size()) / numbers;
    detail::expect_size("fields", fields.size(), batch * numbers);
    detail::expect_size("gradients", gradients.size(), batch * numbers);
    run([&] { return inst_action_gradient(get(), batch, fields.data(), gradients.data()); });
  }
  /// This action with new pseudofermions, drawn for a field.
  Action refreshed(std::uint64_t counter, span<const double> field) const {
    detail::expect_size("field", field.size(), count());
    Action action;
    action.make([&](inst_action **out) { return inst_action_refresh(get(), counter, field.data(), out); });
    return action;
  }

 private:
  friend class Model;
  struct Host {
    Function function;
    std::exception_ptr thrown;
  };

  Action() = default;
  template <typename Call>
  void run(Call call) const {
    if (host_) return detail::pass_on(host_->thrown, call);
    detail::check(call());
  }
  static std::int32_t call(const double *field, std::int64_t count, double *value, double *gradient, void *user) {
    Host &host = *static_cast<Host *>(user);
    const auto size = static_cast<std::size_t>(count);
    try {
      *value = host.function({field, size}, {gradient, gradient != nullptr ? size : 0});
      return 0;
    } catch (...) {
      host.thrown = std::current_exception();
      return 1;
    }
  }

  std::unique_ptr<Host> host_;
};

/// A learned density q.
class Model : public detail::Object<inst_model, inst_model_free> {
 public:
  /// Gets step, steps, loss and effective sample size; false stops the training, and the model is kept.
  using Progress = std::function<bool(std::int64_t step, std::int64_t steps, double loss, double ess)>;

  /// An untrained model.
  Model(const Lattice &lattice, const std::string &spec) : volume_(lattice.volume()) {
    make([&](inst_model **out) { return inst_model_new(lattice.get(), spec.c_str(), out); });
    detail::check(inst_model_count(get(), &count_));
  }
  static Model load(const Lattice &lattice, const std::string &path) {
    Model model(lattice.volume());
    model.make([&](inst_model **out) { return inst_model_load(lattice.get(), path.c_str(), out); });
    detail::check(inst_model_count(model.get(), &model.count_));
    return model;
  }
  /// The model at fixed values of its conditions, "{lambda: 5.5}": a model like any other.
  Model at(const std::string &condition) const {
    Model model(volume_);
    model.count_ = count_;
    model.make([&](inst_model **out) { return inst_model_at(get(), condition.c_str(), out); });
    return model;
  }
  /// The model on a lattice of other extents.
  Model transfer(const Lattice &lattice) const {
    Model model(lattice.volume());
    model.make([&](inst_model **out) { return inst_model_transfer(get(), lattice.get(), out); });
    detail::check(inst_model_count(model.get(), &model.count_));
    return model;
  }
  void save(const std::string &path) const { detail::check(inst_model_save(get(), path.c_str())); }
  /// The model as JSON text: spec, extent, kind of fields and number of parameters.
  std::string describe() const {
    return detail::text([&](char *text, std::int64_t capacity, std::int64_t *needed) {
      return inst_model_describe(get(), text, capacity, needed);
    });
  }
  void train(const Action &action, const std::string &spec = "", const Progress &progress = nullptr) {
    Training training{progress, nullptr};
    action.run([&] {
      const inst_status status = inst_model_train(get(), action.get(), spec.c_str(), progress ? step : nullptr, &training);
      if (training.thrown) std::rethrow_exception(training.thrown);
      return status;
    });
  }
  /// Trains on fields[n][count()] of the density to be learned, by maximum likelihood.
  void train_on(span<const double> fields, const std::string &spec = "", const Progress &progress = nullptr) {
    Training training{progress, nullptr};
    const auto count = static_cast<std::int64_t>(fields.size()) / count_;
    detail::expect_size("fields", fields.size(), count * count_);
    const inst_status status =
        inst_model_train_on(get(), count, fields.data(), spec.c_str(), progress ? step : nullptr, &training);
    if (training.thrown) std::rethrow_exception(training.thrown);
    detail::check(status);
  }
  /// Draws fields[log_q.size()][count()] and log q of each.
  void sample(std::uint64_t counter, span<double> fields, span<double> log_q) const {
    const auto batch = static_cast<std::int64_t>(log_q.size());
    detail::expect_size("fields", fields.size(), batch * count_);
    detail::check(inst_model_sample(get(), counter, batch, fields.data(), log_q.data()));
  }
  /// Draws fields[log_path.size()][count()] by the stochastic paths of a model of type 'diffusion', and the log ratio of each path.
  void sample_paths(const std::string &spec, std::uint64_t counter, span<double> fields, span<double> log_path) const {
    const auto batch = static_cast<std::int64_t>(log_path.size());
    detail::expect_size("fields", fields.size(), batch * count_);
    detail::check(inst_model_sample_paths(get(), spec.c_str(), counter, batch, fields.data(), log_path.data()));
  }
  void log_density(span<const double> fields, span<double> log_q) const {
    const auto batch = static_cast<std::int64_t>(log_q.size());
    detail::expect_size("fields", fields.size(), batch * count_);
    detail::check(inst_model_log_density(get(), batch, fields.data(), log_q.data()));
  }
  /// Count of numbers in a field: V for scalars.
  std::int64_t count() const noexcept { return count_; }
  /// Number of sites, V.
  std::int64_t volume() const noexcept { return volume_; }

 private:
  struct Training {
    const Progress &progress;
    std::exception_ptr thrown;
  };

  explicit Model(std::int64_t volume) : volume_(volume) {}
  static std::int32_t step(std::int64_t step, std::int64_t steps, double loss, double ess, void *user) {
    Training &training = *static_cast<Training *>(user);
    try {
      return training.progress(step, steps, loss, ess) ? 0 : 1;
    } catch (...) {
      training.thrown = std::current_exception();
      return 1;
    }
  }

  std::int64_t count_ = 0;
  std::int64_t volume_;
};

/// The plug-in for a host's own Markov chain.
class Proposal : public detail::Object<inst_proposal, inst_proposal_free> {
 public:
  explicit Proposal(const Model &model, const std::string &spec = "") : Proposal(model, nullptr, spec) {}
  Proposal(const Model &model, const Action &action, const std::string &spec = "") : Proposal(model, action.get(), spec) {}
  /// Along the force of an action: spec "{type: 'langevin', step: 0.01}".
  Proposal(const Action &action, const std::string &spec) {
    detail::check(inst_action_count(action.get(), &count_));
    make([&](inst_proposal **out) { return inst_proposal_new(nullptr, action.get(), spec.c_str(), out); });
  }

  /// Writes proposed[count]; accept with probability min(1, exp(S(current) - S(proposed) + log_ratio)), log_ratio the result.
  double propose(std::uint64_t counter, span<const double> current, span<double> proposed) const {
    double log_ratio = 0.0;
    detail::expect_size("current", current.size(), count_);
    detail::expect_size("proposed", proposed.size(), count_);
    detail::check(inst_propose(get(), counter, current.data(), proposed.data(), &log_ratio));
    return log_ratio;
  }

 private:
  Proposal(const Model &model, const inst_action *action, const std::string &spec) : count_(model.count()) {
    make([&](inst_proposal **out) { return inst_proposal_new(model.get(), action, spec.c_str(), out); });
  }

  std::int64_t count_ = 0;
};

/// A whole exact Markov chain.
class Chain : public detail::Object<inst_chain, inst_chain_free> {
 public:
  struct Step {
    bool accepted;
    double value;  ///< S of the current field
    double delta;  ///< delta H, or the log weight of the proposed field
  };

  explicit Chain(const Action &action, const std::string &spec = "") : Chain(action, nullptr, spec) {}
  Chain(const Action &action, const Model &model, const std::string &spec) : Chain(action, model.get(), spec) {}

  Step step() {
    std::int32_t accepted = 0;
    Step step{};
    detail::check(inst_chain_step(get(), &accepted, &step.value, &step.delta));
    step.accepted = accepted != 0;
    return step;
  }
  /// Runs the trajectory of the next step forward and back: largest distance of field and of H from the start.
  struct Reversal {
    double distance, energy;
  };
  Reversal reversibility() const {
    Reversal reversal{};
    detail::check(inst_chain_reversibility(get(), &reversal.distance, &reversal.energy));
    return reversal;
  }
  /// The chain as JSON text: spec, counter, seed, and what its kernel has counted.
  std::string describe() const {
    return detail::text([&](char *text, std::int64_t capacity, std::int64_t *needed) {
      return inst_chain_describe(get(), text, capacity, needed);
    });
  }
  void field(span<double> field) const {
    detail::expect_size("field", field.size(), count_);
    detail::check(inst_chain_field(get(), field.data()));
  }
  void set_field(span<const double> field) {
    detail::expect_size("field", field.size(), count_);
    detail::check(inst_chain_set_field(get(), field.data()));
  }
  void save(const std::string &path) const { detail::check(inst_chain_save(get(), path.c_str())); }
  void load(const std::string &path) { detail::check(inst_chain_load(get(), path.c_str())); }

 private:
  Chain(const Action &action, const inst_model *model, const std::string &spec) : count_(action.count()) {
    make([&](inst_chain **out) { return inst_chain_new(action.get(), model, spec.c_str(), out); });
  }

  std::int64_t count_;
};

/// The layout of a field in a host's memory.
class Layout : public detail::Object<inst_layout, inst_layout_free> {
 public:
  struct Place {
    std::int32_t base;
    std::int64_t offset;  ///< in bytes
  };

  Layout(const Lattice &lattice, const std::string &spec) : dimensions_(lattice.extent().size()) {
    make([&](inst_layout **out) { return inst_layout_new(lattice.get(), spec.c_str(), out); });
  }
  /// A layout of strides, with a table of the first number of each site.
  Layout(const Lattice &lattice, const std::string &spec, span<const std::int64_t> sites)
      : dimensions_(lattice.extent().size()) {
    detail::expect_size("sites", sites.size(), lattice.volume());
    make([&](inst_layout **out) { return inst_layout_new_with_sites(lattice.get(), spec.c_str(), sites.data(), out); });
  }
  std::int32_t bases() const { return size().first; }
  /// Bytes that the field takes from each base pointer on.
  std::int64_t bytes() const { return size().second; }
  Place offset(span<const std::int64_t> x, std::int32_t mu, std::int32_t row, std::int32_t column, std::int32_t imaginary) const {
    Place place{};
    detail::expect_size("x", x.size(), static_cast<std::int64_t>(dimensions_));
    detail::check(inst_layout_offset(get(), x.data(), mu, row, column, imaginary, &place.base, &place.offset));
    return place;
  }
  /// Count of numbers in the field: 2 N^2 for each link, one for each site of a real field.
  std::int64_t count() const {
    std::int64_t count = 0;
    detail::check(inst_layout_count(get(), &count));
    return count;
  }
  /// fields[count()] as links[V][d][N][N][2] or as field[V].
  void import_fields(span<const void *const> base, span<double> fields) const {
    detail::expect_size("base", base.size(), bases());
    detail::expect_size("fields", fields.size(), count());
    detail::check(inst_layout_import(get(), base.data(), fields.data()));
  }
  void export_fields(span<const double> fields, span<void *const> base) const {
    detail::expect_size("base", base.size(), bases());
    detail::expect_size("fields", fields.size(), count());
    detail::check(inst_layout_export(get(), fields.data(), base.data()));
  }

 private:
  std::pair<std::int32_t, std::int64_t> size() const {
    std::int32_t bases = 0;
    std::int64_t bytes = 0;
    detail::check(inst_layout_size(get(), &bases, &bytes));
    return {bases, bytes};
  }

  std::size_t dimensions_;
};

/// Replicas of a host's own, which differ by the strength of a defect: who is on which rung, weights, decisions on swaps.
class Ladder : public detail::Object<inst_ladder, inst_ladder_free> {
 public:
  /// Where a replica is: its rung, the strength there, that of its partner in the next swap, the first site of its defect.
  struct Standing {
    std::int64_t rung;
    double strength, partner;
    std::vector<std::int64_t> at;
  };

  Ladder(const Lattice &lattice, const std::string &spec)
      : dimensions_(lattice.extent().size()), volume_(lattice.volume()) {
    make([&](inst_ladder **out) { return inst_ladder_new(lattice.get(), spec.c_str(), out); });
  }
  std::int64_t replicas() const { return state().first; }
  /// Number of swaps made.
  std::uint64_t counter() const { return state().second; }
  Standing replica(std::int64_t number) const {
    Standing standing{};
    standing.at.resize(dimensions_);
    detail::check(inst_ladder_replica(get(), number, &standing.rung, &standing.strength, &standing.partner, standing.at.data()));
    return standing;
  }
  /// The factor of the link of direction mu at each site.
  void link_factors(std::int64_t number, double strength, std::int32_t mu, span<double> factors) const {
    detail::expect_size("factors", factors.size(), volume_);
    void *const base[1] = {factors.data()};
    detail::check(inst_ladder_link_factors(get(), number, strength, mu, nullptr, base));
  }
  void link_factors(std::int64_t number, double strength, std::int32_t mu, const Layout &layout, span<void *const> base) const {
    detail::expect_size("base", base.size(), layout.bases());
    detail::check(inst_ladder_link_factors(get(), number, strength, mu, layout.get(), base.data()));
  }
  /// The weight of the plaquette of the plane mu, nu that begins at each site.
  void plaquette_weights(std::int64_t number, double strength, std::int32_t mu, std::int32_t nu, span<double> weights) const {
    detail::expect_size("weights", weights.size(), volume_);
    void *const base[1] = {weights.data()};
    detail::check(inst_ladder_plaquette_weights(get(), number, strength, mu, nu, nullptr, base));
  }
  void plaquette_weights(std::int64_t number, double strength, std::int32_t mu, std::int32_t nu, const Layout &layout,
                         span<void *const> base) const {
    detail::expect_size("base", base.size(), layout.bases());
    detail::check(inst_ladder_plaquette_weights(get(), number, strength, mu, nu, layout.get(), base.data()));
  }
  /// What S of a replica's links in the host's memory changes by at the strength of its partner.
  double difference(std::int64_t number, const Layout &layout, span<const void *const> base) const {
    double difference = 0.0;
    detail::expect_size("base", base.size(), layout.bases());
    detail::check(inst_ladder_difference(get(), number, layout.get(), base.data(), &difference));
    return difference;
  }
  /// Decides on swaps from the differences of all replicas, or of those that this rank has.
  void swap(span<const double> differences) {
    detail::check(inst_ladder_swap(get(), static_cast<std::int64_t>(differences.size()), nullptr, differences.data()));
  }
  void swap(span<const std::int64_t> replicas, span<const double> differences) {
    const std::int64_t count = detail::expect_size("replicas", replicas.size(), static_cast<std::int64_t>(differences.size()));
    detail::check(inst_ladder_swap(get(), count, replicas.data(), differences.data()));
  }
  /// Decides together with other ranks from now on.
  void connect(const inst_communicator &communicator) { detail::check(inst_ladder_connect(get(), &communicator)); }
  /// The ladder as JSON text: spec, counter, strengths, acceptances, round trips.
  std::string describe() const {
    return detail::text([&](char *text, std::int64_t capacity, std::int64_t *needed) {
      return inst_ladder_describe(get(), text, capacity, needed);
    });
  }
  void save(const std::string &path) const { detail::check(inst_ladder_save(get(), path.c_str())); }
  void load(const std::string &path) { detail::check(inst_ladder_load(get(), path.c_str())); }

 private:
  std::pair<std::int64_t, std::uint64_t> state() const {
    std::int64_t replicas = 0;
    std::uint64_t counter = 0;
    detail::check(inst_ladder_state(get(), &replicas, &counter));
    return {replicas, counter};
  }

  std::size_t dimensions_;
  std::int64_t volume_;
};

/// One link U_mu(x) for each site and direction: links[V][d][N][N][2].
class Gauge : public detail::Object<inst_gauge, inst_gauge_free> {
 public:
  explicit Gauge(const Lattice &lattice, const std::string &spec = "") {
    make([&](inst_gauge **out) { return inst_gauge_new(lattice.get(), spec.c_str(), out); });
  }
  /// Count of numbers in all links.
  std::int64_t count() const {
    std::int64_t count = 0;
    detail::check(inst_gauge_count(get(), &count));
    return count;
  }
  void links(span<double> links) const {
    detail::expect_size("links", links.size(), count());
    detail::check(inst_gauge_links(get(), links.data()));
  }
  void set_links(span<const double> links) {
    detail::expect_size("links", links.size(), count());
    detail::check(inst_gauge_set_links(get(), links.data()));
  }
  /// Links that need not be in the group, or are put onto it: "{verify: false}", "{project: true}".
  void set_links(span<const double> links, const std::string &spec) {
    detail::expect_size("links", links.size(), count());
    detail::check(inst_gauge_set_links_with(get(), links.data(), spec.c_str()));
  }
  void read(const std::string &path, const std::string &spec = "") {
    detail::check(inst_gauge_read(get(), path.c_str(), spec.c_str()));
  }
  void write(const std::string &path, const std::string &spec = "") const {
    detail::check(inst_gauge_write(get(), path.c_str(), spec.c_str()));
  }
  std::vector<double> observe(const std::string &spec) const {
    std::int64_t count = 0;
    detail::check(inst_gauge_observe(get(), spec.c_str(), 0, nullptr, &count));
    std::vector<double> values(static_cast<std::size_t>(count));
    detail::check(inst_gauge_observe(get(), spec.c_str(), count, values.data(), &count));
    return values;
  }
  void smear(const std::string &spec) { detail::check(inst_gauge_smear(get(), spec.c_str())); }
  void import_links(const Layout &layout, span<const void *const> base) {
    detail::expect_size("base", base.size(), layout.bases());
    detail::check(inst_gauge_import(get(), layout.get(), base.data()));
  }
  void export_links(const Layout &layout, span<void *const> base) const {
    detail::expect_size("base", base.size(), layout.bases());
    detail::check(inst_gauge_export(get(), layout.get(), base.data()));
  }
};

/// The contents of a gauge file's header, as a JSON list: format, extents, group, precision.
inline std::string probe(const std::string &path) {
  return detail::text([&](char *text, std::int64_t capacity, std::int64_t *needed) {
    return inst_gauge_probe(path.c_str(), text, capacity, needed);
  });
}

/// A Dirac operator on a gauge field.
class Dirac : public detail::Object<inst_dirac, inst_dirac_free> {
 public:
  Dirac(const Gauge &gauge, const std::string &spec) {
    make([&](inst_dirac **out) { return inst_dirac_new(gauge.get(), spec.c_str(), out); });
  }
  static Dirac improved(const Gauge &fat, const Gauge &longer, double mass) {
    Dirac dirac;
    dirac.make([&](inst_dirac **out) { return inst_dirac_new_improved(fat.get(), longer.get(), mass, out); });
    return dirac;
  }
  /// Count of numbers in a spinor field.
  std::int64_t count() const {
    std::int64_t count = 0;
    detail::check(inst_dirac_count(get(), &count));
    return count;
  }
  /// Applies D ('plain'), its adjoint ('adjoint') or D^dagger D ('normal') to as many spinor fields as `in` has.
  void apply(const std::string &which, span<const double> in, span<double> out) const {
    const std::int64_t fields = fields_in("in", in.size(), out.size());
    detail::check(inst_dirac_apply(get(), which.c_str(), fields, in.data(), out.data()));
  }
  inst_solve_report solve(span<const double> source, span<double> solution, const std::string &spec = "") const {
    const std::int64_t fields = fields_in("source", source.size(), solution.size());
    inst_solve_report report{};
    report.struct_size = sizeof report;
    detail::check(inst_dirac_solve(get(), spec.c_str(), fields, source.data(), solution.data(), &report));
    return report;
  }
  /// `count` values at an end of a spectrum, with their residuals; eigenvalues of D are two numbers each. `vectors` takes
  /// count spinor fields, or is empty.
  void spectrum(const std::string &spec, std::int64_t count, span<double> values, span<double> residuals,
                span<double> vectors = {nullptr, 0}) const {
    const bool is_complex = spec.find("'hermitian'") == std::string::npos && spec.find("'normal'") == std::string::npos &&
                            spec.find("'singular'") == std::string::npos;
    detail::expect_size("values", values.size(), is_complex ? 2 * count : count);
    detail::expect_size("residuals", residuals.size(), count);
    if (vectors.size() > 0) detail::expect_size("vectors", vectors.size(), count * this->count());
    detail::check(inst_dirac_spectrum_with_residuals(get(), spec.c_str(), count, values.data(), vectors.data(), residuals.data()));
  }

 private:
  Dirac() = default;
  std::int64_t fields_in(const char *what, std::size_t in, std::size_t out) const {
    const std::int64_t numbers = count(), fields = static_cast<std::int64_t>(in) / numbers;
    detail::expect_size(what, in, fields * numbers);
    detail::expect_size("result", out, fields * numbers);
    return fields;
  }
};

/// Gamma method: of a series, the mean, its error, tau_int (1/2 for independent numbers) and its error.
struct Autocorrelation {
  double mean, error, tau, tau_error;
};
inline Autocorrelation autocorrelation(span<const double> series) {
  Autocorrelation a{};
  detail::check(inst_autocorrelation(static_cast<std::int64_t>(series.size()), series.data(), &a.mean, &a.error, &a.tau, &a.tau_error));
  return a;
}

/// Gamma method for replicas, which lie in `series` one after the other, `counts` numbers each. `quality` is the
/// probability that replicas of one distribution scatter as much as these or more.
struct ReplicaAutocorrelation : Autocorrelation {
  double quality;
};
inline ReplicaAutocorrelation autocorrelation_replicas(span<const std::int64_t> counts, span<const double> series) {
  std::int64_t total = 0;
  for (std::size_t r = 0; r < counts.size(); r++) total += counts.data()[r];
  detail::expect_size("series", series.size(), total);
  ReplicaAutocorrelation a{};
  detail::check(inst_autocorrelation_replicas(static_cast<std::int64_t>(counts.size()), counts.data(), series.data(), &a.mean,
                                              &a.error, &a.tau, &a.tau_error, &a.quality));
  return a;
}

/// From log weights -S - log q of independent samples: effective sample size, log Z, their errors.
struct Reweighting {
  double ess, ess_error, log_z, log_z_error;
};
inline Reweighting reweighting(span<const double> log_weights) {
  Reweighting r{};
  detail::check(inst_reweighting(static_cast<std::int64_t>(log_weights.size()), log_weights.data(), &r.ess, &r.ess_error,
                                 &r.log_z, &r.log_z_error));
  return r;
}
/// Shape of the tail of the weights: above 0.7 they are heavy-tailed.
inline double reweighting_tail(span<const double> log_weights) {
  double shape = 0.0;
  detail::check(inst_reweighting_tail(static_cast<std::int64_t>(log_weights.size()), log_weights.data(), &shape));
  return shape;
}
/// log Z and Kullback-Leibler divergences from log weights of the model's samples and of a chain's fields: above a
/// `disagreement` of 5 the model misses fields that the chain comes to.
inline inst_two_sided_report reweighting_two_sided(span<const double> log_weights, span<const double> chain_log_weights) {
  inst_two_sided_report report{};
  report.struct_size = sizeof report;
  detail::check(inst_reweighting_two_sided(static_cast<std::int64_t>(log_weights.size()), log_weights.data(),
                                           static_cast<std::int64_t>(chain_log_weights.size()), chain_log_weights.data(), &report));
  return report;
}

/// Kullback-Leibler divergence of a model for each of `sites` sites, where log Z is known, and its error.
struct Divergence {
  double kl, kl_error;
};
inline Divergence kl_per_site(span<const double> log_weights, double log_z, std::int64_t sites) {
  Divergence d{};
  detail::check(inst_kl_per_site(static_cast<std::int64_t>(log_weights.size()), log_weights.data(), log_z, sites, &d.kl, &d.kl_error));
  return d;
}

/// Average of an observable from weighted samples, and its error; with log weights and values of the coarse sites of the same samples,
/// the difference to an average of the coarser theory, whose error is small.
struct Mean {
  double mean, error;
};
inline Mean reweighting_mean(span<const double> log_weights, span<const double> observable) {
  detail::expect_size("observable", observable.size(), static_cast<std::int64_t>(log_weights.size()));
  Mean m{};
  detail::check(inst_reweighting_mean(static_cast<std::int64_t>(log_weights.size()), log_weights.data(), observable.data(), nullptr,
                                      nullptr, &m.mean, &m.error));
  return m;
}
inline Mean reweighting_mean(span<const double> log_weights, span<const double> observable, span<const double> coarse_log_weights,
                             span<const double> coarse_observable) {
  const auto count = static_cast<std::int64_t>(log_weights.size());
  detail::expect_size("observable", observable.size(), count);
  detail::expect_size("coarse_log_weights", coarse_log_weights.size(), count);
  detail::expect_size("coarse_observable", coarse_observable.size(), count);
  Mean m{};
  detail::check(inst_reweighting_mean(count, log_weights.data(), observable.data(), coarse_log_weights.data(), coarse_observable.data(),
                                      &m.mean, &m.error));
  return m;
}

/// Effective sample sizes of the first n samples for each n of `counts`, and their errors.
struct Nested {
  std::vector<double> ess, ess_error;
};
inline Nested reweighting_nested(span<const double> log_weights, span<const std::int64_t> counts) {
  Nested n{std::vector<double>(counts.size()), std::vector<double>(counts.size())};
  detail::check(inst_reweighting_nested(static_cast<std::int64_t>(log_weights.size()), log_weights.data(),
                                        static_cast<std::int64_t>(counts.size()), counts.data(), n.ess.data(), n.ess_error.data()));
  return n;
}

/// Effective sample size of a model and <log p - log q> from log weights on the fields of a chain, with the log Z of
/// these fields or an exact one: where the model misses fields that the chain comes to, `ess` is near 0.
struct Forward {
  double ess, ess_error, kl, kl_error;
};
namespace detail {
inline Forward reweighting_forward(span<const double> chain_log_weights, const double *log_z) {
  Forward f{};
  check(inst_reweighting_forward(static_cast<std::int64_t>(chain_log_weights.size()), chain_log_weights.data(), log_z, &f.ess,
                                 &f.ess_error, &f.kl, &f.kl_error));
  return f;
}
}  // namespace detail
inline Forward reweighting_forward(span<const double> chain_log_weights) {
  return detail::reweighting_forward(chain_log_weights, nullptr);
}
inline Forward reweighting_forward(span<const double> chain_log_weights, double log_z) {
  return detail::reweighting_forward(chain_log_weights, &log_z);
}

/// Share of fields with a label above 0, its error, and the probability of one at least as far from the expected share.
struct ModeBalance {
  double share, share_error, probability;
};
inline ModeBalance mode_balance(span<const double> labels, double expected_share = 0.5) {
  ModeBalance b{};
  detail::check(inst_mode_balance(static_cast<std::int64_t>(labels.size()), labels.data(), expected_share, &b.share, &b.share_error,
                                  &b.probability));
  return b;
}
/// The same for independent fields, such as samples of a model.
inline ModeBalance mode_balance_independent(span<const double> labels, double expected_share = 0.5) {
  ModeBalance b{};
  detail::check(inst_mode_balance_independent(static_cast<std::int64_t>(labels.size()), labels.data(), expected_share, &b.share,
                                              &b.share_error, &b.probability));
  return b;
}

}  // namespace instanton

#endif
