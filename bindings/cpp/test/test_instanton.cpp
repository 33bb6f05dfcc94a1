// The C++ header: ownership, exceptions, spans, and numbers that are known.
//   test_instanton MODELS FIELDS
#include "instanton.hpp"

#include <array>
#include <cmath>
#include <complex>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

int passed = 0;

void expect(bool holds, const char *what) {
  if (!holds) {
    std::fprintf(stderr, "cpp: expected %s\n", what);
    std::exit(EXIT_FAILURE);
  }
  passed++;
}

template <typename Call>
void expect_error(inst_status status, const std::string &message, Call call) {
  try {
    call();
  } catch (const instanton::Error &error) {
    const bool is_so = error.status() == status && std::string(error.what()).find(message) != std::string::npos;
    if (!is_so) std::fprintf(stderr, "cpp: status %d: %s\n", static_cast<int>(error.status()), error.what());
    return expect(is_so, message.c_str());
  }
  expect(false, ("an exception: " + message).c_str());
}

using instanton::Action;
using instanton::Context;
using instanton::Lattice;
using instanton::Model;

void test_ownership() {
  Context context("{threads: 1}");
  Lattice lattice(context, {4, 4});
  Action action(lattice, "{type: 'phi4', mass_squared: 1, lambda: 0}");
  Action moved = std::move(action);
  expect(action.get() == nullptr && moved.count() == 16, "an object that moved");
  context = Context("{threads: 2}");  // what was made from it lives on
  const std::vector<double> field(16, 0.5);
  expect(std::fabs(moved.value(field) - 4.0) < 1e-12, "an action");
  expect_error(INST_NULL_ARGUMENT, "action: expected a pointer, got NULL", [&] { action.count(); });
  expect(instanton::version().find('.') != std::string::npos && instanton::devices().find("\"cpu\"") != std::string::npos,
         "version and devices");
}

void test_errors() {
  expect_error(INST_BAD_SPEC, "threads: expected", [] { Context("{threads: -1}"); });
  Context context;
  expect_error(INST_BAD_SHAPE, "dimensions: expected 1 to 4, got 0", [&] { Lattice(context, {}); });
  Lattice lattice(context, {4, 4});
  expect_error(INST_BAD_SPEC, "unknown key 'mass'", [&] { Action(lattice, "{type: 'phi4', mass: 1}"); });
  expect_error(INST_IO, "nothing", [&] { Model::load(lattice, "/nothing"); });
  Action action(lattice, "{type: 'phi4', mass_squared: 1, lambda: 0}");
  std::vector<double> field(16, 1.0), values(2), few(15);
  expect_error(INST_BAD_SHAPE, "fields: expected 32 numbers, got 16", [&] { action.value(field, values); });
  expect_error(INST_BAD_SHAPE, "gradients: expected 16 numbers, got 15", [&] { action.gradient(field, few); });
  field[9] = std::numeric_limits<double>::infinity();
  expect_error(INST_BAD_INPUT, "at index 9", [&] { action.value(field); });
}

void test_callbacks() {
  Context context;
  Lattice lattice(context, {3});
  double limit = 100.0;
  Action action(lattice, [&](instanton::span<const double> field, instanton::span<double> gradient) {
    double sum = 0.0;
    for (std::size_t i = 0; i < field.size(); i++) {
      if (field.data()[i] > limit) throw std::out_of_range("beyond the limit");
      sum += 0.5 * field.data()[i] * field.data()[i];
      if (gradient.size() > 0) gradient.data()[i] = field.data()[i];
    }
    return sum;
  });
  const double field[] = {1.0, 2.0, 3.0};
  std::array<double, 3> gradient{};
  expect(action.value(field) == 7.0, "a callback's value");
  action.gradient(field, gradient);
  expect(gradient[2] == 3.0, "a callback's gradient");
  limit = 2.5;
  bool is_caught = false;
  try {
    action.value(field);
  } catch (const std::out_of_range &error) {
    is_caught = std::string(error.what()) == "beyond the limit";
  }
  expect(is_caught, "what the callback threw");
  limit = 100.0;
  expect(action.value(field) == 7.0, "a callback that works again");

  Lattice plane(context, {4, 4});
  Action free(plane, "{type: 'phi4', mass_squared: 1, lambda: 0}");
  Model model(plane, "{type: 'affine', layers: 2, hidden: [4]}");
  int steps = 0;
  expect_error(INST_STOPPED, "progress callback", [&] {
    model.train(free, "{steps: 10, batch: 8}", [&](auto step, auto, auto, auto) { return steps++, step < 7; });
  });
  expect(steps == 7, "seven steps");
  is_caught = false;
  try {
    model.train(free, "{steps: 10, batch: 8}", [](auto, auto, auto, auto) -> bool { throw std::runtime_error("enough"); });
  } catch (const instanton::Error &) {
  } catch (const std::runtime_error &error) {
    is_caught = std::string(error.what()) == "enough";
  }
  expect(is_caught, "what progress threw");
  model.train(free, "{steps: 10, batch: 8}");

  std::vector<double> given(20 * 16), fields(3 * 16), log_q(3), again(3);
  for (std::size_t i = 0; i < given.size(); i++) given[i] = std::sin(7.0 * static_cast<double>(i));
  Model learner(plane, "{type: 'chain', layers: [{type: 'spline', hidden: [4]}, {type: 'affine', repeat: 2, hidden: [4]}]}");
  steps = 0;
  learner.train_on(given, "{steps: 5, batch: 8}", [&](auto, auto, auto, double ess) { return steps++, ess != ess; });
  expect(steps == 5, "five steps on fields");
  expect_error(INST_BAD_SHAPE, "fields", [&] { learner.train_on(instanton::span<const double>(given.data(), 17)); });
  Model open(plane, "{layers: 2, hidden: [4], condition: {lambda: [0, 2]}}");
  Model closed = open.at("{lambda: 1}");
  closed.sample(0, fields, log_q);
  closed.log_density(fields, again);
  for (int i = 0; i < 3; i++) expect(std::fabs(log_q[i] - again[i]) < 1e-8, "log q of a model at a coupling");
  expect_error(INST_BAD_SPEC, "lambda: expected a number from 0 to 2, got 3", [&] { open.at("{lambda: 3}"); });
  expect(closed.transfer(plane).describe() == closed.describe(), "a model that was transferred");
  Model noisy(plane, "{type: 'diffusion', network: {type: 'convolutional', hidden: [2], times: 2}}");
  noisy.train(free, "{steps: 2, batch: 8, score: 'mixed', fields: {thermalise: 2, count: 20}}");
  noisy.sample_paths("{steps: 5, corrector: {size: 0.1}}", 0, fields, log_q);
  for (int i = 0; i < 3; i++) expect(std::isfinite(log_q[i]) && fields[16 * i] != 0.0, "fields of paths");
  expect_error(INST_UNSUPPORTED, "type 'diffusion'", [&] { closed.sample_paths("{steps: 5}", 0, fields, log_q); });
  expect_error(INST_BAD_SHAPE, "fields", [&] { noisy.sample_paths("", 0, given, log_q); });
  Model haar(plane, "{type: 'chain', prior: {type: 'haar', group: 'su2'}, layers: []}");
  expect(haar.count() == 16 * 2 * 8 && learner.count() == 16 && closed.count() == 16, "the numbers of fields");
  expect(haar.volume() == 16 && learner.volume() == 16 && closed.volume() == 16, "the sites of models");
  std::vector<double> links(3 * 256), other(256);
  haar.sample(4, links, log_q);
  haar.log_density(links, again);
  expect(log_q == again && log_q[0] == 0.0, "log q of links from the Haar measure");
  expect_error(INST_BAD_SHAPE, "fields", [&] { haar.sample(0, fields, log_q); });
  instanton::Proposal uniform(haar);
  expect(uniform.propose(5, instanton::span<const double>(links.data(), 256), other) == 0.0, "a ratio of densities");
  expect(std::equal(other.begin(), other.end(), links.begin() + 256), "a proposal of links");
  instanton::Proposal langevin(free, "{type: 'langevin', step: 0.01}");
  std::vector<double> current(16, 0.3), proposed(16);
  expect(std::isfinite(langevin.propose(1, current, proposed)) && current != proposed, "a Langevin proposal");
}

void test_watch() {
  Context context("{threads: 2}");
  Lattice lattice(context, {4, 4, 4, 4});
  Action action(lattice, "{type: 'wilson', group: 'su2', beta: 2}");
  instanton::Chain chain(action, "{start: 'hot', steps: 1000000}");
  std::vector<double> before(static_cast<std::size_t>(action.count())), after(before.size());
  chain.field(before);
  std::vector<std::int64_t> done;
  {
    instanton::Watch watch([&](const std::string &work, std::int64_t step, std::int64_t total, double) {
      expect(work == "trajectory" && total == 2000000, "the work of a chain");
      done.push_back(step);
      return done.size() < 3;
    });
    expect_error(INST_STOPPED, "during 'trajectory'", [&] { chain.step(); });
    expect(done.size() == 3 && done[0] < done[1] && done[1] < done[2], "three reports");
    bool is_caught = false;
    try {
      instanton::Watch inner([](const std::string &, auto, auto, auto) -> bool { throw std::out_of_range("enough"); });
      chain.step();
    } catch (const std::out_of_range &error) {
      is_caught = std::string(error.what()) == "enough";
    }
    expect(is_caught, "what a watch threw");
    done.clear();
    expect_error(INST_STOPPED, "", [&] { chain.step(); });
    expect(done.size() == 3, "the outer watch again");
  }
  chain.field(after);
  expect(before == after, "a chain as it was");
  instanton::Chain(action, "{start: 'hot', steps: 20}").step();
  expect(done.size() == 3, "no watch any more");
}

// Exact log Z and <phi^2> at 6 x 6 by the transfer matrix.
void test_models(const std::string &models) {
  Context context("{threads: 1, seed: 3}");
  Lattice lattice(context, {6, 6});
  Action action(lattice, "{type: 'phi4', mass_squared: -4, lambda: 6.975}");
  Model model = Model::load(lattice, models + "/phi4_6x6.safetensors");
  expect(model.describe().find("\"affine\"") != std::string::npos, "a description");
  expect(model.volume() == 36 && model.count() == 36, "the sites and numbers of a model from a file");
  const std::size_t batch = 8192, volume = 36;
  std::vector<double> fields(batch * volume), log_q(batch), again(batch), weights(batch);
  model.sample(0, fields, log_q);
  model.log_density(fields, again);
  action.value(fields, weights);
  for (std::size_t i = 0; i < batch; i++) {
    if (std::fabs(again[i] - log_q[i]) > 1e-9) expect(false, "the density of samples");
    weights[i] = -weights[i] - log_q[i];
  }
  const auto z = instanton::reweighting(weights);
  expect(std::fabs(z.log_z - 6.98494787) < 5 * z.log_z_error && z.log_z_error < 0.01, "log Z");
  expect(instanton::reweighting_tail(weights) < 0.7, "weights without a heavy tail");

  instanton::Proposal proposal(model);
  std::vector<double> proposed(volume);
  const instanton::span<const double> current(fields.data(), volume);
  const double log_ratio = proposal.propose(17, current, proposed);
  expect(std::fabs(log_ratio - log_q[0] + log_q[17]) < 1e-9, "the ratio of a proposal");
  expect(std::fabs(proposed[35] - fields[17 * volume + 35]) < 1e-12, "the proposal of a counter");
  expect_error(INST_BAD_SHAPE, "current: expected 36 numbers, got 8192", [&] { proposal.propose(0, log_q, proposed); });

  instanton::Chain chain(action, model, "{type: 'cycle', kernels: [{type: 'hmc'}, {type: 'independence', repeat: 4}]}");
  std::vector<double> series, magnetisation, chain_weights, action_value(1), density(1);
  const auto reversal = chain.reversibility();
  expect(reversal.distance < 1e-10 && reversal.energy < 1e-10, "a trajectory there and back");
  expect(chain.describe().find("\"counter\":0") != std::string::npos, "a chain as text");
  for (int n = 0; n < 4000; n++) {
    chain.step();
    chain.field(proposed);
    if (n >= 100) {
      action.value(proposed, action_value);
      model.log_density(proposed, density);
      chain_weights.push_back(-action_value[0] - density[0]);
    }
    double sum = 0.0, total = 0.0;
    for (const double x : proposed) {
      sum += x * x / 36.0;
      total += x;
    }
    series.push_back(sum);
    magnetisation.push_back(total);
  }
  const auto a = instanton::autocorrelation(series);
  expect(std::fabs(a.mean - 0.16138658) < 5 * a.error && a.error < 0.002, "<phi^2>");
  const std::int64_t counts[] = {1500, 2500};
  const auto replicas = instanton::autocorrelation_replicas(counts, series);
  expect(std::fabs(replicas.mean - a.mean) < 1e-12 && std::fabs(replicas.error / a.error - 1) < 0.2, "replicas");
  expect(replicas.quality > 1e-6 && replicas.quality <= 1, "the quality of replicas");
  expect_error(INST_BAD_SHAPE, "series: expected 4000 numbers, got 8192", [&] { instanton::autocorrelation_replicas(counts, weights); });
  const auto both = instanton::reweighting_two_sided(weights, chain_weights);
  expect(std::fabs(both.log_z - 6.98494787) < 5 * both.log_z_error && both.log_z_error < 0.01, "log Z from both sides");
  expect(both.disagreement < 5 && both.kl_model > 0 && both.kl_chain > 0, "two sides that agree");
  const auto divergence = instanton::kl_per_site(weights, 6.98494787, 36);
  expect(divergence.kl > 0 && divergence.kl < 0.01 && divergence.kl_error < 0.001, "the divergence for each site");
  const auto mean = instanton::reweighting_mean(weights, weights), difference = instanton::reweighting_mean(weights, weights, weights, weights);
  expect(mean.error > 0 && difference.mean == 0 && difference.error == 0, "an average over weighted samples, and a difference");
  expect_error(INST_BAD_SHAPE, "observable: expected 8192 numbers, got 4000", [&] { instanton::reweighting_mean(weights, series); });
  const std::int64_t sizes[] = {256, 8192};
  const auto nested = instanton::reweighting_nested(weights, sizes);
  expect(nested.ess[1] == z.ess && nested.ess_error[1] == z.ess_error && nested.ess[0] != z.ess, "nested subsets");
  const auto forward = instanton::reweighting_forward(chain_weights), known = instanton::reweighting_forward(chain_weights, 6.98494787);
  expect(std::fabs(forward.ess - z.ess) < 5 * std::hypot(forward.ess_error, z.ess_error), "the effective sample size from a chain");
  expect(std::fabs(known.ess - z.ess) < 5 * std::hypot(known.ess_error, z.ess_error), "the same with an exact log Z");
  expect(forward.kl > 0 && std::fabs(forward.kl - known.kl) < 0.1, "the forward divergence");
  const auto balance = instanton::mode_balance(magnetisation);
  expect(std::fabs(balance.share - 0.5) < 5 * balance.share_error && balance.probability > 1e-6, "both signs of the magnetisation");
  expect(instanton::mode_balance(magnetisation, 0.7).probability < 1e-6, "another share");
  expect(instanton::mode_balance_independent(std::vector<double>(60, 1.0)).probability < 1e-15, "samples of one mode");
  const std::vector<double> still(100, 0.25);
  expect_error(INST_NOT_CONVERGED, "series: expected numbers that change, got 100 equal ones", [&] { instanton::autocorrelation(still); });
}

void test_gauge(const std::string &path) {
  Context context("{threads: 1}");
  Lattice lattice(context, {2, 4, 2, 2});
  instanton::Gauge gauge(lattice), other(lattice);
  gauge.read(path + "/ildg-f64");
  std::vector<double> links(static_cast<std::size_t>(gauge.count())), again(links.size());
  expect(links.size() == 32 * 4 * 18, "the numbers of links");
  gauge.links(links);
  expect(gauge.observe("{type: 'planes'}").size() == 6, "six planes");

  // Arrays of matrices by direction, column-major, antiperiodic in time.
  instanton::Layout layout(lattice, "{order: 'julia', boundary: [1, 1, 1, -1]}");
  std::vector<std::vector<std::complex<double>>> own(4, std::vector<std::complex<double>>(32 * 9));
  std::array<void *, 4> bases{};
  for (std::size_t mu = 0; mu < 4; mu++) bases[mu] = own[mu].data();
  expect(layout.bases() == 4 && layout.bytes() == 32 * 144, "the size of a layout");
  gauge.export_links(layout, bases);
  const std::int64_t x[] = {1, 2, 0, 1};
  const std::size_t site = 1 + 2 * (2 + 4 * (0 + 2 * 1)), at = (site * 4 + 3) * 18 + 2 * (3 * 0 + 2);
  const auto place = layout.offset(x, 3, 0, 2, 0);
  expect(place.base == 3 && place.offset == static_cast<std::int64_t>(16 * (site * 9 + 0 + 3 * 2)), "a place");
  expect(own[3][site * 9 + 6].real() == -links[at] && own[3][site * 9 + 6].imag() == -links[at + 1], "a link with its sign");
  const std::array<const void *, 4> from = {bases[0], bases[1], bases[2], bases[3]};
  other.import_links(layout, from);
  other.links(again);
  expect(links == again, "what was exported, imported");
  expect_error(INST_BAD_SHAPE, "base: expected 4 numbers, got 3",
               [&] { other.import_links(layout, instanton::span<const void *const>(from.data(), 3)); });
  layout.import_fields(from, again);
  expect(layout.count() == gauge.count() && links == again, "links in an array");
  layout.export_fields(again, bases);
  other.import_links(layout, from);
  other.links(again);
  expect(links == again, "links of an array");
  expect_error(INST_BAD_SHAPE, "fields: expected 2304 numbers, got 2303",
               [&] { layout.import_fields(from, instanton::span<double>(again.data(), again.size() - 1)); });
  expect_error(INST_BAD_SHAPE, "fields: expected 2304 numbers, got 2305",
               [&] { layout.export_fields(instanton::span<const double>(links.data(), links.size() + 1), bases); });
  links[0] = 5.0;
  expect_error(INST_BAD_INPUT, "links within", [&] { other.set_links(links); });
  other.set_links(links, "{verify: false}");
  std::vector<double> taken(links.size());
  other.links(taken);
  expect(taken == links, "links outside the group, unverified");
  other.set_links(links, "{verify: false, project: true}");
  expect(other.observe("{type: 'unitarity'}")[0] < 1e-13, "links projected onto the group");
  expect(instanton::probe(path + "/ildg-f64").find("\"extents\":[2,4,2,2]") != std::string::npos, "a file probed");
  expect_error(INST_IO, "missing", [&] { instanton::probe(path + "/missing"); });

  instanton::Dirac dirac(gauge, "{type: 'wilson', kappa: 0.11}");
  std::vector<double> source(2 * static_cast<std::size_t>(dirac.count())), solution(source.size()), image(source.size());
  source[77] = 1.0;
  source[source.size() - 5] = 1.0;
  const auto report = dirac.solve(source, solution, "{tolerance: 1e-11}");
  expect(report.iterations > 3 && report.residual < 1e-11, "a report");
  dirac.apply("plain", solution, image);
  double square = 0.0;
  for (std::size_t i = 0; i < image.size(); i++) square += (image[i] - source[i]) * (image[i] - source[i]);
  expect(std::sqrt(square / 2.0) < 1.1e-11, "a solution");
  expect_error(INST_NOT_CONVERGED, "", [&] { dirac.solve(source, solution, "{max_iterations: 1}"); });
  std::array<double, 3> values{}, residuals{};
  dirac.spectrum("{of: 'singular', count: 3}", 3, values, residuals);
  expect(values[0] > 0.0 && values[0] <= values[2] && residuals[2] < 1e-8, "singular values");
}

/// Replicas of a host, which differ by the strength of a defect.
void test_ladders() {
  const instanton::Context context("{threads: 1, seed: 4}");
  const instanton::Lattice lattice(context, {4, 6});
  const std::string spec = "{defect: {size: [2], at: [3, 1]}, replicas: 3, tune: 40, action: {type: 'wilson', group: 'u1', beta: 2}}";
  instanton::Ladder ladder(lattice, spec), other(lattice, spec);
  expect(ladder.replicas() == 3 && ladder.counter() == 0, "a new ladder");
  const instanton::Ladder::Standing standing = ladder.replica(1);
  expect(standing.rung == 1 && standing.strength == 0.5 && standing.partner == 1.0, "a rung");
  expect(standing.at == std::vector<std::int64_t>{3, 1}, "a place");
  std::vector<double> factors(24), weights(24), laid(24);
  ladder.link_factors(1, 0.25, 1, factors);
  ladder.plaquette_weights(1, 0.25, 0, 1, weights);
  expect(factors[7] == 0.25 && factors[4] == 0.25 && factors[5] == 1.0, "factors");
  expect(weights[7] == 0.0625 && weights[4] == 0.25 && weights[6] == 0.25, "weights");
  const instanton::Layout milc(lattice, "{order: 'milc', fields: 'real'}"), links(lattice, "{fields: 'u1'}");
  const std::array<void *, 1> to = {laid.data()};
  ladder.link_factors(1, 0.25, 1, milc, to);
  expect(laid[3] == 0.25, "factors of even sites first");
  ladder.plaquette_weights(1, 0.25, 0, 1, milc, to);
  expect(laid[3] == 0.0625, "weights of even sites first");
  std::vector<double> own(96);
  for (std::size_t k = 0; k < 48; k++) {
    own[2 * k] = std::cos(static_cast<double>(k * k));
    own[2 * k + 1] = std::sin(static_cast<double>(k * k));
  }
  const std::array<const void *, 1> from = {own.data()};
  expect(ladder.difference(1, links, from) != 0.0, "a difference");
  for (int n = 0; n < 30; n++) ladder.swap(std::vector<double>{std::sin(n), std::sin(n + 1.0), std::sin(n + 2.0)});
  const std::string path = "build_ladder_of_a_test";
  ladder.save(path);
  other.load(path);
  std::remove(path.c_str());
  ladder.swap(std::vector<double>{0.0, 0.5, 1.0});
  other.swap(std::vector<std::int64_t>{2, 1, 0}, std::vector<double>{1.0, 0.5, 0.0});
  expect(ladder.describe() == other.describe() && other.counter() == 31, "a ladder that goes on");
  expect_error(INST_BAD_INPUT, "replica: expected 0 to 2, got 3", [&] { ladder.replica(3); });
  expect_error(INST_BAD_SHAPE, "factors: expected 24 numbers, got 3", [&] { ladder.link_factors(0, 1.0, 0, std::vector<double>(3)); });
  inst_communicator communicator{};
  expect_error(INST_BAD_SHAPE, "communicator.struct_size", [&] { ladder.connect(communicator); });
}

}  // namespace

int main(int count, char **arguments) {
  if (count != 3) {
    std::fprintf(stderr, "usage: test_instanton MODELS FIELDS\n");
    return EXIT_FAILURE;
  }
  test_ownership();
  test_errors();
  test_callbacks();
  test_watch();
  test_models(arguments[1]);
  test_gauge(arguments[2]);
  test_ladders();
  std::printf("cpp: %d passed, 0 failed\n", passed);
  return EXIT_SUCCESS;
}
