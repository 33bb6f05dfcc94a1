// Grid's field of real scalars as the host of learned_update.hpp.
#ifndef GRID_FIELD_HPP
#define GRID_FIELD_HPP

#include "learned_update.hpp"

#include <Grid/Grid.h>

namespace plugin {

using Field = Grid::ScalarImplR::Field;
using Grid::ViewCloser;  // autoView, a macro, looks for it here

/// How the field of one process lies in memory, as Grid's own index functions have it.
inline std::vector<std::int64_t> grid_sites(Grid::GridBase &grid) {
  std::vector<std::int64_t> sites;
  for (int site = 0; site < grid.lSites(); site++) {
    Grid::Coordinate x;
    grid.LocalIndexToLocalCoor(site, x);
    sites.push_back(static_cast<std::int64_t>(grid.iSites()) * grid.oIndex(x) + grid.iIndex(x));
  }
  return sites;
}

/// The lattice in two dimensions that a grid of extents X, Y, 1, 1 stands for. `scale` is the root of two: Grid's kinetic
/// term is (1/2) (phi(x+mu) - phi(x))^2, that of the models has no 1/2.
inline Declaration declare(Grid::GridBase &grid) {
  const Grid::Coordinate &extent = grid.GlobalDimensions();
  if (grid.ProcessorCount() != 1) throw std::invalid_argument("processes: expected 1, got " + std::to_string(grid.ProcessorCount()));
  if (grid.Nd() != 4 || extent[2] != 1 || extent[3] != 1) throw std::invalid_argument("grid: expected extents X.Y.1.1");
  static_assert(sizeof(Field::vector_object) == sizeof(double) * static_cast<std::size_t>(Grid::vRealD::Nsimd()), "doubles, one for each site");
  return {{extent[0], extent[1]}, grid_sites(grid), std::sqrt(2.0)};
}

class GridField {
 public:
  GridField(Field &field, Grid::Action<Field> &action, Grid::GridSerialRNG &random) : field_(field), action_(action), random_(random) {}

  template <typename Reader>
  void read(Reader reader) const {
    autoView(view, field_, Grid::CpuRead);
    reader(reinterpret_cast<const double *>(&view[0]));
  }
  template <typename Writer>
  void write(Writer writer) {
    autoView(view, field_, Grid::CpuWrite);
    writer(reinterpret_cast<double *>(&view[0]));
  }
  double action() { return action_.S(field_); }
  double uniform() {
    Grid::RealD number;
    Grid::random(random_, number);
    return number;
  }

 private:
  Field &field_;
  Grid::Action<Field> &action_;
  Grid::GridSerialRNG &random_;
};

}  // namespace plugin

#endif
