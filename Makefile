# make demo       a frozen chain thaws: a hybrid Monte Carlo code of U(1) with proposals (Rust and a C compiler); SECONDS_EACH=60 a chain
# make demo-thaw-fortran   the first of these in Fortran
# make demo-phi4  a hybrid Monte Carlo code of phi^4 theory with learned proposals
# make test       everything that can be checked; installs what that needs
# make test-references DATA=FOLDER   real gauge configurations against the numbers of the codes that made them
# make bench      all benchmark rows, or one: make bench ROW=affine-sample-f32
# make science    all figures of physics beside their references, or one row: make science ROW=cost-learned (docs/results.md)
# make race       times the same network in JAX and PyTorch against the benchmark rows
# make race-unet  times the U-Net of diffusion models in PyTorch against the benchmark rows
# make race-milc  MILC=FOLDER   times sweeps of SU(3) beside those of MILC, built from its sources in FOLDER
# make train      trains the models of the phi^4 demo anew (they are written to models/); train-layers those of paths through a
#                 defect, train-flows continuous and stochastic flows, train-diffusion diffusion models
# make fields     makes the small gauge fields of the tests anew, in every format (they are written to tests/fields/)
# make fortran    makes the Fortran modules anew, from the header and a template
# make abi        records the baseline of the binary interface anew (docs/abi.md says when)
# make picture    docs/tau.png from the example's output; picture-models docs/models.png from the models of the repository
# make spectrum CONFIG=FILE EXTENT="X Y Z T"   the eigenvalues of Wilson's operator on a configuration, and their picture
# make docs       the reference of the header, build/docs/html (Doxygen)
# make install    PREFIX=/usr/local LIBDIR=lib DESTDIR=    LIBDIR is below PREFIX (lib64, lib/x86_64-linux-gnu) or absolute
# make uninstall  PREFIX=/usr/local DESTDIR=               takes away what make install put there, and nothing else
# make dist       build/instanton-VERSION-SYSTEM.tar.gz, the same tree, which works wherever it is unpacked

SYSTEM := $(shell uname -s)
CC ?= cc
CXX ?= c++
FC = gfortran
OBJCOPY ?= $(if $(filter Darwin,$(SYSTEM)),llvm-objcopy,objcopy)
CARGO ?= cargo
# The Python that the system's packages belong to.
PYTHON ?= $(if $(wildcard /usr/bin/python3),/usr/bin/python3,python3)
PREFIX ?= /usr/local
DESTDIR ?=
LIBDIR ?= lib
SECONDS_EACH ?= 15
CONTEXT ?= {threads: 1, precision: 'f32'}
MODEL ?= {type: 'affine', prior: 'spectrum', layers: 8, hidden: [8]}
TRAIN ?= {steps: 12000, batch: 128, learning_rate: 0.01, schedule: 'cosine', warmup: 200, clip: 100}

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
BUILD = build
RELEASE = $(or $(CARGO_TARGET_DIR),target)/release
# The number of the binary interface, in the name that hosts ask the loader for (docs/abi.md).
ABI = 0
LIBRARY = $(BUILD)/lib
ifeq ($(SYSTEM),Darwin)
SHARED = libinstanton.dylib
SHARED_NAME = libinstanton.$(ABI).dylib
SHARED_FILE = libinstanton.$(VERSION).dylib
else
SHARED = libinstanton.so
SHARED_NAME = libinstanton.so.$(ABI)
SHARED_FILE = libinstanton.so.$(VERSION)
endif

WARNINGS = -Wall -Wextra -Werror
CFLAGS ?= -O2 -g
C99 = $(CC) -std=c99 -pedantic $(WARNINGS) $(CFLAGS) -Iinclude
CXX11 = $(CXX) -std=c++11 -pedantic $(WARNINGS) $(CFLAGS) -Iinclude
F2008 = $(FC) -std=f2008 -Wall -Wextra -Werror $(CFLAGS)
# System libraries that the static library needs, as `cargo rustc --lib -- --print native-static-libs` lists them:
# without OpenCL, whose functions the library brings, and without libgcc_s, which compilers link themselves, or
# libgcc_eh where all is to be static.
STATIC_LIBRARIES = $(if $(filter Darwin,$(SYSTEM)),-liconv -lSystem -lc -lm,-lutil -lrt -lpthread -lm -ldl -lc)
# Where all is static, runtimes of Fortran and C++ call functions of threads once there are threads, but do not bring them
# (weak symbols, null): hosts of pkg-config and CMake ask for these by name.
comma = ,
WEAK = cond_broadcast cond_destroy cond_init cond_signal cond_timedwait cond_wait create detach equal getspecific join \
  key_create key_delete mutex_destroy mutex_init mutex_lock mutex_trylock mutex_unlock once self setspecific
HOST_LIBRARIES = $(if $(filter Darwin,$(SYSTEM)),,-Wl$(subst $() ,,$(WEAK:%=$(comma)-u$(comma)pthread_%)) )$(STATIC_LIBRARIES)
# The oldest glibc that the shared library runs with, that of Rust's own (docs/abi.md states it).
GLIBC = 2.17
# The library is found beside the build tree, without LD_LIBRARY_PATH.
LINK = -L$(LIBRARY) -linstanton -lm -Wl,-rpath,$(abspath $(LIBRARY))

TESTS = context lattice action model proposal chain statistics gauge layout ladder dirac pseudofermion bad_input bad_files
TEST_PROGRAMS = $(TESTS:%=$(BUILD)/test_%) $(addprefix $(BUILD)/,test_opencl test_header test_threads test_guest test_watch test_memory static_lattice static_opencl)
VALGRIND = valgrind --quiet --error-exitcode=9 --leak-check=full --show-leak-kinds=definite,indirect \
  --errors-for-leak-kinds=definite,indirect

.PHONY: demo demo-phi4 demo-fortran demo-thaw-fortran test test-plain test-instrumented test-headers test-mpi test-rust test-references test-opencl test-c test-python test-valgrind test-oclgrind test-install test-sanitizers test-fuzz fuzz test-julia docs test-docs bench science race race-unet race-milc train train-layers train-flows train-diffusion fields fortran picture picture-models spectrum abi install uninstall dist library clean
.DELETE_ON_ERROR:

demo: $(BUILD)/thaw_u1
	$(BUILD)/thaw_u1 $(SECONDS_EACH)

demo-phi4: $(BUILD)/hmc_phi4
	$(BUILD)/hmc_phi4 models $(SECONDS_EACH) "$(CONTEXT)" $(BUILD)/tau.txt

demo-fortran: $(BUILD)/hmc_phi4_fortran
	$(BUILD)/hmc_phi4_fortran models $(SECONDS_EACH) "$(CONTEXT)"

demo-thaw-fortran: $(BUILD)/thaw_u1_fortran
	$(BUILD)/thaw_u1_fortran $(SECONDS_EACH)

# Always run: cargo decides whether the library is up to date.
library:
	$(CARGO) build --release --lib

$(RELEASE)/libinstanton.a: library ;

$(BUILD) $(LIBRARY):
	mkdir -p $@

# The static library with its OpenCL functions renamed, so that a host's own OpenCL calls still reach the host's OpenCL.
$(BUILD)/libinstanton.a: $(RELEASE)/libinstanton.a | $(BUILD)
	nm -g --defined-only $< 2>/dev/null | awk '$$2 == "T" && $$3 ~ /^_?cl[A-Z]/ { print $$3, "instanton_" $$3 }' > $@.names
	test -s $@.names
	$(OBJCOPY) --redefine-syms=$@.names $< $@
	rm $@.names

# The shared library, of the same code: symbols listed in src/ffi/instanton.map are exported with their version. It is
# never unloaded (nodelete): a thread that ends later may still run its destructors.
$(LIBRARY)/$(SHARED_FILE): $(BUILD)/libinstanton.a src/ffi/instanton.map $(wildcard packaging/glibc/*) | $(LIBRARY)
ifeq ($(SYSTEM),Darwin)
	sed -n 's/^ *\(inst_[a-z0-9_]*\);$$/_\1/p' src/ffi/instanton.map > $@.names
	$(CC) -dynamiclib -install_name @rpath/$(SHARED_NAME) -current_version $(VERSION) -compatibility_version $(ABI) \
	  -exported_symbols_list $@.names -Wl,-force_load,$< -Wl,-dead_strip -o $@ $(STATIC_LIBRARIES)
	rm $@.names
else
	CC="$(CC)" packaging/glibc/link.sh $< $@ $(SHARED_NAME) src/ffi/instanton.map $(GLIBC)
endif

$(LIBRARY)/$(SHARED): $(LIBRARY)/$(SHARED_FILE)
	ln -sf $(SHARED_FILE) $(LIBRARY)/$(SHARED_NAME)
	ln -sf $(SHARED_NAME) $@

$(BUILD)/hmc_phi4 $(BUILD)/thaw_u1 $(BUILD)/ladder_u1 $(BUILD)/train_phi4 $(BUILD)/train_flow $(BUILD)/train_diffusion $(BUILD)/train_layers $(BUILD)/chain_model $(BUILD)/propagator $(BUILD)/spectrum: $(BUILD)/%: examples/%.c include/instanton.h $(LIBRARY)/$(SHARED) | $(BUILD)
	$(C99) $< -o $@ $(LINK)

# The Fortran module, from source as hosts compile it.
$(BUILD)/fortran/%.o: bindings/fortran/src/%.f90
	mkdir -p $(BUILD)/fortran
	$(F2008) -J$(BUILD)/fortran -c $< -o $@

$(BUILD)/fortran/instanton.o: $(BUILD)/fortran/instanton_c.o
FORTRAN = $(BUILD)/fortran/instanton.o $(BUILD)/fortran/instanton_c.o

$(BUILD)/%_fortran: examples/%.f90 $(FORTRAN) $(LIBRARY)/$(SHARED)
	mkdir -p $(BUILD)/modules/$*
	$(F2008) -I$(BUILD)/fortran -J$(BUILD)/modules/$* $< $(FORTRAN) -o $@ $(LINK)

$(BUILD)/test_fortran: bindings/fortran/test/test_instanton.f90 $(FORTRAN) $(LIBRARY)/$(SHARED)
	mkdir -p $(BUILD)/modules/test
	$(F2008) -I$(BUILD)/fortran -J$(BUILD)/modules/test $< $(FORTRAN) -o $@ $(LINK)

# ---- tests -------------------------------------------------------------------------------------

test:
	scripts/prerequisites.sh
	$(MAKE) -j2 -Oline test-plain test-instrumented

# Two lanes side by side, since a build of one large crate does not keep two cores busy; each has build folders of its own.
test-plain:
	+$(MAKE) -j1 test-rust test-opencl test-oclgrind test-c test-mpi test-python test-install test-julia test-docs

test-instrumented:
	+$(MAKE) -j1 test-sanitizers test-fuzz
	+$(MAKE) -j1 BUILD=$(BUILD)/valgrind test-valgrind

test-rust:
	$(CARGO) test --release

# All tests of models and of training once more, on the first OpenCL device; without those
# whose many programs take minutes to build there; of continuous flows and diffusion models one for each program: there and back, precisions, training.
DEVICE_TESTS = flow::tests::continuous::precisions_and_threads_agree flow::tests::continuous::the_inverse_runs_back \
  flow::tests::diffusion::precisions_and_threads_agree training::tests::diffusion::a_run_with_an_average_goes_on_bit_for_bit \
  training::tests::path_kl::a_run_goes_on_bit_for_bit training::tests::scores::a_run_on_fields_of_a_chain_goes_on_bit_for_bit
test-opencl:
	INSTANTON_TEST_DEVICE=opencl:0 $(CARGO) test --release --lib -- flow:: training:: --skip flow::tests::continuous --skip diffusion \
	  --skip flows_of_all_masks --skip odd_splines --skip path_kl --skip scores
	INSTANTON_TEST_DEVICE=opencl:0 $(CARGO) test --release --lib -- --exact $(DEVICE_TESTS)

# The configurations belong to other codes and are not part of this repository; each test fails where its file is missing.
test-references:
	@test -n "$(DATA)" || { echo "test-references: expected DATA=FOLDER of reference data, got none" >&2; exit 1; }
	@test -d "$(DATA)" || { echo "test-references: expected a folder, got $(DATA)" >&2; exit 1; }
	INSTANTON_DATA="$(abspath $(DATA))" $(CARGO) test --release --test references --test propagators
	$(MAKE) $(BUILD)/propagator $(BUILD)/spectrum
	$(BUILD)/propagator "$(DATA)/chroma/weak_field.lime" 4 4 4 8
	$(BUILD)/spectrum "$(DATA)/chroma/weak_field.lime" 4 4 4 8 8 hermitian

$(BUILD)/test_header: ffi-tests/header.cpp include/instanton.h $(LIBRARY)/$(SHARED) | $(BUILD)
	$(CXX11) $< -o $@ $(LINK)

# The C++ header, from C++17 on.
CXX17 = $(CXX) -std=c++17 -pedantic $(WARNINGS) $(CFLAGS) -Iinclude -Ibindings/cpp/include
$(BUILD)/test_cpp: bindings/cpp/test/test_instanton.cpp bindings/cpp/include/instanton.hpp include/instanton.h $(LIBRARY)/$(SHARED) | $(BUILD)
	$(CXX17) $< -o $@ $(LINK)

$(BUILD)/hmc_phi4_cpp: examples/hmc_phi4.cpp bindings/cpp/include/instanton.hpp include/instanton.h $(LIBRARY)/$(SHARED) | $(BUILD)
	$(CXX17) $< -o $@ $(LINK)

# The glue for a public code, against a stand-in with that code's memory layout (examples/plugin/README.md).
$(BUILD)/test_plugin: $(wildcard examples/plugin/*.?pp) bindings/cpp/include/instanton.hpp include/instanton.h $(LIBRARY)/$(SHARED) | $(BUILD)
	$(CXX17) -Iffi-tests examples/plugin/test_plugin.cpp -o $@ $(LINK)

# Both headers, each included twice, by two compilers in all standards.
test-headers:
	set -e; for compiler in gcc clang; do for standard in c99 c11; do \
	  printf '#include "instanton.h"\n#include "instanton.h"\nint main(void) { return INST_OK; }\n' | \
	  $$compiler -x c -std=$$standard -pedantic $(WARNINGS) -Iinclude -fsyntax-only -; done; done
	set -e; for compiler in g++ clang++; do for standard in c++11 c++14 c++17 c++20; do \
	  printf '#include "instanton.h"\n#include "instanton.h"\nint main() { return INST_OK; }\n' | \
	  $$compiler -x c++ -std=$$standard -pedantic $(WARNINGS) -Iinclude -fsyntax-only -; done; \
	  for standard in c++17 c++20; do $$compiler -std=$$standard -pedantic $(WARNINGS) -Iinclude -Ibindings/cpp/include \
	    -fsyntax-only bindings/cpp/test/test_instanton.cpp examples/hmc_phi4.cpp; done; done

# Tests linked to the static library, as a host without shared libraries does.
$(BUILD)/static_%: ffi-tests/%.c ffi-tests/expect.h include/instanton.h $(BUILD)/libinstanton.a | $(BUILD)
	$(C99) -D_XOPEN_SOURCE=700 $< -o $@ $(BUILD)/libinstanton.a $(STATIC_LIBRARIES)

$(BUILD)/test_%: ffi-tests/%.c ffi-tests/expect.h include/instanton.h $(LIBRARY)/$(SHARED) | $(BUILD)
	$(C99) -D_XOPEN_SOURCE=700 $< -o $@ $(LINK) -lpthread

$(BUILD)/test_guest: CFLAGS += -fopenmp
$(BUILD)/test_guest $(BUILD)/test_threads: ffi-tests/workload.h

# A host that opens the library by dlopen instead of linking it.
$(BUILD)/test_dlopen: ffi-tests/dlopen.c ffi-tests/expect.h include/instanton.h $(LIBRARY)/$(SHARED) | $(BUILD)
	$(C99) -D_XOPEN_SOURCE=700 $< -o $@ -ldl -lm

# A locale whose numbers have a decimal comma.
$(BUILD)/locale/de_DE.UTF-8: | $(BUILD)
	mkdir -p $(BUILD)/locale
	localedef -i de_DE -f UTF-8 $@

# An OpenCL loader whose device gets lost.
$(BUILD)/lost_device.so: ffi-tests/lost_device.c | $(BUILD)
	$(C99) -fPIC -shared $< -o $@ -ldl -Wl,--no-as-needed -l:libOpenCL.so.1

test-c: $(TEST_PROGRAMS) $(BUILD)/test_dlopen $(BUILD)/locale/de_DE.UTF-8 $(BUILD)/lost_device.so $(BUILD)/test_exactness $(BUILD)/hmc_phi4 $(BUILD)/thaw_u1 $(BUILD)/ladder_u1 $(BUILD)/train_phi4 $(BUILD)/train_flow $(BUILD)/train_diffusion $(BUILD)/train_layers $(BUILD)/chain_model $(BUILD)/propagator $(BUILD)/spectrum $(BUILD)/hmc_phi4_fortran $(BUILD)/thaw_u1_fortran $(BUILD)/ladder_u1_fortran $(BUILD)/schwinger_fortran $(BUILD)/test_fortran $(BUILD)/test_cpp $(BUILD)/hmc_phi4_cpp $(BUILD)/test_plugin test-headers
	sh scripts/exports.sh $(LIBRARY)/$(SHARED) src/ffi/instanton.map $(SHARED_NAME) $(GLIBC)
	set -e; for test in $(TEST_PROGRAMS); do LOCPATH=$(abspath $(BUILD)/locale) $$test; done
	$(BUILD)/test_dlopen $(LIBRARY)/$(SHARED_NAME)
	$(BUILD)/test_exactness models
	$(BUILD)/test_exactness models "{seed: 11, device: 'opencl'}"
	$(BUILD)/hmc_phi4 models 0.5
	$(BUILD)/thaw_u1 1
	! $(BUILD)/thaw_u1 0 2>/dev/null
	$(BUILD)/ladder_u1 2000
	! $(BUILD)/ladder_u1 0 2>/dev/null
	$(BUILD)/thaw_u1_fortran 1
	! $(BUILD)/thaw_u1_fortran 0 2>/dev/null
	$(BUILD)/ladder_u1_fortran 2000 6
	! $(BUILD)/ladder_u1_fortran 2000 1 2>/dev/null
	$(BUILD)/hmc_phi4 models 0.5 "{threads: 1, precision: 'f32', device: 'opencl'}"
	$(BUILD)/test_cpp models tests/fields
	$(BUILD)/hmc_phi4_cpp models 20000
	$(BUILD)/test_plugin models
	$(BUILD)/test_fortran models tests/fields
	$(BUILD)/hmc_phi4_fortran models 0.5
	$(BUILD)/schwinger_fortran 4 2.0 0.2 40
	! $(BUILD)/schwinger_fortran 4 2.0 0.2 0 2>/dev/null
	$(BUILD)/train_phi4 4 8 $(BUILD)/trained.safetensors "{type: 'affine', layers: 4}" "{steps: 20}"
	$(BUILD)/train_flow 4 "$(FORM_A), lambda: 8}" $(BUILD)/continuous.safetensors "$(CONTINUOUS)" "{steps: 3}"
	$(BUILD)/train_flow 6 "$(FORM_A), lambda: 6.975}" $(BUILD)/larger.safetensors 4:$(BUILD)/continuous.safetensors "{steps: 2}"
	$(BUILD)/train_flow 4 "$(FORM_KAPPA), kappa: 0.25}" $(BUILD)/stochastic.safetensors "$(STOCHASTIC)" "{steps: 3, $(QUENCH)}"
	$(BUILD)/train_diffusion 4 "$(FORM_KAPPA), kappa: 0.21}" 64 $(BUILD)/diffusion.safetensors "$(SYMMETRIC)" "{steps: 3}" "{type: 'path_ratio', steps: 10}" 20
	$(BUILD)/train_diffusion 8 "$(FORM_KAPPA), kappa: 0.21}" 64 $(BUILD)/larger.safetensors 4:$(BUILD)/diffusion.safetensors "{steps: 2}" "{type: 'learned_langevin', step: 0.05}" 20
	! $(BUILD)/train_diffusion 4 "$(FORM_KAPPA), kappa: 0.21}" 0 $(BUILD)/diffusion.safetensors "$(SYMMETRIC)" 2>/dev/null
	$(BUILD)/train_layers 4 6 $(BUILD)/layers.safetensors "{type: 'stout', group: 'su3', defect: {size: [1, 1, 1]}, steps: 2}" \
	  "{steps: 2, batch: 2, paths: {thermalise: 1}}" "" "{type: 'jarzynski', defect: {size: [1, 1, 1]}, steps: 2}" 10
	$(BUILD)/chain_model 100 2000
	! $(BUILD)/chain_model 0 2>/dev/null

# The glue for MPI, compiled against the MPI of this machine, as hosts compile it.
MPI = bindings/mpi/instanton_mpi.c bindings/mpi/instanton_mpi.h include/instanton.h
MPI_C99 = OMPI_CC="$(CC)" mpicc -std=c99 -pedantic $(WARNINGS) $(CFLAGS) -Iinclude -Ibindings/mpi
$(BUILD)/mpi/instanton_mpi.o: $(MPI)
	mkdir -p $(BUILD)/mpi
	$(MPI_C99) -c $< -o $@

$(BUILD)/test_mpi: bindings/mpi/test/test_mpi.c $(BUILD)/mpi/instanton_mpi.o $(LIBRARY)/$(SHARED)
	$(MPI_C99) $< $(BUILD)/mpi/instanton_mpi.o -o $@ $(LINK)

$(BUILD)/ladder_u1_mpi: examples/ladder_u1.c $(BUILD)/mpi/instanton_mpi.o $(LIBRARY)/$(SHARED)
	$(MPI_C99) -DWITH_MPI $< $(BUILD)/mpi/instanton_mpi.o -o $@ $(LINK)

# The module of MPI itself is no strict Fortran.
$(BUILD)/test_mpi_fortran: bindings/mpi/test/test_mpi.f90 $(BUILD)/mpi/instanton_mpi.o $(FORTRAN) $(LIBRARY)/$(SHARED)
	mkdir -p $(BUILD)/modules/mpi
	OMPI_FC="$(FC)" mpifort -std=f2008 -Wall -Wextra $(CFLAGS) -I$(BUILD)/fortran -J$(BUILD)/modules/mpi $< $(FORTRAN) \
	  $(BUILD)/mpi/instanton_mpi.o -o $@ $(LINK)

# Ladders over 1 to 4 ranks; fails where there is no MPI.
test-mpi: $(BUILD)/test_mpi $(BUILD)/test_mpi_fortran $(BUILD)/ladder_u1 $(BUILD)/ladder_u1_mpi
	bindings/mpi/test/run.sh $(abspath $(BUILD))

# Temporary files of the tests in Python and Julia, and what they run.
TEMPORARY = mkdir -p "$(abspath $(BUILD))/tmp" && TMPDIR="$(abspath $(BUILD))/tmp" INSTANTON_LIBRARY="$(abspath $(LIBRARY)/$(SHARED))"

# The package runs from its sources; a test builds the wheel and uses it elsewhere.
test-python: $(LIBRARY)/$(SHARED)
	$(PYTHON) -c "import numpy, matplotlib"
	cd bindings/python && $(TEMPORARY) $(PYTHON) -B -m unittest discover -s tests
	$(TEMPORARY) PYTHONPATH=bindings/python $(PYTHON) -B bindings/python/examples/hmc_phi4.py models 1

test-julia: $(LIBRARY)/$(SHARED)
	$(TEMPORARY) scripts/julia.sh --project=bindings/julia bindings/julia/test/runtests.jl
	$(TEMPORARY) scripts/julia.sh --project=bindings/julia bindings/julia/examples/hmc_phi4.jl models 1

# The C tests once more, under valgrind: every access to memory checked, and no block left; without OpenCL drivers,
# which fail under it.
test-valgrind: $(TESTS:%=$(BUILD)/test_%)
	set -e; for test in $(TESTS); do INSTANTON_OPENCL=/nonexistent $(VALGRIND) $(BUILD)/test_$$test; done

# Programs on a simulated OpenCL device, in all shapes of work-groups; races and accesses out of bounds are reported.
test-oclgrind:
	scripts/oclgrind.sh

# ---- the rest ----------------------------------------------------------------------------------

bench:
	$(CARGO) bench --quiet --bench rows -- $(ROW)

# The row ladder-scaling starts a program over MPI.
science: $(if $(filter-out ladder-scaling,$(ROW)),,$(BUILD)/ladder_u1_mpi)
	INSTANTON_LADDER="$(abspath $(BUILD))/ladder_u1_mpi" $(PYTHON) scripts/results.py $(CARGO) bench --quiet --bench science -- $(ROW)

race:
	scripts/race.sh

# The scores of the two are compared first, through the Python package.
race-unet: $(LIBRARY)/$(SHARED)
	INSTANTON_LIBRARY="$(abspath $(LIBRARY)/$(SHARED))" scripts/race_unet.sh

race-milc:
	scripts/race_milc.sh $(MILC)

train: $(BUILD)/train_phi4
	$(BUILD)/train_phi4 6 6.975 models/phi4_6x6.safetensors "$(MODEL)" "$(TRAIN)" "{precision: 'f32'}"
	$(BUILD)/train_phi4 8 6.008 models/phi4_8x8.safetensors "$(MODEL)" "$(TRAIN)" "{precision: 'f32'}"
	$(BUILD)/train_phi4 10 5.55 models/phi4_10x10.safetensors "$(MODEL)" "$(TRAIN)" "{precision: 'f32'}"

# Continuous flows from small lattices to large ones, and layers for annealed paths between two kappa.
FORM_A = {type: 'phi4', mass_squared: -4
FORM_KAPPA = {type: 'phi4', form: 'kappa', lambda: 0.022
CRITICAL_POINT = {type: 'phi4', form: 'kappa', lambda: 1, kappa: 0.340301}
CONTINUOUS = {type: 'chain', layers: [{type: 'continuous', channels: 6, harmonics: 8, times: 5, steps: 20}]}
STOCHASTIC = {type: 'chain', layers: [{type: 'affine', repeat: 2, hidden: [8], initial_output: 0.1}, \
  {type: 'affine', repeat: 2, hidden: [8], initial_output: 0.1}, {type: 'affine', repeat: 2, hidden: [8], initial_output: 0.1}, \
  {type: 'affine', repeat: 2, hidden: [8], initial_output: 0.1}]}
QUENCH = annealing: {from: {type: 'chain', couplings: {kappa: 0.2}, thermalise: 50}, kernel: {type: 'hmc', steps: 3, length: 0.6}}
FAST = learning_rate: 0.01, schedule: 'cosine', warmup: 50, clip: 100
FINER = schedule: 'cosine', warmup: 50
SINGLE = {precision: 'f32'}
LARGER = {type: 'chain', layers: [{type: 'continuous', channels: 6, harmonics: 8, times: 5, steps: 14}]}
# Few kernels and steps between two spectra, for samples at little cost.
SMALLER = {type: 'chain', layers: [{type: 'spectrum'}, {type: 'continuous', channels: 3, harmonics: 4, times: 3, steps: 7}, {type: 'spectrum'}]}
# From coarse to fine: 4 x 4 sites, then those between them.
ODD = symmetry: 'odd'
LEVELS = {type: 'chain', layers: [{type: 'affine', extent: 4, repeat: 4, hidden: [8], $(ODD)}, \
  {type: 'spline', extent: 4, repeat: 4, bins: 6, range: 3, hidden: [8, 8], $(ODD)}, \
  {type: 'affine', mask: 'hierarchical', extent: 8, repeat: 4, hidden: [8, 8], $(ODD)}, \
  {type: 'spline', mask: 'hierarchical', extent: 8, repeat: 4, bins: 6, range: 3, hidden: [8, 8], $(ODD)}]}
TRAIN_FLOW = $(BUILD)/train_flow
FINER_STEPS = $(CARGO) run --quiet --release --example finer --
MADE = $(BUILD)/first.safetensors
train-flows: $(BUILD)/train_flow
	$(TRAIN_FLOW) 6 "$(FORM_A), lambda: 6.975}" models/continuous_6.safetensors "$(CONTINUOUS)" "{steps: 1500, batch: 128, $(FAST)}"
	$(TRAIN_FLOW) 12 "$(FORM_A), lambda: 5.276}" $(MADE) 6:models/continuous_6.safetensors "{steps: 1000, batch: 64, $(FAST)}"
	$(TRAIN_FLOW) 12 "$(FORM_A), lambda: 5.276}" models/continuous_12.safetensors 12:$(MADE) \
	  "{steps: 800, batch: 128, learning_rate: 0.005, clip: 100, $(FINER)}" "$(SINGLE)"
	$(TRAIN_FLOW) 20 "$(FORM_A), lambda: 4.807}" $(MADE) 12:models/continuous_12.safetensors \
	  "{steps: 500, batch: 64, learning_rate: 0.005, clip: 100, $(FINER)}" "$(SINGLE)"
	$(TRAIN_FLOW) 20 "$(FORM_A), lambda: 4.807}" $(BUILD)/transferred.safetensors 20:$(MADE) \
	  "{steps: 900, batch: 64, learning_rate: 0.002, clip: 10, $(FINER)}" "$(SINGLE)"
	$(TRAIN_FLOW) 20 "$(FORM_A), lambda: 4.807}" models/continuous_20.safetensors 20:$(BUILD)/transferred.safetensors \
	  "{steps: 1500, batch: 128, learning_rate: 0.0015, clip: 10, $(FINER)}" "$(SINGLE)"
	$(TRAIN_FLOW) 32 "$(FORM_A), lambda: 4.572}" models/continuous_32.safetensors 20:$(BUILD)/transferred.safetensors \
	  "{steps: 700, batch: 32, learning_rate: 0.0015, clip: 10, $(FINER)}" "$(SINGLE)"
	$(TRAIN_FLOW) 8 "$(FORM_KAPPA), kappa: 0.27}" $(MADE) "$(LARGER)" "{steps: 500, batch: 128, $(FAST)}" "$(SINGLE)"
	$(TRAIN_FLOW) 16 "$(FORM_KAPPA), kappa: 0.27}" models/continuous_broken_16.safetensors 8:$(MADE) "{steps: 500, batch: 64, $(FAST)}" "$(SINGLE)"
	$(FINER_STEPS) models/continuous_broken_16.safetensors models/continuous_broken_16.safetensors 16 28
	$(TRAIN_FLOW) 8 "$(CRITICAL_POINT)" models/continuous_critical_8.safetensors "$(LARGER)" "{steps: 600, batch: 128, $(FAST)}" "$(SINGLE)"
	$(TRAIN_FLOW) 16 "$(CRITICAL_POINT)" $(MADE) 8:models/continuous_critical_8.safetensors "{steps: 500, batch: 64, $(FAST)}" "$(SINGLE)"
	$(TRAIN_FLOW) 16 "$(CRITICAL_POINT)" $(MADE) 16:$(MADE) "{steps: 600, batch: 128, learning_rate: 0.006, clip: 10, $(FINER)}" "$(SINGLE)"
	$(TRAIN_FLOW) 32 "$(CRITICAL_POINT)" models/continuous_critical_32.safetensors 16:$(MADE) \
	  "{steps: 500, batch: 32, learning_rate: 0.003, clip: 10, $(FINER)}" "$(SINGLE)"
	$(FINER_STEPS) models/continuous_critical_8.safetensors models/continuous_critical_8.safetensors 8 28
	$(FINER_STEPS) models/continuous_critical_32.safetensors models/continuous_critical_32.safetensors 32 28
	$(TRAIN_FLOW) 6 "$(FORM_A), lambda: 6.975}" models/fast_6.safetensors "$(SMALLER)" "{steps: 1000, batch: 128, $(FAST)}" "$(SINGLE)"
	$(TRAIN_FLOW) 16 "$(FORM_A), lambda: 4.9}" models/fast_16.safetensors 6:models/fast_6.safetensors "{steps: 1500, batch: 64, $(FAST)}" "$(SINGLE)"
	$(TRAIN_FLOW) 32 "$(FORM_A), lambda: 4.572}" $(MADE) 16:models/fast_16.safetensors "{steps: 600, batch: 64, $(FAST)}" "$(SINGLE)"
	$(TRAIN_FLOW) 32 "$(FORM_A), lambda: 4.572}" models/fast_32.safetensors 32:$(MADE) \
	  "{steps: 900, batch: 64, learning_rate: 0.007, clip: 30, $(FINER)}" "$(SINGLE)"
	$(TRAIN_FLOW) 64 "$(FORM_A), lambda: 4.398}" models/fast_64.safetensors 32:models/fast_32.safetensors \
	  "{steps: 400, batch: 64, learning_rate: 0.004, clip: 30, $(FINER)}" "$(SINGLE)"
	set -e; for length in 6 16 32 64; do $(FINER_STEPS) models/fast_$$length.safetensors models/fast_$$length.safetensors $$length 20; done
	$(TRAIN_FLOW) 4 "$(FORM_A), lambda: 8}" $(MADE) "$(LEVELS)" "{steps: 1000, batch: 256, learning_rate: 0.01, clip: 10, $(FINER)}" "$(SINGLE)"
	$(TRAIN_FLOW) 8 "$(FORM_A), lambda: 8}" models/multilevel_8.safetensors 4:$(MADE) \
	  "{steps: 1500, batch: 128, learning_rate: 0.006, clip: 10, $(FINER)}" "$(SINGLE)"
	$(TRAIN_FLOW) 8 "$(FORM_KAPPA), kappa: 0.25}" models/stochastic_8.safetensors "$(STOCHASTIC)" "{steps: 1500, batch: 64, $(FAST), $(QUENCH)}"

# Diffusion models: of the symmetric phase, from a small lattice to a larger one, and from 1024 fields alone; of the broken phase with a
# U-Net, which sees the whole lattice; and one near the transition that is local, for lattices of all extents.
LOCAL = {type: 'convolutional', hidden: [16], times: 8, symmetry: 'odd', forces: true}
GAUSSIAN = {type: 'spectral', channels: 2, harmonics: 2, times: 8}
GLOBAL = {type: 'unet', channels: [4, 8, 8, 8], groups: 2, times: 8, symmetry: 'odd'}
SYMMETRIC = {type: 'diffusion', sigma_min: 0.05, sigma_max: 6, width: 0.8, steps: 32, network: {type: 'sum', networks: [$(GAUSSIAN), $(LOCAL)]}}
FEW = {type: 'diffusion', sigma_min: 0.08, sigma_max: 6, width: 0.75, steps: 32, network: {type: 'sum', networks: [$(GAUSSIAN), $(LOCAL)]}}
BROKEN = {type: 'diffusion', sigma_min: 0.08, sigma_max: 40, width: 0.75, steps: 32, network: {type: 'sum', networks: [$(GAUSSIAN), $(LOCAL), $(GLOBAL)]}}
CRITICAL = {type: 'diffusion', sigma_min: 0.02, sigma_max: 10, network: {type: 'convolutional', hidden: [8], times: 8, symmetry: 'odd', forces: true}}
DENOISING = schedule: 'cosine', average: 0.999, clip: 1
DIFFUSED = "{type: 'path_ratio', steps: 100}" 500 "$(CONTEXT)"
train-diffusion: $(BUILD)/train_diffusion
	$(BUILD)/train_diffusion 8 "$(FORM_KAPPA), kappa: 0.21}" 32768 $(BUILD)/diffusion_8.safetensors "$(SYMMETRIC)" "{steps: 12000, batch: 128, learning_rate: 0.01, $(DENOISING)}" $(DIFFUSED)
	$(BUILD)/train_diffusion 16 "$(FORM_KAPPA), kappa: 0.21}" 8192 models/diffusion_16.safetensors 8:$(BUILD)/diffusion_8.safetensors "{steps: 3000, batch: 64, learning_rate: 0.003, $(DENOISING)}" $(DIFFUSED)
	$(BUILD)/train_diffusion 32 "$(FORM_KAPPA), kappa: 0.21}" 1024 models/diffusion_32.safetensors "$(FEW)" "{steps: 6000, batch: 16, learning_rate: 0.01, $(DENOISING)}" $(DIFFUSED)
	$(BUILD)/train_diffusion 16 "$(FORM_KAPPA), kappa: 0.27}" 8192 models/diffusion_broken_16.safetensors "$(BROKEN)" "{steps: 2500, batch: 64, learning_rate: 0.01, $(DENOISING)}" $(DIFFUSED)
	$(BUILD)/train_diffusion 8 "$(FORM_KAPPA), kappa: 0.2705}" 16384 models/diffusion_critical_8.safetensors "$(CRITICAL)" "{steps: 4000, batch: 128, learning_rate: 0.01, $(DENOISING)}" \
	  "{type: 'learned_langevin', step: 0.003125, time: 0.0001}" 4000 "$(CONTEXT)"

# Layers for 4 replicas with 6 switches on 8^4 sites at beta = 6, and for paths through a larger defect, both from smaller lattices.
SWITCHES = {type: 'stout', group: 'su3', defect: {size: [2, 2, 2]}, steps: 5, loops: ['plaquette', 'rectangle', 'chair']}
PATHS = {type: 'stout', group: 'su3', defect: {size: [4, 4, 4]}, steps: 6}
REPLICAS = {type: 'tempering', defect: {size: [2, 2, 2]}, strengths: [1, 0.6666666666666667, 0.3333333333333333, 0], \
  sweep: {type: 'heatbath', overrelaxation: 4}, switches: 6, start: 'hot'}
train-layers: $(BUILD)/train_layers
	$(BUILD)/train_layers 4 6.0 models/stout_su3.safetensors "$(SWITCHES)" "{optimiser: 'least_squares', steps: 5, \
	  batch: 1600, paths: {steps: 18, overrelaxation: 4}}"
	$(BUILD)/train_layers 8 6.0 models/stout_su3.safetensors "" - "" "$(REPLICAS)" 300
	$(BUILD)/train_layers 6 6.0 models/stout_su3_4.safetensors "$(PATHS)" "{optimiser: 'least_squares', steps: 12, \
	  batch: 400, paths: {steps: 12, overrelaxation: 1, thermalise: 50}}"

fortran:
	INSTANTON_WRITE=1 $(CARGO) test --release --test fortran

abi:
	INSTANTON_WRITE=1 $(CARGO) test --release --test abi

fields:
	$(CARGO) test --release --test make_fields write_the_fields

picture: demo-phi4
	python3 examples/plot_tau.py $(BUILD)/tau.txt docs/tau.png

picture-models: $(LIBRARY)/$(SHARED)
	python3 examples/plot_models.py $(LIBRARY)/$(SHARED) models docs/models.png

# COUNT values instead of all: make spectrum CONFIG=FILE EXTENT="8 8 8 16" COUNT=40
spectrum: $(BUILD)/spectrum
	@test -n "$(CONFIG)" -a -n "$(EXTENT)" || { echo "spectrum: expected CONFIG=FILE and EXTENT=\"X Y Z T\"" >&2; exit 1; }
	$(BUILD)/spectrum "$(CONFIG)" $(EXTENT) $(or $(COUNT),0) $(OF) > $(BUILD)/spectrum.txt
	python3 examples/plot_spectrum.py $(BUILD)/spectrum.txt $(BUILD)/spectrum.png

# By scripts, which cope with any characters in the names of folders.
PLACES = PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)'
install: $(LIBRARY)/$(SHARED) $(BUILD)/libinstanton.a
	$(PLACES) LIBDIR='$(LIBDIR)' VERSION='$(VERSION)' ABI='$(ABI)' SHARED='$(SHARED)' SHARED_NAME='$(SHARED_NAME)' \
	  SHARED_FILE='$(SHARED_FILE)' STATIC_LIBRARIES='$(strip $(HOST_LIBRARIES))' packaging/install.sh $(BUILD)

uninstall:
	$(PLACES) packaging/uninstall.sh

NAME = instanton-$(VERSION)-$(shell uname -m)-$(shell uname -s | tr A-Z a-z)
dist:
	rm -rf $(BUILD)/dist
	$(MAKE) install DESTDIR=$(abspath $(BUILD))/dist PREFIX=/$(NAME) LIBDIR=lib
	tar -C $(BUILD)/dist -czf $(BUILD)/$(NAME).tar.gz.new $(NAME)
	mv $(BUILD)/$(NAME).tar.gz.new $(BUILD)/$(NAME).tar.gz

# AddressSanitizer and ThreadSanitizer, with the library instrumented.
test-sanitizers:
	scripts/sanitizers.sh

# Fuzzing of all readers of text and files, SECONDS for each target; the tests take twenty seconds for each.
SECONDS ?= 600
fuzz:
	scripts/fuzz.sh $(SECONDS)

test-fuzz:
	scripts/fuzz.sh 20

docs:
	mkdir -p $(BUILD)/docs
	INSTANTON_VERSION=$(VERSION) doxygen docs/Doxyfile

# Checks that the reference is made without warnings and has every function of the header.
test-docs: docs
	sed -n 's/^ *\(inst_[a-z0-9_]*\);$$/\1/p' src/ffi/instanton.map | while read -r name; do \
	  grep -qF "<name>$$name</name>" $(BUILD)/docs/xml/group__*.xml $(BUILD)/docs/xml/instanton_8h.xml || { echo "docs: $$name is not in the reference" >&2; exit 1; }; done

# Hosts outside the source tree use the installed library without Rust: by pkg-config, by CMake and the bare archive.
test-install: dist
	packaging/test/run.sh $(abspath $(BUILD)/$(NAME).tar.gz)
	packaging/test/places.sh

clean:
	rm -rf $(BUILD)
	$(CARGO) clean
