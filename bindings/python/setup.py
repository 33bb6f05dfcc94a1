"""The wheel holds the shared library that the environment variable INSTANTON_LIBRARY names.

No Python code is compiled: one wheel serves every Python 3 on its platform. On Linux the tag of the platform has the oldest
glibc that the library runs with, as PEP 600 gives it (manylinux_2_17_x86_64): the newest version that its symbols ask for.
"""

import os
import re
import shutil
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.dist import Distribution

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:
    from wheel.bdist_wheel import bdist_wheel

FILE_NAME = "libinstanton.dylib" if sys.platform == "darwin" else "libinstanton.so"


def library():
    """The shared library that the environment variable names."""
    named = os.environ.get("INSTANTON_LIBRARY", "")
    if not Path(named).is_file():
        raise SystemExit("instanton: expected the path of the shared library in the environment variable "
                         f"INSTANTON_LIBRARY, got {named!r}, which is no file")
    return Path(named)


def glibc(contents):
    """The newest minor version of glibc 2 among the versions of symbols that a library names; None where there is none."""
    return max((int(minor) for minor in re.findall(rb"\0GLIBC_2\.(\d+)(?:\.\d+)?(?=\0)", contents)), default=None)


def platform(linux, contents):
    """The tag for a library: that of a glibc instead of any Linux; of 2.17 also by its name before PEP 600."""
    newest = glibc(contents) if linux.startswith("linux_") else None
    if newest is None:
        return linux
    machine = linux[len("linux_"):]
    older = f".manylinux2014_{machine}" if newest == 17 else ""
    return f"manylinux_2_{newest}_{machine}{older}"


class BuildWithLibrary(build_py):
    """Copies the library beside the modules; an editable installation finds it by INSTANTON_LIBRARY when it runs."""

    def run(self):
        super().run()
        if not getattr(self, "editable_mode", False):
            shutil.copyfile(library(), Path(self.build_lib, "instanton", FILE_NAME))


class PlatformWheel(bdist_wheel):
    """py3-none-<platform>."""

    def get_tag(self):
        return "py3", "none", platform(super().get_tag()[2], library().read_bytes())


class PlatformDistribution(Distribution):
    """Belongs to a platform although it has no extension modules."""

    def has_ext_modules(self):
        return True


setup(cmdclass={"build_py": BuildWithLibrary, "bdist_wheel": PlatformWheel}, distclass=PlatformDistribution)
