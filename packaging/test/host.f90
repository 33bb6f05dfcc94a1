! A host in Fortran, by the sources of the module that are installed.
program host
  use instanton
  implicit none
  type(inst_context) :: context
  type(inst_lattice) :: lattice
  type(inst_action) :: action
  real(8) :: phi(4, 4), s(1)
  call context%new("{threads: 1}")
  call lattice%new(context, [4, 4])
  call action%new(lattice, "{type: 'phi4', mass_squared: 1, lambda: 0}")
  phi = 0.5d0
  call action%value(phi, s)
  print '(a,f9.6)', 'instanton in Fortran: S =', s
  if (abs(s(1) - 4) > 1d-12) error stop 1
end program
