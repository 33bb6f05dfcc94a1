// Hybrid Monte Carlo of Grid for phi^4 theory in two dimensions, with learned proposals after each trajectory.
//
//   grid_hmc --grid 6.6.1.1 --model FILE --lambda 6.975 [--proposals 31] [--trajectories 10000] [--thermalizations 500]
//            [--start 0] [--save 0] [--seed 1] [--context SPEC]
//
//   --lambda      of the model's action, sum_mu (phi(x+mu) - phi(x))^2 + m2 phi^2 + lambda phi^4, m2 = -4
//   --proposals   after each trajectory; 0 is Grid's hybrid Monte Carlo alone, and needs no --model
//   --save N      writes field, random numbers and counter every N trajectories, and after the last one, to checkpoint_*;
//                 --start T goes on from there
//
// Prints <phi^2> and M^2 = (sum phi)^2 / V in the model's normalisation, one measurement after each trajectory and its proposals.
#include "grid_field.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>

namespace {

using plugin::Field;

constexpr double mass_squared = -4.0, trajectory_length = 1.5;
constexpr int trajectory_steps = 6;

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// Learned proposals, called by Grid after each trajectory with the field of its chain, before measurements and checkpoints.
class LearnedProposals : public Grid::HmcObservable<Field> {
 public:
  LearnedProposals(plugin::LearnedUpdate &update, Grid::Action<Field> &action, long proposals)
      : update_(update), action_(action), proposals_(proposals) {}

  void TrajectoryComplete(int, Field &field, Grid::GridSerialRNG &serial, Grid::GridParallelRNG &) override {
    const double start = seconds();
    plugin::GridField host(field, action_, serial);
    accepted_ += update_.run(host, proposals_);
    seconds_ += seconds() - start;
    asked_ += proposals_;
  }
  void report() const {
    std::printf("proposals %ld, acceptance %.4f, %.1f microseconds each\n", asked_,
                static_cast<double>(accepted_) / static_cast<double>(asked_), 1e6 * seconds_ / static_cast<double>(asked_));
  }

 private:
  plugin::LearnedUpdate &update_;
  Grid::Action<Field> &action_;
  long proposals_, asked_ = 0, accepted_ = 0;
  double seconds_ = 0.0;
};

/// Field, random numbers and the counter of the proposals, in files of their own.
class Checkpoints : public Grid::HmcObservable<Field> {
 public:
  Checkpoints(plugin::LearnedUpdate *update, int interval, int last) : update_(update), interval_(interval), last_(last) {}

  void TrajectoryComplete(int trajectory, Field &field, Grid::GridSerialRNG &serial, Grid::GridParallelRNG &parallel) override {
    if (interval_ < 1 || (trajectory % interval_ != 0 && trajectory != last_)) return;
    std::uint32_t sum, sum_a, sum_b;
    Grid::BinarySimpleUnmunger<Number, Number> unmunge;
    std::ofstream(name("random", trajectory));
    Grid::BinaryIO::writeRNG(serial, parallel, name("random", trajectory), 0, sum, sum_a, sum_b);
    std::ofstream(name("field", trajectory));
    Grid::BinaryIO::writeLatticeObject<Field::vector_object, Number>(field, name("field", trajectory), unmunge, 0, "IEEE64BIG", sum, sum_a, sum_b);
    if (update_ == nullptr) return;
    std::ofstream counter(name("counter", trajectory));
    if (!(counter << update_->save() << std::endl)) throw std::runtime_error("cannot write " + name("counter", trajectory));
  }
  void restore(int trajectory, Field &field, Grid::GridSerialRNG &serial, Grid::GridParallelRNG &parallel) {
    std::uint32_t sum, sum_a, sum_b;
    Grid::BinarySimpleMunger<Number, Number> munge;
    Grid::BinaryIO::readRNG(serial, parallel, name("random", trajectory), 0, sum, sum_a, sum_b);
    Grid::BinaryIO::readLatticeObject<Field::vector_object, Number>(field, name("field", trajectory), munge, 0, "IEEE64BIG", sum, sum_a, sum_b);
    if (update_ == nullptr) return;
    std::uint64_t value;
    std::ifstream counter(name("counter", trajectory));
    if (!(counter >> value)) throw std::runtime_error("cannot read " + name("counter", trajectory));
    update_->restore(value);
  }

 private:
  using Number = Field::scalar_object;
  static std::string name(const char *what, int trajectory) { return std::string("checkpoint_") + what + "." + std::to_string(trajectory); }

  plugin::LearnedUpdate *update_;
  int interval_, last_;
};

class Measurements : public Grid::HmcObservable<Field> {
 public:
  explicit Measurements(int after) : after_(after) {}

  void TrajectoryComplete(int trajectory, Field &field, Grid::GridSerialRNG &, Grid::GridParallelRNG &) override {
    if (trajectory <= after_) return;
    const double volume = static_cast<double>(field.Grid()->gSites());
    const double sum = Grid::TensorRemove(Grid::sum(field)), square = Grid::norm2(field);
    squares_.push_back(0.5 * square / volume);
    magnetisations_.push_back(0.5 * sum * sum / volume);
  }
  void report() const {
    const auto square = instanton::autocorrelation(squares_), slow = instanton::autocorrelation(magnetisations_);
    std::printf("<phi^2> %.6f +- %.6f, tau_int %.2f +- %.2f\n", square.mean, square.error, square.tau, square.tau_error);
    std::printf("<M^2>   %.5f +- %.5f, tau_int %.2f +- %.2f\n", slow.mean, slow.error, slow.tau, slow.tau_error);
  }

 private:
  int after_;
  std::vector<double> squares_, magnetisations_;
};

/// Lanes along x and y that divide the extents; Grid shifts more than two lanes along one direction only where they are all there.
Grid::Coordinate lanes(const Grid::Coordinate &extent) {
  const int all = static_cast<int>(Grid::vRealD::Nsimd());
  if (all == 4 && extent[0] % 2 == 0 && extent[1] % 2 == 0) return Grid::Coordinate({2, 2, 1, 1});
  if (extent[0] % all == 0) return Grid::Coordinate({all, 1, 1, 1});
  if (extent[1] % all == 0) return Grid::Coordinate({1, all, 1, 1});
  throw std::invalid_argument("grid: expected an extent that the " + std::to_string(all) + " lanes of this build divide");
}

std::string option(int count, char **arguments, const std::string &name, const std::string &otherwise) {
  return Grid::GridCmdOptionExists(arguments, arguments + count, name) ? Grid::GridCmdOptionPayload(arguments, arguments + count, name) : otherwise;
}

void run(int count, char **arguments) {
  using namespace Grid;
  const auto number = [&](const char *name, const char *otherwise) { return std::stoi(option(count, arguments, name, otherwise)); };
  const long proposals = number("--proposals", "31");
  const int start = number("--start", "0"), save = number("--save", "0");

  GridCartesian grid(GridDefaultLatt(), lanes(GridDefaultLatt()), GridDefaultMpi());
  GridSerialRNG serial;
  GridParallelRNG parallel(&grid);
  const int seed = number("--seed", "1");
  serial.SeedFixedIntegers({seed, 2, 3, 4, 5});
  parallel.SeedFixedIntegers({seed, 7, 8, 9, 10});
  Field field(&grid);
  ScalarImplR::ColdConfiguration(parallel, field);

  // With Grid's phi = sqrt(2) times the model's: the same mass, and six times the model's lambda.
  ScalarActionR action(mass_squared, 6.0 * std::stod(option(count, arguments, "--lambda", "6.975")));

  HMCparameters parameters;
  parameters.StartTrajectory = start;
  // Grid's own thermalisation accepts everything, and may leave the chain where the integrator is unstable: not used.
  parameters.NoMetropolisUntil = 0;
  const int thermalizations = start > 0 ? 0 : number("--thermalizations", "500");
  parameters.Trajectories = thermalizations + number("--trajectories", "10000");
  parameters.MD.name = "MinimumNorm2";
  parameters.MD.MDsteps = trajectory_steps;
  parameters.MD.trajL = trajectory_length / std::sqrt(2.0);
  const int last = start + static_cast<int>(parameters.Trajectories);

  std::vector<HmcObservable<Field> *> after_each_trajectory;
  std::unique_ptr<plugin::LearnedUpdate> update;
  std::unique_ptr<LearnedProposals> learned;
  if (proposals > 0) {
    update = std::make_unique<plugin::LearnedUpdate>(option(count, arguments, "--model", "models/phi4_6x6.safetensors"),
                                                     option(count, arguments, "--context", "{threads: 1, precision: 'f32', seed: " + std::to_string(seed) + "}"),
                                                     plugin::declare(grid));
    learned = std::make_unique<LearnedProposals>(*update, action, proposals);
    after_each_trajectory.push_back(learned.get());
  }
  Measurements measurements(start + thermalizations);
  after_each_trajectory.push_back(&measurements);
  Checkpoints checkpoints(update.get(), save, last);
  after_each_trajectory.push_back(&checkpoints);
  if (start > 0) checkpoints.restore(start, field, serial, parallel);

  using Integration = MinimumNorm2<ScalarImplR, NoSmearing<ScalarImplR>, ScalarFields>;
  ActionLevel<Field, ScalarFields> level(1);
  level.push_back(&action);
  ActionSet<Field, ScalarFields> actions;
  actions.push_back(level);
  NoSmearing<ScalarImplR> smearing;
  Integration integration(&grid, parameters.MD, actions, smearing);
  smearing.set_Field(field);
  HybridMonteCarlo<Integration> chain(parameters, integration, serial, parallel, after_each_trajectory, field);
  const double begin = seconds();
  chain.evolve();

  std::cout.clear();
  std::printf("trajectories %d to %d in %.1f s\n", start, last, seconds() - begin);
  if (learned) learned->report();
  measurements.report();
}

}  // namespace

int main(int count, char **arguments) {
  Grid::Grid_init(&count, &arguments);
  try {
    run(count, arguments);
  } catch (const std::exception &error) {
    std::fprintf(stderr, "grid_hmc: %s\n", error.what());
    return EXIT_FAILURE;
  }
  Grid::Grid_finalize();
  return EXIT_SUCCESS;
}
