// Compares the index formula of standin.hpp with Grid: with its index functions for many lattices and lanes, and with the
// memory of fields for the number of lanes that this build has. Prints the table of 6 x 6 sites.
#include "grid_field.hpp"
#include "standin.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

using Grid::ViewCloser;

bool same(const std::vector<int> &extent, const std::vector<int> &lanes) {
  Grid::GridCartesian grid(extent, lanes, Grid::Coordinate({1, 1, 1, 1}));
  return plugin::grid_sites(grid) == standin::places({extent[0], extent[1], extent[2], extent[3]}, {lanes[0], lanes[1], lanes[2], lanes[3]});
}

/// A field in which every site holds its own number, written by Grid.
bool same_in_memory(const std::vector<int> &extent, const std::vector<int> &lanes) {
  Grid::GridCartesian grid(extent, lanes, Grid::Coordinate({1, 1, 1, 1}));
  plugin::Field field(&grid);
  std::vector<double> expected(static_cast<std::size_t>(grid.lSites()));
  const auto places = standin::places({extent[0], extent[1], extent[2], extent[3]}, {lanes[0], lanes[1], lanes[2], lanes[3]});
  for (int site = 0; site < grid.lSites(); site++) {
    Grid::Coordinate x;
    grid.LocalIndexToLocalCoor(site, x);
    plugin::Field::scalar_object number;
    number = 1.0 / (3.0 + site);
    Grid::pokeSite(number, field, x);
    expected[static_cast<std::size_t>(places[static_cast<std::size_t>(site)])] = 1.0 / (3.0 + site);
  }
  autoView(view, field, Grid::CpuRead);
  return std::memcmp(&view[0], expected.data(), sizeof(double) * expected.size()) == 0;
}

}  // namespace

int main(int count, char **arguments) {
  Grid::Grid_init(&count, &arguments);
  const int all = static_cast<int>(Grid::vRealD::Nsimd());
  int compared = 0, fields = 0, different = 0;
  const std::vector<std::vector<int>> lattices{{4, 4, 1, 1}, {6, 6, 1, 1}, {8, 8, 1, 1}, {10, 10, 1, 1}, {8, 16, 1, 1}, {4, 8, 2, 16}, {8, 8, 8, 8}};
  for (const auto &extent : lattices) {
    for (const int x : {1, 2, 4, 8}) {
      for (const int y : {1, 2, 4, 8}) {
        for (const int t : {1, 2, 4}) {
          if (extent[0] % x != 0 || extent[1] % y != 0 || extent[3] % t != 0) continue;
          compared++;
          if (!same(extent, {x, y, 1, t})) different++;
          if (x * y * t != all) continue;
          fields++;
          if (!same_in_memory(extent, {x, y, 1, t})) different++;
        }
      }
    }
  }
  std::cout.clear();
  std::printf("lanes of this build: %d; %d lattices by index, %d fields in memory, %d different\n", all, compared, fields, different);
  if (all <= 4) {
    const std::vector<int> lanes = all == 4 ? std::vector<int>{2, 2, 1, 1} : std::vector<int>{all, 1, 1, 1};
    Grid::GridCartesian grid(std::vector<int>{6, 6, 1, 1}, lanes, Grid::Coordinate({1, 1, 1, 1}));
    for (const auto place : plugin::grid_sites(grid)) std::printf("%d ", static_cast<int>(place));
    std::printf("\n");
  }
  Grid::Grid_finalize();
  return different == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
