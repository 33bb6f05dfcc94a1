#!/usr/bin/env python3
"""Runs the referee and writes docs/results.md with its pictures.

usage: results.py COMMAND...

COMMAND prints the lines of benches/science.rs. They are shown as they come, and each row is written to docs/results.md when
it is done, completely or not at all. Rows that are not measured, and the one that a run is stopped in, stay as they are where
COMMAND still declares their set-ups and references; others are dropped. Where matplotlib is not there, it is installed in a
virtual environment under build/ first.
"""

import contextlib
import datetime
import os
import platform
import re
import string
import subprocess
import sys
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
sys.path.insert(0, os.path.join(ROOT, "examples"))
from plot_tau import with_matplotlib  # noqa: E402

PAGE = os.path.join(ROOT, "docs", "results.md")
HEAD = """# Figures of physics

Made by `make science` (all rows, several hours, most of them for SU(3) in four dimensions) or `make science ROW=name`; rows that a run leaves out stay as they are
while their set-ups and references are those of the code.
The set-ups are in `benches/science/`; short forms of the rows are in the tests. A row with several set-ups has one more line,
under its own name: that of the set-up that falls shortest of its reference.

"""
SET_UPS = """## Theories

Names of figures end with the name of a set-up: L and λ, or L and β for links (κ and free fields are named). What may follow it is
said in the row. Actions:

"""
SET_UP_COLUMNS = "| set-up | fields | action | couplings | lattice | exact values from |\n|---|---|---|---|---|---|\n"
KINDS = {"pull": "(value - reference) / error", "quality": "value / reference", "cost": "value / reference: cheaper"}
COLUMNS = "| figure | value | error | reference | from | {} | machine, date |\n|---|---|---|---|---|---|---|\n"


def machine(instructions):
    """CPU model, instruction set and cores."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    except OSError:
        pass
    return f"{model}, {instructions}, {os.cpu_count()} cores"


def replace(path, write):
    """Makes a file in the place of another: `write` is given the name of a temporary one beside it, which is renamed when done."""
    number, new = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".", suffix=os.path.splitext(path)[1])
    os.close(number)
    try:
        write(new)
        with open(new, "rb") as done:
            os.fsync(done.fileno())
        os.chmod(new, 0o644)
        os.replace(new, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(new)


class Page:
    """The tables of the page: groups of rows, each with a sentence and the lines of its figures."""

    def __init__(self):
        self.machines, self.groups, self.orders, self.actions, self.set_ups = {}, {}, [], [], []
        # References by rows and figures; None where they are measured.
        self.declared = {}
        if os.path.exists(PAGE):
            with open(PAGE, encoding="utf-8") as text:
                self.read(text.read())

    def read(self, text):
        """Takes the machines and rows of a page that was written before."""
        self.machines = {name: letter for letter, name in re.findall(r"^\* machine ([A-Z]+): (.*)$", text, re.MULTILINE)}
        group = row = None
        for line in text.splitlines():
            if line.startswith("## "):
                group, row = line[3:], None
            elif found := re.match(r"\*\*([\w-]+)\*\* (.*)$", line):
                row = {"about": found[2], "lines": []}
                self.groups.setdefault(group, {})[found[1]] = row
            elif row and line.startswith("| ") and not line.startswith("| figure"):
                cells = [cell.strip() for cell in line.strip("|").split("|")]
                row["lines"].append(cells)

    def letter(self, name):
        """The short name of a machine."""
        free = next(letter for letter in string.ascii_uppercase if letter not in self.machines.values())
        return self.machines.setdefault(name, free)

    def put(self, group, name, about, lines):
        """Puts a row in the place of what was measured before."""
        self.groups.setdefault(group, {})[name] = {"about": about, "lines": lines}

    def is_declared(self, group, name, row):
        """True where the lines of a row are those of the set-ups that the bench declares, with their references."""
        declared, lines = self.declared.get(name, {}), of_set_ups(row)
        if [line[0] for line in lines] != list(declared):
            return False
        known = [(line[3], declared[line[0]]) for line in lines if declared[line[0]] is not None]
        return all(shown == rounded(reference, group) for shown, reference in known)

    def drop_old(self):
        """Puts groups and rows in the order of the bench and drops those that it cannot print any more."""
        old, self.groups = self.groups, {group: {} for group, _ in self.orders}
        for group, names in self.orders:
            rows = old.get(group, {})
            self.groups[group] = {name: rows[name] for name in names.split()
                                  if name in rows and self.is_declared(group, name, rows[name])}
        left = {name for rows in self.groups.values() for name in rows}
        for name in (name for rows in old.values() for name in rows if name not in left):
            print(f"results: {name} is dropped: its lines are not those that the bench declares", file=sys.stderr)

    def write(self):
        """Writes the page."""
        self.drop_old()
        # Machines whose lines were all measured anew are left out.
        used = {line[-1].split(",")[0] for rows in self.groups.values() for row in rows.values() for line in row["lines"]}
        machines = [(name, letter) for name, letter in self.machines.items() if letter in used]
        text = HEAD + "".join(f"* machine {letter}: {name}\n" for name, letter in machines)
        text += "\n" + SET_UPS + "".join(f"* {name}: {formula}\n" for name, formula in self.actions)
        text += "\n" + SET_UP_COLUMNS
        for fields, name, *others in self.set_ups:
            text += "| " + " | ".join([name, fields, *others]) + " |\n"
        for group, rows in ((group, rows) for group, rows in self.groups.items() if rows):
            text += f"\n## {group}\n"
            picture = PICTURES.get(group)
            if picture:
                text += f"\n![{picture[1]}]({picture[0]})\n"
            for name, row in rows.items():
                text += f"\n**{name}** {row['about']}\n\n" + COLUMNS.format(KINDS[kind(group)])
                text += "".join("| " + " | ".join(cells) + " |\n" for cells in row["lines"])

        def write(new):
            with open(new, "w", encoding="utf-8") as out:
                out.write(text)

        replace(PAGE, write)


def kind(group):
    """How figures of a group are compared with their references: by their pulls, or by ratios of qualities or costs."""
    return "cost" if group.startswith("Cost") else "quality" if group.startswith(("Published", "Ladders", "Paths", "Ratios")) else "pull"


def compared(group, value, error, reference, source):
    """The cell that compares a figure with its reference; of two costs it names the lower one."""
    if kind(group) == "pull":
        return f"{(value - reference) / error:+.2f}" if error else "-"
    if not reference:
        return "-"
    ratio = f"{value / reference:.3g}"
    if kind(group) == "quality":
        return ratio
    # The error of a cost is that of the ratio, times the reference.
    is_equal = abs(value - reference) < 2 * error
    return f"{ratio}: {'equal within errors' if is_equal else source if value > reference else 'this one'}"


def rounded(reference, group):
    """A reference as the page shows it."""
    return f"{reference:.{9 if kind(group) == 'pull' else 4}g}"


def cells(line, group, stamp):
    """The cells of a line `science: NAME VALUE ERROR REFERENCE SOURCE`."""
    _, name, value, error, reference, source = line.split()
    value, error, reference = float(value), float(error), float(reference)
    digits = 9 if kind(group) == "pull" else 4
    comparison = compared(group, value, error, reference, source)
    return [name, f"{value:.{digits}g}", f"{error:.2g}", rounded(reference, group), source, comparison, stamp]


PICTURES = {
    "Scalar fields: exact values by chains": ("pulls.png", "differences from exact values in standard errors"),
    "Cost of an independent scalar field, in microseconds": ("cost.png", "cost of an independent field by all methods, against L"),
}


def of_set_ups(row):
    """Lines of the set-ups alone, which come before the one under the row's own name."""
    return row["lines"][:-1] if len(row["lines"]) > 1 else row["lines"]


def draw_pulls(page, plt):
    """Differences from exact values in standard errors, with the normal distribution beside them."""
    names, pulls = [], []
    for group, rows in page.groups.items():
        for name, row in rows.items() if kind(group) == "pull" else []:
            names.append(name)
            pulls.append([float(line[5]) for line in of_set_ups(row) if line[5] != "-"])
    if not names:
        return
    figure, axis = plt.subplots(figsize=(7.6, 0.26 * len(names) + 1.0), constrained_layout=True)
    for place, values in enumerate(pulls):
        axis.plot(values, [place] * len(values), "o", color="#0a6ebd", markersize=5, alpha=0.8)
    axis.axvspan(-5, 5, color="#0a6ebd", alpha=0.04)
    axis.axvspan(-1, 1, color="#0a6ebd", alpha=0.08)
    axis.set_yticks(range(len(names)), names)
    axis.invert_yaxis()
    axis.set_xlim(-6, 6)
    axis.set_xlabel("(value - reference) / error")
    replace(os.path.join(ROOT, "docs", "pulls.png"), lambda new: figure.savefig(new, dpi=130))


def draw_cost(page, plt):
    """Microseconds for an independent field against L."""
    rows = {name: row for group, rows in page.groups.items() if group.startswith("Cost of an independent scalar")
            for name, row in rows.items()}
    # Row, and column of its value or of its reference.
    curves = {"Langevin steps": ("cost-langevin", 1),
              "hybrid Monte Carlo in the field of a flow": ("cost-transformed-hmc", 1),
              "hybrid Monte Carlo, one chain": ("cost-lanes", 3), "learned proposals": ("cost-learned", 1),
              "hybrid Monte Carlo in lanes": ("cost-lanes", 1)}
    curves = {label: place for label, place in curves.items() if place[0] in rows}
    if not curves:
        return
    lattices = {name: lattice for fields, name, _, _, lattice, _ in page.set_ups if fields == "scalar"}
    figure, axis = plt.subplots(figsize=(6.2, 4.2), constrained_layout=True)
    for (label, (row, column)), marker in zip(curves.items(), "vDs^o"):
        lines = of_set_ups(rows[row])
        extents = [int(lattices[line[0].removeprefix(row + "-")].split()[0]) for line in lines]
        axis.plot(extents, [float(line[column]) for line in lines], marker=marker, label=label, linewidth=1.5)
    axis.set_xticks(extents)
    axis.set_xlabel("L")
    axis.set_ylabel("microseconds for an independent field")
    axis.set_yscale("log")
    axis.grid(alpha=0.25)
    axis.legend(frameon=False)
    replace(os.path.join(ROOT, "docs", "cost.png"), lambda new: figure.savefig(new, dpi=130))


def draw(page):
    """All pictures."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False})
    draw_pulls(page, plt)
    draw_cost(page, plt)


def main(command):
    """Runs the command and puts its rows on the page, one by one."""
    page, stamp, group, about, name, lines, has_new = Page(), "", None, "", None, [], False
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        for line in run.stdout:
            print(line, end="", flush=True)
            key, _, rest = line.rstrip("\n").partition(": ")
            if key == "science-instructions":
                stamp = f"{page.letter(machine(rest))}, {datetime.date.today()}"
            elif key == "science-order":
                page.orders.append(rest.split(" | "))
            elif key == "science-action":
                page.actions.append(rest.split(" | "))
            elif key == "science-set-up":
                page.set_ups.append(rest.split(" | "))
            elif key == "science-declared":
                row, figure, reference = rest.split()
                page.declared.setdefault(row, {})[figure] = None if reference == "-" else float(reference)
            elif key == "science-group":
                group = rest
            elif key == "science-about":
                name, about = rest.split(" ", 1)
                lines = []
            elif key == "science":
                lines.append(cells(line, group, stamp))
                if rest.split()[0] == name:
                    page.put(group, name, about, lines)
                    page.write()
                    has_new = True
    # Also where a later row failed: pictures show the rows that are on the page.
    if has_new:
        draw(page)
    if run.returncode != 0:
        sys.exit(run.returncode)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    with_matplotlib()
    main(sys.argv[1:])
