# make demo       the example: a hybrid Monte Carlo code with learned proposals (Rust and a C compiler)
# make test       everything that can be checked; installs what that needs
# make test-references DATA=FOLDER   real gauge configurations against the numbers of the codes that made them
# make bench      all benchmark rows, or one: make bench ROW=affine-sample-f32
# make race       the same network in JAX and PyTorch against the benchmark rows
# make train      trains the models of the repository again (they are written to models/)
# make fields     the small gauge fields of the tests again, in every format (they are written to tests/fields/)
# make fortran    the Fortran modules again, from the header and a template
# make picture    docs/tau.png from the example's output
# make spectrum CONFIG=FILE EXTENT="X Y Z T"   the eigenvalues of Wilson's operator on a configuration, and their picture
# make install    PREFIX=/usr/local DESTDIR=

SYSTEM := $(shell uname -s)
CC ?= cc
CXX ?= c++
FC = gfortran
OBJCOPY ?= $(if $(filter Darwin,$(SYSTEM)),llvm-objcopy,objcopy)
CARGO ?= cargo
# The one that the system's packages belong to.
PYTHON ?= $(if $(wildcard /usr/bin/python3),/usr/bin/python3,python3)
PREFIX ?= /usr/local
DESTDIR ?=
SECONDS_EACH ?= 15
CONTEXT ?= {threads: 1, precision: 'f32'}
MODEL ?= {type: 'affine', prior: 'spectrum', layers: 8, hidden: [8]}
TRAIN ?= {steps: 12000, batch: 128, learning_rate: 0.01, schedule: 'cosine', warmup: 200, clip: 100}

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
BUILD = build
RELEASE = $(or $(CARGO_TARGET_DIR),target)/release
SHARED = $(if $(filter Darwin,$(SYSTEM)),libinstanton.dylib,libinstanton.so)

WARNINGS = -Wall -Wextra -Werror
CFLAGS ?= -O2 -g
C99 = $(CC) -std=c99 -pedantic $(WARNINGS) $(CFLAGS) -Iinclude
CXX11 = $(CXX) -std=c++11 -pedantic $(WARNINGS) $(CFLAGS) -Iinclude
F2008 = $(FC) -std=f2008 -Wall -Wextra -Werror $(CFLAGS)
# What `cargo rustc --lib -- --print native-static-libs` says, without OpenCL, whose functions the library brings.
STATIC_LIBRARIES = $(if $(filter Darwin,$(SYSTEM)),-liconv -lSystem -lc -lm,-lgcc_s -lutil -lrt -lpthread -lm -ldl -lc)
# The library is found beside the build tree, without LD_LIBRARY_PATH.
LINK = -L$(RELEASE) -linstanton -lm -Wl,-rpath,$(abspath $(RELEASE))

TESTS = context lattice action model proposal chain statistics gauge layout dirac pseudofermion bad_input bad_files
TEST_PROGRAMS = $(TESTS:%=$(BUILD)/test_%) $(addprefix $(BUILD)/,test_opencl test_header static_lattice static_opencl)
VALGRIND = valgrind --quiet --error-exitcode=9 --leak-check=full --show-leak-kinds=definite,indirect \
  --errors-for-leak-kinds=definite,indirect

.PHONY: demo demo-fortran test test-headers test-rust test-references test-opencl test-c test-python test-valgrind test-oclgrind bench race train fields fortran picture spectrum install library clean
.DELETE_ON_ERROR:

demo: $(BUILD)/hmc_phi4
	$(BUILD)/hmc_phi4 models $(SECONDS_EACH) "$(CONTEXT)" $(BUILD)/tau.txt

demo-fortran: $(BUILD)/hmc_phi4_fortran
	$(BUILD)/hmc_phi4_fortran models $(SECONDS_EACH) "$(CONTEXT)"

# Cargo knows best whether the library is up to date.
library:
	$(CARGO) build --release --lib

$(RELEASE)/$(SHARED) $(RELEASE)/libinstanton.a: library ;

$(BUILD):
	mkdir -p $(BUILD)

# The static library whose functions of OpenCL have names of their own, so that a host's calls go where they went before.
$(BUILD)/libinstanton.a: $(RELEASE)/libinstanton.a | $(BUILD)
	nm -g --defined-only $< 2>/dev/null | awk '$$2 == "T" && $$3 ~ /^_?cl[A-Z]/ { print $$3, "instanton_" $$3 }' > $@.names
	test -s $@.names
	$(OBJCOPY) --redefine-syms=$@.names $< $@
	rm $@.names

$(BUILD)/hmc_phi4 $(BUILD)/train_phi4 $(BUILD)/propagator $(BUILD)/spectrum: $(BUILD)/%: examples/%.c include/instanton.h $(RELEASE)/$(SHARED) | $(BUILD)
	$(C99) $< -o $@ $(LINK)

# The Fortran module, from source as hosts compile it.
$(BUILD)/fortran/%.o: bindings/fortran/src/%.f90
	mkdir -p $(BUILD)/fortran
	$(F2008) -J$(BUILD)/fortran -c $< -o $@

$(BUILD)/fortran/instanton.o: $(BUILD)/fortran/instanton_c.o
FORTRAN = $(BUILD)/fortran/instanton.o $(BUILD)/fortran/instanton_c.o

$(BUILD)/%_fortran: examples/%.f90 $(FORTRAN) $(RELEASE)/$(SHARED)
	mkdir -p $(BUILD)/modules/$*
	$(F2008) -I$(BUILD)/fortran -J$(BUILD)/modules/$* $< $(FORTRAN) -o $@ $(LINK)

$(BUILD)/test_fortran: bindings/fortran/test/test_instanton.f90 $(FORTRAN) $(RELEASE)/$(SHARED)
	mkdir -p $(BUILD)/modules/test
	$(F2008) -I$(BUILD)/fortran -J$(BUILD)/modules/test $< $(FORTRAN) -o $@ $(LINK)

# ---- tests -------------------------------------------------------------------------------------

test:
	scripts/prerequisites.sh
	$(MAKE) test-rust test-opencl test-oclgrind test-c test-python test-valgrind

test-rust:
	$(CARGO) test --release

# All tests of models and of training once more, on the first OpenCL device.
test-opencl:
	INSTANTON_TEST_DEVICE=opencl:0 $(CARGO) test --release --lib -- flow:: training::

# The configurations belong to other codes and are not part of this repository; each test fails where its file is missing.
test-references:
	@test -n "$(DATA)" || { echo "test-references: expected DATA=FOLDER of reference data, got none" >&2; exit 1; }
	@test -d "$(DATA)" || { echo "test-references: expected a folder, got $(DATA)" >&2; exit 1; }
	INSTANTON_DATA="$(abspath $(DATA))" $(CARGO) test --release --test references --test propagators
	$(MAKE) $(BUILD)/propagator $(BUILD)/spectrum
	$(BUILD)/propagator "$(DATA)/chroma/weak_field.lime" 4 4 4 8
	$(BUILD)/spectrum "$(DATA)/chroma/weak_field.lime" 4 4 4 8 8 hermitian

$(BUILD)/test_header: ffi-tests/header.cpp include/instanton.h $(RELEASE)/$(SHARED) | $(BUILD)
	$(CXX11) $< -o $@ $(LINK)

# The C++ header, from C++17 on.
CXX17 = $(CXX) -std=c++17 -pedantic $(WARNINGS) $(CFLAGS) -Iinclude -Ibindings/cpp/include
$(BUILD)/test_cpp: bindings/cpp/test/test_instanton.cpp bindings/cpp/include/instanton.hpp include/instanton.h $(RELEASE)/$(SHARED) | $(BUILD)
	$(CXX17) $< -o $@ $(LINK)

$(BUILD)/hmc_phi4_cpp: examples/hmc_phi4.cpp bindings/cpp/include/instanton.hpp include/instanton.h $(RELEASE)/$(SHARED) | $(BUILD)
	$(CXX17) $< -o $@ $(LINK)

# Both headers, met twice, by two compilers in all standards.
test-headers:
	set -e; for compiler in gcc clang; do for standard in c99 c11; do \
	  printf '#include "instanton.h"\n#include "instanton.h"\nint main(void) { return INST_OK; }\n' | \
	  $$compiler -x c -std=$$standard -pedantic $(WARNINGS) -Iinclude -fsyntax-only -; done; done
	set -e; for compiler in g++ clang++; do for standard in c++11 c++14 c++17 c++20; do \
	  printf '#include "instanton.h"\n#include "instanton.h"\nint main() { return INST_OK; }\n' | \
	  $$compiler -x c++ -std=$$standard -pedantic $(WARNINGS) -Iinclude -fsyntax-only -; done; \
	  for standard in c++17 c++20; do $$compiler -std=$$standard -pedantic $(WARNINGS) -Iinclude -Ibindings/cpp/include \
	    -fsyntax-only bindings/cpp/test/test_instanton.cpp examples/hmc_phi4.cpp; done; done

# Linked to the static library, as a host without shared libraries does.
$(BUILD)/static_%: ffi-tests/%.c ffi-tests/expect.h include/instanton.h $(BUILD)/libinstanton.a | $(BUILD)
	$(C99) -D_XOPEN_SOURCE=700 $< -o $@ $(BUILD)/libinstanton.a $(STATIC_LIBRARIES)

$(BUILD)/test_%: ffi-tests/%.c ffi-tests/expect.h include/instanton.h $(RELEASE)/$(SHARED) | $(BUILD)
	$(C99) -D_XOPEN_SOURCE=700 $< -o $@ $(LINK) -lpthread

# A loader of OpenCL that loses its device.
$(BUILD)/lost_device.so: ffi-tests/lost_device.c | $(BUILD)
	$(C99) -fPIC -shared $< -o $@ -ldl -Wl,--no-as-needed -l:libOpenCL.so.1

test-c: $(TEST_PROGRAMS) $(BUILD)/lost_device.so $(BUILD)/test_exactness $(BUILD)/hmc_phi4 $(BUILD)/train_phi4 $(BUILD)/propagator $(BUILD)/spectrum $(BUILD)/hmc_phi4_fortran $(BUILD)/schwinger_fortran $(BUILD)/test_fortran $(BUILD)/test_cpp $(BUILD)/hmc_phi4_cpp test-headers
	sh scripts/exports.sh $(RELEASE)/$(SHARED)
	set -e; for test in $(TEST_PROGRAMS); do $$test; done
	$(BUILD)/test_exactness models
	$(BUILD)/test_exactness models "{seed: 11, device: 'opencl'}"
	$(BUILD)/hmc_phi4 models 0.5
	$(BUILD)/hmc_phi4 models 0.5 "{threads: 1, precision: 'f32', device: 'opencl'}"
	$(BUILD)/test_cpp models tests/fields
	$(BUILD)/hmc_phi4_cpp models 20000
	$(BUILD)/test_fortran models tests/fields
	$(BUILD)/hmc_phi4_fortran models 0.5
	$(BUILD)/schwinger_fortran 4 2.0 0.2 40
	! $(BUILD)/schwinger_fortran 4 2.0 0.2 0 2>/dev/null
	$(BUILD)/train_phi4 4 8 $(BUILD)/trained.safetensors "{type: 'affine', layers: 4}" "{steps: 20}"

# The package runs from its sources; a test builds the wheel and uses it elsewhere.
test-python: library
	cd bindings/python && INSTANTON_LIBRARY="$(abspath $(RELEASE)/$(SHARED))" $(PYTHON) -B -m unittest discover -s tests
	INSTANTON_LIBRARY="$(abspath $(RELEASE)/$(SHARED))" PYTHONPATH=bindings/python \
	  $(PYTHON) -B bindings/python/examples/hmc_phi4.py models 1

# The C tests once more, with every access to memory checked and every block accounted for; without the drivers of
# OpenCL, which do not stand that.
test-valgrind: $(TESTS:%=$(BUILD)/test_%)
	set -e; for test in $(TESTS); do INSTANTON_OPENCL=/nonexistent $(VALGRIND) $(BUILD)/test_$$test; done

# Programs on a simulated OpenCL device, in all shapes, with races and accesses out of bounds noted.
test-oclgrind:
	scripts/oclgrind.sh

# ---- the rest ----------------------------------------------------------------------------------

bench:
	$(CARGO) bench --quiet --bench rows -- $(ROW)

race:
	scripts/race.sh

train: $(BUILD)/train_phi4
	$(BUILD)/train_phi4 6 6.975 models/phi4_6x6.safetensors "$(MODEL)" "$(TRAIN)" "{precision: 'f32'}"
	$(BUILD)/train_phi4 8 6.008 models/phi4_8x8.safetensors "$(MODEL)" "$(TRAIN)" "{precision: 'f32'}"
	$(BUILD)/train_phi4 10 5.55 models/phi4_10x10.safetensors "$(MODEL)" "$(TRAIN)" "{precision: 'f32'}"

fortran:
	INSTANTON_WRITE=1 $(CARGO) test --release --test fortran

fields:
	$(CARGO) test --release --test make_fields write_the_fields

picture: demo
	python3 examples/plot_tau.py $(BUILD)/tau.txt docs/tau.png

# COUNT values instead of all: make spectrum CONFIG=FILE EXTENT="8 8 8 16" COUNT=40
spectrum: $(BUILD)/spectrum
	@test -n "$(CONFIG)" -a -n "$(EXTENT)" || { echo "spectrum: expected CONFIG=FILE and EXTENT=\"X Y Z T\"" >&2; exit 1; }
	$(BUILD)/spectrum "$(CONFIG)" $(EXTENT) $(or $(COUNT),0) $(OF) > $(BUILD)/spectrum.txt
	python3 examples/plot_spectrum.py $(BUILD)/spectrum.txt $(BUILD)/spectrum.png

install: library $(BUILD)/libinstanton.a
	mkdir -p $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/include $(DESTDIR)$(PREFIX)/share/instanton/fortran
	install -m 644 models/*.safetensors $(DESTDIR)$(PREFIX)/share/instanton/
	install -m 644 bindings/fortran/src/*.f90 $(DESTDIR)$(PREFIX)/share/instanton/fortran/
	install -m 644 include/instanton.h bindings/cpp/include/instanton.hpp $(DESTDIR)$(PREFIX)/include/
	install -m 644 $(BUILD)/libinstanton.a $(DESTDIR)$(PREFIX)/lib/
	install -m 755 $(RELEASE)/$(SHARED) $(DESTDIR)$(PREFIX)/lib/
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' -e 's|@PRIVATE@|$(STATIC_LIBRARIES)|' \
	  instanton.pc.in > $(DESTDIR)$(PREFIX)/lib/pkgconfig/instanton.pc

clean:
	rm -rf $(BUILD)
	$(CARGO) clean
