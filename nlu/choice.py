"""Choosing a label by its features: the intent first, then the topic, with honest probabilities."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.model_selection import KFold
from sklearn.svm import LinearSVC

SEED = 7
_NEVER_SEEN = -1.5  # the score of a label that a part of the training data did not hold


class Choice:
    """Chooses among names with one linear machine each, one against the rest.

    `temperature` turns scores into probabilities: it is the one under which sentences that the
    machines had not seen are the least surprising.
    """

    def __init__(self, strictness: float, folds: int) -> None:
        """Take the machines' C and the number of parts to find the temperature with."""
        self._strictness = strictness
        self._folds = folds
        self.names: list[str] = []
        self._weights = np.zeros((0, 0), np.float32)
        self._offsets = np.zeros(0, np.float32)
        self._sharpness = 1.0

    def learn(self, rows: Any, names: Sequence[str]) -> None:
        """Learn to choose; `names` has one name a row."""
        given = np.array(names)
        self.names = sorted(set(names))
        self._weights, self._offsets = self._machines(rows, given)
        if len(self.names) > 1 and len(given) >= 2 * self._folds:
            self._sharpness = self._find_sharpness(rows, given)

    def _machines(self, rows: Any, given: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give weights (features x names) and offsets of the names."""
        weights = np.zeros((rows.shape[1], len(self.names)), np.float32)
        offsets = np.full(len(self.names), _NEVER_SEEN, np.float32)
        seen = np.unique(given)
        places = [self.names.index(name) for name in seen]
        if len(seen) == 1:
            offsets[places] = 1.0
            return weights, offsets
        trained = LinearSVC(C=self._strictness, random_state=SEED).fit(rows, given)
        slopes, starts = trained.coef_, trained.intercept_
        if len(seen) == 2:  # scikit-learn gives one machine for two names
            slopes, starts = np.vstack([-slopes, slopes]), np.concatenate([-starts, starts])
        weights[:, places] = slopes.T
        offsets[places] = starts
        return weights, offsets

    def _find_sharpness(self, rows: Any, given: np.ndarray) -> float:
        scores = np.zeros((len(given), len(self.names)), np.float32)
        parts = KFold(self._folds, shuffle=True, random_state=SEED).split(given)
        for known, unseen in parts:
            weights, offsets = self._machines(rows[known], given[known])
            scores[unseen] = rows[unseen] @ weights + offsets
        right = np.searchsorted(self.names, given)

        def surprise(exponent: float) -> float:
            chances = _softmax(scores * np.exp(exponent))[np.arange(len(right)), right]
            return float(-np.log(np.maximum(chances, 1e-12)).mean())

        return float(np.exp(minimize_scalar(surprise, bounds=(-2, 2.5), method="bounded").x))

    def chances(self, rows: Any) -> np.ndarray:
        """Give the probability of every name for every row."""
        return _softmax((rows @ self._weights + self._offsets) * self._sharpness)


class Labels:
    """Chooses a label: P(intent.topic) = P(intent) * P(topic, given the intent)."""

    def __init__(self, strictness: float, folds: int) -> None:
        """Take what every Choice takes."""
        self._settings = (strictness, folds)
        self._intent = Choice(*self._settings)
        self._topics: dict[str, Choice] = {}
        self.names: list[str] = []

    def learn(self, rows: Any, labels: Sequence[str], tell: Callable[[str], None]) -> None:
        """Learn from one label a row; calls `tell` with what is done."""
        self.names = sorted(set(labels))
        given = np.array(labels)
        intents = np.array([label.partition(".")[0] for label in labels])
        self._intent.learn(rows, list(intents))
        tell(f"{len(self._intent.names)} intents learnt")
        for intent in self._intent.names:
            own = np.flatnonzero(intents == intent)
            if len(set(given[own])) > 1:
                self._topics[intent] = Choice(*self._settings)
                self._topics[intent].learn(rows[own], list(given[own]))
                tell(f"{len(self._topics[intent].names)} labels of {intent} learnt")

    def chances(self, rows: Any) -> np.ndarray:
        """Give the probability of every label of `names` for every row."""
        found = np.zeros((rows.shape[0], len(self.names)))
        of_intent = self._intent.chances(rows)
        for place, intent in enumerate(self._intent.names):
            if intent in self._topics:
                topics = self._topics[intent]
                columns = [self.names.index(label) for label in topics.names]
                found[:, columns] = of_intent[:, [place]] * topics.chances(rows)
            else:
                label = next(x for x in self.names if x.partition(".")[0] == intent)
                found[:, self.names.index(label)] = of_intent[:, place]
        return found


def _softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
