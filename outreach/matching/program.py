"""Linear programs in whole and other columns: what of them can be fixed, and a bound to trust."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.sparse import csc_array, csr_array, vstack

from outreach.matching.timetable import Bools, Floats

_TOLERANCE = 1e-6


@dataclass(frozen=True, kw_only=True)
class Program:
    """Make `costs @ x` least, with `row_lower <= matrix @ x <= row_upper`, `0 <= x <= upper`.

    `whole` columns take whole values only. All costs are whole numbers.
    """

    costs: Floats
    matrix: csr_array
    row_lower: Floats
    row_upper: Floats
    upper: Floats
    whole: Bools

    def at_most(self, costs: Floats, most: float) -> "Program":
        """Return the program with the row `costs @ x <= most` as well."""
        return replace(
            self,
            matrix=vstack([self.matrix, csr_array(costs[None, :])], format="csr"),
            row_lower=np.append(self.row_lower, -np.inf),
            row_upper=np.append(self.row_upper, most),
        )

    def restricted(self, free: Bools, point: Floats) -> "tuple[Program, Bools]":
        """Return the program of `free` columns beside the others' values in `point`, for good.

        Free columns that can only be 0 then, because a set they are in is full, are left out
        too: the second value tells which columns the program has.
        """
        moved = self.matrix @ np.where(free, 0.0, point)
        full = self._packs & (self.row_upper - moved < 1 - _TOLERANCE)
        kept = free.copy()
        kept[self.matrix[np.flatnonzero(full)].indices] = False
        columns = np.flatnonzero(kept)
        matrix = self._columns[:, columns].tocsr()
        used = np.flatnonzero(np.diff(matrix.indptr))
        return (
            Program(
                costs=self.costs[columns],
                matrix=matrix[used],
                row_lower=(self.row_lower - moved)[used],
                row_upper=(self.row_upper - moved)[used],
                upper=self.upper[columns],
                whole=self.whole[columns],
            ),
            kept,
        )

    def holds(self, point: Floats) -> bool:
        """Tell whether a point of whole values keeps all rows."""
        sums = self.matrix @ point
        return bool(
            (sums >= self.row_lower - _TOLERANCE).all()
            and (sums <= self.row_upper + _TOLERANCE).all()
        )

    def bound(self, duals: Floats) -> float:
        """Return what no point can be below, by weak duality, whatever the `duals` are.

        For any y >= 0 of the rows' lower sides and y <= 0 of the upper ones,
        c x = y A x + (c - y A) x >= sum of y b + sum of min(0, c - y A) upper. So nothing that
        a solver says is trusted: bad duals give a weak bound, never a wrong one.
        """
        y = np.where(np.isinf(self.row_lower), np.minimum(duals, 0.0), duals)
        y = np.where(np.isinf(self.row_upper), np.maximum(y, 0.0), y)
        sides = np.where(y > 0, self.row_lower, np.where(y < 0, self.row_upper, 0.0))
        reduced = self.costs - self.matrix.T @ y
        return float((y * sides).sum() + (np.minimum(reduced, 0.0) * self.upper).sum())

    @cached_property
    def _columns(self) -> csc_array:
        return self.matrix.tocsc()

    @cached_property
    def _packs(self) -> Bools:
        """Which rows are sets of which only so many can be taken: all 1, no more than `upper`."""
        packs: Bools = np.isinf(self.row_lower) & (self.row_upper > 0)
        rows = np.repeat(np.arange(len(packs)), np.diff(self.matrix.indptr))
        packs[rows[self.matrix.data != 1]] = False
        return packs
