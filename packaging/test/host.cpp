// A host in C++, by the header that is installed.
#include <instanton.hpp>

#include <cmath>
#include <cstdio>

int main() {
  try {
    const instanton::Context context("{threads: 1}");
    const instanton::Lattice lattice(context, {4, 4});
    const instanton::Action action(lattice, "{type: 'phi4', mass_squared: 1, lambda: 0}");
    const std::vector<double> field(16, 0.5);
    const double value = action.value(field);
    std::printf("instanton %s: S = %.6f\n", inst_version(), value);
    return std::fabs(value - 4) < 1e-12 ? 0 : 1;
  } catch (const instanton::Error &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
