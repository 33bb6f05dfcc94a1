// The glue of learned_update.hpp against the stand-in: layout, decision, reject path, errors, restart, exact numbers.
//
//   test_plugin MODELS      folder with phi4_6x6.safetensors and phi4_8x8.safetensors
#include "learned_update.hpp"
#include "standin.hpp"

#include "expect.h"

#include <array>
#include <cstring>
#include <functional>
#include <limits>

namespace {

using Numbers = std::vector<double>;
using plugin::LearnedUpdate;
using standin::Coordinate;

const double root = std::sqrt(2.0);
const char *const context = "{threads: 1, precision: 'f32', seed: 5}";
const standin::Couplings couplings{-4.0, 6.0 * 6.975};
const Coordinate square_of_lanes{2, 2, 1, 1};

bool same_bits(const Numbers &a, const Numbers &b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), sizeof(double) * a.size()) == 0;
}

/// Runs a call that has to throw an E; returns its message.
template <typename E>
std::string thrown(const std::function<void()> &run) {
  try {
    run();
  } catch (const E &error) {
    return error.what();
  }
  return "";
}

void expect_error(inst_status status, const std::function<void()> &run) {
  inst_status got = INST_OK;
  try {
    run();
  } catch (const instanton::Error &error) {
    got = error.status();
    EXPECT(error.what()[0] != '\0');
  }
  EXPECT(got == status);
}

plugin::Declaration declaration(int extent, const Coordinate &lanes) {
  return {{extent, extent}, standin::places({extent, extent, 1, 1}, lanes), root};
}

/// A host with prescribed actions and random numbers; it records the fields whose action was computed.
struct ScriptedHost {
  Numbers numbers;
  std::vector<double> actions, uniforms;
  std::vector<Numbers> seen;
  std::size_t random = 0;

  template <typename Reader>
  void read(Reader reader) const { reader(numbers.data()); }
  template <typename Writer>
  void write(Writer writer) { writer(numbers.data()); }
  double action() {
    seen.push_back(numbers);
    if (seen.size() > actions.size()) throw std::runtime_error("no action");
    return actions[seen.size() - 1];
  }
  double uniform() { return uniforms.at(random++); }
};

Numbers noise(std::size_t count, std::uint64_t seed) {
  Numbers numbers(count);
  for (double &x : numbers) x = 0.5 * normal(&seed);
  return numbers;
}

/// Walks through memory: lane and outer site of each number, and the coordinates that they stand for.
void places_are_those_of_grid() {
  const std::vector<std::pair<Coordinate, Coordinate>> cases{
      {{6, 6, 1, 1}, {1, 1, 1, 1}}, {{6, 6, 1, 1}, {2, 1, 1, 1}}, {{6, 6, 1, 1}, {2, 2, 1, 1}},  {{8, 8, 1, 1}, {8, 1, 1, 1}},
      {{8, 8, 1, 1}, {2, 4, 1, 1}}, {{8, 4, 1, 1}, {1, 4, 1, 1}}, {{10, 10, 1, 1}, {2, 2, 1, 1}}, {{4, 8, 2, 16}, {1, 2, 1, 4}}};
  for (const auto &[extent, lanes] : cases) {
    const auto places = standin::places(extent, lanes);
    const int all = lanes[0] * lanes[1] * lanes[2] * lanes[3];
    for (std::size_t number = 0; number < places.size(); number++) {
      int lane = static_cast<int>(number) % all, outer = static_cast<int>(number) / all, site = 0, stride = 1;
      for (std::size_t d = 0; d < 4; d++) {
        const int reduced = extent[d] / lanes[d];
        site += stride * (outer % reduced + reduced * (lane % lanes[d]));
        stride *= extent[d];
        outer /= reduced;
        lane /= lanes[d];
      }
      EXPECT(places[static_cast<std::size_t>(site)] == static_cast<std::int64_t>(number));
    }
  }
  // Grid's own table for 6 x 6 sites in 2 x 2 lanes, as grid_layout.cpp prints it.
  const std::vector<std::int64_t> grid{
      0, 4, 8, 1, 5, 9, 12, 16, 20, 13, 17, 21, 24, 28, 32, 25, 29, 33,
      2, 6, 10, 3, 7, 11, 14, 18, 22, 15, 19, 23, 26, 30, 34, 27, 31, 35};
  EXPECT(standin::places({6, 6, 1, 1}, square_of_lanes) == grid);
  EXPECT(!thrown<std::invalid_argument>([] { standin::places({6, 6, 1, 1}, {4, 1, 1, 1}); }).empty());
}

void layout_is_exact(const std::string &model) {
  for (const Coordinate &lanes : {Coordinate{1, 1, 1, 1}, Coordinate{2, 1, 1, 1}, Coordinate{2, 2, 1, 1}, Coordinate{6, 1, 1, 1}}) {
    const auto host = declaration(6, lanes);
    const LearnedUpdate update(model, context, host);
    Numbers numbers = noise(36, 3), field(36), back(36, -7.0);
    numbers[3] = -0.0;
    numbers[4] = std::numeric_limits<double>::denorm_min();
    const void *const from[] = {numbers.data()};
    update.layout().import_fields(from, field);
    for (std::int64_t site = 0; site < 36; site++) {
      const std::int64_t x[] = {site % 6, site / 6}, place = host.sites[static_cast<std::size_t>(site)];
      EXPECT(update.layout().offset(x, 0, 0, 0, 0).offset == 8 * place);
      EXPECT(std::memcmp(&field[static_cast<std::size_t>(site)], &numbers[static_cast<std::size_t>(place)], sizeof(double)) == 0);
    }
    void *const to[] = {back.data()};
    update.layout().export_fields(field, to);
    EXPECT(same_bits(back, numbers));
    EXPECT(update.layout().bytes() == 36 * 8);
  }
}

/// The library's own proposal from a host's field, and its log ratio.
struct Expected {
  Numbers field;
  double log_ratio;
};

Expected propose(const std::string &model_file, const plugin::Declaration &host, const Numbers &numbers, std::uint64_t counter) {
  const instanton::Context own(context);
  const instanton::Lattice lattice(own, host.extent);
  const instanton::Proposal proposal(instanton::Model::load(lattice, model_file));
  Numbers current(numbers.size()), proposed(numbers.size()), field(numbers.size());
  for (std::size_t i = 0; i < current.size(); i++) current[i] = numbers[static_cast<std::size_t>(host.sites[i])] / host.scale;
  const double log_ratio = proposal.propose(counter, current, proposed);
  for (std::size_t i = 0; i < current.size(); i++) field[static_cast<std::size_t>(host.sites[i])] = host.scale * proposed[i];
  return {field, log_ratio};
}

void decision_is_of_the_host(const std::string &model) {
  const auto host = declaration(6, square_of_lanes);
  const Numbers start = noise(36, 11);
  const Expected expected = propose(model, host, start, 0);
  EXPECT(!same_bits(expected.field, start));
  const double threshold = 3.0 + expected.log_ratio - std::log(0.25);
  for (const bool accept : {true, false}) {
    LearnedUpdate update(model, context, host);
    ScriptedHost scripted{start, {3.0, threshold + (accept ? -1e-9 : 1e-9)}, {0.25}, {}};
    EXPECT(update.run(scripted, 1) == (accept ? 1 : 0));
    EXPECT(scripted.seen.size() == 2 && scripted.random == 1 && update.counter() == 1);
    EXPECT(same_bits(scripted.seen[0], start));
    EXPECT(same_bits(scripted.seen[1], expected.field));
    EXPECT(same_bits(scripted.numbers, accept ? expected.field : start));
  }
  // Several proposals: from the last accepted field on, whose action is not computed again.
  LearnedUpdate update(model, context, host);
  ScriptedHost scripted{start, {0.0, -1e9, 1e9, 0.0, std::nan(""), -2e9}, {0.5, 0.5, 0.5, 0.5, 0.5}, {}};
  EXPECT(update.run(scripted, 5) == 2);
  EXPECT(scripted.seen.size() == 6 && update.counter() == 5);
  EXPECT(same_bits(scripted.numbers, scripted.seen[5]));
  EXPECT(update.run(scripted, 0) == 0 && scripted.seen.size() == 6);
  scripted = ScriptedHost{start, {0.0, -1e9, 1e9}, {0.5, 0.5}, {}};
  EXPECT(update.run(scripted, 2) == 1);
  EXPECT(same_bits(scripted.numbers, scripted.seen[1]));
  ScriptedHost rejecting{scripted.seen[1], {0.0, 1e9, 1e9, 1e9}, {0.5, 0.5, 0.5}, {}};
  EXPECT(update.run(rejecting, 3) == 0);
  EXPECT(same_bits(rejecting.numbers, scripted.seen[1]));
}

void errors_change_nothing(const std::string &models) {
  const std::string model = models + "/phi4_6x6.safetensors";
  const auto host = declaration(6, square_of_lanes);
  expect_error(INST_BAD_SHAPE, [&] { LearnedUpdate(models + "/phi4_8x8.safetensors", context, host); });
  expect_error(INST_IO, [&] { LearnedUpdate(models + "/not_there.safetensors", context, host); });
  expect_error(INST_BAD_SPEC, [&] { LearnedUpdate(model, "{precision: 'f16'}", host); });
  auto wrong = host;
  wrong.sites.pop_back();
  expect_error(INST_BAD_SHAPE, [&] { LearnedUpdate(model, context, wrong); });
  wrong = host;
  wrong.sites[5] = wrong.sites[4];
  expect_error(INST_BAD_SHAPE, [&] { LearnedUpdate(model, context, wrong); });
  wrong = host;
  wrong.scale = 0.0;
  EXPECT(!thrown<std::invalid_argument>([&] { LearnedUpdate(model, context, wrong); }).empty());

  const Numbers start = noise(36, 17);
  LearnedUpdate update(model, context, host);
  Numbers broken = start;
  broken[7] = std::nan("");
  ScriptedHost scripted{broken, {0.0, 0.0}, {0.5}, {}};
  expect_error(INST_BAD_INPUT, [&] { update.run(scripted, 1); });
  EXPECT(same_bits(scripted.numbers, broken) && scripted.random == 0);
  scripted = ScriptedHost{start, {std::nan("")}, {0.5}, {}};
  EXPECT(!thrown<std::domain_error>([&] { update.run(scripted, 1); }).empty());
  EXPECT(same_bits(scripted.numbers, start) && scripted.random == 0);
  scripted = ScriptedHost{start, {0.0}, {0.5}, {}}; // throws for the proposed field
  EXPECT(thrown<std::runtime_error>([&] { update.run(scripted, 1); }) == "no action");
  EXPECT(scripted.seen.size() == 2 && !same_bits(scripted.seen[1], start));
  EXPECT(same_bits(scripted.numbers, start) && scripted.random == 0);
  scripted = ScriptedHost{start, {0.0, 0.0}, {}, {}};
  EXPECT(!thrown<std::out_of_range>([&] { update.run(scripted, 1); }).empty());
  EXPECT(same_bits(scripted.numbers, start));
  EXPECT(update.counter() == 0);
  // After the errors the update still works.
  scripted = ScriptedHost{start, {0.0, -1e9}, {0.5}, {}};
  EXPECT(update.run(scripted, 1) == 1);
  EXPECT(same_bits(scripted.numbers, propose(model, host, start, 0).field));
}

/// Chains of proposals alone are the same in all layouts.
void layouts_agree(const std::string &model) {
  const auto plain = standin::places({6, 6, 1, 1}, {1, 1, 1, 1});
  standin::Code reference(6, {1, 1, 1, 1}, couplings, 1);
  LearnedUpdate first(model, context, {{6, 6}, plain, root});
  const long accepted = first.run(reference, 500);
  for (const Coordinate &lanes : {Coordinate{2, 1, 1, 1}, Coordinate{2, 2, 1, 1}, Coordinate{1, 6, 1, 1}}) {
    standin::Code code(6, lanes, couplings, 1);
    LearnedUpdate update(model, context, {{6, 6}, code.sites(), root});
    EXPECT(update.run(code, 500) == accepted);
    for (std::size_t i = 0; i < plain.size(); i++) {
      EXPECT(code.numbers()[static_cast<std::size_t>(code.sites()[i])] == reference.numbers()[static_cast<std::size_t>(plain[i])]);
    }
  }
}

void restart_is_exact(const std::string &model) {
  const auto host = declaration(6, square_of_lanes);
  const auto rounds = [](standin::Code &code, LearnedUpdate &update) {
    for (int n = 0; n < 50; n++) {
      code.trajectory(6, 1.0);
      update.run(code, 7);
    }
  };
  standin::Code code(6, square_of_lanes, couplings, 9);
  LearnedUpdate update(model, context, host);
  rounds(code, update);
  const std::uint64_t counter = update.save();
  const Numbers field = code.numbers();
  const std::mt19937_64 random = code.random();
  EXPECT(counter == 350);
  rounds(code, update);

  for (const bool with_counter : {true, false}) {
    standin::Code again(6, square_of_lanes, couplings, 1);
    LearnedUpdate other(model, context, host);
    again.numbers() = field;
    again.random() = random;
    if (with_counter) other.restore(counter);
    rounds(again, other);
    EXPECT(same_bits(again.numbers(), code.numbers()) == with_counter);
    EXPECT((other.counter() == update.counter()) == with_counter);
  }
}

/// A run that saved computes the next ratio from the host's field, as a restarted run does, and not from a remembered
/// log q.
void saving_forgets(const std::string &model) {
  auto host = declaration(6, square_of_lanes);
  host.scale = 1.0;  // the field that comes back is the proposed one, bit for bit
  for (const double sign : {-1.0, 1.0}) {
    LearnedUpdate update(model, context, host);
    ScriptedHost scripted{noise(36, 23), {0.0, -1e9}, {0.5}, {}};
    EXPECT(update.run(scripted, 1) == 1);
    const std::uint64_t counter = update.save();
    const double log_ratio = propose(model, host, scripted.numbers, counter).log_ratio;
    scripted = ScriptedHost{scripted.numbers, {0.0, log_ratio - std::log(0.5) + sign * 1e-10}, {0.5}, {}};
    EXPECT(update.run(scripted, 1) == (sign < 0.0 ? 1 : 0));
  }
}

/// <phi^2>, <phi phi_next> and the susceptibility at 6 x 6, m2 = -4, lambda = 6.975, from the transfer matrix.
void chain_is_exact(const std::string &model, int rounds, long proposals) {
  const std::array<double, 3> exact{0.16138658, 0.05834777, 1.06307537};
  standin::Code code(6, square_of_lanes, couplings, 2026);
  LearnedUpdate update(model, context, declaration(6, square_of_lanes));
  std::array<Numbers, 3> series;
  long accepted = 0, trajectories = 0;
  for (int n = -200; n < rounds; n++) {
    trajectories += code.trajectory(8, 1.5 / root) ? 1 : 0;
    accepted += update.run(code, proposals);
    if (n < 0) continue;
    double square = 0.0, next = 0.0, sum = 0.0;
    const auto phi = [&](std::size_t site) { return code.numbers()[static_cast<std::size_t>(code.sites()[site])] / root; };
    for (std::size_t i = 0; i < 36; i++) {
      square += phi(i) * phi(i);
      next += 0.5 * phi(i) * (phi(i % 6 == 5 ? i - 5 : i + 1) + phi((i + 6) % 36));
      sum += phi(i);
    }
    series[0].push_back(square / 36.0);
    series[1].push_back(next / 36.0);
    series[2].push_back(sum * sum / 36.0);
  }
  const double updates = rounds + 200.0;
  std::printf("  %ld proposals after each trajectory: acceptance of trajectories %.3f, of proposals %.3f\n", proposals,
              static_cast<double>(trajectories) / updates, proposals > 0 ? static_cast<double>(accepted) / (updates * static_cast<double>(proposals)) : 0.0);
  for (std::size_t k = 0; k < exact.size(); k++) {
    const auto estimate = instanton::autocorrelation(series[k]);
    std::printf("  %.6f +- %.6f  exact %.6f  %+.1f sigma, tau_int %.2f\n", estimate.mean, estimate.error, exact[k],
                (estimate.mean - exact[k]) / estimate.error, estimate.tau);
    EXPECT(estimate.error < 0.02 * exact[k]);
    EXPECT_CLOSE(estimate.mean, exact[k], 5.0 * estimate.error);
  }
  EXPECT(proposals == 0 || static_cast<double>(accepted) > 0.7 * updates * static_cast<double>(proposals));
}

}  // namespace

int main(int count, char **arguments) {
  const std::string models = count > 1 ? arguments[1] : "models", model = models + "/phi4_6x6.safetensors";
  places_are_those_of_grid();
  layout_is_exact(model);
  decision_is_of_the_host(model);
  errors_change_nothing(models);
  layouts_agree(model);
  restart_is_exact(model);
  saving_forgets(model);
  chain_is_exact(model, 40000, 0);
  chain_is_exact(model, 20000, 7);
  chain_is_exact(model, 20000, 1);
  return report("plugin");
}
