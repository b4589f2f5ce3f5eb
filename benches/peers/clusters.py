"""People from scored pairs, and how right they are: connected components and average link at every cut.

Scores are natural log odds. Average link counts a pair that was not scored as -6, as ACCURACY's research script does.
"""

import numpy as np
from numba import njit

UNSCORED = -6.0
# From just above an unscored pair.
CUTS = np.arange(UNSCORED + 0.5, 36.0, 0.5)
# Larger components are cut along their weakest pairs before average link is tried: a matrix of this many rows takes 512 MB.
COMPONENT_MAX = 8_000


@njit(cache=True)
def find(parent, x):
    while parent[x] != x:
        parent[x] = parent[parent[x]]
        x = parent[x]
    return x


@njit(cache=True)
def components(count, left, right):
    """The component of each record, as the number of one of its records."""
    parent = np.arange(count)
    for at in range(len(left)):
        a, b = find(parent, left[at]), find(parent, right[at])
        if a != b:
            parent[max(a, b)] = min(a, b)
    for x in range(count):
        parent[x] = find(parent, x)
    return parent


@njit(cache=True)
def merges_of(size, left, right, score):
    """The average-link merges of one component by the nearest-neighbour chain: (a, b, average)."""
    total = np.full((size, size), UNSCORED)
    for at in range(len(left)):
        total[left[at], right[at]] = score[at]
        total[right[at], left[at]] = score[at]
    members = np.ones(size)
    alive = np.ones(size, dtype=np.bool_)
    chain = np.empty(size, dtype=np.int64)
    found = np.empty((size - 1, 3))
    length, done, start = 0, 0, 0
    while done < size - 1:
        if length == 0:
            while not alive[start]:
                start += 1
            chain[0], length = start, 1
        tip = chain[length - 1]
        before = chain[length - 2] if length > 1 else -1
        best, nearest = -np.inf, -1
        if before >= 0:
            best, nearest = total[tip, before] / (members[tip] * members[before]), before
        for other in range(size):
            if alive[other] and other != tip:
                average = total[tip, other] / (members[tip] * members[other])
                if average > best:
                    best, nearest = average, other
        if nearest != before:
            chain[length] = nearest
            length += 1
            continue
        found[done, 0], found[done, 1], found[done, 2] = tip, before, best
        done += 1
        length -= 2
        for other in range(size):
            total[tip, other] += total[before, other]
            total[other, tip] = total[tip, other]
        members[tip] += members[before]
        alive[before] = False
    return found


def grouped(labels):
    """The places of each label."""
    order = np.argsort(labels, kind="stable")
    bounds = np.flatnonzero(np.diff(labels[order])) + 1
    return np.split(order, bounds) if len(order) else []


def average_link(count, left, right, score):
    """All merges down to the lowest cut: arrays a, b, average."""
    found = []
    pending = [(CUTS[0], np.flatnonzero(score >= CUTS[0]), None)]
    while pending:
        bar, strong, inside = pending.pop()
        label = components(count, left[strong], right[strong])
        # Within a component every scored pair counts, the weak ones too.
        pool = inside if inside is not None else np.arange(len(score))
        pool = pool[label[left[pool]] == label[right[pool]]]
        for places in grouped(label[left[pool]]):
            pairs = pool[places]
            nodes, local = np.unique(np.concatenate([left[pairs], right[pairs]]), return_inverse=True)
            if len(nodes) > COMPONENT_MAX:
                again = pairs[score[pairs] >= bar + 1]
                if len(again):
                    pending.append((bar + 1, again, pairs))
                continue
            merged = merges_of(len(nodes), local[: len(pairs)], local[len(pairs) :], score[pairs])
            found.append(np.column_stack([nodes[merged[:, 0].astype(int)], nodes[merged[:, 1].astype(int)], merged[:, 2]]))
    merged = np.concatenate(found) if found else np.empty((0, 3))
    return merged[:, 0].astype(np.int64), merged[:, 1].astype(np.int64), merged[:, 2]


def pairs_in(labels):
    _, sizes = np.unique(labels, return_counts=True)
    return int((sizes * (sizes - 1) // 2).sum())


def measure(found, truth):
    """Precision, recall and F1 over pairs of records of one cluster."""
    both = pairs_in(found.astype(np.int64) * (int(truth.max()) + 1) + truth)
    precision, recall = both / max(pairs_in(found), 1), both / max(pairs_in(truth), 1)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def best(count, left, right, score, truth):
    """The best clustered F1 over all cuts, picked with the truth: (F1, precision, recall, cut)."""
    results = []
    for cut in CUTS:
        kept = score >= cut
        precision, recall, f1 = measure(components(count, left[kept], right[kept]), truth)
        results.append((f1, precision, recall, float(cut)))
    return max(results)


def both(left, right, score, truth):
    """The best of connected components and of average link over the same scored pairs."""
    left, right = np.asarray(left, dtype=np.int64), np.asarray(right, dtype=np.int64)
    score, truth = np.asarray(score, dtype=np.float64), np.asarray(truth, dtype=np.int64)
    count = len(truth)
    linked = best(count, left, right, score, truth)
    averaged = best(count, *average_link(count, left, right, score), truth)
    return linked, averaged


def row(name, records, people, linked, averaged, seconds):
    """One line for the table of docs/measurements.md."""
    cells = [f"{f1:.4f} | {precision:.4f} | {recall:.4f}" for f1, precision, recall, _ in (linked, averaged)]
    return f"| {name} | {records:,} | {people:,} | {cells[0]} | {cells[1]} | {seconds:.0f} |"


HEADER = """| data | records | people | connected components: best F1 | precision | recall | average link: best F1 | precision | recall | Splink's seconds |
|---|---|---|---|---|---|---|---|---|---|"""
