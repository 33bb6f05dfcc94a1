"""The wheel holds the shared library that the environment variable INSTANTON_LIBRARY names.

No Python code is compiled: one wheel serves every Python 3 on its platform.
"""

import os
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


class BuildWithLibrary(build_py):
    """Copies the library beside the modules; an editable installation finds it by INSTANTON_LIBRARY when it runs."""

    def run(self):
        super().run()
        if not getattr(self, "editable_mode", False):
            named = os.environ.get("INSTANTON_LIBRARY", "")
            if not Path(named).is_file():
                raise SystemExit("instanton: expected the path of the shared library in the environment variable "
                                 f"INSTANTON_LIBRARY, got {named!r}, which is no file")
            shutil.copyfile(named, Path(self.build_lib, "instanton", FILE_NAME))


class PlatformWheel(bdist_wheel):
    """py3-none-<platform>."""

    def get_tag(self):
        return "py3", "none", super().get_tag()[2]


class PlatformDistribution(Distribution):
    """Belongs to a platform although it has no extension modules."""

    def has_ext_modules(self):
        return True


setup(cmdclass={"build_py": BuildWithLibrary, "bdist_wheel": PlatformWheel}, distclass=PlatformDistribution)
