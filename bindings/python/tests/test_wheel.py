"""The wheel is one of its platform, holds the library, and works in an environment of its own."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

from instanton import _library

PROJECT = Path(__file__).resolve().parents[1]
PROGRAM = ("import instanton, pathlib\n"
           "lattice = instanton.Lattice(instanton.Context(threads=1), (4, 4))\n"
           "print(instanton._library.candidates()[0] == str(pathlib.Path(instanton.__file__).with_name("
           "instanton._library.FILE_NAME)), instanton.Model(lattice).sample(0, 2).fields.shape)\n")


def newest_glibc(library):
    """The newest minor version of glibc 2 that the loader will ask for."""
    needed = subprocess.run(["readelf", "-VW", library], check=True, capture_output=True, text=True).stdout
    return max(int(minor) for minor in re.findall(r"Name: GLIBC_2\.(\d+)", needed))


class Wheel(unittest.TestCase):
    def build(self, folder, library):
        source = Path(folder, "source")
        shutil.copytree(PROJECT, source, ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
        command = [sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "--wheel-dir", folder,
                   source]
        return subprocess.run(command, env={**os.environ, "INSTANTON_LIBRARY": library}, capture_output=True, text=True)

    def test_it_is_built_and_used(self):
        [library] = _library.candidates()
        with tempfile.TemporaryDirectory() as folder:
            built = self.build(folder, str(Path(library).resolve()))
            self.assertEqual(built.returncode, 0, built.stderr)
            [wheel] = Path(folder).glob("*.whl")
            self.assertRegex(wheel.name, r"^instanton-[0-9.]+-py3-none-(?!any)[\w.]+\.whl$")
            if sys.platform == "linux":
                self.assertEqual(re.findall(r"manylinux_2_(\d+)_", wheel.name), [str(newest_glibc(library))])
            names = zipfile.ZipFile(wheel).namelist()
            self.assertIn(f"instanton/{_library.FILE_NAME}", names)
            self.assertIn("instanton/py.typed", names)
            self.assertFalse([name for name in names if name.startswith("tests")])
            site = Path(folder, "site")
            command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target", site, wheel]
            subprocess.run(command, check=True, capture_output=True)
            environment = {**os.environ, "PYTHONPATH": str(site)}
            environment.pop("INSTANTON_LIBRARY", None)
            used = subprocess.run([sys.executable, "-c", PROGRAM], cwd=folder, env=environment, capture_output=True,
                                  text=True)
            self.assertEqual((used.stdout, used.stderr), ("True (2, 4, 4)\n", ""))

    def test_without_the_library_it_says_what_is_missing(self):
        with tempfile.TemporaryDirectory() as folder:
            built = self.build(folder, str(Path(folder, "nowhere.so")))
            self.assertNotEqual(built.returncode, 0)
            self.assertIn("expected the path of the shared library in the environment variable INSTANTON_LIBRARY",
                          built.stdout + built.stderr)


if __name__ == "__main__":
    unittest.main()
